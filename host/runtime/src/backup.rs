//! Copies of everything that a host keeps, made while it works, and how they are put back.
//!
//! A backup is a folder: the files, and a manifest with the length and the digest of each. [`create`] makes one beside its place and
//! gives it its name once it is whole, and [`restore`] puts all files into their place at once, when each was found to be what was
//! copied. So what was cut short has no name, or is refused.
//!
//! The journal is copied first. So no copy of it knows of an effect that is missing in the copies of what its tools write. What runs
//! have done after the copy was made is not in it: see "Operations" in the book for what a host makes of that.

mod copying;
mod manifest;
mod restoring;

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use stockade_workflow::{FORMAT, Fault, Kind};
use tempfile::TempDir;

use self::copying::Found;
pub use self::manifest::{BackupFile, LeftOut, Manifest};
pub use self::restoring::{Put, put, restore};
use crate::builder::folder_of;
use crate::{Clock, Result};

/// The name of the journal in a backup, and in a data directory.
const JOURNAL: &str = "journal.db";

/// What the folders are called in which a backup is made, or put back.
const PREFIX: &str = ".stockade-backup-";

/// What a host keeps.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// The data directory. All that is in it is kept, but for what can be made again.
    pub data: PathBuf,
    /// The file of the journal; absent where it is in a database, which has its own tools for this.
    pub journal: Option<PathBuf>,
    /// Other files that there may be, by their names in the data directory that a backup is put back as.
    pub others: Vec<(String, PathBuf)>,
}

/// Makes a backup in a folder that does not exist; with `force`, one that is a backup is replaced. Tells how many bytes are
/// copied, of about how many.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] where there is no journal; kind [`Kind::Conflict`] where the folder exists; kind [`Kind::System`] where a file
/// cannot be copied. Then nothing is left of the backup.
pub fn create(holdings: &Holdings, to: &Path, force: bool, clock: &Clock, told: &dyn Fn(u64, u64)) -> Result<Manifest> {
    check_free(to, force)?;
    check_outside(to, &holdings.data)?;
    let (found, mut left_out) = Found::all(holdings)?;
    let parent = folder_of(to);
    let place = private(&parent)?;
    let made_ms = clock.now_ms();
    let all = found.iter().map(|file| file.bytes).sum::<u64>();
    let (mut files, mut done) = (Vec::new(), 0);
    for file in &found {
        match file.copied(place.path(), &|bytes| told((done + bytes).min(all), all)) {
            Err(_) if file.name != JOURNAL && file.is_gone() => left_out.push(file.left("it was removed meanwhile")),
            copied => files.push(copied?),
        }
        done += file.bytes;
    }
    let journal = holdings.journal.as_deref().map(|path| absolute(path).display().to_string());
    let stockade = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { stockade, entries_format: FORMAT, made_ms, journal, files, left_out };
    manifest.write(place.path())?;
    named(place, to, &parent)?;
    Ok(manifest)
}

/// Checks that a backup may have this name.
fn check_free(to: &Path, force: bool) -> Result<()> {
    let is_there = to.symlink_metadata().is_ok();
    if is_there && !force {
        let message = format!(
            "\"{}\" exists and is not overwritten; name another folder, or replace it with --force",
            to.display()
        );
        return Err(Fault::new(Kind::Conflict, message).detail("backup"));
    }
    // Whatever else it is stays.
    if is_there { Manifest::read(to).map(drop) } else { Ok(()) }
}

/// Checks that a backup is not made where the next one would find it.
fn check_outside(to: &Path, data: &Path) -> Result<()> {
    let (Ok(within), Ok(data)) = (folder_of(to).canonicalize(), data.canonicalize()) else { return Ok(()) };
    if !within.starts_with(&data) {
        return Ok(());
    }
    let message =
        format!("\"{}\" is in the data directory \"{}\"; name a folder elsewhere", to.display(), data.display());
    Err(Fault::invalid("backup", message))
}

/// Gives a folder its name, in place of a backup that has it.
fn named(place: TempDir, to: &Path, parent: &Path) -> Result<()> {
    let failed = |error: &io::Error| cannot("be made", to, error);
    synced(place.path()).map_err(|error| failed(&error))?;
    let before = if to.exists() { Some(private(parent)?) } else { None };
    let aside = before.as_ref().map(|before| before.path().join("before"));
    if let Some(aside) = &aside {
        fs::rename(to, aside).map_err(|error| failed(&error))?;
    }
    if let Err(error) = fs::rename(place.path(), to) {
        if let Some(aside) = &aside {
            // If this fails too, the error below names the folder, and the old one is gone: both are on one file system.
            let _ = fs::rename(aside, to);
        }
        return Err(failed(&error));
    }
    // There is nothing under this name any more.
    let _ = place.keep();
    synced(parent).map_err(|error| failed(&error))
}

