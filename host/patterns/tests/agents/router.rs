//! The router: rules, a model that is sure or not, and the workflow that runs inside.

use std::sync::Arc;

use super::world::{World, calls, declared, stopped, text};
use serde_json::{Value, json};
use stockade_patterns::{Agent, Children, Router};
use stockade_refund::Refund;
use stockade_workflow::{Decision, EffectKind, Fault, FinishReason, Kind, Machine, Message};

fn children() -> Children {
    let agent = Arc::new(Machine::new(Agent));
    Children::from([("agent".to_owned(), agent), ("refund".to_owned(), Arc::new(Machine::new(Refund::default())))])
}

fn setup() -> Value {
    json!({
        "routes": [
            {"name": "refund", "description": "money back", "workflow": "refund", "rule": {"contains": ["REFUND", "money back"]}},
            {"name": "help", "description": "questions", "workflow": "agent", "rule": {"starts_with": ["how "]}},
            {"name": "other", "description": "all else"},
        ],
        "default": "other",
        "model": "fast",
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut setup = setup();
    change(&mut setup);
    setup
}

fn router(setup: Value) -> Result<Machine, Fault> {
    Router::new("front", serde_json::from_value(setup).unwrap(), &children()).map(Machine::new)
}

fn open(text: &str) -> World {
    World::open(router(setup()).unwrap(), json!({"text": text}))
}

fn choice(route: &str, confidence: i32) -> String {
    json!({"route": route, "confidence": confidence, "reason": "so it seems"}).to_string()
}

#[test]
fn a_rule_is_free_and_the_workflow_gets_the_text_as_its_task() {
    let mut world = open("HOW do I return a pen?");
    assert_eq!((world.position(), world.keys()), ("ROUTE", vec!["run/turn-1".to_owned()]));
    assert_eq!(world.question().messages, [Message::user("HOW do I return a pen?")]);
    world.says(text("By mail."));
    let output = json!({"answer": "By mail.", "turns": 1, "calls": 0});
    assert_eq!(world.output(), json!({"route": "help", "by": "rule", "confidence": null, "output": output}));
}

#[test]
fn the_workflow_inside_gets_the_input_that_is_given() {
    let input = json!({"user_id": "user_123", "request": "broken"});
    let mut world = World::open(router(setup()).unwrap(), json!({"text": "My money back, how?", "input": input}));
    assert_eq!(world.keys(), ["run/purchase"]);
    let purchase = json!({"item": "pen", "price_cents": 20_000, "days_ago": 1});
    world.returns("run/purchase", purchase).returns("run/window", json!(true)).returns("run/limit", json!(true));
    world.decides("run/approval-1", Decision::approve("mia"));
    let EffectKind::CallTool { approval, .. } = world.effect("run/refund").kind else { panic!("no call") };
    assert_eq!(approval.as_deref(), Some("run/approval-1"));
    world.returns("run/refund", json!({"reference": "re_1"})).returns("run/letter", json!("Dear Customer"));
    let output = world.output();
    assert_eq!((&output["route"], &output["output"]["outcome"]), (&json!("refund"), &json!("processed")));
}

#[test]
fn the_model_chooses_if_it_is_sure() {
    let cases = [
        ("help", 60, "help", "model"),
        ("help", 59, "other", "default"),
        ("other", 100, "other", "model"),
        ("refund", 0, "other", "default"),
    ];
    for (chosen, confidence, route, by) in cases {
        let mut world = open("hello");
        let question = world.question();
        assert_eq!((question.model.as_deref(), &question.messages[..]), (Some("fast"), &[Message::user("hello")][..]));
        assert!(question.system.contains("- refund: money back"), "{}", question.system);
        world.says(text(choice(chosen, confidence)));
        if route == "help" {
            world.says(text("Hello."));
        }
        let output = world.output();
        assert_eq!(
            (&output["route"], &output["by"], &output["confidence"]),
            (&json!(route), &json!(by), &json!(confidence))
        );
    }
}

#[test]
fn an_answer_that_is_no_route_is_asked_for_again_and_then_fails() {
    let nonsense = [
        choice("admin", 90),
        choice("help", 101),
        choice("help", -1),
        json!({"route": "help", "confidence": 90}).to_string(),
        json!({"route": "help", "confidence": 90.5, "reason": ""}).to_string(),
        json!({"route": "help", "confidence": 90, "reason": "x".repeat(501)}).to_string(),
        json!({"route": "help", "confidence": 90, "reason": "", "tool": "payments"}).to_string(),
        String::new(),
        "help".to_owned(),
    ];
    for answer in nonsense {
        let mut world = open("hello");
        world.says(text(&*answer));
        assert_eq!((world.position(), world.keys()), ("ROUTE", vec!["route-2".to_owned()]), "{answer}");
        world.says(text(&*answer)).says(text(&*answer));
        assert_eq!((world.fault().kind, world.fault().detail.as_deref()), (Kind::Model, Some("schema")), "{answer}");
    }
    let mut world = open("hello");
    world
        .says(calls([("payments.refund", json!({}))]))
        .says(text("{\"route\":\"other\",\"confidence\":90.0,\"reason\":\"\"}"));
    assert_eq!(world.output()["by"], "model");
    let mut world = open("hello");
    world.says(stopped(FinishReason::Refused, "no"));
    assert_eq!(world.fault().detail.as_deref(), Some("refused"));
}

#[test]
fn without_a_model_there_are_rules_and_the_default() {
    let setup = with(|setup| drop(setup.as_object_mut().unwrap().remove("model")));
    let world = World::open(router(setup).unwrap(), json!({"text": "hello"}));
    assert_eq!(world.output(), json!({"route": "other", "by": "default", "confidence": null, "output": null}));
    assert!(world.effects.is_empty());
}

#[test]
fn a_fault_inside_is_the_router_s() {
    let mut world = open("how so?");
    world.says(stopped(FinishReason::Refused, "I will not"));
    assert_eq!(world.fault().detail.as_deref(), Some("refused"));
    // An input that the workflow inside does not take: before the run begins, and after the model chose.
    let refused = World::try_open(router(setup()).unwrap(), json!({"text": "refund"})).err().unwrap();
    assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("input")));
    let mut world = open("hello");
    world.says(text(choice("refund", 90)));
    assert_eq!((world.fault().kind, world.fault().detail.as_deref()), (Kind::Invalid, Some("input")));
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let cases = [
        (with(|setup| setup["default"] = json!("nobody")), "the default route \"nobody\" is not one of its routes"),
        (with(|setup| setup["confidence_min"] = json!(101)), "\"confidence_min\" is 101 percent"),
        (with(|setup| setup["routes"][1]["name"] = json!("refund")), "a route has the name \"refund\""),
        (with(|setup| setup["routes"][1]["name"] = json!("")), "a route has the name \"\""),
        (with(|setup| setup["routes"][0]["rule"]["contains"] = json!([""])), "which fits everything"),
        (with(|setup| setup["routes"][0]["workflow"] = json!("x")), "no workflow \"x\"; there is agent, refund"),
    ];
    for (setup, says) in cases {
        let refused = router(setup).err().unwrap();
        assert!(refused.message.contains(says), "{refused}");
    }
    let many: Vec<_> = (0..101).map(|number| json!({"name": format!("{number}")})).collect();
    let refused = router(json!({"routes": many, "default": "1"})).err().unwrap();
    assert!(refused.message.contains("there are 101 routes"), "{refused}");
}

#[test]
fn every_edge_is_taken() {
    let mut world = open("hello");
    world.says(text("")).says(text(choice("other", 90)));
    assert_eq!(world.edges, declared(&router(setup()).unwrap()));
}
