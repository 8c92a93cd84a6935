//! Where files really are, whatever is mounted where.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// A place in a file system: the system's own number for that, and the path within it. Two mounts of one folder, or of
/// one within the other, have places that overlap, whatever their paths are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    device: String,
    path: PathBuf,
}

impl Spot {
    /// The place of what has this name in a folder.
    pub(crate) fn below(&self, name: &OsStr) -> Self {
        Self { device: self.device.clone(), path: self.path.join(name) }
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.device == other.device && (self.path.starts_with(&other.path) || other.path.starts_with(&self.path))
    }
}

struct Mount {
    device: String,
    /// What of its file system is mounted.
    root: PathBuf,
    /// Where.
    at: PathBuf,
}

/// What this process sees mounted, the latest last.
pub(crate) struct Mounts(Vec<Mount>);

impl Mounts {
    /// Asks the system; where it does not say, nothing is known to be mounted.
    pub(crate) fn now() -> Self {
        let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        Self::parse(&table)
    }

    fn parse(table: &[u8]) -> Self {
        Self(table.split(|byte| *byte == b'\n').filter_map(mount).collect())
    }

    /// Returns the place of an absolute path without links, and of all that is mounted below it.
    pub(crate) fn spots(&self, path: &Path) -> Vec<Spot> {
        let above = self.0.iter().filter(|mount| path.starts_with(&mount.at));
        // Of two at the same place the later one hides the other.
        let own = above.max_by_key(|mount| mount.at.components().count());
        let below = self.0.iter().filter(|mount| mount.at != path && mount.at.starts_with(path));
        own.and_then(|mount| mount.spot(path))
            .into_iter()
            .chain(below.filter_map(|mount| mount.spot(&mount.at)))
            .collect()
    }
}

impl Mount {
    fn spot(&self, path: &Path) -> Option<Spot> {
        let within = path.strip_prefix(&self.at).ok()?;
        // To join nothing would add a slash.
        let path = if within.as_os_str().is_empty() { self.root.clone() } else { self.root.join(within) };
        Some(Spot { device: self.device.clone(), path })
    }
}

/// Reads a line of the table: two numbers, the device, the root, the place, and more.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|byte| *byte == b' ').skip(2);
    let device = String::from_utf8(words.next()?.to_vec()).ok()?;
    Some(Mount { device, root: unescaped(words.next()?), at: unescaped(words.next()?) })
}

/// Reads a path in which blanks, line ends and backslashes are three octal digits.
fn unescaped(mut word: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(word.len());
    while let [first, rest @ ..] = word {
        let octal = (*first == b'\\').then(|| rest.get(..3)).flatten();
        let octal = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        word = if octal.is_some() { rest.get(3..).unwrap_or_default() } else { rest };
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
        2 1 8:1 /home/u/own /mnt/own rw - ext4 /dev/sda1 rw\n\
        3 1 8:1 /home/u/own/tools /srv/a\\040b/tools rw shared:1 - ext4 /dev/sda1 rw\n\
        4 1 0:9 / /mnt/hidden rw - tmpfs tmpfs rw\n\
        5 1 8:2 / /mnt/hidden rw - ext4 /dev/sdb1 rw\n\
        junk\n";

    #[test]
    fn a_mount_of_a_folder_is_that_folder() {
        let mounts = Mounts::parse(TABLE);
        let overlap = |one: &str, other: &str| {
            let (one, other) = (mounts.spots(Path::new(one)), mounts.spots(Path::new(other)));
            one.iter().any(|one| other.iter().any(|other| one.overlaps(other)))
        };
        for path in ["/home/u", "/mnt/own", "/mnt/own/tools/x", "/mnt", "/srv", "/srv/a b", "/srv/a b/tools", "/"] {
            assert!(overlap(path, "/home/u/own"), "{path}");
        }
        for path in ["/home/v", "/mnt/other", "/srv/other", "/mnt/hidden", "/srv/a b/tools2"] {
            assert!(!overlap(path, "/home/u/own"), "{path}");
        }
        assert_eq!(mounts.spots(Path::new("/mnt/hidden/x")), [Spot { device: "8:2".into(), path: "/x".into() }]);
        assert!(Mounts::parse(b"").spots(Path::new("/")).is_empty());
    }
}
