//! The calls that code made before it waited for any of them.
//!
//! They are in flight together, as far as there is room and none is in another's way. Where some of them may change something,
//! the intents of all are made durable first, in one commit, and each end as it comes: a crash leaves in doubt only what was in
//! flight, and each of that is settled by its own rule, as if it had been made alone. Calls that all change nothing need no
//! intents, so that a crash in their midst has lost nothing; they are journaled in the order of their numbers. Code that is run
//! again finds each call by its number, in whichever order they ended.
//!
//! Nothing is decided later than it would be for calls that are made one after the other. Their arguments are there before any of
//! them has an answer, so that none sends what another has read. The rule about flows does not even ask which calls have been
//! answered: it holds what all tools of the code may bring against each of its calls (`labels::check_sink`). A call that a
//! person is asked about is never among them, and the run has room in its journal, and enough calls, for all of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use stockade_sandbox::{Outcome, Place};
use stockade_workflow::{Fault, Kind, ToolCall, Usage};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::attempts::{Attempt, CodeCalling, journal_bytes};
use super::cell::{Made, made, refused};
use super::live::{CallOfCode, Halt};
use crate::calls::call_id;
use crate::run_log::RunLog;
use crate::services::Services;
use crate::toolbox::Toolbox;
use crate::{Registered, Result, labels};

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

