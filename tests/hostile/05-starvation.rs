use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use stockade_sandbox::Limits;

use crate::world::{World, call, ended};

/// Six guests that spin on two threads, beside the polite neighbour whom the suite times.
pub(crate) async fn run(world: Arc<World>) {
    let tool = world.tool("01-tight-loop.wat").unwrap();
    let spin = |_| {
        let tool = tool.clone();
        let limits = Limits::default().fuel(u64::MAX).deadline(Duration::from_millis(100));
        tokio::spawn(async move { call(&tool, "spin", json!({}), limits).await })
    };
    let spinning: Vec<_> = (0..6).map(spin).collect();
    for spun in spinning {
        ended(&spun.await.unwrap(), "deadline", "wall_us");
    }
}
