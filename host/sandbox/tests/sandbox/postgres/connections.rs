//! Connections to the server: how many, how they fail, and what their errors say.

use serde_json::json;
use stockade_sandbox::Limits;
use stockade_workflow::Grant;

use super::{Shop, run, tool};
use crate::common::case;

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_locked_row_is_an_error_and_not_a_wait() {
    let shop = Shop::writer().await;
    shop.admin.batch_execute("BEGIN; LOCK TABLE items").await.unwrap();
    let locked = ("failed".to_owned(), "sql \"shop\" is locked".to_owned());
    assert_eq!(case(shop.execute("DELETE FROM items").await), locked);
    shop.admin.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(shop.execute("DELETE FROM items").await, Ok(json!(2)));
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_connection_that_the_server_ends_is_replaced() {
    let shop = Shop::reader().await;
    let end = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{}' AND state = 'active'",
        shop.role
    );
    let ending = async {
        loop {
            shop.count(&end).await;
            shop.admin.batch_execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.01)").await.unwrap();
        }
    };
    let answer = tokio::select! {
        answer = shop.query("SELECT pg_sleep(60)::text") => answer,
        () = ending => unreachable!("it goes on until there is an answer"),
    };
    let fault = answer.unwrap_err();
    assert!(fault.message.starts_with("{\"failed\":"), "{fault}");
    assert!(shop.query("SELECT 1").await.is_ok());
}

/// Sixty-four at once, of whom sixteen are served at a time.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn calls_at_once_share_few_connections() {
    let shop = std::sync::Arc::new(Shop::reader().await);
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let shop = shop.clone();
            tokio::spawn(async move { shop.query("SELECT count(*) FROM items, pg_sleep(0.001)").await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap()["rows"], json!([[{"integer": 2}]]));
    }
    let connections = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'", shop.role);
    assert!((1..=16).contains(&shop.count(&connections).await));
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn no_error_names_an_address_or_a_password() {
    let shop = Shop::reader().await;
    let port = shop.url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0;
    let grants = [
        (Grant::sql("shop", &shop.url).password("wrong"), "does not let in the role, or not with this password"),
        (Grant::sql("shop", &shop.url), "does not let in the role, or not with this password"),
        (Grant::sql("shop", shop.url.replace(port, "1")).password("shop"), "cannot be reached"),
        (
            Grant::sql("shop", format!("postgres://{}@127.0.0.1:{port}/none", shop.role)).password("shop"),
            "has no such database",
        ),
    ];
    for (grant, why) in grants {
        let (name, text) = case(run(&tool(&[grant]).unwrap(), "query", "SELECT 1", json!([]), Limits::default()).await);
        // Without a password the driver itself gives up.
        let unasked = text == "sql \"shop\" cannot be reached";
        assert!(name == "failed" && (text == format!("sql \"shop\" {why}") || unasked), "{text}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn tls_is_checked_or_not_spoken() {
    let shop = Shop::reader().await;
    let authority = std::env::var("STOCKADE_TEST_POSTGRES_CA").unwrap();
    let encrypted = "SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let asked = async |options: &str| {
        let tool = tool(&[Grant::sql("shop", format!("{}{options}", shop.url)).password("shop")]).unwrap();
        run(&tool, "query", encrypted, json!([]), Limits::default()).await
    };
    for (options, is_encrypted) in [
        ("", 0),
        ("?sslmode=disable", 0),
        (&format!("?sslrootcert={authority}"), 1),
        (&format!("?sslmode=require&sslrootcert={authority}"), 1),
    ] {
        assert_eq!(asked(options).await.unwrap()["rows"], json!([[{"integer": is_encrypted}]]), "{options}");
    }
    // A certificate that no authority signed is not trusted.
    let (name, text) = case(asked("?sslmode=require").await);
    assert_eq!(name, "failed");
    assert!(text.contains("cannot be reached over TLS with a certificate that is valid for it"), "{text}");
}

#[test]
fn a_grant_that_cannot_be_honoured_is_refused_without_its_secrets() {
    let cases = [
        ("postgres://u:hunter2@localhost/shop", "the URL holds a password; name a secret instead"),
        ("postgres://u@localhost/shop?password=hunter2", "the URL has an option \"password\" that is not known"),
        ("postgres://u@localhost/shop?sslmode=prefer", "sslmode is neither \"require\" nor \"disable\""),
        ("postgres://u@localhost/shop?sslrootcert=/nowhere/hunter", "the certificates of \"/nowhere/hunter\""),
        ("postgres://u@localhost/shop?sslrootcert=/dev/zero", "it is a device, and not a file"),
        ("postgres://localhost/shop", "the URL is not \"postgres://USER@HOST:PORT/DATABASE\""),
        ("postgres://u@localhost", "the URL is not \"postgres://USER@HOST:PORT/DATABASE\""),
        ("postgres://u@%2Fvar%2Frun/shop", "the URL is not \"postgres://USER@HOST:PORT/DATABASE\""),
        ("mysql://u:hunter2@localhost/shop", "\"mysql:…\" is not a database that this host can open"),
    ];
    for (url, says) in cases {
        let fault = tool(&[Grant::sql("shop", url)]).unwrap_err();
        assert!(fault.message.contains(says) && !fault.message.contains("hunter2"), "{url}: {fault}");
    }
    let fault = tool(&[Grant::sql("shop", "postgres://u@localhost/shop").password("nothing")]).unwrap_err();
    assert!(fault.message.ends_with("the secret \"nothing\" has no value"), "{fault}");
}
