use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use stockade_workflow::{Fault, Kind, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout_at;
use wasmtime::component::Val;
use wasmtime::{CallHook, Store};

use crate::capability::cli::Input;
use crate::function::Function;
use crate::meter::Meter;
use crate::outcome::{GUEST_ERROR_IN_JSON, GUEST_ERROR_SILENT, used};
use crate::place::Place;
use crate::shape::Shape;
use crate::state::{Rights, State};
use crate::watch::{Late, caught, overdue, watch};
use crate::{Limits, Outcome, Result, Tool, command, failure, values};

/// Fuel between two returns to the executor, 25 to 50 µs apart: that is how a deadline stops a loop, at a cost of
/// 0 to 2 %.
const YIELD_FUEL: u64 = 1_000_000;

/// One call of a tool.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The function, as in `find` or `purchases.find`.
    pub function: &'a str,
    /// The arguments, an object.
    pub arguments: &'a Value,
    /// The key under which a repetition of the call must have no second effect; it names the call in errors too.
    pub idempotency_key: &'a str,
    /// What the guest's random numbers come from.
    pub seed: u64,
    /// What the call may use.
    pub limits: Limits,
}

impl Tool {
    /// Performs one call in a fresh instance.
    ///
    /// The deadline counts from here, so it covers the wait for a slot of the pool. Dropping the future stops the
    /// guest. Needs a tokio runtime with its timer on.
    pub async fn call(&self, call: Call<'_>) -> Outcome {
        self.called(call, None).await
    }

    /// Performs one call for code that keeps a place in the pool free for it; else as [`Tool::call`].
    pub async fn call_in(&self, place: &Place, call: Call<'_>) -> Outcome {
        self.called(call, Some(place)).await
    }

    async fn called(&self, call: Call<'_>, place: Option<&Place>) -> Outcome {
        let outcome = perform(self, &call, place).await;
        let named = |fault: Fault| fault.tool(self.name()).call_id(call.idempotency_key);
        Outcome { result: outcome.result.map_err(named), ..outcome }
    }
}

/// Performs a call from its arguments to its outcome.
async fn perform(tool: &Tool, call: &Call<'_>, place: Option<&Place>) -> Outcome {
    let performed = caught(async {
        match Prepared::new(tool, call, place).await {
            Ok(prepared) => prepared.run().await,
            Err(fault) => Outcome::refused(fault),
        }
    });
    performed.await.unwrap_or_else(Outcome::refused)
}

/// A call whose arguments fit, with its place in the pool and every limit armed. No guest code has run.
struct Prepared<'a> {
    tool: &'a Tool,
    function: &'a Function,
    arguments: Vec<Val>,
    limits: &'a Limits,
    store: Store<State>,
    started: Instant,
    deadline: Instant,
    /// Last, so that the slot is free only when the store that fills it is gone.
    _slot: Option<OwnedSemaphorePermit>,
}

impl<'a> Prepared<'a> {
    async fn new(tool: &'a Tool, call: &'a Call<'_>, place: Option<&Place>) -> Result<Self> {
        let limits = &call.limits;
        check_key(call.idempotency_key)?;
        tool.engine().host_memory().hold(0)?;
        // To read the arguments takes of the caller's time too.
        let asked = Instant::now();
        let deadline = deadline(limits, asked);
        let function = tool.function(call.function)?;
        let arguments = function.arguments(call.arguments, limits.argument_bytes)?;
        let wanted = tool.component().slots();
        let slot = match place {
            Some(place) => place.fits(wanted).map(|()| None)?,
            None => Some(owned_slot(tool, wanted, limits, deadline).await?),
        };
        let started = Instant::now();
        let rights = tool.rights().clone();
        let mut store = store(tool, rights, limits, call.idempotency_key, call.seed, started, deadline)
            .map_err(|error| failure::fault(&error, limits, 0))?;
        if function.is_command() {
            store.data_mut().command(Input::new(tool.name(), &arguments, limits));
        }
        Ok(Self { tool, function, arguments, limits, store, started, deadline, _slot: slot })
    }

