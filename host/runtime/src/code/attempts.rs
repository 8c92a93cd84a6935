//! The attempts at a call that code makes: one that failed in a way that may pass is made again while the code waits, as the
//! configuration of its tool says.

use std::time::{Duration, Instant};

use serde_json::Value;
use stockade_sandbox::{Call, Left, Limits, Outcome, Place};
use stockade_workflow::{Change, Currency, Fault, Kind, Shortfall, ToolCall, ToolOutcome, Usage, json};

use super::alone::called;
use crate::calls::{CALLS_MAX, is_answer, readable, seed, unknown};
use crate::config::DRIVEN_MS_MAX;
use crate::run_log::{INTENT_BYTES, RunLog};
use crate::services::Services;
use crate::{Registered, Result};

/// A call that code makes.
pub(super) struct CodeCalling<'a> {
    /// The effect that runs the code.
    pub(super) key: &'a str,
    /// Which of its calls this is.
    pub(super) number: usize,
    /// How many calls the code has made once this one is, with those that are made beside it.
    pub(super) until: usize,
    pub(super) call: ToolCall,
    /// What the code had left when it wanted the call.
    pub(super) left: Left,
    /// How many calls the code may make, attempts included.
    pub(super) tool_calls: u64,
    pub(super) place: &'a Place,
    pub(super) since: Instant,
}

/// An attempt that has ended.
pub(super) struct Attempt {
    pub(super) outcome: ToolOutcome,
    pub(super) used: Usage,
    /// Why it did not answer.
    fault: Option<Fault>,
    /// Whether it had less than a call of its tool may use.
    is_short: bool,
}

impl CodeCalling<'_> {
    /// Returns what the journal has of the call before it is made, if it may change something or is made beside such a call.
    pub(super) fn intent(&self) -> Change {
        Change::Calling { key: self.key.to_owned(), number: self.number, call: self.call.clone() }
    }

    /// Takes what the calls beside it have used from what is left for this call, of `used` by all of them `own` by itself, and
    /// returns that.
    pub(super) fn leave_to_others(&mut self, used: u64, own: u64) -> u64 {
        let others = used.saturating_sub(own);
        self.left.fuel = self.left.fuel.saturating_sub(others);
        others
    }

    /// Returns how the call ended where an attempt before may have happened.
    pub(super) fn in_doubt(&self, outcome: ToolOutcome) -> ToolOutcome {
        match outcome {
            ToolOutcome::Failed(fault) if fault.kind != Kind::GuestError => {
                ToolOutcome::Unknown(unknown(self.key, &self.call, &fault.message))
            }
            outcome => outcome,
        }
    }

    /// Makes the call once, under this name.
    pub(super) async fn made(&self, host: &Services, tool: &Registered, id: &str, spent: &Usage) -> Attempt {
        let own = if tool.is_code() { &host.coding.limits } else { host.limits(&self.call.tool) };
        let limits = self.limits(own, spent);
        let is_short = limits != *own;
        let (result, used) = match self.answered(host, tool, id, limits).await {
            Ok(Outcome { result, usage, .. }) => (result.and_then(readable), usage),
            Err(fault) => {
                let (outcome, fault) = (ToolOutcome::Failed(fault.clone()), Some(fault));
                return Attempt { outcome, used: Usage::default(), fault, is_short: false };
            }
        };
        let fault = result.as_ref().err().cloned();
        Attempt { outcome: ended(self.key, &self.call, tool, result), used, fault, is_short }
    }

    /// Calls the tool, or runs the code that it was made of.
    async fn answered(&self, host: &Services, tool: &Registered, id: &str, limits: Limits) -> Result<Outcome> {
        if tool.is_code() {
            let none = || Fault::new(Kind::HostBug, "a tool of code has no code");
            let code = host.registry.code(&self.call)?.ok_or_else(none)?;
            return Ok(called(host, &code, &limits, id).await);
        }
        let (function, arguments) = (&*self.call.function, &self.call.arguments.value());
        let made = Call { function, arguments, idempotency_key: id, seed: seed(id), limits };
        host.call(tool, made, Some(self.place)).await
    }

    /// Narrows the limits of the tool to what the code has left after the attempts before.
    fn limits(&self, own: &Limits, spent: &Usage) -> Limits {
        let fuel = self.left.fuel.saturating_sub(spent.fuel);
        let wall_us = self.left.wall_us.saturating_sub(micros(self.since.elapsed()));
        Left { fuel, wall_us, ..self.left }.of(own)
    }
}

