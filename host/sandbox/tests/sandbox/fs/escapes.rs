//! Ways out of a granted directory, and files that are no files: cases 27, 30, 34 and 35.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, Mode, RenameFlags};
use serde_json::json;
use stockade_sandbox::Limits;
use stockade_workflow::{Grant, Kind};

use super::{FILES, Place, patient, reader, writer};
use crate::common::{call, tool};

/// Case 30: every spelling of a way out, by every function that takes a path.
#[tokio::test]
async fn no_path_leads_out() {
    let place = writer();
    let secret = place.outside("secret.txt");
    symlink(&secret, place.data("absolute")).unwrap();
    symlink("../outside/secret.txt", place.data("relative")).unwrap();
    symlink("relative", place.data("chain")).unwrap();
    symlink("loop", place.data("loop")).unwrap();
    symlink(place.outside(""), place.data("folder")).unwrap();
    symlink("../outside", place.data("sub/../up")).unwrap();
    symlink("/proc/self/fd", place.data("descriptors")).unwrap();
    symlink("/proc/self/root", place.data("root")).unwrap();
    let ways = [
        "..",
        "../outside/secret.txt",
        "sub/../../outside/secret.txt",
        "sub/../../../../../../../../etc/passwd",
        "./../outside/secret.txt",
        "a.txt/../../outside/secret.txt",
        "absolute",
        "absolute/",
        "relative",
        "relative/.",
        "chain",
        "loop",
        "loop/x",
        "folder/secret.txt",
        "folder//secret.txt",
        "folder/",
        "folder/.",
        "up/secret.txt",
        "sub/../up/secret.txt",
        "up/../outside/secret.txt",
        "descriptors/0",
        "descriptors/3/secret.txt",
        "root/etc/passwd",
        "/etc/passwd",
        "//etc/passwd",
        "folder/../../outside/secret.txt",
    ];
    let secret = secret.display().to_string();
    let arguments = json!({"action": "read", "at": "/data", "path": secret, "extra": "", "number": 0});
    assert_eq!(
        call(&place.tool, "wasi_file", arguments, Limits::default()).await.result.unwrap_err().kind,
        Kind::Denied
    );
    for way in ways {
        for how in ["read,follow", "read", "write", "write,follow", "read,directory,follow", "write,follow,truncate"] {
            let opened = place.wasi("open", way, how, 0).await;
            assert!(opened.is_err(), "{how} {way}: {opened:?}");
        }
        for action in ["read", "stream-read", "stat-follow", "set-times-at", "list", "truncate-to", "write"] {
            let done = place.wasi(action, way, "write,follow,truncate", 0).await;
            assert!(done.is_err(), "{action} {way}: {done:?}");
        }
        for action in ["rename", "link", "symlink"] {
            let target = if action == "symlink" { way } else { "a.txt" };
            let path = if action == "symlink" { "sub/link" } else { "a.txt" };
            let with = if action == "symlink" { target } else { way };
            let done = place.wasi(action, path, with, 0).await;
            // A name in the directory itself is replaced, or linked to; that leads nowhere.
            let down = !way.starts_with('/') && !way.contains("..");
            let inside = if action == "symlink" { down } else { down && !way.contains('/') };
            assert!(done.is_err() || inside, "{action} {with}: {done:?}");
            let _ = fs::remove_file(place.data("sub/link"));
            fs::write(place.data("a.txt"), "hello").unwrap();
        }
        restore(&place);
    }
    // What is in the directory is reached by any spelling of it, and names of other systems are names.
    for way in ["a.txt", "./a.txt", "sub/../a.txt", "sub//.././a.txt"] {
        assert_eq!(place.wasi("read", way, "", 0).await.unwrap(), "hello", "{way}");
    }
    for way in
        ["A.TXT", "a.txt.", "a.txt ", "C:\\a.txt", "\\\\?\\C:\\", "CON", "sub\\b.txt", "a\u{2024}txt", "..\\a.txt"]
    {
        assert_eq!(place.code("read", way, "", 0).await, "no-entry", "{way}");
    }
}

/// Puts the links back that a rename has replaced.
fn restore(place: &Place) {
    for (name, target) in [
        ("absolute", place.outside("secret.txt").display().to_string()),
        ("relative", "../outside/secret.txt".into()),
        ("chain", "relative".into()),
        ("loop", "loop".into()),
    ] {
        let _ = fs::remove_file(place.data(name));
        symlink(target, place.data(name)).unwrap();
    }
}

/// Case 30, as the operator sees it.
#[tokio::test]
async fn a_way_out_is_a_denial() {
    let place = reader();
    symlink(place.outside(""), place.data("folder")).unwrap();
    let fault = place.std("read", "/data/folder/secret.txt", "").await.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied);
    assert!(
        fault.message.starts_with(
            "tool \"test\" asked for fs \"/data/folder/secret.txt\" (a way out of the granted directory), which"
        ),
        "{fault}"
    );
    // Where a link of the operator leads is not told: it may name the host's directories.
    assert_eq!(place.code("readlink", "folder", "", 0).await, "not-permitted");
}

