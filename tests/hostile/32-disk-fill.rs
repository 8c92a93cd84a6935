use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use stockade_workflow::Kind;

use crate::files::{Place, breach, patient};
use crate::footprint::Peak;
use crate::world::World;

/// Bytes are counted before they are written, and holes are bytes.
pub(crate) async fn run(world: Arc<World>) {
    let place = Place::quota(&world, 100_000, 10, 4);
    let peak = Peak::start();
    for (action, bytes) in [("sparse", 1_u64 << 40), ("sparse", (1 << 63) - 2), ("fill", 1 << 30)] {
        let ended = breach(place.std(action, "/data/big", &bytes.to_string()).await);
        assert_eq!(ended, (Kind::FsQuota, "fs_bytes".to_owned()), "{action}");
        is_small(&place, "big");
    }
    for (action, extra, number) in [
        ("write", "x", 1 << 40),
        ("stream-write", "x", 1 << 40),
        ("set-size", "", 1 << 40),
        ("stream-zeroes", "", 1 << 30),
    ] {
        assert_eq!(breach(place.wasi(action, "a.txt", extra, number).await).1, "fs_bytes", "{action}");
        is_small(&place, "a.txt");
        fs::write(place.data("a.txt"), "hello").unwrap();
    }
    // What is written over counts too, or a loop could keep a disk busy for ever.
    let over = place.wasi_within("append", "a.txt", &"x".repeat(1_000), 101, patient()).await;
    assert_eq!(breach(over).1, "fs_bytes");
    assert!(peak.bytes() < 8 << 20, "{} bytes", peak.bytes());
}

fn is_small(place: &Place, name: &str) {
    let left = fs::metadata(place.data(name)).unwrap();
    assert!(left.len() <= 100_005 && left.blocks() * 512 <= 200_000, "{name}: {} bytes", left.len());
}
