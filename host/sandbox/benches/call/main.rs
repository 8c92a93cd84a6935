//! How fast a fresh sandboxed call is, beside the same tool in no sandbox, in other sandboxes, and on bare wasmtime.
//! `cargo bench -p stockade-sandbox` prints tables of ratios taken in one run, and whether the goals are met.
//!
//! Everything is played in interleaved rounds, so that what disturbs one disturbs all; figures are medians over the
//! rounds, and ratios are medians of the rounds' ratios.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod bare;
mod capability;
mod cold;
mod contest;
mod density;
mod fresh;
mod goals;
mod guests;
mod metering;
mod peers;
mod product;
mod runaway;
mod threads;

use goals::Goals;

type Part = (&'static str, fn(&mut Goals));

/// The parts of the bench, in the order in which they are played.
const PARTS: [Part; 7] = [
    ("fresh", fresh::measure),
    ("threads", threads::measure),
    ("metering", metering::measure),
    ("cold", cold::measure),
    ("density", density::measure),
    ("runaway", runaway::measure),
    ("capability", capability::measure),
];

/// Plays the parts that are named as arguments, or all: `cargo bench -p stockade-sandbox -- threads metering`.
fn main() {
    // cargo adds `--bench`.
    let named: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    // The instances of `density` are counted in a process of their own: this very program.
    if named == [density::CHILD] {
        return density::count();
    }
    let mut goals = Goals::default();
    for (part, measure) in PARTS {
        if named.is_empty() || named.iter().any(|name| name == part) {
            measure(&mut goals);
        }
    }
    goals.sum_up();
}
