use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use stockade_sandbox::{Limits, Tool};
use tokio::runtime::Runtime;

use crate::bare::Bare;
use crate::contest::Contest;
use crate::goals::Goals;
use crate::product::{call, portable_tool, runtime, tool};

const GUEST: &str = "bench-compute";
/// As the guest spells them, with what metering may cost each.
const COMPUTATIONS: [(&str, f64); 5] = [("sha256", 1.6), ("json", 1.4), ("n-body", 1.6), ("sieve", 1.6), ("fib", 1.6)];
const ROUNDS: usize = 9;
const CALLS: usize = 3;
/// Far more than any of them needs.
const FUEL: u64 = 10_000_000_000;

const UNMETERED: &str = "bare wasmtime without a meter";
const METERED: &str = "bare wasmtime with fuel that yields";
const PRODUCT: &str = "stockade";
const PORTABLE: &str = "stockade with portable floats";

/// Measures what counting instructions costs, and what portable floats cost besides, which is a choice.
///
/// The time is this thread's own on a processor, so that what else runs on the machine does not count.
pub(crate) fn measure(goals: &mut Goals) {
    println!("\nMetering, on five computations");
    let (tool, portable) = (tool(GUEST), portable_tool(GUEST));
    for (function, goal) in COMPUTATIONS {
        println!(" {function}");
        let standings = contest(&tool, &portable, function).play(ROUNDS);
        standings.print(&[UNMETERED]);
        let ratio = |title| standings.ratio(title, UNMETERED).unwrap_or(f64::NAN);
        goals.at_most(&format!("{function}: fuel / no meter"), ratio(METERED), "x", goal);
        goals.at_most(&format!("{function}: stockade / no meter"), ratio(PRODUCT), "x", goal);
    }
}

fn contest<'a>(tool: &'a Tool, portable: &'a Tool, function: &'a str) -> Contest<'a> {
    let mut contest = Contest::default();
    let bare = Bare::unmetered(GUEST, function);
    contest.add(UNMETERED, CALLS, move |calls| unmetered(&bare, calls));
    let (thread, bare) = (runtime(), Bare::best(GUEST, function));
    contest.add(METERED, CALLS, move |calls| metered(&thread, &bare, calls));
    for (title, tool) in [(PRODUCT, tool), (PORTABLE, portable)] {
        let thread = runtime();
        contest.add(title, CALLS, move |calls| product(&thread, tool, function, calls));
    }
    contest
}

fn unmetered(bare: &Bare, calls: usize) -> Vec<Duration> {
    times(calls, || {
        black_box(bare.call_sync::<(), (u32,)>(()));
    })
}

fn metered(runtime: &Runtime, bare: &Bare, calls: usize) -> Vec<Duration> {
    times(calls, || {
        black_box(runtime.block_on(bare.call::<(), (u32,)>(())));
    })
}

fn product(runtime: &Runtime, tool: &Tool, function: &str, calls: usize) -> Vec<Duration> {
    let arguments = json!({});
    times(calls, || {
        let limits = Limits::default().fuel(FUEL);
        black_box(runtime.block_on(call(tool, function, &arguments, limits)).result.unwrap());
    })
}

fn times(calls: usize, once: impl Fn()) -> Vec<Duration> {
    let timed = |_| {
        let started = cpu_time();
        once();
        cpu_time() - started
    };
    (0..calls).map(timed).collect()
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
