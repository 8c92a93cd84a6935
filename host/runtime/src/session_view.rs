//! The sessions of code that the journal has, as they are shown.

use serde::Serialize;
use stockade_journal::index;
use stockade_workflow::RunId;

use crate::cells::{self, CellRef, SPACE};
use crate::{Host, Result};

/// A piece of code of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionCell {
    /// Its number in the session, from 0.
    pub number: u64,
    /// The run that it is of.
    pub run_id: RunId,
    /// The key of the effect that ran it.
    pub key: String,
}

impl Host {
    /// Returns the names of the sessions of code behind one, in the order of their bytes, and no more than `limit`.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn sessions(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        let (mut names, mut after) = (Vec::new(), after.map(behind));
        while names.len() < limit {
            // Of each session, only the first cell that is found is read.
            let rows = self.services.journal.find(SPACE, "", after.as_deref(), 1).await?;
            let Some(row) = rows.first() else { break };
            let name = index::parts(&row.key).into_iter().next().unwrap_or_default();
            after = Some(behind(&name));
            names.push(name);
        }
        Ok(names)
    }

    /// Returns the pieces of code of a session, in their order: those behind a number, and no more than `limit`.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`](crate::Kind::NotFound) with detail `session` where there is no such session; a journal that fails.
    pub async fn session(&self, name: &str, after: Option<u64>, limit: usize) -> Result<Vec<SessionCell>> {
        let journal = &self.services.journal;
        let prefix = cells::prefix(name);
        let key = after.map(|after| cells::key(name, after));
        let rows = journal.find(SPACE, &prefix, key.as_deref(), limit).await?;
        if rows.is_empty() && journal.find(SPACE, &prefix, None, 1).await?.is_empty() {
            return Err(cells::missing(name));
        }
        rows.into_iter()
            .map(|row| {
                let number = index::parts(&row.key).pop().and_then(|number| number.parse().ok()).unwrap_or_default();
                CellRef::read(row).map(|CellRef { run: run_id, key }| SessionCell { number, run_id, key })
            })
            .collect()
    }
}

/// A key behind those of all cells of a session, and before those of any session behind it.
fn behind(session: &str) -> String {
    format!("{}~", cells::prefix(session))
}

#[cfg(test)]
mod tests {
    use stockade_journal::{Commit, MemoryJournal};
    use stockade_workflow::Kind;

    use super::*;

    #[tokio::test]
    async fn sessions_are_listed_once_each_whatever_their_names_are() {
        let folder = tempfile::tempdir().unwrap();
        let journal = MemoryJournal::new(crate::Clock::default());
        let host = Host::builder().with_journal(journal).scratch(folder.path()).build().await.unwrap();
        let run = RunId::from_bytes([7; 16]);
        for name in ["a", "a/b", "ab", "\u{e4}"] {
            let cells = (0..12).map(|number| CellRef { run, key: "code".to_owned() }.added(name, number));
            host.services.journal.commit(&Commit::of_index(cells.collect())).await.unwrap();
        }
        let all = host.sessions(None, 9).await.unwrap();
        let mut sorted = all.clone();
        sorted.sort();
        assert_eq!(sorted, ["a", "a/b", "ab", "\u{e4}"]);
        let (first, rest) = all.split_at(2);
        assert_eq!(host.sessions(None, 2).await.unwrap(), first);
        assert_eq!(host.sessions(first.last().map(String::as_str), 9).await.unwrap(), rest);
        let cells = host.session("a/b", Some(9), 9).await.unwrap();
        assert_eq!(cells.iter().map(|cell| cell.number).collect::<Vec<_>>(), [10, 11]);
        assert_eq!(host.session("a", Some(11), 9).await.unwrap(), []);
        assert_eq!(host.session("b", None, 9).await.unwrap_err().kind, Kind::NotFound);
    }
}
