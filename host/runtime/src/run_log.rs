//! The log of one run while this host drives it: entries are applied at once, and made durable together.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stockade_journal::{Commit, Row, RowChange, Summary, folded};
use stockade_sandbox::Held;
use stockade_workflow::{
    Change, Effect, EffectKind, EffectOutcome, Entry, Label, RunId, RunState, Status, ToolOutcome, Usage, WaitingFor,
};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::driving::Place;
use crate::lease::Holding;
use crate::marks::{self, Mark};
use crate::notice::Telling;
use crate::orders::{self, Order};
use crate::services::Services;
use crate::sessions::Turn;
use crate::shared_budgets::{Allotments, Exhausted};
use crate::{Result, cells, children, inbox, labels};

/// What the intent of an effect takes in the journal, beside its key and, where a person is asked, the effect itself.
pub(crate) const INTENT_BYTES: u64 = 1 << 10;

/// The memory of calls that are journaled at the end of their code; beyond it they are journaled at once.
const UNWRITTEN_BYTES_MAX: u64 = 16 << 20;

/// How many entries may wait for the commit of those that follow.
const WAITING_MAX: usize = 16;

/// One run with the right to write to it.
pub(crate) struct RunLog {
    pub(crate) host: Arc<Services>,
    state: RunState,
    /// Entries that the state has and the journal has not yet.
    batch: Vec<Entry>,
    /// What came into the run from outside takes so much of the host's memory.
    held: Held,
    /// The memory of what code called and got, of what the journal has not yet.
    unwritten_bytes: u64,
    /// The status that the journal has, and what it says that the run waits for.
    told: Option<(Status, BTreeSet<WaitingFor>)>,
    /// When the run falls due, as the journal has it.
    told_due_ms: Option<u64>,
    /// The effects whose intents this log has written; any others that are in flight were left behind by a crash.
    mine: BTreeSet<String>,
    /// Those of them that are calls of tools which change nothing.
    harmless: BTreeSet<String>,
    /// Those of these whose tools only compute.
    computed: BTreeSet<String>,
    /// Those of all of them that are calls of tools which tell a repetition by its key.
    repeatable: BTreeSet<String>,
    /// What the next commit changes in the journal's index.
    pub(crate) index: Vec<RowChange>,
    /// The turn of the code that ran last in its session, until what it leaves there is durable.
    pub(crate) session_turn: Option<Turn>,
    /// The effect that runs code, and the first of the calls that the code made together last: until the code ended, it has
    /// heard none of their answers.
    pub(crate) unheard_of: Option<(String, usize)>,
    /// The right to write to the run.
    pub(crate) holding: Holding,
    /// Whether a commit is made now.
    committing: Arc<AtomicBool>,
    /// Whether the lease is given back with the next commit, for another host is to drive the run.
    is_left: bool,
    /// Where this host lists it as driven; none once it stands still.
    place: Option<Place>,
    /// What runs left in stores, as the journal last had it, and the rows that say so.
    marks: Vec<Mark>,
    mark_rows: Vec<Row>,
    /// The runs that this one has started and that the journal has an order for, to be stopped.
    pub(crate) orphans: Vec<RunId>,
    /// All for which the journal has such an order.
    ordered: BTreeSet<RunId>,
    /// What the run has drawn of budgets that it shares with others.
    pub(crate) allotments: Allotments,
}

impl RunLog {
    /// Begins a run under this id; nothing is written before the first commit.
    pub(crate) fn create(host: Arc<Services>, run: RunId, created: Change) -> Result<Self> {
        let entry = Entry { run, seq: 1, at_ms: host.clock.now_ms(), change: created };
        let (state, holding) = (RunState::create(&entry)?, Holding::first(&host, run));
        Ok(Self { batch: vec![entry], ..Self::new(host, state, holding)? })
    }

    /// Goes on with a run that was read from the journal under this lease.
    pub(crate) fn go_on(host: Arc<Services>, state: RunState, holding: Holding) -> Result<Self> {
        let told = Some((state.status(), state.waiting_for()));
        let (told_due_ms, ordered) = (state.next_due_ms(), state.orphans().collect());
        Ok(Self { told, told_due_ms, ordered, ..Self::new(host, state, holding)? })
    }