    async fn run(mut self) -> Outcome {
        let (limits, deadline) = (self.limits, self.deadline);
        let host_time = self.tool.calls_host().then(|| self.store.data().context.host_time.clone());
        let ended = match watch(deadline, host_time.as_ref(), caught(self.guest())).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(error))) => Err(failure::fault(&error, limits, self.fuel_used())),
            Ok(Err(panic)) => Err(panic),
            Err(Late::Host(parked)) => Err(parked),
            Err(Late::Deadline) => Err(overdue(limits.wall_us, deadline, "the guest was still at work")),
        };
        let usage = used(self.fuel_used(), self.store.data().context.meter.memory_bytes_peak(), Some(self.started));
        let denial = self.store.data_mut().denied();
        let doubt = self.store.data().context.doubt.clone();
        let denials = std::mem::take(&mut self.store.data_mut().context.denials);
        let (stdout, stderr) = self.store.data_mut().take_output();
        let log = std::mem::take(&mut self.store.data_mut().log);
        let answered = ended.and_then(|value| self.answered(value).map_err(lost));
        let result = answered.map_err(|fault| {
            let fault = spoken(fault, &stderr);
            let denial = denial.or_else(|| denials.explaining(&fault));
            doubt.about(explained(fault, denial))
        });
        Outcome { result, usage, stdout, stderr, log }
    }

    /// All that a guest does, and what it left the host to do.
    async fn guest(&mut self) -> wasmtime::Result<Option<Val>> {
        let done = self.work().await;
        self.store.data_mut().settle_files().await?;
        done
    }

    /// Everything that a guest does itself, its start-up included.
    async fn work(&mut self) -> wasmtime::Result<Option<Val>> {
        let instance = self.tool.pre().instantiate_async(&mut self.store).await?;
        let function = instance.get_func(&mut self.store, self.function.index());
        let function = function.ok_or_else(|| wasmtime::format_err!("the function is not in the instance"))?;
        let result = if self.function.is_command() {
            Some(command::run(function, &mut self.store).await?)
        } else {
            let mut results = [Val::Bool(false)];
            let taken = if self.function.result().is_some() { 1 } else { 0 };
            let results = results.get_mut(..taken).unwrap_or_default();
            function.call_async(&mut self.store, &self.arguments, results).await?;
            results.first_mut().map(|value| std::mem::replace(value, Val::Bool(false)))
        };
        self.store.data_mut().check_egress()?;
        Ok(result)
    }

    /// Takes what the guest returned, if the values of all runs leave memory for it.
    fn answered(&self, value: Option<Val>) -> Result<Value> {
        let value = answer(self.function, value, self.limits)?;
        let memory = self.tool.engine().host_memory();
        memory.hold(json::memory_bytes(&value)).map(|_| value)
    }

    fn fuel_used(&self) -> u64 {
        self.limits.fuel.saturating_sub(self.store.get_fuel().unwrap_or_default())
    }
}

/// Refuses a key without a letter: every call that has it would look like a repetition of the first.
fn check_key(key: &str) -> Result<()> {
    if !key.trim().is_empty() {
        return Ok(());
    }
    Err(Fault::invalid("idempotency_key", "the idempotency key has no letter; give each call a key of its own"))
}

/// A deadline past what the clock can tell is a century away.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// Returns when the time of a call is over that was asked for then.
pub(crate) fn deadline(limits: &Limits, asked: Instant) -> Instant {
    asked.checked_add(Duration::from_micros(limits.wall_us)).unwrap_or(asked + FOREVER)
}