impl Attempt {
    /// Returns how the call ended where it is not known whether an attempt before this one has happened: only the tool itself can
    /// say.
    pub(super) fn after_doubt(self, calling: &CodeCalling<'_>) -> Self {
        Self { outcome: calling.in_doubt(self.outcome), ..self }
    }

    /// Returns why the attempt ended where that is what the code had left, and not a limit of the tool.
    pub(super) fn cut(&self) -> Option<&Fault> {
        let at_limit = |fault: &&Fault| matches!(fault.kind, Kind::Fuel | Kind::Deadline);
        self.fault.as_ref().filter(|_| self.is_short).filter(at_limit)
    }
}

impl RunLog {
    /// Returns how long code waits until a call is made again of which an attempt ended so; none where it is not.
    ///
    /// The wait is within the time of the code. A longer one would park the run, and is not waited for: the code hears
    /// why the call failed.
    pub(super) fn waits_for_another(
        &self,
        calling: &CodeCalling<'_>,
        tool: &Registered,
        attempt: &Attempt,
    ) -> Option<Duration> {
        let CodeCalling { key, number, until, call, left, tool_calls, since, .. } = calling;
        let may_be_repeated = tool.tells_repetitions() || matches!(attempt.outcome, ToolOutcome::Failed(_));
        let fault = attempt.fault.as_ref().filter(|_| may_be_repeated && attempt.cut().is_none())?;
        let retry = self.host.registry.retry(&call.tool)?;
        let calls = self.state().calls(key);
        let before = calls.get(*number).map_or(0, |call| call.attempts);
        let (run, failed) = (self.state().run(), before.saturating_add(1));
        let wait_ms = retry.wait_after_ms(fault, failed, seed(&format!("{run}/{key}/{number}/{failed}")))?;
        let until_us = micros(since.elapsed()).saturating_add(wait_ms.saturating_mul(1_000));
        let within_us = retry.within_ms.map_or(u64::MAX, |ms| ms.saturating_mul(1_000));
        let is_in_time = wait_ms <= DRIVEN_MS_MAX && until_us < left.wall_us.min(within_us);
        // Those behind it may have been made beside it, and of those that change nothing the journal has only the ends.
        let next = calls.len().max(*until);
        let has_room = self.short(key, next, call, *tool_calls, 0).is_none();
        (is_in_time && has_room).then(|| Duration::from_millis(wait_ms))
    }

    /// Returns why a call of code cannot be made: it is journaled before it is made and with its answer, beside what other calls
    /// take that are made with it, and each attempt at a call is one of the calls that the run may make.
    pub(super) fn short(
        &self,
        key: &str,
        number: usize,
        call: &ToolCall,
        tool_calls: u64,
        beside_bytes: u64,
    ) -> Option<Shortfall> {
        let ledger = self.state().ledger();
        let journal_bytes = journal_bytes(call).saturating_add(beside_bytes);
        let needed = Usage::default().journal_bytes(journal_bytes);
        if let Err(short) = ledger.offer(key, &needed, &needed) {
            return Some(short);
        }
        let attempts = self.state().calls(key).attempts();
        let calls = u64::try_from(number).unwrap_or(u64::MAX).saturating_add(1).saturating_add(attempts);
        let is_short = calls > tool_calls && tool_calls < CALLS_MAX;
        is_short.then(|| ledger.shortage(key, Currency::ToolCalls, calls))
    }
}

/// What a call takes in the journal, before it is made and with its answer.
pub(super) fn journal_bytes(call: &ToolCall) -> u64 {
    json::bytes(call).saturating_mul(2).saturating_add(INTENT_BYTES)
}

/// How a call ended that was made.
fn ended(key: &str, call: &ToolCall, tool: &Registered, result: Result<Value>) -> ToolOutcome {
    match result {
        Ok(value) => ToolOutcome::Returned(value.into()),
        Err(fault) if fault.kind == Kind::Later => {
            ToolOutcome::Unknown(unknown(key, call, &format!("{}, and code cannot wait for it", fault.message)))
        }
        Err(fault) if !is_answer(&fault) && !tool.changes_nothing() => {
            ToolOutcome::Unknown(unknown(key, call, &fault.message))
        }
        Err(fault) => ToolOutcome::Failed(fault),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
