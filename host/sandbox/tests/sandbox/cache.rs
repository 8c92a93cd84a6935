//! Machine code on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use stockade_sandbox::{Component, Config, Engine};
use tempfile::TempDir;

use crate::common::built;

/// Loads the same component in an engine of its own, as a new start of the program would.
fn load(dir: &Path) -> Component {
    let config = Config { cache_dir: Some(dir.to_owned()), concurrency: 1, ..Config::default() };
    Engine::new(config).unwrap().load(&built("policy")).unwrap()
}

fn filled() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    assert!(!load(dir.path()).was_cached());
    let files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    (dir, file.clone())
}

#[test]
fn a_second_start_does_not_compile() {
    let (dir, file) = filled();
    assert!(load(dir.path()).was_cached());
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn two_loads_in_one_process_share_the_code() {
    let engine = Engine::new(Config { concurrency: 1, ..Config::default() }).unwrap();
    let first = engine.load(&built("policy")).unwrap();
    assert!(!first.was_cached());
    assert!(engine.load(&built("policy")).unwrap().was_cached());
}

#[test]
fn a_damaged_file_is_compiled_anew_and_replaced() {
    let (dir, file) = filled();
    let whole = fs::read(&file).unwrap();
    let flipped = |at: usize| {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        damaged
    };
    for damaged in
        [vec![], vec![0; 10], whole[..whole.len() / 2].to_vec(), flipped(whole.len() / 2), flipped(whole.len() - 1)]
    {
        fs::write(&file, damaged).unwrap();
        assert!(!load(dir.path()).was_cached());
        assert!(load(dir.path()).was_cached());
    }
}

#[test]
fn a_directory_that_others_can_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let config = Config { cache_dir: Some(dir.path().to_owned()), ..Config::default() };
    let fault = Engine::new(config).unwrap_err();
    assert_eq!(fault.detail.as_deref(), Some("cache_dir"));
    assert!(fault.message.ends_with("others may write in it; run chmod 700 on it"), "{fault}");
}

#[test]
fn a_directory_is_made_for_us_alone() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b");
    load(&deep);
    assert_eq!(fs::metadata(deep).unwrap().permissions().mode() & 0o777, 0o700);
}
