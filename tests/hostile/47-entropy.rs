use std::sync::Arc;

use serde_json::{Value, json};
use stockade_sandbox::{Call, Limits, Tool};

use crate::world::{CALL_ID, World};

/// Two instances of one image: the same numbers for the same seed, for that is the mode, and never by accident.
pub(crate) async fn run(world: Arc<World>) {
    let tool = world.tool("64-determinism.wat").unwrap();
    for function in ["random", "insecure", "seed"] {
        let numbers = [draw(&tool, function, 1).await, draw(&tool, function, 2).await, draw(&tool, function, 1).await];
        assert_eq!(numbers[0], numbers[2], "{function}");
        assert_ne!(numbers[0], numbers[1], "{function}");
    }
    assert_ne!(draw(&tool, "random", 1).await, draw(&tool, "insecure", 1).await);
}

async fn draw(tool: &Tool, function: &str, seed: u64) -> Value {
    let arguments = json!({});
    let call = Call { function, arguments: &arguments, idempotency_key: CALL_ID, seed, limits: Limits::default() };
    tool.call(call).await.result.unwrap()
}
