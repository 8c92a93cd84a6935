use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use serde_json::Value;
use stockade_workflow::json::{self, Bounds};
use stockade_workflow::{Fault, Kind, Usage};
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use self::bindings::stockade::host::tools::ToolError;
use super::Offer;
use crate::context::CallContext;
use crate::outcome::{GUEST_ERROR_IN_JSON, GUEST_ERROR_SILENT};
use crate::place::Place;
use crate::quote::quoted;
use crate::spelling::Spelling;
use crate::stop::Stop;
use crate::{Held, HostMemory, Limits, Outcome, Result, Stdio};

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        inline: "
            package stockade:sandbox;

            world guest {
                import stockade:host/tools@0.1.0;
            }
        ",
        imports: { default: trappable },
    });
}

/// Needs no grant: which tools code may call is for its [`ToolHandler`] to say. Of `code` there is nothing but its types, which an
/// import drags along.
pub(crate) const OFFER: Offer =
    Offer { capability: None, interfaces: &[("stockade:host/code", "0.1."), ("stockade:host/tools", "0.1.")] };

/// How many of the calls that code makes together a handler is given at once. Their answers are values of the host until the
/// code has them as texts, and only then are counted on the bytes that the code may be told.
const HANDED_AT_ONCE: usize = 32;

/// Answers the calls that code makes.
///
/// The implementation checks what may be called: it is asked for whatever name the code made up.
#[async_trait]
pub trait ToolHandler: Send + Sync {
    /// Performs a call.
    ///
    /// An outcome of kind [`Kind::GuestError`], [`Kind::Denied`], [`Kind::Invalid`], [`Kind::NotFound`],
    /// [`Kind::UnknownOutcome`] or of one call's limit is an exception in the code; any other fault ends the code.
    async fn call(&self, call: CallFromCode<'_>) -> Outcome;

    /// Performs calls that the code made before it waited for any of them, up to 32 at once, and returns their outcomes in the
    /// order of the calls; one after the other unless the implementation does better.
    ///
    /// # Errors
    ///
    /// As [`ToolHandler::call`].
    async fn call_all(&self, calls: Vec<CallFromCode<'_>>) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(calls.len());
        for call in calls {
            outcomes.push(self.call(call).await);
        }
        outcomes
    }

    /// Is told whole lines that the code has written to one of its outputs, as it writes them; `end` is how many bytes it had
    /// written there then. What does not end a line is in the outcome alone. This must not block.
    fn wrote(&self, stdio: Stdio, end: u64, lines: &str) {
        // Most have the outputs with the outcome.
        let _ = (stdio, end, lines);
    }
}

/// A call that code makes.
#[derive(Debug)]
pub struct CallFromCode<'a> {
    /// The function, as in `purchases.find`.
    pub name: &'a str,
    /// Its arguments, an object.
    pub arguments: Value,
    /// Which of the code's calls this is, from 0.
    pub number: usize,
    /// The number of the first of the calls that the code made together, this one among them: it has heard of none of their
    /// answers.
    pub first: usize,
    /// What the code itself has left: of it the call takes its share.
    pub left: Left,
    /// The place in the pool that the code keeps free for the tools that it calls.
    pub place: &'a Arc<Place>,
}

/// What code has left for the calls that it makes.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// Of its fuel.
    pub fuel: u64,
    /// Of its time, in microseconds.
    pub wall_us: u64,
    /// Of its calls, this one included.
    pub tool_calls: u64,
}

impl Left {
    /// Narrows the limits of a tool to what is left.
    #[must_use]
    pub fn of(&self, limits: &Limits) -> Limits {
        let (fuel, wall_us) = (limits.fuel.min(self.fuel), limits.wall_us.min(self.wall_us));
        Limits { fuel, wall_us, ..limits.clone() }
    }
}

