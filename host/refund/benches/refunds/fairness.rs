//! What many runs of one tenant do to the runs of another in the same host.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use stockade::config::Concurrency;
use stockade::{Host, TENANT};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::goals::Goals;
use crate::hosts::{builder, folder};
use crate::measure::Percentiles;
use crate::mix::{Work, refunds, started, to_the_end};

/// How many runs the large tenant has, for as long as it is measured.
const CROWD: usize = 10_000;

/// How many runs the small tenant makes, one after the other.
const SAMPLES: usize = 300;

/// How many runs the host drives at once.
const TURNS: [u32; 2] = [4, 16];

/// How many runs each tenant may have driven at once, where that is limited: as many as the machine has cores.
const EACH: u32 = 2;

const GOAL: f64 = 2.0;

pub(crate) async fn measure(dir: &Path, goals: &mut Goals) {
    let mut rows = Vec::new();
    for turns in TURNS {
        let (dir, few) = (folder(dir, &turns.to_string()), usize::try_from(turns).unwrap());
        let at_once = Concurrency { runs: NonZeroU32::new(turns), ..Concurrency::default() };
        let limited = Concurrency { tenant: NonZeroU32::new(EACH), ..at_once.clone() };
        let alone = beside(&dir, &at_once, 0).await;
        let (of_few, of_many) = (beside(&dir, &at_once, few).await, beside(&dir, &at_once, CROWD).await);
        rows.push((turns, [(0, alone), (few, of_few), (CROWD, of_many)], beside(&dir, &limited, CROWD).await));
    }
    Percentiles::print_head(&format!("SQLite, every step survives a power loss; {SAMPLES} runs, one after the other"));
    for (turns, times, limited) in &rows {
        for (crowd, times) in times {
            times.print(&format!("a run from start to end; {turns} at once; {crowd} of another tenant"));
        }
        limited.print(&format!("the same; each tenant has at most {EACH} at once; {CROWD} of another tenant"));
    }
    for (turns, [(_, alone), (few, beside_few), (_, many)], limited) in rows {
        let title = format!("p99 beside {CROWD} runs of another tenant ÷");
        goals.at_most(&format!("{title} alone, {turns} at once"), many.p99_ms / alone.p99_ms, GOAL);
        let of_each = format!("{title} alone, {turns} at once, {EACH} of each tenant");
        goals.at_most(&of_each, limited.p99_ms / alone.p99_ms, GOAL);
        goals.at_most(&format!("{title} beside {few}, {turns} at once"), many.p99_ms / beside_few.p99_ms, GOAL);
    }
}

/// Returns what the runs of the small tenant take beside so many of the large one.
async fn beside(dir: &Path, at_once: &Concurrency, crowd: usize) -> Percentiles {
    eprintln!("{at_once:?}, {crowd} runs of the other tenant");
    let host = builder(dir).runs_at_once(at_once.clone()).build().await.unwrap();
    refunds(&host, Work::Booked, 64, 64).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let others = tokio::spawn(keep(host.clone(), crowd, Arc::clone(&begun)));
    while begun.load(Ordering::Relaxed) < crowd {
        sleep(Duration::from_millis(10)).await;
    }
    let mut times = Vec::new();
    for number in 0..SAMPLES {
        let now = Instant::now();
        let run = started(&host, Work::Booked.run(number).label(TENANT, "small")).await;
        to_the_end(&host, run).await;
        times.push(now.elapsed());
    }
    others.abort();
    // What still waits is of no interest any more.
    host.shutdown(Duration::ZERO).await;
    Percentiles::of(times)
}

/// Has the large tenant always have so many runs that have not ended.
async fn keep(host: Host, crowd: usize, begun: Arc<AtomicUsize>) {
    if crowd == 0 {
        return;
    }
    let mut runs = JoinSet::new();
    loop {
        while runs.len() < crowd {
            let (host, begun, number) = (host.clone(), Arc::clone(&begun), runs.len());
            runs.spawn(async move {
                let run = started(&host, Work::Booked.run(number).label(TENANT, "large")).await;
                begun.fetch_add(1, Ordering::Relaxed);
                to_the_end(&host, run).await;
            });
        }
        runs.join_next().await.unwrap().unwrap();
    }
}
