//! An order that waits for its payment, and for no longer than a day: the first one is paid, the second one is not.
//!
//! `cargo run --example signal` shows both, and how a payment is refused that does not fit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use stockade::{
    AllowedEffect, Budget, Clock, Effect, EffectOutcome, End, Event, Fault, Graph, Host, NewSignal, State, Transition,
    Waited, Workflow,
};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Waits for one payment. Its state is whether the wait is over.
struct Order;

impl Workflow for Order {
    type Input = Value;
    type State = bool;

    fn name(&self) -> &str {
        "order"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let settled = AllowedEffect::Signal("payment.settled".to_owned());
        Graph::new([State::new("UNPAID", [settled], &["CLOSED"]), State::new("CLOSED", [], &[])])
    }

    fn position(&self, is_over: &bool) -> &'static str {
        if *is_over { "CLOSED" } else { "UNPAID" }
    }

    fn start(&self, _: Value) -> Result<Transition<bool>, Fault> {
        let schema = json!({"type": "object", "required": ["cents"], "properties": {"cents": {"type": "integer"}}});
        Ok(Transition::to(false).want(Effect::await_signal_of("payment", "payment.settled", schema).within(DAY)))
    }

    fn step(&self, _: bool, event: Event) -> Result<Transition<bool>, Fault> {
        let output = match event.outcome() {
            Some((_, EffectOutcome::Waited(Waited::Signalled(signal)))) => json!({"paid": signal.payload.value()}),
            Some((_, EffectOutcome::Waited(Waited::TimedOut { .. }))) => json!("not paid within a day"),
            _ => return Err(stockade::authoring::stray("UNPAID", &event)),
        };
        Ok(Transition::to(true).end(End::Done(output.into())))
    }
}

#[tokio::main]
async fn main() -> stockade::Result<()> {
    shown("orders.db").await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Waits for the payments of two orders, and returns what is to be seen meanwhile.
async fn shown(journal: &str) -> stockade::Result<Vec<String>> {
    // A clock of our own, for an example cannot wait for a day.
    let now_ms = Arc::new(AtomicU64::new(1_800_000_000_000));
    let clock = Arc::clone(&now_ms);
    let host = Host::builder().journal(journal).workflow(Order);
    let host = host.clock(Clock::new(move || clock.load(Ordering::SeqCst))).build().await?;

    let paid = host.start("order", Value::Null, Budget::default()).await?;
    let id = paid.id();
    let mut shown = vec![paid.settled().await?.to_string()];
    if let Err(fault) = host.run(id).signal(NewSignal::new("payment.settled", json!({"dollars": 5}))).await {
        shown.push(fault.to_string());
    }
    let settled = NewSignal::new("payment.settled", json!({"cents": 4999})).key("evt_1").by("bank");
    // The run goes on here, for nothing else drives it.
    if let Some(run) = host.signal(id, settled).await? {
        shown.push(run.settled().await?.to_string());
    }

    let unpaid = host.start("order", Value::Null, Budget::default()).await?;
    unpaid.settled().await?;
    now_ms.fetch_add(24 * 3_600 * 1_000, Ordering::SeqCst);
    for fired in host.fire_due().await? {
        shown.push(fired.resumed?.settled().await?.to_string());
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_order_is_paid_by_a_signal_that_fits_and_closed_after_a_day() {
        let place = tempfile::tempdir().unwrap();
        let shown = shown(&place.path().join("orders.db").to_string_lossy()).await.unwrap();
        assert_eq!(shown[0], "waiting for signal payment.settled, until 2027-01-16 08:00:00Z");
        assert!(shown[1].starts_with("signal \"payment.settled\" is refused: "), "{}", shown[1]);
        assert_eq!(shown[2..], ["done: {\"paid\":{\"cents\":4999}}", "done: \"not paid within a day\""]);
    }
}
