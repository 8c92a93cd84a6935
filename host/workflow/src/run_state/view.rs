//! What a run tells of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::RunState;
use crate::{
    Approval, AwaitedResult, CodeCalls, Deferred, Doubt, Effect, EffectKind, EffectOutcome, End, Event, Exceeded,
    Fault, Json, Kind, Label, Ledger, Origin, Overdue, RunId, Settlement, Signal, Status, Stop, ToolCall, Wait, Waited,
    WaitingFor,
};

impl RunState {
    /// Returns what the run is doing.
    pub fn status(&self) -> Status {
        match &self.end {
            Some(End::Done(_)) => Status::Done,
            Some(End::Failed(_)) if self.stopped.is_some() => Status::Stopped,
            Some(End::Failed(_)) => Status::Failed,
            None if self.in_flight().next().is_some() || self.next_child().is_some() => Status::Running,
            None if self.paused.is_some() => Status::Paused,
            None if self.suspended.is_some() => Status::Suspended,
            None if self.is_waiting() => Status::Waiting,
            None => Status::Running,
        }
    }

    /// Whether nothing can be done now but to wait for a person, a time, a signal or other runs, and nothing of that is there
    /// already.
    fn is_waiting(&self) -> bool {
        let all_later = self.wanted().all(|effect| self.parked(effect.key()).is_some());
        let waits = self.open_waits().next().is_some() || !self.held.is_empty() || self.awaits_settlement();
        all_later && (!self.wanted.is_empty() || waits) && self.ended_wait(0).is_none() && self.settled().is_none()
    }

    /// Returns what is known of an effect that is wanted again, where the run is parked until then.
    fn parked(&self, key: &str) -> Option<&Deferred> {
        self.attempts.get(key).filter(|deferred| deferred.parks)
    }

    /// Returns what is known of an effect of which an attempt has failed, if it has not ended.
    pub fn deferred(&self, key: &str) -> Option<&Deferred> {
        self.attempts.get(key)
    }

    /// Returns whether an attempt at an effect that has not ended may have happened: it failed without an answer, or was ended while
    /// it was in flight.
    pub fn may_have_happened(&self, key: &str) -> bool {
        self.attempts.may_have_happened(key)
    }

    /// Returns the first wanted effect that may begin at this time.
    pub fn ready(&self, now_ms: u64) -> Option<&Effect> {
        self.wanted().find(|effect| self.attempts.get(effect.key()).is_none_or(|later| later.until_ms <= now_ms))
    }

    /// Returns when the first of the wanted effects may begin of which an attempt has failed.
    pub fn next_attempt_ms(&self) -> Option<u64> {
        self.wanted().filter_map(|effect| Some(self.attempts.get(effect.key())?.until_ms)).min()
    }

    /// Returns whether an effect is tried again so soon that its driver waits for it.
    pub fn is_retrying(&self) -> bool {
        self.wanted().any(|effect| self.attempts.get(effect.key()).is_some_and(|later| !later.parks))
    }

    /// Returns the calls of which it is not known whether they happened, and that a person is waited for to settle.
    pub fn open_doubts(&self) -> impl Iterator<Item = &Doubt> {
        self.doubts.open().filter(|_| self.end.is_none() && !self.is_undoing())
    }

    /// Returns the token of a call whose tool tells the result later, or has told it, by the key of its effect.
    pub fn token(&self, key: &str) -> Option<&str> {
        self.doubts.token(key)
    }

    /// Returns a call that is in doubt or whose tool tells the result later, or was, by the key of its effect.
    pub fn doubt(&self, key: &str) -> Option<&Doubt> {
        self.doubts.get(key)
    }

    /// Returns how the first call in doubt ended that a person has settled and the workflow has not heard of.
    pub fn settled(&self) -> Option<Event> {
        let (doubt, settlement) = self.doubts.untold().find(|_| !self.is_undoing())?;
        Some(Event::ended(&doubt.key, settlement.outcome(&doubt.call)))
    }

    /// Checks that a call can be settled so: it is in doubt, and no person has settled it before.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where the run has no call in doubt of this key. Kind [`Kind::Conflict`]: with detail `settled`
    /// where a person has settled it, who is named; with detail `late` where the run has waited for it and has gone on without
    /// it; with detail `ended` where the run has ended.
    pub fn check_settlement(&self, settlement: &Settlement) -> Result<(), Fault> {
        settlement.check()?;
        let (run, key) = (self.run, &settlement.key);
        let Some(doubt) = self.doubt(key) else {
            let open: Vec<_> = self.open_doubts().map(|doubt| format!("\"{}\"", doubt.key)).collect();
            let open = if open.is_empty() { "no call is".to_owned() } else { format!("in doubt: {}", open.join(", ")) };
            let message = format!("run {run} has no call \"{key}\" in doubt; {open}");
            return Err(Fault::new(Kind::NotFound, message).detail("settlement"));
        };
        if let Some(before) = &doubt.settlement {
            return Err(Fault::new(Kind::Conflict, format!("run {run} has been told of call {before} already"))
                .detail("settled"));
        }
        if self.doubts.is_told(key) {
            let message = format!("the result of call \"{key}\" has come too late for run {run}, which has gone on");
            return Err(Fault::new(Kind::Conflict, message).detail("late"));
        }
        if self.end.is_some() || self.is_undoing() {
            let message = format!("run {run} is {}, and hears of no settlement any more", self.status());
            return Err(Fault::new(Kind::Conflict, message).detail("ended"));
        }
        Ok(())
    }

