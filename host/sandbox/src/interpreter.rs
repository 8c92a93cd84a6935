mod ready;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use stockade_workflow::json::Bounds;
use stockade_workflow::{Exception, Fault, Grant, Json, Kind, Usage};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::Store;

use self::ready::Ready;
use crate::bindings::{Guest, GuestPre, code};
use crate::capability::tools::Calls;
use crate::outcome::micros;
use crate::spelling::Spelling;
use crate::state::{Rights, State};
use crate::watch::{Late, caught, overdue, watch};
use crate::{Component, Engine, HostMemory, Limits, Place, Result, Tool, ToolHandler, call, failure, values};

/// A language in which agents write code: a component of the world `interpreter`. A cheap handle.
///
/// The code is an argument of the component, and the tools that it may call are its only way out; it has no
/// capability but those that its session was granted.
#[derive(Clone)]
pub struct Interpreter {
    tool: Tool,
    pre: GuestPre<State>,
    ready: Option<Arc<Ready>>,
}

impl Interpreter {
    /// Links an interpreter.
    ///
    /// # Errors
    ///
    /// The component does not export `stockade:host/code`, or imports what is not offered.
    pub fn new(engine: &Engine, language: &str, component: Component) -> Result<Self> {
        let tool = Tool::new(engine, language, component, &[])?;
        let pre = GuestPre::new(tool.pre().clone()).map_err(|error| {
            let message = format!("the component of language \"{language}\" is no interpreter: {error}");
            Fault::invalid("component", message).tool(language)
        })?;
        Ok(Self { tool, pre, ready: None })
    }

    /// Keeps so many instances ready, for code with limits that differ from these in fuel, time and memory alone. Each
    /// holds slots of the pool; it is made in the background while code runs.
    #[must_use]
    pub fn keep_ready(self, count: usize, limits: Limits) -> Self {
        let ready = (count > 0).then(|| Arc::new(Ready::new(count, limits)));
        Self { ready, ..self }
    }

    pub(crate) fn tool(&self) -> &Tool {
        &self.tool
    }

    /// Returns the name of the language.
    pub fn language(&self) -> &str {
        self.tool.name()
    }

    /// Returns the component.
    pub fn component(&self) -> &Component {
        self.tool.component()
    }

    /// Returns how many slots of the pool code takes, beside the place for the tools that it calls.
    pub fn slots(&self) -> u32 {
        self.component().slots()
    }

    /// Begins a session, in which no code has run.
    ///
    /// Its random numbers come from the seed, and go on from one cell to the next. The grants are the host's own: they may be of
    /// what it keeps for itself.
    ///
    /// # Errors
    ///
    /// A grant cannot be honoured.
    pub fn session(&self, grants: &[Grant], seed: u64) -> Result<Session> {
        let (name, config) = (self.language(), self.tool.engine().config());
        let rights = match grants {
            [] => Arc::clone(self.tool.rights()),
            grants => Arc::new(Rights::of_host(name, self.component().asks(), grants, config)?),
        };
        Ok(Session { interpreter: self.clone(), rights, seed, live: None, taken: None })
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter").field("language", &self.language()).finish_non_exhaustive()
    }
}

/// A piece of code, with what it may use.
#[derive(Clone)]
pub struct Cell<'a> {
    /// What tracebacks call it: a file name without a folder.
    pub name: &'a str,
    /// The code.
    pub source: &'a str,
    /// What its variable `input` holds.
    pub input: &'a Json,
    /// What it may call.
    pub functions: &'a [CodeFunction],
    /// Who answers its calls.
    pub handler: Arc<dyn ToolHandler>,
    /// How many slots of the pool are kept for a call that it makes.
    pub place: u32,
    /// How many calls it may make.
    pub tool_calls: u64,
    /// What names it in errors, and to a guest that asks for `stockade:host/effect`.
    pub idempotency_key: &'a str,
    /// What it may use, the tools that it calls included.
    pub limits: Limits,
    /// The time at which its clock begins, in milliseconds since the Unix epoch; else that of every guest. Either moves
    /// only when it is read.
    pub begins_ms: Option<u64>,
}

