//! Runs a second in a new journal, beside what the disk can do and beside the calls alone.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use stockade::{Call, Host, Limits};

use crate::goals::Goals;
use crate::hosts::host;
use crate::measure::{NOTHING, POWER_LOSS, Table, sample};
use crate::mix::{BOOKED, Work, refunds};

const ROUNDS: usize = 5;

/// How many runs are made in a round, by how many are in flight.
pub(crate) const IN_FLIGHT: [(usize, usize); 3] = [(1, 200), (16, 1_000), (64, 2_000)];

pub(crate) const FLOOR: &str = "synced writes of 4 KiB, one file";
const CALLS: &str = "all 5 calls, the refund booked, no journal";

/// The rows of runs that are booked, and of the mix.
fn name(work: &str, in_flight: usize) -> String {
    format!("{work}, {in_flight} in flight")
}

pub(crate) async fn measure(dir: &Path, goals: &mut Goals) {
    let host = host(dir).await;
    refunds(&host, Work::Booked, 64, 64).await;
    let mut table = Table::default();
    for number in 1..=ROUNDS {
        eprintln!("round {number} of {ROUNDS}");
        round(&mut table, dir, &host).await;
    }
    let title = format!("SQLite, medians of {ROUNDS} interleaved rounds");
    table.print(&title, (FLOOR, "÷ write"), (CALLS, "÷ calls"));
    for (in_flight, goal) in [(1, 0.15), (64, 1.0)] {
        let runs = name("refund runs", in_flight);
        goals.at_least(&format!("{runs} ÷ synced writes"), table.rate_ratio(&runs, FLOOR), goal);
    }
    let runs = name("refund runs", 64);
    goals.at_most("CPU of a refund run ÷ that of its five calls alone", table.cpu_ratio(&runs, CALLS), 2.0);
}

async fn round(table: &mut Table, dir: &Path, host: &Host) {
    table.add(FLOOR, POWER_LOSS, sample(200, async { synced_writes(dir, 200) }).await);
    for (work, title) in [(Work::Booked, "refund runs"), (Work::Mix, "mix: 10 % refused, 20 % paused and approved")] {
        for (in_flight, runs) in IN_FLIGHT {
            let sample = sample(runs, refunds(host, work, runs, in_flight)).await;
            table.add(&name(title, in_flight), POWER_LOSS, sample);
        }
    }
    let refused = sample(2_000, refunds(host, Work::Refused, 2_000, 64)).await;
    table.add(&name("refused runs (no booking)", 64), POWER_LOSS, refused);
    let calls_alone = sample(1_000, calls(host, 1_000, false)).await;
    table.add("their 4 calls that change nothing, no journal", NOTHING, calls_alone);
    table.add(CALLS, "power loss (the booking)", sample(1_000, calls(host, 1_000, true)).await);
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

/// What the disk can do: one small synced write after another.
pub(crate) fn synced_writes(dir: &Path, writes: usize) {
    let mut file = File::create(dir.join("floor")).unwrap();
    for _ in 0..writes {
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
    }
}