    /// The effects that have an intent and no outcome yet, and for which nothing is performed.
    fn open_waits(&self) -> impl Iterator<Item = &Effect> {
        let intended = self.intended.iter().filter(|_| self.end.is_none());
        intended.filter_map(|key| self.effect(key)).filter(|effect| effect.is_wait())
    }

    /// Returns what the run waits for by itself: times, signals, results that come later and runs, and no person.
    pub fn waits(&self) -> impl Iterator<Item = Wait> {
        let waits = self.open_waits().filter(|effect| !effect.is_question()).map(|Effect { key, kind, .. }| {
            let signal = if let EffectKind::AwaitSignal(awaited) = kind { Some(awaited.name.clone()) } else { None };
            let (runs, until_ms) = (self.runs_left(key), self.waiting.due(key));
            Wait { key: key.clone(), signal, result: None, runs, until_ms, after: None }
        });
        let results = self.awaited_results().map(|(Doubt { key, call, .. }, token)| {
            let result = Some(AwaitedResult { tool: call.tool.clone(), token: token.to_owned() });
            Wait { key: key.clone(), signal: None, result, runs: None, until_ms: self.waiting.due(key), after: None }
        });
        let parked = self.wanted().filter(|_| self.end.is_none()).filter_map(|Effect { key, .. }| {
            let Deferred { until_ms, fault, .. } = self.parked(key)?;
            let (until_ms, after) = (Some(*until_ms), Some(fault.message.clone()));
            Some(Wait { key: key.clone(), signal: None, result: None, runs: None, until_ms, after })
        });
        waits.chain(results).chain(parked)
    }

    /// Returns the first wait that has ended at this time, by its key, and how: the time has come, a signal is there, the
    /// runs ended, or the deadline has passed.
    pub fn ended_wait(&self, now_ms: u64) -> Option<(&str, EffectOutcome)> {
        let ended = self.open_waits().find_map(|effect| Some((effect.key(), self.ended_as(effect, now_ms)?)));
        ended.or_else(|| {
            let mut held = self.held.keys().filter(|_| self.end.is_none());
            let expired = held.find(|key| self.waiting.due(key).is_some_and(|due_ms| due_ms <= now_ms))?;
            Some((expired.as_str(), Waited::TimedOut { at_ms: now_ms }.into()))
        })
    }

    fn ended_as(&self, effect: &Effect, now_ms: u64) -> Option<EffectOutcome> {
        if effect.kind.child_runs().is_some() {
            return self.runs_ended(effect, now_ms).map(EffectOutcome::from);
        }
        self.waiting.ended_at(effect, now_ms).map(EffectOutcome::from)
    }

    /// Returns whether a question is one of code, which waits for its answer.
    pub fn is_of_code(&self, question: &str) -> bool {
        self.held.contains_key(question)
    }

    /// Returns when an effect that has an intent falls due, if it does.
    pub fn due_ms(&self, key: &str) -> Option<u64> {
        self.waiting.due(key)
    }

    /// Returns when the run has failed to end in time, if it has a deadline.
    pub fn run_due_ms(&self) -> Option<u64> {
        self.due_ms
    }

    /// Returns whether the run has failed to end in time, and has not ended.
    pub fn is_overdue(&self, now_ms: u64) -> bool {
        self.end.is_none() && self.due_ms.is_some_and(|due_ms| due_ms <= now_ms)
    }

    /// Returns when the run is to be looked at although nothing else happens.
    pub fn next_due_ms(&self) -> Option<u64> {
        let due = [self.waiting.next_due(), self.next_overdue_ms(), self.next_attempt_ms(), self.due_ms];
        due.into_iter().flatten().min().filter(|_| self.end.is_none())
    }

    fn next_overdue_ms(&self) -> Option<u64> {
        self.open_approvals().filter_map(Approval::next_overdue).map(|(at_ms, _)| at_ms).min()
    }

