//! `wasi:filesystem` against a guest that may say anything: the catalogue's cases 27 and 30 to 36.
//!
//! The guest "files" works through plain std, as an ordinary tool does, and through WASI itself, as a hostile one would.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, FileType, Mode, RenameFlags};
use serde_json::json;
use stockade_sandbox::{Component, Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind, Quota};
use tempfile::TempDir;

use crate::common::{ENGINE, built, built_tool, call, tool};

static FILES: LazyLock<Component> = LazyLock::new(|| ENGINE.load(&built("files")).expect("a component"));

/// What stands in the file outside, which no guest may ever see or change.
const CANARY: &str = "canary";

/// A directory that is granted as `/data`, and beside it one that is not.
struct Place {
    base: TempDir,
    tool: Tool,
}

impl Place {
    fn new(grant: impl FnOnce(Grant) -> Grant) -> Self {
        let base = tempfile::tempdir().unwrap();
        for dir in ["data", "data/sub", "outside"] {
            fs::create_dir(base.path().join(dir)).unwrap();
        }
        fs::write(base.path().join("data/a.txt"), "hello").unwrap();
        fs::write(base.path().join("data/sub/b.txt"), "below").unwrap();
        fs::write(base.path().join("outside/secret.txt"), CANARY).unwrap();
        let grant = grant(Grant::fs(base.path().join("data").display().to_string(), "/data"));
        let tool = tool(FILES.clone(), &[grant]);
        Self { base, tool }
    }

    fn data(&self, path: &str) -> std::path::PathBuf {
        self.base.path().join("data").join(path)
    }

    fn outside(&self, path: &str) -> std::path::PathBuf {
        self.base.path().join("outside").join(path)
    }

    async fn std(&self, action: &str, path: &str, with: &str) -> Result<String, Fault> {
        self.std_within(action, path, with, Limits::default()).await
    }

    async fn std_within(&self, action: &str, path: &str, with: &str, limits: Limits) -> Result<String, Fault> {
        let answer = call(&self.tool, "std_file", json!({"action": action, "path": path, "extra": with}), limits).await;
        self.checked(answer.result.map(|value| value.as_str().unwrap().to_owned()))
    }

    async fn wasi(&self, action: &str, path: &str, with: &str, number: u64) -> Result<String, Fault> {
        self.wasi_within(action, path, with, number, Limits::default()).await
    }

    async fn wasi_within(
        &self,
        action: &str,
        path: &str,
        with: &str,
        number: u64,
        limits: Limits,
    ) -> Result<String, Fault> {
        let arguments = json!({"action": action, "at": "/data", "path": path, "extra": with, "number": number});
        let answer = call(&self.tool, "wasi_file", arguments, limits).await;
        self.checked(answer.result.map(|value| value.as_str().unwrap().to_owned()))
    }

    /// Whatever a guest does, it learns nothing of where the directory lies, and the file outside stays as it is.
    fn checked(&self, answer: Result<String, Fault>) -> Result<String, Fault> {
        let text = format!("{answer:?}");
        assert!(!text.contains(self.base.path().to_str().unwrap()), "a path of the host: {text}");
        assert!(!text.contains(CANARY), "an escape: {text}");
        assert_eq!(fs::read_to_string(self.outside("secret.txt")).unwrap(), CANARY);
        assert_eq!(fs::read_dir(self.outside("")).unwrap().count(), 1);
        answer
    }

    /// Returns the code of the error that the guest was given.
    async fn code(&self, action: &str, path: &str, with: &str, number: u64) -> String {
        match self.wasi(action, path, with, number).await {
            Ok(answer) => panic!("{action} {path}: {answer}"),
            Err(fault) if fault.kind == Kind::GuestError => fault.message,
            Err(fault) if fault.kind == Kind::Denied => {
                fault.message.rsplit_once("the tool said: ").expect("what the tool said").1.to_owned()
            }
            Err(fault) => panic!("{action} {path}: {fault:?}"),
        }
    }
}

