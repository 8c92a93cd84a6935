//! The memory that the command takes to show a run whose values take far more of it than their text. Each command is a
//! process of its own. `cargo test --workspace --test all -- memory --nocapture` prints what each takes, as a multiple of the
//! text.

use std::process::Command;

use stockade_tests::Place;

/// The most that a command may take of memory, beyond what it takes for a small run and beyond the memory of the guest that it
/// runs again, for each byte of a value.
const FACTOR_MAX: f64 = 16.0;

/// Values whose nodes take 20 to 100 times their text, and a text alone; each with the bytes of its JSON.
const VALUES: [(&str, &str, usize); 3] = [
    (
        "objects within one another",
        "let n = 0; for (let i = 0; i < 60; i++) n = {'': n}; return Array(4300).fill(n)",
        1_556_601,
    ),
    ("empty arrays", "return Array(1 << 20).fill([])", 3_145_729),
    ("a text", "return 'x'.repeat(7 << 20)", 7_340_034),
];

/// What runs a command and prints what it had most of memory, in KiB, before what it has printed. The system counts it exactly;
/// who looks at the process from time to time sees too little of one that ends at once.
const MEASURED: &str = "\
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
sys.stdout.buffer.write(b'%d\\n' % peak + done.stdout)
sys.exit(done.returncode)
";

/// Runs a command to its end, and returns the most memory that it had at a time, and the bytes that it printed.
fn peak(command: &Command) -> (u64, usize) {
    let mut measured = Command::new("python3");
    measured.args(["-c", MEASURED]).arg(command.get_program()).args(command.get_args());
    measured.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(place) = command.get_current_dir() {
        measured.current_dir(place);
    }
    let done = measured.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let end = done.stdout.iter().position(|byte| *byte == b'\n').unwrap();
    let kib: u64 = std::str::from_utf8(&done.stdout[..end]).unwrap().parse().unwrap();
    (kib << 10, done.stdout.len() - end - 1)
}

/// Runs code, and returns its run and the memory that its guest took.
fn run(place: &Place, source: &str) -> (String, u64) {
    place.write("code.js", source);
    let answer = place.json(&["exec", "code.js", "--fuel", "200000000000"]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let guest = answer.json["usage"]["memory_bytes_peak"].as_u64().unwrap();
    (answer.json["run_id"].as_str().unwrap().to_owned(), guest)
}

#[test]
fn memory_of_what_is_read_from_the_journal_is_a_small_multiple_of_the_text() {
    let place = Place::new();
    let call = |args: &[&str], run: &str| {
        let of = if args[0] == "replay" { format!("{run}/code") } else { run.to_owned() };
        peak(place.command(args).arg(of))
    };
    let commands = [&["show"][..], &["show", "--json"], &["budget"], &["replay"]];
    let (small, small_guest) = run(&place, "return 1");
    let least = commands.map(|args| call(args, &small).0);
    for (what, source, bytes) in VALUES {
        let (large, large_guest) = run(&place, source);
        for (args, least) in commands.into_iter().zip(least) {
            let (most, printed) = call(args, &large);
            let guest = if args[0] == "replay" { large_guest - small_guest } else { 0 };
            let factor = most.saturating_sub(least + guest) as f64 / bytes as f64;
            println!("{what}: {args:?} takes {factor:.1} times the text, {printed} bytes printed");
            assert!(factor < FACTOR_MAX, "{what}: {args:?} takes {factor:.1} times the {bytes} bytes of the text");
        }
    }
}
