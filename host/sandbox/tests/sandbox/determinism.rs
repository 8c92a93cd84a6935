//! The same call gives the same answer and uses the same fuel.

use std::collections::BTreeSet;

use serde_json::json;
use stockade_sandbox::{Call, Config, Engine, Limits, Tool};

use crate::common::{built, built_tool};

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
async fn another_seed_is_another_random() {
    let tool = built_tool("probe");
    let (_, one) = fuel_and_answer(&tool, "random", 1).await;
    let (_, two) = fuel_and_answer(&tool, "random", 2).await;
    assert_ne!(one, two);
}
