//! Machine code on disk: case 62.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use stockade_sandbox::{Component, Config, Engine};
use tempfile::TempDir;

use crate::common::{PORTABLE_NAN, bits_of_nan, built, guest_source};

fn config(dir: &Path) -> Config {
    Config { cache_dir: Some(dir.to_owned()), concurrency: 1, ..Config::default() }
}

/// Loads a component in an engine of its own, as a new start of the program would.
fn load(dir: &Path, name: &str) -> Component {
    Engine::new(config(dir)).unwrap().load(&built(name)).unwrap()
}

fn was_cached(dir: &Path) -> bool {
    load(dir, "policy").was_cached()
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "cwasm")).collect()
}

fn filled() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    assert!(!was_cached(dir.path()));
    let files = entries(dir.path());
    let [file] = files.as_slice() else { panic!("{files:?}") };
    (dir, file.clone())
}

/// Replaces a file as an enemy would who minds its permissions.
fn put(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// What was done to the cache is noticed, costs a compilation, and is over with it.
fn is_healed(dir: &Path, what: &str) {
    assert!(!was_cached(dir), "{what}");
    assert!(was_cached(dir), "{what}");
}

#[test]
fn a_second_start_does_not_compile() {
    let (dir, file) = filled();
    assert!(was_cached(dir.path()));
    for path in [file, dir.path().join("key")] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// The names of unfinished files were once told by the number of the process, which a crashed one may have had too.
#[test]
fn what_a_crash_left_is_in_nobodys_way() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    for count in 0..1_000 {
        fs::write(dir.path().join(format!(".{}-{count}.tmp", std::process::id())), "").unwrap();
    }
    is_healed(dir.path(), "left");
}

#[test]
fn two_loads_in_one_process_share_the_code() {
    let engine = Engine::new(Config { concurrency: 1, ..Config::default() }).unwrap();
    let first = engine.load(&built("policy")).unwrap();
    assert!(!first.was_cached());
    assert!(engine.load(&built("policy")).unwrap().was_cached());
}

#[test]
fn a_changed_byte_anywhere_is_never_run() {
    let (dir, file) = filled();
    let whole = fs::read(&file).unwrap();
    let steps = (0..whole.len()).step_by(whole.len() / 40).chain(whole.len() - 40..whole.len());
    for at in steps.filter(|at| at % 3 != 1) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        put(&file, &damaged);
        assert!(!was_cached(dir.path()), "{at}");
    }
    assert!(was_cached(dir.path()));
}

#[test]
fn a_torn_write_is_never_run() {
    let (dir, file) = filled();
    let whole = fs::read(&file).unwrap();
    for torn in
        [vec![], vec![0; 10], whole[..whole.len() / 2].to_vec(), [&whole[..], &[0]].concat(), vec![0; whole.len()]]
    {
        put(&file, &torn);
        is_healed(dir.path(), "torn");
    }
}

#[test]
fn an_entry_is_of_its_component_alone() {
    let (dir, policy) = filled();
    load(dir.path(), "purchases");
    let purchases = entries(dir.path()).into_iter().find(|path| *path != policy).unwrap();
    let (one, other) = (fs::read(&policy).unwrap(), fs::read(&purchases).unwrap());
    put(&policy, &other);
    put(&purchases, &one);
    assert!(!load(dir.path(), "purchases").was_cached());
    is_healed(dir.path(), "swapped");
}

/// To wasmtime, code of either setting fits the other: the names of the entries and their MACs tell them apart.
#[tokio::test]
async fn an_entry_of_one_setting_of_floats_is_never_run_under_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let engine = |portable_floats| Engine::new(Config { portable_floats, ..config(dir.path()) }).unwrap();
    let was_cached = |portable_floats| engine(portable_floats).load(&guest_source("floats")).unwrap().was_cached();
    for is_there in [false, true] {
        for portable_floats in [true, false] {
            assert_eq!(was_cached(portable_floats), is_there, "{portable_floats}");
            let is_portable = bits_of_nan(&engine(portable_floats)).await == PORTABLE_NAN;
            // The NaN of other machines may be the portable one.
            if cfg!(target_arch = "x86_64") {
                assert_eq!(is_portable, portable_floats);
            }
        }
    }
    let files = entries(dir.path());
    let [one, other] = files.as_slice() else { panic!("{files:?}") };
    let (first, second) = (fs::read(one).unwrap(), fs::read(other).unwrap());
    put(one, &second);
    put(other, &first);
    assert_eq!((was_cached(true), was_cached(false)), (false, false));
}