/// The calls of the code that runs.
pub(crate) struct Calls {
    pub(crate) handler: Arc<dyn ToolHandler>,
    pub(crate) place: Arc<Place>,
    pub(crate) allowed: u64,
    pub(crate) made: usize,
    memory: HostMemory,
    /// What the calls cost, all together.
    pub(crate) used: Usage,
    /// How the values of functions are written.
    spellings: BTreeMap<String, Spelling>,
}

impl Calls {
    pub(crate) fn new(handler: Arc<dyn ToolHandler>, place: Arc<Place>, allowed: u64, memory: HostMemory) -> Self {
        Self { handler, place, allowed, made: 0, memory, used: Usage::default(), spellings: BTreeMap::new() }
    }

    /// Writes the values of functions as their languages do, by the functions' names.
    pub(crate) fn spelt(self, spellings: impl IntoIterator<Item = (String, Spelling)>) -> Self {
        Self { spellings: spellings.into_iter().collect(), ..self }
    }

    fn read(&self, name: &str, arguments: Value) -> Value {
        match self.spellings.get(name) {
            Some(spelling) => spelling.read(arguments),
            None => arguments,
        }
    }

    fn text(&self, name: &str, answer: &Value) -> String {
        self.spellings.get(name).map_or_else(|| answer.to_string(), |spelling| spelling.text(answer))
    }

    fn next(&mut self) -> wasmtime::Result<(usize, u64)> {
        let (number, left) = (self.made, self.allowed.saturating_sub(self.made as u64));
        if left == 0 {
            return Err(Stop::limit(Kind::Agent, "tool_calls", self.allowed, self.allowed.saturating_add(1)));
        }
        self.made += 1;
        Ok((number, left))
    }
}

/// The calls of code that runs.
pub(crate) struct View<'a> {
    /// Nothing where no code runs.
    pub(crate) calls: &'a mut Option<Calls>,
    pub(crate) context: &'a mut CallContext,
}

/// What the code gets for a call: the JSON of the value, or an error that it can catch.
type Answer = std::result::Result<String, ToolError>;

/// A call of code that is about to be handed on.
struct Asked {
    arguments: Value,
    number: usize,
    /// How many calls the code has left, this one included.
    tool_calls: u64,
    handler: Arc<dyn ToolHandler>,
    place: Arc<Place>,
    /// The memory of the arguments, until the call has ended.
    _held: Held,
}

impl Asked {
    fn call<'a>(&'a mut self, name: &'a str, first: usize, (fuel, wall_us): (u64, u64)) -> CallFromCode<'a> {
        let Self { arguments, number, tool_calls, place, .. } = self;
        let left = Left { fuel, wall_us, tool_calls: *tool_calls };
        CallFromCode { name, arguments: arguments.take(), number: *number, first, left, place }
    }
}

/// Links `stockade:host/tools`.
///
/// By hand, for a call takes of the fuel of the code that makes it.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    linker.instance("stockade:host/code@0.1.0")?;
    let mut tools = linker.instance("stockade:host/tools@0.1.0")?;
    tools.func_wrap_async("call", move |mut store: StoreContextMut<'_, T>, (name, arguments): (String, String)| {
        Box::new(async move { Ok((call(&mut store, view, &name, &arguments).await?,)) })
    })?;
    tools.func_wrap_async("call-all", move |mut store: StoreContextMut<'_, T>, (calls,): (Vec<(String, String)>,)| {
        Box::new(async move { Ok((call_all(&mut store, view, &calls).await?,)) })
    })
}

async fn call<T>(
    store: &mut StoreContextMut<'_, T>,
    view: fn(&mut T) -> View<'_>,
    name: &str,
    arguments: &str,
) -> wasmtime::Result<Answer> {
    let mut asked = match ask(store, view, name, arguments)? {
        Ok(asked) => asked,
        Err(error) => return Ok(Err(error)),
    };
    let (handler, number, left) = (Arc::clone(&asked.handler), asked.number, left(store, view)?);
    let outcome = handler.call(asked.call(name, number, left)).await;
    pay(store, view, std::iter::once(&outcome.usage))?;
    told(store, view, name, outcome.result)
}

