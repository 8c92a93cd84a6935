//! How code that an agent wrote is run: as an effect, live, after a crash, and again to see that it does the same.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use stockade_sandbox::{Call, CallFromCode, Callee, Cell, CellOutcome, Left, Limits, Outcome, Place};
use stockade_workflow::{
    Change, Code, CodeCalls, CodeEnd, CodeOutcome, Effect, Entry, Event, Fault, Kind, RunId, RunState, Short, ToolCall,
    ToolOutcome, Usage,
};
use tokio::sync::{mpsc, oneshot};

use crate::Result;
use crate::executor::{Driver, Performed, is_answer, seed, unknown, within};
use crate::host::Inner;
use crate::journal::{CellRef, NewCell};
use crate::languages::{Languages, Loaded, TYPESCRIPT};
use crate::scratch::{Files, Scratch, changed};
use crate::sessions::{Kept, Sessions};
use crate::toolbox::Toolbox;

/// The most calls that one piece of code may make, whatever its run has left.
pub(crate) const CALLS_MAX: u64 = 10_000;

/// What a host has for code.
pub(crate) struct Coding {
    pub(crate) languages: Arc<Languages>,
    pub(crate) sessions: Sessions,
    /// What one piece of code may use, the tools that it calls included.
    pub(crate) limits: Limits,
    /// Where private directories are made.
    pub(crate) scratch: PathBuf,
}

/// What one piece of code may use where nobody says otherwise.
///
/// More than a call of a tool: an interpreter takes 50 to 100 times as many instructions as compiled code.
pub fn default_limits() -> Limits {
    Limits {
        // A second or less.
        fuel: 20_000_000_000,
        wall_us: 30_000_000,
        // CPython begins with 20 MiB.
        memory_bytes: 128 << 20,
        // CPython has 50,000 functions.
        table_elements: 100_000,
        host_calls: 100_000,
        host_us: 20_000_000,
        // The source, the input and the value.
        argument_bytes: 16 << 20,
        output_bytes: 8 << 20,
        hostcall_bytes: 64 << 20,
        // What code and its tools say to one another is journaled.
        host_bytes: 64 << 20,
        stdio_bytes: 256 << 10,
        ..Limits::default()
    }
}

/// What code may use, whether or not it calls tools, and the least without which it need not begin.
pub(crate) fn price(limits: &Limits, calls_tools: bool) -> (Usage, Usage) {
    let step = Usage { steps: 1, ..Usage::default() };
    let tool_calls = if calls_tools { CALLS_MAX } else { 0 };
    let Limits { fuel, memory_bytes, wall_us, .. } = *limits;
    let wish = Usage { fuel, memory_bytes_peak: memory_bytes, wall_us, tool_calls, ..step };
    (wish, Usage { fuel: 1, memory_bytes_peak: 1, wall_us: 1, ..step })
}

/// A call from code, on its way to the driver of the run.
struct Asked {
    name: String,
    arguments: Value,
    number: usize,
    left: Left,
    place: Arc<Place>,
    answer: oneshot::Sender<Outcome>,
}

/// Hands calls from code to the driver of the run, which journals them.
struct Asking(mpsc::Sender<Asked>);

#[async_trait]
impl Callee for Asking {
    async fn call(&self, call: CallFromCode<'_>) -> Outcome {
        let CallFromCode { name, arguments, number, left, place } = call;
        let (answer, answered) = oneshot::channel();
        let asked = Asked { name: name.to_owned(), arguments, number, left, place: Arc::clone(place), answer };
        let gone = || refused(Fault::new(Kind::HostBug, "nobody drives the run any more"));
        match self.0.send(asked).await {
            Ok(()) => answered.await.unwrap_or_else(|_| gone()),
            Err(_) => gone(),
        }
    }
}

/// Answers calls from code with what was recorded, and makes none.
struct Recorded {
    toolbox: Arc<Toolbox>,
    calls: CodeCalls,
}

#[async_trait]
impl Callee for Recorded {
    async fn call(&self, call: CallFromCode<'_>) -> Outcome {
        let made = made(&self.toolbox, call.name, call.arguments);
        match recorded(&self.calls, call.number, &made) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => refused(diverged(format!("it made call {} and had not before", call.number))),
            Err(fault) => refused(fault),
        }
    }
}

