//! The cases that are more than a guest, and those that are not run.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::world::World;

#[path = "27-blocking-file.rs"]
mod blocking_file;
#[path = "62-cache-poisoning.rs"]
mod cache_poisoning;
#[path = "29-cancellation.rs"]
mod cancellation;
#[path = "58-compile-bomb.rs"]
mod compile_bomb;
#[path = "16-deep-types.rs"]
mod deep_types;
#[path = "64-determinism.rs"]
mod determinism;
#[path = "32-disk-fill.rs"]
mod disk_fill;
#[path = "38-dns-rebinding.rs"]
mod dns_rebinding;
#[path = "43-egress-volume.rs"]
mod egress_volume;
#[path = "47-entropy.rs"]
mod entropy;
#[path = "30-escape-paths.rs"]
mod escape_paths;
#[path = "36-extreme-times.rs"]
mod extreme_times;
#[path = "07-grow-loop.rs"]
mod grow_loop;
#[path = "41-header-blow-up.rs"]
mod header_blow_up;
#[path = "28-http-timeouts.rs"]
mod http_timeouts;
#[path = "09-huge-minimum.rs"]
mod huge_minimum;
#[path = "59-import-outside-policy.rs"]
mod import_outside_policy;
#[path = "33-inode-bomb.rs"]
mod inode_bomb;
#[path = "57-malformed.rs"]
mod malformed;
#[path = "13-many-tables.rs"]
mod many_tables;
#[path = "40-message-framing.rs"]
mod message_framing;
#[path = "101-own-files.rs"]
mod own_files;
#[path = "61-precompiled.rs"]
mod precompiled;
#[path = "100-prepare.rs"]
mod prepare;
#[path = "35-race.rs"]
mod race;
#[path = "20-random.rs"]
mod random;
#[path = "31-read-only-bypass.rs"]
mod read_only_bypass;
#[path = "21-readdir.rs"]
mod readdir;
#[path = "39-redirect.rs"]
mod redirect;
#[path = "46-residue.rs"]
mod residue;
#[path = "45-secret-exfiltration.rs"]
mod secret_exfiltration;
#[path = "42-socket-tricks.rs"]
mod socket_tricks;
#[path = "34-special-files.rs"]
mod special_files;
#[path = "37-ssrf.rs"]
mod ssrf;
#[path = "05-starvation.rs"]
mod starvation;
#[path = "60-structural-bomb.rs"]
mod structural_bomb;
#[path = "23-terminal-injection.rs"]
mod terminal_injection;
#[path = "19-value-amplification.rs"]
mod value_amplification;

type Run = fn(Arc<World>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Cases in Rust, by the name of their file.
pub(crate) const RUST: &[(&str, Run)] = &[
    ("05-starvation", |world| Box::pin(starvation::run(world))),
    ("07-grow-loop", |world| Box::pin(grow_loop::run(world))),
    ("09-huge-minimum", |world| Box::pin(huge_minimum::run(world))),
    ("13-many-tables", |world| Box::pin(many_tables::run(world))),
    ("16-deep-types", |world| Box::pin(deep_types::run(world))),
    ("19-value-amplification", |world| Box::pin(value_amplification::run(world))),
    ("20-random", |world| Box::pin(random::run(world))),
    ("21-readdir", |world| Box::pin(readdir::run(world))),
    ("23-terminal-injection", |world| Box::pin(terminal_injection::run(world))),
    ("27-blocking-file", |world| Box::pin(blocking_file::run(world))),
    ("28-http-timeouts", |world| Box::pin(http_timeouts::run(world))),
    ("29-cancellation", |world| Box::pin(cancellation::run(world))),
    ("30-escape-paths", |world| Box::pin(escape_paths::run(world))),
    ("31-read-only-bypass", |world| Box::pin(read_only_bypass::run(world))),
    ("32-disk-fill", |world| Box::pin(disk_fill::run(world))),
    ("33-inode-bomb", |world| Box::pin(inode_bomb::run(world))),
    ("34-special-files", |world| Box::pin(special_files::run(world))),
    ("35-race", |world| Box::pin(race::run(world))),
    ("36-extreme-times", |world| Box::pin(extreme_times::run(world))),
    ("37-ssrf", |world| Box::pin(ssrf::run(world))),
    ("38-dns-rebinding", |world| Box::pin(dns_rebinding::run(world))),
    ("39-redirect", |world| Box::pin(redirect::run(world))),
    ("40-message-framing", |world| Box::pin(message_framing::run(world))),
    ("41-header-blow-up", |world| Box::pin(header_blow_up::run(world))),
    ("42-socket-tricks", |world| Box::pin(socket_tricks::run(world))),
    ("43-egress-volume", |world| Box::pin(egress_volume::run(world))),
    ("45-secret-exfiltration", |world| Box::pin(secret_exfiltration::run(world))),
    ("46-residue", |world| Box::pin(residue::run(world))),
    ("47-entropy", |world| Box::pin(entropy::run(world))),
    ("57-malformed", |world| Box::pin(malformed::run(world))),
    ("58-compile-bomb", |world| Box::pin(compile_bomb::run(world))),
    ("59-import-outside-policy", |world| Box::pin(import_outside_policy::run(world))),
    ("60-structural-bomb", |world| Box::pin(structural_bomb::run(world))),
    ("61-precompiled", |world| Box::pin(precompiled::run(world))),
    ("62-cache-poisoning", |world| Box::pin(cache_poisoning::run(world))),
    ("64-determinism", |world| Box::pin(determinism::run(world))),
    ("100-prepare", |world| Box::pin(prepare::run(world))),
    ("101-own-files", |world| Box::pin(own_files::run(world))),
];

/// Cases that are not run here, and why.
pub(crate) const LISTED: &[(&str, &str)] = &[];
