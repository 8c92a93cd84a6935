//! What the tests of this crate share.

#![expect(clippy::unwrap_used, reason = "only tests use it")]

use serde_json::{Value, json};
use stockade_workflow::{Change, Entry, Event, RunId, Usage};

use crate::Keyring;

/// A run that is new with each call.
pub(crate) fn run() -> RunId {
    uuid::Uuid::now_v7().into()
}

/// Bytes in which nothing repeats; those of one seed begin alike.
pub(crate) fn noise(bytes: usize, mut seed: u64) -> Vec<u8> {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    };
    (0..bytes).map(|_| next()).collect()
}

/// A secret of this name, which only the tests have.
fn secret(name: &str) -> String {
    format!("{name}, a secret that is long enough for a key of the journal")
}

/// Keys of which the one of this name seals.
pub(crate) fn keys(name: &str) -> Keyring {
    Keyring::new(Some((name, &secret(name))), &[]).unwrap()
}

/// Keys of which the one of this name seals, and the other one opens what is of before.
pub(crate) fn keys_after(name: &str, previous: &str) -> Keyring {
    Keyring::new(Some((name, &secret(name))), &[(previous, &secret(previous))]).unwrap()
}

/// Keys of which none seals, and the one of this name opens.
pub(crate) fn opening(name: &str) -> Keyring {
    Keyring::new(None, &[(name, &secret(name))]).unwrap()
}

/// A step of a run to a state.
pub(crate) fn stepped(run: RunId, seq: u64, state: Value) -> Entry {
    let change = Change::Stepped {
        event: Event::Started { input: json!(1).into() },
        used: Usage::default(),
        position: "A".to_owned(),
        state,
        log: Vec::new(),
        effects: Vec::new(),
        slices: Vec::new(),
        end: None,
    };
    Entry { run, seq, at_ms: 1_800_000_000_000 + seq, change }
}
