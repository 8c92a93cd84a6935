use std::sync::Arc;

use serde_json::{Value, json};
use stockade_sandbox::Limits;

use crate::footprint::Peak;
use crate::world::{World, call, ended};

const CAP: u64 = 4 << 20;
/// Four times what is configured, as the catalogue says, and the guest's own memory, which is not the host's to save.
const PEAK: u64 = 4 * CAP + (4 << 20);

pub(crate) async fn run(world: Arc<World>) {
    let tool = world.tool("19-value-amplification.wat").unwrap();
    let calls: [(&str, Value); 4] = [
        ("lists", json!({"count": 500_000, "length": 0})),
        ("lists", json!({"count": 1_000, "length": 4_000_000})),
        ("lists", json!({"count": 100_000, "length": 100})),
        ("bytes", json!({"count": 4_000_000})),
    ];
    for (function, arguments) in calls {
        let peak = Peak::start();
        let limits = Limits::default().hostcall_bytes(CAP);
        let outcome = call(&tool, function, arguments.clone(), limits).await;
        ended(&outcome, "output", "hostcall_bytes");
        assert!(peak.bytes() <= PEAK, "{function} {arguments}: {} bytes", peak.bytes());
    }
}
