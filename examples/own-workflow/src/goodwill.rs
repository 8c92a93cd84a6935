//! The workflow: a customer gets $10.00 as goodwill, if a purchase is on record and a person approves.
//!
//! ```text
//! LOOK_UP ─► ASK ─► PAY ─► DONE
//!    └────────┴─────────────┘
//! ```

use serde::{Deserialize, Serialize};
use serde_json::json;
use stockade::{
    AllowedEffect, Decision, Effect, EffectOutcome, End, Event, Fault, Graph, State as Node, ToolCall, ToolOutcome,
    Transition, Verdict, Workflow,
};

const CENTS: u64 = 1_000;

pub(crate) struct Goodwill;

/// What a run is started with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    user_id: String,
}

/// What the journal keeps between two steps.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    LookUp { user_id: String },
    Ask { user_id: String },
    Pay,
    Done,
}

impl Workflow for Goodwill {
    type Input = Input;
    type State = State;

    fn name(&self) -> &str {
        "goodwill"
    }

    fn version(&self) -> u32 {
        1
    }

    /// The host refuses whatever the graph does not allow: here, nothing is paid before a person was asked.
    fn graph(&self) -> Graph {
        Graph::new([
            Node::new("LOOK_UP", [AllowedEffect::tool("purchases")], &["ASK", "DONE"]),
            Node::new("ASK", [AllowedEffect::ApprovalOf("payments".to_owned())], &["PAY", "DONE"]),
            Node::new("PAY", [AllowedEffect::tool("payments")], &["DONE"]),
            Node::new("DONE", [], &[]),
        ])
    }

    fn position(&self, state: &State) -> &'static str {
        match state {
            State::LookUp { .. } => "LOOK_UP",
            State::Ask { .. } => "ASK",
            State::Pay => "PAY",
            State::Done => "DONE",
        }
    }

    fn start(&self, Input { user_id }: Input) -> Result<Transition<State>, Fault> {
        let find = Effect::call("purchase", ToolCall::new("purchases", "find", json!({"user_id": user_id})));
        Ok(Transition::to(State::LookUp { user_id }).want(find))
    }

    fn step(&self, state: State, event: Event) -> Result<Transition<State>, Fault> {
        use EffectOutcome::{Decided, ToolReturned};
        use ToolOutcome::{Failed, Returned, Unknown};
        let Event::Ended { outcome, .. } = event else {
            return Err(Fault::invalid("event", "the run has started already"));
        };
        Ok(match (state, outcome) {
            (State::LookUp { .. }, ToolReturned(Returned(found))) if found.is_null() => done("no purchase"),
            (State::LookUp { user_id }, ToolReturned(Returned(_))) => ask(user_id),
            (State::Ask { user_id }, Decided { decision }) => decided(&user_id, &decision),
            (State::Pay, ToolReturned(Returned(_))) => done("paid"),
            (state, ToolReturned(Failed(fault) | Unknown(fault))) => Transition::to(state).end(End::Failed(fault)),
            (_, outcome) => return Err(Fault::invalid("event", format!("{outcome:?} does not belong to this state"))),
        })
    }
}

fn payment(user_id: &str) -> ToolCall {
    ToolCall::new("payments", "refund", json!({"user_id": user_id, "amount_cents": CENTS}))
}

fn ask(user_id: String) -> Transition<State> {
    let request = Effect::request_approval("approval", "goodwill of $10.00", payment(&user_id));
    Transition::to(State::Ask { user_id }).want(request)
}

fn decided(user_id: &str, decision: &Decision) -> Transition<State> {
    match decision.verdict {
        Verdict::Approved => {
            Transition::to(State::Pay).want(Effect::approved_call("payment", payment(user_id), "approval"))
        }
        // The question takes a yes or a no, so a person can neither edit the call nor answer in its place.
        Verdict::Denied | Verdict::Edited | Verdict::Responded => done("denied"),
    }
}

fn done(outcome: &str) -> Transition<State> {
    Transition::to(State::Done).end(End::Done(json!({"outcome": outcome}).into()))
}
