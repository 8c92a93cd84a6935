use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Approval, Change, CodeCalls, Effect, End, Entry, Event, Exceeded, Fault, Kind, Label, Ledger, Recalled, RunId,
    Usage, Verdict,
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
    input: Value,
    at: Option<(String, Value)>,
    log: Vec<String>,
    effects: BTreeMap<String, Effect>,
    wanted: Vec<String>,
    intended: Vec<String>,
    approvals: BTreeMap<String, Approval>,
    calls: BTreeMap<String, CodeCalls>,
    labels: BTreeMap<Label, BTreeSet<String>>,
    recalled: Vec<String>,
    ledger: Ledger,
    suspended: Option<Exceeded>,
    end: Option<End>,
}

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It goes on by itself, or would if a host drove it.
    Running,
    /// It waits for a person.
    Waiting,
    /// Its budget is used up, and what was under way has ended.
    Suspended,
    /// It ended with an output.
    Done,
    /// It ended with a fault.
    Failed,
}

impl Status {
    const NAMES: [(Self, &'static str); 5] = [
        (Self::Running, "running"),
        (Self::Waiting, "waiting"),
        (Self::Suspended, "suspended"),
        (Self::Done, "done"),
        (Self::Failed, "failed"),
    ];
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(status, _)| status == self).map_or("", |(_, name)| name);
        f.pad(name)
    }
}

impl FromStr for Status {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let found = Self::NAMES.iter().find(|(_, name)| *name == text);
        found.map(|(status, _)| *status).ok_or_else(|| {
            let names: Vec<_> = Self::NAMES.iter().map(|(_, name)| *name).collect();
            Fault::invalid("status", format!("\"{text}\" is not a run's status; those are {}", names.join(", ")))
        })
    }
}

impl RunState {
    /// Begins the fold with a run's first entry.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`] where it is not one that creates a run.
    pub fn create(entry: &Entry) -> Result<Self, Fault> {
        let Change::Created { workflow, version, input, budget } = &entry.change else {
            return Err(illegal(entry, "the first entry does not create the run"));
        };
        if entry.seq != 1 {
            return Err(illegal(entry, "the run does not begin with entry 1"));
        }
        Ok(Self {
            run: entry.run,
            created_ms: entry.at_ms,
            seq: 1,
            workflow: workflow.clone(),
            version: *version,
            input: input.clone(),
            at: None,
            log: Vec::new(),
            effects: BTreeMap::new(),
            wanted: Vec::new(),
            intended: Vec::new(),
            approvals: BTreeMap::new(),
            calls: BTreeMap::new(),
            labels: BTreeMap::new(),
            recalled: Vec::new(),
            ledger: Ledger::new(*budget),
            suspended: None,
            end: None,
        })
    }

