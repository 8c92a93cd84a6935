//! An answer with its steps, of which only the answer is seen.

use super::world::{World, declared, stopped, text};
use serde_json::{Value, json};
use stockade_patterns::ChainOfThought;
use stockade_workflow::{FinishReason, Kind, Machine};

fn thinker(setup: Value) -> Machine {
    Machine::new(ChainOfThought::new("thinker", serde_json::from_value(setup).unwrap()).unwrap())
}

fn open(setup: Value) -> World {
    World::open(thinker(setup), json!({"task": "How many?"}))
}

#[test]
fn the_steps_are_asked_for_and_taken_out_again() {
    let mut world = open(json!({"model": "fast", "system": "Count."}));
    let question = world.question();
    assert!(question.system.starts_with("Count.\n\nThink step by step"), "{}", question.system);
    assert_eq!(question.schema.unwrap()["required"], json!(["reasoning", "answer"]));
    world.says(text(json!({"reasoning": "two and one", "answer": "three"}).to_string()));
    assert_eq!(world.output(), json!({"answer": "three"}));
    assert!(!world.state_text().contains("two and one"));
    assert_eq!(world.effects.len(), 1, "no further question");
}

#[test]
fn the_answer_fits_its_schema_and_what_that_refers_to() {
    let schema = json!({"$ref": "#/$defs/count", "$defs": {"count": {"type": "integer", "minimum": 1}}});
    let mut world = open(json!({"schema": schema}));
    world.says(text(json!({"reasoning": "", "answer": 0}).to_string()));
    world.says(text(json!({"reasoning": "", "answer": 3}).to_string()));
    assert_eq!(world.output(), json!({"answer": 3}));
}

#[test]
fn an_answer_without_either_is_asked_for_again_and_then_fails() {
    for answer in
        ["", "three", "{\"answer\": \"three\"}", "{\"reasoning\": \"x\"}", "{\"reasoning\": \"\", \"answer\": \"\"}"]
    {
        let mut world = open(json!({}));
        world.says(text(answer)).says(stopped(FinishReason::Length, answer)).says(text(answer));
        assert_eq!((world.fault().kind, world.fault().detail.as_deref()), (Kind::Model, Some("schema")), "{answer}");
    }
    let mut world = open(json!({}));
    world.says(stopped(FinishReason::Refused, "no"));
    assert_eq!(world.fault().detail.as_deref(), Some("refused"));
}

#[test]
fn what_is_no_task_or_no_schema_is_refused() {
    let setup = serde_json::from_value(json!({"schema": {"type": "nonsense"}})).unwrap();
    assert_eq!(ChainOfThought::new("thinker", setup).unwrap_err().kind, Kind::Invalid);
    for input in [json!({"task": ""}), json!({}), json!({"task": "x", "tools": []})] {
        let refused = World::try_open(thinker(json!({})), input).err().unwrap();
        assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("input")));
    }
}

#[test]
fn every_edge_is_taken() {
    let mut world = open(json!({}));
    world.says(text("")).says(text("{\"reasoning\": \"\", \"answer\": \"x\"}"));
    assert_eq!(world.edges, declared(&thinker(json!({}))));
}
