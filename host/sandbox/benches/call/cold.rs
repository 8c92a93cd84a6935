use std::hint::black_box;
use std::time::{Duration, Instant};

use stockade_sandbox::{Config, Engine, Limits, Tool};
use tokio::runtime::Runtime;

use crate::contest::{Contest, micros, shown};
use crate::goals::Goals;
use crate::guests::built;
use crate::product::{arguments, call, runtime};

const ROUNDS: usize = 9;
const CALLS: usize = 30;

const GUESTS: [(&str, &str, &str); 2] = [
    ("bench-lean", "lean guest: load from the cache", "lean guest: load from the cache, link, first call"),
    ("bench-std", "std guest: load from the cache", "std guest: load from the cache, link, first call"),
];

/// Measures how long it takes from the bytes of a component to its first answer, in a process that has an engine.
pub(crate) fn measure(goals: &mut Goals) {
    println!("\nFrom a component's bytes to the answer, with the machine code in the cache on disk");
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::new(Config { cache_dir: Some(dir.path().to_owned()), ..Config::default() }).unwrap();
    let (runtime, components) = (runtime(), GUESTS.map(|(guest, load, answer)| (built(guest), load, answer)));
    let (mut contest, mut compiles) = (Contest::default(), Vec::new());
    for (bytes, load, answer) in &components {
        compiles.push(once(|| drop(black_box(engine.load(bytes).unwrap()))));
        let (engine, runtime) = (&engine, &runtime);
        contest.add(load, CALLS, move |calls| {
            (0..calls).map(|_| once(|| drop(black_box(engine.load(bytes).unwrap())))).collect()
        });
        contest.add(answer, CALLS, move |calls| (0..calls).map(|_| once(|| first(runtime, engine, bytes))).collect());
    }
    let standings = contest.play(ROUNDS);
    standings.print(&[]);
    for ((_, load, answer), compile) in components.iter().zip(compiles) {
        let loaded = standings.micros(load).unwrap_or(f64::NAN);
        println!(
            "  {:<60} {:>10} = {:.0} x the load",
            load.replace("load from", "compile into"),
            shown(compile),
            micros(compile) / loaded
        );
        goals.at_most(answer, standings.micros(answer).unwrap_or(f64::NAN), " µs", 200.0);
    }
}

fn first(runtime: &Runtime, engine: &Engine, bytes: &[u8]) {
    let tool = Tool::new(engine, "bench", engine.load(bytes).unwrap(), &[]).unwrap();
    let answer = runtime.block_on(call(&tool, "call", &arguments(), Limits::default())).result;
    black_box(answer.unwrap());
}

fn once(what: impl FnOnce()) -> Duration {
    let started = Instant::now();
    what();
    started.elapsed()
}
