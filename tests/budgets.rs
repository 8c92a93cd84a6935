//! Budgets through the binary: a run that exhausts its own is suspended with its state intact, and goes on.

use serde_json::json;
use stockade_tests::{Answer, Place};

/// More than a refund takes, of everything that one spends.
const ENOUGH: &str = "fuel=1000000,memory=16MiB,wall=1m,steps=20,tool_calls=20,journal=1M";

fn add(place: &Place, run: &str, amounts: &str) -> Answer {
    place.json(&["budget", run, "--add", amounts])
}

#[track_caller]
fn assert_suspended(answer: &Answer, kind: &str, limit: &str, allowed: u64) {
    assert_eq!((answer.exit, &answer.json["status"]), (Some(4), &json!("suspended")), "{answer:#?}");
    let error = &answer.json["error"];
    let named = (error["kind"].as_str(), error["limit"].as_str(), error["allowed"].as_u64());
    assert_eq!(named, (Some(kind), Some(limit), Some(allowed)), "{error}");
    assert!(error["used"].is_u64() && error["message"].as_str().unwrap().contains(limit), "{error}");
}

#[track_caller]
fn assert_refunded(place: &Place, answer: &Answer) {
    assert_eq!((answer.exit, &answer.json["state"]), (Some(0), &json!("COMPLETE")), "{answer:#?}");
    assert_eq!(answer.json["output"]["outcome"], "processed");
    let booked = place.refunds().into_iter().filter(|key| key.starts_with(&answer.run())).count();
    assert_eq!(booked, 1, "{answer:#?}");
}

/// Each currency in turn is too small, the others being at their defaults.
#[test]
fn each_currency_suspends_and_more_of_it_goes_on() {
    let place = Place::new();
    let whole = place.refund("user_789", &[]);
    let cases = [
        ("fuel=2000", "fuel", "fuel", 2_000, 2_000),
        ("memory=100KiB", "memory", "memory", 102_400, 102_401),
        ("wall=0", "deadline", "wall", 0, 0),
        ("steps=3", "agent", "steps", 3, 3),
        ("tool_calls=2", "agent", "tool_calls", 2, 2),
        ("journal=4K", "agent", "journal", 4_096, 1_000),
    ];
    for (budget, kind, limit, allowed, least) in cases {
        let suspended = place.refund("user_789", &["--budget", budget]);
        assert_suspended(&suspended, kind, limit, allowed);
        assert!(suspended.json["error"]["used"].as_u64().unwrap() >= least, "{suspended:#?}");
        let run = suspended.run();
        // Nothing that was done is lost, and looking at it or resuming it changes nothing.
        let before = place.marks();
        assert_eq!(place.json(&["show", &run]).json["log"], suspended.json["log"]);
        assert_suspended(&place.json(&["resume", &run]), kind, limit, allowed);
        assert_eq!(place.json(&["resume"]).json, json!([]));
        assert_eq!(place.marks(), before);
        let ended = add(&place, &run, ENOUGH);
        assert_refunded(&place, &ended);
        assert_eq!((&ended.json["log"], ended.run()), (&whole.json["log"], run));
    }
}

#[test]
fn the_command_that_is_shown_names_the_currency() {
    let place = Place::new();
    let input = r#"{"user_id": "user_789", "request": "x"}"#;
    let suspended = place.call(&["run", "refund", "--input", input, "--budget", "tool_calls=2"]);
    assert_eq!(suspended.exit, Some(4));
    assert!(suspended.stdout.contains("tool_calls: 2 allowed, 2 used"), "{suspended:#?}");
    let command = suspended.stdout.lines().last().unwrap().trim();
    let args: Vec<_> = command.split(' ').skip(1).map(|arg| arg.replace("AMOUNT", "5")).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let ended = place.call(&args);
    assert!(ended.exit == Some(0) && ended.stdout.contains("successfully processed"), "{ended:#?}");
}