/// Another engine's code is of another name; here it is under ours all the same, with a MAC that is true.
#[test]
fn an_entry_of_another_key_is_never_run() {
    let (dir, file) = filled();
    let (_other, theirs) = filled();
    put(&file, &fs::read(theirs).unwrap());
    is_healed(dir.path(), "another key");
}

#[test]
fn a_key_that_is_not_ours_alone_is_thrown_away() {
    let (dir, _) = filled();
    let key = dir.path().join("key");
    let whole = fs::read(&key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    is_healed(dir.path(), "read by others");
    put(&key, &whole);
    is_healed(dir.path(), "another");
    put(&key, &whole[1..]);
    is_healed(dir.path(), "short");
    let elsewhere = tempfile::tempdir().unwrap();
    put(&elsewhere.path().join("key"), &whole);
    fs::remove_file(&key).unwrap();
    symlink(elsewhere.path().join("key"), &key).unwrap();
    is_healed(dir.path(), "linked");
    assert!(fs::symlink_metadata(&key).unwrap().is_file());
    assert_eq!(fs::read(elsewhere.path().join("key")).unwrap(), whole);
}

#[test]
fn an_entry_that_is_not_a_file_of_ours_alone_is_never_run() {
    let (dir, file) = filled();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::rename(&file, elsewhere.path().join("code")).unwrap();
    symlink(elsewhere.path().join("code"), &file).unwrap();
    is_healed(dir.path(), "linked");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    is_healed(dir.path(), "written by others");
    fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    is_healed(dir.path(), "a pipe");
}

#[test]
fn a_directory_that_is_a_link_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    symlink(tempfile::tempdir().unwrap().keep(), &link).unwrap();
    let fault = Engine::new(config(&link)).unwrap_err();
    assert!(fault.message.ends_with("is not a directory, or is a link to one"), "{fault}");
}

#[test]
fn a_directory_that_others_can_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let fault = Engine::new(config(dir.path())).unwrap_err();
    assert_eq!(fault.detail.as_deref(), Some("cache_dir"));
    assert!(fault.message.ends_with("others may write in it; run chmod 700 on it"), "{fault}");
}

#[test]
fn a_directory_is_made_for_us_alone() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b");
    load(&deep, "policy");
    assert_eq!(fs::metadata(deep).unwrap().permissions().mode() & 0o777, 0o700);
}

/// All see one key and whole files, in whichever order they start.
#[test]
fn many_may_begin_at_once() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| load(dir.path(), "policy"));
        }
    });
    assert!(was_cached(dir.path()));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let (dir, policy) = filled();
    let size = fs::metadata(&policy).unwrap().len();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    let abandoned = dir.path().join(".1-1.tmp");
    put(&abandoned, b"half");
    for path in [&policy, &abandoned] {
        fs::File::open(path).unwrap().set_modified(long_ago).unwrap();
    }
    load(dir.path(), "purchases");
    let purchases = entries(dir.path()).into_iter().find(|path| *path != policy).unwrap();
    let both = size + fs::metadata(&purchases).unwrap().len();
    assert!(!abandoned.exists());
    let small = |cache_bytes| Engine::new(Config { cache_bytes, ..config(dir.path()) }).unwrap();
    // A use makes it young again.
    assert!(small(both).load(&built("policy")).unwrap().was_cached());
    fs::File::open(&purchases).unwrap().set_modified(long_ago).unwrap();
    small(both).load(&built("letters")).unwrap();
    assert!(policy.exists() && !purchases.exists());
    // And what does not fit at all is not kept.
    assert!(!small(1_000).load(&built("purchases")).unwrap().was_cached());
    assert!(!purchases.exists());
}
