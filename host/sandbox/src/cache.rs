use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use stockade_workflow::{Digest, Fault};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::Result;

/// Length of the checksum at the end of a file: a SHA-256 in hexadecimal.
const CHECKSUM_LEN: usize = 64;

/// Machine code on disk, one file for each component and configuration of the engine.
///
/// Whoever can write these files runs code in this process, so the directory must be ours alone. The checksum is
/// against a disk that fails, not against an enemy: only an owner of the directory could forge it, and that is us.
/// A file that is damaged, or that cannot be written, only costs a compilation.
pub(crate) struct Cache {
    dir: PathBuf,
    /// What a compilation depends on beside the component: wasmtime's version, its settings, this CPU.
    settings: Digest,
}

impl Cache {
    /// Opens the cache, making its directory if there is none.
    ///
    /// # Errors
    ///
    /// The directory cannot be made, or others may write in it.
    pub(crate) fn open(dir: &Path, engine: &Engine) -> Result<Self> {
        let unusable = |why: &dyn std::fmt::Display| {
            Fault::invalid("cache_dir", format!("cache directory \"{}\": {why}", dir.display()))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| unusable(&error))?;
        let meta = fs::symlink_metadata(dir).map_err(|error| unusable(&error))?;
        if !meta.is_dir() {
            return Err(unusable(&"is not a directory"));
        }
        if meta.mode() & 0o022 != 0 {
            return Err(unusable(&"others may write in it; run chmod 700 on it"));
        }
        probe(dir).map_err(|error| unusable(&error))?;
        Ok(Self { dir: dir.to_owned(), settings: settings(engine) })
    }

    /// Returns the compiled component, if it is here and sound.
    pub(crate) fn get(&self, engine: &Engine, wasm: &Digest) -> Option<Component> {
        let path = self.path(wasm);
        is_sound(&fs::read(&path).ok()?).then(|| deserialize(engine, &path)).flatten()
    }

    /// Stores a compiled component. Readers see all of it or nothing.
    pub(crate) fn put(&self, wasm: &Digest, component: &Component) -> io::Result<()> {
        let code = component.serialize().map_err(io::Error::other)?;
        let temporary = self.dir.join(unique());
        let stored = write(&temporary, &code).and_then(|()| fs::rename(&temporary, self.path(wasm)));
        if stored.is_err() {
            // What is left of a failed write is of no use to anybody; if it cannot go either, nothing is worse.
            let _ = fs::remove_file(&temporary);
        }
        stored
    }

    fn path(&self, wasm: &Digest) -> PathBuf {
        let both = format!("{wasm} {}", self.settings);
        self.dir.join(format!("{}.cwasm", Digest::of(both.as_bytes()).hex()))
    }
}

/// Machine code that a failing disk has changed would run all the same: wasmtime checks its header alone.
fn is_sound(file: &[u8]) -> bool {
    let code = file.len().checked_sub(CHECKSUM_LEN).and_then(|length| file.split_at_checked(length));
    code.is_some_and(|(code, checksum)| Digest::of(code).hex().as_bytes() == checksum)
}

#[expect(unsafe_code, reason = "machine code of our own is run; its checksum and its directory's owner were checked")]
fn deserialize(engine: &Engine, path: &Path) -> Option<Component> {
    // SAFETY: the file has the checksum that `put` wrote, in a directory that only this user can write, where files
    // are replaced and never changed. wasmtime itself refuses those of another version or configuration.
    unsafe { Component::deserialize_file(engine, path) }.ok()
}

/// Finds out now, not at the first tool, whether files can be written and are ours.
fn probe(dir: &Path) -> io::Result<()> {
    let path = dir.join(unique());
    let file = create(&path)?;
    let ours = file.metadata()?.uid() == fs::symlink_metadata(dir)?.uid();
    fs::remove_file(&path)?;
    if ours { Ok(()) } else { Err(io::Error::other("it belongs to another user")) }
}

fn write(path: &Path, code: &[u8]) -> io::Result<()> {
    let mut file = create(path)?;
    file.write_all(code)?;
    file.write_all(Digest::of(code).hex().as_bytes())?;
    file.sync_all()
}

fn create(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!(".{}-{}.tmp", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn settings(engine: &Engine) -> Digest {
    let mut bytes = Bytes(Vec::new());
    engine.precompile_compatibility_hash().hash(&mut bytes);
    Digest::of(&bytes.0)
}

/// Collects what is hashed, to be hashed by something that does not change with Rust's version.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