fn reader() -> Place {
    Place::new(|grant| grant)
}

fn writer() -> Place {
    Place::new(Grant::writable)
}

fn quota(bytes: u64, files: u64, depth: u64) -> Place {
    Place::new(|grant| grant.writable().quota(Quota { bytes, files, depth }))
}

/// Limits for guests that call the host often.
fn patient() -> Limits {
    let limits = Limits { host_calls: 10_000_000, host_us: 600_000_000, ..Limits::default() };
    limits.fuel(100_000_000_000).deadline(Duration::from_secs(300))
}

fn breach(answer: Result<String, Fault>) -> (Kind, String, u64, u64) {
    let fault = answer.expect_err("a limit");
    let breach = fault.breach.clone().unwrap_or_else(|| panic!("no limit: {fault:?}"));
    (fault.kind, breach.limit, breach.allowed, breach.used)
}

#[tokio::test]
async fn a_writer_works_with_files_through_std() {
    let place = writer();
    let (std, ok) = (async |action, path, with| place.std(action, path, with).await, Ok("done".to_owned()));
    assert_eq!(std("read", "/data/a.txt", "").await.unwrap(), "hello");
    assert_eq!(std("read-in-pieces", "/data/sub/b.txt", "").await.unwrap(), "below");
    assert_eq!(std("write", "/data/new.txt", "one").await, ok);
    assert_eq!(std("append", "/data/new.txt", " two").await, ok);
    assert_eq!(fs::read_to_string(place.data("new.txt")).unwrap(), "one two");
    assert_eq!(std("write", "/data/new.txt", "x").await, ok);
    assert_eq!(fs::read_to_string(place.data("new.txt")).unwrap(), "x");
    assert_eq!(std("list", "/data", "").await.unwrap(), "a.txt new.txt sub");
    assert_eq!(std("mkdir-all", "/data/p/q/r", "").await, ok);
    assert_eq!(std("rename", "/data/new.txt", "/data/p/q/moved.txt").await, ok);
    assert_eq!(std("copy", "/data/a.txt", "/data/p/copy.txt").await.unwrap(), "5");
    assert_eq!(std("list", "/data/p", "").await.unwrap(), "copy.txt q");
    assert_eq!(std("set-times", "/data/a.txt", "86400").await, ok);
    assert_eq!(std("stat", "/data/a.txt", "").await.unwrap(), "file 5 86400");
    assert_eq!(std("truncate", "/data/a.txt", "").await, ok);
    assert_eq!(fs::metadata(place.data("a.txt")).unwrap().len(), 0);
    assert_eq!(std("sparse", "/data/sparse", "1000").await, ok);
    assert_eq!(fs::metadata(place.data("sparse")).unwrap().len(), 1001);
    assert_eq!(std("remove", "/data/sparse", "").await, ok);
    assert_eq!(std("remove-all", "/data/p", "").await, ok);
    assert_eq!(std("list", "/data", "").await.unwrap(), "a.txt sub");
    assert_eq!(std("exists", "/data/p", "").await.unwrap(), "false");
    let missing = std("read", "/data/missing", "").await.unwrap_err();
    assert_eq!((missing.kind, missing.message.as_str()), (Kind::GuestError, "No such file or directory (os error 44)"));
}

#[tokio::test]
async fn a_reader_reads_and_is_told_what_would_let_it_write() {
    let place = reader();
    assert_eq!(place.std("read", "/data/a.txt", "").await.unwrap(), "hello");
    let fault = place.std("write", "/data/a.txt", "x").await.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied);
    assert_eq!(
        fault.message,
        "tool \"test\" asked to change fs \"/data/a.txt\", but the grant is read-only; access = \"read-write\" would \
         allow it; the tool said: Read-only file system (os error 69)"
    );
}