/// A function that code may call as one of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeFunction {
    /// The names of tool and function, both identifiers: `purchases.find`.
    pub name: String,
    /// Its documentation string.
    pub docs: String,
    /// Its parameters: the name of each, and whether it may be left out.
    pub parameters: Vec<(String, bool)>,
    /// How its values are written.
    pub spelling: Spelling,
}

/// How a piece of code ended.
#[derive(Clone, Debug, PartialEq)]
pub struct CellOutcome {
    /// Its value, the exception that it did not catch, or what ended it.
    pub result: Result<std::result::Result<Json, Exception>>,
    /// What it used, the tools that it called included.
    pub usage: Usage,
    /// The fuel that it used itself.
    pub fuel: u64,
    /// How many calls it made.
    pub calls: usize,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl CellOutcome {
    fn refused(fault: Fault) -> Self {
        let (stdout, stderr) = (String::new(), String::new());
        Self { result: Err(fault), usage: Usage::default(), fuel: 0, calls: 0, stdout, stderr }
    }
}

/// Code that runs a cell at a time, each of which sees the variables of those before it.
///
/// While it lives it holds slots of the pool. A cell that is stopped takes the instance with it: then the session is
/// empty again, and a caller that recorded its cells can run them again.
pub struct Session {
    interpreter: Interpreter,
    rights: Arc<Rights>,
    seed: u64,
    live: Option<Live>,
    /// The slots that its first instance need not wait for.
    taken: Option<OwnedSemaphorePermit>,
}

/// An instance that goes on from cell to cell.
pub(crate) struct Live {
    store: Store<State>,
    guest: Option<Guest>,
    /// The fuel that its making took, until the first cell has paid for it.
    owed: u64,
    /// Last, so that the slots are free only when the store that fills them is gone.
    slots: OwnedSemaphorePermit,
}

impl Session {
    /// Returns whether there is an instance, which has the variables of the cells so far.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Returns how many slots of the pool the instance holds.
    pub fn slots(&self) -> usize {
        self.live.as_ref().map_or(0, |live| live.slots.num_permits())
    }

    /// Gives it a place in the pool, so that its first cell, which calls no tools, waits for none.
    #[must_use]
    pub fn in_place(self, place: Place) -> Self {
        Self { taken: place.into_slots(), ..self }
    }

    /// Runs a cell.
    ///
    /// The deadline counts from here, so it covers the wait for slots of the pool. Dropping the future stops the code.
    /// Needs a tokio runtime with its timer on.
    pub async fn run(&mut self, cell: Cell<'_>) -> CellOutcome {
        let outcome = match caught(self.performed(&cell)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(fault)) | Err(fault) => CellOutcome::refused(fault),
        };
        if outcome.result.is_err() {
            self.live = None;
        }
        CellOutcome { result: outcome.result.map_err(|fault| fault.call_id(cell.idempotency_key)), ..outcome }
    }

    async fn performed(&mut self, cell: &Cell<'_>) -> Result<CellOutcome> {
        let limits = &cell.limits;
        self.interpreter.tool.engine().host_memory().hold(0)?;
        let asked = Instant::now();
        let deadline = call::deadline(limits, asked);
        check_size(cell)?;
        let mut live = self.made_ready(cell, deadline).await?;
        let started = Instant::now();
        let host_time = Arc::clone(&live.store.data().context.host_time);
        let ended = watch(deadline, Some(&host_time), live.run(&self.interpreter.pre, cell)).await;
        let fuel_left = live.store.get_fuel().unwrap_or_default();
        let ended = match ended {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(failure::fault(&error, limits, limits.fuel.saturating_sub(fuel_left))),
            Err(Late::Host(parked)) => Err(parked),
            Err(Late::Deadline) => Err(overdue(limits.wall_us, deadline, "the code was still at work")),
        };
        let memory = self.interpreter.tool.engine().host_memory();
        let outcome = live.outcome(cell, memory, started, limits.fuel.saturating_sub(fuel_left), ended);
        self.live = Some(live);
        Ok(outcome)
    }

