use std::time::{Duration, Instant};

use stockade_sandbox::Limits;
use stockade_workflow::Kind;

use crate::contest::{micros, percentile};
use crate::goals::Goals;
use crate::product::{arguments, call, runtime, tool};

const DEADLINE: Duration = Duration::from_millis(10);
const TIMES: usize = 50;

/// Measures how long after its deadline a guest that loops is gone.
pub(crate) fn measure(goals: &mut Goals) {
    println!("\nA guest that loops for ever, with a deadline of {DEADLINE:?}, {TIMES} times");
    let (runtime, tool, arguments) = (runtime(), tool("bench-std"), arguments());
    let once = |_| {
        let limits = Limits::default().fuel(1 << 40).deadline(DEADLINE);
        let started = Instant::now();
        let fault = runtime.block_on(call(&tool, "linger", &arguments, limits)).result.unwrap_err();
        assert_eq!(fault.kind, Kind::Deadline);
        started.elapsed().saturating_sub(DEADLINE)
    };
    let mut late: Vec<_> = (0..TIMES).map(once).collect();
    late.sort();
    goals.at_most("runaway guest: gone after its deadline, p50", micros(percentile(&late, 50)) / 1e3, " ms", 2.0);
    println!("  {:<60} {:>9.2} ms", "the same, at worst", micros(percentile(&late, 100)) / 1e3);
}