#[tokio::test]
async fn without_a_grant_the_denial_names_the_file() {
    let tool = tool(FILES.clone(), &[]);
    let ask = async |action: &str, path: &str| {
        let arguments = json!({"action": action, "path": path, "extra": ""});
        call(&tool, "std_file", arguments, Limits::default()).await.result
    };
    let fault = ask("read", "/etc/passwd").await.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied);
    assert_eq!(
        fault.message,
        "tool \"test\" asked for fs \"/etc/passwd\", which is not granted; in stockade.toml, under \
         [tool.test.grants], fs = [{ path = \"DIR\", at = \"/etc\" }] would allow it; the tool said: Operation not \
         permitted (os error 63)"
    );
    for action in ["write", "list", "mkdir", "mkdir-all", "remove", "append"] {
        let fault = ask(action, "notes/today\u{1b}.txt").await.unwrap_err();
        assert_eq!(fault.kind, Kind::Denied, "{action}: {fault}");
        assert!(fault.message.contains("fs \"/notes"), "{action}: {fault}");
        assert!(!fault.message.contains('\u{1b}'), "{fault}");
    }
    // A trap says nothing itself.
    let fault = ask("unwrap", "/etc/passwd").await.unwrap_err();
    assert_eq!(fault.kind, Kind::Trap);
    assert!(fault.message.contains("before that, tool \"test\" asked for fs \"/etc/passwd\""), "{fault}");
    // To look whether something is there is no failure; nor is every failure one of files.
    assert_eq!(ask("exists", "/etc/passwd").await.unwrap(), json!("false"));
    assert_eq!(ask("swallow", "/etc/passwd").await.unwrap(), json!("failed"));
    let fault = ask("shrug", "/etc/localtime").await.unwrap_err();
    assert_eq!((fault.kind, fault.message.as_str()), (Kind::GuestError, "there is no such customer"));
}

#[tokio::test]
async fn a_long_path_is_refused_and_not_kept() {
    let tool = tool(FILES.clone(), &[]);
    let arguments = json!({"action": "unwrap", "path": format!("/{}", "\u{1b}/".repeat(1_000)), "extra": ""});
    let fault = call(&tool, "std_file", arguments, Limits::default()).await.result.unwrap_err();
    assert!(fault.message.contains("before that") && fault.message.len() < 6_000, "{}", fault.message.len());
    let arguments = json!({"action": "unwrap", "path": format!("/{}", "x/".repeat(100_000)), "extra": ""});
    let fault = call(&tool, "std_file", arguments, Limits::default()).await.result.unwrap_err();
    assert!(!fault.message.contains("before that"), "{}", fault.message.len());
}

#[tokio::test]
async fn a_grant_of_one_directory_is_none_of_others() {
    let place = writer();
    let fault = place.std("read", "/home/a.txt", "").await.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied);
    assert!(fault.message.contains("fs = [{ path = \"DIR\", at = \"/home\" }] would allow it"), "{fault}");
    let fault = place.std("read", "a.txt", "").await.unwrap_err();
    assert!(fault.message.starts_with("tool \"test\" asked for fs \"/a.txt\", which is not granted"), "{fault}");
    assert_eq!(place.wasi("preopens", "", "", 0).await.unwrap(), "/data /");
}

#[tokio::test]
async fn a_grant_must_be_of_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let (path, file) = (dir.path().display().to_string(), dir.path().join("file"));
    fs::write(&file, "").unwrap();
    let refused = |grants: &[Grant]| Tool::new(&ENGINE, "test", FILES.clone(), grants).unwrap_err().message;
    let missing = refused(&[Grant::fs(format!("{path}/missing"), "/data")]);
    assert!(missing.starts_with("grant of fs \"/data\" to tool \"test\": \""), "{missing}");
    assert!(refused(&[Grant::fs(file.display().to_string(), "/data")]).contains("Not a directory"));
    assert!(refused(&[Grant::fs(&path, "data")]).contains("must be an absolute path"));
    let twice = [Grant::fs(&path, "/data"), Grant::fs(&path, "/data").writable()];
    assert_eq!(refused(&twice), "fs \"/data\" is granted twice to tool \"test\"");
}

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

