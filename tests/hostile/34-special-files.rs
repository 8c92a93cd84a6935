use std::fs;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use rustix::fs::{CWD, FileType, Mode};
use serde_json::json;
use stockade_sandbox::Limits;
use stockade_workflow::Grant;

use crate::files::{Place, denied, refused};
use crate::world::{World, call, typed};

/// A pipe, a socket, a second name of a file outside, links to them, and the machine's devices.
pub(crate) async fn run(world: Arc<World>) {
    let place = Place::writer(&world);
    rustix::fs::mknodat(CWD, place.data("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = UnixListener::bind(place.data("socket")).unwrap();
    fs::hard_link(place.outside("secret.txt"), place.data("hard")).unwrap();
    ["pipe", "socket", "hard"].iter().for_each(|name| place.link(&format!("to-{name}"), name));
    for path in ["pipe", "socket", "hard", "to-pipe", "to-socket", "to-hard"] {
        for how in ["read,follow", "write,follow", "read,write,follow", "write,truncate,follow", "write,create,follow"]
        {
            refused(place.wasi("open", path, how, 0).await, path);
        }
        refused(place.wasi("set-times-at", path, "0", 0).await, path);
        denied(place.std("read", &format!("/data/{path}"), "").await);
        denied(place.std("append", &format!("/data/{path}"), "x").await);
    }
    refused(place.wasi("link", "a.txt", "b.txt", 0).await, "a link of the guest's own");
    let devices = world.granted("guest-tools/dist/files.wasm", &[Grant::fs("/dev", "/dev").writable()]);
    for path in ["/dev/null", "/dev/zero", "/dev/tty", "/dev/random"] {
        let arguments = json!({"action": "read", "path": path, "extra": ""});
        let fault = call(&devices, "std_file", arguments, Limits::default()).await.result.unwrap_err();
        assert_eq!(typed(&fault).0, "denied", "{fault:?}");
    }
}
