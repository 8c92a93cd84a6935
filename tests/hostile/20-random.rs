use std::sync::Arc;

use serde_json::json;
use stockade_sandbox::Limits;

use crate::footprint::Peak;
use crate::world::{World, call, ended};

/// More random bytes than there is memory, in one call and in many. Nothing is allocated for what is refused.
pub(crate) async fn run(world: Arc<World>) {
    let tool = world.tool("18-large-arguments.wat").unwrap();
    let take = |times: u32, bytes: u64| json!({"times": times, "bytes": bytes});
    for bytes in [u64::MAX, 1 << 40, 65_537] {
        let peak = Peak::start();
        let fault =
            ended(&call(&tool, "random", take(1, bytes), Limits::default()).await, "hostcall_bytes", "random_bytes");
        assert_eq!(fault.breach.unwrap().used, bytes);
        assert!(peak.bytes() < 2 << 20, "{} bytes", peak.bytes());
    }
    let limits = Limits::default().host_bytes(1 << 20);
    let often = call(&tool, "random", take(5_000, 65_536), limits).await;
    let breach = ended(&often, "hostcall_bytes", "host_bytes").breach.unwrap();
    assert_eq!((breach.allowed, breach.used), (1 << 20, (1 << 20) + 65_536));
}
