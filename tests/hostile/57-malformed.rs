use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use stockade_sandbox::Limits;
use wasm_encoder::{Component, CustomSection};

use crate::bombs::{over, over_text, refused};
use crate::world::{World, call, folder, typed};

/// Mutants in one run. A case is run five times at least, each time with others, which makes the catalogue's ten thousand.
const MUTANTS: usize = 2_000;
/// Where the next run begins.
static SEED: AtomicU64 = AtomicU64::new(1);

/// Cut off anywhere, changed anywhere, of another kind, with sections that the host does not read, or with invalid names.
pub(crate) async fn run(world: Arc<World>) {
    let whole = wat::parse_file(folder().join("neighbour.wat")).unwrap();
    // With less than a header it is nothing; after a section it may be a component that exports nothing.
    for length in 0..whole.len() {
        if let Err(fault) = world.load(&whole[..length], &[]) {
            assert_eq!(
                (typed(&fault).0.as_str(), fault.detail.as_deref()),
                ("invalid", Some("component")),
                "{fault:?}"
            );
        }
    }
    (0..8).for_each(|length| drop(refused(&world, &whole[..length])));
    for _ in 0..MUTANTS {
        mutant(&world, &whole).await;
    }
    refused(&world, &wat::parse_str("(module)").unwrap());
    refused(&world, b"#!/bin/sh\n");
    sections(&world);
}

/// It is refused, or it is another component, which may be called like any other.
async fn mutant(world: &World, whole: &[u8]) {
    let mut bytes = whole.to_vec();
    for _ in 0..=random() % 3 {
        let at = random() as usize % bytes.len();
        bytes[at] = random() as u8;
    }
    match world.load(&bytes, &[]) {
        Ok(tool) => {
            let outcome = call(&tool, "double", json!({"number": 1}), Limits::default().fuel(100_000)).await;
            drop(outcome.result.inspect_err(|fault| drop(typed(fault))));
        }
        Err(fault) => assert!(["invalid", "denied"].contains(&typed(&fault).0.as_str()), "{fault:?}"),
    }
}

fn sections(world: &World) {
    let custom = |count: usize, bytes: usize| {
        let data = vec![0; bytes];
        let mut component = Component::new();
        for _ in 0..count {
            component.section(&CustomSection { name: "bomb".into(), data: data.as_slice().into() });
        }
        component.finish()
    };
    assert_eq!(over(world, &custom(2_000, 1)), "custom_sections");
    assert_eq!(over(world, &custom(17, 1 << 20)), "custom_bytes");
    assert_eq!(over_text(world, &format!("(component (import \"{}\" (func)))", "a".repeat(2_000))), "name_bytes");
    // A component whose one import is named "A b!", a name that no text format would write.
    let mut nameless = wat::parse_str("(component (import \"abcd\" (func)))").unwrap();
    let at = nameless.windows(4).position(|name| name == b"abcd").unwrap();
    nameless[at..at + 4].copy_from_slice(b"A b!");
    refused(world, &nameless);
}

/// xorshift64*, with which a failure can be had again.
fn random() -> u64 {
    let mut next = SEED.load(Ordering::Relaxed);
    next ^= next >> 12;
    next ^= next << 25;
    next ^= next >> 27;
    SEED.store(next, Ordering::Relaxed);
    next.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
}
