//! Code that is run for the first time, or for the first time to its end: the driver of its run makes the calls that it
//! asks for, each in the journal before it is made.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::Value;
use stockade_sandbox::{CallFromCode, Cell, CellOutcome, Left, Limits, Outcome, Place, Stdio, ToolHandler};
use stockade_workflow::{
    Change, Code, CodeEnd, CodeOutcome, Decision, Entry, Exceeded, Fault, Json, Kind, RunState, Shortfall, ToolCall,
    ToolOutcome, Usage,
};
use tokio::sync::{mpsc, oneshot};

use super::account::{Account, Stopped};
use super::attempts::{Attempt, CodeCalling};
use super::cell::{Made, cell, diverged, made, plain, put, refused, spoken};
use super::replay::{answered, cells_of, recorded, restored, size};
use super::unrun;
use crate::calls::{call_id, cut, unknown, unrepeated};
use crate::cells::{self, CellRef};
use crate::outputs::Output;
use crate::run_log::RunLog;
use crate::scratch::{Files, changed};
use crate::services::Services;
use crate::sessions::Kept;
use crate::toolbox::Toolbox;
use crate::{Registered, Result, results, standing};
use stockade_journal::{RowChange, each};

/// How the running of code ended.
pub(crate) enum Ran {
    Ended(CodeOutcome, Usage),
    /// The run's budget ended it here, and it can be run again.
    Cut(Exceeded, Usage),
    /// A person is asked about its call of this number, and then it is run again.
    Asks(usize, ToolCall, Usage),
}

/// Why a call ends the code that makes it.
pub(super) enum Halt {
    /// The run's journal has no room for it, or the run has no more calls.
    Short(Shortfall),
    /// A person is asked first.
    Asks(usize, ToolCall),
    /// What the code has left has ended the call. It may have happened, so the code does not go on without its outcome: with more
    /// left, both are done again.
    Cut(Fault),
}

/// A call from code, on its way to the driver of the run.
pub(super) struct CallOfCode {
    pub(super) name: String,
    pub(super) arguments: Value,
    pub(super) number: usize,
    /// The first of the calls that the code made together.
    pub(super) first: usize,
    pub(super) left: Left,
    pub(super) place: Arc<Place>,
    /// When it was asked for, which is when so much was left.
    pub(super) since: Instant,
    pub(super) answer: oneshot::Sender<Outcome>,
}

impl CallOfCode {
    fn new(call: CallFromCode<'_>, since: Instant) -> (Self, oneshot::Receiver<Outcome>) {
        let CallFromCode { name, arguments, number, first, left, place } = call;
        let (answer, answered) = oneshot::channel();
        let (name, place) = (name.to_owned(), Arc::clone(place));
        (Self { name, arguments, number, first, left, place, since, answer }, answered)
    }
}

/// Hands calls from code to the driver of the run, which journals them, those together that the code made together; and what it
/// writes to those who follow that.
struct ToDriver {
    calls: mpsc::Sender<Vec<CallOfCode>>,
    output: Arc<Output>,
}

#[async_trait]
impl ToolHandler for ToDriver {
    async fn call(&self, call: CallFromCode<'_>) -> Outcome {
        self.call_all(vec![call]).await.pop().unwrap_or_else(gone)
    }

    async fn call_all(&self, calls: Vec<CallFromCode<'_>>) -> Vec<Outcome> {
        let since = Instant::now();
        let (asked, answers): (Vec<_>, Vec<_>) = calls.into_iter().map(|call| CallOfCode::new(call, since)).unzip();
        // A driver that is gone drops what it is asked, and so is heard below.
        let _ = self.calls.send(asked).await;
        let mut outcomes = Vec::with_capacity(answers.len());
        for answer in answers {
            outcomes.push(answer.await.unwrap_or_else(|_| gone()));
        }
        outcomes
    }

    fn wrote(&self, stdio: Stdio, end: u64, lines: &str) {
        self.output.wrote(stdio, end, lines);
    }
}

fn gone() -> Outcome {
    refused(Fault::new(Kind::HostBug, "the run has no driver any more"))
}

