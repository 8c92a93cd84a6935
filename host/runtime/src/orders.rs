//! What a person wants of a run whichever process drives it: that it stops, or pauses.
//!
//! An order is a row of the journal's index, which the driver of the run looks for at each commit and, while effects are in
//! flight, every second. A driver in the same process is told at once.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stockade_journal::{Commit, Journal, Row, RowChange};
use stockade_workflow::{Fault, Kind, RunId, RunState, Stop, json};
use tokio::time::Instant;

use crate::Result;

/// The space of the orders: the key is the run. One that no person waits for is due at once.
pub(crate) const SPACE: &str = "order";

/// The time that is given to what is in flight of a run that is stopped because the run no longer waits that has started it.
const CLOSE_GRACE: Duration = Duration::from_secs(5);

/// The longest time that what is in flight may be given: longer than any call takes.
const GRACE_MAX: Duration = Duration::from_hours(24);

/// What a person wants of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    aim: Aim,
    #[serde(flatten)]
    stop: Stop,
    grace_ms: u64,
}

/// What the run is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aim {
    Pause,
    Stop,
}

impl Order {
    /// Makes an order.
    ///
    /// # Errors
    ///
    /// It names no person or program.
    pub(crate) fn new(aim: Aim, stop: Stop, grace: Duration) -> Result<Self> {
        if stop.by.trim().is_empty() {
            return Err(Fault::invalid("by", format!("the {} names no person or program; say who it is", aim.noun())));
        }
        let grace_ms = u64::try_from(grace.min(GRACE_MAX).as_millis()).unwrap_or(u64::MAX);
        Ok(Self { aim, stop, grace_ms })
    }

    pub(crate) fn aim(&self) -> Aim {
        self.aim
    }

    /// Who gave it, and why.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// How long what is in flight may take.
    pub(crate) fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms).min(GRACE_MAX)
    }

    /// Returns whether a run stands as this order wants it, by this very order.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] where the run has ended, with detail `ended`, or another person has paused it, with detail
    /// `paused`.
    pub(crate) fn is_obeyed(&self, state: &RunState, is_given: bool) -> Result<bool> {
        let standing = match self.aim {
            Aim::Stop => state.stopped(),
            Aim::Pause => state.paused(),
        };
        match standing {
            Some(standing) if is_given && *standing == self.stop => Ok(true),
            _ if state.end().is_some() => Err(refused(state, "ended", self.aim)),
            Some(_) => Err(refused(state, "paused", self.aim)),
            None => Ok(false),
        }
    }

    /// An order to stop takes the place of one to pause, and of no other.
    pub(crate) fn outranks(&self, other: &Self) -> bool {
        self.aim > other.aim
    }
}

impl Aim {
    fn noun(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Pause => "pause",
        }
    }
}

fn refused(state: &RunState, detail: &str, aim: Aim) -> Fault {
    let stands = state.stopped().or(state.paused()).map(|stop| format!(" {stop}")).unwrap_or_default();
    let (run, status, noun) = (state.run(), state.status(), aim.noun());
    Fault::new(Kind::Conflict, format!("run {run} is {status}{stands}; there is nothing to {noun}")).detail(detail)
}

/// The fault where no driver of a run has heard an order.
pub(crate) fn unheard(run: RunId, order: &Order) -> Fault {
    let message = format!(
        "run {run} is driven by a process that does not answer; the {} is in the journal, and the next driver of the run \
         obeys it",
        order.aim.noun()
    );
    Fault::new(Kind::Conflict, message).detail("busy")
}

/// Leaves an order for the driver of a run. Where there is one already that it does not outrank, that one stays: what becomes
/// of the run is seen.
pub(crate) async fn give(journal: &dyn Journal, run: RunId, order: &Order) -> Result<()> {
    let value = Row::text(order)?;
    let key = run.to_string();
    let change = match journal.row(SPACE, &key).await? {
        None => RowChange::Add(Row::new(SPACE, key, value).of(run)),
        Some(seen) if read(&seen).is_none_or(|before| order.outranks(&before)) => {
            RowChange::Replace { seen, due_ms: None, value }
        }
        Some(_) => return Ok(()),
    };
    match journal.commit(&Commit::of_index(vec![change])).await {
        Err(refused) if refused.detail.as_deref() == Some(SPACE) => Ok(()),
        given => given,
    }
}

/// Orders that a run stops for which the run does not wait any more that has started it. It takes the place of any other order.
pub(crate) fn of_parent(parent: RunId, run: RunId, now_ms: u64) -> Result<RowChange> {
    let reason = "the run that has started it does not wait for it any more".to_owned();
    let order = Order::new(Aim::Stop, Stop::by(format!("run {parent}")).reason(Some(reason)), CLOSE_GRACE)?;
    Ok(RowChange::Put(Row::new(SPACE, run.to_string(), Row::text(&order)?).of(run).due(now_ms)))
}

/// Takes an order back, of a run that has ended meanwhile.
pub(crate) async fn take_back(journal: &dyn Journal, run: RunId) -> Result<()> {
    journal.commit(&Commit::of_index(vec![taken(run)])).await
}

/// Removes the order of a run, with the commit that obeys it.
pub(crate) fn taken(run: RunId) -> RowChange {
    RowChange::Remove { space: SPACE.to_owned(), key: run.to_string() }
}

/// Returns the order that was left for the driver of a run.
pub(crate) async fn left(journal: &dyn Journal, run: RunId) -> Result<Option<Order>> {
    Ok(journal.row(SPACE, &run.to_string()).await?.and_then(|row| read(&row)))
}

/// A row that no version of this code has written is not an order.
pub(crate) fn read(row: &Row) -> Option<Order> {
    let value = json::parse(&row.value, &json::Bounds::OUTSIDE).ok()?;
    serde_json::from_value(value).ok()
}

/// An order with the time at which what is in flight is ended.
pub(crate) struct Due {
    pub(crate) order: Order,
    until: Instant,
}

impl Due {
    pub(crate) fn new(order: Order) -> Self {
        let until = Instant::now() + order.grace();
        Self { order, until }
    }

    /// Returns when the grace is over.
    pub(crate) async fn passed(due: Option<&Self>) {
        match due {
            Some(due) => tokio::time::sleep_until(due.until).await,
            None => std::future::pending().await,
        }
    }
}
