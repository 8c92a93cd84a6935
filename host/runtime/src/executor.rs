//! The one place where effects are decided, performed and joined.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use stockade_sandbox::{Limits, Snippet};
use stockade_workflow::{
    Approval, Budget, Change, CodeEnd, CodeOutcome, Currency, Decision, Digest, Effect, Entry, Event, Exceeded, Fault,
    Kind, Machine, ModelOutcome, Move, Recalled, Remembered, RunId, RunState, Short, Status, Stop, ToolCall,
    ToolOutcome, Transition, Usage,
};

use crate::host::Inner;
use crate::journal::{Commit, NewCell, Summary};
use crate::task::{Ended, Task};
use crate::{Result, code, labels, promote};

/// How many effects of one run are under way at the same time; further ones wait. What they hold (slots of the pool,
/// connections to a provider) is shared with all other runs.
const EFFECTS_AT_ONCE: usize = 8;

/// Drives one run: plans what is wanted, makes the intents durable, performs them, and lets the workflow answer.
///
/// What one step changes (the event, the new state, the intents of the next effects) is one commit. Effects that are
/// wanted together are under way together; code is alone, for the driver journals its calls.
pub(crate) struct Driver {
    pub(crate) host: Arc<Inner>,
    machine: Arc<Machine>,
    pub(crate) state: RunState,
    /// Entries that the state has and the journal has not yet.
    batch: Vec<Entry>,
    /// The status that the journal has.
    told: Option<Status>,
    /// The effects whose intents this driver wrote; any others that are under way were left behind by a crash.
    mine: BTreeSet<String>,
    /// The cell that the next commit adds to a session of code.
    pub(crate) cell: Option<NewCell>,
}

/// How the performing of an effect ended.
pub(crate) enum Performed {
    Happened(Event, Usage),
    /// The run's budget ended it here, and it may be done again.
    Cut(Exceeded, Usage),
}

/// The effects that are under way now.
type UnderWay = FuturesUnordered<BoxFuture<'static, (Effect, Ended, Usage)>>;

impl Driver {
    /// Begins a run; nothing is written before the first commit.
    pub(crate) fn create(host: Arc<Inner>, machine: Arc<Machine>, run: RunId, created: Change) -> Result<Self> {
        let entry = Entry { run, seq: 1, at_ms: host.clock.now_ms(), change: created };
        let state = RunState::create(&entry)?;
        machine.step(None, Event::Started { input: state.input().clone() })?;
        Ok(Self { host, machine, state, batch: vec![entry], told: None, mine: BTreeSet::new(), cell: None })
    }

    /// Takes up a run that was read from the journal.
    pub(crate) fn take_up(host: Arc<Inner>, machine: Arc<Machine>, state: RunState) -> Result<Self> {
        if state.version() != machine.version() {
            let (run, was, is) = (state.run(), state.version(), machine.version());
            let message = format!(
                "run {run} was started by version {was} of its workflow and this is version {is}; use that one"
            );
            return Err(Fault::new(Kind::Conflict, message).detail("version"));
        }
        let told = Some(state.status());
        Ok(Self { host, machine, state, batch: Vec::new(), told, mine: BTreeSet::new(), cell: None })
    }

    pub(crate) fn state(&self) -> &RunState {
        &self.state
    }

    /// Goes on until the run ends, waits or is suspended; all of it is in the journal when this returns.
    ///
    /// Where it ends while effects are under way, they are dropped: its workflow did not want to wait for them.
    pub(crate) async fn drive(mut self) -> Result<RunState> {
        let (mut under_way, mut begun) = (UnderWay::new(), BTreeSet::new());
        loop {
            self.commit_planned().await?;
            if self.state.end().is_some() {
                return Ok(self.state);
            }
            if let Some(effect) = self.alone().filter(|_| under_way.is_empty()) {
                self.perform_alone(&effect).await?;
                continue;
            }
            let beginning: Vec<_> = self.beginning(&begun);
            for effect in beginning {
                begun.insert(effect.key().to_owned());
                under_way.push(self.task(&effect).perform(effect));
            }
            let Some((effect, ended, used)) = under_way.next().await else { return Ok(self.state) };
            begun.remove(effect.key());
            let performed = self.judged(&effect, ended, used);
            self.happened(&effect, performed)?;
        }
    }

