//! The starting of runs, once for each key under which one is started.

use serde_json::Value;
use stockade_journal::{Beside, Row, RowChange};
use stockade_workflow::{Budget, Code, Exec, Fault, Kind, Origin, RunState};

use tokio::sync::OwnedSemaphorePermit;

use crate::executor::Driver;
use crate::forking::{FORK, FORK_AFTER};
use crate::queue::check_queue_of;
use crate::shares::Shares;
use crate::{Host, NewRun, Result, Run, RunHandle, Started, cells};

/// How many letters of an input an error shows.
const INPUT_LETTERS_SHOWN: usize = 160;

/// The space of the keys under which runs were started.
const SPACE: &str = "start_key";

/// How many runs of one principal are begun at the same time. Each waits for the disk once, and those that wait together share
/// that.
const STARTS_EACH: u32 = 8;

/// Returns the turns of principals that begin runs.
pub(crate) fn turns() -> Shares {
    Shares::new(STARTS_EACH).beside_others(1)
}

/// What is done with a run that begins.
#[derive(Clone, Copy)]
enum Then {
    Drive,
    Leave,
}

/// A run that is in the journal.
enum Begun {
    New(Box<Driver>),
    Before(RunHandle),
}

impl Host {
    /// Starts a run; when this returns, it is in the journal and in flight.
    ///
    /// # Errors
    ///
    /// An unknown workflow, an input that does not fit it, a journal that fails. No run exists then.
    pub async fn start(&self, workflow: &str, input: Value, budget: Budget) -> Result<Run> {
        let mut driver = self.create(&NewRun::new(workflow, input).budget(budget), &[])?;
        driver.commit_planned().await?;
        Ok(Run::spawn(driver))
    }

    /// Starts a run unless one was started under its key before, by whichever process; returns the one that there is.
    /// So a request that comes twice starts one run.
    ///
    /// # Errors
    ///
    /// As [`Host::start_run`].
    pub async fn start_once(&self, key: &str, workflow: &str, input: Value, budget: Budget) -> Result<RunHandle> {
        let started = self.start_run(NewRun::new(workflow, input).budget(budget).key(key)).await?;
        Ok(self.run(started.id()))
    }

    /// Starts a run, with a key and labels where it has some. One that was started under its key before is not started again:
    /// it is returned, as it is.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] with detail `start_key` where the run under this key is of another workflow, had another input,
    /// or is a fork of another run or entry; which one is told to the principal alone that has started it. Kind
    /// [`Kind::Invalid`] where the key or a label is not valid, and with detail `budget` where a shared budget is by what the
    /// run does not say; else as [`Host::start`].
    pub async fn start_run(&self, new: NewRun) -> Result<Started> {
        Ok(match self.begin(&new, Then::Drive).await? {
            Begun::New(driver) => {
                let begun = Box::new(driver.state().clone());
                Started::New { run: Run::spawn(*driver), begun }
            }
            Begun::Before(run) => Started::Before(run),
        })
    }

    /// Starts a run as [`Host::start_run`] does, and drives it nowhere: it is in the journal when this returns, and goes on where a
    /// [`Worker`](crate::Worker), or [`Host::resume`], takes it up.
    ///
    /// # Errors
    ///
    /// As [`Host::start_run`].
    pub async fn start_detached(&self, new: NewRun) -> Result<RunHandle> {
        Ok(match self.begin(&new, Then::Leave).await? {
            Begun::New(driver) => self.run(driver.state().run()),
            Begun::Before(run) => run,
        })
    }

