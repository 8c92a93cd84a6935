//! What the next piece of code of a session costs: in one that lives, and in one that is restored first, as after a restart, by
//! running its cells again. `cargo bench -p stockade-cli --bench sessions`.
//!
//! Each time is that of a whole run, from the request to its outcome in the journal; each is printed as a multiple of the same
//! code without a session first: the median of the rounds' ratios. A cell computes next to nothing here; what a cell computes is
//! computed again, and is to be added. Python is measured where `tests/interpreters` has made it.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first error")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stockade::{Code, Host, Outcome, code_limits, exec_budget};

const ROUNDS: usize = 9;

/// How many runs without a session a round measures.
const FRESH: usize = 5;

/// How many cells the sessions have that are restored.
const CELLS: [usize; 3] = [1, 10, 50];

#[tokio::main]
async fn main() {
    let mut languages = vec![("javascript", "globalThis.n = 6; n * 7"), ("python-lite", "n = 6\nn * 7")];
    if python().is_file() {
        languages.push(("python", "n = 6\nn * 7"));
    }
    for (language, source) in languages {
        measure(language, source).await;
    }
}

async fn measure(language: &str, source: &str) {
    let (mut fresh, mut live, mut restored) = (Vec::new(), Vec::new(), CELLS.map(|_| Vec::new()));
    for _ in 0..ROUNDS {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let before = host(dir.path()).await;
        for cells in CELLS {
            for _ in 0..cells {
                took(&before, language, source, Some(cells)).await;
            }
        }
        // In a session that none of those measured below is.
        took(&before, language, source, Some(0)).await;
        live.push(took(&before, language, source, Some(0)).await);
        drop(before);
        let after = host(dir.path()).await;
        // The language is loaded with the first run.
        took(&after, language, source, None).await;
        let mut times = Vec::new();
        for _ in 0..FRESH {
            times.push(took(&after, language, source, None).await);
        }
        fresh.push(Duration::from_secs_f64(median(times.iter().map(Duration::as_secs_f64))));
        for (times, cells) in restored.iter_mut().zip(CELLS) {
            times.push(took(&after, language, source, Some(cells)).await);
        }
    }
    println!("{:<52} {:>11} {:>10}", format!("{language}, median of {ROUNDS}"), "÷ fresh", "ms");
    print("a run of code without a session", &fresh, &fresh);
    print("the next cell of a session that lives", &live, &fresh);
    for (times, cells) in restored.iter().zip(CELLS) {
        print(&format!("the next cell of one restored by {cells} cells"), times, &fresh);
    }
}

fn print(name: &str, times: &[Duration], bases: &[Duration]) {
    let ratio = median(times.iter().zip(bases).map(|(time, base)| time.as_secs_f64() / base.as_secs_f64()));
    println!("{name:<52} {ratio:>11.2} {:>10.2}", median(times.iter().map(|time| time.as_secs_f64() * 1e3)));
}

/// Runs code to the end of its run; its session is named by how many cells it has.
async fn took(host: &Host, language: &str, source: &str, session: Option<usize>) -> Duration {
    let begun = Instant::now();
    let code = Code { session: session.map(|cells| format!("of {cells}")), ..Code::new(language, source) };
    let outcome = host.exec(code, exec_budget(&code_limits())).await.unwrap().settled().await.unwrap();
    let took = begun.elapsed();
    assert_eq!(outcome, Outcome::Done(42.into()));
    took
}

async fn host(dir: &Path) -> Host {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sessions");
    let mut builder = Host::builder().journal(dir.join("journal.db")).scratch(dir).cache(cache).built_in_languages();
    if python().is_file() {
        builder = builder.language("python", python());
    }
    builder.build().await.unwrap()
}

fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/languages/interpreter-python.wasm")
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
