//! What a grant that only reads keeps from changing: case 31.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::json;
use stockade_sandbox::Limits;
use stockade_workflow::{Grant, Kind};

use super::{FILES, reader, writer};
use crate::common::{call, tool};

/// Case 31: nothing in a directory that is read-only changes, by whatever function.
#[tokio::test]
async fn read_only_is_read_only() {
    let base = tempfile::tempdir().unwrap();
    let (ro, rw) = (base.path().join("ro"), base.path().join("rw"));
    for dir in [&ro, &rw] {
        fs::create_dir(dir).unwrap();
        fs::write(dir.join("a.txt"), "hello").unwrap();
        fs::create_dir(dir.join("sub")).unwrap();
    }
    let grants = [Grant::fs(ro.display().to_string(), "/ro"), Grant::fs(rw.display().to_string(), "/rw").writable()];
    let tool = tool(FILES.clone(), &grants);
    let metadata = || (fs::metadata(ro.join("a.txt")).unwrap(), fs::metadata(&ro).unwrap());
    let before = metadata();
    let attempts = [
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
    for (at, action, path, with) in attempts {
        let arguments = json!({"action": action, "at": at, "path": path, "extra": with, "number": 0});
        let fault = call(&tool, "wasi_file", arguments, Limits::default()).await.result.unwrap_err();
        assert!(matches!(fault.kind, Kind::Denied | Kind::GuestError), "{action} {path} {with}: {fault:?}");
    }
    assert_eq!(fs::read_to_string(ro.join("a.txt")).unwrap(), "hello");
    assert_eq!(fs::read_dir(&ro).unwrap().count(), 2);
    for (before, after) in [(&before.0, &metadata().0), (&before.1, &metadata().1)] {
        assert_eq!(
            (before.mtime(), before.mtime_nsec(), before.nlink()),
            (after.mtime(), after.mtime_nsec(), after.nlink())
        );
        assert_eq!(
            (before.ctime(), before.ctime_nsec(), before.ino()),
            (after.ctime(), after.ctime_nsec(), after.ino())
        );
    }
}

/// Case 31: what a descriptor was opened for is what it is good for.
#[tokio::test]
async fn a_descriptor_that_reads_does_not_write() {
    let place = writer();
    assert_eq!(place.code("write-to", "a.txt", "read", 0).await, "bad-descriptor");
    assert_eq!(place.code("write-to", "a.txt", "", 0).await, "bad-descriptor");
    // The host's own descriptor can write here: it is what creates the file.
    assert_eq!(place.code("write-to", "new.txt", "read,create", 0).await, "bad-descriptor");
    assert_eq!(fs::read_to_string(place.data("new.txt")).unwrap(), "");
    assert_eq!(place.code("open", "a.txt", "read,sync", 0).await, "unsupported");
    assert_eq!(place.wasi("write-to", "a.txt", "write", 0).await.unwrap(), "7");
}

#[tokio::test]
async fn a_tool_that_may_write_is_not_repeated() {
    assert!(reader().tool.is_repeatable());
    assert!(!writer().tool.is_repeatable());
}
