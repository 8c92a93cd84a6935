//! The same call gives the same answer and uses the same fuel.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use stockade_sandbox::{Call, Config, Engine, Limits, Tool};
use stockade_workflow::Grant;

use crate::common::{ENGINE, PORTABLE_NAN, bits_of_nan, built, built_tool, call, guest, tool};

async fn fuel_and_answer(tool: &Tool, function: &str, seed: u64) -> (u64, String) {
    let arguments = json!({});
    let call = Call { function, arguments: &arguments, idempotency_key: "k", seed, limits: Limits::default() };
    let outcome = tool.call(call).await;
    (outcome.usage.fuel, outcome.result.unwrap().to_string())
}

#[tokio::test]
async fn a_hundred_calls_on_two_engines_are_one() {
    let other = Engine::new(Config { concurrency: 2, ..Config::default() }).unwrap();
    let other = Tool::new(&other, "test", other.load(&built("probe")).unwrap(), &[]).unwrap();
    let tool = built_tool("probe");
    for function in ["run", "now", "random"] {
        let mut seen = BTreeSet::new();
        for _ in 0..100 {
            seen.insert(fuel_and_answer(&tool, function, 7).await);
        }
        seen.insert(fuel_and_answer(&other, function, 7).await);
        assert_eq!(seen.len(), 1, "{function}: {seen:?}");
    }
}

#[tokio::test]
async fn the_bits_of_a_nan_are_portable_where_that_is_chosen_and_else_the_machines() {
    let portable = Engine::new(Config { concurrency: 1, portable_floats: true, ..Config::default() }).unwrap();
    assert_eq!(bits_of_nan(&portable).await, PORTABLE_NAN);
    assert!(portable.floats().is_portable());
    let of_machine = bits_of_nan(&ENGINE).await;
    let (double, single) = (f64::from_bits(of_machine.0), f32::from_bits(of_machine.1.try_into().unwrap()));
    assert!(double.is_nan() && single.is_nan(), "{of_machine:x?}");
    if cfg!(target_arch = "x86_64") {
        assert_eq!(of_machine, (0xfff8_0000_0000_0000, 0xffc0_0000));
    }
    assert_eq!(ENGINE.floats().architecture(), Some(std::env::consts::ARCH));
}

/// Every guest that is built from Rust, with a call of it that needs no grant, or that ends in a denial.
const GUESTS: [(&str, &str, &str); 7] = [
    ("policy", "within_window", r#"{"days_ago": 3, "window_days": 30}"#),
    ("letters", "write", r#"{"outcome": {"processed": 14900}}"#),
    ("purchases", "find", r#"{"user_id": "user_1"}"#),
    ("payments", "refund", r#"{"user_id": "user_1", "amount_cents": 14900}"#),
    ("probe", "echo", r#"{"text": "hello"}"#),
    ("probe", "now", "{}"),
    ("probe", "random", "{}"),
];

#[tokio::test]
async fn a_thousand_calls_of_each_guest_are_one() {
    for (guest, function, arguments) in GUESTS {
        let (tool, arguments) = (built_tool(guest), serde_json::from_str(arguments).unwrap());
        let mut seen = BTreeSet::new();
        for _ in 0..1_000 {
            let call =
                Call { function, arguments: &arguments, idempotency_key: "k", seed: 7, limits: Limits::default() };
            let outcome = tool.call(call).await;
            seen.insert(format!("{:#?} {} {}", outcome.result, outcome.usage.fuel, outcome.usage.memory_bytes_peak));
        }
        assert_eq!(seen.len(), 1, "{guest}.{function}: {seen:?}");
    }
}

#[tokio::test]
async fn chance_is_the_seed_by_every_door() {
    let (by_name, of_hash_maps) = (tool(guest("random"), &[]), built_tool("probe"));
    for (tool, function) in [(&by_name, "secure"), (&by_name, "insecure"), (&of_hash_maps, "random")] {
        let one = fuel_and_answer(tool, function, 1).await;
        assert_eq!(one, fuel_and_answer(tool, function, 1).await, "{function}");
        assert_ne!(one, fuel_and_answer(tool, function, 2).await, "{function}");
    }
}

#[tokio::test]
async fn time_moves_a_millisecond_each_time_it_is_read() {
    let tool = tool(guest("random"), &[]);
    assert_eq!(fuel_and_answer(&tool, "later", 1).await.1, "2000000");
    assert_eq!(fuel_and_answer(&tool, "resolution", 1).await.1, "1000000");
}

/// A loop around a timer of the machine's time would be a clock.
#[tokio::test]
async fn no_timer_tells_the_machines_time() {
    let tool = tool(guest("timer"), &[]);
    for (function, answer) in [("asked", "6"), ("slept", "5000000")] {
        let mut seen = BTreeSet::new();
        for _ in 0..100 {
            seen.insert(fuel_and_answer(&tool, function, 7).await);
        }
        assert_eq!(seen.len(), 1, "{function}: {seen:?}");
        assert_eq!(seen.first().unwrap().1, answer, "{function}");
    }
}

/// The clock is the machine's only where that was granted.
#[tokio::test]
async fn a_real_clock_is_granted() {
    let now =
        async |tool: &Tool| call(tool, "now", json!({}), Limits::default()).await.result.unwrap().as_u64().unwrap();
    let real = tool(ENGINE.load(&built("probe")).unwrap(), &[Grant::Clock]);
    let machine = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (before, told, after) = (machine(), now(&real).await, machine());
    assert!((before..=after).contains(&told), "{before} {told} {after}");
    let granted_other = tool(ENGINE.load(&built("probe")).unwrap(), &[Grant::Random]);
    for virtual_clock in [&built_tool("probe"), &granted_other] {
        assert_eq!(now(virtual_clock).await, 1_767_225_600);
    }
}

/// Random numbers are the machine's only where that was granted.
#[tokio::test]
async fn real_random_is_granted() {
    let random = async |tool: &Tool| call(tool, "random", json!({}), Limits::default()).await;
    let real = tool(ENGINE.load(&built("probe")).unwrap(), &[Grant::Random]);
    assert_ne!(random(&real).await.result, random(&real).await.result);
    let granted_other = tool(ENGINE.load(&built("probe")).unwrap(), &[Grant::Clock]);
    for seeded in [&built_tool("probe"), &granted_other] {
        let (one, other) = (random(seeded).await, random(seeded).await);
        assert_eq!((one.result, one.usage.fuel), (other.result, other.usage.fuel));
    }
}
