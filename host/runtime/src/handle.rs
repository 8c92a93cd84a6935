//! One run by its id, in whichever process it is driven.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream;
use stockade_workflow::{Change, Entry, Fault, Hint, Kind, RunId, RunState, Status, Stop, unknown_run};

use crate::orders::{Aim, Order};
use crate::{Host, NewSignal, Outcome, Result};

/// How much of the journal a follower reads at once, in bytes: so much is kept of each that is slow.
const FOLLOWED_BYTES: usize = 64 << 10;

/// A run by its id, in whichever process it is driven. A cheap handle: clone it.
#[derive(Clone)]
pub struct RunHandle {
    host: Host,
    id: RunId,
}

/// Where a follower of a run stands.
struct Following {
    handle: RunHandle,
    /// The number of the last entry that the follower has.
    after: u64,
    /// The number of the last entry that was read here. The first one is read too, for it tells whether there is a run.
    read: u64,
    unread: VecDeque<Entry>,
    has_ended: bool,
}

impl RunHandle {
    pub(crate) fn new(host: Host, id: RunId) -> Self {
        Self { host, id }
    }

    /// Returns the run's id.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Returns the run as it stands in the journal.
    ///
    /// # Errors
    ///
    /// An unknown run, a journal that fails.
    pub async fn state(&self) -> Result<RunState> {
        self.host.state(self.id).await
    }

