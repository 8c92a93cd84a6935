use std::sync::Arc;

use serde_json::json;
use stockade_sandbox::Limits;

use crate::world::{World, call, ended};

/// Nothing of `wasi:sockets` can be used: without a socket there is nothing to bind, to listen with, or to send from.
pub(crate) async fn run(world: Arc<World>) {
    let tool = world.granted("host/sandbox/tests/guests/sockets.wat", &[]);
    for (function, what) in [("tcp", "a TCP socket"), ("udp", "a UDP socket"), ("resolve", "a name's addresses")] {
        let outcome = call(&tool, function, json!({}), Limits::default()).await;
        let fault = ended(&outcome, "denied", "");
        assert!(fault.message.contains(&format!("asked for {what}, which no grant allows")), "{fault}");
    }
}
