//! What a run is asked or told, and how a host does it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use stockade::{Budget, Ending, Fault, Host, Kind, NewSignal, Result, RunId, Settlement, Started, Stop};

use crate::amounts::{Amounts, check_journal};
use crate::body::Body;
use crate::decided::Decided;
use crate::start::Start;

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
    Signal(NewSignal),
    Settle(Settlement),
    Extend(Budget),
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
            Some(Self::Decide(decided)) => {
                let (id, seen, decision) = decided.parts(run);
                Some(host.decide(&id, &seen, decision).await?)
            }
            Some(Self::Signal(signal)) => host.signal(run, signal).await?,
            Some(Self::Settle(settlement)) => host.settle(run, settlement).await?,
            Some(Self::Extend(more)) => Some(host.extend_if(run, more, check_journal).await?),
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

/// Takes a signal. One that is sent again under its key is the same.
pub(crate) fn signal(body: &mut Body) -> Result<NewSignal> {
    let (name, key): (String, String) = (body.take("name")?, body.take("key")?);
    let signal = NewSignal::new(name, body.maybe("payload")?.unwrap_or_default()).key(key);
    Ok(body.maybe_by()?.into_iter().fold(signal, NewSignal::by))
}

/// Takes what is added to a budget.
pub(crate) fn more(body: &mut Body) -> Result<Budget> {
    body.take::<Amounts>("add")?.onto(Budget::NONE)
}

/// Takes who stops or pauses a run, and why.
pub(crate) fn stop(body: &mut Body) -> Result<Stop> {
    Ok(Stop::by(body.by()?).reason(body.maybe("reason")?))
}
