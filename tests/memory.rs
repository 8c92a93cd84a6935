//! The memory that the command takes to show a run whose values take far more of it than their text. Each command is a
//! process of its own. `cargo test --workspace --test all -- memory --nocapture` prints what each takes, as a multiple of the
//! text.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

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

/// Runs a command to its end, and returns the most memory that it had at a time, and what it printed.
fn peak(command: &mut Command) -> (u64, Vec<u8>) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (most, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let look = || {
        let status = fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.parse::<u64>().ok());
        most.fetch_max(kib.unwrap_or(0) << 10, Ordering::Relaxed);
    };
    let mut printed = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                look();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let mut out = child.stdout.take().unwrap();
        let mut piece = vec![0; 64 << 10];
        // While a pipe is full the process waits, so that its peak is seen before it ends.
        loop {
            let read = out.read(&mut piece).unwrap();
            look();
            if read == 0 {
                break;
            }
            printed.extend_from_slice(&piece[..read]);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(child.wait().unwrap().success(), "{}", String::from_utf8_lossy(&printed));
    (most.into_inner(), printed)
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
            println!("{what}: {args:?} takes {factor:.1} times the text, {} bytes printed", printed.len());
            assert!(factor < FACTOR_MAX, "{what}: {args:?} takes {factor:.1} times the {bytes} bytes of the text");
        }
    }
}
