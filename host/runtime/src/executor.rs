//! The one place where effects are decided, performed and joined.

use std::sync::Arc;

use stockade_sandbox::{Call, Limits, Snippet};
use stockade_workflow::{
    Approval, Budget, Change, CodeEnd, CodeOutcome, Currency, Digest, Effect, Entry, Event, Exceeded, Fault, Kind,
    Machine, Move, RunId, RunState, Status, ToolCall, ToolOutcome, Transition, Usage,
};

use crate::host::Inner;
use crate::journal::{Commit, NewCell, Summary};
use crate::{Result, code, promote};

/// Drives one run: plans what is wanted, makes the intent durable, performs it, and lets the workflow answer.
///
/// What one step changes (the event, the new state, the intents of the next effects) is one commit. One call is
/// under way at a time.
pub(crate) struct Driver {
    pub(crate) host: Arc<Inner>,
    machine: Arc<Machine>,
    pub(crate) state: RunState,
    /// Entries that the state has and the journal has not yet.
    batch: Vec<Entry>,
    /// The status that the journal has.
    told: Option<Status>,
    /// The effect whose intent this driver wrote; any other that is under way was left behind by a crash.
    mine: Option<String>,
    /// The cell that the next commit adds to a session of code.
    pub(crate) cell: Option<NewCell>,
}

/// How the performing of an effect ended.
pub(crate) enum Performed {
    Happened(ToolOutcome, Usage),
    Coded(CodeOutcome, Usage),
    /// The run's budget ended it here, and it may be done again.
    Cut(Exceeded, Usage),
}

impl Driver {
    /// Begins a run; nothing is written before the first commit.
    pub(crate) fn create(host: Arc<Inner>, machine: Arc<Machine>, run: RunId, created: Change) -> Result<Self> {
        let entry = Entry { run, seq: 1, at_ms: host.clock.now_ms(), change: created };
        let state = RunState::create(&entry)?;
        machine.step(None, Event::Started { input: state.input().clone() })?;
        Ok(Self { host, machine, state, batch: vec![entry], told: None, mine: None, cell: None })
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
        Ok(Self { host, machine, state, batch: Vec::new(), told, mine: None, cell: None })
    }

    pub(crate) fn state(&self) -> &RunState {
        &self.state
    }

