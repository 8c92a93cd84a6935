//! A new run that begins with a part of what another one did, and asks again from there.
//!
//! What stands in the part that both have was done by the first run: the new one has its outcomes, and does not do it again.
//! Behind that part it does everything anew, under keys of its own, so that no tool would know a repetition: what the first
//! run did there and may happen a second time has to be named.

use std::collections::BTreeSet;

use stockade_journal::each;
use stockade_workflow::{Budget, Change, EffectKind, Entry, Fault, Kind, RunId, RunState, Status, json, unknown_run};

use crate::new_run::History;
use crate::registry::Registry;
use crate::{Host, NewRun, Result};

/// The label of a run that was forked: the run of which.
pub(crate) const FORK: &str = "forked_from";

/// The label of a run that was forked behind its beginning: the number of the last entry that both have.
pub(crate) const FORK_AFTER: &str = "forked_after";

/// The most bytes of entries that a fork takes over: they are one commit.
const HISTORY_BYTES_MAX: u64 = 16 << 20;

/// How many keys a refusal names.
const KEYS_SHOWN: usize = 16;

impl Host {
    /// Returns the start of a run with the workflow, the input, the labels and the budget of another one, which begins as that
    /// run stood after one of its entries: 1 for its beginning. [`Host::start_run`] starts it. It has the labels `forked_from`
    /// and, behind the beginning, `forked_after`.
    ///
    /// The fork asks people again, and pays again. `repeat` names what the other run has performed behind that entry and what
    /// the fork may perform a second time: the keys of calls that may change something (with a slash and a number behind it
    /// where code made the call), of runs that were started, and of what was remembered.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`]: with detail `repeat` where `repeat` lacks something that was performed; with detail `entry`
    /// where something was in flight, waited or had ended at the entry, where a person had decided something by then, which
    /// holds for one run alone, or where the fork would undo what the other run did; with detail `parent` where the input carries
    /// labels from the run that has started the other one. Kind [`Kind::Invalid`] with detail `entry`
    /// where the run has no such entry, with detail `repeat` where it did not perform what is named. An unknown run, a journal
    /// that fails.
    pub async fn fork_of(&self, run: RunId, after: u64, repeat: &BTreeSet<String>) -> Result<NewRun> {
        self.read_to_fork(run, after).await?.fork(run, repeat)
    }

    /// Returns what a run has performed behind an entry and what a fork after that entry would have to name, as
    /// [`Host::fork_of`] says.
    ///
    /// # Errors
    ///
    /// An unknown run, a journal that fails.
    pub async fn performed_after(&self, run: RunId, after: u64) -> Result<BTreeSet<String>> {
        let read = self.read_to_fork(run, after).await?;
        read.whole.map(|_| read.performed).ok_or_else(|| unknown_run(run))
    }

    async fn read_to_fork(&self, run: RunId, after: u64) -> Result<Read<'_>> {
        if after == 0 {
            return Err(Fault::invalid(
                "entry",
                "a run is forked after one of its entries, of which the first has number 1",
            ));
        }
        let mut read = Read::new(&self.services.registry, after);
        each(&*self.services.journal, run, |entry| read.take(entry)).await?;
        Ok(read)
    }
}

/// A run, as far as it was read.
struct Read<'a> {
    registry: &'a Registry,
    after: u64,
    /// The whole run.
    whole: Option<RunState>,
    /// The run after the entry.
    at: Option<RunState>,
    /// What it was given at its beginning.
    budget: Budget,
    /// The changes up to the entry, but for the one that creates the run.
    history: Vec<Change>,
    bytes: u64,
    /// What it performed behind the entry.
    performed: BTreeSet<String>,
}

impl<'a> Read<'a> {
    fn new(registry: &'a Registry, after: u64) -> Self {
        let (history, performed) = (Vec::new(), BTreeSet::new());
        Self { registry, after, whole: None, at: None, budget: Budget::NONE, history, bytes: 0, performed }
    }

    fn take(&mut self, entry: Entry) -> Result<()> {
        let whole = match self.whole.take() {
            None => RunState::create(&entry)?,
            Some(mut whole) => {
                whole.apply(&entry)?;
                whole
            }
        };
        if entry.seq == self.after {
            self.at = Some(whole.clone());
        }
        if entry.seq > self.after {
            let performed = self.performed_by(&whole, &entry.change);
            self.performed.extend(performed);
        } else if let Change::Created { budget, .. } = &entry.change {
            self.budget = *budget;
        } else {
            self.bytes = self.bytes.saturating_add(json::bytes(&entry.change));
            self.check_size()?;
            self.history.push(entry.change);
        }
        self.whole = Some(whole);
        Ok(())
    }

    fn check_size(&self) -> Result<()> {
        let (allowed, used) = (HISTORY_BYTES_MAX, self.bytes);
        if used <= allowed {
            return Ok(());
        }
        let message = format!(
            "the entries up to {} have more than {allowed} bytes, which a fork would have to write at once; fork the run \
             after an earlier one",
            self.after
        );
        Err(Fault::limit(Kind::Conflict, "fork_bytes", allowed, used, message).detail("entry"))
    }

    /// The key of what begins with a change and may be more than a computation.
    fn performed_by(&self, whole: &RunState, change: &Change) -> Option<String> {
        match change {
            Change::Reserved { key, .. } if self.may_change(whole, key) => Some(key.clone()),
            Change::Calling { key, number, call } if self.registry.may_change(call) => Some(format!("{key}/{number}")),
            _ => None,
        }
    }