    fn new(host: Arc<Services>, state: RunState, holding: Holding) -> Result<Self> {
        let place = Some(host.driving.enter(state.run())?);
        let held = host.engine.host_memory().held(state.memory_bytes());
        Ok(Self {
            host,
            state,
            batch: Vec::new(),
            held,
            unwritten_bytes: 0,
            told: None,
            told_due_ms: None,
            mine: BTreeSet::new(),
            harmless: BTreeSet::new(),
            computed: BTreeSet::new(),
            repeatable: BTreeSet::new(),
            index: Vec::new(),
            session_turn: None,
            unheard_of: None,
            holding,
            committing: Arc::default(),
            is_left: false,
            place,
            marks: Vec::new(),
            mark_rows: Vec::new(),
            orphans: Vec::new(),
            ordered: BTreeSet::new(),
            allotments: Allotments::default(),
        })
    }

    pub(crate) fn state(&self) -> &RunState {
        &self.state
    }

    pub(crate) fn into_state(self) -> RunState {
        self.state
    }

    /// Has the next commit give the run to whichever host takes it up.
    pub(crate) fn leave(&mut self) {
        self.is_left = true;
    }

    /// Returns the entries that are not in the journal yet.
    pub(crate) fn uncommitted(&self) -> &[Entry] {
        &self.batch
    }

    /// What is reserved for an effect.
    pub(crate) fn amount(&self, key: &str) -> Usage {
        self.state.ledger().reserved(key).copied().unwrap_or_default()
    }

    /// Whether an effect that is in flight was begun here, so that no host before may have performed it.
    pub(crate) fn is_mine(&self, key: &str) -> bool {
        self.mine.contains(key)
    }

    /// Says of an effect whose intent another log has written that no host has begun to perform it.
    pub(crate) fn adopt(&mut self, key: &str) {
        self.mine.insert(key.to_owned());
    }