impl Driver {
    /// Runs code from its source to its outcome. What it did before a crash it does again, with the answers that it had.
    pub(crate) async fn run_code(&mut self, key: &str, code: &Code) -> Result<Performed> {
        let amount = self.amount(key);
        let (code, stripped) = match plain(&self.host, code, within(&self.host.coding.limits, &amount)).await {
            (Ok(code), used) => (code, used),
            (Err(ended), used) => return Ok(finished(key, unrun(ended), used)),
        };
        let mut prepared = match Prepared::new(&self.host, key, &self.state, &code).await {
            Ok(prepared) => prepared,
            Err(fault) => return Ok(finished(key, unrun(CodeEnd::Failed(fault)), stripped)),
        };
        let outcome = self.follow(key, &mut prepared, &amount).await?;
        let CellOutcome { result, mut usage, fuel, calls, stdout, stderr } = outcome;
        usage.add(&stripped);
        usage.tool_calls = usage.tool_calls.min(amount.tool_calls);
        let known = self.state.calls(key).all();
        let ended = match result {
            Ok(_) if calls < known.len() => {
                CodeEnd::Failed(diverged(format!("it made {calls} calls, and {} before", known.len())))
            }
            Ok(Ok(value)) => CodeEnd::Returned(value),
            Ok(Err(exception)) => CodeEnd::Raised(exception),
            Err(fault) => match self.cut(key, &self.host.coding.limits, &fault, &amount, &usage) {
                // Whatever it called is journaled, so that it can always be done again.
                Some(Short::Run(exceeded)) => return Ok(Performed::Cut(exceeded, usage)),
                Some(short) => CodeEnd::Failed(short.fault()),
                None => CodeEnd::Failed(fault),
            },
        };
        let files = prepared.changed_files()?;
        self.cell = prepared.kept(&self.host, &ended, self.state.run(), key);
        Ok(finished(key, CodeOutcome { ended, stdout, stderr, files, fuel }, usage))
    }

    /// Runs the code, and makes the calls that it asks for.
    async fn follow(&mut self, key: &str, prepared: &mut Prepared, amount: &Usage) -> Result<CellOutcome> {
        let (asks, mut asked) = mpsc::channel(1);
        let (limits, tool_calls) = (within(&self.host.coding.limits, amount), amount.tool_calls);
        let Prepared { kept, toolbox, code, id, .. } = prepared;
        let cell = cell(code, id, toolbox, Arc::new(Asking(asks)), limits, tool_calls);
        let mut running = pin!(kept.session.run(cell));
        loop {
            tokio::select! {
                biased;
                outcome = &mut running => return Ok(outcome),
                Some(asked) = asked.recv() => self.answer(key, toolbox, asked).await?,
            }
        }
    }

    async fn answer(&mut self, key: &str, toolbox: &Toolbox, asked: Asked) -> Result<()> {
        let Asked { name, arguments, number, left, place, answer } = asked;
        let outcome = match made(toolbox, &name, arguments) {
            Made::Call(call) => self.code_call(key, number, call, left, &place).await?,
            Made::Refused(call, fault) => {
                self.record(key, number, call, ToolOutcome::Failed(fault), Usage::default())?
            }
        };
        // Code that was stopped meanwhile waits for nothing.
        let _ = answer.send(outcome);
        Ok(())
    }

    /// Makes a call for code, unless it was made before.
    async fn code_call(
        &mut self,
        key: &str,
        number: usize,
        call: ToolCall,
        left: Left,
        place: &Place,
    ) -> Result<Outcome> {
        match recorded(self.state.calls(key), number, &Made::Call(call.clone())) {
            Ok(Some(outcome)) => return Ok(outcome),
            Err(fault) => return Ok(refused(fault)),
            Ok(None) => {}
        }
        let host = Arc::clone(&self.host);
        let tool = match host.tools.get(&call.tool) {
            Ok(tool) => tool,
            Err(fault) => return self.record(key, number, call, ToolOutcome::Failed(fault), Usage::default()),
        };
        let repeatable = host.tools.is_repeatable(tool);
        let under_way = self.state.calls(key).all().len() > number;
        if under_way && !repeatable {
            let why = "the host stopped while it was under way, and the tool is not declared idempotent";
            let unknown = ToolOutcome::Unknown(unknown(key, &call, why));
            return self.record(key, number, call, unknown, Usage::default());
        }
        if !tool.is_repeatable() && !under_way {
            self.push(Change::Calling { key: key.to_owned(), number, call: call.clone() })?;
            self.commit().await?;
        }
        let (own, id) = (host.limits(&call.tool), format!("{}/{key}/{number}", self.state.run()));
        let limits = left.of(own);
        let is_short = limits != *own;
        let performed = Call {
            function: &call.function,
            arguments: &call.arguments,
            idempotency_key: &id,
            seed: seed(&id),
            limits,
        };
        let Outcome { result, usage, .. } = tool.call_in(place, performed).await;
        let outcome = match result {
            Ok(value) => ToolOutcome::Returned(value),
            // What the code has left ended it; so it ends the code too, and with more of it it may be made again.
            Err(fault) if is_short && repeatable && matches!(fault.kind, Kind::Fuel | Kind::Deadline) => {
                return Ok(Outcome { usage, ..refused(fault) });
            }
            Err(fault) if !is_answer(&fault) && !tool.is_repeatable() => {
                ToolOutcome::Unknown(unknown(key, &call, &fault.message))
            }
            Err(fault) => ToolOutcome::Failed(fault),
        };
        let durable = !tool.is_repeatable();
        let outcome = self.record(key, number, call, outcome, usage)?;
        if durable {
            self.commit().await?;
        }
        Ok(outcome)
    }

