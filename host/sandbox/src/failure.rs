use stockade_workflow::{Fault, Kind};
use wasmtime::component::ResourceTableError;
use wasmtime::{Error, PoolConcurrencyLimitError, Trap, WasmBacktrace, WasmtimeBug};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi_http::FieldMapError;

use crate::capability::http::FIELD_BYTES_MAX;
use crate::stop::Stop;
use crate::{Limits, values};

/// Errors that wasmtime 48 has no type for, by their text. A test for each fails if the words change.
const HOSTCALL_BYTES: &str = "fuel allocated for hostcalls has been exhausted";
const HANDLES: &str = "store handle limit exceeded";
const COUNT: &str = "count too high at";

/// Says what ended a guest, in our terms.
pub(crate) fn fault(error: &Error, limits: &Limits, fuel_used: u64) -> Fault {
    if let Some(Stop(fault)) = error.downcast_ref() {
        return fault.clone();
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return trapped(*trap, limits, fuel_used);
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Fault::new(Kind::Trap, format!("the guest exited with status {}", exit.0)).detail("exit");
    }
    if error.is::<ResourceTableError>() {
        return over(Kind::Handles, "resources", limits.resources.into());
    }
    if error.is::<FieldMapError>() {
        return over(Kind::HostcallBytes, "http_field_bytes", FIELD_BYTES_MAX as u64);
    }
    if error.is::<WasmtimeBug>() || error.is::<PoolConcurrencyLimitError>() {
        return Fault::new(Kind::HostBug, chain(error));
    }
    worded(error, limits)
}

fn trapped(trap: Trap, limits: &Limits, fuel_used: u64) -> Fault {
    match trap {
        Trap::OutOfFuel => {
            let message = format!("the guest used up its {} units of fuel; give the call more", limits.fuel);
            Fault::limit(Kind::Fuel, "fuel", limits.fuel, fuel_used, message)
        }
        Trap::StackOverflow => {
            let message = format!("the guest called too deeply for its stack of {} bytes", Limits::STACK_BYTES);
            Fault::limit(Kind::Stack, "stack_bytes", Limits::STACK_BYTES, Limits::STACK_BYTES, message)
        }
        trap => Fault::new(Kind::Trap, format!("the guest trapped: {trap}")).detail(format!("{trap:?}")),
    }
}

fn worded(error: &Error, limits: &Limits) -> Fault {
    let text = chain(error);
    // In a call to the host there is a guest to trace; when the result is taken, the guest has returned.
    let in_guest = error.is::<WasmBacktrace>();
    match () {
        () if text.contains(HOSTCALL_BYTES) && in_guest => {
            over(Kind::HostcallBytes, "hostcall_bytes", limits.hostcall_bytes)
        }
        () if text.contains(HOSTCALL_BYTES) => result_over(limits.hostcall_bytes),
        () if text.contains(HANDLES) => over(Kind::Handles, "handles", limits.handles.into()),
        () if text.contains(COUNT) => counted(&text, limits),
        () => {
            Fault::new(Kind::Trap, format!("the guest broke the component model: {}", error.root_cause())).detail("abi")
        }
    }
}

fn counted(text: &str, limits: &Limits) -> Fault {
    let (limit, allowed) = match () {
        () if text.contains("memory count") => ("memories", limits.memories),
        () if text.contains("table count") => ("tables", limits.tables),
        () => ("instances", limits.instances),
    };
    let used = text.rsplit(' ').next().and_then(|word| word.parse().ok());
    let message = format!("the component has more than the {allowed} {limit} that \"{limit}\" allows");
    Fault::limit(Kind::Instances, limit, allowed.into(), used.unwrap_or(u64::from(allowed) + 1), message)
}

fn result_over(allowed: u64) -> Fault {
    values::too_large("hostcall_bytes", allowed, allowed.saturating_add(1))
}

/// A limit of which wasmtime does not say by how much it was passed.
fn over(kind: Kind, limit: &str, allowed: u64) -> Fault {
    let message = format!("the call may use {allowed} of \"{limit}\" and asked for more");
    Fault::limit(kind, limit, allowed, allowed.saturating_add(1), message)
}

/// Writes an error with its causes in one line.
pub(crate) fn chain(error: &Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