/// Makes a folder that only its owner may enter, and that is removed again unless it is kept.
fn private(parent: &Path) -> Result<TempDir> {
    let made = tempfile::Builder::new().prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(parent);
    made.map_err(|error| cannot("be written", parent, &error))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Makes the folders of a file within a folder of ours.
fn make_folders(file: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder_of(file))
}

/// Has what a folder names outlive a loss of power.
fn synced(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Fault {
    Fault::new(Kind::System, format!("\"{}\" cannot {what}: {error}", path.display())).detail("backup")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use stockade_journal::{Commit, Journal as _, Row, RowChange, SqliteJournal};

    use super::*;

    /// A data directory, and room for backups beside it.
    struct Place(TempDir);

    impl Place {
        fn new() -> Self {
            let place = Self(tempfile::tempdir().unwrap());
            fs::create_dir_all(place.path("data/tools/deep")).unwrap();
            place
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        /// Opens the journal of a data directory, and writes a row into it.
        async fn journal(&self, data: &str, key: &str) -> SqliteJournal {
            let journal = SqliteJournal::open(self.path(data).join(JOURNAL), Clock::default()).unwrap();
            let row = RowChange::Put(Row::new("a", key, "x".repeat(50_000)));
            journal.commit(&Commit::of_index(vec![row])).await.unwrap();
            journal
        }

        fn holdings(&self) -> Holdings {
            let others = vec![("keys/key".to_owned(), self.path("key")), ("absent".to_owned(), self.path("absent"))];
            Holdings { data: self.path("data"), journal: Some(self.path("data").join(JOURNAL)), others }
        }

        fn create(&self, force: bool) -> Result<Manifest> {
            create(&self.holdings(), &self.path("backup"), force, &Clock::default(), &|_, _| {})
        }

        fn restore(&self) -> Result<Manifest> {
            restore(&self.path("backup"), &self.path("restored"), true, &|_, _| {})
        }

        /// The names of what is beside the data directory.
        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.0.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    async fn filled() -> (Place, SqliteJournal) {
        let place = Place::new();
        let journal = place.journal("data", "one").await;
        fs::write(place.path("data/tools/deep/price.wasm"), "component").unwrap();
        fs::write(place.path("key"), "secret").unwrap();
        (place, journal)
    }

    fn name_of(file: &BackupFile) -> &str {
        &file.name
    }

    #[tokio::test]
    async fn a_backup_of_a_journal_that_is_in_use_is_put_back_as_it_was() {
        let (place, journal) = filled().await;
        fs::create_dir_all(place.path("data/cache/code")).unwrap();
        fs::write(place.path("data/cache/code/a"), "made again").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", place.path("data/link")).unwrap();
        let told = Mutex::new(Vec::new());
        let tell = |done: u64, all: u64| told.lock().unwrap().push((done, all));
        let made = create(&place.holdings(), &place.path("backup"), false, &Clock::new(|| 7), &tell).unwrap();
        let names: Vec<_> = made.files.iter().map(name_of).collect();
        assert_eq!(names, ["journal.db", "keys/key", "tools/deep/price.wasm"]);
        assert_eq!((made.made_ms, made.left_out.len()), (7, 1));
        assert!(made.left_out[0].path.ends_with("data/link"));
        assert!(told.lock().unwrap().last().is_some_and(|(done, all)| done == all));
        let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("backup"), mode("backup/keys"), mode("backup/keys/key")), (0o700, 0o700, 0o600));
        // What comes later is not in it.
        let row = RowChange::Put(Row::new("a", "two", ""));
        journal.commit(&Commit::of_index(vec![row])).await.unwrap();
        assert_eq!(place.restore().unwrap(), made);
        assert_eq!(fs::read_to_string(place.path("restored/tools/deep/price.wasm")).unwrap(), "component");
        let restored = place.journal("restored", "three").await;
        let rows = restored.find("a", "", None, 9).await.unwrap();
        let keys: Vec<_> = rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["one", "three"]);
        assert_eq!(place.names(), ["backup", "data", "key", "restored"]);
    }

    #[tokio::test]
    async fn a_backup_that_was_damaged_or_cut_short_is_refused_by_the_name_of_the_file() {
        let (place, _journal) = filled().await;
        place.create(false).unwrap();
        for name in ["MANIFEST", "journal.db", "keys/key", "tools/deep/price.wasm"] {
            let path = place.path("backup").join(name);
            let whole = fs::read(&path).unwrap();
            let mut spoilt = Vec::new();
            for at in [0, whole.len() / 2, whole.len() - 1] {
                let mut flipped = whole.clone();
                flipped[at] ^= 1;
                spoilt.extend([flipped, whole[..at].to_vec()]);
            }
            for bytes in spoilt {
                fs::write(&path, bytes).unwrap();
                let fault = place.restore().unwrap_err();
                assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("backup")));
                assert!(fault.message.contains(name), "{fault}");
            }
            fs::remove_file(&path).unwrap();
            assert!(place.restore().unwrap_err().message.contains(name));
            fs::write(&path, whole).unwrap();
        }
        assert_eq!(place.names(), ["backup", "data", "key"], "nothing is left of what was refused");
        place.restore().unwrap();
    }

    #[tokio::test]
    async fn a_backup_that_fails_leaves_nothing() {
        let (place, _journal) = filled().await;
        // It begins like a database, and is not one.
        fs::write(place.path("data/shop.db"), b"SQLite format 3\0 and then nothing of one").unwrap();
        let fault = place.create(false).unwrap_err();
        assert!(fault.kind == Kind::System && fault.message.contains("shop.db"), "{fault}");
        assert_eq!(place.names(), ["data", "key"]);
        let missing = Holdings { journal: Some(place.path("nowhere.db")), ..place.holdings() };
        let fault = create(&missing, &place.path("backup"), false, &Clock::default(), &|_, _| {}).unwrap_err();
        assert_eq!(fault.kind, Kind::NotFound);
    }

    #[tokio::test]
    async fn a_folder_that_exists_is_replaced_by_force_alone_and_only_if_it_is_a_backup() {
        let (place, _journal) = filled().await;
        place.create(false).unwrap();
        assert_eq!(place.create(false).unwrap_err().kind, Kind::Conflict);
        fs::remove_file(place.path("key")).unwrap();
        assert_eq!(place.create(true).unwrap().files.len(), 2);
        assert_eq!(place.names(), ["backup", "data"]);
        fs::remove_file(place.path("backup/MANIFEST")).unwrap();
        assert_eq!(place.create(true).unwrap_err().kind, Kind::Invalid);
        assert!(place.path("backup").join(JOURNAL).exists(), "it stays");
        let inside = create(&place.holdings(), &place.path("data/backup"), false, &Clock::default(), &|_, _| {});
        assert!(inside.unwrap_err().message.contains("is in the data directory"));
    }

    #[tokio::test]
    async fn a_backup_is_put_back_neither_over_files_nor_beside_a_host_that_drives_its_runs() {
        let (place, journal) = filled().await;
        place.create(false).unwrap();
        let (backup, data) = (place.path("backup"), place.path("restored"));
        let busy = restore(&backup, &data, false, &|_, _| {}).unwrap_err();
        assert_eq!((busy.kind, busy.detail.as_deref()), (Kind::Conflict, Some("busy")));
        drop(journal);
        fs::create_dir(&data).unwrap();
        restore(&backup, &data, false, &|_, _| {}).unwrap();
        let fault = restore(&backup, &data, false, &|_, _| {}).unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Conflict, Some("data_dir")));
    }

    #[tokio::test]
    async fn a_backup_of_a_newer_version_and_one_that_names_other_places_are_refused() {
        let (place, _journal) = filled().await;
        let made = place.create(false).unwrap();
        let rewritten = |manifest: &Manifest| {
            fs::remove_file(place.path("backup/MANIFEST")).unwrap();
            manifest.write(&place.path("backup")).unwrap();
        };
        rewritten(&Manifest { entries_format: FORMAT + 1, ..made.clone() });
        assert!(place.restore().unwrap_err().message.contains("made by a newer stockade"));
        for name in ["../key", "/tmp/key", ""] {
            let file = BackupFile { name: name.to_owned(), ..made.files[0].clone() };
            rewritten(&Manifest { files: vec![file], ..made.clone() });
            assert!(place.restore().is_err(), "{name}");
        }
    }

    #[test]
    fn a_file_is_put_beside_unless_another_one_is_there() {
        let place = Place::new();
        fs::write(place.path("key"), "one").unwrap();
        let to = place.path("state/keys/key");
        assert_eq!([put(&place.path("key"), &to), put(&place.path("key"), &to)], [Ok(Put::New), Ok(Put::Same)]);
        fs::write(place.path("key"), "two").unwrap();
        assert_eq!(put(&place.path("key"), &to), Ok(Put::Other));
        assert_eq!(fs::read_to_string(&to).unwrap(), "one");
    }
}
