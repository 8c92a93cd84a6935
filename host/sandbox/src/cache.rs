use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, linkat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use stockade_workflow::{Digest, Fault};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::Result;

/// Says what the file is: another format, or caps of admission that are tighter, need another text here, so that what was
/// written before is compiled anew.
const FORMAT: &[u8] = b"stockade machine code 2\n";
const KEY: &str = "key";
const KEY_LEN: usize = 32;
const MAC_LEN: usize = 32;
/// A file that is used has its time set anew, but not at each use: this is how exact "least recently" is.
const TOUCH_AFTER: Duration = Duration::from_secs(3_600);
/// A file that is still unfinished after this belongs to a process that is gone.
const ABANDONED_AFTER: Duration = Duration::from_secs(3_600);

/// Machine code on disk, one file for each component and configuration of the engine.
///
/// Whoever can write machine code that we run is us. So the directory must be ours, and each file carries a MAC over its
/// code, the digest of its component, and all that a compilation depends on, under a key that only we can read: a file
/// that a failing disk, a backup, a container's image or another user's mistake put there does not run, nor does one that
/// was made for another component. Against somebody who is already this user it is no wall, for he has the key.
///
/// What was verified is what runs: the bytes are read once, and never looked up again by their name. A file that fails
/// any check, or that cannot be written, only costs a compilation.
pub(crate) struct Cache {
    dir: OwnedFd,
    key: [u8; KEY_LEN],
    /// What a compilation depends on beside the component: wasmtime's version, its settings, this CPU.
    settings: Digest,
    bytes_max: u64,
}

impl Cache {
    /// Opens the cache, making its directory if there is none.
    ///
    /// # Errors
    ///
    /// The directory cannot be made or written, is a link, is not ours, or others may write in it.
    pub(crate) fn open(dir: &Path, bytes_max: u64, engine: &Engine) -> Result<Self> {
        let unusable =
            |why: io::Error| Fault::invalid("cache_dir", format!("cache directory \"{}\": {why}", dir.display()));
        let dir = open_private(dir).map_err(unusable)?;
        let key = key(&dir).map_err(unusable)?;
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
            // What is left of a failed write is of no use to anybody; if it cannot go either, nothing is worse.
            let _ = unlinkat(&self.dir, &temporary, AtFlags::empty());
        }
        stored?;
        self.prune()
    }

    /// BLAKE3 under a key, whose hashes compare in constant time. HMAC-SHA-256, even with the processor's own instructions,
    /// made the load of an ordinary tool 130 µs longer.
    fn mac(&self, wasm: &Digest, code: &[u8]) -> blake3::Hash {
        let mut mac = blake3::Hasher::new_keyed(&self.key);
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
    // wasmtime copies them, so that nobody can change them afterwards, and refuses those of another version or
    // configuration.
    unsafe { Component::deserialize(engine, code) }
}

fn open_private(dir: &Path) -> io::Result<OwnedFd> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    let dir = rustix::fs::open(dir, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP | Errno::NOTDIR => io::Error::other("is not a directory, or is a link to one"),
        error => error.into(),
    })?;
    let stat = fstat(&dir)?;
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if stat.st_mode & 0o022 != 0 {
        return Err(io::Error::other("others may write in it; run chmod 700 on it"));
    }
    Ok(dir)
}

/// Reads the key, or makes one. One that is not ours alone is thrown away, and with it the trust in all that was signed.
fn key(dir: &OwnedFd) -> io::Result<[u8; KEY_LEN]> {
    match read_key(dir) {
        Ok(key) => return Ok(key),
        // There is none, or by now there is another's, which is not ours to take away.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(_) => match unlinkat(dir, KEY, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        },
    }
    let temporary = write(dir, &[&random::<KEY_LEN>()?])?;
    // Of two processes that start at once one gets its key in, whole, and both read that.
    let linked = linkat(dir, &temporary, dir, KEY, AtFlags::empty());
    unlinkat(dir, &temporary, AtFlags::empty())?;
    match linked {
        Ok(()) | Err(Errno::EXIST) => read_key(dir),
        Err(error) => Err(error.into()),
    }
}

fn read_key(dir: &OwnedFd) -> io::Result<[u8; KEY_LEN]> {
    let (file, stat) = open_ours(dir, KEY)?;
    let key = read(&file, &stat, KEY_LEN as u64)?;
    key.try_into().map_err(|_| io::Error::other("the key is of another length"))
}

/// Opens a plain file that is ours and that nobody else may read, whatever stands at its name.
fn open_ours(dir: &OwnedFd, name: &str) -> io::Result<(File, Stat)> {
    // Without NONBLOCK a pipe of that name would hold us up for ever.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(dir, name, flags, Mode::empty())?;
    let stat = fstat(&file)?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if !is_file || stat.st_mode & 0o077 != 0 || stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("is not a file of ours alone"));
    }
    Ok((file.into(), stat))
}

fn read(file: &File, stat: &Stat, bytes_max: u64) -> io::Result<Vec<u8>> {
    let length = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
    if length > bytes_max {
        return Err(io::Error::other("is too large"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file of a name that nobody uses, to be moved to where it belongs.
fn write(dir: &OwnedFd, parts: &[&[u8]]) -> io::Result<String> {
    let name = unique()?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(dir, &name, flags, Mode::RUSR | Mode::WUSR)?);
    let written = parts.iter().try_for_each(|part| file.write_all(part)).and_then(|()| file.sync_all());
    if written.is_err() {
        // As in `put`.
        let _ = unlinkat(dir, &name, AtFlags::empty());
    }
    written.map(|()| name)
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

/// By nothing that another process, or the one that crashed before us under our number, could have taken.
fn unique() -> io::Result<String> {
    Ok(format!(".{:032x}.tmp", u128::from_ne_bytes(random()?)))
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(bytes)
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
    use std::thread;

    use super::*;

    /// One that had found no key once took away that of another that was faster, which then could not start.
    #[test]
    fn many_who_begin_at_once_have_one_key() {
        for _ in 0..100 {
            let dir = tempfile::tempdir().unwrap();
            let dir = open_private(&dir.path().join("cache")).unwrap();
            let keys: Vec<_> = thread::scope(|scope| {
                let keys: Vec<_> = (0..8).map(|_| scope.spawn(|| key(&dir).unwrap())).collect();
                keys.into_iter().map(|key| key.join().unwrap()).collect()
            });
            assert!(keys.windows(2).all(|two| two[0] == two[1]));
        }
    }
}
