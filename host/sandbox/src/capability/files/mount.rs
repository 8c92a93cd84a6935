use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use cap_std::fs::{Dir, MetadataExt};
use rustix::fs::{Mode, OFlags};
use stockade_workflow::{Access, Fault, Kind};
use tokio::sync::{OwnedRwLockReadGuard, RwLock, Semaphore, SemaphorePermit};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::Directories;
use super::directory::Directory;
use super::refusal::{Answer, Bar, Refusal};
use crate::stop::Stop;

/// Files and directories that a call holds open at once in one mount. Many systems give a whole process 1,024, of which
/// other calls, databases and connections want their share.
const OPEN_MAX: u64 = 64;
/// What all calls hold open together, where the system gives a process no end of files.
const OPEN_ALL_MAX: u64 = 16 << 10;
/// Places for what all calls of the process hold open: a quarter of what the system gives to it, for a process without
/// any left can neither accept nor connect. It is a matter of the process and of no engine.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(places_max() as usize));
/// Entries that are looked at to learn how deep a folder is before it is moved deeper.
const HEIGHT_ENTRIES_MAX: u64 = 10_000;

/// The granted directories as one call sees them, made when the guest first asks for its directories.
pub(crate) struct Mounts {
    pub(super) all: Vec<Arc<Mount>>,
}

impl Mounts {
    pub(crate) fn new(directories: &Directories) -> Self {
        Self { all: directories.0.iter().map(|directory| Arc::new(Mount::new(directory.clone()))).collect() }
    }

    /// Waits for what streams still write, so that nothing is written after the call.
    pub(crate) async fn settle(&self) {
        for mount in &self.all {
            drop(mount.writes.write().await);
        }
    }

    /// Stops a guest that a quota has stopped before: a stream that is dropped reports no error.
    pub(crate) fn check(&self) -> wasmtime::Result<()> {
        match self.all.iter().find_map(|mount| mount.stopped.get()) {
            Some(fault) => Err(wasmtime::Error::new(Stop(fault.clone()))),
            None => Ok(()),
        }
    }
}

/// A granted directory in one call, with what the call has used of its quota.
pub(super) struct Mount {
    directory: Arc<Directory>,
    bytes: AtomicU64,
    files: AtomicU64,
    open: AtomicU64,
    /// The quota that was used up first.
    stopped: OnceLock<Fault>,
    /// Read by each write in flight, and written by the call that waits for all of them.
    writes: Arc<RwLock<()>>,
}

impl Mount {
    fn new(directory: Arc<Directory>) -> Self {
        let (bytes, files, open) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { directory, bytes, files, open, stopped: OnceLock::new(), writes: Arc::default() }
    }

    pub(super) fn root(&self) -> &Arc<Dir> {
        &self.directory.root
    }

    pub(super) fn at(&self) -> &str {
        self.directory.at()
    }

    pub(super) fn is_writable(&self) -> bool {
        self.directory.access == Access::ReadWrite
    }

    /// Begins a write that the guest does not wait for; the end of the call does.
    pub(super) fn writing(&self) -> Answer<OwnedRwLockReadGuard<()>> {
        self.writes.clone().try_read_owned().map_err(|_| ErrorCode::Io.into())
    }

