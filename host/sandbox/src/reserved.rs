use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, fstat, openat, stat};
use stockade_workflow::Access;

use crate::mounts::{Mounts, Spot};

/// Files and folders that the host keeps for itself: no grant of `fs`, `sql` or `kv` may reach one of them, by whatever
/// path.
///
/// A folder is compared with what is below it and above it, and each by the system's own numbers for it: neither a link,
/// nor another spelling, nor a second place at which it, or a part of it, is mounted makes it another.
#[derive(Clone, Debug, Default)]
pub struct Reserved {
    paths: Vec<PathBuf>,
    believed: Vec<PathBuf>,
    lent: Vec<PathBuf>,
}

/// What the system tells files apart by: the number of the device, and the number on it.
type Identity = (u64, u64);

impl Reserved {
    /// Keeps a file, or a folder with all that is in it.
    pub fn keep(&mut self, path: impl Into<PathBuf>) {
        self.paths.push(path.into());
    }

    /// Keeps a file, or a folder with all that is in it, from being in a directory that a guest may write. It is what the
    /// host runs, or opens and believes: one who writes the files beside a SQLite database can have SQLite remove any file.
    pub fn believe(&mut self, path: impl Into<PathBuf>) {
        self.believed.push(path.into());
    }

    /// Lets a file be granted that is in a folder which is kept.
    pub fn lend(&mut self, path: impl Into<PathBuf>) {
        self.lent.push(path.into());
    }

    /// Returns why a path, or what will be made there, must not be granted.
    pub(crate) fn objection(&self, path: &Path) -> Option<String> {
        if self.paths.is_empty() {
            return None;
        }
        let mounts = Mounts::now();
        match Line::to(path, &mounts) {
            Ok(granted) => self.overlap(&granted, &mounts),
            Err(error) => Some(unknown(path, &error)),
        }
    }

    /// Returns why a folder that was opened by a path must not be granted.
    pub(crate) fn objection_to(&self, folder: impl AsFd, path: &Path, access: Access) -> Option<String> {
        let believed = if access == Access::ReadWrite { self.believed.as_slice() } else { &[] };
        if self.paths.is_empty() && believed.is_empty() {
            return None;
        }
        let mounts = Mounts::now();
        match Line::of(folder, path, &mounts) {
            Ok(granted) => self.overlap(&granted, &mounts).or_else(|| written(believed, &granted, &mounts)),
            Err(error) => Some(unknown(path, &error)),
        }
    }

    fn overlap(&self, granted: &Line, mounts: &Mounts) -> Option<String> {
        let is_same = |path: &PathBuf| stat(path).is_ok_and(|stat| granted.own() == Some((stat.st_dev, stat.st_ino)));
        if self.lent.iter().any(is_same) {
            return None;
        }
        let kept = first(&self.paths, granted, mounts)?;
        Some(format!(
            "it overlaps \"{}\", which the host keeps for itself; grant another place, or keep that elsewhere",
            kept.display()
        ))
    }
}

/// Returns why a folder that a guest may write must not be granted.
fn written(believed: &[PathBuf], granted: &Line, mounts: &Mounts) -> Option<String> {
    let believed = first(believed, granted, mounts)?;
    Some(format!(
        "it overlaps \"{}\", which the host itself opens: what a guest writes there would be believed; grant another \
         directory, or let it only be read",
        believed.display()
    ))
}

/// Returns the first of these places that overlaps what is granted.
fn first<'a>(places: &'a [PathBuf], granted: &Line, mounts: &Mounts) -> Option<&'a PathBuf> {
    places.iter().find(|path| Line::to(path, mounts).is_ok_and(|place| granted.overlaps(&place)))
}

fn unknown(path: &Path, error: &io::Error) -> String {
    format!("\"{}\" cannot be looked up: {error}", path.display())
}

/// What leads from the root of the file system to a place, which itself may not be there yet.
struct Line {
    /// The name under the last folder that is there.
    absent: Option<PathBuf>,
    /// The identities of all that is there, the lowest first.
    there: Vec<Identity>,
    /// Where it is in its file system, and what is mounted below it in theirs.
    spots: Vec<Spot>,
}

impl Line {
    /// Follows a path, whatever links are in it.
    fn to(path: &Path, mounts: &Mounts) -> io::Result<Self> {
        match path.canonicalize() {
            Ok(path) => Ok(Self { absent: None, there: identities(&path)?, spots: mounts.spots(&path) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = std::path::absolute(path)?;
                let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(error) };
                let folder = Self::to(folder, mounts)?;
                let absent = folder.absent.unwrap_or_default().join(name);
                let spots = folder.spots.first().map(|spot| spot.below(name)).into_iter().collect();
                Ok(Self { absent: Some(absent), there: folder.there, spots })
            }
            Err(error) => Err(error),
        }
    }

