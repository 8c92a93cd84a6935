//! Trips every limit of a call once, so that an operator knows that they hold on this machine, and not only on ours.

mod grounds;
mod neighbour;

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value, json};
use stockade_sandbox::{Call, Limits, Outcome, Tool};
use stockade_workflow::{Fault, Grant, Kind};

use grounds::{AT, Grounds, QUOTA};
use neighbour::Neighbour;

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

/// Limits that are not set by the call: by the engine, and by the grant of a directory.
const ELSEWHERE: [&str; 4] = ["stack_bytes", "fs_bytes", "fs_files", "fs_depth"];

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
    /// Sends requests.
    Fetch,
    /// Writes files.
    Files,
}

const PURE: &str = include_str!("doctor/pure.wat");
const CALLER: &str = include_str!("doctor/caller.wat");
const NEIGHBOUR: &str = include_str!("doctor/neighbour.wat");
// What they import has types that would be long to write by hand.
const FETCH: &[u8] = include_bytes!(concat!(env!("STOCKADE_GUESTS"), "/fetch.wasm"));
const FILES: &[u8] = include_bytes!(concat!(env!("STOCKADE_GUESTS"), "/files.wasm"));

/// A machine that is busy with other things slows a neighbour down now and then; a limit that fails does so each time.
const ATTEMPTS: usize = 4;

/// Trips every limit once, one after the other, each beside a neighbour whose calls are watched.
///
/// It takes about a second, three slots of the pool, and no rights: what it writes goes into a folder of its own beside
/// the journal, which is removed in the end, and it sends requests to itself on loopback. Call it when a service starts.
///
/// # Errors
///
/// The host has fewer than three slots, one of the guests cannot be loaded, or there is no place for that folder or no
/// loopback.
pub async fn examine(host: &Host) -> Result<Vec<Check>> {
    let surgery = Surgery::new(host).await?;
    let mut checks = Vec::new();
    for trip in trips(&surgery.grounds.authority) {
        checks.push(surgery.check(&trip).await?);
    }
    Ok(checks)
}

/// Everything that an examination needs.
struct Surgery {
    grounds: Grounds,
    guests: [Tool; 4],
    neighbour: Tool,
    /// Within what time the neighbour answers while nothing else happens.
    usual: Duration,
}

impl Surgery {
    async fn new(host: &Host) -> Result<Self> {
        let grounds = Grounds::new(host.folder()).await?;
        let guests = [
            load(host, text(PURE)?, &[])?,
            load(host, text(CALLER)?, &[Grant::Log])?,
            load(host, FETCH.into(), &[grounds.server()])?,
            load(host, FILES.into(), &[grounds.folder()])?,
        ];
        let neighbour = load(host, text(NEIGHBOUR)?, &[])?;
        let usual = neighbour::usual(&neighbour).await?;
        Ok(Self { grounds, guests, neighbour, usual })
    }

    async fn check(&self, trip: &Trip) -> Result<Check> {
        let mut usual = self.usual;
        let mut check = self.attempt(trip, usual).await?;
        for _ in 1..ATTEMPTS {
            if check.neighbour_ok || !check.fired {
                break;
            }
            // The machine may have become busy since.
            usual = usual.max(neighbour::usual(&self.neighbour).await?);
            check = self.attempt(trip, usual).await?;
        }
        Ok(check)
    }

    async fn attempt(&self, trip: &Trip, usual: Duration) -> Result<Check> {
        self.grounds.sweep()?;
        let limits = trip.limits()?;
        let neighbour = Neighbour::start(self.neighbour.clone()).await;
        let started = Instant::now();
        let outcome = call(self.tool(trip.guest), trip.function, &trip.arguments, limits).await;
        let ms = started.elapsed().as_micros() as f64 / 1_000.0;
        let neighbour_ok = neighbour.was_unharmed(started, usual).await;
        let fault = outcome.result.err();
        let kind = fault.as_ref().map(|fault| fault.kind);
        let fired = fault.is_some_and(|fault| trip.is_why(&fault));
        Ok(Check { limit: trip.limit, allowed: trip.allowed, fired, kind, ms, neighbour_ok })
    }

    fn tool(&self, guest: Guest) -> &Tool {
        let [pure, caller, fetch, files] = &self.guests;
        match guest {
            Guest::Pure => pure,
            Guest::Caller => caller,
            Guest::Fetch => fetch,
            Guest::Files => files,
        }
    }
}

