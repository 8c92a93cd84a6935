//! The calls that code made before it waited for any of them.
//!
//! Calls that change nothing are in flight together: such a call needs no intent in the journal, so that a crash in their midst
//! has lost nothing. They are journaled in the order of their numbers. A call that may change something is made alone, in its
//! turn, for the journal knows of one call of a piece of code that may have happened: the last one.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::join_all;
use stockade_sandbox::{Outcome, Place};
use stockade_workflow::{Fault, Kind, ToolCall, Usage};
use tokio::sync::oneshot;

use super::attempts::{Attempt, CodeCalling, journal_bytes};
use super::cell::{Made, made, refused};
use super::live::{CallOfCode, Halt};
use crate::calls::call_id;
use crate::run_log::RunLog;
use crate::services::Services;
use crate::toolbox::Toolbox;
use crate::{Registered, Result};

/// How many calls of one piece of code are in flight at the same time; further ones wait. Each takes slots of the pool.
const CALLS_AT_ONCE: usize = 8;

/// The code whose calls they are.
#[derive(Clone, Copy)]
struct Caller<'a> {
    /// The effect that runs it.
    key: &'a str,
    toolbox: &'a Toolbox,
    /// How many calls it may make, attempts included.
    tool_calls: u64,
}

/// A call that may be in flight beside others.
struct Ready<'a> {
    calling: CodeCalling<'a>,
    tool: &'a Registered,
    /// The name under which it is made.
    id: String,
    answer: oneshot::Sender<Outcome>,
}

impl RunLog {
    /// Answers calls in their order; returns what ends the code instead, where one of them cannot be made now.
    pub(super) async fn answer_all(
        &mut self,
        key: &str,
        toolbox: &Toolbox,
        asked: Vec<CallOfCode>,
        tool_calls: u64,
    ) -> Result<Option<Halt>> {
        let (host, caller) = (Arc::clone(&self.host), Caller { key, toolbox, tool_calls });
        let mut asked = VecDeque::from(asked);
        let mut spent = 0_u64;
        while let Some(next) = asked.front() {
            // The one before it was cut, and so the code ends there. Those behind it are not made: they would have no place in the
            // journal.
            if next.number.checked_sub(1).is_some_and(|before| !self.has_ended(key, before)) {
                let why = Fault::new(Kind::Deadline, "what the code had left was used up by the call before this one");
                asked.into_iter().for_each(|call| drop(call.answer.send(refused(why.clone()))));
                return Ok(None);
            }
            asked.iter_mut().for_each(|call| call.left.fuel = call.left.fuel.saturating_sub(spent));
            let places = places(&host, toolbox, &asked);
            let together = self.together(&host, caller, &mut asked, &places).await?;
            if !together.is_empty() {
                spent = self.answer_together(&host, together).await?;
                continue;
            }
            // A call that is made alone takes the place that the code keeps; the others are free for other code meanwhile.
            drop(together);
            drop(places);
            if let Some(next) = asked.pop_front() {
                match self.answer(key, toolbox, next, tool_calls).await? {
                    Ok(fuel) => spent = fuel,
                    // The calls behind it are not made, and the code does not hear of them.
                    Err(halt) => return Ok(Some(halt)),
                }
            }
        }
        Ok(None)
    }

