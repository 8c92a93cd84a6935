//! How fast code runs that an agent wrote: fresh in the sandbox with every limit on, in a session that lives, and as a
//! process of its own. `cargo bench -p stockade-sandbox --bench code` prints one table, all of it from one run.
//!
//! JavaScript is in `guest-tools/dist`; `tests/interpreters` makes the Pythons in `target/languages`, and what is not there
//! is not measured. Languages may be named as arguments.
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod bare;
#[path = "../call/contest.rs"]
mod contest;
#[path = "../call/goals.rs"]
#[expect(dead_code, reason = "the other bench uses the rest")]
mod goals;
mod language;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use contest::{Contest, Standings};
use goals::Goals;
use language::{Language, Program};

const ROUNDS: usize = 7;

fn main() {
    let mut goals = Goals::default();
    // cargo adds `--bench`.
    let named: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = language::ALL.iter().filter(|name| named.is_empty() || named.iter().any(|one| one == *name));
    let languages: Vec<_> = wanted.filter_map(|name| Language::load(name)).collect();
    for language in &languages {
        measure(language, &mut goals);
    }
    goals.sum_up();
}

fn measure(language: &Language, goals: &mut Goals) {
    let name = language.name();
    println!("\n{name}: {} bytes of WebAssembly, every limit on", language.size());
    let (bare, json) = (bare::Language::load(language), language.json());
    let mut contest = Contest::default();
    contest.add("fresh: hello", 50, |calls| language.fresh(&Program::hello(), calls));
    contest.add("fresh: hello, and the instance gone", 50, |calls| language.fresh_and_gone(&Program::hello(), calls));
    contest.add("fresh, an instance being ready: hello", 50, |calls| language.ready(&Program::hello(), calls));
    contest.add("fresh, no limit and no meter: hello", 50, |calls| bare.fresh(&Program::hello(), calls));
    contest.add("next cell of a live session: hello", 50, |calls| language.in_session(&Program::hello(), calls));
    contest.add("fresh: a call of a tool that takes no time", 50, |calls| language.fresh(&language.calling(1), calls));
    contest.add("fresh: 101 such calls", 20, |calls| language.fresh(&language.calling(101), calls));
    contest.add("fresh: JSON of 1,000 rows", 5, |calls| language.fresh(&json, calls));
    contest.add("fresh, no limit and no meter: JSON of 1,000 rows", 5, |calls| bare.fresh(&json, calls));
    if let Some((title, program)) = language.native() {
        contest.add(title, 2, move |calls| (0..calls).map(|_| process(&program)).collect());
    }
    let standings = contest.play(ROUNDS);
    standings.print(&["fresh: hello"]);
    judge(name, &standings, goals);
    match language.live_mib(100) {
        Some(mib) => println!("  100 live sessions: {mib:.2} MiB each, {:.0} in a GiB", 1024.0 / mib),
        None => println!("  live sessions: not counted"),
    }
}

fn judge(name: &str, standings: &Standings<'_>, goals: &mut Goals) {
    let micros = |title| standings.micros(title).unwrap_or(f64::NAN);
    let goal = match name {
        "javascript" => 25.0,
        "python-lite" => 40.0,
        _ => 1_000.0,
    };
    goals.at_most(&format!("{name}: fresh hello"), micros("fresh: hello"), " µs", goal);
    let call = (micros("fresh: 101 such calls") - micros("fresh: a call of a tool that takes no time")) / 100.0;
    goals.at_most(&format!("{name}: a call, beside the tool"), call, " µs", 5.0);
}

/// Starts a program and waits for its end.
fn process((program, arguments): &(&str, [&str; 2])) -> Duration {
    let started = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "{program} is needed");
    started.elapsed()
}