impl RunLog {
    /// Runs code from its source to its outcome. What it did before a crash it does again, with the answers that it had.
    pub(crate) async fn run_code(&mut self, key: &str, code: &Code) -> Result<Ran> {
        self.leave_session();
        if let Some(session) = &code.session {
            let longest = Duration::from_micros(self.left_us(key));
            let turns = &self.host.coding.sessions;
            let turn = async {
                cells::check_name(session)?;
                turns.turn(session, longest).await
            };
            match turn.await {
                Ok(turn) => self.session_turn = Some(turn),
                Err(fault) => return Ok(Ran::Ended(unrun(CodeEnd::Failed(fault)), Usage::default())),
            }
        }
        let ran = self.run_code_in_turn(key, code).await;
        if !cells::is_changed_by(&self.index) {
            // It leaves nothing there.
            self.leave_session();
        }
        ran
    }

    async fn run_code_in_turn(&mut self, key: &str, code: &Code) -> Result<Ran> {
        let mut account = Account::new(self.amount(key));
        let most = self.host.coding.limits.clone();
        let most = most.clone().wall_us(most.wall_us.min(self.left_us(key)));
        let (source, stripped) = plain(&self.host, code, account.within(&most)).await;
        account.spent.add(&stripped);
        let source = match source {
            Ok(source) => source,
            Err(ended) => return Ok(Ran::Ended(unrun(ended), stripped)),
        };
        let mut prepared = match Prepared::new(&self.host, key, self.state(), code, source, &mut account).await {
            Ok(prepared) => prepared,
            Err(stopped) => return self.unprepared(key, stopped, account.spent),
        };
        let left = account.left();
        let limits = account.within(&most);
        let began_ms = if self.host.coding.real_clock { Some(self.wanted_ms(key).await?) } else { None };
        let (outcome, halt) = self.follow(key, &mut prepared, limits, left.tool_calls, began_ms).await?;
        let CellOutcome { result, mut usage, fuel, calls, stdout, stderr } = outcome;
        // Those of a call that did not end.
        usage.add(&self.state().calls(key).spent());
        usage.tool_calls = usage.tool_calls.min(left.tool_calls);
        usage.add(&account.spent);
        let (short, cut_by) = match halt {
            Some(Halt::Asks(number, call)) => return Ok(Ran::Asks(number, call, usage)),
            Some(Halt::Short(short)) => (Some(short), None),
            Some(Halt::Cut(fault)) => (None, Some(fault)),
            None => (None, None),
        };
        let known = self.state().calls(key).len();
        let ended = match result {
            Ok(_) if calls < known => CodeEnd::Failed(diverged(format!("it made {calls} calls, and {known} before"))),
            Ok(Ok(value)) => CodeEnd::Returned(value),
            Ok(Err(exception)) => CodeEnd::Raised(exception),
            Err(fault) => {
                let fault = cut_by.unwrap_or(fault);
                match short.or_else(|| cut(self, key, &most, &fault, &left, &usage)) {
                    // Whatever it called is journaled, so that it can always be done again.
                    Some(Shortfall::Run(exceeded)) => return Ok(Ran::Cut(exceeded, usage)),
                    Some(short) => CodeEnd::Failed(short.fault()),
                    None => CodeEnd::Failed(fault),
                }
            }
        };
        let (files, floats) = (prepared.changed_files()?, self.host.engine.floats().clone());
        let outcome = CodeOutcome { ended, stdout, stderr, files, fuel, began_ms, floats };
        let bytes = size(code, self.state().calls(key), &outcome);
        let cell = CellRef { run: self.state().run(), key: key.to_owned() };
        self.index.extend(prepared.kept(&self.host, &outcome.ended, cell, bytes));
        Ok(Ran::Ended(outcome, usage))
    }

    /// Returns when an effect was first wanted. It is in the journal, so that code that is run again after a crash finds the
    /// time that it had before.
    async fn wanted_ms(&self, key: &str) -> Result<u64> {
        let wanted = |entry: &Entry| matches!(&entry.change, Change::Reserved { key: of, .. } if of == key);
        let mut first = None;
        let find = |entry: Entry| {
            first = first.or_else(|| wanted(&entry).then_some(entry.at_ms));
            Ok(())
        };
        each(&*self.host.journal, self.state().run(), find).await?;
        let first = first.or_else(|| self.uncommitted().iter().find(|entry| wanted(entry)).map(|entry| entry.at_ms));
        Ok(first.unwrap_or_else(|| self.host.clock.now_ms()))
    }