    /// Takes the instance, or makes the place for one, and arms every limit.
    async fn made_ready(&mut self, cell: &Cell<'_>, deadline: Instant) -> Result<Live> {
        let tool = &self.interpreter.tool;
        let wanted = tool.component().slots() + cell.place;
        let mut live = match self.live.take() {
            Some(live) if live.slots.num_permits() >= wanted as usize => live,
            // Its variables are worth more than the wait, and its slots are held: only the rest is waited for.
            Some(mut live) => {
                let missing = wanted.saturating_sub(u32::try_from(live.slots.num_permits()).unwrap_or(wanted));
                live.slots.merge(call::owned_slot(tool, missing, &cell.limits, deadline).await?);
                live
            }
            None => match self.ready(cell) {
                Some(mut live) => {
                    if cell.place > 0 {
                        live.slots.merge(call::owned_slot(tool, cell.place, &cell.limits, deadline).await?);
                    }
                    live
                }
                None => {
                    let slots = match self.taken.take().filter(|taken| taken.num_permits() >= wanted as usize) {
                        Some(taken) => taken,
                        None => call::owned_slot(tool, wanted, &cell.limits, deadline).await?,
                    };
                    let rights = Arc::clone(&self.rights);
                    let (key, seed) = (cell.idempotency_key, self.seed);
                    let store = call::store(tool, rights, &cell.limits, key, seed, Instant::now(), deadline);
                    let store = store.map_err(|error| failure::fault(&error, &cell.limits, 0))?;
                    Live { store, guest: None, owed: 0, slots }
                }
            },
        };
        let (handler, place) = (Arc::clone(&cell.handler), Arc::new(Place::new(cell.place)));
        let calls = Calls::new(handler, place, cell.tool_calls, tool.engine().host_memory().clone());
        let spellings = cell.functions.iter().map(|function| (function.name.clone(), function.spelling.clone()));
        let calls = calls.spelt(spellings);
        live.begin(cell, calls, deadline).map_err(|error| failure::fault(&error, &cell.limits, 0))?;
        Ok(live)
    }

    /// Takes an instance that is ready, and makes it this session's.
    fn ready(&self, cell: &Cell<'_>) -> Option<Live> {
        let mut live = self.interpreter.ready.as_ref()?.take(&self.interpreter, cell)?;
        live.store.data_mut().adopt(Arc::clone(&self.rights), self.seed).then_some(live)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (language, live) = (self.interpreter.language(), self.is_live());
        f.debug_struct("Session").field("language", &language).field("live", &live).finish_non_exhaustive()
    }
}

impl Live {
    fn begin(&mut self, cell: &Cell<'_>, calls: Calls, deadline: Instant) -> wasmtime::Result<()> {
        let state = self.store.data_mut();
        state.begin(&cell.limits, cell.idempotency_key, Instant::now(), deadline, calls);
        state.timers.clock.stand_at(cell.begins_ms);
        call::arm(&mut self.store, &cell.limits)?;
        let owed = std::mem::take(&mut self.owed);
        self.store.set_fuel(cell.limits.fuel.saturating_sub(owed))
    }

    /// Makes an instance before there is code for it.
    pub(crate) async fn instantiated(
        interpreter: &Interpreter,
        limits: &Limits,
        slots: OwnedSemaphorePermit,
        now: Instant,
    ) -> wasmtime::Result<Self> {
        let Interpreter { tool, pre, .. } = interpreter;
        let deadline = call::deadline(limits, now);
        let mut store = call::store(tool, Arc::clone(tool.rights()), limits, "", 0, now, deadline)?;
        let guest = pre.instantiate_async(&mut store).await?;
        let owed = limits.fuel.saturating_sub(store.get_fuel()?);
        Ok(Self { store, guest: Some(guest), owed, slots })
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        self.store.data().context.meter.memory_bytes_peak()
    }

