//! Code that runs again each time that its file changes.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use stockade::{Budget, Clock, Exec as Workflow, Fault, Host, Stdio, Wrote};
use tokio::time::timeout;

use super::{Exec, Printed, code, language, settled};
use crate::escape::{safe, safe_lines};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::text::{DIM, print_error};
use crate::{ask, drive, failure, out};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long a file must have stayed as it is, so that it is not read while an editor writes it.
const REST_MS: u64 = 200;

/// The longest wait for that: a file that never rests is read all the same.
const LONGEST_MS: u64 = 2_000;

/// What is seen of a file: when it was changed, how long it is, and which one it is, for another may have taken its name.
type Stamp = (SystemTime, u64, u64);

/// A file that is looked at again and again.
struct Watched {
    seen: Option<Stamp>,
    /// When it was first and last seen to change since it was read.
    changed_ms: Option<(u64, u64)>,
}

impl Watched {
    fn new(seen: Option<Stamp>) -> Self {
        Self { seen, changed_ms: None }
    }

    /// Takes a look at this time; returns whether the file has changed and is to be read now. One that is missing, because an
    /// editor is replacing it, is waited for.
    fn looks(&mut self, stamp: Option<Stamp>, now_ms: u64) -> bool {
        if stamp != self.seen {
            let first_ms = self.changed_ms.map_or(now_ms, |(first_ms, _)| first_ms);
            self.changed_ms = Some((first_ms, now_ms));
            self.seen = stamp;
        }
        let is_due = self.changed_ms.is_some_and(|(first_ms, last_ms)| {
            now_ms.saturating_sub(last_ms) >= REST_MS || now_ms.saturating_sub(first_ms) >= LONGEST_MS
        });
        let is_read = is_due && self.seen.is_some();
        if is_read {
            self.changed_ms = None;
        }
        is_read
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = path.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}

/// Checks that code can be watched.
pub(super) fn check(file: &str) -> stockade::Result<()> {
    if file == "-" {
        return Err(Fault::invalid("usage", "stdin cannot be watched; --watch needs a FILE"));
    }
    Ok(())
}

/// Runs the code now, and again each time that its file has changed and come to rest, until the process is ended or no one reads
/// what it prints.
pub(super) async fn watch(
    exec: &Exec,
    globals: &Globals,
    host: &Host,
    budget: Budget,
    file: &str,
) -> anyhow::Result<Exit> {
    let path = Path::new(file);
    let clock = Clock::default();
    let mut watched = Watched::new(stamp(path));
    loop {
        if let Err(error) = once(exec, globals, host, budget, file).await {
            // The next change may set it right.
            print_error(&failure::fault(&error));
        }
        eprintln!("{DIM}waiting for a change of \"{}\"{DIM:#}", safe(file));
        while !watched.looks(stamp(path), clock.now_ms()) {
            if timeout(LOOK, out::closed()).await.is_ok() {
                return Ok(Exit::Done);
            }
        }
    }
}

/// Runs the code once, and prints what it writes as it writes it.
async fn once(exec: &Exec, globals: &Globals, host: &Host, budget: Budget, file: &str) -> anyhow::Result<()> {
    let mut code = code(exec, file)?;
    code.language = language(host, &code.language)?;
    let new = exec.origin.clone().of(host.code_run(code)?.budget(budget))?;
    let started = host.start_run(new.by(ask::user())).await?;
    let mut lines = pin!(host.output(started.id(), Workflow::KEY));
    let (mut ending, mut printed) = (pin!(drive::begun(host, started)), Printed::default());
    let state = loop {
        // Lines first: all that was told of before the end is printed before it.
        tokio::select! {
            biased;
            Some(wrote) = lines.next(), if !globals.json => print(&wrote, &mut printed),
            state = &mut ending => break state?,
        }
    };
    settled(globals, host, &state, exec.suspend, None, printed).await.map(drop)
}

fn print(Wrote { stdio, lines }: &Wrote, printed: &mut Printed) {
    match stdio {
        Stdio::Out => {
            print!("{}", safe_lines(lines));
            printed.stdout += lines.len();
        }
        Stdio::Err => {
            eprint!("{}", safe_lines(lines));
            printed.stderr += lines.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Option<Stamp> {
        Some((SystemTime::UNIX_EPOCH + Duration::from_secs(second), 1, 1))
    }

    /// `mv` and `cp -p` keep the time, and two versions may have one length.
    #[test]
    fn a_file_that_takes_the_name_of_another_one_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let [watched, other] = ["watched", "other"].map(|name| folder.path().join(name));
        for (path, text) in [(&watched, "a"), (&other, "b")] {
            std::fs::write(path, text).unwrap();
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(7)).unwrap();
        }
        let before = stamp(&watched);
        std::fs::rename(other, &watched).unwrap();
        assert_ne!(stamp(&watched), before);
    }

    #[test]
    fn a_file_is_read_once_after_it_has_come_to_rest() {
        let mut watched = Watched::new(at(1));
        assert!(!watched.looks(at(1), 1_000), "it has not changed");
        assert!(!watched.looks(at(2), 1_100));
        assert!(!watched.looks(at(3), 1_250), "it changes again");
        assert!(!watched.looks(None, 1_300), "it is being replaced");
        assert!(!watched.looks(None, 9_000), "what is missing is not read");
        assert!(watched.looks(at(4), 9_100), "it was waited for long enough");
        assert!(!watched.looks(at(4), 9_500), "it was read");
        assert!(!watched.looks(at(5), 10_000));
        assert!(watched.looks(at(5), 10_000 + REST_MS));
    }

    #[test]
    fn a_file_that_never_rests_is_read_all_the_same() {
        let mut watched = Watched::new(at(0));
        let read = (1..100).filter(|look| watched.looks(at(*look), look * 100)).count();
        assert!((3..=5).contains(&read), "{read}");
    }
}