    /// Returns the key of the first open question of which a time has come before it expires, and what has come.
    pub fn overdue_at(&self, now_ms: u64) -> Option<(&str, Overdue)> {
        self.open_approvals().find_map(|approval| {
            let is_expired = self.waiting.due(&approval.key).is_some_and(|due_ms| due_ms <= now_ms);
            let (_, overdue) = approval.next_overdue().filter(|(at_ms, _)| !is_expired && *at_ms <= now_ms)?;
            Some((approval.key.as_str(), overdue))
        })
    }

    /// Returns when the first open wait ends by itself, a question expires, something is journaled about one, an effect may be
    /// tried again that could not be until now, or the run has failed to end in time.
    pub fn next_wait_ms(&self, now_ms: u64) -> Option<u64> {
        let waits = self.open_waits().map(Effect::key).chain(self.held.keys().map(String::as_str));
        let waits = waits.chain(self.awaited_results().map(|(doubt, _)| doubt.key.as_str()));
        let waits = waits.filter_map(|key| self.waiting.due(key)).chain(self.next_overdue_ms());
        let attempts = self.wanted().filter_map(|effect| Some(self.attempts.get(effect.key())?.until_ms));
        waits.chain(attempts.filter(|until_ms| *until_ms > now_ms)).chain(self.due_ms).min()
    }

    /// Returns the signals that no wait has taken yet.
    pub fn signals(&self) -> &[Signal] {
        self.waiting.kept()
    }

    /// Checks that the run can be sent a signal; returns whether it is a new one, and not one that is sent again.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `signal` where a wait is open for a signal of this name and the payload does not
    /// fit. Kind [`Kind::Conflict`]: with detail `ended` where the run has ended, with detail `signal` where another signal
    /// was sent under its key, with detail `signals` where the run keeps too many.
    pub fn check_signal(&self, signal: &Signal) -> Result<bool, Fault> {
        signal.check()?;
        let is_new = self.waiting.check(signal)?;
        if is_new && self.end.is_some() {
            let message = format!("run {} is {}, and takes no signal", self.run, self.status());
            return Err(Fault::new(Kind::Conflict, message).detail("ended"));
        }
        let awaiting = self.open_waits().filter_map(|effect| match &effect.kind {
            EffectKind::AwaitSignal(awaited) if awaited.name == signal.name => Some(awaited.check(signal)),
            _ => None,
        });
        let checks: Vec<_> = awaiting.collect();
        match checks.iter().find_map(|check| check.as_ref().err()) {
            Some(fault) if is_new && checks.iter().all(Result::is_err) => Err(fault.clone()),
            _ => Ok(is_new),
        }
    }

    /// Returns the run's id.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Returns what has to come before the run goes on, beside what it does by itself. A run that has ended waits for nothing.
    pub fn waiting_for(&self) -> BTreeSet<WaitingFor> {
        let mut waiting_for = BTreeSet::new();
        if self.end.is_some() {
            return waiting_for;
        }
        waiting_for.extend(self.open_approval().map(|_| WaitingFor::Person));
        waiting_for.extend(self.open_doubts().next().map(|_| WaitingFor::Settlement));
        for wait in self.waits() {
            waiting_for.extend(wait.signal.map(|_| WaitingFor::Signal));
            waiting_for.extend(wait.runs.map(|_| WaitingFor::Runs));
            waiting_for.extend(wait.result.map(|_| WaitingFor::Result));
            waiting_for.extend(wait.until_ms.map(|_| WaitingFor::Time));
        }
        waiting_for.extend(self.suspended.map(|_| WaitingFor::Budget));
        waiting_for.extend(self.paused.as_ref().map(|_| WaitingFor::Resume));
        waiting_for
    }

    /// Returns when the run was created, in milliseconds since the Unix epoch.
    pub fn created_ms(&self) -> u64 {
        self.created_ms
    }

    /// Returns the number of entries.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns the workflow's name.
    pub fn workflow(&self) -> &str {
        &self.workflow
    }

    /// Returns the workflow's version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Returns the input.
    pub fn input(&self) -> &Json {
        &self.input
    }

    /// Returns what the run was started with beside its input.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns how much memory what came from outside and stays with the run takes, about.
    pub fn memory_bytes(&self) -> u64 {
        let calls = self.calls.values().map(CodeCalls::memory_bytes).sum::<u64>();
        self.input.text().len() as u64 + calls
    }

    /// Returns the name of the workflow's state and the state, once the run has begun.
    pub fn at(&self) -> Option<(&str, &Value)> {
        self.at.as_ref().map(|(position, state)| (position.as_str(), state))
    }

    /// Returns the log.
    pub fn log(&self) -> &[String] {
        &self.log
    }

    /// Returns the effects that are wanted and have no intent yet, in their order.
    pub fn wanted(&self) -> impl Iterator<Item = &Effect> {
        self.wanted.iter().filter_map(|key| self.effect(key))
    }

