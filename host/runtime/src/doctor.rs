//! Trips the limits of a call once (but those of the log, of egress and of files), so that an operator knows that they hold on this machine, and not only on ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value, json};
use stockade_sandbox::{Call, Limits, Outcome, Tool};
use stockade_workflow::{Fault, Kind};
use tokio::task::JoinHandle;

use crate::{Host, Result, Source};

/// What came of one limit.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// The limit.
    pub limit: &'static str,
    /// What it was set to for the trial.
    pub allowed: u64,
    /// Whether it, and no other, stopped the guest.
    pub fired: bool,
    /// The kind of the error that stopped the guest, if anything did.
    pub kind: Option<Kind>,
    /// How long the guest took to its end, in milliseconds.
    pub ms: f64,
    /// Whether another tool, called on the same engine all the while, gave right answers in a time that is usual for it.
    pub neighbour_ok: bool,
}

/// A guest that runs into one limit.
struct Trip {
    limit: &'static str,
    guest: Guest,
    function: &'static str,
    arguments: Value,
    /// What the limit is set to; of a limit that is not one of [`Limits`], what it always is.
    allowed: u64,
}

#[derive(Clone, Copy)]
enum Guest {
    /// Imports nothing.
    Pure,
    /// Calls the host.
    Caller,
}

const PURE: &str = include_str!("doctor/pure.wat");
const CALLER: &str = include_str!("doctor/caller.wat");
const NEIGHBOUR: &str = include_str!("doctor/neighbour.wat");

/// Calls of the neighbour from which its usual time is taken, and during each trial.
const QUIET_CALLS: usize = 100;
const CALLS: usize = 10;
/// What the neighbour may take in any case: less than a machine's scheduler can promise.
const FLOOR: Duration = Duration::from_millis(5);

/// Trips the limits once, one after the other, each beside a neighbour whose calls are watched.
///
/// It takes about half a second, three slots of the pool, and no rights: call it when a service starts.
///
/// # Errors
///
/// The host has fewer than three slots, or one of the guests cannot be loaded.
pub async fn examine(host: &Host) -> Result<Vec<Check>> {
    let (pure, caller) = (load(host, PURE)?, load(host, CALLER)?);
    let neighbour = load(host, NEIGHBOUR)?;
    let usual = usual(&neighbour).await?;
    let mut checks = Vec::new();
    for trip in trips() {
        let tool = match trip.guest {
            Guest::Pure => &pure,
            Guest::Caller => &caller,
        };
        checks.push(trip.check(tool, &neighbour, usual).await?);
    }
    Ok(checks)
}

/// One for each limit.
///
/// Not here: "log_bytes", "egress_requests" and "egress_bytes", "fs_bytes", "fs_files" and "fs_depth", which need a grant, a
/// server or a folder to fire. `PENDING` in the tests below names those that are fields of [`Limits`].
fn trips() -> Vec<Trip> {
    use Guest::{Caller, Pure};
    vec![
        trip("fuel", 100_000, Pure, "spin", json!({})),
        trip("wall_us", 20_000, Pure, "spin", json!({})),
        trip("memory_bytes", 1 << 20, Pure, "grow", json!({})),
        trip("table_elements", 1_000, Pure, "grow_table", json!({})),
        trip("instances", 1, Pure, "spin", json!({})),
        trip("memories", 1, Pure, "spin", json!({})),
        trip("tables", 1, Pure, "spin", json!({})),
        trip("stack_bytes", Limits::STACK_BYTES, Pure, "recurse", json!({})),
        trip("host_calls", 10, Caller, "time", json!({"times": 11})),
        trip("hostcall_bytes", 1_000, Caller, "write", json!({"bytes": 1_001})),
        trip("host_bytes", 1_000, Caller, "random", json!({"times": 2, "bytes": 600})),
        trip("host_us", 10_000, Caller, "sleep", json!({"nanos": u64::MAX})),
        trip("handles", 10, Caller, "streams", json!({})),
        trip("resources", 10, Caller, "streams", json!({})),
        trip("argument_bytes", 10, Pure, "listen", json!({"text": "x".repeat(100)})),
        trip("output_bytes", 100, Pure, "speak", json!({"bytes": 1_000})),
        trip("stdio_bytes", 100, Caller, "write", json!({"bytes": 101})),
    ]
}

fn trip(limit: &'static str, allowed: u64, guest: Guest, function: &'static str, arguments: Value) -> Trip {
    Trip { limit, guest, function, arguments, allowed }
}

