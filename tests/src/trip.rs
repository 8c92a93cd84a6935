//! A workflow that books one thing after the other, and fails with the first that fails: what was booked is undone.

use serde_json::json;
use stockade::{AllowedEffect, Effect, End, Event, Fault, Graph, State, Transition, Workflow};

/// Wants one effect after the other, of these tools, and fails as the first of them that fails.
pub struct Trip(pub &'static [&'static str]);

impl Workflow for Trip {
    type Input = Vec<Effect>;
    type State = Vec<Effect>;

    fn name(&self) -> &str {
        "trip"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let calls = self.0.iter().map(|tool| AllowedEffect::tool(tool));
        let wants: Vec<_> = [AllowedEffect::Sleep].into_iter().chain(calls).collect();
        Graph::new([State::new("BOOK", wants, &["BOOK", "DONE"]), State::new("DONE", [], &[])])
    }

    fn position(&self, left: &Self::State) -> &'static str {
        if left.is_empty() { "DONE" } else { "BOOK" }
    }

    fn start(&self, effects: Self::Input) -> Result<Transition<Self::State>, Fault> {
        let first = effects[0].clone();
        Ok(Transition::to(effects).want(first))
    }

    fn step(&self, mut left: Self::State, event: Event) -> Result<Transition<Self::State>, Fault> {
        if let Some(fault) = event.fault() {
            return Ok(Transition::to(left).end(End::Failed(fault.clone())));
        }
        left.remove(0);
        let next = left.first().cloned();
        let to = Transition::to(left);
        Ok(match next {
            Some(next) => to.want(next),
            None => to.end(End::Done(json!("booked").into())),
        })
    }
}
