//! `wasi:filesystem` against a guest that may say anything: the catalogue's cases 27 and 30 to 36.
//!
//! The guest "files" works through plain std, as an ordinary tool does, and through WASI itself, as a hostile one would.

mod escapes;
mod quotas;
mod read_only;

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use rustix::fs::CWD;
use serde_json::json;
use stockade_sandbox::{Component, Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind, Quota};
use tempfile::TempDir;

use crate::common::{ENGINE, built, call, tool};

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

/// Limits for guests that call the host often.
fn patient() -> Limits {
    let limits = Limits::default().host_calls(10_000_000).host_us(600_000_000);
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
