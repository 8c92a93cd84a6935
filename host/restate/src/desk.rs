//! What a handler does between two entries of Restate's log: a host plans, and each of its commits is one.

use serde::{Deserialize, Serialize};
use stockade::{Clock, Fault, Host, Kind, Result, RunId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::asked::Asked;
use crate::kept::{Changed, Kept};
use crate::planned::Planned;
use crate::relay::{Handed, Relay};
use crate::row::KeptRow;

/// What a handler hears of its desk.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Turn {
    /// A commit, which is durable once the handler asks for the next turn.
    Changed(Changed),
    /// All is planned; or the host has refused what it was asked, for this reason.
    Settled(Planned, Option<Fault>),
}

/// A host that plans for one run. It is gone with the attempt of the handler: the next one begins another from what is durable.
pub(crate) struct Desk {
    // Closed before the commit in `durable` is given up.
    handed: mpsc::Receiver<Handed>,
    durable: Option<oneshot::Sender<()>>,
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
        let (relay, handed) = Relay::new(kept.journal(run, &shared).await?);
        let begun_ms = Clock::default().now_ms();
        let acting = tokio::spawn(Asked::done(asked, host.planning(relay)?, run));
        Ok(Self { handed, durable: None, acting, begun_ms })
    }

    /// Says that the last commit is durable, and returns the next one; none once all is planned.
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
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.acting.abort();
    }
}
