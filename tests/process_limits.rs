//! The binary under limits of its process: what the system refuses is said in one line, and nothing hangs or panics.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use stockade_tests::Place;
use stockade_tests::faults::Failure;

const REFUND: &[&str] = &["run", "refund", "--input", r#"{"user_id": "user_123", "request": "x"}"#];
const CODE: &[&str] = &["exec", "code.js"];
/// The slowest is a run that compiles its tools, in a debug build, on a machine that does much else.
const TIMEOUT: Duration = Duration::from_secs(120);

fn place() -> Place {
    let place = Place::new();
    place.write("code.js", "1 + 1");
    place
}

/// Calls the binary through a command that lowers a limit, and returns its exit code and what it said.
fn ended(place: &Place, lowered: &[&str], arguments: &[&str]) -> (Option<i32>, String) {
    let binary = place.command(arguments);
    let mut command = Command::new(lowered[0]);
    command.args(&lowered[1..]).arg(binary.get_program()).args(arguments).current_dir(place.path(""));
    command.env("XDG_CACHE_HOME", place.path("cache")).env("XDG_STATE_HOME", place.path("state"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let exit = waited(&mut child).unwrap_or_else(|| panic!("{lowered:?} {arguments:?} hangs"));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!said.contains("panicked"), "{lowered:?} {arguments:?}: {said}");
    (exit, said)
}

/// Waits for the end, and ends it where it does not come.
fn waited(child: &mut Child) -> Option<Option<i32>> {
    let since = Instant::now();
    while since.elapsed() < TIMEOUT {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status.code());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Checks that a call is refused in one line with this advice, or else ends as it does without limits.
fn refused_or_done(place: &Place, lowered: &[&str], arguments: &[&str], advice: &str, done: i32) -> bool {
    let (exit, said) = ended(place, lowered, arguments);
    if exit == Some(done) {
        return false;
    }
    assert_eq!(exit, Some(1), "{lowered:?} {arguments:?}: {said}");
    let is_one_line = said.starts_with("error: ") && said.lines().count() == 1;
    assert!(is_one_line && said.contains(advice), "{lowered:?} {arguments:?}: {said}");
    true
}

/// With so few the dynamic linker cannot even begin; from one more on, the answer is ours.
const FILES_OF_LINKER: u32 = 3;

#[test]
fn too_few_open_files_are_refused_by_name() {
    let place = place();
    let refused = |files: u32, arguments: &[&str], done| {
        let lowered = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        refused_or_done(&place, &["sh", "-c", &lowered], arguments, "(ulimit -n)", done)
    };
    for files in FILES_OF_LINKER + 1..=32 {
        for arguments in [REFUND, CODE, &["runs"], &["doctor"]] {
            assert!(refused(files, arguments, 0), "{files} {arguments:?}");
        }
    }
    assert!(!place.data("").exists(), "something was made");
    // About where it begins to be enough.
    for files in (40..=70).step_by(5) {
        let (runs, refunds) = (refused(files, &["runs"], 0), refused(files, REFUND, 3));
        assert!(runs == refunds && (runs || files > 50), "{files}");
    }
    assert!(!refused(70, CODE, 0));
}

/// A user that no process of this machine has, so that its threads are this test's alone.
const USER: u32 = 61_523;

#[test]
#[ignore = "needs root, to become another user with setpriv, and prlimit"]
fn too_few_threads_are_refused_by_name() {
    let place = place();
    chown(place.path(""), Some(USER), Some(USER)).unwrap();
    assert_eq!(fs::metadata(place.path("")).unwrap().uid(), USER);
    let user = USER.to_string();
    let refused = |threads: u32, arguments: &[&str], done| {
        let limit = format!("--nproc={threads}");
        let lowered = ["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups", "prlimit", &limit];
        refused_or_done(&place, &lowered, arguments, "(ulimit -u)", done)
    };
    for threads in 1..=12 {
        for arguments in [REFUND, CODE, &["runs"], &["doctor"]] {
            assert!(refused(threads, arguments, 0), "{threads} {arguments:?}");
        }
    }
    assert!(!place.data("").exists(), "something was made");
    // About where it begins to be enough: a first run compiles, in processes of the same user.
    for threads in 18..=26 {
        let (runs, refunds) = (refused(threads, &["runs"], 0), refused(threads, REFUND, 3));
        assert!(runs == refunds && (runs || threads > 20), "{threads}");
        fs::remove_dir_all(place.path("cache")).ok();
    }
    assert!(!refused(26, CODE, 0));
}

#[test]
fn a_disk_that_is_full_is_told_as_one_and_the_run_goes_on_once_it_has_room() {
    let place = place();
    // It makes all that is there before a run begins.
    assert_eq!(place.refund("user_789", &[]).exit, Some(0));
    let booked = place.refunds().len();
    for first in [1, 3, 9, 20] {
        let (mut command, told) = (place.command(REFUND), place.path("told"));
        Failure::Full.at(&(first..=u32::MAX), "/.stockade/journal.db-wal", &told, &mut command);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && told.exists(), "{first}: {said}");
        assert!(
            said.contains("journal.db\"") && said.contains("its disk is full: what was committed is kept"),
            "{said}"
        );
        fs::remove_file(told).unwrap();
    }
    for run in place.json(&["runs", "--status", "interrupted"]).json.as_array().unwrap() {
        let resumed = place.json(&["resume", run["run_id"].as_str().unwrap()]);
        assert_eq!(resumed.exit, Some(3), "{resumed:#?}");
    }
    assert_eq!(place.refunds().len(), booked, "each waits for a person");
}

/// What a path is of: a file or a folder of the data, or one on the way to it, and the mode that keeps others out.
const BARRED: &[(&str, &str, u32)] = &[
    (".stockade", ".stockade", 0o700),
    (".stockade/journal.db", ".stockade/journal.db", 0o600),
    (".stockade", ".stockade", 0o500),
    ("stockade.toml", "stockade.toml", 0o600),
];

#[test]
#[ignore = "needs root, to become another user with setpriv"]
fn a_file_of_another_user_is_told_with_its_owner_its_mode_and_what_allows_it() {
    let user = USER.to_string();
    let lowered = ["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"];
    for (path, named, mode) in BARRED {
        let place = place();
        place.write("stockade.toml", "");
        assert_eq!(place.call(&["runs"]).exit, Some(0));
        place.refund("user_789", &[]);
        let made = fs::read_dir(place.data("")).unwrap().map(|entry| entry.unwrap().path());
        let made = made.chain(["", "stockade.toml", ".stockade"].map(|name| place.path(name)));
        made.for_each(|path| chown(path, Some(USER), Some(USER)).unwrap());
        chown(place.path(path), Some(0), Some(0)).unwrap();
        fs::set_permissions(place.path(path), fs::Permissions::from_mode(*mode)).unwrap();
        let (exit, said) = ended(&place, &lowered, REFUND);
        assert!(exit != Some(0) && exit != Some(3), "{path}: {said}");
        let of = format!("{named}\" is user 0's, with the mode {mode:o}, and this process is user {USER}'s");
        assert!(said.contains(&of) && said.contains("chown"), "{path}: {said}");
    }
}
