//! What every call of a tool has in common, be it wanted by a workflow or made by code.

use serde_json::Value;
use stockade_sandbox::Limits;
use stockade_workflow::{Currency, Digest, Fault, Kind, Shortfall, ToolCall, Usage, check_depth};

use crate::Result;
use crate::run_log::RunLog;

/// The most calls that one piece of code may make, whatever its run has left.
pub(crate) const CALLS_MAX: u64 = 10_000;

/// Narrows limits to what was reserved.
pub(crate) fn within(limits: &Limits, amount: &Usage) -> Limits {
    let Usage { fuel, memory_bytes_peak: memory_bytes, wall_us, .. } = *amount;
    limits.clone().fuel(fuel).memory_bytes(memory_bytes).wall_us(wall_us)
}

/// The seed of a call's random numbers: the same whenever the call is made again.
pub(crate) fn seed(id: &str) -> u64 {
    let digest = Digest::of(id.as_bytes());
    digest.hex().get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default()
}

/// Checks that an answer can be read back from the journal.
pub(crate) fn readable(value: Value) -> Result<Value> {
    check_depth(Kind::Output, "the answer", &value).map(|()| value)
}

/// Returns whether a tool has ended by itself, or has not begun: its error case, a denial that it was given, arguments
/// that did not fit, a host that has no memory left.
pub(crate) fn is_answer(fault: &Fault) -> bool {
    matches!(fault.kind, Kind::GuestError | Kind::Denied | Kind::Invalid | Kind::NotFound | Kind::HostMemory)
}

pub(crate) fn unknown(key: &str, call: &ToolCall, why: &str) -> Fault {
    let ToolCall { tool, function, .. } = call;
    let message = format!("it is not known whether {tool}.{function} (effect \"{key}\") happened: {why}");
    Fault::new(Kind::UnknownOutcome, message).tool(tool)
}

/// Checks that a call is not the very one of which it is not known whether it happened, or that its tool tells a
/// repetition by its key.
///
/// # Errors
///
/// Kind [`Kind::UnknownOutcome`], with the key of the earlier call: a person has to find out, or to approve this one.
pub(crate) fn unrepeated(run: &RunLog, call: &ToolCall) -> Result<()> {
    match run.state().unknown(call) {
        Some(earlier) if !run.host.registry.tells_repetitions(&call.tool) => Err(repeated(call, earlier)),
        _ => Ok(()),
    }
}

fn repeated(call: &ToolCall, earlier: &str) -> Fault {
    let ToolCall { tool, function, .. } = call;
    let message = format!(
        "{tool}.{function} was called with these arguments by effect \"{earlier}\", and it is not known whether that \
         happened; the call is not made again until a person has found out; idempotent = true under [tool.{tool}], for \
         a tool that tells a repetition by its key, would let it be repeated under the same key"
    );
    Fault::new(Kind::UnknownOutcome, message).detail("repeated").tool(tool)
}

/// Returns the name under which a call is made, which its tool has as the idempotency key: after an unknown outcome that
/// of the earlier one, by which the tool tells the repetition.
pub(crate) fn call_id(run: &RunLog, key: &str, call: &ToolCall) -> String {
    let earlier = run.state().unknown(call).filter(|_| run.host.registry.tells_repetitions(&call.tool));
    format!("{}/{}", run.state().run(), earlier.unwrap_or(key))
}

/// The limit of the run's budget, or of a share of it, that cut a call short, if it was not the limit of a single call.
pub(crate) fn cut(
    run: &RunLog,
    key: &str,
    limits: &Limits,
    fault: &Fault,
    amount: &Usage,
    used: &Usage,
) -> Option<Shortfall> {
    let (currency, allowed) = match fault.kind {
        Kind::Fuel => (Currency::Fuel, limits.fuel),
        Kind::Memory => (Currency::Memory, limits.memory_bytes),
        Kind::Deadline => (Currency::Wall, limits.wall_us),
        Kind::Agent if is_of_calls(fault) => (Currency::ToolCalls, CALLS_MAX),
        _ => return None,
    };
    if amount.get(currency) >= allowed {
        return None;
    }
    let mut short = run.state().ledger().shortage(key, currency, used.get(currency));
    if currency == Currency::Memory {
        let (Shortfall::Run(exceeded) | Shortfall::SubBudget(_, exceeded)) = &mut short;
        // What the guest asked for; it got less.
        exceeded.used = fault.breach.as_ref().map_or(0, |breach| breach.used);
    }
    Some(short)
}

/// Whether code was stopped because it may call no more tools.
fn is_of_calls(fault: &Fault) -> bool {
    fault.breach.as_ref().is_some_and(|breach| breach.limit == Currency::ToolCalls.name())
}