    /// Returns the effects, but for waits, that have an intent and no outcome yet.
    pub fn in_flight(&self) -> impl Iterator<Item = &Effect> {
        self.intended.iter().filter_map(|key| self.effect(key)).filter(|effect| !effect.is_wait())
    }

    /// Returns the marks of all that the run has taken in, each with the keys of the effects that brought it.
    pub fn labels(&self) -> &BTreeMap<Label, BTreeSet<String>> {
        &self.labels
    }

    /// Returns whether a model, or code that one may have written, has a say in the run: strangers can talk it into things.
    pub fn takes_orders(&self) -> bool {
        self.took_orders || self.effects.values().any(|effect| effect.kind.takes_orders())
    }

    /// Returns the texts that the run has recalled from the long-term memory.
    pub fn recalled(&self) -> &[String] {
        &self.recalled
    }

    /// Returns the effects that are no longer only wanted: they are in flight, or have ended, or were refused.
    pub fn begun(&self) -> impl Iterator<Item = &Effect> {
        self.effects.values().map(Arc::as_ref).filter(|effect| !self.wanted.iter().any(|key| key == effect.key()))
    }

    /// Returns an effect that was ever wanted, by its key.
    pub fn effect(&self, key: &str) -> Option<&Effect> {
        self.effects.get(key).map(Arc::as_ref)
    }

    /// Returns an effect that was ever wanted, to be kept while the run goes on: it may hold much.
    pub fn shared_effect(&self, key: &str) -> Option<Arc<Effect>> {
        self.effects.get(key).cloned()
    }

    /// Returns the calls that code made, by the key of the effect that runs it.
    pub fn calls(&self, key: &str) -> &CodeCalls {
        const NONE: &CodeCalls = &CodeCalls::NONE;
        self.calls.get(key).unwrap_or(NONE)
    }

    /// Returns what the key of the very same call ended with, if it is not known whether that one happened.
    pub fn unknown(&self, call: &ToolCall) -> Option<&str> {
        if self.unknown.is_empty() { None } else { self.unknown.get(&call.meaning()).map(String::as_str) }
    }

    /// Returns an approval by its key.
    pub fn approval(&self, key: &str) -> Option<&Approval> {
        self.approvals.get(key)
    }

    /// Returns all approvals that were asked for.
    pub fn approvals(&self) -> impl Iterator<Item = &Approval> {
        self.approvals.values()
    }

    /// Returns the approvals that a person is waited for; a run that has ended has none.
    pub fn open_approvals(&self) -> impl Iterator<Item = &Approval> {
        let is_waited_for = |key: &String| self.intended.contains(key) || self.held.contains_key(key);
        let is_asked = move |approval: &&Approval| approval.is_open() && is_waited_for(&approval.key);
        self.approvals.values().filter(move |approval| is_asked(approval) && self.end.is_none())
    }

    /// Returns the first approval that a person is waited for, if the run has not ended.
    pub fn open_approval(&self) -> Option<&Approval> {
        self.open_approvals().next()
    }

    /// Returns the question that a decision without its key can only mean: an open one, where the run has never put
    /// another. After a second question the first one's decision, sent twice, would be a yes to what was not seen.
    pub fn only_approval(&self) -> Option<&Approval> {
        self.open_approval().filter(|_| self.approvals.len() == 1)
    }

    /// Returns the run's account.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns how many bytes of the journal the last step took, or the run's beginning before it: about as many as the
    /// next one, for a step writes the whole state.
    pub fn step_bytes(&self) -> u64 {
        self.step_bytes
    }

    /// Returns the budget that the run shares with others and that is used up, if it is suspended by that.
    pub fn suspended_by(&self) -> Option<&str> {
        self.suspended_by.as_deref()
    }

    /// Returns the fault that says by what the run is suspended, if it is.
    pub fn suspension(&self) -> Option<Fault> {
        let exceeded = self.suspended.as_ref()?;
        Some(self.suspended_by.as_ref().map_or_else(|| exceeded.fault(), |budget| exceeded.fault_of(budget)))
    }

    /// Returns the limit that suspended the run, if one did.
    pub fn suspended(&self) -> Option<&Exceeded> {
        self.suspended.as_ref()
    }

    /// Returns who paused the run and why, if it is paused; a run that has ended is not.
    pub fn paused(&self) -> Option<&Stop> {
        self.paused.as_ref().filter(|_| self.end.is_none())
    }

    /// Returns who stopped the run and why, if it was stopped.
    pub fn stopped(&self) -> Option<&Stop> {
        self.stopped.as_ref()
    }

    /// Returns the keys of the calls of which it is not known whether they happened: those of their effects, with a slash and
    /// its number behind it where code made the call.
    pub fn unknown_calls(&self) -> impl Iterator<Item = &str> {
        self.unknown.values().map(String::as_str)
    }

    /// Returns how the run ended, if it did.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }
}