    /// Takes the calls that may be in flight together now, where there are two or more: the first ones, as far as they change
    /// nothing, and the code has enough for all that they may use.
    async fn together<'a>(
        &mut self,
        host: &'a Services,
        caller: Caller<'a>,
        asked: &mut VecDeque<CallOfCode>,
        places: &'a [Arc<Place>],
    ) -> Result<Vec<Ready<'a>>> {
        let (mut calls, mut fuel, mut bytes) = (Vec::new(), 0_u64, 0_u64);
        if asked.len() > 1 {
            for next in asked.iter().take(places.len()) {
                let Some((call, tool)) = self.free(host, caller, next, bytes).await? else { break };
                fuel = fuel.saturating_add(if tool.component().is_some() { host.limits(&call.tool).fuel } else { 0 });
                if fuel > next.left.fuel {
                    break;
                }
                bytes = bytes.saturating_add(journal_bytes(&call));
                calls.push((call, tool));
            }
        }
        if calls.len() < 2 {
            return Ok(Vec::new());
        }
        let Caller { key, tool_calls, .. } = caller;
        let mut ready = Vec::with_capacity(calls.len());
        for ((call, tool), place) in calls.into_iter().zip(places) {
            let Some(CallOfCode { number, left, since, answer, .. }) = asked.pop_front() else { break };
            let id = call_id(self, &format!("{key}/{number}"), &call);
            let calling = CodeCalling { key, number, call, left, tool_calls, place: place.as_ref(), since };
            ready.push(Ready { calling, tool, id, answer });
        }
        Ok(ready)
    }

    /// Returns what a call means, and its tool, where it may be in flight beside others: it is new, changes nothing, and
    /// nothing speaks against it. Of any other, its own turn says what becomes of it.
    async fn free<'a>(
        &mut self,
        host: &'a Services,
        Caller { key, toolbox, tool_calls }: Caller<'_>,
        next: &CallOfCode,
        beside_bytes: u64,
    ) -> Result<Option<(ToolCall, &'a Registered)>> {
        let Made::Call(call) = made(toolbox, &next.name, &next.arguments) else { return Ok(None) };
        let is_known = self.state().calls(key).get(next.number).is_some();
        let is_harmless = |tool: &Registered| tool.changes_nothing() && !tool.is_code();
        if is_known
            || !host.registry.get(&call.tool).is_ok_and(is_harmless)
            || toolbox.asks_first(&call.tool)
            || self.short(key, next.number, &call, tool_calls, beside_bytes).is_some()
        {
            return Ok(None);
        }
        // This may read the journal, and so it comes last.
        let tool = self.callable(host, key, &call, false).await.ok();
        Ok(tool.map(|tool| (call, tool)))
    }

    /// Makes calls together, and returns the fuel that they used.
    async fn answer_together(&mut self, host: &Services, ready: Vec<Ready<'_>>) -> Result<u64> {
        self.holding.check().await?;
        let mut making = Vec::with_capacity(ready.len());
        for Ready { calling, tool, id, .. } in &ready {
            making.push(calling.made(host, tool, id, &Usage::NONE));
        }
        let attempts = join_all(making).await;
        let (mut fuel, mut cut) = (0_u64, None);
        for (Ready { calling, tool, answer, .. }, attempt) in ready.into_iter().zip(attempts) {
            // What the code has left ended this one, so it ends the code; those behind it are made again where the code is.
            cut = cut.or_else(|| attempt.cut().cloned());
            let outcome = match &cut {
                Some(fault) => lost(&attempt, fault),
                None => {
                    let (key, number) = (calling.key, calling.number);
                    let outcome = self.answered_together(calling, tool, attempt).await?;
                    if !self.has_ended(key, number) {
                        cut = outcome.result.as_ref().err().cloned();
                    }
                    outcome
                }
            };
            fuel = fuel.saturating_add(outcome.usage.fuel);
            // Code that was stopped meanwhile waits for nothing.
            let _ = answer.send(outcome);
        }
        Ok(fuel)
    }

    fn has_ended(&self, key: &str, number: usize) -> bool {
        self.state().calls(key).get(number).is_some_and(|call| call.ended.is_some())
    }

    /// Journals how a call ended that was made beside others, and makes it again as the configuration of its tool says.
    async fn answered_together(
        &mut self,
        calling: CodeCalling<'_>,
        tool: &Registered,
        attempt: Attempt,
    ) -> Result<Outcome> {
        let wait = self.waits_for_another(&calling, tool, &attempt);
        let answer = self.recorded(&calling, attempt, wait.is_some()).await?;
        let Some(wait) = wait else { return Ok(answer) };
        tokio::time::sleep(wait).await;
        self.code_call(calling).await
    }
}

/// Takes places in the pool for calls that are made together: the one that the code keeps, and as many more as are free.
fn places(host: &Services, toolbox: &Toolbox, asked: &VecDeque<CallOfCode>) -> Vec<Arc<Place>> {
    let kept = asked.front().map(|first| Arc::clone(&first.place));
    let more = asked.len().min(CALLS_AT_ONCE).saturating_sub(1);
    let others = (0..more).map_while(|_| host.engine.place(toolbox.slots())).map(Arc::new);
    kept.into_iter().chain(others).collect()
}

/// The outcome of a call that is not journaled, for the code ends.
fn lost(attempt: &Attempt, fault: &Fault) -> Outcome {
    Outcome { usage: attempt.used, ..refused(fault.clone()) }
}