/// Case 31: nothing in a directory that is read-only changes, by whatever door.
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

/// Case 32: bytes are counted before they are written, and holes are bytes.
#[tokio::test]
async fn a_disk_is_not_filled() {
    let place = quota(100_000, 10, 4);
    for (action, with) in [("sparse", 1u64 << 40), ("sparse", (1 << 63) - 2), ("fill", 1 << 30)] {
        let (kind, limit, allowed, used) = breach(place.std(action, "/data/big", &with.to_string()).await);
        assert_eq!((kind, limit.as_str(), allowed), (Kind::FsQuota, "fs_bytes", 100_000));
        assert!(used > allowed);
        let left = fs::metadata(place.data("big")).unwrap();
        assert!(left.len() <= 100_000 && left.blocks() * 512 <= 200_000, "{action}: {}", left.len());
    }
    for (action, with, number) in [
        ("write", "x", 1 << 40),
        ("stream-write", "x", 1 << 40),
        ("set-size", "", 1 << 40),
        ("stream-zeroes", "", 1 << 30),
    ] {
        let (kind, limit, ..) = breach(place.wasi(action, "a.txt", with, number).await);
        assert_eq!((kind, limit.as_str()), (Kind::FsQuota, "fs_bytes"), "{action}");
        assert!(fs::metadata(place.data("a.txt")).unwrap().len() <= 100_005, "{action}");
        fs::write(place.data("a.txt"), "hello").unwrap();
    }
    let fault = place.std("sparse", "/data/big", "1000000").await.unwrap_err();
    assert_eq!(
        fault.message,
        "the call may use 100000 of \"fs_bytes\" in fs \"/data\" and asked for 1000001; \"bytes\" in the quota of that \
         grant would allow more"
    );
    // A stream that is dropped without a look back tells nobody but us.
    let (kind, limit, ..) = breach(place.wasi("stream-drop", "dropped", &"x".repeat(60_000), 60_000).await);
    assert_eq!((kind, limit.as_str()), (Kind::FsQuota, "fs_bytes"));
    assert_eq!(fs::metadata(place.data("dropped")).unwrap().len(), 0);
    let (kind, limit, ..) = breach(place.wasi("stream-leave", "left", &"x".repeat(60_000), 2).await);
    assert_eq!((kind, limit.as_str()), (Kind::FsQuota, "fs_bytes"));
    // What is written over counts too, or a loop could keep a disk busy for ever.
    let (_, limit, ..) = breach(place.wasi_within("append", "a.txt", &"x".repeat(1000), 101, patient()).await);
    assert_eq!(limit, "fs_bytes");
    assert_eq!(place.wasi("append", "a.txt", &"x".repeat(1000), 100).await.unwrap(), "done");
}

/// Case 32: zero is none.
#[tokio::test]
async fn a_quota_of_zero_is_none() {
    let place = quota(0, 0, 1);
    assert_eq!(breach(place.std("append", "/data/a.txt", "x").await).1, "fs_bytes");
    assert_eq!(breach(place.std("write", "/data/new.txt", "").await).1, "fs_files");
    assert_eq!(breach(place.std("read", "/data/sub/b.txt", "").await).1, "fs_depth");
    assert_eq!(place.std("read", "/data/a.txt", "").await.unwrap(), "hello");
    assert!(!place.data("new.txt").exists());
}