    /// Climbs from a folder that is open, wherever it has been moved; what is mounted is known by its path alone.
    fn of(folder: impl AsFd, path: &Path, mounts: &Mounts) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut at = openat(folder, ".", flags, Mode::empty())?;
        let (mut there, spots) = (Vec::new(), mounts.spots(&path.canonicalize()?));
        loop {
            let stat = fstat(&at)?;
            let identity = (stat.st_dev, stat.st_ino);
            if there.last() == Some(&identity) {
                return Ok(Self { absent: None, there, spots });
            }
            there.push(identity);
            at = openat(&at, "..", flags, Mode::empty())?;
        }
    }

    fn own(&self) -> Option<Identity> {
        self.there.first().copied().filter(|_| self.absent.is_none())
    }

    /// Returns whether one is the other, or is above it.
    fn overlaps(&self, other: &Self) -> bool {
        let is_above = |one: &Self, other: &Self| one.own().is_some_and(|own| other.there.contains(&own));
        let is_same = self.absent.is_some() && self.absent == other.absent && self.there.first() == other.there.first();
        let is_mounted = || self.spots.iter().any(|spot| other.spots.iter().any(|other| spot.overlaps(other)));
        is_same || is_above(self, other) || is_above(other, self) || is_mounted()
    }
}

fn identities(path: &Path) -> io::Result<Vec<Identity>> {
    path.ancestors()
        .map(|path| {
            let stat = stat(path)?;
            Ok((stat.st_dev, stat.st_ino))
        })
        .collect()
}

/// Returns why a file must not be granted that has a second name, which may be in a folder that is kept.
pub(crate) fn second_name(path: &Path) -> Option<String> {
    let names = path.symlink_metadata().ok()?.nlink();
    (names > 1).then(|| "it has another name, a hard link; grant a copy of it".to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_place_is_the_same_whatever_leads_there() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        ["data/tools", "data2", "other/data"].iter().for_each(|path| fs::create_dir_all(at(path)).unwrap());
        ["data/key", "data/shop.db", "settings"].iter().for_each(|path| fs::write(at(path), "x").unwrap());
        symlink(at("data"), at("link")).unwrap();
        symlink("data/../data/tools", at("deep")).unwrap();
        let mut reserved = Reserved::default();
        assert!(reserved.objection(dir.path()).is_none());
        reserved.keep(at("data"));
        reserved.keep(at("settings"));
        reserved.keep(at("not-yet/journal.db"));
        reserved.lend(at("data/shop.db"));
        for path in [
            "",
            "data",
            "data/tools",
            "data/key",
            "data/new",
            "data2/../data",
            "link",
            "link/key",
            "deep",
            "settings",
            "not-yet/journal.db",
            "data/./tools/new/file",
        ] {
            let why = reserved.objection(&at(path)).unwrap_or_else(|| panic!("{path} was granted"));
            assert!(why.contains("which the host keeps for itself"), "{why}");
        }
        for path in ["data2", "other", "other/data", "data/shop.db", "link/shop.db", "settings2", "not-yet/other.db"] {
            assert_eq!(reserved.objection(&at(path)), None, "{path}");
        }
        let open = |path: &str| fs::File::open(at(path)).unwrap();
        let objection = |reserved: &Reserved, path, access| reserved.objection_to(open(path), &at(path), access);
        for path in ["", "data", "data/tools", "link", "deep"] {
            assert!(objection(&reserved, path, Access::ReadOnly).is_some(), "{path}");
        }
        assert_eq!(objection(&reserved, "other/data", Access::ReadWrite), None);
        reserved.believe(at("other/data/shop.db-journal"));
        for path in ["other", "other/data"] {
            assert_eq!(objection(&reserved, path, Access::ReadOnly), None, "{path}");
            let why = objection(&reserved, path, Access::ReadWrite).unwrap();
            assert!(why.contains("which the host itself opens"), "{why}");
        }
        assert_eq!(objection(&reserved, "data2", Access::ReadWrite), None);
        fs::hard_link(at("data/key"), at("data2/key")).unwrap();
        assert!(second_name(&at("data2/key")).is_some() && second_name(&at("settings")).is_none());
    }
}
