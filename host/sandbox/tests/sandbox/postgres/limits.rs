//! What an answer may hold and how long a statement may run.

use std::time::Duration;

use serde_json::json;
use stockade_sandbox::Limits;
use stockade_workflow::Kind;

use super::{Shop, run};
use crate::common::case;

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn answers_are_capped_while_they_arrive() {
    let shop = Shop::reader().await;
    let rows = |count: u64| format!("SELECT generate_series(1, {count})");
    assert_eq!(shop.query(&rows(1_000)).await.unwrap()["rows"].as_array().unwrap().len(), 1_000);
    assert_eq!(case(shop.query(&rows(1_001)).await).0, "limit");
    // The call does not wait for the thousand million rows.
    assert_eq!(case(shop.query(&rows(1_000_000_000)).await).0, "limit");
    assert_eq!(case(shop.query("SELECT repeat('x', 2000000)").await).0, "limit");
    assert_eq!(case(shop.query("SELECT repeat('x', 100000) FROM generate_series(1, 20)").await).0, "limit");
    // A row of a hundred megabytes is not read to its end.
    let before = peak_kib();
    let limits = Limits::default().deadline(Duration::from_secs(60));
    let row = run(&shop.tool, "query", "SELECT repeat('x', 100000000)", json!([]), limits).await;
    assert_eq!(case(row).0, "limit");
    assert!(peak_kib() - before < 60_000, "{} KiB", peak_kib() - before);
    let columns = |count: u32| format!("SELECT {}", vec!["1"; count as usize].join(", "));
    assert!(shop.query(&columns(200)).await.is_ok());
    assert_eq!(case(shop.query(&columns(201)).await).0, "limit");
    assert_eq!(case(shop.query(&format!("SELECT 1 {}", " ".repeat(70_000))).await).0, "limit");
    assert!(shop.query("SELECT 1").await.is_ok());
    shop.is_quiet().await;
}

/// The most memory that this process ever had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn what_a_call_carries_is_counted_over_all_its_statements() {
    let shop = Shop::reader().await;
    let limits = Limits::default().host_bytes(50_000);
    let fault = run(&shop.tool, "query", "SELECT repeat('x', 60000)", json!([]), limits).await.unwrap_err();
    assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::HostcallBytes, "host_bytes"));
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_query_that_never_ends_ends_with_the_call() {
    let shop = Shop::reader().await;
    for statement in [
        "SELECT pg_sleep(3600)",
        "SELECT set_config('statement_timeout', '0', false), pg_sleep(3600)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n",
    ] {
        let limits = Limits::default().deadline(Duration::from_millis(300));
        let fault = run(&shop.tool, "query", statement, json!([]), limits).await.unwrap_err();
        assert!(matches!(fault.kind, Kind::Deadline | Kind::GuestError), "{fault}");
        shop.is_quiet().await;
    }
    assert!(shop.query("SELECT 1").await.is_ok());
}

/// Catalogue, case 29: a call that is dropped leaves no statement, no transaction and no connection that another gets.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_call_that_is_dropped_takes_its_statement_with_it() {
    let shop = Shop::writer().await;
    let limits = Limits::default().deadline(Duration::from_secs(3_600));
    let statement = "INSERT INTO items SELECT 3 FROM pg_sleep(3600)";
    let running =
        format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND query LIKE 'INSERT%'", shop.role);
    let begun = async { while shop.count(&running).await == 0 {} };
    tokio::select! {
        answer = run(&shop.tool, "execute", statement, json!([]), limits) => panic!("{answer:?}"),
        () = begun => {}
    }
    shop.is_quiet().await;
    assert_eq!(shop.execute("DELETE FROM items").await, Ok(json!(2)));
}
