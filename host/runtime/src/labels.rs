//! What data carries wherever it goes, and where it must not go together.
//!
//! A model that has read both what is private and what a stranger wrote can be talked into sending the one to the
//! other. So in a run that has taken in both, a tool that can send something is called only with a person's yes; the
//! refusal names the two sources and the sink. It is a rule about runs, not about words: nothing is searched for.

use std::collections::BTreeSet;

use stockade_workflow::{Effect, Fault, Grant, Kind, Label, RunState};

use crate::Result;
use crate::tools::Tools;

/// The mark of what a grant brings in.
pub(crate) fn of_grant(grant: &Grant) -> Option<Label> {
    match grant {
        Grant::Http { .. } => Some(Label::Untrusted),
        Grant::Sql { .. } | Grant::Fs { .. } | Grant::Kv { .. } => Some(Label::Private),
        _ => None,
    }
}

/// The marks that the outcome of an effect will carry.
pub(crate) fn of(tools: &Tools, effect: &Effect) -> Vec<Label> {
    let called = called(effect).into_iter().filter_map(|name| tools.get(name).ok());
    called.flat_map(|tool| tools.labels(tool)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Checks that an effect does not send what must not leave.
///
/// # Errors
///
/// Kind [`Kind::Denied`], with the two sources and the tool that could send.
pub(crate) fn check(tools: &Tools, run: &RunState, effect: &Effect) -> Result<()> {
    let can_send = |name: &&str| tools.get(name).is_ok_and(|tool| tools.can_send(tool));
    let called = called(effect);
    let Some(sink) = called.iter().find(|name| can_send(name)) else { return Ok(()) };
    if !run.asks_models() {
        // What a workflow does by itself, nobody talked it into.
        return Ok(());
    }
    // Code can pass from one of its tools to another what the run has not seen yet.
    let own = if runs_code(tools, effect) { of(tools, effect) } else { Vec::new() };
    let source = |label| {
        let by_code = own.contains(&label).then(|| effect.key());
        let mut sources = run.labels().get(&label).into_iter().flatten().map(String::as_str);
        // An effect that is done again has not read its own answer.
        sources.find(|source| *source != effect.key()).or(by_code)
    };
    match (source(Label::Untrusted), source(Label::Private)) {
        (Some(untrusted), Some(private)) => Err(refusal(sink, untrusted, private)),
        _ => Ok(()),
    }
}

/// Whether an effect is code, under its own name or that of the tool that was made of it.
fn runs_code(tools: &Tools, effect: &Effect) -> bool {
    match effect {
        Effect::RunCode { .. } => true,
        Effect::CallTool { call, .. } => tools.get(&call.tool).is_ok_and(|tool| tools.calls(tool).next().is_some()),
        _ => false,
    }
}

/// The tools that an effect calls.
fn called(effect: &Effect) -> Vec<&str> {
    match effect {
        Effect::CallTool { call, .. } => vec![&call.tool],
        Effect::RunCode { code, .. } => code.tools.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

fn refusal(sink: &str, untrusted: &str, private: &str) -> Fault {
    let message = format!(
        "tool \"{sink}\" can send, and the run has taken in both untrusted data (by \"{untrusted}\") and private data \
         (by \"{private}\"): such a call needs a person's yes; labels under [tool.NAME] say what a tool's answers are"
    );
    Fault::new(Kind::Denied, message).detail("flow").tool(sink)
}