async fn call_all<T>(
    store: &mut StoreContextMut<'_, T>,
    view: fn(&mut T) -> View<'_>,
    calls: &[(String, String)],
) -> wasmtime::Result<Vec<Answer>> {
    // All of them are counted before any is made: a list that is too long ends the code, and nothing has happened.
    let (mut asked, mut refused) = (Vec::new(), Vec::new());
    for piece in calls.chunks(HANDED_AT_ONCE) {
        for (name, arguments) in piece {
            match ask(store, view, name, arguments)? {
                Ok(call) => {
                    asked.push((name, call));
                    refused.push(None);
                }
                Err(error) => refused.push(Some(error)),
            }
        }
        // However long the list is, others have their turn, and the code its deadline.
        tokio::task::yield_now().await;
        view(store.data_mut()).context.in_time(Instant::now())?;
    }
    let first = asked.first().map_or(0, |(_, call)| call.number);
    let mut answered = Vec::with_capacity(asked.len());
    for piece in asked.chunks_mut(HANDED_AT_ONCE) {
        answered.extend(answered_together(store, view, piece, first).await?);
    }
    let mut answered = answered.into_iter();
    let answers = refused.into_iter().map(|refusal| refusal.map_or_else(|| answered.next(), |error| Some(Err(error))));
    let answers: Option<Vec<_>> = answers.collect();
    answers.ok_or_else(|| wasmtime::Error::new(Stop(no_outcome())))
}

/// Has calls made that the code made together, and tells the code how each of them ended.
async fn answered_together<T>(
    store: &mut StoreContextMut<'_, T>,
    view: fn(&mut T) -> View<'_>,
    calls: &mut [(&String, Asked)],
    first: usize,
) -> wasmtime::Result<Vec<Answer>> {
    let Some(handler) = calls.first().map(|(_, call)| Arc::clone(&call.handler)) else { return Ok(Vec::new()) };
    let left = left(store, view)?;
    let outcomes = handler.call_all(calls.iter_mut().map(|(name, call)| call.call(name, first, left)).collect()).await;
    pay(store, view, outcomes.iter().map(|outcome| &outcome.usage))?;
    let (mut results, mut answers) = (outcomes.into_iter().map(|outcome| outcome.result), Vec::new());
    for (name, _) in calls.iter() {
        let result = results.next().unwrap_or_else(|| Err(no_outcome()));
        answers.push(told(store, view, name, result)?);
    }
    Ok(answers)
}

/// Returns the fuel and the time that the code has left now.
fn left<T>(store: &mut StoreContextMut<'_, T>, view: fn(&mut T) -> View<'_>) -> wasmtime::Result<(u64, u64)> {
    let fuel = store.get_fuel()?;
    let View { context, .. } = view(store.data_mut());
    let wall_us = context.deadline.saturating_duration_since(Instant::now()).as_micros();
    Ok((fuel, wall_us.try_into().unwrap_or(u64::MAX)))
}

/// Counts a call, and reads its arguments.
fn ask<T>(
    store: &mut StoreContextMut<'_, T>,
    view: fn(&mut T) -> View<'_>,
    name: &str,
    arguments: &str,
) -> wasmtime::Result<std::result::Result<Asked, ToolError>> {
    let View { calls, context } = view(store.data_mut());
    context.meter.note_host_call();
    context.meter.check_host_calls()?;
    context.carry(name.len() + arguments.len())?;
    let Some(calls) = calls else { return Ok(Err(no_tools(name))) };
    let (arguments, held) = match parsed(&calls.memory, arguments) {
        Ok(parsed) => parsed,
        Err(fault) => return Ok(Err(error_of(&fault.detail("arguments")))),
    };
    let arguments = calls.read(name, arguments);
    let (number, tool_calls) = calls.next()?;
    let (handler, place) = (Arc::clone(&calls.handler), Arc::clone(&calls.place));
    Ok(Ok(Asked { arguments, number, tool_calls, handler, place, _held: held }))
}

