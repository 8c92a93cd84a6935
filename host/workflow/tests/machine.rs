//! What a machine refuses of its own workflow: whatever the graph does not declare.

use serde_json::{Value, json};
use stockade_workflow::{
    AllowedEffect, Effect, EffectOutcome, End, Event, Fault, Graph, Kind, Machine, State, ToolCall, ToolOutcome,
    Transition, Workflow,
};

/// A workflow that does as its events tell it, whatever it declared.
struct Puppet;

impl Workflow for Puppet {
    type Input = Value;
    type State = String;

    fn name(&self) -> &str {
        "puppet"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        Graph::new([
            State::new("FIRST", [AllowedEffect::tool("letters")], &["SECOND"]),
            State::new("SECOND", [AllowedEffect::ApprovalOf("payments".to_owned())], &[]),
        ])
    }

    fn position(&self, state: &String) -> &'static str {
        ["FIRST", "SECOND"].into_iter().find(|name| name == state).unwrap_or("NOWHERE")
    }

    fn start(&self, input: Value) -> Result<Transition<String>, Fault> {
        obey(&input)
    }

    fn step(&self, _: String, event: Event) -> Result<Transition<String>, Fault> {
        match event {
            Event::Ended { outcome: EffectOutcome::ToolReturned(ToolOutcome::Returned(value)), .. } => {
                obey(&value.value())
            }
            event => Err(Fault::invalid("event", format!("no string was pulled by {event:?}"))),
        }
    }
}

fn obey(told: &Value) -> Result<Transition<String>, Fault> {
    let to = Transition::to(told["to"].as_str().unwrap_or_default().to_owned());
    let to = told["call"].as_str().into_iter().fold(to, |to, tool| to.want(Effect::call("call", call(tool))));
    let to =
        told["ask"].as_str().into_iter().fold(to, |to, tool| to.want(Effect::request_approval("ask", "", call(tool))));
    let end = told["fails"].as_str().map(|why| End::Failed(Fault::new(Kind::Trap, why)));
    Ok(Transition { end, ..to })
}

fn call(tool: &str) -> ToolCall {
    ToolCall::new(tool, "do", json!({}))
}

#[test]
fn what_the_graph_does_not_declare_is_refused() {
    // From where, what the workflow does there, and what the machine says (nothing: it is declared).
    let cases = [
        (None, json!({"to": "FIRST", "call": "letters"}), None),
        (None, json!({"to": "SECOND"}), Some("the graph has no transition from \"START\" to \"SECOND\"")),
        (None, json!({"to": "FIRST", "call": "payments"}), Some("state \"FIRST\" may not want effect \"call\"")),
        (None, json!({"to": "FIRST", "ask": "letters"}), Some("state \"FIRST\" may not want effect \"ask\"")),
        (Some("FIRST"), json!({"to": "SECOND", "ask": "payments"}), None),
        (
            Some("FIRST"),
            json!({"to": "SECOND", "ask": "letters"}),
            Some("state \"SECOND\" may not want effect \"ask\""),
        ),
        (
            Some("FIRST"),
            json!({"to": "SECOND", "call": "payments", "ask": "payments"}),
            Some("state \"SECOND\" may not want effect \"call\""),
        ),
        (Some("FIRST"), json!({"to": "FIRST"}), Some("the graph has no transition from \"FIRST\" to \"FIRST\"")),
        (Some("FIRST"), json!({"to": "FIRST", "fails": "a run may fail where it stands"}), None),
        (
            Some("SECOND"),
            json!({"to": "FIRST", "fails": "but not somewhere else"}),
            Some("the graph has no transition from \"SECOND\" to \"FIRST\""),
        ),
        (Some("FIRST"), json!({"to": "x"}), Some("the graph has no state \"NOWHERE\"")),
    ];
    let machine = Machine::new(Puppet);
    for (from, told, refused) in cases {
        let event = match from {
            None => Event::Started { input: told.clone().into() },
            Some(_) => Event::ended("call", ToolOutcome::Returned(told.clone().into())),
        };
        let answer = machine.step(from.map(|from| (from, json!(from))), event);
        let expected = refused.map(|message| Fault::new(Kind::HostBug, message).detail("graph"));
        assert_eq!(answer.err(), expected, "{from:?} {told}");
    }
}

#[test]
fn a_state_that_does_not_fit_is_refused() {
    let event = Event::ended("call", ToolOutcome::Returned(json!({"to": "SECOND"}).into()));
    let refused = Machine::new(Puppet).step(Some(("FIRST", json!(1))), event).unwrap_err();
    assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("state")));
}
