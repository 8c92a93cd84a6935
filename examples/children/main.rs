//! A run that has three shops counted, two at a time, each in a run of its own; one of the shops is closed.
//!
//! `cargo run --example children` shows what the run hears of them, and what they cost it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stockade::{
    AllowedEffect, Budget, ChildEnd, ChildRuns, Currency, Effect, EffectOutcome, End, Event, Fault, Graph, Host, Kind,
    State, Transition, Workflow,
};

/// Counts one shop: the child. Its state is nothing, for it ends as it begins.
struct Count;

impl Workflow for Count {
    type Input = String;
    type State = ();

    fn name(&self) -> &str {
        "count"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        Graph::new([State::new("COUNTED", [], &[])])
    }

    fn position(&self, (): &()) -> &'static str {
        "COUNTED"
    }

    fn start(&self, shop: String) -> Result<Transition<()>, Fault> {
        let goods = BTreeMap::from([("Bonn", 12), ("Köln", 30)]);
        Ok(Transition::to(()).end(match goods.get(shop.as_str()) {
            Some(count) => End::Done(json!(count).into()),
            None => End::Failed(Fault::new(Kind::NotFound, format!("the shop in {shop} is closed"))),
        }))
    }

    fn step(&self, (): (), event: Event) -> Result<Transition<()>, Fault> {
        Err(stockade::authoring::stray("COUNTED", &event))
    }
}

/// Starts a count for each shop, and sums them up: the parent. Its state is whether all are counted.
struct Inventory;

impl Workflow for Inventory {
    type Input = Vec<Value>;
    type State = bool;

    fn name(&self) -> &str {
        "inventory"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let counts = AllowedEffect::Runs("count".to_owned());
        Graph::new([State::new("COUNTING", [counts], &["COUNTED"]), State::new("COUNTED", [], &[])])
    }

    fn position(&self, is_over: &bool) -> &'static str {
        if *is_over { "COUNTED" } else { "COUNTING" }
    }

    fn start(&self, shops: Vec<Value>) -> Result<Transition<bool>, Fault> {
        let each = Budget::NONE.steps(5).with(Currency::Journal, 64 << 10);
        Ok(Transition::to(false).want(Effect::start_runs("counts", ChildRuns::new("count", shops, each).at_once(2))))
    }

    fn step(&self, _: bool, event: Event) -> Result<Transition<bool>, Fault> {
        let Some((_, EffectOutcome::RunsEnded(ended))) = event.outcome() else {
            return Err(stockade::authoring::stray("COUNTING", &event));
        };
        let (mut goods, mut missing) = (0, Vec::new());
        for child in ended.children() {
            match &child.end {
                ChildEnd::Done(count) => goods += count.value().as_u64().unwrap_or_default(),
                ChildEnd::Failed(fault) => missing.push(fault.message.clone()),
                ChildEnd::Stopped(_) | ChildEnd::NotStarted | ChildEnd::Alive => {
                    missing.push(child.end.name().to_owned());
                }
            }
        }
        let output = json!({"goods": goods, "missing": missing});
        Ok(Transition::to(true).end(End::Done(output.into())))
    }
}

#[tokio::main]
async fn main() -> stockade::Result<()> {
    shown("shops.db").await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Has the shops counted, and returns what is to be seen.
async fn shown(journal: &str) -> stockade::Result<Vec<String>> {
    let host = Host::builder().journal(journal).workflow(Count).workflow(Inventory).build().await?;
    let run = host.start("inventory", json!(["Bonn", "Ulm", "Köln"]), Budget::default()).await?.id();
    // Until the counts have ended, and the run that waits for them.
    host.idle().await;
    let (state, mut shown) = (host.state(run).await?, Vec::new());
    for child in host.children(run).await? {
        shown.push(host.run(child).settled().await?.to_string());
    }
    shown.push(host.run(run).settled().await?.to_string());
    shown.push(format!("{} steps", state.ledger().spent().steps));
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_shops_are_counted_and_the_one_that_is_closed_is_named() {
        let place = tempfile::tempdir().unwrap();
        let shown = shown(&place.path().join("shops.db").to_string_lossy()).await.unwrap();
        let closed = "the shop in Ulm is closed";
        assert_eq!(shown[..3], ["done: 12".to_owned(), format!("failed: {closed}"), "done: 30".to_owned()]);
        assert_eq!(shown[3], format!("done: {}", json!({"goods": 42, "missing": [closed]})));
        assert_eq!(shown[4], "5 steps");
    }
}
