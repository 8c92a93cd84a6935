use std::sync::Arc;

use serde_json::json;
use stockade_sandbox::Limits;

use crate::world::{World, call};

/// The same call a thousand times over: one answer, one amount of fuel. And the same out of fuel, at the same place.
pub(crate) async fn run(world: Arc<World>) {
    let tool = world.tool("64-determinism.wat").unwrap();
    for (fuel, times) in [(50_000_000, 1_000), (500, 100)] {
        let limits = || Limits::default().fuel(fuel);
        let first = call(&tool, "all", json!({}), limits()).await;
        assert_eq!(first.result.is_ok(), fuel > 500, "{first:?}");
        for _ in 1..times {
            let again = call(&tool, "all", json!({}), limits()).await;
            assert_eq!((&again.result, again.usage.fuel), (&first.result, first.usage.fuel));
        }
    }
}
