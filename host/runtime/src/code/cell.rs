//! What code is, each time that it is run: its source without types, its functions, and what a call that it makes means.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use stockade_sandbox::{Call, Cell, Limits, Outcome, ToolHandler};
use stockade_workflow::{Code, CodeEnd, Fault, Kind, ToolCall, Usage, check_depth};

use crate::Result;
use crate::languages::{Loaded, TYPESCRIPT};
use crate::scratch::Files;
use crate::services::Services;
use crate::sessions::Kept;
use crate::toolbox::Toolbox;

/// Returns the source as an interpreter takes it, TypeScript without its types, and what it cost to take them out.
pub(super) async fn plain<'a>(
    host: &Services,
    code: &'a Code,
    limits: Limits,
) -> (std::result::Result<Cow<'a, str>, CodeEnd>, Usage) {
    if code.language != TYPESCRIPT {
        return (Ok(code.source.as_str().into()), Usage::default());
    }
    let tool = match host.coding.languages.get(TYPESCRIPT).await {
        Ok(Loaded::Stripper(tool)) => tool,
        Ok(Loaded::Interpreter(_)) => return (Err(CodeEnd::Failed(no_stripper())), Usage::default()),
        Err(fault) => return (Err(CodeEnd::Failed(fault)), Usage::default()),
    };
    let arguments = serde_json::json!({"name": code.name.as_deref().unwrap_or("code"), "source": code.source});
    let call = Call { function: "strip", arguments: &arguments, idempotency_key: TYPESCRIPT, seed: 0, limits };
    let Outcome { result, usage, .. } = tool.call(call).await;
    // The code did not make this call.
    let usage = usage.tool_calls(0);
    let source = match result {
        Ok(Value::String(source)) => Ok(source.into()),
        Ok(_) => Err(CodeEnd::Failed(no_stripper())),
        Err(fault) => Err(match serde_json::from_str(&fault.message) {
            Ok(exception) if fault.kind == Kind::GuestError => CodeEnd::Raised(exception),
            _ => CodeEnd::Failed(fault),
        }),
    };
    (source, usage)
}

/// The language that an interpreter knows.
pub(crate) fn spoken(language: &str) -> &str {
    if language == TYPESCRIPT { "javascript" } else { language }
}

fn no_stripper() -> Fault {
    Fault::invalid("component", "the component of \"typescript\" does not take types out")
}

pub(super) fn put(kept: &Kept, code: &Code) -> Result<Files> {
    let Some(scratch) = &kept.scratch else { return Ok(Files::new()) };
    scratch.put(code.files.as_ref().unwrap_or(&BTreeMap::new()))?;
    scratch.files()
}

pub(super) fn cell<'a>(
    code: &'a Code,
    source: &'a str,
    id: &'a str,
    toolbox: &'a Toolbox,
    handler: Arc<dyn ToolHandler>,
    limits: Limits,
    tool_calls: u64,
) -> Cell<'a> {
    Cell {
        name: code.name.as_deref().unwrap_or("code"),
        source,
        input: &code.input,
        functions: toolbox.functions(),
        handler,
        place: toolbox.slots(),
        tool_calls,
        idempotency_key: id,
        limits,
        begins_ms: None,
    }
}

/// What a call from code means.
pub(super) enum Made {
    Call(ToolCall),
    /// One that a person is asked about first.
    Asks(ToolCall),
    /// It means none that the code was given, or one that may not be made.
    Refused(ToolCall, Fault),
}

pub(super) fn made(toolbox: &Toolbox, name: &str, arguments: &Value) -> Made {
    let bounded = check_depth(Kind::Invalid, "the object of arguments", arguments);
    match bounded.map_err(|fault| fault.detail("schema")).and_then(|()| toolbox.means(name)) {
        Ok((tool, function)) => Made::Call(ToolCall::new(tool, function, arguments)),
        Err(fault) => {
            let (tool, function) = name.split_once('.').unwrap_or((name, ""));
            Made::Refused(shallow(ToolCall::new(tool, function, arguments)), fault)
        }
    }
}

/// The call as the journal can read it back: of arguments that nest too deep, what is wrong with them.
fn shallow(call: ToolCall) -> ToolCall {
    match check_depth(Kind::Invalid, "an object that", &call.arguments.value()) {
        Ok(()) => call,
        Err(fault) => ToolCall { arguments: Value::from(fault.message).into(), ..call },
    }
}

pub(super) fn answer(usage: Usage) -> Outcome {
    Outcome::new(Ok(Value::Null), usage)
}

pub(super) fn refused(fault: Fault) -> Outcome {
    Outcome { result: Err(fault), ..answer(Usage::default()) }
}

pub(super) fn diverged(why: String) -> Fault {
    Fault::new(Kind::Divergence, format!("code that is run again does not do the same: {why}"))
}
