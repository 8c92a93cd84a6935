//! Workflows as configuration sets them up, inside each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use stockade_patterns::{Agent, Children, DEPTH_MAX, Pattern, machines};
use stockade_workflow::{Event, Fault, Kind, Machine};

/// A router into these workflows.
fn to(children: &[&str]) -> Value {
    let route = |(number, child): (usize, &&str)| json!({"name": format!("route-{number}"), "workflow": child});
    let routes: Vec<_> = children.iter().enumerate().map(route).collect();
    json!({"pattern": "router", "default": "route-0", "routes": routes})
}

fn known() -> Children {
    Children::from([("agent".to_owned(), Arc::new(Machine::new(Agent)))])
}

fn made(specs: &[(&str, Value)]) -> Result<Children, Fault> {
    let pattern = |(name, spec): &(&str, Value)| ((*name).to_owned(), serde_json::from_value(spec.clone()).unwrap());
    let specs: BTreeMap<String, Pattern> = specs.iter().map(pattern).collect();
    machines(&specs, &known())
}

#[test]
fn each_is_made_after_those_that_it_has_inside() {
    let react = json!({"pattern": "react", "tools": ["stock"]});
    let thinker = json!({"pattern": "chain_of_thought"});
    let all = made(&[("a", to(&["z", "agent"])), ("y", thinker), ("z", to(&["y", "x"])), ("x", react)]).unwrap();
    assert_eq!(all.keys().collect::<Vec<_>>(), ["a", "x", "y", "z"]);
    let names: Vec<_> = all.values().map(|machine| (machine.name(), machine.version())).collect();
    assert_eq!(names, [("a", 1), ("x", 1), ("y", 1), ("z", 1)]);
    assert!(all["a"].graph().wants().flat_map(|want| want.tools()).any(|tool| tool == "stock"));
    let first = all["a"].step(None, Event::Started { input: json!({"text": "hello"}).into() }).unwrap();
    assert_eq!(first.transition.effects[0].key(), "run/run/think");
}

/// A chain of so many workflows, each inside the one before, the last of which is an agent.
fn chain(length: usize) -> Vec<(&'static str, Value)> {
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let link = |at: usize| if at + 1 == length { json!({"pattern": "react"}) } else { to(&[NAMES[at + 1]]) };
    (0..length).map(|at| (NAMES[at], link(at))).collect()
}

#[test]
fn workflows_are_only_so_deep_inside_each_other() {
    assert!(made(&chain(DEPTH_MAX)).is_ok());
    for length in [DEPTH_MAX + 1, 8] {
        let refused = made(&chain(length)).err().unwrap();
        let breach = refused.breach.unwrap();
        assert_eq!((refused.kind, &*breach.limit, breach.allowed, breach.used), (Kind::Agent, "depth", 4, 5));
    }
}

/// Workflows by their names, and what is said of them.
type Refused<'a> = (&'a [(&'a str, Value)], Kind, &'a str);

#[test]
fn what_cannot_be_made_is_refused_with_its_name() {
    let cases: &[Refused] = &[
        (&[("a", to(&["a"]))], Kind::Invalid, "a workflow cannot run inside itself: a > a"),
        (
            &[("a", to(&["b"])), ("b", to(&["agent", "c"])), ("c", to(&["d"])), ("d", to(&["b"]))],
            Kind::Invalid,
            "a workflow cannot run inside itself: b > c > d > b",
        ),
        (&[("a", to(&["nobody"]))], Kind::NotFound, "workflow \"a\": there is no workflow \"nobody\"; there is agent"),
        (&[("agent", to(&["agent"]))], Kind::Invalid, "workflow \"agent\" is there already; choose another name"),
        (
            &[("a", json!({"pattern": "react", "ask": ["x"]}))],
            Kind::Invalid,
            "workflow \"a\": \"ask\" has the tool \"x\", which \"tools\" has not",
        ),
    ];
    for (specs, kind, message) in cases {
        let refused = made(specs).err().unwrap();
        assert_eq!((refused.kind, &*refused.message), (*kind, *message));
    }
}

#[test]
fn a_setup_has_only_what_its_pattern_knows() {
    for spec in [
        json!({"pattern": "reactor"}),
        json!({"pattern": "react", "tols": []}),
        json!({"pattern": "chain_of_thought", "tools": []}),
        json!({"pattern": "router", "routes": [], "default": "x", "tools": []}),
        json!({"pattern": "router", "default": "x"}),
        json!({"tools": []}),
    ] {
        assert!(serde_json::from_value::<Pattern>(spec.clone()).is_err(), "{spec}");
    }
}

/// A setup is kept in the state of a run, so what is written must be what is read.
#[test]
fn a_setup_that_is_written_is_read_again() {
    for spec in [
        to(&["agent"]),
        json!({"pattern": "react", "recall": {"namespace": {"user": "mia"}}}),
        json!({"pattern": "chain_of_thought", "schema": {"type": "integer"}}),
    ] {
        let pattern: Pattern = serde_json::from_value(spec).unwrap();
        assert_eq!(serde_json::from_value::<Pattern>(serde_json::to_value(&pattern).unwrap()).unwrap(), pattern);
    }
}
