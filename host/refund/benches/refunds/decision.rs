//! From a person's decision to the next step.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use stockade::{Change, Decision, Entry, Filter, Hooks, Host, RunId, RunState, Status};

use crate::hosts::builder;
use crate::measure::Percentiles;
use crate::mix::{Work, park, refunds};

/// How many decisions are taken, one after the other, with nothing beside them, and with so many runs in flight.
const DECISIONS: usize = 500;
const BESIDE: usize = 64;

pub(crate) async fn measure(dir: &Path) {
    let booked = Booked::default();
    let host = builder(dir).hooks(booked.clone()).build().await.unwrap();
    eprintln!("{} runs are brought to a question", 2 * DECISIONS);
    park(&host, 2 * DECISIONS).await;
    let waiting = Filter { status: vec![Status::Waiting], ..Filter::default() };
    let runs: Vec<_> = host.runs(&waiting).await.unwrap().into_iter().map(|summary| summary.run_id).collect();
    let (quiet, busy) = runs.split_at(DECISIONS);
    let alone = decided(&host, quiet, &booked).await;
    eprintln!("the same beside {BESIDE} runs in flight");
    let load = tokio::spawn(load(host.clone()));
    let beside = decided(&host, busy, &booked).await;
    load.abort();
    host.idle().await;
    Percentiles::print_head(&format!("SQLite, every step survives a power loss; {DECISIONS} decisions"));
    for (name, times) in [("alone".to_owned(), alone), (format!("beside {BESIDE} runs in flight"), beside)] {
        let (durable, booked): (Vec<_>, Vec<_>) = times.into_iter().unzip();
        Percentiles::of(durable).print(&format!("{name}: to the next step, and the intent of its call, durable"));
        Percentiles::of(booked).print(&format!("{name}: to the step after that: the refund booked, and durable"));
    }
}

async fn load(host: Host) {
    loop {
        refunds(&host, Work::Booked, 256, BESIDE).await;
    }
}

/// Approves one run after the other; returns what each took to the next two steps.
async fn decided(host: &Host, runs: &[RunId], booked: &Booked) -> Vec<(Duration, Duration)> {
    let mut times = Vec::new();
    for run in runs {
        let question = host.question(*run, None).await.unwrap();
        let begun = Instant::now();
        let taken = host.decide(&question.id(*run), &question.digest(), Decision::approve("dana")).await.unwrap();
        let durable = begun.elapsed();
        taken.settled().await.unwrap();
        times.push((durable, booked.at(*run).duration_since(begun)));
    }
    times
}

/// When the refund of each run was in the journal.
#[derive(Clone, Default)]
struct Booked(Arc<Mutex<HashMap<RunId, Instant>>>);

impl Booked {
    fn at(&self, run: RunId) -> Instant {
        self.0.lock().unwrap().get(&run).copied().unwrap()
    }
}

impl Hooks for Booked {
    fn committed(&self, run: &RunState, entries: &[Entry]) {
        let is_refund =
            |entry: &Entry| matches!(&entry.change, Change::Stepped { event, .. } if event.key() == Some("refund"));
        if entries.iter().any(is_refund) {
            self.0.lock().unwrap().insert(run.run(), Instant::now());
        }
    }
}
