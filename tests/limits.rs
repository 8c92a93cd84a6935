//! Guests that take what they can: each is stopped by a typed error, and no other guest notices.

use std::time::Duration;

use serde_json::{Value, json};
use stockade::{Budget, Call, Host, Limits, Outcome, Source, Tool};
use stockade_tests::{Place, dist, input};

/// A guest, what its call may use, and the error that must end it: kind, limit, allowed and the least that was used.
struct Hostile {
    guest: &'static str,
    budget: &'static str,
    kind: &'static str,
    breach: Option<(&'static str, u64, u64)>,
}

const fn hostile(
    guest: &'static str,
    budget: &'static str,
    kind: &'static str,
    breach: Option<(&'static str, u64, u64)>,
) -> Hostile {
    Hostile { guest, budget, kind, breach }
}

const HOSTILE: [Hostile; 9] = [
    hostile("spin", "fuel=1000000", "fuel", Some(("fuel", 1_000_000, 1_000_000))),
    hostile("spin", "fuel=0", "fuel", Some(("fuel", 0, 0))),
    hostile("spin", "fuel=10000000000000,wall=50ms", "deadline", Some(("wall_us", 50_000, 50_000))),
    hostile("fine", "wall=0", "deadline", Some(("wall_us", 0, 0))),
    hostile("grow", "memory=4MiB", "memory", Some(("memory_bytes", 4 << 20, (4 << 20) + 1))),
    hostile("recurse", "fuel=50000000", "stack", Some(("stack_bytes", 8 << 20, 8 << 20))),
    hostile("flood", "fuel=50000000", "output", Some(("hostcall_bytes", 4 << 20, (4 << 20) + 1))),
    hostile("two-megabytes", "fuel=50000000", "output", Some(("output_bytes", 1 << 20, (1 << 20) + 1))),
    hostile("trap", "fuel=50000000", "trap", None),
];

#[track_caller]
fn assert_stopped(error: &Value, kind: &str, breach: Option<(&str, u64, u64)>) {
    assert_eq!(error["kind"], kind, "{error}");
    assert!(error["tool"].is_string() && error["call_id"].is_string(), "{error}");
    match breach {
        None => assert!(error.get("limit").is_none(), "{error}"),
        Some((limit, allowed, least)) => {
            assert_eq!((&error["limit"], &error["allowed"]), (&json!(limit), &json!(allowed)), "{error}");
            assert!(error["used"].as_u64().unwrap() >= least, "{error}");
        }
    }
}

#[test]
fn each_gives_its_typed_error_through_the_binary_and_the_next_call_works() {
    let place = Place::new();
    let fine = place.guest("fine");
    for Hostile { guest, budget, kind, breach } in HOSTILE {
        let path = place.guest(guest);
        let stopped = place.json(&["tool", "call", &path, "run", "{}", "--budget", budget]);
        assert_eq!(stopped.exit, Some(1), "{guest} {stopped:#?}");
        assert_stopped(&stopped.json["error"], kind, breach);
        let next = place.json(&["tool", "call", &fine, "run", "{}"]);
        assert_eq!((next.exit, &next.json["output"]), (Some(0), &json!(42)), "after {guest}");
    }
    assert_eq!(place.marks(), (0, 0, 0));
}

/// The limits of a call are finite where none is set.
#[test]
fn a_guest_is_ended_by_the_default_limits() {
    let place = Place::new();
    for (guest, kind, limit) in [("spin", "fuel", "fuel"), ("grow", "memory", "memory_bytes")] {
        let stopped = place.json(&["tool", "call", &place.guest(guest), "run"]);
        assert_eq!((stopped.exit, &stopped.json["error"]["kind"]), (Some(1), &json!(kind)), "{stopped:#?}");
        assert_eq!(stopped.json["error"]["limit"], limit);
    }
}

#[test]
fn what_a_guest_prints_is_its_own_and_ends_at_a_cap() {
    let place = Place::new();
    let probe = dist("probe").display().to_string();
    let fits = place.json(&["tool", "call", &probe, "print", r#"{"bytes": 5}"#]);
    assert_eq!((fits.exit, fits.json["stdout"].as_str().map(str::len)), (Some(0), Some(5)), "{fits:#?}");
    let flood = place.json(&["tool", "call", &probe, "print", r#"{"bytes": 1000000}"#]);
    assert_eq!(flood.exit, Some(1));
    assert_stopped(&flood.json["error"], "output", Some(("stdio_bytes", 64 << 10, (64 << 10) + 1)));
}

fn load(host: &Host, name: &str) -> Tool {
    host.load(name, &Source::from(stockade_tests::guest(name)), &[]).unwrap()
}

async fn run(tool: &Tool, limits: Limits) -> stockade::Result<Value> {
    let call = Call { function: "run", arguments: &json!({}), idempotency_key: "test", seed: 0, limits };
    tool.call(call).await.result
}

/// One host, one engine: after each that was stopped the next call works, and a refund too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_serves_the_next_call_in_the_same_process() {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let fine = load(&host, "fine");
    for Hostile { guest, kind, .. } in HOSTILE.iter().filter(|hostile| hostile.guest != "fine") {
        let fault = run(&load(&host, guest), Limits::default().fuel(100_000_000)).await.unwrap_err();
        let expected = if *guest == "spin" { "fuel" } else { kind };
        assert_eq!(json!(fault.kind), expected, "{guest}: {fault}");
        assert_eq!(run(&fine, Limits::default()).await, Ok(json!(42)), "after {guest}");
    }
    let refund = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    assert!(matches!(refund.settled().await.unwrap(), Outcome::Done(_)));
}

/// Guests that spin on every worker do not keep others from their calls, nor a refund from its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_that_runs_at_the_same_time_is_unharmed() {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let (fine, spin) = (load(&host, "fine"), load(&host, "spin"));
    // Longer than any machine takes for a few calls.
    let endless = Limits::default().fuel(u64::MAX).deadline(Duration::from_secs(120));
    let spinning: Vec<_> = (0..4)
        .map(|_| {
            let (spin, endless) = (spin.clone(), endless.clone());
            tokio::spawn(async move { run(&spin, endless).await })
        })
        .collect();
    for _ in 0..3 {
        assert_eq!(run(&fine, Limits::default()).await, Ok(json!(42)));
        let refund = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
        assert!(matches!(refund.settled().await.unwrap(), Outcome::Done(_)));
    }
    assert!(!spinning.iter().any(tokio::task::JoinHandle::is_finished));
    // Who is no longer waited for stops, and gives its place back.
    spinning.iter().for_each(tokio::task::JoinHandle::abort);
    for stopped in spinning {
        assert!(stopped.await.unwrap_err().is_cancelled());
    }
    assert_eq!(run(&fine, Limits::default()).await, Ok(json!(42)));
}