/// How a call ended, and when it is made again, if it is.
type End = (Outcome, Option<Instant>);

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
        self.unheard_of = asked.front().map(|call| (key.to_owned(), call.first));
        let mut spent = 0_u64;
        while !asked.is_empty() {
            asked.iter_mut().for_each(|call| call.left.fuel = call.left.fuel.saturating_sub(spent));
            let places = places(&host, toolbox, &asked);
            let together = self.together(&host, caller, &mut asked, &places).await?;
            if !together.is_empty() {
                let (fuel, cut) = self.answer_together(&host, together).await?;
                if let Some(fault) = cut {
                    return Ok(Some(Halt::Cut(fault)));
                }
                spent = fuel;
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

    /// Takes the calls that may be in flight together now, where there are two or more: the first ones, as far as none is in
    /// another's way, and the code has enough for all that they may use.
    async fn together<'a>(
        &mut self,
        host: &'a Services,
        caller: Caller<'a>,
        asked: &mut VecDeque<CallOfCode>,
        places: &'a [Arc<Place>],
    ) -> Result<Vec<Ready<'a>>> {
        let (mut calls, mut changes, mut fuel, mut bytes) = (Vec::new(), BTreeSet::new(), 0_u64, 0_u64);
        if asked.len() > 1 {
            for next in asked.iter().take(places.len()) {
                let Some((call, tool)) = self.free(host, caller, next, bytes).await? else { break };
                fuel = fuel.saturating_add(if tool.component().is_some() { host.limits(&call.tool).fuel } else { 0 });
                // Of two calls that are the same, one may turn out to be in doubt, and then the other is a repetition.
                let is_new = tool.changes_nothing() || changes.insert(call.meaning());
                let takes_turns =
                    |(_, other): &(ToolCall, &Registered)| labels::share_store(&host.registry, tool, other);
                if fuel > next.left.fuel || !is_new || calls.iter().any(takes_turns) {
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
        let until = asked.front().map_or(0, |first| first.number.saturating_add(calls.len()));
        let mut ready = Vec::with_capacity(calls.len());
        for ((call, tool), place) in calls.into_iter().zip(places) {
            let Some(CallOfCode { number, left, since, answer, .. }) = asked.pop_front() else { break };
            let id = call_id(self, &format!("{key}/{number}"), &call);
            let calling = CodeCalling { key, number, until, call, left, tool_calls, place: place.as_ref(), since };
            ready.push(Ready { calling, tool, id, answer });
        }
        Ok(ready)
    }

    /// Returns what a call means, and its tool, where it may be in flight beside others: it is new, and nothing speaks against
    /// it. Of any other, its own turn says what becomes of it.
    async fn free<'a>(
        &mut self,
        host: &'a Services,
        Caller { key, toolbox, tool_calls }: Caller<'_>,
        next: &CallOfCode,
        beside_bytes: u64,
    ) -> Result<Option<(ToolCall, &'a Registered)>> {
        let Made::Call(call) = made(toolbox, &next.name, &next.arguments) else { return Ok(None) };
        let is_known = self.state().calls(key).get(next.number).is_some();
        if is_known
            || !host.registry.get(&call.tool).is_ok_and(|tool| !tool.is_code())
            || toolbox.asks_first(&call.tool)
            || self.short(key, next.number, &call, tool_calls, beside_bytes).is_some()
        {
            return Ok(None);
        }
        // This may read the journal, and so it comes last.
        let tool = self.callable(host, key, &call, false).await.ok();
        Ok(tool.map(|tool| (call, tool)))
    }

    /// Makes calls together, and returns the fuel that they used, and what has cut one of them, if anything has.
    async fn answer_together(&mut self, host: &Services, ready: Vec<Ready<'_>>) -> Result<(u64, Option<Fault>)> {
        match ready.iter().all(|ready| ready.tool.changes_nothing()) {
            true => self.answer_harmless(host, ready).await,
            false => self.answer_intended(host, ready).await,
        }
    }

    /// Makes calls together of which some may change something.
    async fn answer_intended(&mut self, host: &Services, ready: Vec<Ready<'_>>) -> Result<(u64, Option<Fault>)> {
        for Ready { calling, .. } in &ready {
            self.push(calling.intent())?;
        }
        self.commit().await?;
        self.holding.check().await?;
        let mut ends = self.ends(host, &ready).await?;
        let mut fuel = ends.values().map(|(outcome, _)| outcome.usage.fuel).fold(0, u64::saturating_add);
        let mut cut = None;
        for Ready { mut calling, answer, .. } in ready {
            let (key, number) = (calling.key, calling.number);
            let outcome = match ends.remove(&calling.number) {
                Some((outcome, None)) => outcome,
                Some((outcome, Some(again))) => {
                    let others = calling.leave_to_others(fuel, outcome.usage.fuel);
                    sleep_until(again).await;
                    let outcome = self.code_call(calling).await?;
                    fuel = others.saturating_add(outcome.usage.fuel);
                    outcome
                }
                None => refused(Fault::new(Kind::HostBug, "a call that was made has not ended")),
            };
            let (outcome, fault) = self.unless_cut(key, number, outcome);
            cut = cut.or(fault);
            // Code that was stopped meanwhile waits for nothing.
            let _ = answer.send(outcome);
        }
        Ok((fuel, cut))
    }

    /// Has calls in flight together until each of them has ended, and makes durable how, as they do.
    async fn ends(&mut self, host: &Services, ready: &[Ready<'_>]) -> Result<BTreeMap<usize, End>> {
        let in_flight = FuturesUnordered::new();
        for Ready { calling, tool, id, .. } in ready {
            let made = calling.made(host, tool, id, &Usage::NONE);
            in_flight.push(made.map(move |attempt| (calling, tool, attempt)));
        }
        let (mut in_flight, mut ends, mut failed) = (in_flight.ready_chunks(CALLS_AT_ONCE), BTreeMap::new(), None);
        while let Some(ended) = in_flight.next().await {
            for (calling, tool, attempt) in ended {
                match self.taken(calling, tool, attempt).await {
                    Ok((outcome, wait)) => {
                        ends.insert(calling.number, (outcome, wait.map(|wait| Instant::now() + wait)));
                    }
                    Err(fault) => failed = failed.or(Some(fault)),
                }
            }
            // Where the journal fails, those in flight are heard all the same: the driver tries once more to write down what
            // has happened, and what is not heard would be in doubt.
            if failed.is_none() {
                failed = self.commit().await.err();
            }
        }
        failed.map_or(Ok(ends), Err)
    }

    /// Makes calls together that all change nothing.
    async fn answer_harmless(&mut self, host: &Services, ready: Vec<Ready<'_>>) -> Result<(u64, Option<Fault>)> {
        self.holding.check().await?;
        let mut making = Vec::with_capacity(ready.len());
        for Ready { calling, tool, id, .. } in &ready {
            making.push(calling.made(host, tool, id, &Usage::NONE));
        }
        let attempts = join_all(making).await;
        let mut fuel = attempts.iter().map(|attempt| attempt.used.fuel).fold(0, u64::saturating_add);
        let mut cut = None;
        for (Ready { mut calling, tool, answer, .. }, attempt) in ready.into_iter().zip(attempts) {
            // What the code has left ended this one, so it ends the code; those behind it are made again where the code is.
            cut = cut.or_else(|| attempt.cut().cloned());
            let (key, number) = (calling.key, calling.number);
            let outcome = match &cut {
                Some(fault) => lost(&attempt, fault),
                None => {
                    let others = calling.leave_to_others(fuel, attempt.used.fuel);
                    let outcome = self.answered_together(calling, tool, attempt).await?;
                    fuel = others.saturating_add(outcome.usage.fuel);
                    if !self.has_ended(key, number) {
                        cut = outcome.result.as_ref().err().cloned();
                    }
                    outcome
                }
            };
            let (outcome, _) = self.unless_cut(key, number, outcome);
            // Code that was stopped meanwhile waits for nothing.
            let _ = answer.send(outcome);
        }
        Ok((fuel, cut))
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