    /// Goes on until the run ends, waits or is suspended; all of it is in the journal when this returns.
    pub(crate) async fn drive(mut self) -> Result<RunState> {
        loop {
            self.commit_planned().await?;
            let Some(effect) = self.next_call() else { return Ok(self.state) };
            self.perform(&effect).await?;
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

    /// Decides what comes next, until a call is under way or nothing more can be decided.
    fn plan(&mut self) -> Result<()> {
        while self.state.status() == Status::Running && self.state.intended_call().is_none() {
            match (self.state.at(), self.state.wanted().cloned()) {
                (None, _) => self.begin()?,
                (Some(_), Some(effect)) => {
                    let change = self.intent(&effect);
                    self.push(change)?;
                }
                (Some(_), None) => self.push(Change::Broken { fault: stuck(&self.state) })?,
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        let step = Usage { steps: 1, ..Usage::default() };
        match self.state.ledger().offer(&step, &step) {
            Err(exceeded) => self.push(Change::Suspended { exceeded, cut: None }),
            Ok(_) => {
                let input = self.state.input().clone();
                self.step(Event::Started { input }, Usage::default())
            }
        }
    }

    /// Returns the change that records an effect's intent, or why it cannot be had.
    fn intent(&mut self, effect: &Effect) -> Change {
        let (wish, least) = self.price(effect);
        let amount = match self.state.ledger().offer(&wish, &least) {
            Ok(amount) => amount,
            Err(exceeded) => return Change::Suspended { exceeded, cut: None },
        };
        match effect {
            Effect::CallTool { key, call, approval } => {
                self.mine = Some(key.clone());
                let consumes = approval.clone().filter(|approval| self.approved(approval, call).is_ok());
                Change::Reserved { key: key.clone(), amount, consumes }
            }
            Effect::RunCode { key, .. } => Change::Reserved { key: key.clone(), amount, consumes: None },
            Effect::RequestApproval { key, reason, call } => match self.host.tools.binding(call) {
                Err(fault) => Change::Broken { fault },
                Ok(bound_to) => {
                    let (key, reason, call) = (key.clone(), reason.clone(), call.clone());
                    let approval = Approval { key, reason, call, bound_to, decision: None, consumed_by: None };
                    Change::Asked { approval: Box::new(approval), amount }
                }
            },
            _ => Change::Broken { fault: Fault::new(Kind::HostBug, "this host does not know the effect") },
        }
    }

    /// What an effect may use, and the least without which it need not begin; its outcome takes a step.
    fn price(&self, effect: &Effect) -> (Usage, Usage) {
        let step = Usage { steps: 1, ..Usage::default() };
        let call = match effect {
            Effect::CallTool { call, .. } => match self.host.snippet(&call.tool) {
                Ok(Some(snippet)) => return code::price(&self.host.coding.limits, !snippet.tools.is_empty()),
                _ => call,
            },
            Effect::RunCode { code, .. } => return code::price(&self.host.coding.limits, !code.tools.is_empty()),
            _ => return (step, step),
        };
        let Limits { fuel, memory_bytes, wall_us, .. } = *self.host.limits(&call.tool);
        let call = Usage { tool_calls: 1, ..step };
        let wish = Usage { fuel, memory_bytes_peak: memory_bytes, wall_us, ..call };
        (wish, Usage { fuel: 1, memory_bytes_peak: 1, wall_us: 1, ..call })
    }

    fn approved(&self, approval: &str, call: &ToolCall) -> Result<()> {
        let missing =
            || Fault::new(Kind::Approval, format!("approval \"{approval}\" was never asked for")).detail("pending");
        let approval = self.state.approval(approval).ok_or_else(missing)?;
        approval.check(&self.host.tools.binding(call)?)
    }

    fn next_call(&self) -> Option<Effect> {
        let running = self.state.status() == Status::Running;
        self.state.intended_call().filter(|_| running).cloned()
    }

    async fn perform(&mut self, effect: &Effect) -> Result<()> {
        let key = effect.key();
        let performed = match effect {
            Effect::CallTool { call, approval, .. } => {
                match self.host.snippet(&call.tool).map(|snippet| snippet.cloned()) {
                    Ok(Some(snippet)) => self.call_code(key, call, approval.as_deref(), &snippet).await?,
                    Ok(None) => self.call(key, call, approval.as_deref()).await,
                    Err(fault) => Performed::Happened(ToolOutcome::Failed(fault), Usage::default()),
                }
            }
            Effect::RunCode { code, .. } => self.run_code(key, code).await?,
            _ => return Ok(()),
        };
        let owned = || key.to_owned();
        match performed {
            Performed::Happened(outcome, used) => self.step(Event::ToolReturned { key: owned(), outcome }, used),
            Performed::Coded(outcome, used) => self.step(Event::CodeFinished { key: owned(), outcome }, used),
            Performed::Cut(exceeded, used) => self.push(Change::Suspended { exceeded, cut: Some((owned(), used)) }),
        }
    }

    async fn call(&self, key: &str, call: &ToolCall, approval: Option<&str>) -> Performed {
        let unmade = |outcome| Performed::Happened(outcome, Usage::default());
        let tool = match self.host.tools.get(&call.tool) {
            Ok(tool) => tool,
            Err(fault) => return unmade(ToolOutcome::Failed(fault)),
        };
        if let Some(approval) = approval
            && let Err(fault) = self.consumed(approval, key, call)
        {
            return unmade(fault);
        }
        let repeatable = self.host.tools.is_repeatable(tool);
        if self.mine.as_deref() != Some(key) && !repeatable {
            return unmade(ToolOutcome::Unknown(unknown(
                key,
                call,
                "the host stopped while it was under way, and the tool is not declared idempotent",
            )));
        }
        let amount = self.state.ledger().reserved(key).copied().unwrap_or_default();
        let limits = within(self.host.limits(&call.tool), &amount);
        let id = format!("{}/{key}", self.state.run());
        let made = Call {
            function: &call.function,
            arguments: &call.arguments,
            idempotency_key: &id,
            seed: seed(&id),
            limits,
        };
        let outcome = tool.call(made).await;
        match outcome.result {
            Ok(value) => Performed::Happened(ToolOutcome::Returned(value), outcome.usage),
            Err(fault) => match self.cut(self.host.limits(&call.tool), &fault, &amount, &outcome.usage) {
                Some(exceeded) if repeatable => Performed::Cut(exceeded, outcome.usage),
                Some(_) => Performed::Happened(ToolOutcome::Unknown(unknown(key, call, &fault.message)), outcome.usage),
                // A tool that answers knows what it has done. One that was stopped may have done it, idempotent or not.
                None if !is_answer(&fault) && !tool.is_repeatable() => {
                    Performed::Happened(ToolOutcome::Unknown(unknown(key, call, &fault.message)), outcome.usage)
                }
                None => Performed::Happened(ToolOutcome::Failed(fault), outcome.usage),
            },
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
        let unmade = |outcome| Ok(Performed::Happened(outcome, Usage::default()));
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
            Performed::Coded(CodeOutcome { ended, .. }, used) => Performed::Happened(tool_outcome(ended), used),
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

    /// The limit of the run's budget that cut a call short, if it was not the limit of a single call.
    pub(crate) fn cut(&self, limits: &Limits, fault: &Fault, amount: &Usage, used: &Usage) -> Option<Exceeded> {
        let (currency, allowed) = match fault.kind {
            Kind::Fuel => (Currency::Fuel, limits.fuel),
            Kind::Memory => (Currency::Memory, limits.memory_bytes),
            Kind::Deadline => (Currency::Wall, limits.wall_us),
            _ => return None,
        };
        let spent = self.state.ledger().spent().get(currency);
        let used = match currency {
            // What the guest asked for; it got less.
            Currency::Memory => fault.breach.as_ref().map_or(0, |breach| breach.used),
            _ => spent.saturating_add(used.get(currency)),
        };
        let exceeded = Exceeded { used, ..self.state.ledger().exceeded(currency) };
        (amount.get(currency) < allowed).then_some(exceeded)
    }

    /// Lets the workflow answer an event.
    pub(crate) fn step(&mut self, event: Event, used: Usage) -> Result<()> {
        let used = Usage { steps: 1, ..used };
        let at = self.state.at().map(|(position, state)| (position, state.clone()));
        let change = match self.machine.step(at, event.clone()) {
            Err(fault) => Change::Broken { fault },
            Ok(Move { position, transition: Transition { state, log, effects, end } }) => {
                Change::Stepped { event, used, position: position.to_owned(), state, log, effects, end }
            }
        };
        self.push(change)
    }
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
