use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Value, json};
use stockade_patterns::tree_of_thoughts::{Output, Spec, TreeOfThoughts};
use stockade_workflow::{Effect, End, Event, Kind, Machine, ModelOutcome};

use super::world::{Answer, ORDERS, Order, World, declared, done, failed, json_of, limit, say, script, unavailable};

fn machine(spec: Value) -> Machine {
    let spec: Spec = serde_json::from_value(spec).unwrap();
    Machine::new(TreeOfThoughts::new("think", spec).unwrap())
}

fn begin(spec: Value) -> World {
    World::begin(machine(spec), json!({"task": "make 24 of 4 6 8 8"}))
}

fn output(end: End) -> Output {
    serde_json::from_value(done(end)).unwrap()
}

fn thoughts(texts: &[&str]) -> Answer {
    json_of(json!({"thoughts": texts}))
}

fn scores(scores: &[u32]) -> Answer {
    json_of(json!({"scores": scores}))
}

fn path(texts: &[&str], score: u32, explored: u32) -> Output {
    let path = texts.iter().map(|text| (*text).to_owned()).collect();
    Output { answer: "24".to_owned(), path, score, explored }
}

/// A world where each place has two ways on, of which the scores are given by place; without one, they are 50.
fn binary(effect: &Effect, of: impl Fn(&str) -> u32) -> Answer {
    let (what, place) = effect.key().split_once('/').unwrap_or((effect.key(), ""));
    let children = [1, 2].map(|number| format!("{place}{}{number}", if place.is_empty() { "" } else { "." }));
    match what {
        "think" => json_of(json!({"thoughts": children})),
        "score" => json_of(json!({"scores": children.map(|child| of(&child))})),
        _ => say("24"),
    }
}

