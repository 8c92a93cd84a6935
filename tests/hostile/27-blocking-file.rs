use std::sync::Arc;

use rustix::fs::{CWD, FileType, Mode};

use crate::files::{Place, denied, refused};
use crate::world::World;

/// A pipe without a writer, and links to it. No call waits for it; no thread is left over, which shows that none does.
pub(crate) async fn run(world: Arc<World>) {
    let place = Place::writer(&world);
    rustix::fs::mknodat(CWD, place.data("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    place.link("to-pipe", "pipe");
    for path in ["pipe", "to-pipe"] {
        for how in ["read,follow", "write,follow", "read,write,follow", "write,truncate,follow", "write,create,follow"]
        {
            refused(place.wasi("open", path, how, 0).await, how);
        }
        denied(place.std("read", &format!("/data/{path}"), "").await);
        denied(place.std("append", &format!("/data/{path}"), "x").await);
    }
    let message = denied(place.std("read", "/data/pipe", "").await);
    assert!(message.contains("which is a pipe, a socket or a device"), "{message}");
}
