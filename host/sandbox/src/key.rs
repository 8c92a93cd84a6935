use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, linkat, unlinkat};
use rustix::io::Errno;
use stockade_workflow::{Digest, Fault};

use crate::Result;
use crate::private::{open_ours, open_private, random, read, write};

const FILE: &str = "key";
const LENGTH: usize = 32;
/// What a seal is made over begins so, so that nothing else that the key signs is one.
const SEAL: &str = "stockade seal 1";

/// A secret of this user's, by which a host knows again what it wrote.
#[derive(Clone, Copy)]
pub(crate) struct Key([u8; LENGTH]);

impl Key {
    /// Reads the key of a folder, or makes one.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written, is a link, is not ours, or others may write in it.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        Self::of(&open_private(dir)?)
    }

    /// Reads the key, or makes one. One that is not ours alone is thrown away, and with it the trust in all that was signed.
    fn of(dir: &OwnedFd) -> io::Result<Self> {
        match Self::read(dir) {
            Ok(key) => return Ok(key),
            // The file is gone, or is by now another process's, which is not ours to take away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => match unlinkat(dir, FILE, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            },
        }
        let temporary = write(dir, &[&random::<LENGTH>()?])?;
        // Of two processes that start at once one gets its key in, whole, and both read that.
        let linked = linkat(dir, &temporary, dir, FILE, AtFlags::empty());
        unlinkat(dir, &temporary, AtFlags::empty())?;
        match linked {
            Ok(()) | Err(Errno::EXIST) => Self::read(dir),
            Err(error) => Err(error.into()),
        }
    }

    fn read(dir: &OwnedFd) -> io::Result<Self> {
        let (file, stat) = open_ours(dir, FILE)?;
        let key = read(&file, &stat, LENGTH as u64)?;
        key.try_into().map(Self).map_err(|_| io::Error::other("the key is of another length"))
    }

    /// Begins a MAC: BLAKE3 under the key, whose hashes compare in constant time. HMAC-SHA-256, even with the processor's own
    /// instructions, made the load of an ordinary tool 130 µs longer.
    pub(crate) fn mac(&self) -> blake3::Hasher {
        blake3::Hasher::new_keyed(&self.0)
    }
}

/// Vouches for components that this user's host made: a tool that was promoted, a language that was built.
///
/// A seal is a line of text beside the component's file. It holds for one purpose, one name and one digest, and only a
/// reader of the key can make it.
#[derive(Clone, Copy)]
pub struct Seals(Key);

impl Seals {
    /// Reads the key in a folder, or makes one.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written, is a link, is not ours, or others may write in it.
    pub fn open(folder: &Path) -> Result<Self> {
        let unusable =
            |why: io::Error| Fault::invalid("key_dir", format!("key folder \"{}\": {why}", folder.display()));
        Key::open(folder).map(Self).map_err(unusable)
    }

    /// Returns the seal of a component that is `purpose` under a name.
    pub fn seal(&self, purpose: &str, name: &str, component: &Digest) -> String {
        format!("{component} {}", self.mac(purpose, name, component).to_hex())
    }

    /// Returns the digest of the component that a seal vouches for, if it is one for this purpose and name.
    pub fn sealed(&self, purpose: &str, name: &str, seal: &str) -> Option<Digest> {
        let (digest, mac) = seal.trim().split_once(' ')?;
        let (digest, mac) = (digest.parse().ok()?, blake3::Hash::from_hex(mac).ok()?);
        (self.mac(purpose, name, &digest) == mac).then_some(digest)
    }

    fn mac(&self, purpose: &str, name: &str, component: &Digest) -> blake3::Hash {
        let mut mac = self.0.mac();
        for part in [SEAL, purpose, name, component.as_str()] {
            mac.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        mac.finalize()
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
            let dir = dir.path().join("keys");
            let keys: Vec<_> = thread::scope(|scope| {
                let keys: Vec<_> = (0..8).map(|_| scope.spawn(|| Key::open(&dir).unwrap().0)).collect();
                keys.into_iter().map(|key| key.join().unwrap()).collect()
            });
            assert!(keys.windows(2).all(|two| two[0] == two[1]));
        }
    }

    #[test]
    fn a_seal_is_of_one_purpose_one_name_and_one_component() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (seals, others) = (Seals::open(dir.path()).unwrap(), Seals::open(other.path()).unwrap());
        let digest = Digest::of(b"component");
        let seal = seals.seal("tool", "price", &digest);
        assert_eq!(
            Seals::open(dir.path()).unwrap().sealed("tool", "price", &format!("{seal}\n")),
            Some(digest.clone())
        );
        assert_eq!(seals.sealed("language", "price", &seal), None);
        assert_eq!(seals.sealed("tool", "prices", &seal), None);
        assert_eq!(others.sealed("tool", "price", &seal), None);
        let swapped = seal.replace(digest.as_str(), Digest::of(b"another").as_str());
        for seal in [swapped.as_str(), digest.as_str(), "", " ", &seal[..seal.len() - 1]] {
            assert_eq!(seals.sealed("tool", "price", seal), None, "{seal}");
        }
    }
}