    /// Follows the run: the entries after number `after` (0 for all) as they are committed, until the run has ended.
    ///
    /// A follower that was cut off goes on after the last entry that it has, and misses none.
    ///
    /// ```no_run
    /// # async fn example(host: &stockade::Host, run: stockade::RunId) -> stockade::Result<()> {
    /// use futures_util::TryStreamExt as _;
    ///
    /// let mut events = std::pin::pin!(host.run(run).events(0));
    /// while let Some(entry) = events.try_next().await? {
    ///     println!("{}: {:?}", entry.seq, entry.change);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The stream ends with an unknown run, or a journal that fails.
    pub fn events(&self, after: u64) -> impl Stream<Item = Result<Entry>> + Send + 'static + use<> {
        let handle = self.clone();
        let following = Following { handle, after, read: 0, unread: VecDeque::new(), has_ended: false };
        stream::unfold(Some(following), |following| async {
            match following?.next().await {
                Ok((entry, following)) => Some((Ok(entry?), Some(following))),
                Err(fault) => Some((Err(fault), None)),
            }
        })
    }

    /// Waits until the run has ended, waits for a person, a time, a signal or other runs, or is
    /// suspended.
    ///
    /// # Errors
    ///
    /// An unknown run, a journal that fails. Kind [`Kind::Conflict`] with detail `interrupted` where no process that lives
    /// drives the run: [`Host::resume`] goes on with it.
    pub async fn settled(&self) -> Result<Outcome> {
        Outcome::of(&self.settled_state().await?)
    }

    /// Waits as [`RunHandle::settled`] does, and returns the run as it then stands.
    ///
    /// # Errors
    ///
    /// As [`RunHandle::settled`].
    pub async fn settled_state(&self) -> Result<RunState> {
        let mut state = self.state().await?;
        loop {
            let next = self.host.next_change(self.id);
            self.host.catch_up(&mut state).await?;
            match self.host.status(&mut state).await? {
                Status::Running => next.wait().await,
                Status::Interrupted => return Err(interrupted(self.id)),
                Status::Waiting
                | Status::Suspended
                | Status::Paused
                | Status::Done
                | Status::Failed
                | Status::Stopped => return Ok(state),
            }
        }
    }

    /// Ends the run, whatever it is doing and whichever process drives it: it is [stopped](Status::Stopped).
    ///
    /// Calls, questions and code that are in flight have the time `grace` to end by themselves; then they are ended, nested
    /// workflows with them. A call that may have changed something is [unknown](RunState::unknown_calls) then; a question is
    /// paid. When this returns, the run has ended; those that it has started are [stopped beside this](crate::OnClose).
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`]: with detail `ended` where the run has ended otherwise, perhaps by another person's stop, which
    /// the message says; with detail `busy` where the process that drives it does not answer: then the order stays, and is
    /// obeyed by the next driver. An unknown run, a journal that fails.
    pub async fn stop(&self, stop: Stop, grace: Duration) -> Result<()> {
        self.host.order(self.id, &Order::new(Aim::Stop, stop, grace)?).await
    }

    /// Lets the run begin nothing more, until [`Host::resume`] goes on with it: it is [paused](Status::Paused).
    ///
    /// What is in flight ends as under [`RunHandle::stop`]. What may be done again is done again when the run goes on; of a
    /// call that may have changed something, its workflow hears that the outcome is unknown. A paused run takes decisions
    /// and additions to its budget, and stays paused.
    ///
    /// # Errors
    ///
    /// As [`RunHandle::stop`]; kind [`Kind::Conflict`] with detail `paused` where another person has paused it.
    pub async fn pause(&self, stop: Stop, grace: Duration) -> Result<()> {
        self.host.order(self.id, &Order::new(Aim::Pause, stop, grace)?).await
    }

    /// Sends the run a signal, as [`Host::signal`] does.
    ///
    /// # Errors
    ///
    /// As [`Host::signal`].
    pub async fn signal(&self, signal: NewSignal) -> Result<()> {
        self.host.signal(self.id, signal).await.map(drop)
    }
}

impl Following {
    /// Returns the next entry, if there will be one.
    async fn next(mut self) -> Result<(Option<Entry>, Self)> {
        while self.unread.is_empty() && !self.has_ended {
            let next = self.handle.host.next_change(self.handle.id);
            self.read().await?;
            if self.unread.is_empty() && !self.has_ended {
                next.wait().await;
            }
        }
        Ok((self.unread.pop_front(), self))
    }

    /// Reads pages of the journal until one has an entry that is wanted.
    async fn read(&mut self) -> Result<()> {
        while self.unread.is_empty() {
            let entries = self.handle.host.page(self.handle.id, self.read, FOLLOWED_BYTES).await?;
            match entries.last() {
                None if self.read == 0 => return Err(unknown_run(self.handle.id)),
                None => return Ok(()),
                Some(last) => self.read = last.seq,
            }
            if entries.iter().any(|entry| may_end(&entry.change)) {
                // A run that has failed may undo what it has done before it ends.
                let state = self.handle.state().await?;
                self.has_ended = state.end().is_some() && state.seq() == self.read;
            }
            let after = self.after;
            self.unread.extend(entries.into_iter().filter(|entry| entry.seq > after));
        }
        Ok(())
    }
}

/// Whether a run may have ended with a change.
fn may_end(change: &Change) -> bool {
    match change {
        Change::Broken { .. } | Change::Stopped { .. } | Change::Expired { .. } | Change::Undone { .. } => true,
        Change::Stepped { end, .. } => end.is_some(),
        Change::Created { .. }
        | Change::Reserved { .. }
        | Change::Asked { .. }
        | Change::AskedInCode { .. }
        | Change::AnsweredInCode { .. }
        | Change::Renewed { .. }
        | Change::Overdue { .. }
        | Change::Voted { .. }
        | Change::Revoked { .. }
        | Change::Signalled { .. }
        | Change::ChildStarted { .. }
        | Change::ChildEnded { .. }
        | Change::Calling { .. }
        | Change::Retried { .. }
        | Change::Called { .. }
        | Change::Suspended { .. }
        | Change::Deferred { .. }
        | Change::Lost { .. }
        | Change::Doubted { .. }
        | Change::Later { .. }
        | Change::Settled { .. }
        | Change::Extended { .. }
        | Change::Paused { .. }
        | Change::Resumed => false,
    }
}

fn interrupted(run: RunId) -> Fault {
    let message = format!("run {run} was interrupted: no process drives it");
    Fault::new(Kind::Conflict, message).detail("interrupted").hint(Hint::ResumeRun(run))
}
