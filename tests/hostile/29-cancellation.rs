use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};
use stockade_sandbox::{Limits, Tool};

use crate::world::{World, call, ended};

/// Calls that never return, dropped at each of the first places at which they wait, and one that is not.
pub(crate) async fn run(world: Arc<World>) {
    let limits = || Limits::default().fuel(u64::MAX).deadline(Duration::from_secs(30));
    let sleep = json!({"nanos": u64::MAX});
    let calls: [(&str, &str, Value); 4] = [
        ("01-tight-loop.wat", "spin", json!({})),
        ("06-instantiation/start-function.wat", "fine", json!({})),
        ("25-sleep.wat", "sleep", sleep.clone()),
        ("25-sleep.wat", "naps", json!({})),
    ];
    for (guest, function, arguments) in calls {
        let tool = world.tool(guest).unwrap();
        for awaits in 1..=8 {
            dropped_after(awaits, &tool, function, &arguments, limits()).await;
        }
    }
    let tool = world.tool("25-sleep.wat").unwrap();
    let outcome = call(&tool, "sleep", sleep, Limits::default().deadline(Duration::from_millis(20))).await;
    ended(&outcome, "deadline", "wall_us");
}

/// Drops a call when it has given way so often, or has waited a moment at one place.
async fn dropped_after(awaits: usize, tool: &Tool, function: &str, arguments: &Value, limits: Limits) {
    let mut running = pin!(call(tool, function, arguments.clone(), limits));
    let mut left = awaits;
    let dropped = poll_fn(|context| {
        left -= 1;
        match running.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    if let Ok(Some(outcome)) = tokio::time::timeout(Duration::from_millis(5), dropped).await {
        panic!("it returned: {outcome:?}");
    }
}
