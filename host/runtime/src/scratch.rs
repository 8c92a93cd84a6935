use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stockade_workflow::{Fault, Grant, Kind, Quota};
use tempfile::TempDir;

use crate::Result;

/// Where code finds its directory: what it opens by a relative path is there too.
pub(crate) const AT: &str = "/";

/// What code may have in its private directory: what comes back is journaled.
const QUOTA: Quota = Quota { bytes: 8 << 20, files: 256, depth: 8 };

/// The longest name of a file in bytes: that of the system.
const NAME_BYTES_MAX: usize = 255;

/// What the directories are called; a sweep takes only directories with this prefix.
const PREFIX: &str = "stockade-code-";

/// Another host would have to begin in the same microsecond, and again.
const ATTEMPTS_MAX: usize = 3;

/// The private directory of a piece of code, or of a session: its owner's alone, whatever the umask. Gone when it is
/// dropped; where the process was killed, the next host sweeps it away.
pub(crate) struct Scratch {
    dir: TempDir,
    /// Locked as long as this process lives, which tells the directory from an abandoned one.
    _lock: File,
}

/// Files by their paths in a private directory.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

impl Scratch {
    /// Makes an empty one under `root`, which exists.
    pub(crate) fn create(root: &Path) -> Result<Self> {
        for _ in 0..ATTEMPTS_MAX {
            if let Some(scratch) = Self::locked(root).map_err(|error| unusable(&error))? {
                return Ok(scratch);
            }
        }
        Err(unusable(&ErrorKind::NotFound.into()))
    }

    /// Makes one and locks it; none where another host took it for abandoned before it was locked.
    fn locked(root: &Path) -> std::io::Result<Option<Self>> {
        let dir =
            tempfile::Builder::new().prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(root)?;
        // The umask takes bits away from what is made, and none from what is set.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o700))?;
        let lock = File::open(dir.path())?;
        lock.try_lock()?;
        let is_there =
            fs::metadata(dir.path()).is_ok_and(|found| lock.metadata().is_ok_and(|own| own.ino() == found.ino()));
        Ok(is_there.then_some(Self { dir, _lock: lock }))
    }

    /// Removes the directories under `root` that this user's processes left when they were killed.
    pub(crate) fn sweep(root: &Path) {
        let Ok(user) = fs::metadata("/proc/self").map(|process| process.uid()) else { return };
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
                && entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == user);
            // One that is not swept takes space and does no harm.
            if is_ours
                && let Ok(lock) = File::open(entry.path())
                && lock.try_lock().is_ok()
            {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Returns the grant by which code reaches it.
    pub(crate) fn grant(&self) -> Grant {
        Grant::fs(self.dir.path().display().to_string(), AT).writable().quota(QUOTA)
    }

    /// Puts files into it, given in base64.
    ///
    /// # Errors
    ///
    /// A path leads out of it, the contents of a file are not base64, or together they are more than its quota.
    pub(crate) fn put(&self, files: &BTreeMap<String, String>) -> Result<Files> {
        let files = decoded(files)?;
        for (path, bytes) in &files {
            self.write(Path::new(path), bytes).map_err(|error| match error.kind() {
                ErrorKind::IsADirectory => is_folder(path),
                _ => unusable(&error),
            })?;
        }
        Ok(files)
    }

    /// Writes a file, and everything that stands where its folders must be makes way: code of the session may have left links
    /// there, and they may lead anywhere.
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let mut at = self.dir.path().to_owned();
        for part in path.parent().into_iter().flat_map(Path::components) {
            at.push(part);
            if !fs::symlink_metadata(&at).is_ok_and(|found| found.is_dir()) {
                make_way(&at)?;
                DirBuilder::new().mode(0o700).create(&at)?;
            }
        }
        let path = self.dir.path().join(path);
        make_way(&path)?;
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
    }

