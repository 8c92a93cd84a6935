use std::hint::black_box;
use std::time::{Duration, Instant};

use bench_tool::ORDER;
use tokio::runtime::Runtime;

use crate::bare::Bare;
use crate::contest::{Contest, Standings};
use crate::goals::Goals;
use crate::peers::{self, Worker};
use crate::product::{quotes, runtime, timed, tool};

const ROUNDS: usize = 9;
/// Calls of a round: some ten milliseconds of each contestant.
const FAST: usize = 1_000;
const SLOW: usize = 300;
const PROCESSES: usize = 40;
const PYTHONS: usize = 4;

const INSIDE: &str = "in process, without a sandbox";
const LEAN: &str = "lean guest in stockade";
const STD: &str = "std guest in stockade";
const BARE_LEAN: &str = "bare wasmtime, best settings, lean guest";
const BARE_STD: &str = "bare wasmtime, best settings, std guest";
const DEFAULT_SYNC: &str = "bare wasmtime, its defaults, sync, std guest";
const DEFAULT_ASYNC: &str = "bare wasmtime, its defaults, async, std guest";
const EXTISM: &str = "Extism, fresh from CompiledPlugin, fuel, memory, timeout";
const EXTISM_WARM: &str = "Extism, warm plugin, its state kept between calls";
const WASMI: &str = "wasmi, fresh instance, fuel, no component layer";
const NATIVE: &str = "native static subprocess, JSON on stdin";
const PYTHON: &str = "python3 -c";

type Answer = (Result<String, String>,);

/// Measures one fresh call, ~300 bytes of JSON in and out, in everything that there is.
pub(crate) fn measure(goals: &mut Goals) {
    println!("\nA fresh call: make a store, instantiate, call, drop; about 300 bytes of JSON in and out; one thread");
    let standings = play();
    standings.print(&[INSIDE, LEAN, STD]);
    println!();
    judge(goals, &standings);
}

fn play() -> Standings<'static> {
    let mut contest = Contest::default();
    contest.add(INSIDE, FAST, |calls| {
        (0..calls)
            .map(|_| {
                let started = Instant::now();
                black_box(bench_tool::call(black_box("quote"), black_box(ORDER)).unwrap());
                started.elapsed()
            })
            .collect()
    });
    for (title, guest) in [(LEAN, "bench-lean"), (STD, "bench-std")] {
        let (runtime, tool) = (runtime(), tool(guest));
        contest.add(title, FAST, move |calls| quotes(&runtime, &tool, calls));
    }
    for (title, guest) in [(BARE_LEAN, "bench-lean"), (BARE_STD, "bench-std")] {
        let (runtime, bare) = (runtime(), Bare::best(guest, "call"));
        contest.add(title, FAST, move |calls| bare_quotes(&runtime, &bare, calls));
    }
    let (runtime, bare) = (runtime(), Bare::default_async("bench-std", "call"));
    contest.add(DEFAULT_ASYNC, SLOW, move |calls| bare_quotes(&runtime, &bare, calls));
    let bare = Bare::default_sync("bench-std", "call");
    contest.add(DEFAULT_SYNC, SLOW, move |calls| bare_quotes_sync(&bare, calls));
    add_peers(&mut contest);
    contest.play(ROUNDS)
}

fn bare_quotes(runtime: &Runtime, bare: &Bare, calls: usize) -> Vec<Duration> {
    timed(runtime, calls, async || {
        let (answer,): Answer = bare.call(("quote", ORDER)).await;
        black_box(answer.unwrap());
    })
}

fn bare_quotes_sync(bare: &Bare, calls: usize) -> Vec<Duration> {
    let call = |_| {
        let started = Instant::now();
        let (answer,): Answer = bare.call_sync(("quote", ORDER));
        black_box(answer.unwrap());
        started.elapsed()
    };
    (0..calls).map(call).collect()
}

fn add_peers(contest: &mut Contest<'static>) {
    match Worker::start() {
        Ok(worker) => {
            for (title, peer, calls) in
                [(EXTISM, "extism-fresh", SLOW), (EXTISM_WARM, "extism-warm", FAST), (WASMI, "wasmi", SLOW)]
            {
                let worker = worker.clone();
                contest.add(title, calls, move |calls| worker.play(peer, calls));
            }
        }
        Err(why) => println!("  Extism and wasmi are not in the table: {why:#}"),
    }
    match peers::native() {
        Ok(program) => contest.add(NATIVE, PROCESSES, move |calls| peers::run(&mut program.command(), calls)),
        Err(why) => println!("  the native subprocess is not in the table: {why:#}"),
    }
    match peers::python() {
        Ok(program) => contest.add(PYTHON, PYTHONS, move |calls| peers::run(&mut program.command(), calls)),
        Err(why) => println!("  python3 is not in the table: {why:#}"),
    }
}

fn judge(goals: &mut Goals, standings: &Standings<'_>) {
    let mut at_most = |title, one, other, goal| match standings.ratio(one, other) {
        Some(ratio) => goals.at_most(title, ratio, "x", goal),
        None => goals.unmeasured(title, "see above"),
    };
    at_most("std call / bare wasmtime at its best", STD, BARE_STD, 1.3);
    at_most("lean call / the same body in process", LEAN, INSIDE, 2.5);
    let mut at_least = |title, one, other, goal| match standings.ratio(one, other) {
        Some(ratio) => goals.at_least(title, ratio, "x", goal),
        None => goals.unmeasured(title, "see above"),
    };
    at_least("wasmtime's defaults, async / std call", DEFAULT_ASYNC, STD, 3.0);
    at_least("Extism fresh / std call", EXTISM, STD, 8.0);
    at_least("native subprocess / lean call", NATIVE, LEAN, 50.0);
    at_least("python3 -c / lean call", PYTHON, LEAN, 1_000.0);
}