/// Takes what calls used of what the code has left.
fn pay<'a, T>(
    store: &mut StoreContextMut<'_, T>,
    view: fn(&mut T) -> View<'_>,
    used: impl Iterator<Item = &'a Usage>,
) -> wasmtime::Result<()> {
    let mut fuel = store.get_fuel()?;
    let View { calls, .. } = view(store.data_mut());
    for used in used {
        fuel = fuel.saturating_sub(used.fuel);
        calls.iter_mut().for_each(|calls| calls.used.add(used));
    }
    store.set_fuel(fuel)?;
    view(store.data_mut()).context.in_time(Instant::now())
}

/// Tells the code how a call ended; a fault that it cannot catch ends it.
fn told<T>(
    store: &mut StoreContextMut<'_, T>,
    view: fn(&mut T) -> View<'_>,
    name: &str,
    result: Result<Value>,
) -> wasmtime::Result<Answer> {
    let View { calls, context } = view(store.data_mut());
    let Some(calls) = calls else { return Ok(Err(no_tools(name))) };
    match result {
        Ok(value) => {
            let text = calls.text(name, &value);
            context.carry(text.len())?;
            Ok(Ok(text))
        }
        Err(fault) if is_exception(&fault) => Ok(Err(error_of(&fault))),
        Err(fault) => Err(wasmtime::Error::new(Stop(fault))),
    }
}

fn no_outcome() -> Fault {
    Fault::new(Kind::HostBug, "a call of code has no outcome")
}

/// Reads arguments, once there is memory for them.
fn parsed(memory: &HostMemory, text: &str) -> Result<(Value, Held)> {
    let held = memory.hold(json::measured(text, &Bounds::OUTSIDE)?)?;
    Ok((json::parse(text, &Bounds::OUTSIDE)?, held))
}

/// Returns whether code may go on after a call that ended so.
fn is_exception(fault: &Fault) -> bool {
    !matches!(fault.kind, Kind::Journal | Kind::HostBug | Kind::Divergence | Kind::Conflict)
}

fn error_of(fault: &Fault) -> ToolError {
    if fault.kind == Kind::GuestError {
        return tool_error(fault);
    }
    let kind = serde_json::to_value(fault.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    let detail = fault.detail.as_ref().map(|detail| Value::from(detail.as_str()).to_string());
    ToolError { kind: kind.unwrap_or_default(), message: fault.message.clone(), detail }
}

/// What a tool itself says of its error: a text, or what its message has of it in JSON.
fn tool_error(fault: &Fault) -> ToolError {
    let said = match fault.detail.as_deref() {
        Some(GUEST_ERROR_IN_JSON) => json::parse(&fault.message, &Bounds::OUTSIDE).ok(),
        _ => Some(Value::from(fault.message.as_str())).filter(|said| said != GUEST_ERROR_SILENT),
    };
    let message = said.as_ref().map_or_else(|| fault.message.clone(), sentence);
    ToolError { kind: "tool".to_owned(), message, detail: said.map(|said| said.to_string()) }
}

/// Returns an error of a tool as a sentence: its own text, or its case with the text that this carries.
fn sentence(said: &Value) -> String {
    let members = said.as_object().filter(|members| !members.is_empty());
    let text = |name: &str| members.and_then(|members| members.get(name)).and_then(Value::as_str);
    let only = members.filter(|members| members.len() == 1).and_then(|members| members.iter().next());
    match (said, text("message"), only) {
        (Value::String(text), ..) => text.clone(),
        (_, Some(message), _) => message.to_owned(),
        (.., Some((case, Value::String(text)))) => format!("{case}: {text}"),
        _ => said.to_string(),
    }
}

fn no_tools(name: &str) -> ToolError {
    let message = format!("code asked for {}, and was given no tools", quoted(name));
    error_of(&Fault::new(Kind::Denied, message))
}
