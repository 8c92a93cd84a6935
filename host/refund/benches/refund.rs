//! Whole durable refund runs, every step synced: `cargo bench -p stockade-refund`.
//!
//! Prints, side by side in one run: refunds a second with 1 and with 64 in flight, the same tool calls without a
//! journal, the disk's own floor (one small synced write after another), and what a run takes in the journal.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first error")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use stockade::{Budget, Call, Host, Limits, Outcome};
use stockade_refund::{Refund, shop};
use tokio::task::JoinSet;

const ROUNDS: usize = 5;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(bench());
}

async fn bench() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let host = host(dir.path()).await;
    refunds(&host, "user_789", 64, 64).await;
    println!("{:<46} {:>12}", "median of 5 interleaved rounds", "a second");
    let mut rows: [Vec<f64>; 6] = Default::default();
    for _ in 0..ROUNDS {
        let round = [
            rate(200, async { synced_writes(dir.path(), 200) }).await,
            rate(200, refunds(&host, "user_789", 200, 1)).await,
            rate(2_000, refunds(&host, "user_789", 2_000, 64)).await,
            rate(2_000, refunds(&host, "user_456", 2_000, 64)).await,
            rate(2_000, calls(&host, 2_000, 1, false)).await,
            rate(2_000, calls(&host, 2_000, 1, true)).await,
        ];
        rows.iter_mut().zip(round).for_each(|(row, rate)| row.push(rate));
    }
    let names = [
        "synced writes of 4 KiB, one file",
        "refund runs, 1 in flight",
        "refund runs, 64 in flight",
        "refused runs (no booking), 64 in flight",
        "their 4 calls that change nothing, no journal",
        "all 5 calls, the refund booked, no journal",
    ];
    names.iter().zip(&mut rows).for_each(|(name, row)| println!("{name:<46} {:>12.0}", median(row)));
    println!("{:<46} {:>12}", "bytes of journal a run", journal_bytes(dir.path()).await);
}

async fn host(dir: &Path) -> Host {
    let database = dir.join("shop.db");
    shop::create(&database).unwrap();
    let builder = Host::builder().journal(dir.join("journal.db")).tools(shop::tools(&database));
    let builder = builder.idempotent(shop::IDEMPOTENT);
    builder.workflow(Refund::default()).cache(dir.join("cache")).build().await.unwrap()
}

/// Whole runs of a customer: of `user_789` a refund is booked, of `user_456` it is refused after two calls and a letter.
async fn refunds(host: &Host, user: &'static str, runs: usize, in_flight: usize) {
    let mut going = JoinSet::new();
    for _ in 0..runs {
        if going.len() >= in_flight {
            going.join_next().await.unwrap().unwrap();
        }
        let host = host.clone();
        going.spawn(async move {
            let input = json!({"user_id": user, "request": "not what I expected"});
            let run = host.start("refund", input, Budget::default()).await.unwrap();
            let outcome = run.settled().await.unwrap();
            assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
        });
    }
    while let Some(run) = going.join_next().await {
        run.unwrap();
    }
}

/// The tool calls of a run, one after another, with nothing around them.
async fn calls(host: &Host, runs: usize, round: usize, book: bool) {
    for run in 0..runs {
        let key = format!("bench/{round}/{run}/{:?}", Instant::now());
        call(host, &key, "purchases", "find", &json!({"user_id": "user_789"})).await;
        call(host, &key, "policy", "within_window", &json!({"days_ago": 5, "window_days": 30})).await;
        call(host, &key, "policy", "needs_approval", &json!({"amount_cents": 7900, "approval_above_cents": 10000}))
            .await;
        if book {
            call(host, &key, "payments", "refund", &json!({"user_id": "user_789", "amount_cents": 7900})).await;
        }
        call(host, &key, "letters", "write", &json!({"outcome": {"processed": 7900}})).await;
    }
}

async fn call(host: &Host, key: &str, tool: &str, function: &str, arguments: &Value) {
    let call = Call { function, arguments, idempotency_key: key, seed: 0, limits: Limits::default() };
    host.component(tool).unwrap().call(call).await.result.unwrap();
}

fn synced_writes(dir: &Path, writes: usize) {
    let mut file = File::create(dir.join("floor")).unwrap();
    for _ in 0..writes {
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
    }
}

async fn rate(count: u32, work: impl Future<Output = ()>) -> f64 {
    let begun = Instant::now();
    work.await;
    f64::from(count) / begun.elapsed().as_secs_f64()
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

/// What a hundred more runs add to the journal's file, once its write-ahead log is folded in.
async fn journal_bytes(dir: &Path) -> u64 {
    let path = dir.join("bytes");
    std::fs::create_dir(&path).unwrap();
    let before = size(&path, 0).await;
    (size(&path, 1_000).await - before) / 1_000
}

async fn size(dir: &Path, runs: usize) -> u64 {
    let fresh = host(dir).await;
    refunds(&fresh, "user_789", runs, 64).await;
    drop(fresh);
    let journal = rusqlite::Connection::open(dir.join("journal.db")).unwrap();
    journal.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    std::fs::metadata(dir.join("journal.db")).unwrap().len()
}
