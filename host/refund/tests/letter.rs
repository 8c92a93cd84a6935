//! A refund whose letter a model writes, on a host that changes its mind about that.

use serde_json::{Value, json};
use stockade_refund::{Letter, Refund, Rules};
use stockade_workflow::{EffectKind, End, Event, Machine, ModelOutcome, Reply, Step, ToolOutcome};

/// A model's letter that lacks the signature is written by the tool, which is told the signature of the run's beginning.
#[test]
fn a_run_keeps_the_signature_that_it_began_with() {
    let signed = |name: &str| {
        let rules = Rules { signature: Some(name.to_owned()), ..Rules::default() };
        Machine::new(Refund { rules, letter: Some(Letter::default()) })
    };
    let first = step(&signed("Dana"), None, started());
    let asks = step(&signed("Another"), Some(&first), nobody());
    let again = step(&signed("Another"), Some(&asks), said(r#"{"letter": "We found no purchase.\nAnother"}"#));
    let reply = Reply { text: r#"{"letter": "We found no purchase."}"#.to_owned(), ..Reply::default() };
    let second = ModelOutcome::Replied(Box::new(reply));
    let event = Event::ended(wants(&again), second);
    let by_tool = step(&signed("Another"), Some(&again), event);
    let EffectKind::CallTool { call, .. } = &by_tool.transition.effects[0].kind else { panic!("{by_tool:?}") };
    assert_eq!(call.arguments, json!({"outcome": "unknown_customer", "signature": "Dana"}));
}

fn machine(letter: Option<&str>) -> Machine {
    let letter = letter.map(|model| Letter { model: Some(model.to_owned()) });
    Machine::new(Refund { rules: Rules::default(), letter })
}

fn started() -> Event {
    Event::Started { input: json!({"user_id": "user_123", "request": "x".repeat(1 << 20)}).into() }
}

fn nobody() -> Event {
    Event::ended("purchase", ToolOutcome::Returned(Value::Null.into()))
}

fn said(text: &str) -> Event {
    let reply = Reply { text: text.to_owned(), ..Reply::default() };
    Event::ended("letter-model", ModelOutcome::Replied(Box::new(reply)))
}

fn step(machine: &Machine, before: Option<&Step>, event: Event) -> Step {
    let at = before.map(|before| (before.position, before.transition.state.clone()));
    machine.step(at, event).unwrap()
}

fn wants(step: &Step) -> &str {
    step.transition.effects[0].key()
}

#[test]
fn a_run_keeps_the_model_that_it_began_with() {
    let first = step(&machine(Some("large")), None, started());
    let asks = step(&machine(Some("small")), Some(&first), nobody());
    let EffectKind::AskModel(question) = &asks.transition.effects[0].kind else { panic!("{asks:?}") };
    assert_eq!(question.model.as_deref(), Some("large"));
    assert!(asks.transition.effects[0].key() == "letter-model" && asks.transition.state.to_string().len() < 10_000);
    let first = step(&machine(None), None, started());
    assert_eq!(wants(&step(&machine(Some("small")), Some(&first), nobody())), "letter");
}

#[test]
fn where_no_letter_is_set_any_more_no_model_is_asked_any_more() {
    let first = step(&machine(Some("large")), None, started());
    assert_eq!(wants(&step(&machine(None), Some(&first), nobody())), "letter");
    let asks = step(&machine(Some("large")), Some(&first), nobody());
    assert_eq!(wants(&step(&machine(Some("large")), Some(&asks), said("hm"))), "letter-model-2");
    // The answer to a question that was asked is taken still; one that does not fit cannot be asked for again.
    let fails = step(&machine(None), Some(&asks), said("hm")).transition.end;
    assert!(matches!(&fails, Some(End::Failed(fault)) if fault.detail.as_deref() == Some("letter")), "{fails:?}");
    let fits = step(&machine(None), Some(&asks), said(r#"{"letter": "We found no purchase of yours."}"#));
    assert!(fits.transition.end.is_some());
}