/// Case 30: a slash after a name means a directory, and must not make a link be followed.
#[tokio::test]
async fn a_slash_at_the_end_is_no_way_out() {
    let place = writer();
    symlink(place.outside(""), place.data("out")).unwrap();
    symlink("sub", place.data("in")).unwrap();
    assert_eq!(place.code("rename", "out/", "moved", 0).await, "not-directory");
    assert_eq!(place.code("rename", "a.txt", "out/", 0).await, "not-directory");
    assert_eq!(place.code("rename", "a.txt/", "x", 0).await, "not-directory");
    assert_eq!(place.code("unlink", "out/", "", 0).await, "not-directory");
    assert_eq!(place.code("rmdir", "out/", "", 0).await, "not-directory");
    assert_eq!(place.code("stat", "out/", "", 0).await, "not-permitted");
    assert_eq!(place.code("mkdir", "out/", "", 0).await, "exist");
    assert_eq!(place.code("open", "new/", "create,write", 0).await, "is-directory");
    assert_eq!(place.wasi("stat", "in/", "", 0).await.unwrap(), "Directory 4096".to_owned());
    assert_eq!(place.wasi("rename", "sub/", "renamed/", 0).await.unwrap(), "done");
    assert!(place.data("renamed/b.txt").exists());
}

#[tokio::test]
async fn links_that_guests_make_lead_down() {
    let place = writer();
    for target in ["/etc/passwd", "..", "../outside", "sub/../../outside", "a/../b", ""] {
        assert_ne!(place.code("symlink", "sub/link", target, 0).await, "exist", "{target}");
    }
    assert_eq!(place.wasi("symlink", "link", "sub/b.txt", 0).await.unwrap(), "done");
    assert_eq!(place.wasi("readlink", "link", "", 0).await.unwrap(), "sub/b.txt");
    assert_eq!(place.wasi("stat", "link", "", 0).await.unwrap(), "SymbolicLink 9");
    assert_eq!(place.wasi("stat-follow", "link", "", 0).await.unwrap(), "RegularFile 5");
    assert_eq!(place.std("read", "/data/link", "").await.unwrap(), "below");
    assert_eq!(place.code("open", "link", "read", 0).await, "loop");
}

/// Cases 27 and 34: what could block or act on the machine is not opened, and no call waits for it.
#[tokio::test]
async fn special_files_are_not_opened() {
    let place = writer();
    rustix::fs::mknodat(CWD, place.data("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = UnixListener::bind(place.data("socket")).unwrap();
    fs::hard_link(place.outside("secret.txt"), place.data("hard")).unwrap();
    symlink("pipe", place.data("to-pipe")).unwrap();
    for path in ["pipe", "socket", "hard", "to-pipe"] {
        for how in ["read,follow", "write,follow", "read,write,follow", "write,truncate,follow", "write,create,follow"]
        {
            assert_eq!(place.code("open", path, how, 0).await, "not-permitted", "{path} {how}");
        }
        assert_eq!(place.code("set-times-at", path, "0", 0).await, "not-permitted", "{path}");
    }
    let fault = place.std("read", "/data/pipe", "").await.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied);
    assert!(fault.message.contains("fs \"/data/pipe\", which is a pipe, a socket or a device"), "{fault}");
    let fault = place.std("append", "/data/hard", "x").await.unwrap_err();
    assert!(fault.message.contains("fs \"/data/hard\", which has a second name (a hard link)"), "{fault}");
    assert_eq!(place.wasi("stat", "pipe", "", 0).await.unwrap(), "Unknown 0");
    assert!(place.std("list", "/data", "").await.unwrap().contains("hard pipe socket"));
    // The other way about: a guest can make no link, so its own files always open again.
    assert_eq!(place.code("link", "a.txt", "b.txt", 0).await, "unsupported");
}

/// Case 34: the machine's own devices.
#[tokio::test]
async fn devices_are_not_opened() {
    let tool = tool(FILES.clone(), &[Grant::fs("/dev", "/dev").writable()]);
    for path in ["/dev/null", "/dev/zero", "/dev/tty", "/dev/random"] {
        let arguments = json!({"action": "read", "path": path, "extra": ""});
        let fault = call(&tool, "std_file", arguments, Limits::default()).await.result.unwrap_err();
        assert_eq!(fault.kind, Kind::Denied, "{fault}");
    }
}

/// Case 35: a directory becomes a link to the outside and back while a guest keeps opening what is in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_race_is_not_won() {
    const ROUNDS: u64 = 20_000;
    let place = reader();
    fs::create_dir(place.data("d")).unwrap();
    fs::write(place.data("d/secret.txt"), "inside").unwrap();
    symlink(place.outside(""), place.base.path().join("link")).unwrap();
    let (here, there) = (place.data("d"), place.base.path().join("link"));
    let done = AtomicBool::new(false);
    let (seen, swaps) = std::thread::scope(|scope| {
        let swapper = scope.spawn(|| swap(&here, &there, &done));
        let end = End(&done);
        let guest = place.wasi_within("open-loop", "d/secret.txt", "", ROUNDS, patient());
        let seen = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(guest));
        drop(end);
        (seen.unwrap(), swapper.join().unwrap())
    });
    assert!(swaps > ROUNDS / 10, "only {swaps} swaps");
    assert!(seen.contains("inside") && seen.contains("(not-permitted)"), "{seen}");
    assert!(seen.split(' ').all(|one| ["inside<end>", "inside", "(not-permitted)"].contains(&one)), "{seen}");
}

/// Ends the swapping, also where the test fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn swap(here: &Path, there: &Path, done: &AtomicBool) -> u64 {
    let mut swaps = 0;
    while !done.load(Ordering::Relaxed) {
        rustix::fs::renameat_with(CWD, here, CWD, there, RenameFlags::EXCHANGE).unwrap();
        swaps += 1;
    }
    swaps
}
