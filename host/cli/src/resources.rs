//! Checks before a command begins that the system gives this process enough threads and open files.
//!
//! If the system refuses a thread, tokio waits for ever or panics; if it refuses a file, tokio panics. So this program first
//! takes as many as a command needs, all at the same time, and gives them back.

use std::io;
use std::num::NonZero;
use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use stockade::{Fault, Kind};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;

/// Threads that may wait for a database, a file or the journal: a few for each concurrent call, and far fewer than would
/// hurt a machine.
const BLOCKING_THREADS_MAX: usize = 64;
/// Threads besides those that run futures: the journal's writer, five that wait, and two compile workers. Each worker is a
/// process of five threads, and two threads of this process talk to it.
const OTHER_THREADS: usize = 20;
/// Files that a command has open: databases with their logs (twice), components, and the pipes of two compile workers.
const FILES: usize = 48;
/// How long an idle thread stays: longer than any command. While one thread is left, all work is done in the end, even if the
/// system refuses further threads.
const KEPT: Duration = Duration::from_secs(365 * 24 * 3600);
/// How long the system may take to end threads, or to begin one.
const SYSTEM_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes the runtime of the command.
///
/// # Errors
///
/// Kind [`Kind::System`]: the system gives this process too few threads or open files.
pub(crate) fn runtime() -> stockade::Result<Runtime> {
    raise_open_files();
    check_files(openable(FILES))?;
    let threads = startable(cores().saturating_add(OTHER_THREADS));
    let workers = threads.checked_sub(OTHER_THREADS).filter(|workers| *workers > 0);
    let workers = workers.ok_or_else(|| few_threads(threads))?;
    let runtime = multi_thread(workers).build().map_err(unmade)?;
    let started = runtime.block_on(async { timeout(SYSTEM_TIMEOUT, tokio::task::spawn_blocking(|| ())).await });
    match started {
        Ok(_) => Ok(runtime),
        Err(_) => {
            // Tasks that wait for a thread are abandoned.
            runtime.shutdown_background();
            Err(few_threads(workers))
        }
    }
}

/// The runtime on which a server drives runs, while the one of its command answers.
///
/// Its threads come second where both want the processor: an answer is short, and what it asks for is done all the same.
pub(crate) struct Drivers {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Drivers {
    /// # Errors
    ///
    /// As [`runtime`].
    pub(crate) fn begin() -> stockade::Result<Self> {
        let workers = cores();
        let threads = startable(workers.saturating_add(OTHER_THREADS));
        if threads < workers {
            return Err(few_threads(threads));
        }
        let mut builder = multi_thread(workers);
        let runtime = builder.thread_name("drivers").on_thread_start(come_second).build().map_err(unmade)?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Drivers {
    /// Ends what is late, and waits for nothing: it may be dropped by a task of another runtime.
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

fn multi_thread(workers: usize) -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers).max_blocking_threads(BLOCKING_THREADS_MAX).thread_keep_alive(KEPT).enable_all();
    builder
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Lets this thread come second. Where the system has no such thing for one thread, or refuses it, all are alike.
fn come_second() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(10);
}

fn unmade(error: io::Error) -> Fault {
    Fault::new(Kind::System, error.to_string())
}

/// Raises the limit of open files to the most that the system allows. The usual 1,024 are for programs that use `select`; the
/// files, connections and databases of 16 concurrent calls can be more.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    // If the system refuses, the old limit stays.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Opens up to so many files at the same time, and returns how many the system allowed.
fn openable(wanted: usize) -> usize {
    let pipes: Vec<_> = (0..wanted / 2).map_while(|_| io::pipe().ok()).collect();
    pipes.len() * 2
}

/// Starts up to so many threads at the same time, waits until all have ended, and returns how many the system allowed.
fn startable(wanted: usize) -> usize {
    // Once it is open, all go through it at the same moment: with a mutex, one would wake the next.
    let (gate, before) = (RwLock::new(()), threads());
    let started = thread::scope(|scope| {
        let _closed = gate.write().unwrap_or_else(PoisonError::into_inner);
        let start = |_| thread::Builder::new().spawn_scoped(scope, || drop(gate.read())).ok();
        (0..wanted).map_while(start).count()
    });
    // The system counts a thread for a moment after it has returned.
    let since = Instant::now();
    while threads() > before && since.elapsed() < SYSTEM_TIMEOUT {
        thread::sleep(Duration::from_micros(50));
    }
    started
}

/// Returns how many threads this process has, if the system says.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

fn check_files(openable: usize) -> stockade::Result<()> {
    if openable >= FILES {
        return Ok(());
    }
    let message = format!(
        "the system lets this process open {openable} more files, and a command takes {FILES}; a larger limit of open \
         files allows it (ulimit -n)"
    );
    Err(Fault::new(Kind::System, message).detail("open_files"))
}

fn few_threads(startable: usize) -> Fault {
    let needed = OTHER_THREADS + 1;
    let message = format!(
        "the system lets this process start {startable} threads, and a command takes {needed}; a larger limit of the user's \
         threads and processes allows it (ulimit -u), or of the container's (pids.max)"
    );
    Fault::new(Kind::System, message).detail("threads")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_and_files_are_counted_and_given_back() {
        assert_eq!((startable(3), openable(4)), (3, 4));
        assert_eq!((startable(3), openable(4)), (3, 4));
    }

    #[test]
    fn a_limit_of_the_system_is_named_with_what_raises_it() {
        let (files, threads) = (check_files(6).unwrap_err(), few_threads(2));
        assert!(files.message.contains("open 6 more files") && files.message.contains("ulimit -n"), "{files}");
        assert!(threads.message.contains("start 2 threads") && threads.message.contains("ulimit -u"), "{threads}");
        assert_eq!(
            [files, threads].map(|fault| fault.detail),
            ["open_files", "threads"].map(|what| Some(what.to_owned()))
        );
        assert!(check_files(FILES).is_ok());
    }
}
