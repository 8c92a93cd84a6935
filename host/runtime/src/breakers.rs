//! The circuit breakers of tools and models: who has failed too often is left alone for a while.
//!
//! A breaker is a row of the journal's index, so that all runs of all hosts of one journal share it, whichever process
//! drives them, and anyone can look at it. There is no row where the last call did not fail.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockade_journal::{Commit, Journal, Row, RowChange, index};
use stockade_workflow::{Fault, Kind, json, utc};

use crate::config::Breaker;
use crate::{Clock, Result};

/// The space of the breakers: the key is `tool/NAME` or `model/NAME`.
const SPACE: &str = "breaker";

/// How often a change is tried that another run was faster with.
const TRIES: u32 = 16;

/// Whose breaker it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Of<'a> {
    Tool(&'a str),
    Model(&'a str),
}

/// What is known of a breaker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// How many failures there were since the last call that did not fail.
    failures: u32,
    /// Until when it is open; absent where it never opened since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open_until_ms: Option<u64>,
    /// What the last failure was.
    why: String,
}

/// A breaker as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BreakerView {
    /// `tool NAME` or `model NAME`.
    pub of: String,
    /// Whether calls are refused now.
    pub is_open: bool,
    /// How many failures in a row there were.
    pub failures: u32,
    /// How many open it.
    pub failures_max: u32,
    /// Until when calls are refused, in milliseconds since the Unix epoch; then one is let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_until_ms: Option<u64>,
    /// What the last failure was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The breakers of a host, with what its configuration says of them.
#[derive(Default)]
pub(crate) struct Breakers {
    pub(crate) tools: BTreeMap<String, Breaker>,
    pub(crate) models: BTreeMap<String, Breaker>,
}

impl Breakers {
    fn get(&self, of: Of<'_>) -> Option<&Breaker> {
        match of {
            Of::Tool(name) => self.tools.get(name),
            Of::Model(name) => self.models.get(name),
        }
    }

    /// Checks that a call may be made now. After a rest, one is let through; the others wait for what becomes of it, or for
    /// another rest.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Unavailable`]: the breaker is open.
    pub(crate) async fn check(&self, journal: &dyn Journal, clock: &Clock, of: Of<'_>) -> Result<()> {
        let Some(breaker) = self.get(of) else { return Ok(()) };
        let Some(seen) = journal.row(SPACE, &of.key()).await? else { return Ok(()) };
        let record = read(&seen);
        let (now_ms, Some(open_until_ms)) = (clock.now_ms(), record.open_until_ms) else { return Ok(()) };
        if now_ms < open_until_ms {
            return Err(record.refusal(of, open_until_ms));
        }
        let next_ms = now_ms.saturating_add(breaker.rest_ms);
        let record = Record { open_until_ms: Some(next_ms), ..record };
        let trial = RowChange::Replace { seen, due_ms: None, value: record.written()? };
        match journal.commit(&Commit::of_index(vec![trial])).await {
            Err(refused) if refused.kind == Kind::Conflict => Err(record.refusal(of, next_ms)),
            tried => tried,
        }
    }

    /// Notes how a call has ended: with a failure that counts, or otherwise.
    pub(crate) async fn note(
        &self,
        journal: &dyn Journal,
        clock: &Clock,
        of: Of<'_>,
        failed: Option<&Fault>,
    ) -> Result<()> {
        let Some(breaker) = self.get(of) else { return Ok(()) };
        for _ in 0..TRIES {
            let Some(change) = change(journal.row(SPACE, &of.key()).await?, breaker, clock, of, failed)? else {
                return Ok(());
            };
            match journal.commit(&Commit::of_index(vec![change])).await {
                Err(refused) if refused.kind == Kind::Conflict => {}
                noted => return noted,
            }
        }
        Ok(())
    }

    /// Returns all breakers as they stand.
    pub(crate) async fn views(&self, journal: &dyn Journal, clock: &Clock) -> Result<Vec<BreakerView>> {
        let tools = self.tools.keys().map(|name| Of::Tool(name));
        let mut views = Vec::new();
        for of in tools.chain(self.models.keys().map(|name| Of::Model(name))) {
            let record = journal.row(SPACE, &of.key()).await?.map(|row| read(&row));
            let failures_max = self.get(of).map_or(0, |breaker| breaker.failures.get());
            views.push(view(of, record, failures_max, clock.now_ms()));
        }
        Ok(views)
    }
}

/// The change of the row of a breaker after a call, if there is one.
fn change(
    seen: Option<Row>,
    breaker: &Breaker,
    clock: &Clock,
    of: Of<'_>,
    failed: Option<&Fault>,
) -> Result<Option<RowChange>> {
    let Some(fault) = failed else {
        return Ok(seen.map(|_| RowChange::Remove { space: SPACE.to_owned(), key: of.key() }));
    };
    let before = seen.as_ref().map(read).unwrap_or_default();
    let failures = before.failures.saturating_add(1);
    let opens = failures >= breaker.failures.get();
    let open_until_ms = opens.then(|| clock.now_ms().saturating_add(breaker.rest_ms));
    let value = Record { failures, open_until_ms, why: fault.message.clone() }.written()?;
    Ok(Some(match seen {
        Some(seen) => RowChange::Replace { seen, due_ms: None, value },
        None => RowChange::Add(Row::new(SPACE, of.key(), value)),
    }))
}

fn view(of: Of<'_>, record: Option<Record>, failures_max: u32, now_ms: u64) -> BreakerView {
    let Record { failures, open_until_ms, why } = record.unwrap_or_default();
    let is_open = open_until_ms.is_some_and(|until_ms| now_ms < until_ms);
    let why = Some(why).filter(|why| !why.is_empty());
    BreakerView { of: of.to_string(), is_open, failures, failures_max, open_until_ms, why }
}

/// What no version of this code has written is a breaker of which nothing is known.
fn read(row: &Row) -> Record {
    let value = json::parse(&row.value, &json::Bounds::OUTSIDE).ok();
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

impl Record {
    fn written(&self) -> Result<String> {
        Row::text(self)
    }

    fn refusal(&self, of: Of<'_>, until_ms: u64) -> Fault {
        let message = format!(
            "{of} has failed {} times in a row and is left alone until {}; the last failure: {}",
            self.failures,
            utc(until_ms),
            self.why
        );
        Fault::new(Kind::Unavailable, message).detail("breaker")
    }
}

impl Of<'_> {
    fn key(self) -> String {
        match self {
            Self::Tool(name) => index::key(["tool", name]),
            Self::Model(name) => index::key(["model", name]),
        }
    }
}

impl std::fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tool(name) => write!(f, "tool \"{name}\""),
            Self::Model(name) => write!(f, "model \"{name}\""),
        }
    }
}
