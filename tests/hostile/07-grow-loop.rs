use std::sync::Arc;

use serde_json::json;
use stockade_sandbox::Limits;

use crate::footprint::Peak;
use crate::world::{World, call, ended};

const CAP: u64 = 16 << 20;
/// The store, the stack, the neighbour.
const OVERHEAD: u64 = 4 << 20;

pub(crate) async fn run(world: Arc<World>) {
    let tool = world.tool("07-grow-loop.wat").unwrap();
    let peak = Peak::start();
    let outcome = call(&tool, "grow", json!({}), Limits::default().memory_bytes(CAP)).await;
    let breach = ended(&outcome, "memory", "memory_bytes").breach.unwrap();
    assert_eq!((breach.allowed, breach.used), (CAP, CAP + (64 << 10)));
    assert!(outcome.usage.memory_bytes_peak <= CAP);
    assert!(peak.bytes() <= CAP + OVERHEAD, "{} bytes", peak.bytes());
}
