//! Whole durable refund runs, every step synced: `cargo bench -p stockade-refund`, or with a number of finished runs that
//! are in the journal before, as in `cargo bench -p stockade-refund --bench refunds -- 1000000`.
//!
//! Prints, side by side in one run: refunds a second with 1, 16 and 64 in flight, in a journal that is empty and in one that
//! is not; the same tool calls without a journal; the disk's own floor (one small synced write after another); and what a run
//! takes in the journal. The goals are ratios: runs for each synced write, and the processor's time of a run for that of its
//! five calls.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first error")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use stockade::{Budget, Call, Host, Limits, Outcome};
use stockade_refund::{Refund, shop};
use tokio::task::JoinSet;

const ROUNDS: usize = 5;

/// How many finished runs the second journal has, if no number is given.
const FINISHED: u64 = 100_000;

/// How many runs are made in a round, by how many are in flight.
const IN_FLIGHT: [(usize, usize); 3] = [(1, 200), (16, 1_000), (64, 2_000)];

/// A customer whose refund is booked, and one whose refund is refused after two calls and a letter.
const BOOKED: &str = "user_789";
const REFUSED: &str = "user_456";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let finished = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(FINISHED);
    runtime.block_on(bench(finished));
}

async fn bench(finished: u64) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (new, full) = (folder(dir.path(), "new"), folder(dir.path(), "full"));
    fill(&full, finished).await;
    let hosts = [(0, host(&new).await), (finished, host(&full).await)];
    for (_, host) in &hosts {
        refunds(host, BOOKED, 64, 64).await;
    }
    let mut table = Table::default();
    for _ in 0..ROUNDS {
        round(&mut table, dir.path(), &hosts).await;
    }
    table.print();
    println!("{:<60} {:>9}", "bytes of journal a run", journal_bytes(&folder(dir.path(), "bytes")).await);
}

async fn round(table: &mut Table, dir: &Path, hosts: &[(u64, Host)]) {
    table.add(FLOOR, sample(200, async { synced_writes(dir, 200) }).await);
    for (finished, host) in hosts {
        for (in_flight, runs) in IN_FLIGHT {
            let name = format!("refund runs, {in_flight} in flight, {finished} finished before");
            table.add(&name, sample(runs, refunds(host, BOOKED, runs, in_flight)).await);
        }
    }
    let Some((_, host)) = hosts.first() else { return };
    let refused = sample(2_000, refunds(host, REFUSED, 2_000, 64)).await;
    table.add("refused runs (no booking), 64 in flight", refused);
    table.add("their 4 calls that change nothing, no journal", sample(1_000, calls(host, 1_000, false)).await);
    table.add(CALLS, sample(1_000, calls(host, 1_000, true)).await);
}

const FLOOR: &str = "synced writes of 4 KiB, one file";
const CALLS: &str = "all 5 calls, the refund booked, no journal";

/// What one round measured of a kind of work.
#[derive(Clone, Copy)]
struct Sample {
    a_second: f64,
    /// The processor's time of this process.
    cpu_us: f64,
}