    /// Returns how code ended that did not begin. Where the run had too little left to restore its session, nothing is lost:
    /// the code begins again once there is more.
    fn unprepared(&self, key: &str, stopped: Stopped, spent: Usage) -> Result<Ran> {
        let fault = match stopped {
            Stopped::Fault(fault) if fault.is_of_storage() => return Err(fault),
            Stopped::Fault(fault) => fault,
            Stopped::Shortfall(currency, needed) => match self.state().ledger().shortage(key, currency, needed) {
                Shortfall::Run(exceeded) => return Ok(Ran::Cut(exceeded, spent)),
                short @ Shortfall::SubBudget(..) => short.fault(),
            },
        };
        Ok(Ran::Ended(unrun(CodeEnd::Failed(fault)), spent))
    }

    /// Runs the code, and makes the calls that it asks for; returns why one of them has ended it, too.
    async fn follow(
        &mut self,
        key: &str,
        prepared: &mut Prepared<'_>,
        limits: Limits,
        tool_calls: u64,
        began_ms: Option<u64>,
    ) -> Result<(CellOutcome, Option<Halt>)> {
        let (calls, mut asked) = mpsc::channel(1);
        let output = self.host.outputs.of(self.state().run(), key);
        let Prepared { kept, toolbox, code, source, input, id, .. } = prepared;
        let handler = Arc::new(ToDriver { calls, output });
        let cell = cell(code, source, id, toolbox, handler, limits, tool_calls);
        let cell = Cell { input, begins_ms: began_ms, ..cell };
        let (mut running, mut halt) = (pin!(kept.session.run(cell)), None);
        loop {
            tokio::select! {
                biased;
                outcome = &mut running => return Ok((outcome, halt)),
                Some(asked) = asked.recv() => halt = self.answer_all(key, toolbox, asked, tool_calls).await?,
            }
        }
    }

    /// Answers a call, and returns the fuel that it used; or what ends the code instead, where the call cannot be made now.
    pub(super) async fn answer(
        &mut self,
        key: &str,
        toolbox: &Toolbox,
        asked: CallOfCode,
        tool_calls: u64,
    ) -> Result<Result<u64, Halt>> {
        let CallOfCode { name, arguments, number, left, place, since, answer, .. } = asked;
        let made = self.gated(key, number, toolbox, made(toolbox, &name, &arguments));
        let (Made::Call(call) | Made::Asks(call) | Made::Refused(call, _)) = &made;
        let known = recorded(self.state().calls(key), number, call);
        if matches!(known, Ok(None))
            && let Some(short) = self.short(key, number, call, tool_calls, 0)
        {
            let _ = answer.send(uncaught(short.fault()));
            return Ok(Err(Halt::Short(short)));
        }
        let outcome = match (known, made) {
            (Ok(Some(outcome)), _) => outcome,
            (Err(fault), _) => refused(fault),
            (Ok(None), Made::Asks(call)) => {
                let fault =
                    Fault::new(Kind::Approval, "a person is asked about the call, and the code goes on afterwards");
                let _ = answer.send(uncaught(fault));
                return Ok(Err(Halt::Asks(number, call)));
            }
            (Ok(None), Made::Call(call)) => {
                let (place, until) = (&*place, number.saturating_add(1));
                self.code_call(CodeCalling { key, number, until, call, left, tool_calls, place, since }).await?
            }
            (Ok(None), Made::Refused(call, fault)) => {
                self.record(key, number, call, ToolOutcome::Failed(fault), Usage::default()).await?
            }
        };
        let fuel = outcome.usage.fuel;
        let (outcome, cut) = self.unless_cut(key, number, outcome);
        // Code that was stopped meanwhile waits for nothing.
        let _ = answer.send(outcome);
        Ok(cut.map_or(Ok(fuel), |fault| Err(Halt::Cut(fault))))
    }

    /// Replaces the outcome of a call that has not ended by one that the code cannot catch, and returns what has cut the call.
    pub(super) fn unless_cut(&self, key: &str, number: usize, outcome: Outcome) -> (Outcome, Option<Fault>) {
        let cut = outcome.result.as_ref().err().filter(|_| !self.has_ended(key, number)).cloned();
        match cut {
            Some(fault) => (Outcome { usage: outcome.usage, ..uncaught(fault.clone()) }, Some(fault)),
            None => (outcome, None),
        }
    }

