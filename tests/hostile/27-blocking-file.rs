use std::sync::Arc;

use rustix::fs::{CWD, FileType, Mode};

use crate::files::{Place, denied, refused};
use crate::world::World;

/// A pipe that nobody writes, and links to it. Nobody waits for it; that no thread does is seen by what is left over.
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
