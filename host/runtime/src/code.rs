//! How code that an agent wrote is run: as an effect, live and after a crash.

mod account;
mod alone;
mod attempts;
mod batch;
mod cell;
mod live;
mod replay;

use std::collections::BTreeMap;

use stockade_sandbox::Limits;
use stockade_workflow::{Change, Code, CodeEnd, CodeOutcome, EffectOutcome, Entry, Event, Floats, Usage};

pub(crate) use self::alone::{Instance, Listener, ran, value_of};
pub(crate) use self::cell::spoken;
pub(crate) use self::live::Ran;
pub(crate) use self::replay::Record;
use crate::calls::CALLS_MAX;

/// What code may use, and the least without which it need not begin.
pub(crate) fn price(limits: &Limits, code: &Code) -> (Usage, Usage) {
    // A function of a tool that an earlier piece of a session kept is called too: the host refuses it, and the code hears why.
    let may_call = !code.tools.is_empty() || code.session.is_some();
    let (mut wish, least) = price_without_session(limits, may_call);
    if code.session.is_some() {
        // It may have to run all the cells before it again, and what they take is known when they are read. Code is alone
        // in its run, so that nothing else waits for what is reserved.
        (wish.fuel, wish.wall_us) = (u64::MAX, u64::MAX);
    }
    (wish, least)
}

/// What code of no session may use, whether or not it calls tools.
pub(crate) fn price_without_session(limits: &Limits, calls_tools: bool) -> (Usage, Usage) {
    let step = Usage::default().steps(1);
    let tool_calls = if calls_tools { CALLS_MAX } else { 0 };
    let Limits { fuel, memory_bytes, wall_us, .. } = *limits;
    let wish = step.fuel(fuel).memory_bytes_peak(memory_bytes).wall_us(wall_us).tool_calls(tool_calls);
    (wish, step.fuel(1).memory_bytes_peak(1).wall_us(1))
}

/// The outcome of code that did not run.
pub(crate) fn unrun(ended: CodeEnd) -> CodeOutcome {
    let (stdout, stderr) = (String::new(), String::new());
    CodeOutcome { ended, stdout, stderr, files: BTreeMap::new(), fuel: 0, began_ms: None, floats: Floats::PORTABLE }
}

/// Returns the outcome of the code of an effect, if this entry has it.
pub(crate) fn ended(entry: Entry, wanted: &str) -> Option<CodeOutcome> {
    match entry.change {
        Change::Stepped { event: Event::Ended { key, outcome: EffectOutcome::CodeFinished(outcome) }, .. }
            if key == wanted =>
        {
            Some(outcome)
        }
        _ => None,
    }
}
