//! What all runs of a host share.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use stockade_patterns::Children;
use stockade_sandbox::{Call, Engine, Limits, Place};
use stockade_workflow::{Fault, Kind, Machine, Usage};
use tokio::time::{Instant, timeout};

use crate::bookmarks::Bookmarks;
use crate::breakers::{Breakers, Of};
use crate::callable::Outcome;
use crate::coding::Coding;
use crate::driving::Driving;
use crate::hooks::Hooks;
use crate::meters::Meters;
use crate::notice::Notified;
use crate::oci::Store;
use crate::outputs::Outputs;
use crate::planned::Planned;
use crate::recollection::Recollection;
use crate::registry::Registry;
use crate::shared_budgets::SharedBudgets;
use crate::shares::Shares;
use crate::skills::Skills;
use crate::turns::Turns;
use crate::uploads::Uploads;
use crate::{Clock, Registered, Result, config};
use stockade_journal::Journal;
use stockade_models::Models;
use tokio::runtime::Handle;

/// What all runs of a host share.
pub(crate) struct Services {
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) driving: Arc<Driving>,
    /// Whether the drivers of runs perform effects. Where they do not, [others](crate::Host::planning) do.
    pub(crate) performs: bool,
    pub(crate) common: Arc<Common>,
}

/// What does not depend on where the runs are kept.
pub(crate) struct Common {
    pub(crate) registry: Registry,
    pub(crate) limits: Limits,
    pub(crate) coding: Coding,
    pub(crate) outputs: Outputs,
    pub(crate) clock: Clock,
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) models: Models,
    pub(crate) memory: Option<Recollection>,
    pub(crate) machines: Children,
    pub(crate) schedules: BTreeMap<String, Planned>,
    pub(crate) budgets: SharedBudgets,
    pub(crate) notified: BTreeMap<String, Notified>,
    pub(crate) engine: Engine,
    pub(crate) breakers: Breakers,
    pub(crate) bookmarks: Bookmarks,
    /// Within what time each run must end that is started without a deadline of its own.
    pub(crate) deadline: Option<Duration>,
    pub(crate) turns: Arc<Turns>,
    /// Where runs are driven; without it, where they are begun.
    pub(crate) drivers: Option<Handle>,
    /// How many runs of one principal are begun at the same time.
    pub(crate) starts: Shares,
    pub(crate) uploads: Uploads,
    pub(crate) store: Store,
    /// Where the journal is.
    pub(crate) folder: PathBuf,
    /// The people who have each role.
    pub(crate) roles: BTreeMap<String, BTreeSet<String>>,
    pub(crate) skills: Skills,
}

impl Deref for Services {
    type Target = Common;

    fn deref(&self) -> &Common {
        &self.common
    }
}

impl Services {
    /// What a host has whose drivers perform what they plan.
    pub(crate) fn new(journal: Box<dyn Journal>, common: Common) -> Self {
        Self { journal, driving: Arc::default(), performs: true, common: Arc::new(common) }
    }

    /// Returns a workflow.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`], with the names that there are.
    pub(crate) fn machine(&self, name: &str) -> Result<Arc<Machine>> {
        self.machines.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = self.machines.keys().map(String::as_str).collect();
            let message = format!("there is no workflow \"{name}\"; registered are: {}", known.join(", "));
            Fault::new(Kind::NotFound, message).detail("workflow")
        })
    }

    pub(crate) fn recollection(&self) -> Result<&Recollection> {
        let none = || {
            let message = "this host has no long-term memory; `Builder::memory` says where it is kept";
            Fault::new(Kind::NotFound, message).detail("memory")
        };
        self.memory.as_ref().ok_or_else(none)
    }

    pub(crate) fn has_role(&self, person: &str, role: &str) -> bool {
        self.roles.get(role).is_some_and(|people| people.contains(person))
    }

    /// Calls a tool that answers by itself, unless its breaker is open, and notes there how that ended.
    ///
    /// # Errors
    ///
    /// The call is not made: as the tool says, or kind [`Kind::Unavailable`].
    pub(crate) async fn call(&self, tool: &Registered, call: Call<'_>, place: Option<&Place>) -> Result<Outcome> {
        let of = Of::Tool(tool.name());
        self.check_breaker(of).await?;
        let is_short = call.limits.wall_us < self.limits(tool.name()).wall_us;
        let outcome = self.answered(tool, call, place).await?;
        let failed = outcome.result.as_ref().err().filter(|fault| self.is_failure(tool.name(), fault));
        // Of a call that had less time than any may take, the tool is not to blame.
        if !(is_short && failed.is_some_and(|fault| fault.kind == Kind::Deadline)) {
            self.note(of, failed).await;
        }
        Ok(outcome)
    }

    /// Has a tool answer within the time that the call may take. A component ends by itself then. Of a tool of another kind,
    /// which may never answer, the call is stopped.
    async fn answered(&self, tool: &Registered, call: Call<'_>, place: Option<&Place>) -> Result<Outcome> {
        let (wall_us, begun) = (call.limits.wall_us, Instant::now());
        let answer = self.registry.answer(tool, call, place)?;
        if tool.component().is_some() {
            return Ok(answer.await);
        }
        let answered = timeout(Duration::from_micros(wall_us), answer).await;
        Ok(answered.unwrap_or_else(|_| unanswered(tool.name(), wall_us, begun.elapsed())))
    }

    /// Checks that a tool or a model is not left alone. A journal that fails says so when the run is committed.
    pub(crate) async fn check_breaker(&self, of: Of<'_>) -> Result<()> {
        match self.breakers.check(&*self.journal, &self.clock, of).await {
            Err(fault) if fault.kind == Kind::Unavailable => Err(fault),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Notes how a call or a question ended.
    pub(crate) async fn note(&self, of: Of<'_>, failed: Option<&Fault>) {
        // What cannot be noted now is noted the next time.
        let _ = self.breakers.note(&*self.journal, &self.clock, of, failed).await;
    }

    fn is_failure(&self, tool: &str, fault: &Fault) -> bool {
        let by_kind = || config::retried().contains(&fault.kind);
        self.registry.retry(tool).map_or_else(by_kind, |retry| retry.is_on(fault))
    }

    pub(crate) fn limits(&self, tool: &str) -> &Limits {
        self.registry.limits(tool).unwrap_or(&self.limits)
    }
}

/// How a call ends that was stopped because it took longer than it may.
fn unanswered(tool: &str, wall_us: u64, took: Duration) -> Outcome {
    let used_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let message = format!(
        "the deadline of {wall_us} µs has passed: tool \"{tool}\" had not answered; wall_us under [tool.{tool}.limits] \
         says how long a call may take"
    );
    let fault = Fault::limit(Kind::Deadline, "wall_us", wall_us, used_us, message).tool(tool);
    let usage = Usage::default().wall_us(used_us).tool_calls(1);
    Outcome::new(Err(fault), usage)
}
