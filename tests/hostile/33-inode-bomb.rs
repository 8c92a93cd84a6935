use std::fs;
use std::sync::Arc;

use stockade_workflow::Kind;

use crate::files::{Place, breach, patient, refused};
use crate::world::World;

/// A million files, a directory four thousand deep, and names as long as they may be and longer.
pub(crate) async fn run(world: Arc<World>) {
    let place = Place::quota(&world, 1_000, 200, 6);
    for (action, path) in [("make-many", "sub/f"), ("mkdir-many", "sub/d")] {
        let ended = breach(place.wasi_within(action, path, "", 1_000_000, patient()).await);
        assert_eq!(ended, (Kind::FsQuota, "fs_files".to_owned()), "{action}");
    }
    assert_eq!(fs::read_dir(place.data("sub")).unwrap().count(), 401);
    assert_eq!(breach(place.wasi("mkdir-deep", ".", "", 4_000).await), (Kind::FsQuota, "fs_depth".to_owned()));
    assert_eq!(breach(place.std("mkdir-all", "/data/1/2/3/4/5/6/7", "").await).1, "fs_depth");
    // Depth is what it really is, whatever a link makes of it.
    fs::create_dir_all(place.data("v/w/x/y/z")).unwrap();
    place.link("short", "v/w/x/y/z");
    assert_eq!(place.wasi("mkdir", "short/6", "", 0).await.unwrap(), "done");
    assert_eq!(breach(place.wasi("mkdir", "short/6/7", "", 0).await).1, "fs_depth");
    assert_eq!(place.wasi("mkdir", &"n".repeat(255), "", 0).await.unwrap(), "done");
    for name in ["n".repeat(256), "a/".repeat(3_000), "a\0b".to_owned(), String::new()] {
        refused(place.wasi("mkdir", &name, "", 0).await, "a name");
    }
}