    /// Returns what is in it now. Links lead nowhere: what they point at is not what the code wrote.
    pub(crate) fn files(&self) -> Result<Files> {
        let (mut files, mut folders) = (Files::new(), vec![PathBuf::new()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(self.dir.path().join(&folder)).map_err(|error| unusable(&error))? {
                let entry = entry.map_err(|error| unusable(&error))?;
                let (path, kind) = (folder.join(entry.file_name()), entry.file_type());
                let kind = kind.map_err(|error| unusable(&error))?;
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file()
                    && let Some(path) = path.to_str()
                {
                    files.insert(path.to_owned(), fs::read(entry.path()).map_err(|error| unusable(&error))?);
                }
            }
        }
        Ok(files)
    }
}

/// Removes a file or a link, and not what it points at.
fn make_way(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Returns those files that are not as they were, in base64.
pub(crate) fn changed(before: &Files, after: &Files) -> BTreeMap<String, String> {
    let changed = after.iter().filter(|(path, bytes)| before.get(*path) != Some(*bytes));
    changed.map(|(path, bytes)| (path.clone(), STANDARD.encode(bytes))).collect()
}

fn decoded(files: &BTreeMap<String, String>) -> Result<Files> {
    let mut total = 0;
    let mut decoded = Files::new();
    for (path, text) in files {
        let bytes = STANDARD.decode(text);
        let bytes =
            bytes.map_err(|error| Fault::invalid("files", format!("file \"{path}\" is not base64: {error}")))?;
        total += bytes.len() as u64;
        if !is_inside(path) {
            let message = format!("\"{path}\" is not the path of a file in the code's directory");
            return Err(Fault::invalid("files", message));
        }
        decoded.insert(path.clone(), bytes);
    }
    check_folders(&decoded)?;
    if total > QUOTA.bytes || decoded.len() as u64 > QUOTA.files {
        let message = format!("the code's directory holds {} files of {} bytes", QUOTA.files, QUOTA.bytes);
        return Err(Fault::limit(Kind::FsQuota, "fs_bytes", QUOTA.bytes, total, message));
    }
    Ok(decoded)
}

/// A path that leads nowhere else, and is spelled in the only way: two spellings would be one file.
fn is_inside(path: &str) -> bool {
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= NAME_BYTES_MAX && !part.contains('\0');
    path.split('/').count() as u64 <= QUOTA.depth && path.split('/').all(is_name)
}

/// Refuses a file that another one wants to be a folder.
fn check_folders(files: &Files) -> Result<()> {
    for path in files.keys() {
        let mut folders = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        if let Some(folder) = folders.find(|folder| files.contains_key(*folder)) {
            let message = format!("\"{folder}\" is a file, and a folder of \"{path}\"; rename one of them");
            return Err(Fault::invalid("files", message));
        }
    }
    Ok(())
}

/// Code of the session has made a folder there, and what is in it is not ours to remove.
fn is_folder(path: &str) -> Fault {
    let message = format!("\"{path}\" is a folder in the session's directory; give the file another name");
    Fault::invalid("files", message)
}

fn unusable(error: &std::io::Error) -> Fault {
    Fault::new(Kind::HostBug, format!("the code's private directory cannot be used: {error}")).detail("scratch")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_what_changed_and_nothing_that_a_link_points_at() {
        let root = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(root.path()).unwrap();
        let given =
            BTreeMap::from([("a.txt".to_owned(), STANDARD.encode("one")), ("d/b".into(), STANDARD.encode("two"))]);
        let before = scratch.put(&given).unwrap();
        fs::write(scratch.dir.path().join("d/b"), "three").unwrap();
        fs::write(scratch.dir.path().join("new"), "four").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", scratch.dir.path().join("link")).unwrap();
        std::os::unix::fs::symlink("/etc", scratch.dir.path().join("folder")).unwrap();
        let back = changed(&before, &scratch.files().unwrap());
        assert_eq!(back.keys().collect::<Vec<_>>(), ["d/b", "new"]);
        let path = scratch.dir.path().to_owned();
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn a_directory_is_its_owner_s_and_a_folder_in_it_is_not_replaced_by_a_file() {
        let root = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(root.path()).unwrap();
        fs::create_dir_all(scratch.dir.path().join("a/b")).unwrap();
        let file = |path: &str| scratch.put(&BTreeMap::from([(path.to_owned(), STANDARD.encode("x"))]));
        let fault = file("a").unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("files")), "{fault}");
        file("c").unwrap();
        file("d/a").unwrap();
        let mode = |path: &str| fs::metadata(scratch.dir.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(["", "c", "d", "d/a"].map(mode), [0o700, 0o600, 0o700, 0o600]);
    }

    #[test]
    fn an_abandoned_directory_is_swept_and_a_living_one_and_another_s_are_not() {
        let root = tempfile::tempdir().unwrap();
        let living = Scratch::create(root.path()).unwrap();
        let abandoned = Scratch::create(root.path()).unwrap();
        abandoned.put(&BTreeMap::from([("d/a".to_owned(), STANDARD.encode("x"))])).unwrap();
        let Scratch { dir, _lock } = abandoned;
        let (abandoned, other) = (dir.keep(), root.path().join("code-x"));
        drop(_lock);
        fs::create_dir(&other).unwrap();
        std::os::unix::fs::symlink(&other, root.path().join("stockade-code-link")).unwrap();
        Scratch::sweep(root.path());
        assert!(living.dir.path().exists() && other.exists() && !abandoned.exists());
    }

    #[test]
    fn a_file_is_put_where_a_link_was_and_not_where_it_led() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("a"), "untouched").unwrap();
        let scratch = Scratch::create(root.path()).unwrap();
        std::os::unix::fs::symlink(outside.path().join("a"), scratch.dir.path().join("a")).unwrap();
        std::os::unix::fs::symlink(outside.path(), scratch.dir.path().join("d")).unwrap();
        let text = STANDARD.encode("new");
        scratch
            .put(&BTreeMap::from([("a".to_owned(), text.clone()), ("d/a".into(), text.clone()), ("d/b".into(), text)]))
            .unwrap();
        assert_eq!(fs::read_to_string(outside.path().join("a")).unwrap(), "untouched");
        assert!(!outside.path().join("b").exists());
        assert_eq!(scratch.files().unwrap().keys().collect::<Vec<_>>(), ["a", "d/a", "d/b"]);
    }

    #[test]
    fn no_path_leads_out() {
        let root = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(root.path()).unwrap();
        for path in ["../x", "/x", "", "a/../../x", "1/2/3/4/5/6/7/8/9"] {
            let fault = scratch.put(&BTreeMap::from([(path.to_owned(), String::new())])).unwrap_err();
            assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("files")), "{path}");
        }
        let large = BTreeMap::from([("x".to_owned(), STANDARD.encode(vec![0; 9 << 20]))]);
        assert_eq!(scratch.put(&large).unwrap_err().kind, Kind::FsQuota);
    }

    /// One of two files was gone without a word, and a name that no system has was a fault of the host.
    #[test]
    fn a_path_is_spelled_in_one_way_and_is_that_of_one_file() {
        let root = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(root.path()).unwrap();
        let long = "x".repeat(256);
        for paths in
            [&["a//b"][..], &["a/./b"], &["./a"], &["a/"], &["a\0b"], &[&long], &["a/b", "a"], &["a", "a-b", "a/b/c"]]
        {
            let files = paths.iter().map(|path| ((*path).to_owned(), STANDARD.encode(path))).collect();
            let fault = scratch.put(&files).unwrap_err();
            assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("files")), "{paths:?}: {fault}");
        }
        assert!(scratch.files().unwrap().is_empty());
    }
}
