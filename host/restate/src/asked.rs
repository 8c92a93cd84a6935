//! What a run is asked or told, and how a host does it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use stockade::{
    ApprovalId, Budget, Decision, Digest, Ending, Fault, Host, Kind, NewRun, NewSignal, Result, RunId, Settlement,
    Started, Stop,
};

/// The start of a run.
#[derive(Deserialize, Serialize)]
pub(crate) struct Start {
    pub(crate) workflow: String,
    pub(crate) input: Value,
    #[serde(default)]
    budget: Budget,
    /// Within how many milliseconds it must end.
    #[serde(default)]
    deadline_ms: Option<u64>,
    /// Who starts it.
    #[serde(default)]
    by: Option<String>,
}

/// A person's decision, with the digest of what the person saw.
#[derive(Deserialize, Serialize)]
pub(crate) struct Decided {
    key: String,
    seen: Digest,
    #[serde(flatten)]
    decision: Decision,
}

/// A signal. One that is sent again under its key is the same.
#[derive(Deserialize, Serialize)]
pub(crate) struct Sent {
    name: String,
    #[serde(default)]
    payload: Value,
    key: String,
    #[serde(default)]
    by: Option<String>,
}

/// What is added to a budget: amounts by the names of their currencies.
#[derive(Deserialize, Serialize)]
pub(crate) struct More(BTreeMap<String, u64>);

/// What comes from Restate itself.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Happened {
    /// An effect has ended, that this entry is the intent of.
    Ended { intent: u64, ending: Box<Ending> },
    /// The time has come for which the run was armed.
    Due(u64),
}

/// What a handler does.
pub(crate) enum Asked {
    Start(Start),
    Happened(Happened),
    Decide(Decided),
    Signal(Sent),
    Settle(Settlement),
    Extend(More),
    Pause(Stop),
    Cancel(Stop),
    Resume,
}

impl Asked {
    /// Whether it comes from Restate and not from a client: then it is tried again until it is done.
    pub(crate) fn is_internal(&self) -> bool {
        matches!(self, Self::Happened(_))
    }

    /// Returns what comes from Restate itself as it may be sent again; none of what a client asks.
    ///
    /// # Errors
    ///
    /// It has no JSON.
    pub(crate) fn again(&self) -> Result<Option<Box<RawValue>>> {
        let Self::Happened(happened) = self else { return Ok(None) };
        let no_json = |error| Fault::new(Kind::HostBug, format!("an event has no JSON: {error}"));
        to_raw_value(happened).map(Some).map_err(no_json)
    }

    /// Does it, and goes on with the run until all is planned. Without it, the run goes on from where it was cut off.
    pub(crate) async fn done(asked: Option<Self>, host: Host, run: RunId) -> Result<()> {
        let going = match asked {
            None | Some(Self::Happened(Happened::Due(_))) => host.wake(run).await?,
            Some(Self::Start(start)) => match host.start_run(start.run(run)).await? {
                Started::New { run, .. } => Some(run),
                Started::Before(_) => None,
            },
            Some(Self::Happened(Happened::Ended { ending, .. })) => Some(host.happened(run, *ending).await?),
            Some(Self::Decide(Decided { key, seen, decision })) => {
                Some(host.decide(&ApprovalId { run, key }, &seen, decision).await?)
            }
            Some(Self::Signal(sent)) => host.signal(run, sent.signal()).await?,
            Some(Self::Settle(settlement)) => host.settle(run, settlement).await?,
            Some(Self::Extend(more)) => Some(host.extend(run, more.budget()?).await?),
            Some(Self::Resume) => Some(host.resume(run).await?),
            // What is in flight is not here, and gets no time to end.
            Some(Self::Pause(stop)) => host.run(run).pause(stop, Duration::ZERO).await.map(|()| None)?,
            Some(Self::Cancel(stop)) => host.run(run).stop(stop, Duration::ZERO).await.map(|()| None)?,
        };
        if let Some(going) = going {
            going.settled_state().await?;
        }
        // What a stopped run undoes is planned beside the answer.
        host.idle().await;
        Ok(())
    }
}

impl Start {
    fn run(self, id: RunId) -> NewRun {
        let new = NewRun::new(self.workflow, self.input).budget(self.budget).id(id);
        let new = self.by.into_iter().fold(new, NewRun::by);
        self.deadline_ms.into_iter().map(Duration::from_millis).fold(new, NewRun::deadline)
    }
}

impl More {
    fn budget(mut self) -> Result<Budget> {
        // Of a whole budget, it would have a default.
        self.0.entry("journal_bytes".to_owned()).or_insert(0);
        let read = serde_json::to_value(self).and_then(serde_json::from_value);
        read.map_err(|error| Fault::invalid("budget", format!("what is added is no budget: {error}")))
    }
}

impl Sent {
    fn signal(self) -> NewSignal {
        let signal = NewSignal::new(self.name, self.payload).key(self.key);
        self.by.into_iter().fold(signal, NewSignal::by)
    }
}
