//! Calls of the system that fail, in a process that a test starts: it is killed when it makes a file durable, its disk is full, or
//! its files can be read only.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::root;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The process is killed before a file is durable.
    KilledBefore,
    /// The process is killed once a file is durable.
    KilledAfter,
    /// What is written does not fit on the disk.
    Full,
    /// What is written is refused, for the files can be read only. From then on, to open one for writing is refused too.
    ReadOnly,
}

impl Failure {
    fn name(self) -> &'static str {
        match self {
            Self::KilledBefore => "kill-before",
            Self::KilledAfter => "kill-after",
            Self::Full => "full",
            Self::ReadOnly => "read-only",
        }
    }

    /// Has these calls of a process fail. Calls on files whose path has this part are counted, from one. Once a write has failed,
    /// there is a file `told`.
    pub fn at(self, calls: &RangeInclusive<u32>, part: &str, told: &Path, command: &mut Command) {
        let fault = format!("{} {} {} {part}", self.name(), calls.start(), calls.end());
        command.env("LD_PRELOAD", library()).env("STOCKADE_FAULT", fault).env("STOCKADE_FAULT_TELLS", told);
    }
}

/// Returns the library of `tests/faults.c`, which is built once in each test process.
pub fn library() -> &'static Path {
    static LIBRARY: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let built = LIBRARY.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("faults.so");
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&path).arg(root().join("tests/faults.c")).arg("-ldl");
        let output = compiler.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (dir, path)
    });
    &built.1
}
