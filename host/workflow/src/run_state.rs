mod awaiting;
mod family;
mod in_code;
mod undoing;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use self::family::Family;
use self::undoing::Undoing;
use crate::{
    Approval, Binding, Change, CodeCalls, Currency, Decision, Deferred, Digest, Effect, EffectKind, EffectOutcome, End,
    Entry, Event, Exceeded, Fault, Hint, Json, Kind, Label, Ledger, Origin, Overdue, Recalled, RunId, Stop, ToolCall,
    ToolOutcome, Usage, Verdict, Waited, deferred::Attempts, doubts::Doubts, json, utc, waiting::Waiting,
};

/// A run as it stands: the fold of its entries.
///
/// Live execution and recovery both go through [`RunState::apply`], so a run that was read back is the run that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunState {
    run: RunId,
    created_ms: u64,
    seq: u64,
    workflow: String,
    version: u32,
    input: Json,
    origin: Origin,
    at: Option<(String, Value)>,
    log: Vec<String>,
    effects: BTreeMap<String, Arc<Effect>>,
    wanted: Vec<String>,
    intended: Vec<String>,
    approvals: BTreeMap<String, Approval>,
    /// The code that waits for a question of its own, by the keys of the questions.
    held: BTreeMap<String, String>,
    calls: BTreeMap<String, CodeCalls>,
    /// The calls that the run waits to have settled, or waited.
    doubts: Doubts,
    /// The calls of which it is not known whether they happened, by what they mean: what their keys end with.
    unknown: BTreeMap<Digest, String>,
    labels: BTreeMap<Label, BTreeSet<String>>,
    recalled: Vec<String>,
    waiting: Waiting,
    undoing: Undoing,
    family: Family,
    /// Whether a run above or below this one has taken orders, of which data came in.
    took_orders: bool,
    attempts: Attempts,
    ledger: Ledger,
    /// How many bytes of the journal the last step took.
    step_bytes: u64,
    suspended: Option<Exceeded>,
    /// When the run has failed to end in time.
    due_ms: Option<u64>,
    suspended_by: Option<String>,
    paused: Option<Stop>,
    stopped: Option<Stop>,
    end: Option<End>,
}

impl RunState {
    /// Begins the fold with a run's first entry.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`] where it is not one that creates a run.
    pub fn create(entry: &Entry) -> Result<Self, Fault> {
        let Change::Created { workflow, version, input, budget, origin } = &entry.change else {
            return Err(illegal(entry, "the first entry does not create the run"));
        };
        if entry.seq != 1 {
            return Err(illegal(entry, "the run does not begin with entry 1"));
        }
        let mut state = Self {
            run: entry.run,
            created_ms: entry.at_ms,
            seq: 1,
            workflow: workflow.clone(),
            version: *version,
            input: input.clone(),
            origin: origin.clone(),
            at: None,
            log: Vec::new(),
            effects: BTreeMap::new(),
            wanted: Vec::new(),
            intended: Vec::new(),
            approvals: BTreeMap::new(),
            held: BTreeMap::new(),
            calls: BTreeMap::new(),
            doubts: Doubts::default(),
            unknown: BTreeMap::new(),
            labels: BTreeMap::new(),
            recalled: Vec::new(),
            waiting: Waiting::default(),
            undoing: Undoing::default(),
            family: Family::default(),
            took_orders: false,
            attempts: Attempts::default(),
            ledger: Ledger::new(*budget),
            step_bytes: 0,
            suspended: None,
            due_ms: origin.due_ms,
            suspended_by: None,
            paused: None,
            stopped: None,
            end: None,
        };
        state.count(&entry.change);
        state.inherit();
        Ok(state)
    }

    /// Takes in what the input carries from the run that has started this one.
    fn inherit(&mut self) {
        let Some(parent) = self.origin.parent.clone() else { return };
        parent.carried.labels.iter().for_each(|label| self.labelled(*label, "parent"));
        self.took_orders = parent.carried.takes_orders;
    }

    /// Folds all entries of a run.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where the run has no entries, else as [`RunState::apply`].
    pub fn fold(run: RunId, entries: &[Entry]) -> Result<Self, Fault> {
        let Some((first, rest)) = entries.split_first() else {
            return Err(unknown_run(run));
        };
        let mut state = Self::create(first)?;
        rest.iter().try_for_each(|entry| state.apply(entry))?;
        Ok(state)
    }

