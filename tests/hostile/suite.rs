use std::collections::BTreeSet;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::json;
use stockade_sandbox::{Limits, Tool};
use tokio::runtime::{Builder, Runtime};

use crate::cases::{LISTED, RUST};
use crate::footprint::Footprint;
use crate::neighbour::Neighbour;
use crate::script::Script;
use crate::world::{self, World, call, folder};

/// The numbers of the catalogue that this suite answers for; what attacks have found since has numbers from 100.
const NUMBERS: std::ops::RangeInclusive<u32> = 1..=64;
/// A case fails when it fails so often: the machine is shared, and what a guest can do it can do again.
const ATTEMPTS: usize = 3;
/// Runs before anything is measured: code is compiled, and on each thread the allocator gets what it will use again.
const WARM_UP: usize = 3;
/// Calls of the neighbour during one case, from which its time is taken.
const NEIGHBOUR_CALLS: usize = 20;
/// What one attempt may take; a case takes well under a second.
const ATTEMPT: Duration = Duration::from_secs(60);
/// How long it may take until everything is given back, by threads that end by themselves too.
const GIVEN_BACK: Duration = Duration::from_secs(3);

/// What a case does; it panics where the outcome is not the catalogue's.
pub(crate) type Body = Box<dyn Fn(Arc<World>) -> Pin<Box<dyn Future<Output = ()> + Send>>>;

/// One case of the catalogue.
struct Case {
    name: String,
    /// What it does, or why it is not run here.
    body: Result<Body, &'static str>,
}

/// Runs the cases that the arguments name, or all.
pub(crate) fn run() -> ExitCode {
    let (flags, filters): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let mut cases = cases();
    if flags.iter().any(|flag| flag == "--list") {
        cases.iter().for_each(|case| println!("{}: test", case.name));
        return ExitCode::SUCCESS;
    }
    if filters.is_empty() {
        every_number_is_there_once(&cases);
    }
    cases.retain(|case| filters.is_empty() || filters.iter().any(|filter| case.name.contains(filter)));
    println!("\nrunning {} tests", cases.len());
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_keep_alive(Duration::from_millis(100))
        .enable_all()
        .build()
        .unwrap();
    all(&runtime, &cases)
}

fn all(runtime: &Runtime, cases: &[Case]) -> ExitCode {
    let world = World::new();
    let neighbour = world.tool("neighbour.wat").unwrap();
    runtime.block_on(fill_pool(&neighbour));
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    for Case { name, body } in cases {
        match body {
            Err(reason) => {
                println!("test {name} ... ignored, {reason}");
                ignored += 1;
            }
            Ok(body) if passes(runtime, &world, &neighbour, name, body) => passed += 1,
            Ok(_) => failed += 1,
        }
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {result}. {passed} passed; {failed} failed; {ignored} ignored");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Has every slot of the pool used once at the same time: what a slot keeps of its memory (a megabyte) and of its stack
/// it keeps by design, and that would otherwise look like a leak of whichever case uses it first.
async fn fill_pool(tool: &Tool) {
    let occupy = |_| {
        let tool = tool.clone();
        let limits = Limits::default().fuel(u64::MAX).deadline(Duration::from_millis(500));
        tokio::spawn(async move { call(&tool, "occupy", json!({}), limits).await })
    };
    let occupied: Vec<_> = (0..world::SLOTS).map(occupy).collect();
    for call in occupied {
        assert!(call.await.unwrap().result.is_err());
    }
}

fn passes(runtime: &Runtime, world: &Arc<World>, neighbour: &Tool, name: &str, body: &Body) -> bool {
    println!("test {name} ...");
    let started = Instant::now();
    let mut why = None;
    for _ in 0..WARM_UP {
        let warm = runtime.block_on(runtime.spawn(body(world.clone())));
        why = why.or(warm.err().map(|_| "the outcome is not the catalogue's".to_owned()));
    }
    if why.is_none() {
        for attempt in 1..=ATTEMPTS {
            match runtime.block_on(attempted(world, neighbour, body)) {
                Ok(()) => {
                    println!("test {name} ... ok ({} ms)", started.elapsed().as_millis());
                    return true;
                }
                Err(error) => println!("    attempt {attempt} of {ATTEMPTS}: {error:#}"),
            }
        }
        why = Some(format!("in none of {ATTEMPTS} attempts"));
    }
    println!("test {name} ... FAILED, {}", why.unwrap_or_default());
    false
}

/// Runs a case beside its neighbour, and again until the neighbour has called often enough.
async fn attempted(world: &Arc<World>, neighbour: &Tool, body: &Body) -> anyhow::Result<()> {
    let tool = neighbour.clone();
    let quiet = tokio::spawn(async move { Neighbour::quiet_p99(&tool).await }).await.unwrap();
    let (before, started) = (Footprint::now(), Instant::now());
    let neighbour = Neighbour::start(neighbour.clone());
    let mut rounds = 0;
    while rounds < 2 || neighbour.calls() < NEIGHBOUR_CALLS {
        tokio::spawn(body(world.clone())).await.context("the outcome is not the catalogue's")?;
        rounds += 1;
        let calls = neighbour.calls();
        ensure!(started.elapsed() <= ATTEMPT, "the neighbour made only {calls} calls in {ATTEMPT:?}");
    }
    neighbour.unharmed(quiet).await?;
    given_back(before).await
}

/// Waits until nothing is left over. What ends by itself, as an idle thread does, needs a moment for it.
async fn given_back(before: Footprint) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        match before.left_over() {
            Err(_) if started.elapsed() < GIVEN_BACK => tokio::time::sleep(Duration::from_millis(5)).await,
            done => return done,
        }
    }
}

