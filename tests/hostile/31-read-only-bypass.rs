use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use serde_json::json;
use stockade_sandbox::Limits;
use stockade_workflow::Kind;

use crate::files::two;
use crate::world::{World, call, typed};

const ATTEMPTS: [(&str, &str, &str, &str); 28] = [
    ("/ro", "open", "a.txt", "truncate"),
    ("/ro", "open", "a.txt", "read,truncate"),
    ("/ro", "open", "a.txt", "write"),
    ("/ro", "open", "a.txt", "read,create"),
    ("/ro", "open", "new.txt", "read,create"),
    ("/ro", "open", "new.txt", "read,create,exclusive"),
    ("/ro", "open", "a.txt", "all"),
    ("/ro", "write-to", "a.txt", "read"),
    ("/ro", "write-to", "a.txt", "read,mutate"),
    ("/ro", "write-to", "a.txt", ""),
    ("/ro", "write", "a.txt", "x"),
    ("/ro", "append", "a.txt", "x"),
    ("/ro", "stream-write", "a.txt", "x"),
    ("/ro", "set-size", "a.txt", ""),
    ("/ro", "set-times", "a.txt", "0"),
    ("/ro", "set-times-at", "a.txt", "0"),
    ("/ro", "set-times-at", ".", "0"),
    ("/ro", "mkdir", "new", ""),
    ("/ro", "rmdir", "sub", ""),
    ("/ro", "unlink", "a.txt", ""),
    ("/ro", "symlink", "new", "a.txt"),
    ("/ro", "link", "a.txt", "b.txt"),
    ("/ro", "link", "a.txt", "/rw|b.txt"),
    ("/ro", "rename", "a.txt", "b.txt"),
    ("/ro", "rename", "a.txt", "/rw|b.txt"),
    ("/rw", "rename", "a.txt", "/ro|a.txt"),
    ("/rw", "rename", "a.txt", "/ro|b.txt"),
    ("/rw", "link", "a.txt", "/ro|b.txt"),
];

/// Nothing in a directory that is read-only changes, by whatever door.
pub(crate) async fn run(world: Arc<World>) {
    let base = tempfile::tempdir().unwrap();
    let (read, write) = (base.path().join("ro"), base.path().join("rw"));
    for dir in [&read, &write] {
        fs::create_dir_all(dir.join("sub")).unwrap();
        fs::write(dir.join("a.txt"), "hello").unwrap();
    }
    let tool = two(&world, &read, &write);
    let state = || [&read, &read.join("a.txt")].map(|path| stamp(&fs::metadata(path).unwrap()));
    let before = state();
    for (at, action, path, extra) in ATTEMPTS {
        let arguments = json!({"action": action, "at": at, "path": path, "extra": extra, "number": 0});
        let fault = call(&tool, "wasi_file", arguments, Limits::default()).await.result.unwrap_err();
        typed(&fault);
        assert!(matches!(fault.kind, Kind::Denied | Kind::GuestError), "{action} {path} {extra}: {fault:?}");
    }
    let arguments = json!({"action": "write", "path": "/ro/a.txt", "extra": "x"});
    let fault = call(&tool, "std_file", arguments, Limits::default()).await.result.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied, "{fault:?}");
    assert_eq!(fs::read_to_string(read.join("a.txt")).unwrap(), "hello");
    assert_eq!(fs::read_dir(&read).unwrap().count(), 2);
    assert_eq!(state(), before);
}

/// All that tells that something was changed, but for the time of the last look.
fn stamp(metadata: &Metadata) -> [i64; 6] {
    let (links, size) = (metadata.nlink() as i64, metadata.size() as i64);
    [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec(), links, size]
}