    /// Takes the next entry.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`] where the entry cannot follow; the state is then not to be used any more.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Fault> {
        if entry.run != self.run || entry.seq != self.seq + 1 {
            return Err(illegal(entry, &format!("it does not follow entry {} of run {}", self.seq, self.run)));
        }
        if self.end.is_some() {
            return Err(illegal(entry, "the run had ended"));
        }
        self.seq = entry.seq;
        self.count(&entry.change);
        self.change(&entry.change).map_err(|why| illegal(entry, &why))
    }

    /// Books what an entry takes in the journal, on the effect that it is about.
    fn count(&mut self, change: &Change) {
        let journal_bytes = json::bytes(change);
        if matches!(change, Change::Created { .. } | Change::Stepped { .. }) {
            self.step_bytes = journal_bytes;
        }
        self.ledger.spend(change.key(), &Usage { journal_bytes, ..Usage::default() });
    }

    fn change(&mut self, change: &Change) -> Result<(), String> {
        match change {
            Change::Created { .. } => return Err("the run exists already".to_owned()),
            Change::Reserved { key, amount, consumes, labels, due_ms } => {
                self.intend(key, *amount)?;
                labels.iter().for_each(|label| self.labelled(*label, key));
                if self.is_question(key) {
                    return Err(format!("effect \"{key}\" is a question, not a call"));
                }
                consumes.iter().try_for_each(|approval| self.consume(key, approval))?;
                self.waiting.set_due(key, *due_ms);
            }
            Change::Asked { approval, amount, due_ms } => {
                self.ask(approval, *amount)?;
                self.waiting.set_due(&approval.key, *due_ms);
            }
            Change::AskedInCode { key, number, approval, used, due_ms } => {
                self.ask_in_code(key, *number, approval, used)?;
                self.waiting.set_due(&approval.key, *due_ms);
            }
            Change::AnsweredInCode { key, outcome } => self.answer_in_code(key, outcome)?,
            Change::Renewed { key, bound_to, workflow } => self.renew(key, bound_to, workflow.as_ref())?,
            Change::Overdue { key, overdue, at_ms } => self.overdue(key, *overdue, *at_ms)?,
            Change::Voted { key, decision } => self.vote(key, decision)?,
            Change::Revoked { key, by } => self.revoke(key, by)?,
            Change::Signalled { signal } => self.waiting.keep(signal)?,
            Change::ChildStarted { key, number, run } => self.child_started(key, *number, *run)?,
            Change::ChildEnded { child } => self.child_ended(child)?,
            Change::Stepped { event, used, position, state, log, effects, slices, end } => {
                self.happened(event, used)?;
                self.at = Some((position.clone(), state.clone()));
                self.log.extend_from_slice(log);
                self.want(effects)?;
                slices.iter().for_each(|slice| self.ledger.slice(slice.clone()));
                end.clone().map_or(Ok(()), |end| self.close(end))?;
            }
            Change::Calling { key, number, call } => {
                self.calls_in_flight(key)?.begin(*number, call)?;
                self.consume_in_code(&format!("{key}/{number}"))?;
            }
            Change::Retried { key, number, call, outcome, used } => {
                self.calls_in_flight(key)?.retry(*number, call, outcome, used)?;
            }
            Change::Called { key, number, call, outcome, used } => {
                self.calls_in_flight(key)?.end(*number, call, outcome, used)?;
                self.known(call, outcome, || format!("{key}/{number}"));
            }
            Change::Suspended { exceeded, cut, budget } => {
                cut.iter().try_for_each(|(key, used)| self.lost(key, used))?;
                self.suspended = Some(*exceeded);
                self.suspended_by.clone_from(budget);
            }
            Change::Deferred { key, used, until_ms, parks, fault, in_doubt } => {
                let (until_ms, parks, used, in_doubt) = (*until_ms, *parks, *used, *in_doubt);
                let (fault, due_ms) = (fault.clone(), self.waiting.due(key));
                self.defer(key, Deferred { attempts: 0, until_ms, parks, fault, in_doubt, due_ms, used })?;
            }
            Change::Lost { key, used } => {
                if self.is_wait(key) {
                    return Err(format!("effect \"{key}\" is a wait, which is not lost"));
                }
                self.lost(key, used)?;
            }
            Change::Doubted { key, fault, used } => self.doubted(key, fault, used)?,
            Change::Later { key, token, used } => self.later(key, token, used)?,
            Change::Settled { settlement } => {
                self.doubts.settle(settlement)?;
                if !self.effects.contains_key(&settlement.key) {
                    self.settle_in_code(settlement)?;
                }
            }
            Change::Extended { more } => {
                self.ledger.extend(more);
                (self.suspended, self.suspended_by) = (None, None);
            }
            Change::Paused { stop } => self.pause(stop)?,
            Change::Resumed => {
                self.paused.take().ok_or("the run is not paused")?;
            }
            Change::Stopped { stop, unknown } => self.stop(stop, unknown)?,
            Change::Expired { at_ms, unknown } => self.expire(*at_ms, unknown)?,
            Change::Undone { event, used } => self.undo(event, used)?,
            Change::Broken { fault } => self.close(End::Failed(fault.clone()))?,
        }
        Ok(())
    }

    fn pause(&mut self, stop: &Stop) -> Result<(), String> {
        if let Some(effect) = self.in_flight().next() {
            return Err(format!("effect \"{}\" is in flight", effect.key()));
        }
        self.paused = Some(stop.clone());
        Ok(())
    }

    fn stop(&mut self, stop: &Stop, unknown: &[String]) -> Result<(), String> {
        self.cut_off(unknown)?;
        self.stopped = Some(stop.clone());
        self.close(End::Failed(stop.fault()))
    }

    fn expire(&mut self, at_ms: u64, unknown: &[String]) -> Result<(), String> {
        let due_ms = self.due_ms.filter(|due_ms| *due_ms <= at_ms);
        let due_ms = due_ms.ok_or_else(|| format!("the run is not due at {at_ms}"))?;
        self.cut_off(unknown)?;
        self.close(End::Failed(overdue(due_ms)))
    }

    /// Ends what is in flight. What was reserved for it is given back; what of it is spent was booked before.
    fn cut_off(&mut self, unknown: &[String]) -> Result<(), String> {
        for key in unknown {
            let call = self.call(key).ok_or_else(|| format!("\"{key}\" is not a call"))?.clone();
            self.unknown.entry(call.meaning()).or_insert_with(|| key.clone());
        }
        // What waits is found when the run is closed.
        let in_flight: Vec<_> = unknown.iter().filter(|key| self.doubts.get(key).is_none()).cloned().collect();
        self.may_undo(&in_flight);
        for key in std::mem::take(&mut self.intended) {
            self.ledger.settle(&key, &Usage::default());
            self.waiting.ended(&key);
        }
        Ok(())
    }

    /// Returns the call that a key names: that of an effect, or, with its number behind a slash, one that code made.
    fn call(&self, key: &str) -> Option<&ToolCall> {
        if let Some(EffectKind::CallTool { call, .. }) = self.effect(key).map(|effect| &effect.kind) {
            return Some(call);
        }
        let (code, number) = key.rsplit_once('/')?;
        self.calls(code).get(number.parse().ok()?).map(|call| &call.call)
    }

    fn want_again(&mut self, key: &str, used: &Usage) -> Result<(), String> {
        self.calls.entry(key.to_owned()).or_default().settle();
        self.take_intended(key)?;
        self.waiting.ended(key);
        self.ledger.settle(key, used);
        self.wanted.insert(0, key.to_owned());
        Ok(())
    }

    /// Wants an effect again that was ended while it was in flight.
    fn lost(&mut self, key: &str, used: &Usage) -> Result<(), String> {
        self.attempts.end_in_flight(key);
        self.want_again(key, used)
    }

    fn defer(&mut self, key: &str, failed: Deferred) -> Result<(), String> {
        if self.is_wait(key) {
            return Err(format!("effect \"{key}\" is a wait, which is not tried again"));
        }
        self.want_again(key, &failed.used)?;
        self.attempts.add(key, failed);
        Ok(())
    }

    fn intend(&mut self, key: &str, amount: Usage) -> Result<(), String> {
        if self.suspended.is_some() {
            return Err("the run is suspended".to_owned());
        }
        if self.paused.is_some() {
            return Err("the run is paused".to_owned());
        }
        let place = self.wanted.iter().position(|wanted| wanted == key);
        let key = self.wanted.remove(place.ok_or_else(|| format!("effect \"{key}\" is not wanted"))?);
        // How long an entry is, another version of this code may have counted otherwise; what it wrote is read.
        let counted = amount.with(Currency::Journal, 0);
        let left = self.ledger.offer(&key, &counted, &counted);
        left.map_err(|short| format!("effect \"{key}\" reserves more than is left ({})", short.exceeded()))?;
        let own = self.lend(&key, amount);
        self.ledger.reserve(&key, own);
        self.intended.push(key);
        Ok(())
    }

    fn ask(&mut self, approval: &Approval, amount: Usage) -> Result<(), String> {
        self.intend(&approval.key, amount)?;
        let wanted = self.effect(&approval.key).map(|effect| &effect.kind);
        let is_wanted = matches!(wanted, Some(EffectKind::RequestApproval { call, .. }) if *call == approval.call);
        if !is_wanted || !approval.is_open() || approval.consumed_by.is_some() {
            return Err(format!("approval \"{}\" is not the question that is wanted", approval.key));
        }
        self.approvals.insert(approval.key.clone(), approval.clone());
        Ok(())
    }

    fn decide(&mut self, key: &str, decision: &Decision) -> Result<(), String> {
        let approval = self.open_question(key)?;
        let Decision { verdict, arguments, response, .. } = decision;
        let is_whole = arguments.is_some() == (*verdict == Verdict::Edited)
            && response.is_some() == (*verdict == Verdict::Responded);
        let is_of_few = approval.votes.len() + 1 < approval.quorum();
        let is_too_few = is_of_few && verdict.is_yes() && decision.repeats.is_none();
        if !approval.allowed().contains(verdict) || !is_whole || is_too_few {
            return Err(format!("approval \"{key}\" does not take such a decision"));
        }
        approval.decision = Some(decision.clone());
        Ok(())
    }

    /// Asks an open question anew, about the same call.
    fn renew(&mut self, key: &str, bound_to: &Binding, workflow: Option<&Digest>) -> Result<(), String> {
        let approval = self.open_question(key)?;
        if approval.bound_to.call != bound_to.call {
            return Err(format!("approval \"{key}\" is renewed for another call"));
        }
        (approval.bound_to, approval.workflow) = (bound_to.clone(), workflow.cloned());
        Ok(())
    }

    fn overdue(&mut self, key: &str, overdue: Overdue, at_ms: u64) -> Result<(), String> {
        let approval = self.open_question(key)?;
        if approval.next_overdue().is_none_or(|(due_ms, due)| due != overdue || at_ms < due_ms) {
            return Err(format!("approval \"{key}\" is not overdue so at {at_ms}"));
        }
        match overdue {
            Overdue::Reminder => approval.reminded_ms = Some(at_ms),
            Overdue::Escalation => approval.escalated_ms = Some(at_ms),
        }
        Ok(())
    }

    /// Takes an approval that is not enough by itself.
    fn vote(&mut self, key: &str, decision: &Decision) -> Result<(), String> {
        let approval = self.open_question(key)?;
        let is_new = approval.votes.iter().all(|vote| vote.by != decision.by);
        if decision.verdict != Verdict::Approved || !is_new || approval.votes.len() + 1 >= approval.quorum() {
            return Err(format!("approval \"{key}\" does not take such a vote"));
        }
        approval.votes.push(decision.clone());
        Ok(())
    }

    fn revoke(&mut self, key: &str, by: &str) -> Result<(), String> {
        let approval = self.approvals.get_mut(key).filter(|approval| approval.remembered().is_some());
        let approval = approval.ok_or_else(|| format!("approval \"{key}\" holds for no later call"))?;
        approval.revoked_by = Some(by.to_owned());
        Ok(())
    }

    fn open_question(&mut self, key: &str) -> Result<&mut Approval, String> {
        let approval = self.approvals.get_mut(key).filter(|approval| approval.is_open());
        approval.ok_or_else(|| format!("there is no open approval \"{key}\""))
    }

    fn consume(&mut self, key: &str, approval: &str) -> Result<(), String> {
        let wanted = self.effect(key).map(|effect| &effect.kind);
        let names_it = matches!(wanted, Some(EffectKind::CallTool { approval: Some(named), .. }) if named == approval);
        if !names_it {
            return Err(format!("effect \"{key}\" uses up approval \"{approval}\" and does not name it"));
        }
        let asked = self.approvals.get_mut(approval);
        let asked = asked.ok_or_else(|| format!("approval \"{approval}\" was not asked for"))?;
        if !asked.decision.as_ref().is_some_and(|decision| decision.verdict.is_yes()) {
            return Err(format!("approval \"{approval}\" was not given"));
        }
        if asked.consumed_by.replace(key.to_owned()).is_some_and(|before| before != key) {
            return Err(format!("approval \"{approval}\" was used before"));
        }
        Ok(())
    }

    fn happened(&mut self, event: &Event, used: &Usage) -> Result<(), String> {
        match (event.outcome(), &self.at) {
            (None, None) => self.ledger.settle("", used),
            (None, Some(_)) => return Err("the run had started".to_owned()),
            (Some(_), None) => return Err("the run had not started".to_owned()),
            (Some((key, outcome)), Some(_)) => {
                if !self.doubts.told(key, outcome)? {
                    self.take_intended(key)?;
                }
                let effect = self.effects.get(key).cloned().filter(|effect| effect.kind.ends_with(outcome));
                let effect = effect.ok_or_else(|| format!("effect \"{key}\" does not end with such an event"))?;
                self.ledger.settle(key, used);
                self.took_in(&effect, outcome)?;
                self.can_undo(&effect, outcome);
                self.waiting.ended(key);
                self.attempts.ended(key);
            }
        }
        Ok(())
    }

    /// Keeps in mind what an outcome means for the rest of the run.
    fn took_in(&mut self, Effect { key, kind, .. }: &Effect, outcome: &EffectOutcome) -> Result<(), String> {
        match outcome {
            EffectOutcome::ToolReturned(outcome) => {
                if let EffectKind::CallTool { call, .. } = kind {
                    self.known(call, outcome, || key.clone());
                }
            }
            EffectOutcome::Recalled(Recalled::Found(memories)) => {
                memories.iter().flat_map(|memory| &memory.labels).for_each(|label| self.labelled(*label, key));
                self.recalled.extend(memories.iter().map(|memory| memory.text.clone()));
            }
            EffectOutcome::Decided { decision } => self.decide(key, decision)?,
            EffectOutcome::CodeFinished(_)
            | EffectOutcome::ModelReplied(_)
            | EffectOutcome::Remembered(_)
            | EffectOutcome::Recalled(Recalled::Failed(_))
            | EffectOutcome::ResultRead(_) => {}
            EffectOutcome::Waited(waited) => self.waited(key, waited)?,
            EffectOutcome::RunsEnded(outcome) => self.runs_over(key, outcome)?,
        }
        Ok(())
    }

    /// Ends a wait. What a signal says came from outside.
    fn waited(&mut self, key: &str, waited: &Waited) -> Result<(), String> {
        match waited {
            Waited::Slept { at_ms } | Waited::TimedOut { at_ms } => {
                if self.waiting.due(key).is_none_or(|due_ms| *at_ms < due_ms) {
                    return Err(format!("effect \"{key}\" is not due at {at_ms}"));
                }
                if let Some(approval) = self.approvals.get_mut(key) {
                    approval.expired_ms = Some(*at_ms);
                }
            }
            Waited::Signalled(signal) => {
                self.waiting.take(signal)?;
                self.labelled(Label::Untrusted, key);
            }
            Waited::Failed(_) => {}
        }
        Ok(())
    }

    /// Keeps in mind which calls may have happened. Only an answer of the tool itself says that one did, or did not.
    fn known(&mut self, call: &ToolCall, outcome: &ToolOutcome, key: impl FnOnce() -> String) {
        match outcome {
            ToolOutcome::Unknown(_) => {
                self.unknown.entry(call.meaning()).or_insert_with(key);
            }
            ToolOutcome::Failed(fault) if fault.kind != Kind::GuestError => {}
            // To digest each call would cost what most runs never need.
            _ if self.unknown.is_empty() => {}
            _ => drop(self.unknown.remove(&call.meaning())),
        }
    }

    fn labelled(&mut self, label: Label, key: &str) {
        self.labels.entry(label).or_default().insert(key.to_owned());
    }

    fn take_intended(&mut self, key: &str) -> Result<(), String> {
        let place = self.intended.iter().position(|intended| intended == key);
        self.intended.remove(place.ok_or_else(|| format!("effect \"{key}\" was not in flight"))?);
        Ok(())
    }

    fn is_question(&self, key: &str) -> bool {
        self.effect(key).is_some_and(Effect::is_question)
    }

    fn is_wait(&self, key: &str) -> bool {
        self.effect(key).is_some_and(Effect::is_wait)
    }

    fn want(&mut self, effects: &[Effect]) -> Result<(), String> {
        for effect in effects {
            let key = effect.key().to_owned();
            if self.effects.insert(key.clone(), Arc::new(effect.clone())).is_some() {
                return Err(format!("effect \"{key}\" is wanted twice"));
            }
            self.wanted.push(key);
        }
        Ok(())
    }
}

/// The error where there is no run with this id.
pub fn unknown_run(run: RunId) -> Fault {
    Fault::new(Kind::NotFound, format!("there is no run \"{run}\"")).detail("run").hint(Hint::ListRuns)
}

/// The error with which a run has ended whose deadline has passed.
fn overdue(due_ms: u64) -> Fault {
    Fault::new(Kind::Deadline, format!("the run had to end until {}, and has not", utc(due_ms))).detail("run")
}

fn illegal(entry: &Entry, why: &str) -> Fault {
    let message = format!("entry {} of run {} is refused: {why}", entry.seq, entry.run);
    Fault::new(Kind::Journal, message).detail("entry")
}