async fn sample(count: usize, work: impl Future<Output = ()>) -> Sample {
    let (begun, cpu) = (Instant::now(), cpu_time());
    work.await;
    let (took, cpu, count) = (begun.elapsed(), cpu_time() - cpu, count as f64);
    Sample { a_second: count / took.as_secs_f64(), cpu_us: cpu.as_secs_f64() * 1e6 / count }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// The samples of all rounds, by the kind of work, in the order in which they came.
#[derive(Default)]
struct Table(Vec<(String, Vec<Sample>)>);

impl Table {
    fn add(&mut self, name: &str, sample: Sample) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, samples)) => samples.push(sample),
            None => self.0.push((name.to_owned(), vec![sample])),
        }
    }

    fn of(&self, name: &str) -> &[Sample] {
        self.0.iter().find(|(known, _)| known == name).map_or(&[], |(_, samples)| samples)
    }

    /// Ratios are of one round, and the median is of the ratios.
    fn print(&self) {
        let head = ["a second", "÷ write", "CPU µs", "÷ calls"].map(|head| format!(" {head:>9}")).concat();
        println!("{:<60}{head}", "median of 5 interleaved rounds");
        for (name, samples) in &self.0 {
            let beside = |base: &str, of: fn(&Sample) -> f64| {
                median(samples.iter().zip(self.of(base)).map(|(sample, base)| of(sample) / of(base)))
            };
            let (rate, cpu) = (|sample: &Sample| sample.a_second, |sample: &Sample| sample.cpu_us);
            println!(
                "{name:<60} {:>9.0} {:>9.3} {:>9.0} {:>9.2}",
                median(samples.iter().map(rate)),
                beside(FLOOR, rate),
                median(samples.iter().map(cpu)),
                beside(CALLS, cpu)
            );
        }
        println!(
            "goals: runs for each write at least 0.15 with 1 in flight and 1.0 with 64; a run at most 2 times its calls"
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn folder(dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::create_dir(&path).unwrap();
    path
}

async fn host(dir: &Path) -> Host {
    let database = dir.join("shop.db");
    shop::create(&database).unwrap();
    let builder = Host::builder().journal(dir.join("journal.db")).tools(shop::tools(&database));
    let builder = builder.idempotent(shop::IDEMPOTENT);
    builder.workflow(Refund::default()).cache(dir.join("cache")).build().await.unwrap()
}

/// Makes a journal that has so many finished runs: one that was made, and copies of its rows.
async fn fill(dir: &Path, finished: u64) {
    let first = host(dir).await;
    refunds(&first, BOOKED, 1, 1).await;
    drop(first);
    let mut journal = Connection::open(dir.join("journal.db")).unwrap();
    let transaction = journal.transaction().unwrap();
    let run: Vec<u8> = transaction.query_row("SELECT run FROM runs", [], |row| row.get(0)).unwrap();
    transaction.execute("CREATE TEMP TABLE copies (run BLOB)", []).unwrap();
    for number in 1..finished {
        // In the order of time, as the ids of runs are, and before all that will be made.
        let id = (u128::from(number) << 64) | (u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1);
        transaction.prepare_cached("INSERT INTO copies VALUES (?1)").unwrap().execute([id.to_be_bytes()]).unwrap();
    }
    let copies = [
        "INSERT INTO entries (run, seq, format, at_ms, change)
            SELECT copies.run, seq, format, at_ms, change FROM copies, entries WHERE entries.run = ?1",
        "INSERT INTO runs (run, workflow, status, state, updated_ms, start_key, labels, waiting_for)
            SELECT copies.run, workflow, status, state, updated_ms, start_key, labels, waiting_for
            FROM copies, runs WHERE runs.run = ?1",
        "INSERT INTO leases (run, epoch, owner, until_ms)
            SELECT copies.run, epoch, owner, until_ms FROM copies, leases WHERE leases.run = ?1",
    ];
    for copy in copies {
        transaction.execute(copy, params![run]).unwrap();
    }
    transaction.commit().unwrap();
    checkpoint(&journal);
}

fn checkpoint(journal: &Connection) {
    journal.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

/// Whole runs of a customer.
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
async fn calls(host: &Host, runs: usize, book: bool) {
    for run in 0..runs {
        let key = format!("bench/{run}/{:?}", Instant::now());
        call(host, &key, "purchases", "find", &json!({"user_id": BOOKED})).await;
        call(host, &key, "policy", "within_window", &json!({"days_ago": 5, "window_days": 30})).await;
        call(host, &key, "policy", "needs_approval", &json!({"amount_cents": 7900, "approval_above_cents": 10000}))
            .await;
        if book {
            call(host, &key, "payments", "refund", &json!({"user_id": BOOKED, "amount_cents": 7900})).await;
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

/// What a thousand more runs add to the journal's file, once its write-ahead log is folded in.
async fn journal_bytes(dir: &Path) -> u64 {
    let before = size(dir, 0).await;
    (size(dir, 1_000).await - before) / 1_000
}

async fn size(dir: &Path, runs: usize) -> u64 {
    let fresh = host(dir).await;
    refunds(&fresh, BOOKED, runs, 64).await;
    drop(fresh);
    checkpoint(&Connection::open(dir.join("journal.db")).unwrap());
    std::fs::metadata(dir.join("journal.db")).unwrap().len()
}