    /// Makes what was changed so far durable.
    pub(crate) async fn commit(&mut self) -> Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let entries = std::mem::take(&mut self.batch);
        let status = self.state.status();
        let summary = (self.told != Some(status)).then(|| self.summary(status, &entries));
        let commit = Commit { entries, summary, cell: self.cell.take() };
        self.host.journal.commit(&commit).await?;
        self.told = Some(status);
        (self.host.observer)(&self.state, &commit.entries);
        self.host.telemetry.iter().for_each(|telemetry| telemetry.observe(&self.state, &commit.entries));
        Ok(())
    }

    /// Makes what was changed, and the intent that follows from it, durable in one commit.
    pub(crate) async fn commit_planned(&mut self) -> Result<()> {
        self.plan()?;
        self.commit().await
    }

    /// Adds to the run's budget.
    pub(crate) fn extend(&mut self, more: Budget) -> Result<()> {
        self.push(Change::Extended { more })
    }

    fn summary(&self, status: Status, entries: &[Entry]) -> Summary {
        let state = self.state.at().map(|(position, _)| position.to_owned()).unwrap_or_default();
        let updated_ms = entries.last().map_or(0, |entry| entry.at_ms);
        Summary { run_id: self.state.run(), workflow: self.state.workflow().to_owned(), status, state, updated_ms }
    }

    pub(crate) fn push(&mut self, change: Change) -> Result<()> {
        let (run, seq, at_ms) = (self.state.run(), self.state.seq() + 1, self.host.clock.now_ms());
        let entry = Entry { run, seq, at_ms, change };
        self.state.apply(&entry)?;
        self.batch.push(entry);
        Ok(())
    }

    /// Decides what comes next, until enough is under way or nothing more can be decided.
    fn plan(&mut self) -> Result<()> {
        while self.state.end().is_none() && self.state.suspended().is_none() {
            if self.state.at().is_none() {
                self.begin()?;
                continue;
            }
            let Some(effect) = self.state.wanted().next().cloned() else {
                return if self.is_stuck() { self.push(Change::Broken { fault: stuck(&self.state) }) } else { Ok(()) };
            };
            if !self.has_room_for(&effect) || !self.intend(&effect)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_stuck(&self) -> bool {
        !self.is_busy() && self.state.open_approval().is_none()
    }

    fn has_room_for(&self, effect: &Effect) -> bool {
        let mut others = self.state.under_way_now().peekable();
        effect.is_question()
            || others.peek().is_none()
            || !(self.is_alone(effect)
                || self.state.under_way_now().any(|other| self.is_alone(other))
                || others.count() >= EFFECTS_AT_ONCE)
    }

    /// Whether nothing else may be under way beside it.
    fn is_alone(&self, effect: &Effect) -> bool {
        match effect {
            Effect::RunCode { .. } => true,
            Effect::CallTool { call, .. } => matches!(self.host.snippet(&call.tool), Ok(Some(_))),
            _ => false,
        }
    }

    fn alone(&self) -> Option<Effect> {
        self.state.under_way_now().find(|effect| self.is_alone(effect)).cloned()
    }

    /// The effects under way that nobody performs yet. In a suspended run too, for each has what is set aside for it.
    fn beginning(&self, begun: &BTreeSet<String>) -> Vec<Effect> {
        let waiting = self.state.under_way_now().filter(|effect| !begun.contains(effect.key()));
        waiting.filter(|effect| !self.is_alone(effect)).cloned().collect()
    }

    fn begin(&mut self) -> Result<()> {
        let step = Usage { steps: 1, ..Usage::default() };
        match self.state.ledger().offer("", &step, &step) {
            Err(short) => self.push(Change::Suspended { exceeded: *short.exceeded(), cut: None }),
            Ok(_) => {
                let input = self.state.input().clone();
                self.step(Event::Started { input }, Usage::default())
            }
        }
    }

    /// Records an effect's intent, or why it cannot be had; returns whether there may be another one.
    fn intend(&mut self, effect: &Effect) -> Result<bool> {
        let (wish, least) = match self.permitted(effect).and_then(|()| self.price(effect)) {
            Ok(price) => price,
            Err(fault) => return self.refuse(effect, fault),
        };
        let ledger = self.state.ledger();
        let offer = ledger.offer(effect.key(), &wish, &least);
        if self.is_busy() && offer != ledger.without_reserved().offer(effect.key(), &wish, &least) {
            return Ok(false);
        }
        match offer {
            Ok(amount) => {
                let change = self.intent(effect, amount);
                self.push(change)?;
            }
            Err(Short::Run(exceeded)) => self.push(Change::Suspended { exceeded, cut: None })?,
            Err(short @ Short::Slice(..)) => return self.refuse(effect, short.fault()),
        }
        Ok(true)
    }

    /// Whether something is under way, which may give back some of what is set aside for it.
    fn is_busy(&self) -> bool {
        self.state.under_way_now().next().is_some()
    }

    /// Returns the change that records an effect's intent.
    fn intent(&mut self, effect: &Effect, amount: Usage) -> Change {
        let (key, labels) = (effect.key().to_owned(), labels::of(&self.host.tools, effect));
        match effect {
            Effect::RequestApproval { reason, call, .. } => match self.host.tools.binding(call) {
                Err(fault) => Change::Broken { fault },
                Ok(bound_to) => {
                    let (reason, call) = (reason.clone(), call.clone());
                    let approval = Approval { key, reason, call, bound_to, decision: None, consumed_by: None };
                    Change::Asked { approval: Box::new(approval), amount }
                }
            },
            Effect::CallTool { call, approval, .. } => {
                self.mine.insert(key.clone());
                let consumes = approval.clone().filter(|approval| self.approved(approval, call).is_ok());
                Change::Reserved { key, amount, consumes, labels }
            }
            _ => Change::Reserved { key, amount, consumes: None, labels },
        }
    }

    /// Checks what the operator allows only with a person's yes. One that is void is found out when the call is to be made.
    fn permitted(&self, effect: &Effect) -> Result<()> {
        match effect {
            Effect::CallTool { approval: Some(_), .. } => return Ok(()),
            Effect::CallTool { call, .. } => self.host.tools.unasked(&call.tool)?,
            _ => {}
        }
        labels::check(&self.host.tools, &self.state, effect)
    }

    /// Tells the workflow that an effect was not even begun; returns whether there may be another one.
    fn refuse(&mut self, effect: &Effect, fault: Fault) -> Result<bool> {
        let (key, nothing) = (effect.key().to_owned(), Usage::default());
        let step = Usage { steps: 1, ..nothing };
        if let Err(short) = self.state.ledger().offer("", &step, &step) {
            if self.is_busy() {
                return Ok(false);
            }
            self.push(Change::Suspended { exceeded: *short.exceeded(), cut: None })?;
            return Ok(true);
        }
        let (intent, event) = match failed(effect, fault.clone()) {
            Some(event) => (Change::Reserved { key, amount: nothing, consumes: None, labels: Vec::new() }, event),
            // A person is not asked, and the workflow hears a no: of a question there is no other end.
            None => (self.intent(effect, nothing), denied(key, &fault)),
        };
        self.push(intent)?;
        if self.state.end().is_none() {
            self.step(event, nothing)?;
        }
        Ok(true)
    }

    /// What an effect may use, and the least without which it need not begin; its outcome takes a step.
    fn price(&self, effect: &Effect) -> Result<(Usage, Usage)> {
        let step = Usage { steps: 1, ..Usage::default() };
        let call = match effect {
            Effect::CallTool { call, .. } => match self.host.snippet(&call.tool) {
                Ok(Some(snippet)) => return Ok(code::price(&self.host.coding.limits, !snippet.tools.is_empty())),
                _ => call,
            },
            Effect::RunCode { code, .. } => {
                return Ok(code::price(&self.host.coding.limits, !code.tools.is_empty()));
            }
            Effect::AskModel { key, question } => {
                let (wish, least) = self.host.asking(key, question)?.price()?;
                return Ok((Usage { steps: 1, ..wish }, Usage { steps: 1, ..least }));
            }
            Effect::Remember { note, .. } => return self.host.memory_price(&note.text),
            Effect::Recall { query, .. } => return self.host.memory_price(&query.text),
            _ => return Ok((step, step)),
        };
        let Limits { fuel, memory_bytes, wall_us, .. } = *self.host.limits(&call.tool);
        let call = Usage { tool_calls: 1, ..step };
        let wish = Usage { fuel, memory_bytes_peak: memory_bytes, wall_us, ..call };
        Ok((wish, Usage { fuel: 1, memory_bytes_peak: 1, wall_us: 1, ..call }))
    }

    fn approved(&self, approval: &str, call: &ToolCall) -> Result<()> {
        let missing =
            || Fault::new(Kind::Approval, format!("approval \"{approval}\" was never asked for")).detail("pending");
        let approval = self.state.approval(approval).ok_or_else(missing)?;
        approval.check(&self.host.tools.binding(call)?)
    }

    fn task(&self, effect: &Effect) -> Task {
        let key = effect.key();
        let refused = match effect {
            Effect::CallTool { call, approval: Some(approval), .. } => self.consumed(approval, key, call).err(),
            _ => None,
        };
        Task {
            host: Arc::clone(&self.host),
            run: self.state.run(),
            amount: self.amount(key),
            is_mine: self.mine.contains(key),
            refused,
            recalled: if matches!(effect, Effect::Remember { .. }) {
                self.state.recalled().to_vec()
            } else {
                Vec::new()
            },
            labels: self.state.labels().keys().copied().collect(),
        }
    }

    /// What is set aside for an effect.
    pub(crate) fn amount(&self, key: &str) -> Usage {
        self.state.ledger().reserved(key).copied().unwrap_or_default()
    }

    /// Tells a limit of the run from one of a single call, and what did not happen from what nobody knows.
    fn judged(&self, effect: &Effect, ended: Ended, used: Usage) -> Performed {
        let (key, amount) = (effect.key(), self.amount(effect.key()));
        let (call, fault) = match (ended, effect) {
            (Ended::As(event), _) => return self.whole(effect, event, &amount, used),
            (Ended::TimedOut(fault), _) => return self.timed_out(effect, fault, &amount, used),
            (Ended::Stopped(fault), Effect::CallTool { call, .. }) => (call, fault),
            (Ended::Stopped(fault), _) => return outcome(effect, fault, used),
        };
        let tool = self.host.tools.get(&call.tool);
        let is_repeatable = tool.as_ref().is_ok_and(|tool| self.host.tools.is_repeatable(tool));
        // A tool that answers knows what it has done. One that was stopped may have done it, idempotent or not.
        let changes_nothing = is_answer(&fault) || tool.is_ok_and(|tool| tool.is_repeatable());
        let returned = |outcome| Performed::Happened(Event::ToolReturned { key: key.to_owned(), outcome }, used);
        match self.cut(key, self.host.limits(&call.tool), &fault, &amount, &used) {
            Some(Short::Run(exceeded)) if is_repeatable => Performed::Cut(exceeded, used),
            Some(short @ Short::Slice(..)) if changes_nothing => returned(ToolOutcome::Failed(short.fault())),
            None if changes_nothing => returned(ToolOutcome::Failed(fault)),
            _ => returned(ToolOutcome::Unknown(unknown(key, call, &fault.message))),
        }
    }

    /// An answer that was cut off because the run had no more tokens or money for it is asked for again once it has.
    fn whole(&self, effect: &Effect, event: Event, amount: &Usage, used: Usage) -> Performed {
        let is_cut_off = matches!(
            &event,
            Event::ModelReplied { outcome: ModelOutcome::Replied(reply), .. } if reply.stop == Stop::Length
        );
        if !is_cut_off {
            return Performed::Happened(event, used);
        }
        let wish = self.price(effect).map_or(*amount, |(wish, _)| wish);
        let short = [Currency::Tokens, Currency::Money].into_iter().find(|limit| amount.get(*limit) < wish.get(*limit));
        short.map_or(Performed::Happened(event, used), |limit| self.shortened(effect, limit, used))
    }

    /// A model, or an embedding, that took longer than the run had left is asked again once it has more.
    fn timed_out(&self, effect: &Effect, fault: Fault, amount: &Usage, used: Usage) -> Performed {
        let wish = self.price(effect).map_or(0, |(wish, _)| wish.wall_us);
        if amount.wall_us >= wish {
            return outcome(effect, fault, used);
        }
        self.shortened(effect, Currency::Wall, used)
    }

    /// An effect that had too little of a currency: it is done again once the run has more, or fails by its share.
    fn shortened(&self, effect: &Effect, limit: Currency, used: Usage) -> Performed {
        match self.state.ledger().shortage(effect.key(), limit, used.get(limit)) {
            Short::Run(exceeded) => Performed::Cut(exceeded, used),
            short @ Short::Slice(..) => outcome(effect, short.fault(), used),
        }
    }

    async fn perform_alone(&mut self, effect: &Effect) -> Result<()> {
        let key = effect.key();
        let performed = match effect {
            Effect::RunCode { code, .. } => self.run_code(key, code).await?,
            Effect::CallTool { call, approval, .. } => match self.host.snippet(&call.tool)?.cloned() {
                Some(snippet) => self.call_code(key, call, approval.as_deref(), &snippet).await?,
                None => return Err(Fault::new(Kind::HostBug, "a tool that is no code was to be alone")),
            },
            _ => return Err(Fault::new(Kind::HostBug, "an effect that is no code was to be alone")),
        };
        self.happened(effect, performed)
    }

    fn happened(&mut self, effect: &Effect, performed: Performed) -> Result<()> {
        match performed {
            Performed::Happened(event, used) => self.step(event, used),
            Performed::Cut(exceeded, used) => {
                self.push(Change::Suspended { exceeded, cut: Some((effect.key().to_owned(), used)) })
            }
        }
    }

    /// Makes a call of a tool that is code.
    async fn call_code(
        &mut self,
        key: &str,
        call: &ToolCall,
        approval: Option<&str>,
        snippet: &Snippet,
    ) -> Result<Performed> {
        let returned = |outcome| Event::ToolReturned { key: key.to_owned(), outcome };
        let unmade = |outcome| Ok(Performed::Happened(returned(outcome), Usage::default()));
        if let Some(approval) = approval
            && let Err(outcome) = self.consumed(approval, key, call)
        {
            return unmade(outcome);
        }
        let code = match promote::code(snippet, &self.host.tools, &call.arguments) {
            Ok(code) => code,
            Err(fault) => return unmade(ToolOutcome::Failed(fault.tool(&call.tool))),
        };
        Ok(match self.run_code(key, &code).await? {
            Performed::Happened(Event::CodeFinished { outcome: CodeOutcome { ended, .. }, .. }, used) => {
                Performed::Happened(returned(tool_outcome(ended)), used)
            }
            other => other,
        })
    }

    /// Checks that the call's intent used up its approval, and that the yes is still to this call.
    fn consumed(&self, approval: &str, key: &str, call: &ToolCall) -> Result<(), ToolOutcome> {
        let used_up =
            self.state.approval(approval).is_some_and(|approval| approval.consumed_by.as_deref() == Some(key));
        if !used_up {
            let void =
                || Fault::new(Kind::Approval, format!("approval \"{approval}\" was void when it was to be used"));
            let fault = self.approved(approval, call).err().unwrap_or_else(|| void().detail("mismatch"));
            return Err(ToolOutcome::Failed(fault));
        }
        let now = self.host.tools.binding(call).map_err(ToolOutcome::Failed)?;
        let same = self.state.approval(approval).is_some_and(|approval| approval.bound_to == now);
        // The intent was written for another component or other grants, and it may have happened with those.
        let why = "its component or grants changed while it was under way";
        if same { Ok(()) } else { Err(ToolOutcome::Unknown(unknown(key, call, why))) }
    }

    /// The limit of the run's budget, or of a share of it, that cut a call short, if it was not the limit of a single
    /// call.
    pub(crate) fn cut(&self, key: &str, limits: &Limits, fault: &Fault, amount: &Usage, used: &Usage) -> Option<Short> {
        let (currency, allowed) = match fault.kind {
            Kind::Fuel => (Currency::Fuel, limits.fuel),
            Kind::Memory => (Currency::Memory, limits.memory_bytes),
            Kind::Deadline => (Currency::Wall, limits.wall_us),
            Kind::Agent if is_of_calls(fault) => (Currency::ToolCalls, code::CALLS_MAX),
            _ => return None,
        };
        if amount.get(currency) >= allowed {
            return None;
        }
        let mut short = self.state.ledger().shortage(key, currency, used.get(currency));
        if currency == Currency::Memory {
            let (Short::Run(exceeded) | Short::Slice(_, exceeded)) = &mut short;
            // What the guest asked for; it got less.
            exceeded.used = fault.breach.as_ref().map_or(0, |breach| breach.used);
        }
        Some(short)
    }

    /// Lets the workflow answer an event.
    pub(crate) fn step(&mut self, event: Event, used: Usage) -> Result<()> {
        let used = Usage { steps: 1, ..used };
        let at = self.state.at().map(|(position, state)| (position, state.clone()));
        let change = match self.machine.step(at, event.clone()) {
            Err(fault) => Change::Broken { fault },
            Ok(Move { position, transition: Transition { state, log, effects, slices, end } }) => {
                Change::Stepped { event, used, position: position.to_owned(), state, log, effects, slices, end }
            }
        };
        self.push(change)
    }
}

/// The event of an effect that ended with a fault; none for a question to a person.
fn failed(effect: &Effect, fault: Fault) -> Option<Event> {
    let key = effect.key().to_owned();
    Some(match effect {
        Effect::CallTool { .. } => Event::ToolReturned { key, outcome: ToolOutcome::Failed(fault) },
        Effect::RunCode { .. } => Event::CodeFinished { key, outcome: code::unrun(CodeEnd::Failed(fault)) },
        Effect::AskModel { .. } => Event::ModelReplied { key, outcome: ModelOutcome::Failed(fault) },
        Effect::Remember { .. } => Event::Remembered { key, outcome: Remembered::Failed(fault) },
        Effect::Recall { .. } => Event::Recalled { key, outcome: Recalled::Failed(fault) },
        _ => return None,
    })
}

/// The end of a question that nobody was asked.
fn denied(key: String, fault: &Fault) -> Event {
    let decision = Decision::deny("stockade").comment(Some(fault.message.clone()));
    Event::Decided { key, decision }
}

fn outcome(effect: &Effect, fault: Fault, used: Usage) -> Performed {
    let started = || Event::Started { input: serde_json::Value::Null };
    // A question to a person is never performed.
    Performed::Happened(failed(effect, fault).unwrap_or_else(started), used)
}

/// What the end of code is to whoever called it as a tool.
fn tool_outcome(ended: CodeEnd) -> ToolOutcome {
    match ended {
        CodeEnd::Returned(value) => ToolOutcome::Returned(value.to_string().into()),
        CodeEnd::Raised(exception) => ToolOutcome::Failed(Fault::new(Kind::GuestError, exception.to_string())),
        CodeEnd::Failed(fault) => ToolOutcome::Failed(fault),
        CodeEnd::Unknown(fault) => ToolOutcome::Unknown(fault),
    }
}

/// Narrows limits to what was set aside.
pub(crate) fn within(limits: &Limits, amount: &Usage) -> Limits {
    let Usage { fuel, memory_bytes_peak: memory_bytes, wall_us, .. } = *amount;
    Limits { fuel, memory_bytes, wall_us, ..limits.clone() }
}

/// Whether code was stopped because it may call no more tools.
fn is_of_calls(fault: &Fault) -> bool {
    fault.breach.as_ref().is_some_and(|breach| breach.limit == Currency::ToolCalls.name())
}

fn stuck(state: &RunState) -> Fault {
    let position = state.at().map_or("START", |(position, _)| position);
    Fault::new(Kind::HostBug, format!("the workflow wants nothing in state \"{position}\" and has not ended"))
        .detail("stuck")
}

pub(crate) fn unknown(key: &str, call: &ToolCall, why: &str) -> Fault {
    let ToolCall { tool, function, .. } = call;
    let message = format!("nobody knows whether {tool}.{function} (effect \"{key}\") happened: {why}");
    Fault::new(Kind::UnknownOutcome, message).tool(tool)
}

/// Returns whether a tool has ended by itself, or has not begun: its error case, a denial that it was given, arguments
/// that did not fit.
pub(crate) fn is_answer(fault: &Fault) -> bool {
    matches!(fault.kind, Kind::GuestError | Kind::Denied | Kind::Invalid | Kind::NotFound)
}

/// The seed of a call's random numbers: the same whenever the call is made again.
pub(crate) fn seed(id: &str) -> u64 {
    let digest = Digest::of(id.as_bytes());
    digest.hex().get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default()
}