/// Waits for a place in the pool, within the deadline: a caller's time is over when it is over, whatever it was spent on.
pub(crate) async fn owned_slot(
    tool: &Tool,
    wanted: u32,
    limits: &Limits,
    deadline: Instant,
) -> Result<OwnedSemaphorePermit> {
    if limits.wall_us == 0 {
        return Err(overdue(limits.wall_us, deadline, "the call has no time at all"));
    }
    if let Some(slot) = free_slots(tool, wanted) {
        return Ok(slot);
    }
    match timeout_at(deadline.into(), Arc::clone(tool.engine().slots()).acquire_many_owned(wanted)).await {
        Ok(Ok(slot)) => Ok(slot),
        Ok(Err(_)) => Err(Fault::new(Kind::HostBug, "the pool is closed")),
        Err(_) => {
            let why = format!("all {} slots were taken", tool.engine().config().concurrency);
            Err(overdue(limits.wall_us, deadline, &why))
        }
    }
}

pub(crate) fn store(
    tool: &Tool,
    rights: Arc<Rights>,
    limits: &Limits,
    key: &str,
    seed: u64,
    started: Instant,
    deadline: Instant,
) -> wasmtime::Result<Store<State>> {
    let meter = Meter::new(limits, tool.engine().config().memory_bytes_max);
    let state = State::new(limits, meter, rights, key, seed, started, deadline);
    let mut store = Store::new(tool.engine().wasmtime(), state);
    store.limiter(|state| &mut state.context.meter);
    arm(&mut store, limits)?;
    if tool.converts() {
        // The host converts a text from one memory to another for no fuel at all, so that the guest never yields.
        store.call_hook(|mut store, hook| match hook {
            CallHook::ReturningFromHost => {
                store.data_mut().returned()?;
                store.data().context.in_time(Instant::now())
            }
            _ => Ok(()),
        });
    } else if tool.calls_host() {
        store.call_hook(|mut store, hook| match hook {
            CallHook::ReturningFromHost => store.data_mut().returned(),
            _ => Ok(()),
        });
    }
    Ok(store)
}

/// Takes places in the pool, if they are free and no call waits for them.
pub(crate) fn free_slots(tool: &Tool, wanted: u32) -> Option<OwnedSemaphorePermit> {
    Arc::clone(tool.engine().slots()).try_acquire_many_owned(wanted).ok()
}

/// Sets those limits that wasmtime itself keeps.
pub(crate) fn arm(store: &mut Store<State>, limits: &Limits) -> wasmtime::Result<()> {
    store.set_fuel(limits.fuel)?;
    store.fuel_async_yield_interval(Some(YIELD_FUEL))?;
    store.set_hostcall_fuel(usize::try_from(limits.hostcall_bytes).unwrap_or(usize::MAX));
    store.set_max_component_handles(limits.handles as usize);
    Ok(())
}

/// Says of an answer that cannot be taken that it is lost: what the guest did is done by then. The kind must not be one with
/// which a call is refused that has not begun, for such a call may be made again.
fn lost(mut fault: Fault) -> Fault {
    if matches!(fault.kind, Kind::HostMemory | Kind::Invalid) {
        fault.kind = Kind::Output;
    }
    fault
}

/// Turns what a function returned into the answer, or into the guest's own error.
fn answer(function: &Function, value: Option<Val>, limits: &Limits) -> Result<Value> {
    let bytes_max = limits.output_bytes;
    match (function.cases(), value) {
        (Some((ok, _)), Some(Val::Result(Ok(value)))) => {
            function.checked(payload(ok.as_deref(), value.map(|value| *value), bytes_max)?)
        }
        (Some((_, err)), Some(Val::Result(Err(value)))) => {
            Err(guest_error(err.as_deref(), payload(err.as_deref(), value.map(|value| *value), bytes_max)?))
        }
        (_, value) => function.checked(payload(function.result(), value, bytes_max)?),
    }
}

fn payload(shape: Option<&Shape>, value: Option<Val>, bytes_max: u64) -> Result<Value> {
    match (shape, value) {
        (Some(shape), Some(value)) => values::json(shape, value, bytes_max),
        _ => Ok(Value::Null),
    }
}