/// Case 33: neither many files, nor deep folders, nor long names.
#[tokio::test]
async fn inodes_are_counted() {
    let place = quota(1000, 20, 6);
    for (action, path) in [("make-many", "sub/f"), ("mkdir-many", "sub/d")] {
        let (kind, limit, allowed, used) = breach(place.wasi_within(action, path, "", 1_000_000, patient()).await);
        assert_eq!((kind, limit.as_str(), allowed, used), (Kind::FsQuota, "fs_files", 20, 21));
    }
    assert_eq!(fs::read_dir(place.data("sub")).unwrap().count(), 41);
    // What was not made is not counted.
    let again = place.wasi_within("open-loop", "missing", "", 1_000, patient()).await.unwrap();
    assert_eq!(again, "(no-entry)");
    let (kind, limit, allowed, used) = breach(place.wasi("mkdir-deep", ".", "", 4_000).await);
    assert_eq!((kind, limit.as_str(), allowed, used), (Kind::FsQuota, "fs_depth", 6, 7));
    assert_eq!(breach(place.std("mkdir-all", "/data/1/2/3/4/5/6/7", "").await).1, "fs_depth");
    let (name, long) = ("n".repeat(255), "n".repeat(256));
    assert_eq!(place.wasi("mkdir", &name, "", 0).await.unwrap(), "done");
    assert_eq!(place.code("mkdir", &long, "", 0).await, "name-too-long");
    assert_eq!(place.code("mkdir", &"a/".repeat(3000), "", 0).await, "name-too-long");
    assert_eq!(place.code("mkdir", "a\0b", "", 0).await, "invalid");
    assert_eq!(place.code("mkdir", "", "", 0).await, "no-entry");
}

/// Case 33: deep folders by way of links, and by moving one into another.
#[tokio::test]
async fn depth_is_what_it_really_is() {
    let place = quota(1000, 100, 6);
    fs::create_dir_all(place.data("1/2/3/4/5")).unwrap();
    fs::create_dir_all(place.data("x/y")).unwrap();
    symlink("1/2/3/4/5", place.data("short")).unwrap();
    assert_eq!(place.wasi("mkdir", "short/6", "", 0).await.unwrap(), "done");
    assert_eq!(breach(place.wasi("mkdir", "short/6/7", "", 0).await).1, "fs_depth");
    assert_eq!(breach(place.wasi("open", "short/6/7", "create,write", 0).await).1, "fs_depth");
    assert_eq!(breach(place.wasi("symlink", "short/6/7", "x", 0).await).1, "fs_depth");
    assert_eq!(breach(place.wasi("rename", "a.txt", "short/6/a.txt", 0).await).1, "fs_depth");
    assert_eq!(breach(place.wasi("rename", "x", "short/x", 0).await).1, "fs_depth");
    assert_eq!(place.wasi("rename", "x", "1/2/3/4/x", 0).await.unwrap(), "done");
    assert_eq!(place.wasi("rename", "1/2/3/4/x", "x", 0).await.unwrap(), "done");
}

/// Cases 27 and 34: what could block or act on the machine is not opened, and nobody waits for it.
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

/// Case 36: any number is an answer or an error.
#[tokio::test]
async fn extreme_numbers_are_errors() {
    let place = Place::new(|grant| grant.writable().quota(Quota { bytes: u64::MAX, ..Quota::default() }));
    let numbers = [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1];
    for number in numbers {
        for action in ["write", "stream-write", "set-size", "set-times", "set-times-at"] {
            let done = place.wasi(action, "a.txt", "x", number).await;
            // The largest number that the system has is a time that some file systems can keep, cut to what they can.
            let kept = number == i64::MAX as u64 && action.starts_with("set-times");
            assert!(
                kept || matches!(&done, Err(fault) if fault.kind == Kind::GuestError),
                "{action} {number}: {done:?}"
            );
        }
        for action in ["read", "stream-read"] {
            let done = place.wasi(action, "a.txt", "x", number).await;
            assert!(matches!(done.as_deref(), Ok("" | "<end>") | Err(_)), "{action} {number}: {done:?}");
        }
        assert_eq!(place.wasi("advise", "a.txt", "", number).await.unwrap(), "done");
    }
    for nanoseconds in ["1000000000", "1073741823", "1073741822", "4294967295"] {
        assert_eq!(place.code("set-times-at", "a.txt", nanoseconds, 1).await, "invalid", "{nanoseconds}");
    }
    assert_eq!(fs::read_to_string(place.data("a.txt")).unwrap(), "hello");
    // A file from before 1970, and one from far ahead.
    for seconds in [-1_000_000_000, 4_000_000_000] {
        let time = rustix::fs::Timespec { tv_sec: seconds, tv_nsec: 0 };
        let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(CWD, place.data("a.txt"), &times, rustix::fs::AtFlags::empty()).unwrap();
        assert_eq!(place.wasi("stat", "a.txt", "", 0).await.unwrap(), "RegularFile 5");
    }
}