    fn record(
        &mut self,
        key: &str,
        number: usize,
        call: ToolCall,
        outcome: ToolOutcome,
        used: Usage,
    ) -> Result<Outcome> {
        let answer = answered(&outcome, used);
        self.push(Change::Called { key: key.to_owned(), number, call, outcome, used })?;
        Ok(answer)
    }
}

/// Code with an instance to run in.
struct Prepared {
    kept: Kept,
    toolbox: Toolbox,
    code: Code,
    id: String,
    before: Files,
}

impl Prepared {
    async fn new(host: &Arc<Inner>, key: &str, state: &RunState, code: &Code) -> Result<Self> {
        let id = format!("{}/{key}", state.run());
        let toolbox = Toolbox::new(&host.tools, &code.tools)?;
        let cells = cells_of(host, code).await?;
        let kept = code.session.as_ref().and_then(|session| host.coding.sessions.take(session, &cells));
        let kept = match kept {
            Some(kept) if kept.language == code.language => kept,
            _ => restored(host, &id, code, &cells).await?,
        };
        let before = put(&kept, code)?;
        Ok(Self { kept, toolbox, code: code.clone(), id, before })
    }

    fn changed_files(&self) -> Result<BTreeMap<String, String>> {
        let Some(scratch) = &self.kept.scratch else { return Ok(BTreeMap::new()) };
        Ok(changed(&self.before, &scratch.files()?))
    }

    /// Keeps the instance for the session's next cell, and returns the cell that the session gets.
    fn kept(self, host: &Inner, ended: &CodeEnd, run: RunId, key: &str) -> Option<NewCell> {
        let session = self.code.session?;
        if !matches!(ended, CodeEnd::Returned(_) | CodeEnd::Raised(_)) {
            return None;
        }
        let number = self.kept.cells;
        host.coding
            .sessions
            .keep(&session, Kept { cells: number + 1, last: Some(CellRef { run, key: key.to_owned() }), ..self.kept });
        Some(NewCell { session, number, key: key.to_owned() })
    }
}

/// Returns the code as an interpreter takes it, TypeScript without its types, and what it cost to take them out.
async fn plain(host: &Inner, code: &Code, limits: Limits) -> (std::result::Result<Code, CodeEnd>, Usage) {
    if code.language != TYPESCRIPT {
        return (Ok(code.clone()), Usage::default());
    }
    let tool = match host.coding.languages.get(TYPESCRIPT).await {
        Ok(Loaded::Stripper(tool)) => tool,
        Ok(Loaded::Interpreter(_)) => return (Err(CodeEnd::Failed(no_stripper())), Usage::default()),
        Err(fault) => return (Err(CodeEnd::Failed(fault)), Usage::default()),
    };
    let arguments = serde_json::json!({"name": code.name.as_deref().unwrap_or("code"), "source": code.source});
    let call = Call { function: "strip", arguments: &arguments, idempotency_key: TYPESCRIPT, seed: 0, limits };
    let Outcome { result, usage, .. } = tool.call(call).await;
    // It is no call that the code made.
    let usage = Usage { tool_calls: 0, ..usage };
    let code = match result {
        Ok(Value::String(source)) => Ok(Code { language: "javascript".to_owned(), source, ..code.clone() }),
        Ok(_) => Err(CodeEnd::Failed(no_stripper())),
        Err(fault) => Err(match serde_json::from_str(&fault.message) {
            Ok(exception) if fault.kind == Kind::GuestError => CodeEnd::Raised(exception),
            _ => CodeEnd::Failed(fault),
        }),
    };
    (code, usage)
}