    async fn begin(&self, new: &NewRun, then: Then) -> Result<Begun> {
        new.origin.check()?;
        check_queue_of(&new.origin)?;
        let _turn = self.turn(&new.origin).await;
        if let Some(run) = self.started(new).await? {
            return Ok(Begun::Before(run));
        }
        let session = session_of(new);
        let session = session.as_deref().map(|key| Beside::Row { space: cells::SPACE, key });
        let start_key = new.origin.start_key.as_deref().map(|key| Beside::Row { space: SPACE, key });
        let beside: Vec<_> = session.into_iter().chain(start_key).collect();
        let mut driver = self.create(new, &beside)?;
        if let Some(key) = &new.origin.start_key {
            let run = driver.state().run();
            driver.index(RowChange::Add(Row::new(SPACE, key, "").of(run)));
        }
        let committed = match then {
            Then::Drive => driver.commit_planned().await,
            Then::Leave => driver.leave().await,
        };
        match committed {
            Ok(()) => Ok(Begun::New(Box::new(driver))),
            // Of two that start at once under one key, the journal takes one.
            Err(refused) if refused.detail.as_deref() == Some(SPACE) => {
                self.started(new).await?.map(Begun::Before).ok_or(refused)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Waits until few enough runs of a principal are being begun. A run that is started without a principal waits for none.
    async fn turn(&self, origin: &Origin) -> Option<OwnedSemaphorePermit> {
        let principal = origin.by.as_deref()?;
        self.services.starts.enter(principal).await
    }

    /// Returns the start of a run of its own for a piece of code, which may be given a key and labels.
    ///
    /// # Errors
    ///
    /// There is no such language or tool, or no session can have such a name.
    pub fn code_run(&self, code: Code) -> Result<NewRun> {
        self.check_language(&code.language)?;
        code.session.as_deref().map_or(Ok(()), cells::check_name)?;
        code.tools.iter().try_for_each(|tool| self.tool(tool).map(drop))?;
        let input = serde_json::to_value(code).map_err(|error| Fault::invalid("code", error.to_string()))?;
        Ok(NewRun::new(Exec::NAME, input))
    }

    /// Makes a run that is not in the journal yet, and whose commits may write these.
    pub(crate) fn create(&self, new: &NewRun, beside: &[Beside<'_>]) -> Result<Driver> {
        Driver::of(&self.services, new, beside)
    }

    /// Returns the run that was started under the key of a new one, if there is one.
    async fn started(&self, new: &NewRun) -> Result<Option<RunHandle>> {
        let Some(key) = &new.origin.start_key else { return Ok(None) };
        let row = self.services.journal.row(SPACE, key).await?;
        let Some(run) = row.and_then(|row| row.tie.run()) else { return Ok(None) };
        let state = self.state(run).await?;
        let is_same_fork =
            [FORK, FORK_AFTER].into_iter().all(|name| label(state.origin(), name) == label(&new.origin, name));
        if state.workflow() == new.workflow && *state.input() == new.input && is_same_fork {
            return Ok(Some(self.run(run)));
        }
        Err(another(key, &state, new))
    }
}

fn label<'a>(origin: &'a Origin, name: &str) -> Option<&'a str> {
    origin.labels.get(name).map(String::as_str)
}

/// What the keys of the cells of a session begin with in which a run of code is, if it is in one.
fn session_of(new: &NewRun) -> Option<String> {
    let session = new.input.get("session").filter(|_| new.workflow == Exec::NAME)?;
    session.as_str().map(cells::prefix)
}

/// The refusal of a start under a key that a run of another workflow, or with another input, has. Keys can be guessed: a
/// principal that has not started that run is told neither which one it is nor its input.
fn another(key: &str, state: &RunState, new: &NewRun) -> Fault {
    if new.origin.by.is_some() && new.origin.by != state.origin().by {
        let message = format!("start key \"{key}\" is of a run that another principal has started; use another key");
        return Fault::new(Kind::Conflict, message).detail(SPACE);
    }
    let (before, now) = (state.input().text(), new.input.to_string());
    let (run, workflow) = (state.run(), state.workflow());
    let alike = before.chars().zip(now.chars()).take_while(|(one, other)| one == other).count();
    let message = format!(
        "start key \"{key}\" is of run {run}, which was started with workflow \"{workflow}\" and input {}; it cannot start \
         workflow \"{}\" with input {} as well; use another key",
        excerpt(before, alike),
        new.workflow,
        excerpt(&now, alike)
    );
    Fault::new(Kind::Conflict, message).detail(SPACE)
}

/// Returns the part of a text in which it differs from another one that begins with as many of its letters.
fn excerpt(text: &str, alike: usize) -> String {
    let (letters, from) = (text.chars().count(), alike.saturating_sub(INPUT_LETTERS_SHOWN / 2));
    let from = if letters > INPUT_LETTERS_SHOWN { from } else { 0 };
    let shown: String = text.chars().skip(from).take(INPUT_LETTERS_SHOWN).collect();
    let (before, behind) = (from > 0, from + INPUT_LETTERS_SHOWN < letters);
    format!("{}{shown}{}", if before { "…" } else { "" }, if behind { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use serde_json::json;
    use stockade_journal::MemoryJournal;

    use super::*;
    use crate::Clock;

    #[tokio::test]
    async fn runs_that_a_principal_begins_beyond_its_share_wait_and_hold_up_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let journal = MemoryJournal::new(Clock::default());
        let host = Host::builder().with_journal(journal).scratch(folder.path()).concurrency(3).build().await.unwrap();
        let new = || NewRun::new("agent", json!({}));
        let share = || host.services.starts.enter("flood").now_or_never().unwrap();
        let held: Vec<_> = (0..STARTS_EACH).map(|_| share()).collect();
        let mut flood = Box::pin(host.start_detached(new().by("flood")));
        assert!(flood.as_mut().now_or_never().is_none());
        for other in [new().by("shop"), new()] {
            assert!(host.start_detached(other).now_or_never().is_some(), "the journal keeps no start waiting");
        }
        assert!(flood.as_mut().now_or_never().is_none());
        drop(held);
        assert!(flood.now_or_never().is_some());
    }

    #[test]
    fn an_excerpt_has_what_differs() {
        assert_eq!(excerpt("{\"a\":1}", 5), "{\"a\":1}");
        let (one, other) = (format!("{}1{}", "x".repeat(300), "y".repeat(300)), format!("{}2", "x".repeat(300)));
        let (one, other) = (excerpt(&one, 300), excerpt(&other, 300));
        assert!(one.starts_with("…x") && one.contains("x1y") && one.ends_with("y…"), "{one}");
        assert!(other.starts_with("…x") && other.ends_with("x2"), "{other}");
    }
}
