use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::json;
use stockade_sandbox::{Limits, Tool};
use tokio::task::JoinHandle;

use crate::world::call;

/// Another tenant of the same engine, who calls a small tool all the time.
pub(crate) struct Neighbour {
    calls: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
    task: JoinHandle<Vec<Duration>>,
}

/// Calls from which the quiet time is taken.
const QUIET_CALLS: usize = 200;
/// What a call may take in any case. Its quiet time is some 0.1 ms, less than one turn of the machine's scheduler.
const FLOOR: Duration = Duration::from_millis(4);

impl Neighbour {
    /// Returns the 99th percentile of the neighbour's calls while nothing else happens.
    pub(crate) async fn quiet_p99(tool: &Tool) -> Duration {
        let mut times = Vec::new();
        for _ in 0..QUIET_CALLS {
            times.push(once(tool).await);
        }
        percentile(times, 99)
    }

    pub(crate) fn start(tool: Tool) -> Self {
        let (calls, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counter, stop) = (calls.clone(), enough.clone());
        let task = tokio::spawn(async move {
            let mut times = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                times.push(once(&tool).await);
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
            times
        });
        Self { calls, enough, task }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Ends the neighbour's calls and says whether they took too long, for a quiet time.
    pub(crate) async fn unharmed(self, quiet_p99: Duration) -> anyhow::Result<()> {
        self.enough.store(true, Ordering::Relaxed);
        let times = self.task.await.context("the neighbour got a wrong answer")?;
        let (count, median) = (times.len(), percentile(times, 50));
        let most = quiet_p99 * 2 + FLOOR;
        ensure!(median <= most, "the neighbour's {count} calls took {median:?}, more than {most:?}");
        Ok(())
    }
}

async fn once(tool: &Tool) -> Duration {
    let started = Instant::now();
    assert_eq!(call(tool, "double", json!({"number": 21}), Limits::default()).await.result, Ok(json!(42)));
    started.elapsed()
}

fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort_unstable();
    times.get(times.len() * percent / 100).copied().unwrap_or_default()
}
