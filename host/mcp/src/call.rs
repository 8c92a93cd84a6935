//! One call of a tool, as a run of its own.

use serde::{Deserialize, Serialize};
use stockade::authoring::stray;
use stockade::{
    AllowedEffect, Decision, Effect, EffectOutcome, End, Event, Fault, Graph, Kind, State as Node, ToolCall,
    ToolOutcome, Transition, Verdict, Waited, Workflow,
};

/// The workflow that makes one call of a tool, and asks a person first where it is told to.
///
/// Its output is the tool's answer. A call that was not made, or that failed, is its fault.
#[derive(Clone, Copy, Debug, Default)]
pub struct Call;

/// What a run of [`Call`] is started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The call.
    pub(crate) call: ToolCall,
    /// Whether a person is asked first.
    #[serde(default)]
    pub(crate) ask: bool,
}

/// How far the call is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A person is asked, or the call is made.
    Calling(ToolCall),
    /// It has ended.
    Ended,
}

impl Call {
    /// The name of the workflow.
    pub const NAME: &'static str = "tool-call";
    const ASK: &'static str = "ask";
    const CALL: &'static str = "call";
    const CALLING: &'static str = "CALLING";
    const ENDED: &'static str = "ENDED";
}

impl Workflow for Call {
    type Input = Input;
    type State = State;

    fn name(&self) -> &str {
        Self::NAME
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        Graph::new([
            Node::new(Self::CALLING, [AllowedEffect::AnyTool], &[Self::CALLING, Self::ENDED]),
            Node::new(Self::ENDED, [], &[]),
        ])
    }

    fn position(&self, state: &State) -> &'static str {
        match state {
            State::Calling(_) => Self::CALLING,
            State::Ended => Self::ENDED,
        }
    }

    fn start(&self, Input { call, ask }: Input) -> Result<Transition<State>, Fault> {
        let effect = if ask {
            let reason = format!("an agent wants a call of \"{}\", and each of them needs a yes", call.tool);
            Effect::request_approval(Self::ASK, reason, call.clone())
        } else {
            Effect::call(Self::CALL, call.clone())
        };
        Ok(Transition::to(State::Calling(call)).want(effect))
    }

    fn step(&self, state: State, event: Event) -> Result<Transition<State>, Fault> {
        let (State::Calling(call), Event::Ended { outcome, .. }) = (&state, &event) else {
            return Err(stray(self.position(&state), &event));
        };
        Ok(match outcome {
            EffectOutcome::Decided { decision } if decision.verdict == Verdict::Approved => {
                let effect = Effect::approved_call(Self::CALL, call.clone(), Self::ASK);
                Transition::to(state).want(effect)
            }
            EffectOutcome::Decided { decision } => ended(End::Failed(denied(decision))),
            EffectOutcome::Waited(Waited::TimedOut { .. }) => ended(End::Failed(undecided())),
            EffectOutcome::ToolReturned(ToolOutcome::Returned(answer)) => ended(End::Done(answer.clone())),
            EffectOutcome::ToolReturned(ToolOutcome::Failed(fault) | ToolOutcome::Unknown(fault))
            | EffectOutcome::Waited(Waited::Failed(fault)) => ended(End::Failed(fault.clone())),
            EffectOutcome::Waited(Waited::Slept { .. } | Waited::Signalled(_))
            | EffectOutcome::CodeFinished(_)
            | EffectOutcome::ModelReplied(_)
            | EffectOutcome::Remembered(_)
            | EffectOutcome::Recalled(_)
            | EffectOutcome::ResultRead(_)
            | EffectOutcome::RunsEnded(_) => return Err(stray(self.position(&state), &event)),
        })
    }
}

fn ended(end: End) -> Transition<State> {
    Transition::to(State::Ended).end(end)
}

fn denied(decision: &Decision) -> Fault {
    let saying = decision.comment.as_ref().map(|comment| format!(", saying: {comment}")).unwrap_or_default();
    let message = format!("the call was not made: \"{}\" said no{saying}", decision.by);
    Fault::new(Kind::Approval, message).detail("denied")
}

fn undecided() -> Fault {
    let message = "the call was not made: no person decided on it in time, which is no denial";
    Fault::new(Kind::Approval, message).detail("expired")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade::{EffectKind, Machine};

    use super::*;

    fn begun(ask: bool) -> stockade::Step {
        let input = json!({"call": {"tool": "payments", "function": "refund", "arguments": {"cents": 1}}, "ask": ask});
        Machine::new(Call).step(None, Event::Started { input: input.into() }).unwrap()
    }

    fn next(before: &stockade::Step, key: &str, outcome: impl Into<EffectOutcome>) -> stockade::Step {
        let at = Some((before.position, before.transition.state.clone()));
        Machine::new(Call).step(at, Event::ended(key, outcome)).unwrap()
    }

    #[test]
    fn a_call_that_is_asked_for_is_made_by_the_approval_that_it_uses_up() {
        let asked = begun(true);
        assert!(matches!(asked.transition.effects[0].kind, EffectKind::RequestApproval { .. }));
        let approved = next(&asked, Call::ASK, Decision::approve("dana"));
        let EffectKind::CallTool { approval, .. } = &approved.transition.effects[0].kind else { panic!() };
        assert_eq!(approval.as_deref(), Some(Call::ASK));
        let answered = next(&approved, Call::CALL, ToolOutcome::Returned(json!({"id": 7}).into()));
        assert_eq!(answered.transition.end, Some(End::Done(json!({"id": 7}).into())));
    }

    #[test]
    fn a_call_that_was_denied_is_not_made_and_says_who_said_no() {
        let denied = next(&begun(true), Call::ASK, Decision::deny("dana").comment(Some("not today".to_owned())));
        let Some(End::Failed(fault)) = denied.transition.end else { panic!() };
        assert_eq!(fault.message, "the call was not made: \"dana\" said no, saying: not today");
        assert!(denied.transition.effects.is_empty());
    }

    #[test]
    fn a_call_that_need_not_be_asked_for_is_made_at_once() {
        let EffectKind::CallTool { approval: None, call } = &begun(false).transition.effects[0].kind else { panic!() };
        assert_eq!((&*call.tool, &*call.function), ("payments", "refund"));
    }
}