#[tokio::test]
async fn streams_read_and_write() {
    let place = writer();
    let long = "0123456789".repeat(1_000);
    fs::write(place.data("long"), &long).unwrap();
    assert_eq!(place.wasi("stream-read", "long", "", 0).await.unwrap(), long);
    assert_eq!(place.wasi("stream-read", "long", "", 9_995).await.unwrap(), "56789");
    assert_eq!(place.wasi("stream-read", "long", "", 10_000).await.unwrap(), "");
    assert_eq!(place.wasi("stream-poll", "long", "", 0).await.unwrap(), long);
    // Beside a timer that is over, too, the file is waited for, or the guest could tell how long the disk takes.
    assert_eq!(place.wasi_within("stream-timer", "long", "", 300, patient()).await.unwrap(), "done");
    assert_eq!(place.wasi("stream-write", "long", "abc", 9_999).await.unwrap(), "done");
    assert_eq!(fs::metadata(place.data("long")).unwrap().len(), 10_002);
    assert_eq!(place.wasi("append", "long", "def", 2).await.unwrap(), "done");
    assert!(fs::read_to_string(place.data("long")).unwrap().ends_with("abcdefdef"));
    // A stream that is dropped right after a write has written it.
    assert_eq!(place.wasi("stream-drop", "dropped", "abc", 0).await.unwrap(), "done");
    assert_eq!(fs::read_to_string(place.data("dropped")).unwrap(), "abc");
    // And what is left to the host is written before the call has ended.
    assert_eq!(place.wasi("stream-leave", "left", &"0123456789".repeat(6_000), 40).await.unwrap(), "done");
    assert_eq!(fs::metadata(place.data("left")).unwrap().len(), 40 * 60_000);
    assert_eq!(place.wasi("stream-forced", "long", "x", 0).await.unwrap_err().kind, Kind::Trap);
    assert_eq!(place.code("stream-read", "sub", "", 0).await, "is-directory");
    assert_eq!(place.code("read", "sub", "", 0).await, "is-directory");
    let text = place.code("stream-read", "long", "", u64::MAX).await;
    assert!(text.starts_with("invalid ("), "{text}");
}

#[tokio::test]
async fn files_are_told_apart() {
    let place = writer();
    let (a, b) =
        (place.wasi("hash", "a.txt", "", 0).await.unwrap(), place.wasi("hash", "sub/b.txt", "", 0).await.unwrap());
    assert_ne!(a, b);
    assert_eq!(place.wasi("hash", "sub/../a.txt", "", 0).await.unwrap(), a);
    assert_eq!(place.wasi("same", "a.txt", "", 0).await.unwrap(), "true");
    assert_eq!(place.wasi("sync", "a.txt", "", 0).await.unwrap(), "done");
    assert_eq!(place.wasi("read-all-of-nothing", "a.txt", "", 0).await.unwrap(), "hello");
}

#[tokio::test]
async fn a_large_directory_is_read_a_little_at_a_time() {
    let place = reader();
    for n in 0..3_000 {
        fs::write(place.data(&format!("sub/{n}")), "").unwrap();
    }
    let names = place.wasi_within("list", "sub", "", 0, patient()).await.unwrap();
    assert_eq!(names.split(' ').count(), 3_001);
    assert!(names.contains("2999:RegularFile"));
    let few = Limits { host_calls: 1_000, ..patient() };
    assert_eq!(breach(place.wasi_within("list", "sub", "", 0, few).await).1, "host_calls");
    let (kind, limit, allowed, _) = breach(place.wasi("list-many", "sub", "", 1_000).await);
    assert_eq!((kind, limit.as_str(), allowed), (Kind::Handles, "fs_open", 64));
}