/// The language that an interpreter knows.
fn spoken(language: &str) -> &str {
    if language == TYPESCRIPT { "javascript" } else { language }
}

fn no_stripper() -> Fault {
    Fault::invalid("component", "the component of \"typescript\" does not take types out")
}

/// Returns the cells that the session of a piece of code has; none where it is of none.
async fn cells_of(host: &Inner, code: &Code) -> Result<Vec<CellRef>> {
    match &code.session {
        Some(session) => host.journal.cells(session).await,
        None => Ok(Vec::new()),
    }
}

/// Makes an instance, and runs in it the cells that its session has.
async fn restored(host: &Arc<Inner>, id: &str, code: &Code, cells: &[CellRef]) -> Result<Kept> {
    let interpreter = host.coding.languages.interpreter(spoken(&code.language)).await?;
    let wants_files = code.files.is_some() || code.session.is_some();
    let scratch = wants_files.then(|| Scratch::create(&host.coding.scratch)).transpose()?;
    let grants: Vec<_> = scratch.iter().map(Scratch::grant).collect();
    let first = cells.first().map_or_else(|| id.to_owned(), |cell| format!("{}/{}", cell.run, cell.key));
    let session = interpreter.session(&grants, seed(&first))?;
    let mut kept = Kept { session, scratch, language: spoken(&code.language).to_owned(), cells: 0, last: None };
    for cell in cells {
        let record = Record::read(host, cell).await?;
        if spoken(&record.code.language) != spoken(&code.language) {
            let message = format!("the session is in {} and the code in {}", record.code.language, code.language);
            return Err(Fault::invalid("session", message));
        }
        record.repeated_in(host, &mut kept).await?;
        kept.cells += 1;
        kept.last = Some(cell.clone());
    }
    Ok(kept)
}

fn put(kept: &Kept, code: &Code) -> Result<Files> {
    let Some(scratch) = &kept.scratch else { return Ok(Files::new()) };
    scratch.put(code.files.as_ref().unwrap_or(&BTreeMap::new()))?;
    scratch.files()
}

/// A piece of code that has ended, with all that it was given and came to.
pub(crate) struct Record {
    id: String,
    pub(crate) code: Code,
    pub(crate) calls: CodeCalls,
    pub(crate) outcome: CodeOutcome,
}

impl Record {
    /// Reads a piece of code from the journal.
    ///
    /// # Errors
    ///
    /// The run has no such code, or it has not ended.
    pub(crate) async fn read(host: &Inner, CellRef { run, key }: &CellRef) -> Result<Self> {
        let entries = host.journal.read(*run).await?;
        let state = RunState::fold(*run, &entries)?;
        let id = format!("{run}/{key}");
        let missing = || {
            let message =
                format!("run {run} has no code \"{key}\" that has ended; `stockade show {run}` tells what it has");
            Fault::new(Kind::NotFound, message).detail("code")
        };
        let Some(Effect::RunCode { code, .. }) = state.effect(key) else { return Err(missing()) };
        let outcome = entries.iter().find_map(|entry| ended(entry, key)).ok_or_else(missing)?;
        Ok(Self { id, code: code.clone(), calls: state.calls(key).clone(), outcome })
    }

    /// Runs it again, in an instance of its own.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Divergence`] where it does not do the same.
    pub(crate) async fn repeated(&self, host: &Arc<Inner>, cell: &CellRef) -> Result<()> {
        let cells = cells_of(host, &self.code).await?;
        let before = cells.iter().take_while(|other| *other != cell).cloned().collect::<Vec<_>>();
        let mut kept = restored(host, &self.id, &self.code, &before).await?;
        self.repeated_in(host, &mut kept).await
    }

    /// The fuel that it used, with that of the tools that it called.
    fn fuel(&self) -> u64 {
        let called = self.calls.all().iter().filter_map(|call| call.ended.as_ref()).map(|(_, used)| used.fuel);
        called.fold(self.outcome.fuel, u64::saturating_add)
    }

