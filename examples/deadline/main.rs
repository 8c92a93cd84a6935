//! An offer that a person must accept within two hours: the first one is accepted in time, the second one is not.
//!
//! `cargo run --example deadline` shows both. A run has a deadline from its start on; it holds whatever the run does, and whichever
//! process looks at the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use stockade::{
    AllowedEffect, Clock, Effect, End, Event, Fault, Graph, Host, NewRun, NewSignal, Result, State, Transition,
    Workflow,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// Waits for a customer. Its state is whether the offer was accepted.
struct Offer;

impl Workflow for Offer {
    type Input = Value;
    type State = bool;

    fn name(&self) -> &str {
        "offer"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let accepted = AllowedEffect::Signal("accepted".to_owned());
        Graph::new([State::new("OPEN", [accepted], &["ACCEPTED"]), State::new("ACCEPTED", [], &[])])
    }

    fn position(&self, is_accepted: &bool) -> &'static str {
        if *is_accepted { "ACCEPTED" } else { "OPEN" }
    }

    fn start(&self, _: Value) -> Result<Transition<bool>, Fault> {
        Ok(Transition::to(false).want(Effect::await_signal("customer", "accepted")))
    }

    fn step(&self, _: bool, _: Event) -> Result<Transition<bool>, Fault> {
        Ok(Transition::to(true).end(End::Done(json!("accepted").into())))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    shown("offers.db").await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

fn offer() -> NewRun {
    NewRun::new("offer", Value::Null).deadline(2 * HOUR)
}

/// Makes two offers, and returns what became of them.
async fn shown(journal: &str) -> Result<[String; 2]> {
    // A clock of our own, for an example cannot wait for hours.
    let now_ms = Arc::new(AtomicU64::new(1_800_000_000_000));
    let clock = Arc::clone(&now_ms);
    let host = Host::builder().journal(journal).workflow(Offer);
    let host = host.clock(Clock::new(move || clock.load(Ordering::SeqCst))).build().await?;

    let accepted = host.start_run(offer()).await?;
    let id = accepted.id();
    accepted.settled().await?;
    // The run goes on here, for nothing else drives it.
    let accepted = match host.signal(id, NewSignal::new("accepted", Value::Null).by("customer")).await? {
        Some(run) => run.settled().await?.to_string(),
        None => host.run(id).settled().await?.to_string(),
    };

    let ignored = host.start_run(offer()).await?;
    let id = ignored.id();
    ignored.settled().await?;
    now_ms.fetch_add(2 * 3_600_000, Ordering::SeqCst);
    for fired in host.fire_due().await? {
        fired.resumed?.settled().await?;
    }
    Ok([accepted, host.run(id).settled().await?.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_offer_is_open_until_its_deadline() {
        let place = tempfile::tempdir().unwrap();
        let shown = shown(&place.path().join("offers.db").to_string_lossy()).await.unwrap();
        let overdue = "failed: the run had to end until 2027-01-15 10:00:00Z, and has not";
        assert_eq!(shown, ["done: \"accepted\"", overdue]);
    }
}
