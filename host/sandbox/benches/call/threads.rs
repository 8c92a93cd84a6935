use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use stockade_sandbox::Tool;

use crate::contest::{middle, percentile, shown};
use crate::goals::Goals;
use crate::product::{quotes, runtime, tool};

const CALLS: usize = 4_000;
/// Rounds are played until so many counted, or until so many were played.
const COUNTED: usize = 7;
const ROUNDS_MAX: usize = 20;
/// A round of two threads counts if the process had so much of two cores.
const CORES_MIN: f64 = 1.85;

/// A round on so many threads.
struct Round {
    times: Vec<Duration>,
    calls_a_second: f64,
    /// CPU seconds of the process for each second of the round.
    cores: f64,
}

/// Measures what a second thread brings.
pub(crate) fn measure(goals: &mut Goals) {
    println!("\nOne thread and two, each with a runtime of its own");
    println!(
        "  {:<44} {:>9} {:>9} {:>11} {:>9} {:>9} {:>11}",
        "", "1: p50", "p99", "a second", "2: p50", "p99", "a second"
    );
    for (title, guest) in [("lean guest", "bench-lean"), ("std guest", "bench-std")] {
        judge(goals, title, &tool(guest));
    }
}

fn judge(goals: &mut Goals, title: &str, tool: &Tool) {
    let (mut one, mut two, mut most) = (Vec::new(), Vec::new(), 0.0_f64);
    for _ in 0..ROUNDS_MAX {
        let pair = (round(tool, 1), round(tool, 2));
        most = most.max(pair.1.cores);
        if pair.1.cores >= CORES_MIN && one.len() < COUNTED {
            one.push(pair.0);
            two.push(pair.1);
        }
    }
    let goal = format!("{title}: calls a second, 2 threads / 1");
    if one.is_empty() {
        let why = format!("the process had both cores in no round of {ROUNDS_MAX}, at most {most:.2} of 2");
        return goals.unmeasured(&goal, &why);
    }
    println!("  {title:<44} {} {}   {} rounds with both cores", row(&one), row(&two), one.len());
    let ratios = one.iter().zip(&two).map(|(one, two)| two.calls_a_second / one.calls_a_second);
    goals.at_least(&goal, middle(ratios.collect()), "x", 1.8);
}

fn round(tool: &Tool, threads: usize) -> Round {
    let (started, cpu) = (Instant::now(), cpu_time());
    let times = std::thread::scope(|scope| {
        let thread = || scope.spawn(|| quotes(&runtime(), tool, CALLS));
        let running: Vec<_> = (0..threads).map(|_| thread()).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let wall = started.elapsed().as_secs_f64();
    Round { calls_a_second: times.len() as f64 / wall, cores: (cpu_time() - cpu).as_secs_f64() / wall, times }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn row(rounds: &[Round]) -> String {
    let mut times: Vec<_> = rounds.iter().flat_map(|round| round.times.iter().copied()).collect();
    times.sort();
    let rate = middle(rounds.iter().map(|round| round.calls_a_second).collect());
    format!("{:>9} {:>9} {rate:>11.0}", shown(percentile(&times, 50)), shown(percentile(&times, 99)))
}
