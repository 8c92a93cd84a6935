//! The cases that are more than a guest, and those that are not run.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::world::World;

#[path = "29-cancellation.rs"]
mod cancellation;
#[path = "16-deep-types.rs"]
mod deep_types;
#[path = "64-determinism.rs"]
mod determinism;
#[path = "47-entropy.rs"]
mod entropy;
#[path = "07-grow-loop.rs"]
mod grow_loop;
#[path = "20-random.rs"]
mod random;
#[path = "46-residue.rs"]
mod residue;
#[path = "05-starvation.rs"]
mod starvation;
#[path = "23-terminal-injection.rs"]
mod terminal_injection;
#[path = "19-value-amplification.rs"]
mod value_amplification;

type Run = fn(Arc<World>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Cases in Rust, by the name of their file.
pub(crate) const RUST: &[(&str, Run)] = &[
    ("05-starvation", |world| Box::pin(starvation::run(world))),
    ("07-grow-loop", |world| Box::pin(grow_loop::run(world))),
    ("16-deep-types", |world| Box::pin(deep_types::run(world))),
    ("19-value-amplification", |world| Box::pin(value_amplification::run(world))),
    ("20-random", |world| Box::pin(random::run(world))),
    ("23-terminal-injection", |world| Box::pin(terminal_injection::run(world))),
    ("29-cancellation", |world| Box::pin(cancellation::run(world))),
    ("46-residue", |world| Box::pin(residue::run(world))),
    ("47-entropy", |world| Box::pin(entropy::run(world))),
    ("64-determinism", |world| Box::pin(determinism::run(world))),
];

/// Cases that are not run here, and why.
pub(crate) const LISTED: &[(&str, &str)] = &[
    ("09-huge-minimum", ADMISSION),
    ("13-many-tables", ADMISSION),
    ("21-readdir", FILES),
    ("27-blocking-file", FILES),
    ("28-http-timeouts", NETWORK),
    ("30-escape-paths", FILES),
    ("31-read-only-bypass", FILES),
    ("32-disk-fill", FILES),
    ("33-inode-bomb", FILES),
    ("34-special-files", FILES),
    ("35-race", FILES),
    ("36-extreme-times", FILES),
    ("37-ssrf", NETWORK),
    ("38-dns-rebinding", NETWORK),
    ("39-redirect", NETWORK),
    ("40-message-framing", NETWORK),
    ("41-header-blow-up", NETWORK),
    ("42-socket-tricks", NETWORK),
    ("43-egress-volume", NETWORK),
    ("45-secret-exfiltration", NETWORK),
    ("57-malformed", ADMISSION),
    ("58-compile-bomb", ADMISSION),
    ("59-import-outside-policy", ADMISSION),
    ("60-structural-bomb", ADMISSION),
    ("61-precompiled", ADMISSION),
    ("62-cache-poisoning", ADMISSION),
];

/// To be replaced by cases when the capabilities are merged; until then the sandbox's own tests have them.
const FILES: &str = "needs a granted directory";
const NETWORK: &str = "needs a granted network";
const ADMISSION: &str = "is about loading, which the sandbox's own tests cover";