fn guest_error(shape: Option<&Shape>, error: Value) -> Fault {
    let case = shape.and_then(|shape| case(shape, &error));
    if let (Some(LATER), Some(token)) = (case, error.get(LATER).and_then(Value::as_str)) {
        return Fault::later(token);
    }
    let kind = if case == Some(UNKNOWN) { Kind::UnknownOutcome } else { Kind::GuestError };
    match error {
        Value::String(text) => Fault::new(kind, text),
        Value::Null => Fault::new(kind, GUEST_ERROR_SILENT),
        other => Fault::new(kind, other.to_string()).detail(GUEST_ERROR_IN_JSON),
    }
}

/// The case of a tool's own error by which it says that it does not know whether the call has happened.
const UNKNOWN: &str = "unknown";

/// The case by which it says that it has accepted the call and tells the result later. Its payload, a text, is the token.
const LATER: &str = "later";

/// The case of an error that is a variant or an enum; a text has no case, whatever it says.
fn case<'a>(shape: &Shape, error: &'a Value) -> Option<&'a str> {
    match (shape, error) {
        (Shape::Variant(..) | Shape::Enum(..), Value::String(case)) => Some(case),
        (Shape::Variant(..) | Shape::Enum(..), Value::Object(members)) => members.keys().next().map(String::as_str),
        _ => None,
    }
}

/// An exception that the guest does not catch is a trap, and only the standard error says what it was about.
fn spoken(fault: Fault, stderr: &str) -> Fault {
    match command::last_words(stderr) {
        Some(words) if fault.kind == Kind::Trap => fault.reworded(|trap| format!("{trap}; it said: {words}")),
        _ => fault,
    }
}

/// A tool that fails after a denial fails because of it, whatever it says itself.
fn explained(fault: Fault, denial: Option<String>) -> Fault {
    match denial {
        Some(denial) if fault.kind == Kind::GuestError && fault.message.contains(&denial) => {
            Fault::new(Kind::Denied, denial)
        }
        Some(denial) if fault.kind == Kind::GuestError => {
            Fault::new(Kind::Denied, format!("{denial}; the tool said: {}", fault.message))
        }
        Some(denial) if fault.kind == Kind::Trap => fault.reworded(|trap| format!("{trap}; before that, {denial}")),
        _ => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;

    #[test]
    fn a_tool_says_by_a_case_of_its_error_that_it_does_not_know() {
        let names = vec![Name::new("declined"), Name::new("unknown")];
        let cases = names.iter().map(|name| crate::shape::Case { name: name.clone(), payload: None }).collect();
        for shape in [Shape::Enum(None, names), Shape::Variant(None, cases)] {
            let kind = |error: Value| guest_error(Some(&shape), error).kind;
            assert_eq!(kind("unknown".into()), Kind::UnknownOutcome);
            assert_eq!(kind(serde_json::json!({"unknown": "no answer"})), Kind::UnknownOutcome);
            assert_eq!(kind("declined".into()), Kind::GuestError);
        }
        assert_eq!(guest_error(Some(&Shape::String), "unknown".into()).kind, Kind::GuestError, "a text is just a text");
        assert_eq!(guest_error(None, Value::Null).kind, Kind::GuestError);
    }

    #[test]
    fn a_tool_says_by_a_case_of_its_error_that_its_result_comes_later() {
        let case = |payload| crate::shape::Case { name: Name::new("later"), payload };
        let shape = Shape::Variant(None, vec![case(Some(Box::new(Shape::String)))]);
        let later = guest_error(Some(&shape), serde_json::json!({"later": "pi_7"}));
        assert_eq!((later.kind, later.detail.as_deref()), (Kind::Later, Some("pi_7")));
        let silent = Shape::Variant(None, vec![case(None)]);
        assert_eq!(guest_error(Some(&silent), "later".into()).kind, Kind::GuestError, "there is no token");
        assert_eq!(guest_error(Some(&Shape::String), "later".into()).kind, Kind::GuestError, "a text is just a text");
    }
}
