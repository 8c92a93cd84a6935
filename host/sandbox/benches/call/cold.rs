use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stockade_sandbox::{Config, Engine, Limits, Tool};
use stockade_workflow::Digest;
use tokio::runtime::Runtime;

use crate::bare::Bare;
use crate::contest::{Contest, micros, shown};
use crate::goals::Goals;
use crate::guests::built;
use crate::product::{arguments, call, quotes, runtime, tool};

const ROUNDS: usize = 9;
const CALLS: usize = 30;
const GUESTS: [&str; 2] = ["bench-lean", "bench-std"];

const ANSWER: &str = "load from the cache, link, first call";
const LOAD: &str = "load from the cache";
/// Parts of the load: what is left is the MAC, and reading what the component exports.
const READ: &str = "the read of the machine code";
const DIGEST: &str = "the digest of the component";
const WASMTIME: &str = "bare wasmtime takes the machine code";
const WARM: &str = "fresh calls of a tool that is loaded";

/// Measures how long it takes from the bytes of a component to its first answer, in a process that has an engine.
pub(crate) fn measure(goals: &mut Goals) {
    println!("\nFrom a component's bytes to the answer, with the machine code in the cache on disk");
    GUESTS.into_iter().for_each(|guest| measure_guest(goals, guest));
}

/// The tool that is loaded has an engine of its own: what is in use is not loaded a second time.
fn measure_guest(goals: &mut Goals, guest: &str) {
    println!(" {guest}");
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::new(Config { cache_dir: Some(dir.path().to_owned()), ..Config::default() }).unwrap();
    let (runtime, bytes, warm) = (runtime(), built(guest), tool(guest));
    let compile = once(|| drop(black_box(engine.load(&bytes).unwrap())));
    let (file, (bare, code)) = (machine_code(dir.path()), Bare::machine_code(guest));
    let mut contest = Contest::default();
    contest.add(ANSWER, CALLS, |calls| times(calls, || first(&runtime, &engine, &bytes)));
    contest.add(LOAD, CALLS, |calls| times(calls, || drop(black_box(engine.load(&bytes).unwrap()))));
    contest.add(READ, CALLS, |calls| times(calls, || drop(black_box(fs::read(&file).unwrap()))));
    contest.add(DIGEST, CALLS, |calls| times(calls, || drop(black_box(Digest::of(&bytes)))));
    contest.add(WASMTIME, CALLS, |calls| times(calls, || drop(black_box(Bare::deserialized(&bare, &code)))));
    contest.add(WARM, CALLS, |calls| quotes(&runtime, &warm, calls));
    let standings = contest.play(ROUNDS);
    standings.print(&[WARM]);
    let took = |title| standings.micros(title).unwrap_or(f64::NAN);
    println!("  {:<60} {:>10} = {:.0} x the load", "compile", shown(compile), micros(compile) / took(LOAD));
    let allowed = 2.0 * took(WARM) + took(READ);
    goals.at_most(&format!("{guest}: {ANSWER} ÷ (2 {WARM} + the read)"), took(ANSWER) / allowed, "x", 1.0);
}

/// Finds the one file of machine code in a cache.
fn machine_code(dir: &Path) -> PathBuf {
    let mut files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "cwasm")).unwrap()
}

fn first(runtime: &Runtime, engine: &Engine, bytes: &[u8]) {
    let tool = Tool::new(engine, "bench", engine.load(bytes).unwrap(), &[]).unwrap();
    let answer = runtime.block_on(call(&tool, "call", &arguments(), Limits::default())).result;
    black_box(answer.unwrap());
}

fn times(calls: usize, what: impl Fn()) -> Vec<Duration> {
    (0..calls).map(|_| once(&what)).collect()
}

fn once(what: impl FnOnce()) -> Duration {
    let started = Instant::now();
    what();
    started.elapsed()
}