    /// Folds all entries of a run.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where there are none, else as [`RunState::apply`].
    pub fn fold(run: RunId, entries: &[Entry]) -> Result<Self, Fault> {
        let Some((first, rest)) = entries.split_first() else {
            let message = format!("there is no run \"{run}\"; `stockade runs` lists them");
            return Err(Fault::new(Kind::NotFound, message).detail("run"));
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
        self.change(&entry.change).map_err(|why| illegal(entry, &why))
    }

    fn change(&mut self, change: &Change) -> Result<(), String> {
        match change {
            Change::Created { .. } => return Err("the run exists already".to_owned()),
            Change::Reserved { key, amount, consumes, labels } => {
                self.intend(key, *amount)?;
                labels.iter().for_each(|label| self.labelled(*label, key));
                if self.is_question(key) {
                    return Err(format!("effect \"{key}\" is a question, not a call"));
                }
                consumes.iter().try_for_each(|approval| self.consume(key, approval))?;
            }
            Change::Asked { approval, amount } => self.ask(approval, *amount)?,
            Change::Stepped { event, used, position, state, log, effects, slices, end } => {
                self.happened(event, used)?;
                self.at = Some((position.clone(), state.clone()));
                self.log.extend_from_slice(log);
                self.want(effects)?;
                slices.iter().for_each(|slice| self.ledger.slice(slice.clone()));
                self.end.clone_from(end);
            }
            Change::Calling { key, number, call } => self.under_way(key)?.begin(*number, call)?,
            Change::Called { key, number, call, outcome, used } => {
                self.under_way(key)?.end(*number, call, outcome, used)?;
            }
            Change::Suspended { exceeded, cut } => {
                if let Some((key, used)) = cut {
                    self.calls.entry(key.clone()).or_default().settle();
                    self.take_intended(key)?;
                    self.ledger.settle(key, used);
                    self.wanted.insert(0, key.clone());
                }
                self.suspended = Some(*exceeded);
            }
            Change::Extended { more } => {
                self.ledger.extend(more);
                self.suspended = None;
            }
            Change::Broken { fault } => self.end = Some(End::Failed(fault.clone())),
        }
        Ok(())
    }

    fn intend(&mut self, key: &str, amount: Usage) -> Result<(), String> {
        if self.suspended.is_some() {
            return Err("the run is suspended".to_owned());
        }
        let place = self.wanted.iter().position(|wanted| wanted == key);
        let key = self.wanted.remove(place.ok_or_else(|| format!("effect \"{key}\" is not wanted"))?);
        let left = self.ledger.offer(&key, &amount, &amount);
        left.map_err(|short| format!("effect \"{key}\" sets aside more than is left ({})", short.exceeded()))?;
        self.ledger.reserve(&key, amount);
        self.intended.push(key);
        Ok(())
    }

    fn ask(&mut self, approval: &Approval, amount: Usage) -> Result<(), String> {
        self.intend(&approval.key, amount)?;
        let wanted = match self.effects.get(&approval.key) {
            Some(Effect::RequestApproval { call, .. }) => *call == approval.call,
            _ => false,
        };
        if !wanted || !approval.is_open() || approval.consumed_by.is_some() {
            return Err(format!("approval \"{}\" is not the question that is wanted", approval.key));
        }
        self.approvals.insert(approval.key.clone(), approval.clone());
        Ok(())
    }

    fn consume(&mut self, key: &str, approval: &str) -> Result<(), String> {
        let names = match self.effects.get(key) {
            Some(Effect::CallTool { approval, .. }) => approval.as_deref(),
            _ => None,
        };
        if names != Some(approval) {
            return Err(format!("effect \"{key}\" uses up approval \"{approval}\" and does not name it"));
        }
        let asked = self.approvals.get_mut(approval);
        let asked = asked.ok_or_else(|| format!("approval \"{approval}\" was not asked for"))?;
        if asked.decision.as_ref().map(|decision| decision.verdict) != Some(Verdict::Approved) {
            return Err(format!("approval \"{approval}\" is not a yes"));
        }
        if asked.consumed_by.replace(key.to_owned()).is_some_and(|before| before != key) {
            return Err(format!("approval \"{approval}\" was used before"));
        }
        Ok(())
    }

    fn happened(&mut self, event: &Event, used: &Usage) -> Result<(), String> {
        match (event.key(), &self.at) {
            (None, None) => self.ledger.settle("", used),
            (None, Some(_)) => return Err("the run had started".to_owned()),
            (Some(_), None) => return Err("the run had not started".to_owned()),
            (Some(key), Some(_)) => {
                self.take_intended(key)?;
                if !self.is_outcome(key, event) {
                    return Err(format!("effect \"{key}\" does not end with such an event"));
                }
                self.ledger.settle(key, used);
            }
        }
        if let Event::Recalled { key, outcome: Recalled::Found(memories) } = event {
            memories.iter().flat_map(|memory| &memory.labels).for_each(|label| self.labelled(*label, key));
            self.recalled.extend(memories.iter().map(|memory| memory.text.clone()));
        }
        if let Event::Decided { key, decision } = event {
            let approval = self.approvals.get_mut(key).filter(|approval| approval.is_open());
            let approval = approval.ok_or_else(|| format!("there is no open approval \"{key}\""))?;
            approval.decision = Some(decision.clone());
        }
        Ok(())
    }

    fn labelled(&mut self, label: Label, key: &str) {
        self.labels.entry(label).or_default().insert(key.to_owned());
    }

    fn take_intended(&mut self, key: &str) -> Result<(), String> {
        let place = self.intended.iter().position(|intended| intended == key);
        self.intended.remove(place.ok_or_else(|| format!("effect \"{key}\" was not under way"))?);
        Ok(())
    }

    /// The calls of code that runs.
    fn under_way(&mut self, key: &str) -> Result<&mut CodeCalls, String> {
        if self.is_question(key) || !self.intended.iter().any(|intended| intended == key) {
            return Err(format!("effect \"{key}\" is no code that runs"));
        }
        Ok(self.calls.entry(key.to_owned()).or_default())
    }

    fn is_question(&self, key: &str) -> bool {
        self.effects.get(key).is_some_and(Effect::is_question)
    }

    fn is_outcome(&self, key: &str, event: &Event) -> bool {
        matches!(
            (self.effects.get(key), event),
            (Some(Effect::CallTool { .. }), Event::ToolReturned { .. })
                | (Some(Effect::RunCode { .. }), Event::CodeFinished { .. })
                | (Some(Effect::AskModel { .. }), Event::ModelReplied { .. })
                | (Some(Effect::Remember { .. }), Event::Remembered { .. })
                | (Some(Effect::Recall { .. }), Event::Recalled { .. })
                | (Some(Effect::RequestApproval { .. }), Event::Decided { .. })
        )
    }

    fn want(&mut self, effects: &[Effect]) -> Result<(), String> {
        for effect in effects {
            let key = effect.key().to_owned();
            if self.effects.insert(key.clone(), effect.clone()).is_some() {
                return Err(format!("effect \"{key}\" is wanted twice"));
            }
            self.wanted.push(key);
        }
        Ok(())
    }

    /// Returns what the run is doing.
    pub fn status(&self) -> Status {
        match &self.end {
            Some(End::Done(_)) => Status::Done,
            Some(End::Failed(_)) => Status::Failed,
            None if self.under_way_now().next().is_some() => Status::Running,
            None if self.suspended.is_some() => Status::Suspended,
            None if self.wanted.is_empty() && self.open_approval().is_some() => Status::Waiting,
            None => Status::Running,
        }
    }

    /// Returns the run's id.
    pub fn run(&self) -> RunId {
        self.run
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
    pub fn input(&self) -> &Value {
        &self.input
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
        self.wanted.iter().filter_map(|key| self.effects.get(key))
    }

    /// Returns the effects, but for questions to a person, that have an intent and no outcome yet.
    pub fn under_way_now(&self) -> impl Iterator<Item = &Effect> {
        self.intended.iter().filter_map(|key| self.effects.get(key)).filter(|effect| !effect.is_question())
    }

    /// Returns the marks of all that the run has taken in, each with the keys of the effects that brought it.
    pub fn labels(&self) -> &BTreeMap<Label, BTreeSet<String>> {
        &self.labels
    }

    /// Returns whether a model has a say in the run.
    pub fn asks_models(&self) -> bool {
        self.effects.values().any(|effect| matches!(effect, Effect::AskModel { .. }))
    }

    /// Returns the texts that the run has recalled from the long-term memory.
    pub fn recalled(&self) -> &[String] {
        &self.recalled
    }

    /// Returns an effect that was ever wanted, by its key.
    pub fn effect(&self, key: &str) -> Option<&Effect> {
        self.effects.get(key)
    }

    /// Returns the calls that code made, by the key of the effect that runs it.
    pub fn calls(&self, key: &str) -> &CodeCalls {
        const NONE: &CodeCalls = &CodeCalls::NONE;
        self.calls.get(key).unwrap_or(NONE)
    }

    /// Returns an approval by its key.
    pub fn approval(&self, key: &str) -> Option<&Approval> {
        self.approvals.get(key)
    }

    /// Returns all approvals that were asked for.
    pub fn approvals(&self) -> impl Iterator<Item = &Approval> {
        self.approvals.values()
    }

    /// Returns the approval that a person is waited for, if the run has not ended.
    pub fn open_approval(&self) -> Option<&Approval> {
        self.approvals.values().find(|approval| approval.is_open() && self.end.is_none())
    }

    /// Returns the run's account.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the limit that suspended the run, if one did.
    pub fn suspended(&self) -> Option<&Exceeded> {
        self.suspended.as_ref()
    }

    /// Returns how the run ended, if it did.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }
}

fn illegal(entry: &Entry, why: &str) -> Fault {
    let message = format!("entry {} of run {} is refused: {why}", entry.seq, entry.run);
    Fault::new(Kind::Journal, message).detail("entry")
}