    fn may_change(&self, whole: &RunState, key: &str) -> bool {
        // What undoes something is no effect that the workflow wanted.
        let Some(effect) = whole.effect(key) else { return true };
        match &effect.kind {
            EffectKind::CallTool { call, .. } => self.registry.may_change(call),
            EffectKind::StartRuns(_) | EffectKind::Remember(_) => true,
            // The calls of code that may change something have entries of their own.
            EffectKind::RunCode(_)
            | EffectKind::AskModel(_)
            | EffectKind::Recall(_)
            | EffectKind::ReadResult(_)
            | EffectKind::RequestApproval { .. }
            | EffectKind::Sleep(_)
            | EffectKind::AwaitSignal(_) => false,
        }
    }

    fn fork(self, run: RunId, repeat: &BTreeSet<String>) -> Result<NewRun> {
        let Self { after, whole, at, history, performed, budget, .. } = self;
        let whole = whole.ok_or_else(|| unknown_run(run))?;
        let at = at.ok_or_else(|| {
            let message = format!("run {run} has {} entries, and none with number {after}", whole.seq());
            Fault::invalid("entry", message)
        })?;
        check_clean(&whole)?;
        check_all_named(run, after, &performed, repeat)?;
        let mut labels = whole.origin().labels.clone();
        labels.remove(FORK_AFTER);
        let new = NewRun::new(whole.workflow(), whole.input().value()).labels(labels).label(FORK, run.to_string());
        if history.is_empty() {
            return Ok(new.budget(*whole.ledger().budget()));
        }
        check_quiet(&at)?;
        let history = History { version: at.version(), changes: history };
        let new = new.label(FORK_AFTER, after.to_string()).budget(budget);
        Ok(NewRun { history: Some(history), ..new })
    }
}

/// Checks that the input of a run carries nothing from the run that has started it: a fork is started by no run, and would not
/// know of that.
fn check_clean(whole: &RunState) -> Result<()> {
    let carried = whole.origin().parent.as_deref().map(|parent| &parent.carried);
    if carried.is_none_or(|carried| carried.labels.is_empty() && !carried.takes_orders) {
        return Ok(());
    }
    let run = whole.run();
    let message = format!("run {run} was started by another run, whose labels its input carries; fork that one");
    Err(Fault::new(Kind::Conflict, message).detail("parent"))
}

/// Checks that all is named that a fork may do once more, and nothing else.
fn check_all_named(run: RunId, after: u64, performed: &BTreeSet<String>, repeat: &BTreeSet<String>) -> Result<()> {
    if let Some(other) = repeat.difference(performed).next() {
        let message = format!("run {run} has performed nothing under the key \"{other}\" behind entry {after}");
        return Err(Fault::invalid("repeat", message));
    }
    let unnamed: Vec<_> = performed.difference(repeat).map(|key| format!("\"{key}\"")).collect();
    if unnamed.is_empty() {
        return Ok(());
    }
    let shown = unnamed.iter().take(KEYS_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = unnamed.len().saturating_sub(KEYS_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!(
        "run {run} has performed {shown}{more} behind entry {after}, and its fork may do so a second time; name them in \
         \"repeat\" if it may, or fork the run after a later entry"
    );
    Err(Fault::new(Kind::Conflict, message).detail("repeat"))
}

/// Checks that a run stood between two of its steps, and that no person's word and no undo of it would be taken over.
fn check_quiet(at: &RunState) -> Result<()> {
    let refused = |why: String| {
        let message = format!("run {} cannot be forked after its entry {}: {why}", at.run(), at.seq());
        Err(Fault::new(Kind::Conflict, message).detail("entry"))
    };
    if let Some(effect) = at.in_flight().next() {
        return refused(format!("\"{}\" was in flight then", effect.key()));
    }
    let waits = at.waits().next().is_some() || at.open_approval().is_some() || at.open_doubts().next().is_some();
    if waits || at.status() != Status::Running || at.is_undoing() || at.settled().is_some() {
        let status = if at.is_undoing() { Status::Failed } else { at.status() };
        return refused(format!("it was {status} then, and waited for something or had ended"));
    }
    let decided = at.approvals().find(|approval| approval.decision.is_some() || !approval.votes.is_empty());
    if let Some(approval) = decided {
        return refused(format!(
            "a person had decided on \"{}\" by then, and a decision holds for one run",
            approval.key
        ));
    }
    if let Some(effect) = at.begun().find(|effect| effect.undo.is_some()) {
        return refused(format!("it had done \"{}\", and the fork would undo that if it failed", effect.key()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn a_fork_names_all_that_it_repeats_and_nothing_else() {
        let check = |performed: &[&str], repeat: &[&str]| {
            check_all_named(RunId::from_bytes([7; 16]), 3, &keys(performed), &keys(repeat))
        };
        assert_eq!(check(&[], &[]), Ok(()));
        assert_eq!(check(&["refund", "letter"], &["letter", "refund"]), Ok(()));
        let unnamed = check(&["letter", "refund"], &["letter"]).unwrap_err();
        assert_eq!((unnamed.kind, unnamed.detail.as_deref()), (Kind::Conflict, Some("repeat")));
        assert!(unnamed.message.contains("performed \"refund\" behind entry 3"), "{unnamed}");
        let other = check(&["refund"], &["refund", "refnud"]).unwrap_err();
        assert!(other.kind == Kind::Invalid && other.message.contains("\"refnud\""), "{other}");
    }
}