    pub(super) fn has_ended(&self, key: &str, number: usize) -> bool {
        self.state().calls(key).get(number).is_some_and(|call| call.ended.is_some())
    }

    /// What becomes of a call that a person must approve: it is made by an approval of its own, is refused, or is asked about.
    fn gated(&self, key: &str, number: usize, toolbox: &Toolbox, made: Made) -> Made {
        let call = match made {
            Made::Call(call) if toolbox.asks_first(&call.tool) => call,
            other => return other,
        };
        let question = format!("{key}/{number}");
        let Some(approval) = self.state().approval(&question) else {
            return match standing::no(self.state(), &call) {
                Some(no) => Made::Refused(call, denied_before(&no)),
                None => Made::Asks(call),
            };
        };
        // One that is in flight has used its approval up.
        let is_begun = approval.consumed_by.as_deref() == Some(question.as_str()) && approval.call == call;
        let checked = self.host.registry.binding(&call).and_then(|now| approval.check(&now));
        match checked {
            Err(fault) if !is_begun => Made::Refused(call, fault),
            Ok(()) | Err(_) => Made::Call(call),
        }
    }

    /// Makes a call for code that has no outcome yet, and makes it again as the configuration of its tool says.
    pub(super) async fn code_call(&mut self, calling: CodeCalling<'_>) -> Result<Outcome> {
        let (host, CodeCalling { key, number, call, .. }) = (Arc::clone(&self.host), &calling);
        let mut is_begun = self.may_have_happened(key, *number, call);
        let tool = match self.callable(&host, key, call, is_begun).await {
            Ok(tool) => tool,
            Err(ToolOutcome::Failed(fault)) if fault.is_of_storage() => return Err(fault),
            Err(outcome) => {
                let outcome = if is_begun { calling.in_doubt(outcome) } else { outcome };
                return self.record(key, *number, call.clone(), outcome, Usage::default()).await;
            }
        };
        let (id, durable) = (call_id(self, &format!("{key}/{number}"), call), !tool.changes_nothing());
        loop {
            let in_doubt = self.may_have_happened(key, *number, call);
            if durable && !is_begun {
                self.push(calling.intent())?;
                self.commit().await?;
            }
            self.holding.check().await?;
            let spent = self.state().calls(key).spent_by(*number);
            let attempt = calling.made(&host, tool, &id, &spent).await;
            let attempt = if in_doubt { attempt.after_doubt(&calling) } else { attempt };
            let (answer, wait) = self.taken(&calling, tool, attempt).await?;
            if durable {
                self.commit().await?;
            }
            let Some(wait) = wait else { return Ok(answer) };
            tokio::time::sleep(wait).await;
            is_begun = false;
        }
    }

    /// Whether a call of code may have changed something of which the journal has no outcome yet.
    fn may_have_happened(&self, key: &str, number: usize, call: &ToolCall) -> bool {
        let is_begun = self.state().calls(key).get(number).is_some_and(|call| call.may_have_happened);
        is_begun && self.host.registry.may_change(call)
    }

    /// Journals how an attempt ended, unless what the code has left ended it: that ends the code too, and with more of it the
    /// call may be made again. Returns the outcome, and after how long there is another attempt, if there is one.
    pub(super) async fn taken(
        &mut self,
        calling: &CodeCalling<'_>,
        tool: &Registered,
        attempt: Attempt,
    ) -> Result<(Outcome, Option<Duration>)> {
        if let Some(fault) = attempt.cut().filter(|_| tool.tells_repetitions()) {
            return Ok((Outcome { usage: attempt.used, ..refused(fault.clone()) }, None));
        }
        let wait = self.waits_for_another(calling, tool, &attempt);
        let answer = self.recorded(calling, attempt, wait.is_some()).await?;
        Ok((answer, wait))
    }

    /// Journals how an attempt at a call ended, after which there is another one or not.
    pub(super) async fn recorded(
        &mut self,
        calling: &CodeCalling<'_>,
        attempt: Attempt,
        again: bool,
    ) -> Result<Outcome> {
        let (CodeCalling { key, number, call, .. }, Attempt { outcome, used, .. }) = (calling, attempt);
        if !again {
            return self.record(key, *number, call.clone(), outcome, used).await;
        }
        let answer = answered(outcome.clone(), used);
        let (key, bytes) = ((*key).to_owned(), call.memory_bytes());
        self.push_call(Change::Retried { key, number: *number, call: call.clone(), outcome, used }, bytes).await?;
        Ok(answer)
    }