impl Trip {
    async fn check(&self, tool: &Tool, neighbour: &Tool, usual: Duration) -> Result<Check> {
        let limits = self.limits()?;
        let neighbour = Neighbour::start(neighbour.clone());
        let started = Instant::now();
        let outcome = call(tool, self.function, &self.arguments, limits).await;
        let ms = started.elapsed().as_micros() as f64 / 1_000.0;
        let neighbour_ok = neighbour.unharmed(usual).await;
        let fault = outcome.result.err();
        let breach = fault.as_ref().and_then(|fault| fault.breach.as_deref());
        let fired = breach.is_some_and(|breach| breach.limit == self.limit && breach.allowed == self.allowed);
        let kind = fault.as_ref().map(|fault| fault.kind);
        Ok(Check { limit: self.limit, allowed: self.allowed, fired, kind, ms, neighbour_ok })
    }

    /// The defaults but for the limit in question; and without a bound on fuel where fuel would be sooner.
    fn limits(&self) -> Result<Limits> {
        let mut limits = Map::from_iter([("fuel".to_owned(), u64::MAX.into())]);
        if self.limit != "stack_bytes" {
            limits.insert(self.limit.to_owned(), self.allowed.into());
        }
        serde_json::from_value(limits.into()).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))
    }
}

fn load(host: &Host, text: &str) -> Result<Tool> {
    let wasm = wat::parse_str(text).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?;
    host.load("doctor", &Source::from(wasm), &[])
}

async fn call(tool: &Tool, function: &str, arguments: &Value, limits: Limits) -> Outcome {
    tool.call(Call { function, arguments, idempotency_key: "doctor", seed: 0, limits }).await
}

/// A tool that is called again and again while something else happens.
struct Neighbour {
    calls: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
    task: JoinHandle<Result<Vec<Duration>>>,
}

impl Neighbour {
    fn start(tool: Tool) -> Self {
        let (calls, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counter, stop) = (calls.clone(), enough.clone());
        let task = tokio::spawn(async move {
            let mut times = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                times.push(double(&tool).await?);
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
            Ok(times)
        });
        Self { calls, enough, task }
    }

    async fn unharmed(self, usual: Duration) -> bool {
        while self.calls.load(Ordering::Relaxed) < CALLS && !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
        self.enough.store(true, Ordering::Relaxed);
        match self.task.await {
            Ok(Ok(times)) => percentile(times, 50) <= usual * 2 + FLOOR,
            _ => false,
        }
    }
}

/// Returns what 99 of 100 calls of the neighbour take no longer than, while nothing else happens.
async fn usual(tool: &Tool) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..QUIET_CALLS {
        times.push(double(tool).await?);
    }
    Ok(percentile(times, 99))
}

async fn double(tool: &Tool) -> Result<Duration> {
    let started = Instant::now();
    let answer = call(tool, "double", &json!({"number": 21}), Limits::default()).await.result?;
    if answer != 42 {
        return Err(Fault::new(Kind::HostBug, format!("the neighbour answered {answer} and not 42")));
    }
    Ok(started.elapsed())
}

fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort_unstable();
    times.get(times.len() * percent / 100).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Limits of capabilities that are not there yet.
    const PENDING: [&str; 3] = ["egress_bytes", "egress_requests", "log_bytes"];

    #[test]
    fn no_limit_is_forgotten() {
        let fields = serde_json::to_value(Limits::default()).unwrap();
        let fields: BTreeSet<_> = fields.as_object().unwrap().keys().cloned().collect();
        let tripped = trips().into_iter().map(|trip| trip.limit).chain(PENDING);
        let tripped: BTreeSet<_> = tripped.filter(|limit| *limit != "stack_bytes").map(str::to_owned).collect();
        assert_eq!(tripped, fields);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_limit_fires() {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::builder().journal(folder.path().join("journal.db")).concurrency(4).build().await.unwrap();
        for check in examine(&host).await.unwrap() {
            assert!(check.fired, "{check:?}");
        }
    }

    /// A limit that is not reached did not fire, and neither did one that another one forestalled.
    #[tokio::test]
    async fn what_does_not_fire_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::builder().journal(folder.path().join("journal.db")).concurrency(4).build().await.unwrap();
        let (pure, neighbour) = (load(&host, PURE).unwrap(), load(&host, NEIGHBOUR).unwrap());
        let unreached = trip("output_bytes", 5_000, Guest::Pure, "speak", json!({"bytes": 1_000}));
        let forestalled = trip("wall_us", 60_000_000, Guest::Pure, "recurse", json!({}));
        for (trip, kind) in [(unreached, None), (forestalled, Some(Kind::Stack))] {
            let check = trip.check(&pure, &neighbour, Duration::from_secs(1)).await.unwrap();
            assert_eq!((check.fired, check.kind), (false, kind), "{check:?}");
        }
    }
}
