//! The connections on which rows are looked for at once, on the thread that asks.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use stockade_system::database;

/// How many connections are open at most; a further look is refused, and its caller reads another way.
const LOOKERS_MAX: usize = 4;

/// Connections that read and wait for no lock. Each is used by one thread at a time, and a further one is opened when all are in
/// use.
pub(super) struct Lookers {
    path: PathBuf,
    kept: Mutex<Kept>,
}

struct Kept {
    idle: Vec<Connection>,
    /// Those that are idle, and those that are used now.
    count: usize,
}

impl Lookers {
    /// Opens the first one.
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let kept = Kept { idle: vec![connect(path)?], count: 1 };
        Ok(Self { path: path.to_owned(), kept: Mutex::new(kept) })
    }

    /// Looks for something. None where that could not be done at once; the connection is not used again then.
    pub(super) fn look<T>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Option<T> {
        let looker = self.idle()?;
        let answer = question(&looker).ok();
        self.give_back(answer.is_some().then_some(looker));
        answer
    }

    fn idle(&self) -> Option<Connection> {
        {
            let mut kept = self.kept();
            if let Some(looker) = kept.idle.pop() {
                return Some(looker);
            }
            if kept.count >= LOOKERS_MAX {
                return None;
            }
            kept.count += 1;
        }
        let looker = connect(&self.path).ok();
        if looker.is_none() {
            self.give_back(None);
        }
        looker
    }

    fn give_back(&self, looker: Option<Connection>) {
        let mut kept = self.kept();
        match looker {
            Some(looker) => kept.idle.push(looker),
            None => kept.count = kept.count.saturating_sub(1),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = database::open(path)?;
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(connection: &Connection) -> rusqlite::Result<u32> {
        connection.query_row("SELECT 1", [], |row| row.get(0))
    }

    #[test]
    fn looks_at_the_same_moment_have_a_connection_each_up_to_the_most() {
        let dir = tempfile::tempdir().unwrap();
        let lookers = Lookers::open(&dir.path().join("a.db")).unwrap();
        let deep = lookers.look(|_| {
            let third = |_: &Connection| Ok(lookers.look(|_| Ok(lookers.look(|_| Ok(lookers.look(one))))));
            Ok((lookers.look(one), lookers.look(third)))
        });
        let (second, third) = deep.unwrap();
        assert_eq!(second, Some(1));
        assert_eq!(third, Some(Some(Some(None))), "the fifth finds none");
        assert_eq!(lookers.kept().idle.len(), LOOKERS_MAX);
    }

    #[test]
    fn a_connection_that_failed_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let lookers = Lookers::open(&dir.path().join("a.db")).unwrap();
        assert_eq!(lookers.look(|connection| connection.execute_batch("no statement")), None);
        assert_eq!(lookers.kept().count, 0);
        assert_eq!(lookers.look(one), Some(1));
    }
}