    /// Everything that the guest does, its start-up included.
    async fn run(
        &mut self,
        pre: &GuestPre<State>,
        cell: &Cell<'_>,
    ) -> wasmtime::Result<std::result::Result<String, code::Exception>> {
        let guest = match self.guest.take() {
            Some(guest) => guest,
            None => pre.instantiate_async(&mut self.store).await?,
        };
        let input = cell.input.text().to_owned();
        let functions = cell.functions.iter().map(CodeFunction::bound).collect();
        let (name, source) = (cell.name.to_owned(), cell.source.to_owned());
        let code = code::Cell { name, source, input, functions };
        let result = guest.stockade_host_code().call_run(&mut self.store, &code).await?;
        self.guest = Some(guest);
        Ok(result)
    }

    fn outcome(
        &mut self,
        cell: &Cell<'_>,
        memory: &HostMemory,
        started: Instant,
        fuel: u64,
        ended: Result<std::result::Result<String, code::Exception>>,
    ) -> CellOutcome {
        let state = self.store.data_mut();
        let (stdout, stderr) = state.take_output();
        let (made, nested) = state.calls.take().map(|calls| (calls.made, calls.used)).unwrap_or_default();
        let usage = nested
            .fuel(fuel)
            .memory_bytes_peak(state.context.meter.memory_bytes_peak().max(nested.memory_bytes_peak))
            .wall_us(micros(started));
        let result = ended.and_then(|result| match result {
            Ok(text) => value(&text, cell.limits.output_bytes, memory).map(Ok),
            Err(exception) => Ok(Err(exception.into())),
        });
        CellOutcome { result, usage, fuel: fuel.saturating_sub(nested.fuel), calls: made, stdout, stderr }
    }
}

/// Refuses code and input that are larger than a call's arguments may be.
fn check_size(cell: &Cell<'_>) -> Result<()> {
    let (allowed, bytes) = (cell.limits.argument_bytes, cell.source.len() + json_bytes(cell.input));
    if bytes as u64 > allowed {
        let message = format!("code and input have {bytes} bytes and \"argument_bytes\" allows {allowed}");
        return Err(Fault::limit(Kind::Output, "argument_bytes", allowed, bytes as u64, message));
    }
    Ok(())
}

fn json_bytes(value: &Json) -> usize {
    if value.is_null() { 0 } else { value.text().len() }
}

fn value(text: &str, bytes_max: u64, memory: &HostMemory) -> Result<Json> {
    if text.len() as u64 > bytes_max {
        return Err(values::too_large("output_bytes", bytes_max, text.len() as u64));
    }
    // What all runs keep, with this text once more, stays within what the host has for values.
    memory.hold(text.len() as u64)?;
    Json::parse(text, &Bounds::OUTSIDE).map_err(|fault| match fault.breach {
        Some(_) => fault,
        None => Fault::new(Kind::Trap, format!("the interpreter returned what is not JSON: {fault}")).detail("json"),
    })
}

impl CodeFunction {
    fn bound(&self) -> code::Function {
        let parameter = |(name, optional): &(String, bool)| code::Parameter { name: name.clone(), optional: *optional };
        let parameters = self.parameters.iter().map(parameter).collect();
        code::Function { name: self.name.clone(), docs: self.docs.clone(), parameters }
    }
}

impl From<code::Exception> for Exception {
    fn from(exception: code::Exception) -> Self {
        let code::Exception { syntax, name, message, line, column, traceback } = exception;
        Self { syntax, name, message, line, column, traceback }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_code_ends_at_the_cap_of_the_values_of_all_calls() {
        let memory = HostMemory::new(100);
        assert_eq!(value("[ 1 ]", 100, &memory).unwrap().text(), "[1]");
        let others = memory.hold(98).unwrap();
        let fault = value("[ 1 ]", 100, &memory).unwrap_err();
        let breach = fault.breach.unwrap();
        assert_eq!((fault.kind, breach.limit.as_str(), breach.used), (Kind::HostMemory, "host_memory_bytes", 103));
        drop(others);
        assert_eq!(memory.used(), 0);
    }
}