    /// Does a piece of disk work on a thread that may block, when it is its turn.
    pub(super) async fn run<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce() -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let turn = self.directory.threads.clone().acquire_owned().await;
        let turn = turn.map_err(|_| ErrorCode::Io)?;
        let done = tokio::task::spawn_blocking(move || {
            // The turn ends with the work, not with the interest in it.
            let _turn = turn;
            work()
        });
        done.await.unwrap_or(Err(Refusal::Code(ErrorCode::Io)))
    }

    /// Counts bytes about to be written, holes included, or stops the guest.
    pub(super) fn spend_bytes(&self, bytes: u64) -> Answer<()> {
        self.spend(&self.bytes, bytes, "fs_bytes", self.directory.quota.bytes)
    }

    /// Makes something that will have a name, if one more is allowed; what then is not made is not counted.
    pub(super) fn make<T>(&self, make: impl FnOnce() -> Answer<T>) -> Answer<T> {
        self.spend(&self.files, 1, "fs_files", self.directory.quota.files)?;
        make().inspect_err(|_| {
            self.files.fetch_sub(1, Ordering::Relaxed);
        })
    }

    fn spend(&self, used: &AtomicU64, by: u64, limit: &str, allowed: u64) -> Answer<()> {
        let fits = |used: u64| used.checked_add(by).filter(|wanted| *wanted <= allowed);
        match used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => Ok(()),
            Err(used) => Err(self.stop(Refusal::quota(limit, self.at(), allowed, used.saturating_add(by)))),
        }
    }

    fn stop(&self, fault: Fault) -> Refusal {
        self.stopped.get_or_init(|| fault.clone());
        Refusal::Stop(Stop(fault))
    }

    /// Stops the guest where a path or a folder reaches deeper than is allowed.
    pub(super) fn check_depth(&self, depth: u64) -> Answer<()> {
        let allowed = self.directory.quota.depth;
        if depth > allowed {
            return Err(self.stop(Refusal::quota("fs_depth", self.at(), allowed, depth)));
        }
        Ok(())
    }

    /// Returns how many levels there may be below one.
    pub(super) fn levels_below(&self, depth: u64) -> u64 {
        self.directory.quota.depth.saturating_sub(depth)
    }

    /// Returns how far below the granted directory a folder really is, whatever links led there.
    ///
    /// Counting the names of a path is not enough: a guest can go down by links and rename folders into each other,
    /// until no program of the host can clean up after it.
    pub(super) fn depth_of(&self, folder: &Dir) -> Answer<u64> {
        let (root, flags) = (identity(self.root())?, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC);
        let mut at = folder.try_clone()?;
        for depth in 0..=self.directory.quota.depth {
            if identity(&at)? == root {
                return Ok(depth);
            }
            // Nothing is done there but to compare; so it does not matter whose directory it is.
            let above = rustix::fs::openat(&at, "..", flags, Mode::empty())?;
            let above = Dir::from_std_file(above.into());
            if identity(&above)? == identity(&at)? {
                // The top of the file system: another process moved the folder out of the granted directory.
                return Err(Refusal::Barred(Bar::Outside));
            }
            at = above;
        }
        self.check_depth(self.directory.quota.depth.saturating_add(1)).map(|()| 0)
    }

    /// Returns how many levels a folder has, itself included, or more than `at_most` where that is so.
    pub(super) fn height_of(&self, folder: &Dir, at_most: u64) -> Answer<u64> {
        let mut left = HEIGHT_ENTRIES_MAX;
        self.height(folder, at_most, &mut left)
    }

    fn height(&self, folder: &Dir, at_most: u64, left: &mut u64) -> Answer<u64> {
        let mut height = 1;
        for entry in folder.entries()? {
            let entry = entry?;
            // A folder too large to be looked through is taken to be too deep.
            *left = left.checked_sub(1).map_or_else(|| self.check_depth(u64::MAX).map(|()| 0), Ok)?;
            if height > at_most {
                break;
            }
            let below = if entry.file_type()?.is_dir() {
                self.height(&entry.open_dir()?, at_most.saturating_sub(1), left)?
            } else {
                1
            };
            height = height.max(below.saturating_add(1));
        }
        Ok(height)
    }

    /// Takes one of the places for what is open.
    pub(super) fn opened(self: &Arc<Self>) -> Answer<Open> {
        let fits = |open: u64| Some(open + 1).filter(|open| *open <= OPEN_MAX);
        match self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => self.placed(&PLACES),
            Err(open) => {
                let at = self.at();
                let message = format!("the call may hold {OPEN_MAX} files open in fs \"{at}\" and asked for more");
                Err(Refusal::Stop(Stop(Fault::limit(Kind::Handles, "fs_open", OPEN_MAX, open + 1, message))))
            }
        }
    }

    fn placed(self: &Arc<Self>, places: &'static Semaphore) -> Answer<Open> {
        // Counted in the mount already, which the drop takes back.
        let open = Open { mount: self.clone(), place: places.try_acquire().ok() };
        if open.place.is_none() {
            let allowed = places_max();
            let message = format!("all calls of this process may hold {allowed} files open together and hold them");
            let fault = Fault::limit(Kind::Handles, "fs_open_all", allowed, allowed + 1, message);
            return Err(Refusal::Stop(Stop(fault)));
        }
        Ok(open)
    }
}

/// A place among what is open, given back when the file is closed.
pub(super) struct Open {
    mount: Arc<Mount>,
    /// The place among what all calls have open.
    place: Option<SemaphorePermit<'static>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.mount.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns how many files all calls may hold open together.
fn places_max() -> u64 {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    files.map_or(OPEN_ALL_MAX, |files| (files / 4).min(OPEN_ALL_MAX))
}

fn identity(dir: &Dir) -> Answer<(u64, u64)> {
    let metadata = dir.dir_metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reserved;
    use stockade_workflow::Quota;

    /// What runs out for all calls is a limit of its own, and comes back.
    #[test]
    fn all_calls_share_the_places() {
        static PLACE: Semaphore = Semaphore::const_new(1);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display().to_string();
        let directory =
            Directory::open("tool", &path, "/data", Access::ReadOnly, Quota::default(), &Reserved::default()).unwrap();
        let mount = Arc::new(Mount::new(Arc::new(directory)));
        let taken = PLACE.try_acquire().unwrap();
        let Err(Refusal::Stop(Stop(fault))) = mount.placed(&PLACE) else { panic!("there is no place") };
        assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::Handles, "fs_open_all"));
        drop(taken);
        let open = mount.placed(&PLACE);
        assert!(open.is_ok() && mount.placed(&PLACE).is_err());
        drop(open);
        assert!(mount.placed(&PLACE).is_ok());
    }
}
