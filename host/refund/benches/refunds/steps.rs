//! A run of as many steps as are wanted, each an answer of a tool.

use serde_json::json;
use stockade::{
    AllowedEffect, Budget, Currency, Effect, End, Event, Fault, Graph, NewRun, State, ToolCall, Transition, Workflow,
};

/// Calls a tool so many times, one call after the other.
pub(crate) struct Steps;

impl Steps {
    /// A run of so many steps, which keeps all answers in its state, as the thread of an agent does, or none.
    pub(crate) fn run(steps: u32, keeps: bool) -> NewRun {
        let much = [Currency::Fuel, Currency::Wall, Currency::Steps, Currency::ToolCalls, Currency::Journal];
        let budget = much.into_iter().fold(Budget::default(), |budget, currency| budget.with(currency, 1 << 40));
        NewRun::new("steps", json!([steps, keeps])).budget(budget)
    }
}

impl Workflow for Steps {
    type Input = (u32, bool);
    /// How many steps are left, and what was answered.
    type State = (u32, Option<Vec<Event>>);

    fn name(&self) -> &str {
        "steps"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let policy = AllowedEffect::Tool("policy".to_owned());
        Graph::new([State::new("STEP", [policy], &["STEP", "DONE"]), State::new("DONE", [], &[])])
    }

    fn position(&self, (left, _): &Self::State) -> &'static str {
        if *left == 0 { "DONE" } else { "STEP" }
    }

    fn start(&self, (steps, keeps): Self::Input) -> Result<Transition<Self::State>, Fault> {
        Ok(Transition::to((steps, keeps.then(Vec::new))).want(call(steps)))
    }

    fn step(&self, (left, mut seen): Self::State, event: Event) -> Result<Transition<Self::State>, Fault> {
        let left = left.saturating_sub(1);
        seen.iter_mut().for_each(|seen| seen.push(event.clone()));
        let to = Transition::to((left, seen));
        Ok(if left == 0 { to.end(End::Done(json!(null).into())) } else { to.want(call(left)) })
    }
}

fn call(left: u32) -> Effect {
    let arguments = json!({"amount_cents": 7_900, "approval_above_cents": 10_000 + left});
    Effect::call(&format!("call-{left}"), ToolCall::new("policy", "needs_approval", arguments))
}
