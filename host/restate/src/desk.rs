//! What a handler does between two entries of Restate's log: a host plans, up to a call of agent-written code or the end.

use serde::{Deserialize, Serialize};
use stockade::{Clock, Fault, Host, Kind, Result, RunId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::asked::Asked;
use crate::kept::{Changed, Kept};
use crate::planned::Planned;
use crate::relay::{Handed, Relay, Unwritten};
use crate::row::KeptRow;

/// What a handler hears of its desk.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Turn {
    /// Commits, which are durable once the handler asks for the next turn.
    Changed(Changed),
    /// The last commits: all is planned; or the host has refused what it was asked, for this reason.
    Settled(Changed, Planned, Option<Fault>),
}

/// A host that plans for one run. It is gone with the attempt of the handler: the next one begins another from what is durable.
pub(crate) struct Desk {
    // Closed before the commit in `durable` is given up.
    handed: mpsc::Receiver<Handed>,
    durable: Option<oneshot::Sender<()>>,
    unwritten: Unwritten,
    acting: JoinHandle<Result<()>>,
    /// When it began to plan: what falls due later, it may not have seen as due.
    pub(crate) begun_ms: u64,
}

/// Where a desk begins.
pub(crate) struct Opening {
    pub(crate) host: Host,
    pub(crate) run: RunId,
    pub(crate) shared: Vec<KeptRow>,
    /// Absent where it is done already, by what is durable.
    pub(crate) asked: Option<Asked>,
}

impl Desk {
    pub(crate) async fn open(opening: Opening, kept: &Kept) -> Result<Self> {
        let Opening { host, run, shared, asked } = opening;
        let (relay, unwritten, handed) = Relay::new(kept.journal(run, &shared).await?);
        let begun_ms = Clock::default().now_ms();
        let acting = tokio::spawn(Asked::done(asked, host.planning(relay)?, run));
        Ok(Self { handed, durable: None, unwritten, acting, begun_ms })
    }

    /// Says that the last commits are durable, and returns the next ones, up to a call of code; none once all is planned.
    ///
    /// # Errors
    ///
    /// What it was asked is refused, or the journal was cut off.
    pub(crate) async fn next(&mut self) -> Result<Option<Changed>> {
        if let Some(durable) = self.durable.take() {
            // A host that has given up says why when it ends.
            let _ = durable.send(());
        }
        tokio::select! {
            biased;
            Some(Handed { changed, durable }) = self.handed.recv() => {
                self.durable = Some(durable);
                Ok(Some(changed))
            }
            ended = &mut self.acting => {
                let panicked = |error: tokio::task::JoinError| Err(Fault::new(Kind::HostBug, error.to_string()));
                ended.unwrap_or_else(panicked).map(|()| None)
            }
        }
    }

    /// Returns the last commits, once all is planned.
    pub(crate) fn last(&self) -> Changed {
        self.unwritten.take()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.acting.abort();
    }
}
