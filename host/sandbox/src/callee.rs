use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use serde_json::Value;
use stockade_workflow::{Fault, Kind, Usage};
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::bindings::tools::ToolError;
use crate::state::State;
use crate::stop::Stop;
use crate::{Limits, Outcome, Result, json};

/// Answers the calls that code makes.
///
/// Whoever implements it checks what may be called: it is asked for whatever name the code came up with.
#[async_trait]
pub trait Callee: Send + Sync {
    /// Performs a call.
    ///
    /// An outcome of kind [`Kind::GuestError`], [`Kind::Denied`], [`Kind::Invalid`], [`Kind::NotFound`],
    /// [`Kind::UnknownOutcome`] or of one call's limit is an exception in the code; any other fault ends the code.
    async fn call(&self, call: CallFromCode<'_>) -> Outcome;
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

/// A place in the pool that is taken already: for one call at a time, which need not wait for it.
///
/// Code that calls a tool waits for it while it holds a slot of the pool; were the tool to wait for another slot, then as
/// many pieces of code as there are slots would wait for one another for ever.
#[derive(Debug)]
pub struct Place {
    slots: u32,
}

impl Place {
    pub(crate) fn new(slots: u32) -> Self {
        Self { slots }
    }

    pub(crate) fn fits(&self, slots: u32) -> Result<()> {
        if slots > self.slots {
            let message = format!("the call takes {slots} slots of the pool and its caller keeps {} free", self.slots);
            return Err(Fault::invalid("component", message));
        }
        Ok(())
    }
}

/// The calls of the code that runs.
pub(crate) struct Calls {
    pub(crate) callee: Arc<dyn Callee>,
    pub(crate) place: Arc<Place>,
    pub(crate) allowed: u64,
    pub(crate) made: usize,
    /// What the calls cost, all together.
    pub(crate) used: Usage,
}

impl Calls {
    pub(crate) fn new(callee: Arc<dyn Callee>, place: Arc<Place>, allowed: u64) -> Self {
        Self { callee, place, allowed, made: 0, used: Usage::default() }
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

/// Links `stockade:host/tools`.
///
/// By hand, for a call takes of the fuel of the code that makes it.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.instance("stockade:host/tools@0.1.0")?.func_wrap_async(
        "call",
        |mut store: StoreContextMut<'_, State>, (name, arguments): (String, String)| {
            Box::new(async move { Ok((call(&mut store, &name, &arguments).await?,)) })
        },
    )
}

async fn call(
    store: &mut StoreContextMut<'_, State>,
    name: &str,
    arguments: &str,
) -> wasmtime::Result<std::result::Result<String, ToolError>> {
    let fuel = store.get_fuel()?;
    let state = store.data_mut();
    state.meter.note_host_call();
    state.meter.check_host_calls()?;
    state.carry(name.len() + arguments.len())?;
    let wall_us = state.deadline.saturating_duration_since(Instant::now()).as_micros();
    let Some(calls) = &mut state.calls else { return Ok(Err(no_tools(name))) };
    let arguments = match json::parse(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return Ok(Err(error_of(&Fault::invalid("arguments", error.to_string())))),
    };
    let (number, tool_calls) = calls.next()?;
    let (callee, place) = (Arc::clone(&calls.callee), Arc::clone(&calls.place));
    let left = Left { fuel, wall_us: wall_us.try_into().unwrap_or(u64::MAX), tool_calls };
    let Outcome { result, usage, .. } =
        callee.call(CallFromCode { name, arguments, number, left, place: &place }).await;
    store.set_fuel(fuel.saturating_sub(usage.fuel))?;
    let state = store.data_mut();
    if let Some(calls) = &mut state.calls {
        calls.used.add(&usage);
    }
    state.in_time(Instant::now())?;
    match result {
        Ok(value) => {
            let text = value.to_string();
            state.carry(text.len())?;
            Ok(Ok(text))
        }
        Err(fault) if is_exception(&fault) => Ok(Err(error_of(&fault))),
        Err(fault) => Err(wasmtime::Error::new(Stop(fault))),
    }
}

/// Returns whether code may go on after a call that ended so.
fn is_exception(fault: &Fault) -> bool {
    !matches!(fault.kind, Kind::Journal | Kind::HostBug | Kind::Divergence | Kind::Conflict)
}

fn error_of(fault: &Fault) -> ToolError {
    let kind = serde_json::to_value(fault.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    let detail = fault.detail.as_ref().map(|detail| Value::from(detail.as_str()).to_string());
    ToolError { kind: kind.unwrap_or_default(), message: fault.message.clone(), detail }
}

fn no_tools(name: &str) -> ToolError {
    let message = format!("code asked for {}, and was given no tools", crate::rights::quoted(name));
    error_of(&Fault::new(Kind::Denied, message))
}