    /// Tells whether a commit is made now: while one is, what this log is used by must not be dropped, for whether the
    /// commit was made would not be known.
    pub(crate) fn committing(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.committing)
    }

    /// Returns what is ordered of the run in this process; none where the run stands still, and may be another's by now.
    pub(crate) fn orders(&self) -> Option<watch::Receiver<Option<Order>>> {
        self.place.as_ref().map(Place::orders)
    }

    /// Counts what came into the run from outside on the host's memory.
    pub(crate) fn hold(&mut self, bytes: u64) {
        self.held.merge(self.host.engine.host_memory().held(bytes));
    }

    /// Adds an entry.
    pub(crate) fn push(&mut self, change: Change) -> Result<()> {
        let (run, seq, at_ms) = (self.state.run(), self.state.seq() + 1, self.host.clock.now_ms());
        let entry = Entry { run, seq, at_ms, change };
        self.state.apply(&entry)?;
        self.batch.push(entry);
        Ok(())
    }

    /// Adds the intent of an effect, and what it may leave in stores.
    pub(crate) fn intend(&mut self, effect: &Effect, intent: Change) -> Result<()> {
        let left = labels::left(&self.host.registry, &self.marks, &self.state, effect);
        self.index.extend(left.iter().map(Mark::added));
        self.mine.insert(effect.key().to_owned());
        self.sort(effect);
        self.push(intent)
    }

    /// Notes whether an effect leaves a trace.
    fn sort(&mut self, effect: &Effect) {
        let EffectKind::CallTool { call, .. } = &effect.kind else { return };
        let Ok(tool) = self.host.registry.get(&call.tool) else { return };
        if tool.changes_nothing() && !tool.is_code() {
            self.harmless.insert(effect.key().to_owned());
        }
        if tool.only_computes() {
            self.computed.insert(effect.key().to_owned());
        }
        if tool.tells_repetitions() && !tool.is_code() {
            self.repeatable.insert(effect.key().to_owned());
        }
    }

    /// Adds a call that code made, with its end. Many of them are not left to the end of the code.
    pub(crate) async fn push_call(&mut self, call: Change, bytes: u64) -> Result<()> {
        self.unwritten_bytes += bytes;
        self.hold(bytes);
        self.push(call)?;
        if self.unwritten_bytes > UNWRITTEN_BYTES_MAX { self.commit().await } else { Ok(()) }
    }

    /// The intent of an effect that a host performs.
    pub(crate) fn reserved(&self, effect: &Effect, amount: Usage, consumes: Option<&str>) -> Change {
        let own = labels::of(&self.host.registry, &self.marks, effect);
        let labels: BTreeSet<_> = own.into_iter().chain(labels::of_results(&self.state, effect)).collect();
        let labels = labels.into_iter().collect();
        let (key, due_ms) = (effect.key().to_owned(), self.due_ms(effect));
        Change::Reserved { key, amount, consumes: consumes.map(str::to_owned), labels, due_ms }
    }

    /// When an effect falls due whose intent is written now. What is tried again falls due as the first time.
    pub(crate) fn due_ms(&self, effect: &Effect) -> Option<u64> {
        if let Some(deferred) = self.state.deferred(effect.key()) {
            return deferred.due_ms;
        }
        let now_ms = self.host.clock.now_ms();
        let all_attempts_ms = self.within_ms(effect).map(|ms| now_ms.saturating_add(ms));
        effect.due_ms(now_ms).into_iter().chain(all_attempts_ms).min()
    }

    /// How long all attempts at an effect may take together.
    fn within_ms(&self, effect: &Effect) -> Option<u64> {
        match &effect.kind {
            EffectKind::CallTool { call, .. } => self.host.registry.retry(&call.tool)?.within_ms,
            EffectKind::RunCode(_)
            | EffectKind::AskModel(_)
            | EffectKind::Remember(_)
            | EffectKind::Recall(_)
            | EffectKind::ReadResult(_)
            | EffectKind::RequestApproval { .. }
            | EffectKind::Sleep(_)
            | EffectKind::AwaitSignal(_)
            | EffectKind::StartRuns(_) => None,
        }
    }

    /// What is reserved for an effect, but for time that is over only after its deadline.
    pub(crate) fn in_time(&self, key: &str) -> Usage {
        let amount = self.amount(key);
        amount.wall_us(amount.wall_us.min(self.left_us(key)))
    }

    /// How long an effect may take until its deadline has passed by the host's clock.
    pub(crate) fn left_us(&self, key: &str) -> u64 {
        let left_ms = |due_ms: u64| due_ms.saturating_sub(self.host.clock.now_ms()).saturating_add(1);
        self.state.due_ms(key).map_or(u64::MAX, |due_ms| left_ms(due_ms).saturating_mul(1_000))
    }

    /// The labels of all that the run has taken in.
    pub(crate) fn labels(&self) -> BTreeSet<Label> {
        labels::taken(&self.host.registry, &self.marks, &self.state).into_keys().collect()
    }

    /// Checks that an effect does not send what must not leave.
    pub(crate) fn check_flow(&self, effect: &Effect) -> Result<()> {
        labels::check(&self.host.registry, &self.marks, &self.state, effect)
    }

    /// Checks that a tool that can send may be called by code that runs: what others have left meanwhile in the stores that
    /// the code reads, it may have read.
    pub(crate) async fn check_sink(&mut self, key: &str, tool: &str) -> Result<()> {
        if !self.host.registry.get(tool).is_ok_and(|tool| self.host.registry.can_send(tool)) {
            return Ok(());
        }
        self.read_marks().await?;
        let effect = self.state.effect(key);
        effect.map_or(Ok(()), |effect| labels::check_sink(&self.host.registry, &self.marks, &self.state, effect, tool))
    }

    /// Reads what runs left in stores.
    pub(crate) async fn read_marks(&mut self) -> Result<()> {
        let rows = self.host.journal.find_each(&[(marks::SPACE, "")]).await?;
        self.know_marks(rows)
    }

    /// Takes note of what runs left in stores, as the journal has it: mostly as it was a step before.
    pub(crate) fn know_marks(&mut self, rows: Vec<Row>) -> Result<()> {
        if rows != self.mark_rows {
            self.marks = marks::read(rows.clone())?;
            self.mark_rows = rows;
        }
        Ok(())
    }

    /// Whether what was changed may wait for the commit of what follows it.
    ///
    /// It may where all of it is answers that a host gets again which asks once more, and calls of tools that only compute of
    /// which one is in flight: those of tools that change nothing, and what a tool has returned that tells a repetition by its
    /// key. Nothing was done by what was answered. Any other effect begins once all before it is durable, and any other outcome
    /// is durable before what follows it begins.
    pub(crate) fn may_wait(&self) -> bool {
        let is_little = !self.batch.is_empty() && self.batch.len() <= WAITING_MAX && self.index.is_empty();
        is_little
            && self.batch.iter().all(|entry| self.leaves_no_trace(&entry.change))
            && self.state.in_flight().any(|effect| self.computed.contains(effect.key()))
            && self.timer().is_none()
            && self.told == Some((self.state.status(), self.state.waiting_for()))
    }

    fn leaves_no_trace(&self, change: &Change) -> bool {
        if let Change::Reserved { key, consumes: None, .. } = change {
            return self.computed.contains(key);
        }
        let Change::Stepped { event, end: None, .. } = change else { return false };
        event.key().is_some_and(|key| self.harmless.contains(key))
            || matches!(event.outcome(), Some((key, EffectOutcome::ToolReturned(ToolOutcome::Returned(_))))
                if self.repeatable.contains(key))
    }

    /// Makes what was changed so far durable. What the journal does not take stays [uncommitted](Self::uncommitted), with what it
    /// changes in the index.
    pub(crate) async fn commit(&mut self) -> Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let orphans: Vec<_> = self.state.orphans().filter(|run| !self.ordered.contains(run)).collect();
        let of_kin = self.of_kin(&orphans).await?;
        let status = self.state.status();
        let stands = Some((status, self.state.waiting_for()));
        let updated_ms = self.batch.last().map_or(0, |entry| entry.at_ms);
        let summary = (self.told != stands).then(|| Summary::of(&self.state, updated_ms));
        // With the last commit for now, so that the next one to drive it need not wait.
        let (lease, releases) = (Some(self.holding.lease().clone()), self.is_left || self.stands_still(status));
        let asked = self.index.len();
        self.index.extend(self.timer());
        if releases {
            self.index.extend(self.kept()?);
        }
        self.index.extend(self.notices(summary.as_ref().map(|_| status))?);
        self.index.extend(of_kin);
        let entries = std::mem::take(&mut self.batch);
        self.unwritten_bytes = 0;
        let commit = Commit { lease, releases, entries, summary, index: std::mem::take(&mut self.index) };
        self.committing.store(true, Ordering::SeqCst);
        let begun = Instant::now();
        let committed = self.made(&commit).await;
        self.committing.store(false, Ordering::SeqCst);
        self.host.meters.commit(begun.elapsed(), committed.as_ref().err());
        if let Err(fault) = committed {
            (self.batch, self.index) = (commit.entries, commit.index);
            // The rest is of this commit, and made anew for the next one.
            self.index.truncate(asked);
            return Err(fault);
        }
        self.told = stands;
        self.ordered.extend(orphans.iter().copied());
        self.orphans.extend(orphans);
        self.committed(&commit);
        if commit.releases {
            self.allotments.give_back(&*self.host.journal).await;
        }
        Ok(())
    }

    /// What people are told with the next commit, with which the run begins to stand so, if it does.
    fn notices(&self, new: Option<Status>) -> Result<Vec<RowChange>> {
        let (all, now_ms) = (&self.host.notified, self.host.clock.now_ms());
        let telling = Telling { all, state: &self.state, now_ms };
        let mut rows = telling.overdue(&self.batch)?;
        if let Some(status) = new {
            rows.extend(telling.stands(status)?);
        }
        Ok(rows)
    }

    /// Makes a commit. Where the journal fails, it may have made the commit before: it is asked whether it has, and else once
    /// more to make it. What has happened is known here, and would be in doubt for any other driver.
    async fn made(&self, commit: &Commit) -> Result<()> {
        match self.host.journal.commit(commit).await {
            Err(fault) if fault.is_of_storage() => {}
            made => return made,
        }
        if self.is_there(commit).await.unwrap_or(false) {
            return Ok(());
        }
        match self.host.journal.commit(commit).await {
            // The first one was on its way still.
            Err(_) if self.is_there(commit).await.unwrap_or(false) => Ok(()),
            made => made,
        }
    }

    /// Whether the journal has a commit whose outcome is not known. While the lease is ours, no other host has written what is
    /// there; where it was given back with the commit, nothing is done any more that another could do as well.
    async fn is_there(&self, commit: &Commit) -> Result<bool> {
        if !commit.releases {
            self.host.journal.renew(self.holding.lease()).await?;
        }
        let Some(first) = commit.entries.first() else { return Ok(false) };
        let there = self.host.journal.read_after(first.run, first.seq - 1, usize::MAX).await?;
        Ok(there.starts_with(&commit.entries))
    }

    /// What the next commit says to other runs: that this one has ended, to the run that has started it; that they stop, to
    /// those for which it no longer waits.
    async fn of_kin(&mut self, orphans: &[RunId]) -> Result<Vec<RowChange>> {
        let now_ms = self.host.clock.now_ms();
        let stops = orphans.iter().map(|run| orders::of_parent(self.state.run(), *run, now_ms));
        let mut changes = stops.collect::<Result<Vec<_>>>()?;
        if let (Some(parent), Some(end)) = (self.state.origin().parent.clone(), children::end(&self.state)) {
            // What others have left in stores meanwhile, the run may have read.
            self.read_marks().await?;
            let told = children::told(&parent, &self.state, end, self.labels());
            changes.push(children::ended(&parent, &told, now_ms)?);
        }
        Ok(changes)
    }

    fn committed(&mut self, commit: &Commit) {
        // A piece of code that has begun to make calls has not left its session.
        if cells::is_changed_by(&commit.index) {
            self.leave_session();
        }
        // The hooks hear first: a host that closes may end as soon as the run is given up.
        self.host.hooks.committed(&self.state, &commit.entries);
        if let (Some(place), Some(last)) = (&self.place, commit.entries.last()) {
            place.committed(last.seq);
        }
        if commit.releases {
            self.holding.released();
            self.place = None;
        }
        self.told_due_ms = self.state.next_due_ms();
    }

    /// Whether nothing more can be done in the run now.
    fn stands_still(&self, status: Status) -> bool {
        match status {
            Status::Running | Status::Interrupted => false,
            Status::Waiting | Status::Suspended => {
                let now_ms = self.host.clock.now_ms();
                let may_try = status == Status::Waiting && self.state.ready(now_ms).is_some();
                let is_there = self.state.ended_wait(now_ms).is_some() || self.state.settled().is_some();
                let is_late = self.state.late_result(now_ms).is_some();
                !is_there && !is_late && !may_try && !self.state.is_overdue(now_ms)
            }
            Status::Paused | Status::Stopped | Status::Done | Status::Failed => true,
        }
    }

    /// Whether the lease was given back with the last commit.
    pub(crate) fn is_released(&self) -> bool {
        self.place.is_none()
    }

    /// Reads what the run has drawn of shared budgets.
    pub(crate) async fn read_allotments(&mut self) -> Result<()> {
        self.allotments.read(&*self.host.journal, &self.host.budgets, &self.state).await
    }

    /// Whether shared budgets allow that an amount is set aside, by what the run has drawn.
    pub(crate) fn is_allotted(&self, amount: &Usage) -> bool {
        self.allotments.allow(&self.state.ledger().taken_in_all(), amount)
    }

    /// Draws of shared budgets what an amount needs.
    pub(crate) async fn draw(&mut self, amount: &Usage) -> Result<Result<(), Exhausted>> {
        let (now_ms, taken) = (self.host.clock.now_ms(), self.state.ledger().taken_in_all());
        let drawn = self.allotments.draw(&*self.host.journal, now_ms, &taken, amount).await?;
        self.allotments.warnings().for_each(|(budget, used)| self.host.hooks.shared_budget(budget, &used));
        Ok(drawn)
    }

    /// What the run keeps of what it has drawn, now that it stands still.
    fn kept(&self) -> Result<Vec<RowChange>> {
        let (now_ms, taken) = (self.host.clock.now_ms(), self.state.ledger().taken_in_all());
        let journal = &*self.host.journal;
        self.allotments.kept(journal, &self.state, now_ms, self.state.suspended_by(), &taken)
    }

    /// The change of the journal's index that says when the run falls due, where that has changed.
    fn timer(&self) -> Option<RowChange> {
        let due_ms = self.state.next_due_ms();
        (due_ms != self.told_due_ms).then(|| inbox::timer(self.state.run(), due_ms))
    }

    /// Lets other code have its turn in the session of the code that ran last.
    pub(crate) fn leave_session(&mut self) {
        drop(self.session_turn.take());
    }

    /// Takes the run as the journal has it, and gives up what is not committed.
    pub(crate) async fn roll_back(&mut self) -> Result<()> {
        self.leave_session();
        self.state = folded(&*self.host.journal, self.state.run()).await?;
        self.batch.clear();
        self.index.clear();
        Ok(())
    }
}
