//! Whose a path is that this process may not use, and whether there is room on its disk: what the system's own words leave out.

use std::fs::Metadata;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

#[cfg(feature = "sqlite")]
use rustix::fs::statvfs;
use rustix::fs::{Access, access};
use rustix::process::geteuid;

/// With less room than this, in bytes, a disk is full: no page of a database and none of its log finds a place.
#[cfg(feature = "sqlite")]
const ROOM_MIN: u64 = 64 << 10;

/// Says of an error of the system on a path who may use it, where that is what is wrong.
pub(crate) fn explained(error: Error, path: &Path) -> Error {
    match error.kind() {
        ErrorKind::PermissionDenied => match barred(path) {
            Some(why) => Error::new(error.kind(), format!("{error}: {why}")),
            None => error,
        },
        _ => error,
    }
}

/// Says whose the first part of a path is that this process may not use: a folder on the way that it may not enter, else the folder
/// or the file at its end, or the folder in which that would be made. None where it may use all of them.
pub fn barred(path: &Path) -> Option<String> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut way: Vec<PathBuf> = path.ancestors().map(Path::to_owned).collect();
    way.reverse();
    way.iter().find_map(|part| {
        let found = part.metadata().ok()?;
        let is_on_the_way = *part != path;
        let is_last =
            is_on_the_way && part.join(path.strip_prefix(part).ok()?.iter().next()?).symlink_metadata().is_err();
        let wanted = match (found.is_dir(), is_on_the_way, is_last) {
            (true, true, false) => Access::EXEC_OK,
            (true, ..) => Access::EXEC_OK | Access::WRITE_OK,
            (false, ..) => Access::READ_OK | Access::WRITE_OK,
        };
        access(part, wanted).is_err().then(|| of(part, &found))
    })
}

fn of(part: &Path, found: &Metadata) -> String {
    let (owner, mode, us) = (found.uid(), found.mode() & 0o7777, geteuid().as_raw());
    let what = if found.is_dir() { "the folder " } else { "" };
    let allows =
        if owner == us { "`chmod u+rw` of it allows it" } else { "its owner, or root, can allow it by chown or chmod" };
    let allows = if found.is_dir() { allows.replace("u+rw", "u+rwx") } else { allows.to_owned() };
    format!(
        "{what}\"{}\" is user {owner}'s, with the mode {mode:o}, and this process is user {us}'s; {allows}",
        part.display()
    )
}

/// Whether there is no room on the disk of a path, or of the folder that it would be in.
#[cfg(feature = "sqlite")]
pub(crate) fn is_full(path: &Path) -> bool {
    let disk = path.ancestors().map(|part| if part.as_os_str().is_empty() { Path::new(".") } else { part });
    let Some(disk) = disk.filter_map(|part| statvfs(part).ok()).next() else { return false };
    disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM_MIN || (disk.f_files > 0 && disk.f_favail == 0)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_part_of_a_path_is_told_with_its_owner_and_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        fs::write(&file, "").unwrap();
        assert_eq!(barred(&file), None);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
        let (us, said) = (geteuid().as_raw(), of(&file, &file.metadata().unwrap()));
        let place =
            format!("\"{}\" is user {us}'s, with the mode 400, and this process is user {us}'s", file.display());
        assert_eq!(said, format!("{place}; `chmod u+rw` of it allows it"));
        // Root may do all.
        assert_eq!(barred(&file), (!geteuid().is_root()).then_some(said));
        let folder = of(Path::new("/"), &Path::new("/").metadata().unwrap());
        assert!(folder.starts_with("the folder \"/\" is user 0's"), "{folder}");
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn a_disk_with_room_is_not_full() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_full(&dir.path().join("not/there")) && !is_full(Path::new("here")));
        assert!(is_full(Path::new("/proc/self")), "it has no room at all");
    }
}
