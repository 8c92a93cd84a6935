//! What the fuzzers have found worth keeping, replayed: `fuzz/corpus/TARGET/` holds an input a file.

use std::fs;
use std::path::Path;

use crate::fuzzing;

#[track_caller]
fn replay(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files: Vec<_> = fs::read_dir(&folder).expect("a corpus").map(|file| file.expect("a file").path()).collect();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        run(&fs::read(&file).expect("an input"));
    }
}

#[test]
fn values() {
    replay("values", fuzzing::values);
}

#[test]
fn imports() {
    replay("imports", fuzzing::imports);
}

#[test]
fn admission() {
    replay("admission", fuzzing::admission);
}

#[test]
fn manifest() {
    replay("manifest", fuzzing::manifest);
}

#[test]
fn http_rule() {
    replay("http_rule", fuzzing::http_rule);
}
