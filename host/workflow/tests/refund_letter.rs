//! A refund whose letter a model writes, on a host that changes its mind about that.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "clippy counts only functions under #[test] as tests, and not what they share"
)]

use serde_json::{Value, json};
use stockade_workflow::refund::{Letter, Refund, Rules};
use stockade_workflow::{Effect, End, Event, Machine, ModelOutcome, Move, Reply, ToolOutcome};

fn machine(letter: Option<&str>) -> Machine {
    let letter = letter.map(|model| Letter { model: Some(model.to_owned()) });
    Machine::new(Refund { rules: Rules::default(), letter })
}

fn started() -> Event {
    Event::Started { input: json!({"user_id": "user_123", "request": "x".repeat(1 << 20)}) }
}

fn nobody() -> Event {
    Event::ToolReturned { key: "purchase".to_owned(), outcome: ToolOutcome::Returned(Value::Null) }
}

fn said(text: &str) -> Event {
    let reply = Reply { text: text.to_owned(), ..Reply::default() };
    Event::ModelReplied { key: "letter-model".to_owned(), outcome: ModelOutcome::Replied(Box::new(reply)) }
}

fn step(machine: &Machine, before: Option<&Move>, event: Event) -> Move {
    let at = before.map(|before| (before.position, before.transition.state.clone()));
    machine.step(at, event).unwrap()
}

fn wants(step: &Move) -> &str {
    step.transition.effects[0].key()
}

#[test]
fn a_run_keeps_the_model_that_it_began_with() {
    let first = step(&machine(Some("large")), None, started());
    let asks = step(&machine(Some("small")), Some(&first), nobody());
    let Effect::AskModel { question, .. } = &asks.transition.effects[0] else { panic!("{asks:?}") };
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