/// Collects what is in the folder and what is listed, in the order of the numbers.
fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = entries().into_iter().filter_map(|path| scripts(&path)).collect();
    cases.extend(RUST.iter().map(|(name, body)| {
        let body = *body;
        Case { name: (*name).to_owned(), body: Ok(Box::new(body)) }
    }));
    cases.extend(LISTED.iter().map(|(name, reason)| Case { name: (*name).to_owned(), body: Err(*reason) }));
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

/// A file `NN-name.wat`, or a folder `NN-name` of such files; where Rust code has the same name, they are its guests.
fn scripts(path: &Path) -> Option<Case> {
    let name = path.file_stem()?.to_str()?;
    let is_guest = path.is_dir() || path.extension().is_some_and(|ending| ending == "wat");
    if !is_guest || number(name).is_none() || RUST.iter().any(|(known, _)| *known == name) {
        return None;
    }
    let files = if path.is_dir() { sorted(path) } else { vec![path.to_owned()] };
    let body = move |world: Arc<World>| -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let files = files.clone();
        Box::pin(async move {
            for file in files {
                Script::read(&file).run(&world).await;
            }
        })
    };
    Some(Case { name: name.to_owned(), body: Ok(Box::new(body)) })
}

fn entries() -> Vec<PathBuf> {
    sorted(&folder())
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn number(name: &str) -> Option<u32> {
    name.split_once('-').and_then(|(number, _)| number.parse().ok())
}

/// A number that is missing, or there twice, is a mistake in this folder.
fn every_number_is_there_once(cases: &[Case]) {
    let numbers: Vec<_> = cases.iter().filter_map(|case| number(&case.name)).collect();
    let unique: BTreeSet<_> = numbers.iter().copied().collect();
    let missing: Vec<_> = NUMBERS.filter(|number| !unique.contains(number)).collect();
    assert!(missing.is_empty(), "no case and no reason for {missing:?}");
    assert_eq!(numbers.len(), unique.len(), "a number is there twice: {numbers:?}");
    let rust = entries().into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    let rust: Vec<_> = rust.filter_map(|path| path.file_stem()?.to_str().map(str::to_owned)).collect();
    let known = |name: &&String| number(name).is_none() || RUST.iter().any(|(known, _)| known == *name);
    assert!(rust.iter().all(|name| known(&name)), "a file of {rust:?} is not in cases.rs");
}