fn best_first(more: Value) -> Value {
    let mut spec = json!({"search": "best_first", "branches": 2, "depth": 2});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

fn beam(more: Value) -> Value {
    let mut spec = json!({"branches": 2, "depth": 3, "width": 2});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

#[test]
fn a_beam_follows_the_best_of_each_level_at_the_same_time() {
    for order in ORDERS {
        let mut world = begin(beam(json!({"model": "large", "evaluator": "small"})));
        let score = |place: &str| match place {
            "1" | "2.2" | "1.1.2" => 60,
            "1.1" | "1.2" => 55,
            _ => 40,
        };
        let end = world.play(order, |effect| binary(effect, score));
        assert_eq!(output(end), path(&["1", "1.1", "1.1.2"], 60, 2 + 4 + 4));
        assert!(world.asked("think/2.2").is_some() && world.asked("think/1.2").is_none(), "the width is two");
        let model = |key| world.asked(key).unwrap().model.as_deref();
        assert_eq!([model("think"), model("score/1"), model("answer")], [Some("large"), Some("small"), Some("large")]);
        let told: Value = serde_json::from_str(&world.told("answer")).unwrap();
        assert_eq!(told, json!({"task": "make 24 of 4 6 8 8", "steps": ["1", "1.1", "1.1.2"]}));
        assert_eq!(serde_json::from_str::<Value>(&world.told("score/1.1")).unwrap()["steps"], json!(["1", "1.1"]));
    }
}

#[test]
fn the_best_first_goes_back_to_what_was_left_lying() {
    // What looked best leads to what looks worse than what was left: the search goes back to that.
    let score = |place: &str| match place {
        "1" => 80,
        "2" => 70,
        "1.1" | "1.2" => 30,
        "2.1" => 60,
        _ => 20,
    };
    for order in ORDERS {
        let mut world = begin(best_first(json!({})));
        assert_eq!(output(world.play(order, |effect| binary(effect, score))), path(&["2", "2.1"], 60, 6));
        assert!(world.state.log().iter().any(|line| line == "Backtracking to 2."), "{:?}", world.state.log());
    }
    // And where it leads nowhere at all.
    let mut world = begin(best_first(json!({"score_min": 35})));
    assert_eq!(output(world.play(Order::First, |effect| binary(effect, score))), path(&["2", "2.1"], 60, 6));
    assert_eq!(
        world.state.log(),
        ["Pruned 1.1, 1.2: under 35.", "Backtracking to 2.", "Pruned 2.2: under 35.", "The best path ends at 2.1."]
    );
    // Or where no branch has a next thought.
    let mut world = begin(best_first(json!({})));
    let end = world.play(Order::First, |effect| match effect.key() {
        "think/1" => Answer::Refuse,
        _ => binary(effect, score),
    });
    assert_eq!(output(end), path(&["2", "2.1"], 60, 4));
    assert!(world.state.log().iter().any(|line| line == "Backtracking to 2."));
}

#[test]
fn of_equal_thoughts_the_deeper_and_then_the_earlier_is_followed() {
    for order in ORDERS {
        for (spec, explored) in [(best_first(json!({"depth": 3})), 2 + 2 + 2), (beam(json!({})), 2 + 4 + 4)] {
            let mut world = begin(spec);
            let end = world.play(order, |effect| binary(effect, |_| 50));
            assert_eq!(output(end), path(&["1", "1.1", "1.1.1"], 50, explored));
        }
    }
}

#[test]
fn where_nothing_is_good_enough_there_is_no_answer() {
    for spec in [best_first(json!({"score_min": 51})), beam(json!({"score_min": 51}))] {
        let fault = failed(begin(spec).play(Order::First, |effect| binary(effect, |_| 50)));
        assert_eq!(limit(&fault), (Kind::Agent, "score_min", 51, 50));
    }
    // Where it is only further down, the best of what is above is the answer.
    for spec in [best_first(json!({})), beam(json!({}))] {
        let mut world = begin(spec);
        let end = world.play(Order::First, |effect| binary(effect, |place| if place.len() > 1 { 0 } else { 50 }));
        assert_eq!(output(end), path(&["1"], 50, 6));
    }
}

#[test]
fn there_are_never_more_questions_than_are_allowed() {
    for spec in [best_first(json!({"depth": 9})), beam(json!({"depth": 9}))] {
        for most in 3..30 {
            for order in [Order::First, Order::Mixed(5)] {
                let mut spec = spec.clone();
                spec["questions_max"] = json!(most);
                let mut world = begin(spec);
                let output = output(world.play(order, |effect| binary(effect, |place| 90 - place.len() as u32)));
                assert!(world.questions() <= most && world.questions() + 2 > most.min(20) / 2, "{}", world.questions());
                assert!(!output.path.is_empty());
            }
        }
    }
    let mut world = begin(best_first(json!({"depth": 9, "questions_max": 6})));
    let end = world.play(Order::First, |effect| binary(effect, |place| 50 + place.len() as u32));
    assert_eq!(output(end), path(&["1", "1.1"], 53, 4));
    assert!(
        world.state.log().iter().any(|line| line.starts_with("The search ends: 4 questions were asked of at most 6"))
    );
}

/// A place that was gone on from is no end of a path, however good it looked.
#[test]
fn the_best_so_far_is_where_a_path_ends() {
    let score = |place: &str| match place {
        "1" => 80,
        "1.1" => 70,
        _ => 10,
    };
    let mut world = begin(best_first(json!({"depth": 9, "questions_max": 6, "score_min": 0})));
    assert_eq!(output(world.play(Order::First, |effect| binary(effect, score))), path(&["1", "1.1"], 70, 4));
}

#[test]
fn repairs_are_questions_as_well_and_end() {
    let endless = RefCell::new(0);
    for spec in [best_first(json!({"questions_max": 12})), beam(json!({"questions_max": 12}))] {
        for order in ORDERS {
            let mut world = begin(spec.clone());
            let end = world.play(order, |effect| {
                *endless.borrow_mut() += 1;
                let wrong = effect.key().ends_with("-2") || effect.key().starts_with("answer-");
                if wrong || *endless.borrow() % 2 == 0 { binary_of_first(effect) } else { say("hm") }
            });
            assert!(world.questions() <= 12, "{}", world.questions());
            drop(end);
        }
    }
    // Thoughts without scores, with no question left to ask for the scores again.
    let lines = [("think", thoughts(&["a"])), ("score", say("good"))];
    let fault = failed(begin(json!({"questions_max": 3})).play(Order::First, script(&lines)));
    assert_eq!(limit(&fault), (Kind::Agent, "questions_max", 3, 2));
    let lines = [("think", say(""))];
    let fault = failed(begin(json!({"questions_max": 3})).play(Order::First, script(&lines)));
    assert_eq!(limit(&fault), (Kind::Agent, "questions_max", 3, 1));
    // The answer is asked for again as long as there are questions.
    let lines = [("think", thoughts(&["a"])), ("score", scores(&[50])), ("answer", say(""))];
    let fault = failed(begin(json!({"questions_max": 3, "depth": 1})).play(Order::First, script(&lines)));
    assert_eq!(fault.detail.as_deref(), Some("malformed"));
}

fn binary_of_first(effect: &Effect) -> Answer {
    let key = effect.key().trim_end_matches("-2").trim_end_matches("-3");
    binary(&Effect::ask(key, stockade_workflow::Question::default()), |_| 50)
}

#[test]
fn what_does_not_fit_is_asked_for_again() {
    let many = thoughts(&["a", "b", "c", "d"]);
    for wrong in
        [many, thoughts(&[]), thoughts(&[""]), say("a, b, c"), Answer::Cut, thoughts(&["x".repeat(3_000).as_str()])]
    {
        let lines = [
            ("think", wrong),
            ("think-2", thoughts(&["a", "b"])),
            ("score", scores(&[1])),
            ("score-2", scores(&[1, 101])),
            ("score-3", scores(&[1, 100])),
            ("answer", say("")),
            ("answer-2", say("24")),
        ];
        let mut world = begin(json!({"depth": 1}));
        assert_eq!(output(world.play(Order::First, script(&lines))), path(&["b"], 100, 2));
    }
}

#[test]
fn scores_may_be_written_with_a_point_or_an_exponent() {
    let lines = [("think", thoughts(&["a", "b"])), ("score", say("{\"scores\": [40.0, 1e2]}")), ("answer", say("24"))];
    assert_eq!(output(begin(json!({"depth": 1})).play(Order::First, script(&lines))), path(&["b"], 100, 2));
}

#[test]
fn a_model_that_fails_ends_the_run_only_where_nothing_else_is_left() {
    for answer in [Answer::Refuse, unavailable()] {
        let fault = failed(begin(json!({})).play(Order::First, script(&[("think", answer.clone())])));
        assert_eq!(fault.kind, Kind::Model);
        for order in ORDERS {
            let mut world = begin(beam(json!({})));
            let end = world.play(order, |effect| match effect.key() {
                "think/1" | "score/2.1" => answer.clone(),
                _ => binary(effect, |_| 50),
            });
            assert_eq!(output(end), path(&["2", "2.2", "2.2.1"], 50, 2 + 2 + 2));
        }
        let lines = [("think", thoughts(&["a"])), ("score", scores(&[50])), ("answer", answer)];
        let fault = failed(begin(json!({"depth": 1})).play(Order::First, script(&lines)));
        assert_eq!(fault.kind, Kind::Model);
    }
}

#[test]
fn every_edge_is_taken() {
    let mut taken = BTreeSet::new();
    for (spec, refuses) in
        [(beam(json!({})), ""), (best_first(json!({})), "think/1"), (beam(json!({"width": 1})), "think/1")]
    {
        let mut world = begin(spec);
        let end = world.play(Order::First, |effect| match effect.key() {
            key if key == refuses => Answer::Refuse,
            "answer" => say(""),
            _ => binary(effect, |_| 50),
        });
        done(end);
        taken.extend(world.edges);
    }
    assert_eq!(taken, declared(&machine(json!({}))));
}

#[test]
fn a_configuration_that_cannot_be_is_refused() {
    for (name, value) in [
        ("branches", 0),
        ("branches", 10),
        ("depth", 0),
        ("depth", 13),
        ("width", 0),
        ("width", 17),
        ("score_min", 101),
        ("questions_max", 2),
        ("questions_max", 501),
    ] {
        let spec: Spec = serde_json::from_value(json!({name: value})).unwrap();
        let fault = TreeOfThoughts::new("think", spec).err().unwrap();
        assert_eq!(fault.kind, Kind::Invalid);
        assert!(fault.message.contains(&format!("\"think\" has {name} = {value}; it may be ")), "{fault}");
    }
    assert!(serde_json::from_value::<Spec>(json!({"branch": 3})).is_err());
    assert!(serde_json::from_value::<Spec>(json!({"search": "depth_first"})).is_err());
}

#[test]
fn a_run_keeps_the_spec_that_it_began_with() {
    let (old, new) = (machine(json!({"branches": 1})), machine(json!({"branches": 3})));
    let first = old.step(None, Event::Started { input: json!({"task": "x"}).into() }).unwrap();
    let Answer::Say(text) = thoughts(&["a", "b"]) else { panic!() };
    let reply = stockade_workflow::Reply { text, ..Default::default() };
    let event = Event::ended("think", ModelOutcome::Replied(Box::new(reply)));
    let next = new.step(Some((first.position, first.transition.state)), event).unwrap();
    assert_eq!((next.position, next.transition.effects[0].key()), ("EXPAND", "think-2"));
}