/// One for each limit.
fn trips(authority: &str) -> Vec<Trip> {
    use Guest::{Caller, Fetch, Files, Pure};
    // What is too long is in the head, which is sent before anything can be answered.
    let request = |bytes: u64| {
        let header = "x".repeat(bytes as usize);
        json!({
            "method": "POST", "scheme": "http", "authority": authority, "path": "/", "headers": [["x", header]],
            "body": [], "trailers": [], "timeout": null, "secret": null,
        })
    };
    let file = |action: &str, path: &str, extra: String| json!({"action": action, "path": format!("{AT}/{path}"), "extra": extra});
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
        trip("log_bytes", 100, Caller, "log", json!({"bytes": 101})),
        trip("egress_requests", 2, Fetch, "repeat", json!({"request": request(1), "times": 3})),
        trip("egress_bytes", 1_000, Fetch, "send", json!({"request": request(1_000)})),
        trip("fs_bytes", QUOTA.bytes, Files, "std_file", file("write", "1", "x".repeat(101))),
        trip("fs_files", QUOTA.files, Files, "std_file", file("mkdir-all", "1/2/3", String::new())),
        trip("fs_depth", QUOTA.depth, Files, "std_file", file("mkdir", "1/2/3/4", String::new())),
    ]
}

fn trip(limit: &'static str, allowed: u64, guest: Guest, function: &'static str, arguments: Value) -> Trip {
    Trip { limit, guest, function, arguments, allowed }
}

impl Trip {
    /// The defaults but for the limit in question; and without a bound on fuel where fuel would be sooner.
    fn limits(&self) -> Result<Limits> {
        let mut limits = Map::from_iter([("fuel".to_owned(), u64::MAX.into())]);
        if !ELSEWHERE.contains(&self.limit) {
            limits.insert(self.limit.to_owned(), self.allowed.into());
        }
        serde_json::from_value(limits.into()).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))
    }

    /// Whether it was this limit, and no other, that stopped a guest.
    fn is_why(&self, fault: &Fault) -> bool {
        let breach = fault.breach.as_deref();
        breach.is_some_and(|breach| breach.limit == self.limit && breach.allowed == self.allowed)
    }
}

fn text(wat: &str) -> Result<Source> {
    let wasm = wat::parse_str(wat).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?;
    Ok(wasm.into())
}

fn load(host: &Host, source: Source, grants: &[Grant]) -> Result<Tool> {
    host.load_own("doctor", &source, grants)
}

async fn call(tool: &Tool, function: &str, arguments: &Value, limits: Limits) -> Outcome {
    tool.call(Call { function, arguments, idempotency_key: "doctor", seed: 0, limits }).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    #[test]
    fn no_limit_is_forgotten() {
        let fields = serde_json::to_value(Limits::default()).unwrap();
        let quota = serde_json::to_value(QUOTA).unwrap();
        let quota = quota.as_object().unwrap().keys().map(|key| format!("fs_{key}"));
        let fields = fields.as_object().unwrap().keys().cloned().chain(quota).chain(["stack_bytes".to_owned()]);
        let tripped: BTreeSet<_> = trips("").into_iter().map(|trip| trip.limit.to_owned()).collect();
        assert_eq!(tripped, fields.collect());
    }

    async fn host(folder: &tempfile::TempDir) -> Host {
        Host::builder().journal(folder.path().join("journal.db")).concurrency(3).build().await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_limit_fires_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let host = host(&folder).await;
        let names =
            || -> BTreeSet<_> { fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect() };
        let before = names();
        for check in examine(&host).await.unwrap() {
            assert!(check.fired, "{check:?}");
        }
        assert_eq!(names(), before);
    }

    /// A limit that is not reached did not fire, and neither did one that another one forestalled.
    #[tokio::test]
    async fn what_does_not_fire_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let surgery = Surgery::new(&host(&folder).await).await.unwrap();
        let unreached = trip("output_bytes", 5_000, Guest::Pure, "speak", json!({"bytes": 1_000}));
        let forestalled = trip("wall_us", 60_000_000, Guest::Pure, "recurse", json!({}));
        for (trip, kind) in [(unreached, None), (forestalled, Some(Kind::Stack))] {
            let check = surgery.check(&trip).await.unwrap();
            assert_eq!((check.fired, check.kind), (false, kind), "{check:?}");
        }
    }

    /// A neighbour that answers wrongly, or is kept waiting, is harmed.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_harmed_neighbour_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let surgery = Surgery::new(&host(&folder).await).await.unwrap();
        let calm = Neighbour::start(surgery.neighbour.clone()).await;
        assert!(calm.was_unharmed(Instant::now(), Duration::from_secs(1)).await);
        let kept_waiting = Neighbour::start(surgery.neighbour.clone()).await;
        let started = Instant::now();
        tokio::spawn(async { std::thread::sleep(Duration::from_millis(100)) }).await.unwrap();
        assert!(!kept_waiting.was_unharmed(started, Duration::ZERO).await);
        let wrong = PURE_THAT_MISCALCULATES;
        let wrong = load(&host(&tempfile::tempdir().unwrap()).await, text(wrong).unwrap(), &[]).unwrap();
        assert!(!Neighbour::start(wrong).await.was_unharmed(started, Duration::from_secs(1)).await);
    }

    const PURE_THAT_MISCALCULATES: &str = r#"(component
        (core module $m (func (export "double") (param i32) (result i32) (local.get 0)))
        (core instance $i (instantiate $m))
        (func (export "double") (param "number" u32) (result u32) (canon lift (core func $i "double"))))"#;
}
