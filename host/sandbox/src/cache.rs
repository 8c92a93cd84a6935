use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, Stat, renameat, statat, unlinkat};
use stockade_workflow::{Digest, Fault};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::Result;
use crate::key::Key;
use crate::private::{open_ours, open_private, read, write};

/// Says what the file is: another format, or caps of admission that are tighter, need another text here, so that what was
/// written before is compiled anew.
const FORMAT: &[u8] = b"stockade machine code 2\n";
const MAC_LEN: usize = 32;
/// A file that is used has its time set anew, but not at each use: this is how exact "least recently" is.
const TOUCH_AFTER: Duration = Duration::from_secs(3_600);
/// A file that is still unfinished after this belongs to a process that is gone.
const ABANDONED_AFTER: Duration = Duration::from_secs(3_600);

/// Machine code on disk, one file for each component and configuration of the engine.
///
/// Anyone who can write a cache file can run code as us. So the directory must be ours, and each file carries a MAC over its
/// code, the digest of its component, and all that a compilation depends on, under a key that only we can read: a file
/// that a failing disk, a backup, a container's image or another user's mistake put there does not run, nor does one that
/// was made for another component. It does not protect against the same user of the system, who has the key.
///
/// What was verified is what runs: the bytes are read once, and never looked up again by their name. A file that fails
/// any check, or that cannot be written, only costs a compilation.
pub(crate) struct Cache {
    dir: OwnedFd,
    key: Key,
    /// What a compilation depends on beside the component: wasmtime's version, its settings, this CPU.
    settings: Digest,
    bytes_max: u64,
}

impl Cache {
    /// Opens the cache, making its directory if there is none. The key is in a directory of its own, where there is one: then
    /// it does not help to be able to write where the machine code is.
    ///
    /// # Errors
    ///
    /// The directory cannot be made or written, is a link, is not ours, or others may write in it.
    pub(crate) fn open(dir: &Path, key_dir: Option<&Path>, bytes_max: u64, engine: &Engine) -> Result<Self> {
        let unusable = |dir: &Path, why: io::Error| {
            Fault::invalid("cache_dir", format!("cache directory \"{}\": {why}", dir.display()))
        };
        let key_dir = key_dir.unwrap_or(dir);
        let private = open_private(dir).map_err(|why| unusable(dir, why))?;
        let key = Key::open(key_dir).map_err(|why| unusable(key_dir, why))?;
        let dir = private;
        Ok(Self { dir, key, settings: settings(engine), bytes_max })
    }

    /// Returns the compiled component, if it is here and sound.
    pub(crate) fn get(&self, engine: &Engine, wasm: &Digest) -> Option<Component> {
        let name = self.name(wasm);
        let (file, stat) = open_ours(&self.dir, &name).ok()?;
        let bytes = read(&file, &stat, self.bytes_max).ok()?;
        let (code, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_LEN)?)?;
        if self.mac(wasm, code) != <[u8; MAC_LEN]>::try_from(mac).ok()? {
            return None;
        }
        let component = deserialize(engine, code).ok()?;
        touch(&file);
        Some(component)
    }

    /// Stores machine code. Readers see all of it or nothing.
    pub(crate) fn put(&self, wasm: &Digest, code: &[u8]) -> io::Result<()> {
        if (MAC_LEN + code.len()) as u64 > self.bytes_max {
            return Ok(());
        }
        let temporary = write(&self.dir, &[code, self.mac(wasm, code).as_bytes()])?;
        let stored = renameat(&self.dir, &temporary, &self.dir, self.name(wasm));
        if stored.is_err() {
            // What is left of a failed write is of no use; if it cannot go either, nothing is worse.
            let _ = unlinkat(&self.dir, &temporary, AtFlags::empty());
        }
        stored?;
        self.prune()
    }

    fn mac(&self, wasm: &Digest, code: &[u8]) -> blake3::Hash {
        let mut mac = self.key.mac();
        // All but the last are of one length each, so that no two inputs are one text.
        for part in [FORMAT, self.settings.as_str().as_bytes(), wasm.as_str().as_bytes(), code] {
            mac.update(part);
        }
        mac.finalize()
    }

    fn name(&self, wasm: &Digest) -> String {
        let both = format!("{wasm} {}", self.settings);
        format!("{}.cwasm", Digest::of(both.as_bytes()).hex())
    }

    /// Removes what was not used for longest until the rest fits, and what crashed processes left unfinished.
    fn prune(&self) -> io::Result<()> {
        let mut entries = self.entries()?;
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
        let mut total = 0u64;
        for entry in entries {
            let keep = if entry.is_finished { entry.bytes } else { 0 };
            total = total.saturating_add(keep);
            let is_abandoned = !entry.is_finished && entry.used.elapsed().is_ok_and(|age| age > ABANDONED_AFTER);
            if total > self.bytes_max || is_abandoned {
                // Another process may have been faster.
                let _ = unlinkat(&self.dir, &entry.name, AtFlags::empty());
                total = total.saturating_sub(keep);
            }
        }
        Ok(())
    }

    fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(&self.dir)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            let is_finished = name.ends_with(".cwasm");
            if !is_finished && !name.ends_with(".tmp") {
                continue;
            }
            let Ok(stat) = statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let bytes = u64::try_from(stat.st_size).unwrap_or_default();
            entries.push(Entry { name: name.to_owned(), is_finished, bytes, used: modified(&stat) });
        }
        Ok(entries)
    }
}

struct Entry {
    name: String,
    is_finished: bool,
    bytes: u64,
    used: SystemTime,
}

/// Makes a component of machine code.
///
/// For code alone that our own compiler made: in this process, in its worker, or, by its MAC, earlier.
#[expect(unsafe_code, reason = "machine code of our own is run; the callers are two, and they say where it is from")]
pub(crate) fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are those that `Engine::precompile_component` returned. They come straight from it, or from the
    // process that we started from a program of ours, or from a file whose MAC over these very bytes was just verified;
    // wasmtime copies them, so that no other program can change them afterwards, and refuses those of another version or
    // configuration.
    unsafe { Component::deserialize(engine, code) }
}

fn touch(file: &File) {
    let now = SystemTime::now();
    let is_old = file.metadata().and_then(|meta| meta.modified()).is_ok_and(|at| at + TOUCH_AFTER < now);
    if is_old {
        // At worst it is the first to go.
        let _ = file.set_modified(now);
    }
}

fn modified(stat: &Stat) -> SystemTime {
    let seconds = u64::try_from(stat.st_mtime).unwrap_or_default();
    let nanoseconds = u32::try_from(stat.st_mtime_nsec).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds)
}

/// Names what machine code depends on beside the component: wasmtime's version (all of it), its settings, this CPU.
pub(crate) fn settings(engine: &Engine) -> Digest {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::code_settings;

    #[test]
    fn settings_that_make_other_code_have_another_digest() {
        let digest = |portable_floats| settings(&Engine::new(&code_settings(portable_floats)).unwrap());
        assert_eq!(digest(true), digest(true));
        assert_ne!(digest(true), digest(false));
    }
}