/// Descriptors of the host are given back, whatever ends the call.
#[tokio::test]
async fn few_files_are_open_at_once() {
    let place = reader();
    for _ in 0..3 {
        let (kind, limit, allowed, used) = breach(place.wasi("open-many", "a.txt", "", 1_000).await);
        assert_eq!((kind, limit.as_str(), allowed, used), (Kind::Handles, "fs_open", 64, 65));
    }
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    let here = place.data("a.txt");
    let open = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).filter(|path| *path == here);
    assert_eq!(open.count(), 0);
    assert_eq!(place.wasi("open-many", "a.txt", "", 60).await.unwrap(), "60");
    let few = Limits { resources: 20, ..Limits::default() };
    assert_eq!(breach(place.wasi_within("open-many", "a.txt", "", 60, few).await).1, "resources");
}

/// What streams carry counts, though it goes past the call's meter.
#[tokio::test]
async fn bytes_carried_are_counted() {
    let place = writer();
    fs::write(place.data("long"), vec![b'.'; 300_000]).unwrap();
    let few = || Limits { host_bytes: 200_000, ..Limits::default() };
    for (action, path, with) in
        [("read", "/data/long", ""), ("copy", "/data/a.txt", "/data/b.txt"), ("fill", "/data/new", "300000")]
    {
        let answer = place.std_within(action, path, with, few()).await;
        if action == "copy" {
            assert_eq!(answer.unwrap(), "5");
            continue;
        }
        let (kind, limit, allowed, used) = breach(answer);
        assert_eq!((kind, limit.as_str(), allowed), (Kind::HostcallBytes, "host_bytes", 200_000), "{action}");
        assert!(used <= 200_000 + (64 << 10) + 100, "{action}: {used}");
    }
}

#[tokio::test]
async fn a_tool_that_may_write_is_not_repeated() {
    assert!(reader().tool.is_repeatable());
    assert!(!writer().tool.is_repeatable());
}

/// The clock is the machine's only where that was granted.
#[tokio::test]
async fn a_real_clock_is_granted() {
    let now =
        async |tool: &Tool| call(tool, "now", json!({}), Limits::default()).await.result.unwrap().as_u64().unwrap();
    let real = tool(ENGINE.load(&built("probe")).unwrap(), &[Grant::Clock]);
    let machine = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (before, told, after) = (machine(), now(&real).await, machine());
    assert!((before..=after).contains(&told), "{before} {told} {after}");
    let granted_other = tool(ENGINE.load(&built("probe")).unwrap(), &[Grant::Random]);
    for virtual_clock in [&built_tool("probe"), &granted_other] {
        assert_eq!(now(virtual_clock).await, 1_767_225_600);
    }
}

/// Random numbers are the machine's only where that was granted.
#[tokio::test]
async fn real_random_is_granted() {
    let random = async |tool: &Tool| call(tool, "random", json!({}), Limits::default()).await;
    let real = tool(ENGINE.load(&built("probe")).unwrap(), &[Grant::Random]);
    assert_ne!(random(&real).await.result, random(&real).await.result);
    let granted_other = tool(ENGINE.load(&built("probe")).unwrap(), &[Grant::Clock]);
    for seeded in [&built_tool("probe"), &granted_other] {
        let (one, other) = (random(seeded).await, random(seeded).await);
        assert_eq!((one.result, one.usage.fuel), (other.result, other.usage.fuel));
    }
}

/// To be denied files costs the same each time.
#[tokio::test]
async fn denials_are_the_same_on_every_call() {
    let tool = tool(FILES.clone(), &[]);
    let arguments = json!({"action": "read", "path": "/etc/passwd", "extra": ""});
    let first = call(&tool, "std_file", arguments.clone(), Limits::default()).await;
    for _ in 0..100 {
        let again = call(&tool, "std_file", arguments.clone(), Limits::default()).await;
        assert_eq!((&again.result, again.usage.fuel), (&first.result, first.usage.fuel));
    }
}
