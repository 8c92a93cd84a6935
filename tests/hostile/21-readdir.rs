use std::fs;
use std::sync::Arc;

use stockade_sandbox::Limits;
use stockade_workflow::Kind;

use crate::files::{Place, breach, patient};
use crate::footprint::Peak;
use crate::world::World;

/// A directory is read a little at a time, however many streams are open of it, and few may be.
pub(crate) async fn run(world: Arc<World>) {
    let place = Place::reader(&world);
    for n in 0..ENTRIES {
        fs::write(place.data(&format!("sub/{n}")), "").unwrap();
    }
    let peak = Peak::start();
    let many = place.wasi("list-many", "sub", "", 1_000).await;
    assert_eq!(breach(many), (Kind::Handles, "fs_open".to_owned()));
    let few = Limits::default().resources(20);
    assert_eq!(breach(place.wasi_within("list-many", "sub", "", 60, few).await).1, "resources");
    let few = patient().host_calls(100);
    assert_eq!(breach(place.wasi_within("list", "sub", "", 0, few).await).1, "host_calls");
    assert!(peak.bytes() < 8 << 20, "{} bytes", peak.bytes());
}

/// Fewer than the catalogue's, for the cases are run many times; a stream keeps no more for more of them.
const ENTRIES: usize = 2_000;
