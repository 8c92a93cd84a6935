use serde::{Deserialize, Serialize};

use crate::graph::State as Node;
use crate::{
    AllowedEffect, Code, CodeEnd, CodeOutcome, Effect, EffectOutcome, End, Event, Exception, Fault, Graph, Json, Kind,
    Transition, Workflow,
};

/// The workflow that runs one piece of code: what `stockade exec` starts.
///
/// Its output is the code's value. An exception that the code does not catch is its fault, of kind
/// [`Kind::GuestError`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Exec;

/// Whether the code runs yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It runs.
    Running,
    /// It has ended.
    Ended,
}

impl Exec {
    /// The name of the workflow.
    pub const NAME: &'static str = "exec";
    /// The key of its one effect.
    pub const KEY: &'static str = "code";
    const RUNNING: &'static str = "RUNNING";
    const ENDED: &'static str = "ENDED";
}

impl Workflow for Exec {
    type Input = Code;
    type State = State;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        Graph::new([
            Node::new(Self::RUNNING, [AllowedEffect::CodeWithAnyTool], &[Self::ENDED]),
            Node::new(Self::ENDED, [], &[]),
        ])
    }

    fn position(&self, state: &State) -> &'static str {
        match state {
            State::Running => Self::RUNNING,
            State::Ended => Self::ENDED,
        }
    }

    fn start(&self, code: Code) -> Result<Transition<State>, Fault> {
        Ok(Transition::to(State::Running).want(Effect::run_code(Self::KEY, code)))
    }

    fn step(&self, _: State, event: Event) -> Result<Transition<State>, Fault> {
        let Event::Ended { outcome: EffectOutcome::CodeFinished(CodeOutcome { ended, .. }), .. } = event else {
            return Err(Fault::invalid("event", "code ends with the event \"code_finished\" and no other"));
        };
        Ok(Transition::to(State::Ended).end(match value(ended) {
            Ok(value) => End::Done(value),
            Err(fault) => End::Failed(fault),
        }))
    }
}

fn value(ended: CodeEnd) -> Result<Json, Fault> {
    match ended {
        CodeEnd::Returned(value) => Ok(value),
        CodeEnd::Raised(exception) => Err(raised(&exception)),
        CodeEnd::Failed(fault) | CodeEnd::Unknown(fault) => Err(fault),
    }
}

/// Returns the fault of code that did not catch an exception.
fn raised(exception: &Exception) -> Fault {
    let place = exception.line.map(|line| format!(" (line {line})")).unwrap_or_default();
    Fault::new(Kind::GuestError, format!("{exception}{place}")).detail(exception.name.clone())
}
