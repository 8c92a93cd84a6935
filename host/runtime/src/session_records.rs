//! What the journal has of a session of code, and the removal of a session.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use stockade_journal::Commit;
use stockade_workflow::{Code, CodeOutcome, Exec, Fault, Kind, RunId};

use crate::cells::{self, CellRef};
use crate::code::Record;
use crate::exec_report::CalledByCode;
use crate::{Host, Result, SessionCell};

/// How often a removal begins again because another host has added code meanwhile.
const TRIES_MAX: u32 = 8;

/// A piece of code of a session, with what it was given, what it called and how it ended.
#[derive(Clone, Debug, Serialize)]
pub struct SessionRecord {
    /// Its place in the session.
    #[serde(flatten)]
    pub cell: SessionCell,
    /// The code.
    pub code: Code,
    /// The calls that it made.
    pub tool_calls: Vec<CalledByCode>,
    /// How it ended.
    pub outcome: CodeOutcome,
}

/// What became of a session that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemovedSession {
    /// Its name.
    pub session: String,
    /// How many pieces of code it had.
    pub cells: usize,
    /// The runs that are gone with it.
    pub removed: Vec<RunId>,
    /// The runs that are kept: another session needs them, they have not ended, or they did more than run this code.
    pub kept: Vec<RunId>,
}

impl Host {
    /// Returns all that the journal has of a piece of code of a session.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where its run has no such code; a journal that fails.
    pub async fn session_record(&self, cell: SessionCell) -> Result<SessionRecord> {
        let at = CellRef { run: cell.run_id, key: cell.key.clone() };
        let Record { code, calls, outcome, .. } = Record::read(&self.services, &at).await?;
        Ok(SessionRecord { cell, code, tool_calls: calls.iter().map(CalledByCode::from).collect(), outcome })
    }

    /// Removes a session: its variables are gone, and its name is free, but for the labels of what its code had taken in, which
    /// code that uses the name again has too. The runs that did nothing but run its code are removed
    /// too, unless a session that began with its variables needs them. Code that runs in it meanwhile on this host is waited
    /// for; on another host it is not in the session when it ends.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where there is no such session, [`Kind::Invalid`] where no person is named,
    /// [`Kind::Conflict`] where code came into it meanwhile; a journal that fails.
    pub async fn remove_session(&self, session: &str, by: &str) -> Result<RemovedSession> {
        if by.trim().is_empty() {
            return Err(Fault::invalid("by", "the removal names no person or program; say who it is"));
        }
        let _turn = self.services.coding.sessions.turn(session, Duration::MAX).await?;
        let cells = self.remove_cells(session).await?;
        drop(self.services.coding.sessions.forget(session));
        let runs: BTreeSet<_> = cells.iter().map(|cell| cell.run).collect();
        let (mut removed, mut kept) = (Vec::new(), Vec::new());
        for run in runs {
            if self.remove_run_of_code(run, by).await? { removed.push(run) } else { kept.push(run) }
        }
        Ok(RemovedSession { session: session.to_owned(), cells: cells.len(), removed, kept })
    }

    /// Removes the cells of a session, and returns them. Marks of what they took in stay, as those of all stores do.
    async fn remove_cells(&self, session: &str) -> Result<Vec<CellRef>> {
        let journal = &*self.services.journal;
        let mut tries = 0_u32;
        loop {
            let cells = cells::of(journal, session).await?;
            let last = cells.last().ok_or_else(|| cells::missing(session))?;
            // Refused where another host has added a cell meanwhile, which would stay behind without those before it.
            let is_last = last.added(session, cells.len());
            let changes = std::iter::once(is_last).chain(cells::removed(session, cells.len() + 1));
            match journal.commit(&Commit::of_index(changes.collect())).await {
                Ok(()) => return Ok(cells),
                Err(refused) if cells::is_overtaken(&refused) && tries < TRIES_MAX => tries += 1,
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Removes a run of one piece of code that has ended; returns whether it is gone.
    async fn remove_run_of_code(&self, run: RunId, by: &str) -> Result<bool> {
        let state = match self.state(run).await {
            // Another process was faster.
            Err(fault) if fault.kind == Kind::NotFound => return Ok(true),
            state => state?,
        };
        if state.workflow() != Exec::NAME || state.end().is_none() {
            return Ok(false);
        }
        match self.remove(run, by, false).await {
            Ok(()) => Ok(true),
            Err(fault) if fault.kind == Kind::Conflict => Ok(false),
            Err(fault) => Err(fault),
        }
    }
}
