//! A workflow that wants what it is told to.

use stockade::{
    AllowedEffect, Budget, Effect, EffectOutcome, End, Event, Fault, Graph, Host, Outcome, RunId, State, Transition,
    Workflow,
};

/// An hour in milliseconds.
pub const HOUR_MS: u64 = 3_600_000;

/// Wants one effect after the other, and ends with what became of them.
pub struct InTurn;

impl Workflow for InTurn {
    type Input = Vec<Effect>;
    /// What is left, and what became of the others.
    type State = (Vec<Effect>, Vec<Event>);

    fn name(&self) -> &str {
        "in_turn"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let paid = AllowedEffect::Signal("paid".to_owned());
        let runs = ["in_turn", "worker"].map(|name| AllowedEffect::Runs(name.to_owned()));
        let wants =
            [AllowedEffect::Sleep, paid, AllowedEffect::AnyTool, AllowedEffect::Model, AllowedEffect::ReadResult];
        let wants = wants.into_iter().chain(runs);
        Graph::new([State::new("WAIT", wants, &["WAIT", "DONE"]), State::new("DONE", [], &[])])
    }

    fn position(&self, (left, seen): &Self::State) -> &'static str {
        if left.is_empty() && !seen.is_empty() { "DONE" } else { "WAIT" }
    }

    fn start(&self, effects: Self::Input) -> Result<Transition<Self::State>, Fault> {
        let first = effects[0].clone();
        Ok(Transition::to((effects, Vec::new())).want(first))
    }

    fn step(&self, (mut left, mut seen): Self::State, event: Event) -> Result<Transition<Self::State>, Fault> {
        seen.push(event);
        left.remove(0);
        let (next, output) = (left.first().cloned(), serde_json::to_value(&seen).unwrap());
        let to = Transition::to((left, seen));
        Ok(match next {
            Some(next) => to.want(next),
            None => to.end(End::Done(output.into())),
        })
    }
}

/// Starts a run of [`InTurn`], and waits until it stands still.
pub async fn start(host: &Host, effects: &[Effect], budget: Budget) -> (RunId, Outcome) {
    let run = host.start("in_turn", serde_json::to_value(effects).unwrap(), budget).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

/// Fires what is due, and returns how it then stands.
pub async fn fire(host: &Host) -> Vec<(RunId, Outcome)> {
    let mut settled = Vec::new();
    for fired in host.fire_due().await.unwrap() {
        settled.push((fired.run, fired.resumed.unwrap().settled().await.unwrap()));
    }
    settled
}

/// Returns what became of the effects of a run that has ended.
pub fn outcomes(outcome: &Outcome) -> Vec<EffectOutcome> {
    let Outcome::Done(events) = outcome else { panic!("{outcome}") };
    let events: Vec<Event> = serde_json::from_value(events.clone()).unwrap();
    events.iter().filter_map(Event::outcome).map(|(_, outcome)| outcome.clone()).collect()
}
