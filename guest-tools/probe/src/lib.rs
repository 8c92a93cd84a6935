//! A guest for tests: reaches for the clock, chance, files, the environment and the output, through plain std.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

wit_bindgen::generate!({ path: "wit", world: "probe" });

/// How much is printed at once; small enough for the stack.
const CHUNK_BYTES: usize = 4096;

struct Probe;

export!(Probe);

impl Guest for Probe {
    fn run() -> String {
        "ok".into()
    }

    fn echo(text: String) -> String {
        text
    }

    fn spin() {
        loop {
            std::hint::spin_loop();
        }
    }

    fn now() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn random() -> u64 {
        RandomState::new().hash_one(())
    }

    fn read_file(path: String) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }

    fn env(name: String) -> Option<String> {
        std::env::var(name).ok()
    }

    fn print(bytes: u64) {
        // An output that the host closed is no reason to trap: what counts is what arrived there.
        let _ = print_to(io::stdout().lock(), bytes);
    }
}

fn print_to(mut out: impl Write, bytes: u64) -> io::Result<()> {
    let mut left = bytes.saturating_sub(1);
    while left > 0 {
        let some = left.min(CHUNK_BYTES as u64);
        out.write_all(&[b'.'; CHUNK_BYTES][..some as usize])?;
        left -= some;
    }
    if bytes > 0 { out.write_all(b"\n") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::print_to;

    #[test]
    fn exactly_that_many_bytes_are_printed() {
        for bytes in [0, 1, 2, 4096, 4097, 10_000] {
            let mut out = Vec::new();
            print_to(&mut out, bytes).unwrap();
            assert_eq!(out.len() as u64, bytes);
            assert!(bytes == 0 || out.ends_with(b"\n"));
        }
    }
}
