//! The starting of runs, once for each key under which one is started.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use stockade_journal::{Journal, Row, RowChange};
use stockade_workflow::{Budget, Change, Fault, Kind, RunId, check_depth};

use crate::executor::Driver;
use crate::{Host, Result, Run, RunHandle};

/// The longest input of a run, in bytes of JSON: it is journaled, and handed to the workflow at once.
const INPUT_BYTES_MAX: usize = 1 << 20;

/// The longest key under which a run is started, in bytes.
const START_KEY_BYTES_MAX: usize = 256;

/// The space of the keys under which runs were started.
const SPACE: &str = "start_key";

impl Host {
    /// Starts a run; when this returns, it is in the journal and in flight.
    ///
    /// # Errors
    ///
    /// An unknown workflow, an input that does not fit it, a journal that fails. No run exists then.
    pub async fn start(&self, workflow: &str, input: Value, budget: Budget) -> Result<Run> {
        let mut driver = self.create(workflow, input, budget, None)?;
        driver.commit_planned().await?;
        Ok(Run::spawn(driver))
    }

    /// Starts a run that must end within this time, by the host's clock; when the time is over, it has failed with kind
    /// [`Kind::Deadline`], whatever it was doing: also if it was waiting, suspended or paused. A host that has a deadline for all
    /// runs ([`Builder::deadline`](crate::Builder::deadline)) takes this one in its place.
    ///
    /// # Errors
    ///
    /// As [`Host::start`].
    pub async fn start_within(&self, workflow: &str, input: Value, budget: Budget, deadline: Duration) -> Result<Run> {
        let mut driver = self.create(workflow, input, budget, Some(deadline))?;
        driver.commit_planned().await?;
        Ok(Run::spawn(driver))
    }

    fn create(&self, workflow: &str, input: Value, budget: Budget, deadline: Option<Duration>) -> Result<Driver> {
        let machine = self.machine(workflow)?;
        check_input(&input)?;
        let (workflow, version) = (workflow.to_owned(), machine.version());
        let created = Change::Created { workflow, version, input: input.into(), budget };
        let mut driver = Driver::create(Arc::clone(&self.services), machine, created)?;
        if let Some(deadline) = deadline.or(self.services.deadline) {
            let ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
            driver.due(self.services.clock.now_ms().saturating_add(ms))?;
        }
        Ok(driver)
    }

    /// Starts a run unless one was started under this key before, by whichever process; returns the one that there is.
    /// So a request that comes twice starts one run.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] with detail `start_key` where the run under this key is of another workflow, or had another
    /// input; else as [`Host::start`].
    pub async fn start_once(&self, key: &str, workflow: &str, input: Value, budget: Budget) -> Result<RunHandle> {
        check_key(key)?;
        let journal = &*self.services.journal;
        if let Some(run) = started(journal, key).await? {
            return self.same(key, run, workflow, &input).await;
        }
        let mut driver = self.create(workflow, input.clone(), budget, None)?;
        let run = driver.state().run();
        driver.index(RowChange::Add(Row::new(SPACE, key, "").of(run)));
        match driver.commit_planned().await {
            Ok(()) => Ok(self.run(Run::spawn(driver).id())),
            Err(refused) if refused.detail.as_deref() == Some(SPACE) => {
                let run = started(journal, key).await?.ok_or(refused)?;
                self.same(key, run, workflow, &input).await
            }
            Err(fault) => Err(fault),
        }
    }

    async fn same(&self, key: &str, run: RunId, workflow: &str, input: &Value) -> Result<RunHandle> {
        let state = self.state(run).await?;
        if state.workflow() == workflow && state.input() == input {
            return Ok(self.run(run));
        }
        let message = format!(
            "run {run} of workflow \"{}\" was started under key \"{key}\", with another workflow or input; use another key",
            state.workflow()
        );
        Err(Fault::new(Kind::Conflict, message).detail(SPACE))
    }
}

/// Returns the run that was started under this key, if there is one.
async fn started(journal: &dyn Journal, key: &str) -> Result<Option<RunId>> {
    Ok(journal.row(SPACE, key).await?.and_then(|row| row.tie.run()))
}

fn check_key(key: &str) -> Result<()> {
    if key.is_empty() || key.len() > START_KEY_BYTES_MAX {
        let message = format!("a start key has 1 to {START_KEY_BYTES_MAX} bytes, and this one {}", key.len());
        return Err(Fault::invalid(SPACE, message));
    }
    Ok(())
}

fn check_input(input: &Value) -> Result<()> {
    let bytes = input.to_string().len();
    if bytes > INPUT_BYTES_MAX {
        let message = format!("the input is {bytes} bytes of JSON, and {INPUT_BYTES_MAX} are allowed");
        return Err(Fault::invalid("input", message));
    }
    check_depth(Kind::Invalid, "the input", input).map_err(|fault| fault.detail("input"))
}

#[cfg(test)]
mod tests {
    use stockade_workflow::DEPTH_MAX;

    use super::*;

    #[test]
    fn an_input_that_the_journal_could_not_read_back_is_refused() {
        let nested = |depth: usize| (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert!(check_input(&nested(DEPTH_MAX)).is_ok());
        let fault = check_input(&nested(DEPTH_MAX + 1)).unwrap_err();
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (Kind::Invalid, "the input nests 65 deep, and 64 are allowed")
        );
        let long = Value::String("x".repeat(INPUT_BYTES_MAX));
        assert!(check_input(&long).unwrap_err().message.starts_with("the input is 1048578 bytes"));
    }
}