/// Whatever the first budget is, adding enough ends the run, with one refund.
///
/// Returns how many of them suspended the run.
fn cut_everywhere(budgets: impl Iterator<Item = String>) -> usize {
    let place = Place::new();
    let mut suspended = 0;
    for budget in budgets {
        let cut = place.refund("user_789", &["--budget", &budget]);
        suspended += usize::from(cut.exit == Some(4));
        let ended = if cut.exit == Some(4) { add(&place, &cut.run(), ENOUGH) } else { cut };
        assert_refunded(&place, &ended);
    }
    suspended
}

#[test]
fn a_budget_of_any_number_of_steps_or_calls_ends_with_one_refund() {
    let steps = (0..=6).map(|steps| format!("steps={steps}"));
    assert_eq!(cut_everywhere(steps.chain((0..=5).map(|calls| format!("tool_calls={calls}")))), 6 + 5);
}

#[test]
fn a_budget_of_any_fuel_ends_with_one_refund() {
    let suspended = cut_everywhere((0..=7_500).step_by(250).map(|fuel| format!("fuel={fuel}")));
    assert!((20..=30).contains(&suspended), "{suspended}");
}

/// A little more each time, until it is enough.
#[test]
fn one_step_and_one_call_at_a_time() {
    let place = Place::new();
    let mut answer = place.refund("user_789", &["--budget", "steps=0,tool_calls=0"]);
    let mut times = 0;
    while answer.exit == Some(4) {
        let more = if answer.json["error"]["limit"] == "steps" { "steps=1" } else { "tool_calls=1" };
        answer = add(&place, &answer.run(), more);
        times += 1;
        assert!(times <= 11, "{answer:#?}");
    }
    assert_refunded(&place, &answer);
    assert_eq!(
        (times, &answer.json["usage"]["steps"], &answer.json["usage"]["tool_calls"]),
        (11, &json!(6), &json!(5))
    );
}

/// A suspended run keeps its question, and the answer keeps the suspension.
#[test]
fn approving_does_not_lift_a_budget() {
    let place = Place::new();
    let asked = place.refund("user_123", &["--budget", "steps=5"]);
    assert_eq!(asked.exit, Some(3), "{asked:#?}");
    let run = asked.run();
    assert_suspended(&place.json(&["approve", &run, "--by", "dana"]), "agent", "steps", 5);
    assert_eq!(place.refunds().len(), 0);
    assert_refunded(&place, &add(&place, &run, ENOUGH));
}

#[test]
fn adding_to_a_run_that_waits_leaves_it_waiting() {
    let place = Place::new();
    let run = place.refund("user_123", &[]).run();
    let added = add(&place, &run, "fuel=5");
    assert_eq!((added.exit, &added.json["budget"]["fuel"]), (Some(3), &json!(200_000_005)));
    assert_refunded(&place, &place.json(&["approve", &run, "--by", "dana"]));
}

#[test]
fn a_budget_of_zero_stops_no_run_that_spends_none() {
    let place = Place::new();
    assert_refunded(&place, &place.refund("user_789", &["--budget", "model_calls=0,tokens=0,money=0"]));
}

/// What help says is what a run gets.
#[test]
fn the_default_is_finite_and_printed() {
    let place = Place::new();
    let help = place.call(&["run", "--help"]).stdout;
    let lines = help.lines().skip_while(|line| !line.contains("default budget")).skip(1);
    let line: String = lines.take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let line = line.as_str();
    for currency in stockade::Currency::ALL {
        assert!(line.contains(&format!("{}=", currency.name())), "{line}");
    }
    let (given, printed) = (place.refund("user_789", &[]), place.refund("user_789", &["--budget", line]));
    assert_eq!(given.json["budget"], printed.json["budget"]);
    assert!(
        given.json["budget"]
            .as_object()
            .unwrap()
            .values()
            .all(|amount| (1..1 << 40).contains(&amount.as_u64().unwrap()))
    );
}

#[test]
fn a_budget_is_shown_with_what_is_spent_of_it() {
    let place = Place::new();
    let run = place.refund("user_789", &[]);
    let looked = place.json(&["budget", &run.run()]);
    assert_eq!(
        (looked.exit, &looked.json["usage"], &looked.json["budget"]),
        (Some(0), &run.json["usage"], &run.json["budget"])
    );
}