    /// Finds the tool of a call that may be made; else returns what comes of the call.
    pub(super) async fn callable<'a>(
        &mut self,
        host: &'a Services,
        key: &str,
        call: &ToolCall,
        in_flight: bool,
    ) -> Result<&'a Registered, ToolOutcome> {
        let tool = host.registry.get(&call.tool).map_err(ToolOutcome::Failed)?;
        let permitted = unrepeated(self, call).and(self.check_sink(key, &call.tool).await);
        permitted.map_err(ToolOutcome::Failed)?;
        if in_flight && !tool.tells_repetitions() {
            let why = "the host stopped while it was in flight, and the tool is not declared idempotent";
            return Err(ToolOutcome::Unknown(unknown(key, call, why)));
        }
        Ok(tool)
    }

    async fn record(
        &mut self,
        key: &str,
        number: usize,
        call: ToolCall,
        outcome: ToolOutcome,
        used: Usage,
    ) -> Result<Outcome> {
        let (bytes, mut used) = (call.memory_bytes() + outcome.memory_bytes(), used);
        used.add(&self.state().calls(key).spent_by(number));
        let answer = answered(outcome.clone(), used);
        self.push_call(Change::Called { key: key.to_owned(), number, call, outcome, used }, bytes).await?;
        Ok(answer)
    }
}

fn denied_before(no: &Decision) -> Fault {
    let why = no.comment.as_ref().map(|comment| format!(", saying: {comment}")).unwrap_or_default();
    Fault::new(Kind::Approval, format!("\"{}\" said no to this very call before{why}", no.by)).detail("rejected")
}

/// An answer of no kind that the code could catch.
fn uncaught(mut fault: Fault) -> Outcome {
    fault.kind = Kind::Journal;
    refused(fault)
}

/// Code with an instance to run in.
struct Prepared<'a> {
    kept: Kept,
    toolbox: Toolbox,
    code: &'a Code,
    source: Cow<'a, str>,
    input: Cow<'a, Json>,
    id: String,
    before: Files,
}

impl<'a> Prepared<'a> {
    async fn new(
        host: &Arc<Services>,
        key: &str,
        state: &RunState,
        code: &'a Code,
        source: Cow<'a, str>,
        account: &mut Account,
    ) -> std::result::Result<Self, Stopped> {
        let id = format!("{}/{key}", state.run());
        let toolbox = Toolbox::new(&host.registry, code)?;
        let input = results::input(&*host.journal, state.run(), code).await?;
        let cells = cells_of(host, code).await?;
        let kept = code.session.as_ref().and_then(|session| host.coding.sessions.take(session, &cells));
        let kept = match kept {
            Some(kept) if kept.language == spoken(&code.language) => kept,
            _ => restored(host, &id, code, &cells, account).await?,
        };
        if let Some(session) = &code.session {
            host.coding.sessions.limits.check(session, cells.len() as u64, kept.bytes)?;
        }
        let before = put(&kept, code)?;
        Ok(Self { kept, toolbox, code, source, input, id, before })
    }

    fn changed_files(&self) -> Result<BTreeMap<String, String>> {
        let Some(scratch) = &self.kept.scratch else { return Ok(BTreeMap::new()) };
        Ok(changed(&self.before, &scratch.files()?))
    }

    /// Keeps the instance for the session's next cell, and adds this one to the session.
    fn kept(self, host: &Services, ended: &CodeEnd, cell: CellRef, bytes: u64) -> Vec<RowChange> {
        let Some(session) = self.code.session.as_deref() else { return Vec::new() };
        if !matches!(ended, CodeEnd::Returned(_) | CodeEnd::Raised(_)) {
            return Vec::new();
        }
        let Kept { cells: number, last, bytes: before, .. } = &self.kept;
        let (number, bytes) = (*number, before.saturating_add(bytes));
        let stays = last.as_ref().map(|last| last.stays(session, number.saturating_sub(1)));
        let changes = stays.into_iter().chain([cell.added(session, number)]).collect();
        host.coding.sessions.keep(session, Kept { cells: number + 1, last: Some(cell), bytes, ..self.kept });
        changes
    }
}
