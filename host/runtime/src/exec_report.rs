//! A run of one piece of code, with what the code wrote and called.

use serde::Serialize;
use stockade_sandbox::Limits;
use stockade_workflow::{
    Budget, CodeCall, CodeCalls, CodeEnd, CodeOutcome, Currency, Exception, Exec, Fault, Json, RunState, ToolCall,
    ToolOutcome, Usage,
};

use crate::calls::CALLS_MAX;
use crate::{Host, Report, Result};

/// A run of one piece of code, with what the code wrote and called, as one document.
#[derive(Clone, Debug, Serialize)]
pub struct ExecReport {
    /// The run.
    #[serde(flatten)]
    pub report: Report,
    /// The exception that the code did not catch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
    /// The calls that it made.
    pub tool_calls: Vec<CalledByCode>,
    /// The names of the files that it left in its private directory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// A call that code made.
#[derive(Clone, Debug, Serialize)]
pub struct CalledByCode {
    /// The call.
    #[serde(flatten)]
    pub call: ToolCall,
    /// What it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
    /// What it used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

impl ExecReport {
    /// Puts together what is known of a run of code, with a report of it, and how its code has ended, if it has.
    pub fn new(report: Report, outcome: Option<&CodeOutcome>, calls: &CodeCalls) -> Self {
        let exception = outcome.and_then(|outcome| match &outcome.ended {
            CodeEnd::Raised(exception) => Some(exception.clone()),
            CodeEnd::Returned(_) | CodeEnd::Failed(_) | CodeEnd::Unknown(_) => None,
        });
        Self {
            report,
            exception,
            stdout: outcome.map(|outcome| outcome.stdout.clone()).unwrap_or_default(),
            stderr: outcome.map(|outcome| outcome.stderr.clone()).unwrap_or_default(),
            tool_calls: calls.iter().map(CalledByCode::from).collect(),
            files: outcome.iter().flat_map(|outcome| outcome.files.keys().cloned()).collect(),
        }
    }
}

impl From<&CodeCall> for CalledByCode {
    fn from(CodeCall { call, ended, .. }: &CodeCall) -> Self {
        let (output, error) = match ended.as_ref().map(|(outcome, _)| outcome) {
            Some(ToolOutcome::Returned(value)) => (Some(value.clone()), None),
            Some(ToolOutcome::Failed(fault) | ToolOutcome::Unknown(fault)) => (None, Some(fault.clone())),
            None => (None, None),
        };
        Self { call: call.clone(), output, error, usage: ended.as_ref().map(|(_, used)| *used) }
    }
}

impl Host {
    /// Returns all about a run of one piece of code in this state, which [`Host::exec`] has started.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn exec_report(&self, mut state: RunState) -> Result<ExecReport> {
        let status = self.status(&mut state).await?;
        let outcome = self.code_outcome(state.run(), Exec::KEY).await?;
        let report = Report { status, ..Report::from(&state) };
        Ok(ExecReport::new(report, outcome.as_ref(), state.calls(Exec::KEY)))
    }

    /// Returns the limits of code on this host.
    pub fn code_limits(&self) -> &Limits {
        &self.services.coding.limits
    }
}

/// Returns the budget of a run of one piece of code that may use up these limits.
pub fn exec_budget(limits: &Limits) -> Budget {
    Budget::default()
        .fuel(limits.fuel)
        .with(Currency::Memory, limits.memory_bytes)
        .with(Currency::Wall, limits.wall_us)
        .with(Currency::ToolCalls, CALLS_MAX)
}