    async fn repeated_in(&self, host: &Inner, kept: &mut Kept) -> Result<()> {
        let code = match plain(host, &self.code, host.coding.limits.clone()).await.0 {
            Ok(code) => code,
            Err(ended) if self.outcome.ended == ended => return Ok(()),
            Err(_) => return Err(diverged(format!("\"{}\" is no TypeScript any more", self.id))),
        };
        let toolbox = Arc::new(Toolbox::new(&host.tools, &code.tools)?);
        let before = put(kept, &code)?;
        let callee = Arc::new(Recorded { toolbox: Arc::clone(&toolbox), calls: self.calls.clone() });
        // It had enough with what it used.
        let limits = host.coding.limits.clone().fuel(self.fuel());
        let cell = cell(&code, &self.id, &toolbox, callee, limits, CALLS_MAX);
        let CellOutcome { result, fuel, stdout, stderr, .. } = kept.session.run(cell).await;
        let ended = match result {
            Ok(Ok(value)) => CodeEnd::Returned(value),
            Ok(Err(exception)) => CodeEnd::Raised(exception),
            Err(fault) if fault.kind == Kind::Divergence => return Err(fault),
            Err(fault) => CodeEnd::Failed(fault),
        };
        let files = kept.scratch.as_ref().map(Scratch::files).transpose()?.unwrap_or_default();
        let again = CodeOutcome { ended, stdout, stderr, files: changed(&before, &files), fuel };
        self.outcome.difference(&again).map_or(Ok(()), |what| {
            Err(diverged(format!("\"{}\" came to another {what} when it was run again", self.id)))
        })
    }
}

/// Returns what the code of an effect came to, if this entry says so.
pub(crate) fn ended(entry: &Entry, wanted: &str) -> Option<CodeOutcome> {
    match &entry.change {
        Change::Stepped { event: Event::CodeFinished { key, outcome }, .. } if key == wanted => Some(outcome.clone()),
        _ => None,
    }
}

fn cell<'a>(
    code: &'a Code,
    id: &'a str,
    toolbox: &'a Toolbox,
    callee: Arc<dyn Callee>,
    limits: Limits,
    tool_calls: u64,
) -> Cell<'a> {
    Cell {
        name: code.name.as_deref().unwrap_or("code"),
        source: &code.source,
        input: &code.input,
        functions: toolbox.functions(),
        callee,
        place: toolbox.slots(),
        tool_calls,
        idempotency_key: id,
        limits,
    }
}

/// What a call from code means.
enum Made {
    Call(ToolCall),
    /// It means none that the code was given.
    Refused(ToolCall, Fault),
}

fn made(toolbox: &Toolbox, name: &str, arguments: Value) -> Made {
    match toolbox.call(name, arguments.clone()) {
        Ok(call) => Made::Call(call),
        Err(fault) => {
            let (tool, function) = name.split_once('.').unwrap_or((name, ""));
            Made::Refused(ToolCall::new(tool, function, arguments), fault)
        }
    }
}

/// Returns the answer that a call had before, if it was made before.
///
/// # Errors
///
/// Another call was made then.
fn recorded(calls: &CodeCalls, number: usize, made: &Made) -> Result<Option<Outcome>> {
    let (Made::Call(call) | Made::Refused(call, _)) = made;
    let Some(before) = calls.all().get(number) else { return Ok(None) };
    if before.call != *call {
        let (then, now) = (&before.call, call);
        let message = format!(
            "its call {number} is {}.{} and was {}.{}, or has other arguments",
            now.tool, now.function, then.tool, then.function
        );
        return Err(diverged(message));
    }
    let Some((outcome, used)) = &before.ended else { return Ok(None) };
    let used = if calls.is_settled(number) { Usage::default() } else { *used };
    Ok(Some(answered(outcome, used)))
}

fn answered(outcome: &ToolOutcome, used: Usage) -> Outcome {
    match outcome {
        ToolOutcome::Returned(value) => Outcome { result: Ok(value.clone()), ..answer(used) },
        ToolOutcome::Failed(fault) | ToolOutcome::Unknown(fault) => Outcome { usage: used, ..refused(fault.clone()) },
    }
}

fn answer(usage: Usage) -> Outcome {
    Outcome { result: Ok(Value::Null), usage, stdout: String::new(), stderr: String::new(), log: Vec::new() }
}

fn refused(fault: Fault) -> Outcome {
    Outcome { result: Err(fault), ..answer(Usage::default()) }
}

fn finished(key: &str, outcome: CodeOutcome, used: Usage) -> Performed {
    Performed::Happened(Event::CodeFinished { key: key.to_owned(), outcome }, used)
}

/// What code came to that did not run.
pub(crate) fn unrun(ended: CodeEnd) -> CodeOutcome {
    let (stdout, stderr) = (String::new(), String::new());
    CodeOutcome { ended, stdout, stderr, files: BTreeMap::new(), fuel: 0 }
}

fn diverged(why: String) -> Fault {
    Fault::new(Kind::Divergence, format!("code that is run again does not do the same: {why}"))
}
