use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind, Quota};
use tempfile::TempDir;

use crate::world::{CALL_ID, World, call, typed};

/// What stands in the file outside, which no guest may ever see or change.
const CANARY: &str = "canary";
const GUEST: &str = "guest-tools/dist/files.wasm";

/// A directory that is granted as `/data`, and beside it one that is not.
pub(crate) struct Place {
    base: TempDir,
    tool: Tool,
}

pub(crate) type Answer = Result<String, Fault>;

impl Place {
    pub(crate) fn new(world: &World, grant: impl FnOnce(Grant) -> Grant) -> Self {
        let base = tempfile::tempdir().unwrap();
        ["data", "data/sub", "outside"].iter().for_each(|dir| fs::create_dir(base.path().join(dir)).unwrap());
        let files = [("data/a.txt", "hello"), ("data/sub/b.txt", "below"), ("outside/secret.txt", CANARY)];
        files.iter().for_each(|(path, text)| fs::write(base.path().join(path), text).unwrap());
        let grant = grant(Grant::fs(base.path().join("data").display().to_string(), "/data"));
        Self { tool: world.granted(GUEST, &[grant]), base }
    }

    pub(crate) fn reader(world: &World) -> Self {
        Self::new(world, |grant| grant)
    }

    pub(crate) fn writer(world: &World) -> Self {
        Self::new(world, Grant::writable)
    }

    pub(crate) fn quota(world: &World, bytes: u64, files: u64, depth: u64) -> Self {
        Self::new(world, |grant| grant.writable().quota(Quota { bytes, files, depth }))
    }

    pub(crate) fn data(&self, path: &str) -> PathBuf {
        self.base.path().join("data").join(path)
    }

    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.base.path().join("outside").join(path)
    }

    pub(crate) fn link(&self, name: &str, target: impl AsRef<std::path::Path>) {
        let _ = fs::remove_file(self.data(name));
        symlink(target, self.data(name)).unwrap();
    }

    /// Has the guest do something by way of std, as an ordinary tool would.
    pub(crate) async fn std(&self, action: &str, path: &str, extra: &str) -> Answer {
        let arguments = json!({"action": action, "path": path, "extra": extra});
        self.call("std_file", arguments, Limits::default()).await
    }

    /// Has the guest do something by way of WASI itself, where it can say what no library would.
    pub(crate) async fn wasi(&self, action: &str, path: &str, extra: &str, number: u64) -> Answer {
        self.wasi_within(action, path, extra, number, Limits::default()).await
    }

    pub(crate) async fn wasi_within(&self, action: &str, path: &str, extra: &str, number: u64, most: Limits) -> Answer {
        let arguments = json!({"action": action, "at": "/data", "path": path, "extra": extra, "number": number});
        self.call("wasi_file", arguments, most).await
    }

    /// Whatever a guest does, it learns nothing of where the directory lies, and the file outside stays as it is.
    async fn call(&self, function: &str, arguments: Value, limits: Limits) -> Answer {
        let answer = call(&self.tool, function, arguments, limits).await.result;
        let text = format!("{answer:?}");
        assert!(!text.contains(self.base.path().to_str().unwrap()), "a path of the host: {text}");
        assert!(!text.contains(CANARY), "an escape: {text}");
        assert_eq!(fs::read_to_string(self.outside("secret.txt")).unwrap(), CANARY);
        assert_eq!(fs::read_dir(self.outside("")).unwrap().count(), 1);
        answer.map(|value| value.as_str().unwrap().to_owned()).map_err(checked)
    }
}

/// Gives tools of two directories, the first of them read-only.
pub(crate) fn two(world: &World, read: &std::path::Path, write: &std::path::Path) -> Tool {
    let grants =
        [Grant::fs(read.display().to_string(), "/ro"), Grant::fs(write.display().to_string(), "/rw").writable()];
    world.granted(GUEST, &grants)
}

/// Limits for guests that call the host often.
pub(crate) fn patient() -> Limits {
    let limits = Limits::default().host_calls(10_000_000).host_us(600_000_000);
    limits.fuel(100_000_000_000).deadline(Duration::from_secs(30))
}

/// Checks that a limit stopped a call; returns the kind and the limit.
#[track_caller]
pub(crate) fn breach(answer: Answer) -> (Kind, String) {
    let fault = answer.unwrap_err();
    let breach = fault.breach.clone().unwrap_or_else(|| panic!("no limit: {fault:?}"));
    assert!(breach.used > breach.allowed, "{fault:?}");
    (fault.kind, breach.limit)
}

/// Checks that a call was denied, and returns what the guest made of it.
#[track_caller]
pub(crate) fn denied(answer: Answer) -> String {
    let fault = answer.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied, "{fault:?}");
    fault.message
}

/// Checks that a call failed with an error that the guest was given, and no limit or fault of the host's.
#[track_caller]
pub(crate) fn refused(answer: Answer, what: &str) {
    let fault = answer.map_err(|fault| fault.kind);
    assert!(matches!(fault, Err(Kind::Denied | Kind::GuestError)), "{what}: {fault:?}");
}

fn checked(fault: Fault) -> Fault {
    typed(&fault);
    assert_eq!(fault.call_id.as_deref(), Some(CALL_ID));
    fault
}
