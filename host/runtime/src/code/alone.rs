//! Code that is given no tools, and of which nothing is journaled but what comes of it: that of a sandbox, and promoted code that
//! other code calls.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use stockade_sandbox::{
    CallFromCode, Cell, CellOutcome, Interpreter, Limits, Outcome, Place, Session, Stdio, ToolHandler,
};
use stockade_workflow::{Code, CodeEnd, CodeOutcome, Fault, Kind, Usage};

use super::cell::{cell, plain, put, refused, spoken};
use super::unrun;
use crate::Result;
use crate::calls::seed;
use crate::scratch::{Scratch, changed};
use crate::services::Services;
use crate::sessions::Kept;
use crate::toolbox::Toolbox;

/// Hears what code writes, line by line.
pub(crate) type Listener = dyn Fn(Stdio, &str) + Send + Sync;

/// Makes no calls, and hands on what the code writes.
struct Alone(Arc<Listener>);

#[async_trait]
impl ToolHandler for Alone {
    async fn call(&self, call: CallFromCode<'_>) -> Outcome {
        let message =
            format!("\"{}\" is not called: code that is of no run is given no tools", call.name.escape_debug());
        refused(Fault::new(Kind::Denied, message).detail("tools"))
    }

    fn wrote(&self, stdio: Stdio, _: u64, lines: &str) {
        (self.0)(stdio, lines);
    }
}

/// What a piece of code runs in.
pub(crate) struct Instance<'a> {
    pub(crate) interpreter: &'a Interpreter,
    pub(crate) limits: &'a Limits,
    /// Its name, of which its random numbers come.
    pub(crate) id: &'a str,
    /// A place in the pool that is taken for it; without one, it waits for one.
    pub(crate) place: Option<Place>,
    pub(crate) listener: Arc<Listener>,
}

/// Runs promoted code that other code has called.
pub(super) async fn called(host: &Services, code: &Code, limits: &Limits, id: &str) -> Outcome {
    in_place(host, code, limits, id).await.unwrap_or_else(refused)
}

/// The code that calls holds slots of the pool, and waits for none.
async fn in_place(host: &Services, code: &Code, limits: &Limits, id: &str) -> Result<Outcome> {
    let interpreter = host.coding.languages.interpreter(spoken(&code.language)).await?;
    let place = host.engine.place(interpreter.slots()).ok_or_else(no_room)?;
    let listener: Arc<Listener> = Arc::new(|_: Stdio, _: &str| {});
    let instance = Instance { interpreter: &interpreter, limits, id, place: Some(place), listener };
    let (CodeOutcome { ended, stdout, stderr, .. }, usage) = ran(host, code, instance).await?;
    Ok(Outcome { result: value_of(&ended), usage: usage.tool_calls(1), stdout, stderr, log: Vec::new() })
}

/// Returns the value of code, or the fault with which it ended.
pub(crate) fn value_of(ended: &CodeEnd) -> Result<Value> {
    match ended {
        CodeEnd::Returned(value) => Ok(value.value()),
        CodeEnd::Raised(exception) => {
            Err(Fault::new(Kind::GuestError, exception.to_string()).detail(exception.name.as_str()))
        }
        CodeEnd::Failed(fault) | CodeEnd::Unknown(fault) => Err(fault.clone()),
    }
}

fn no_room() -> Fault {
    let message = "the pool of instances has no room for code that code calls; call it again later, or let the host run more \
                   instances at the same time";
    Fault::new(Kind::Unavailable, message).detail("pool")
}

/// Runs a piece of code once, in an instance of its own.
///
/// # Errors
///
/// Its files are not valid, or its private directory cannot be made.
pub(crate) async fn ran(host: &Services, code: &Code, instance: Instance<'_>) -> Result<(CodeOutcome, Usage)> {
    let Instance { interpreter, limits, id, place, listener } = instance;
    let (source, stripped) = plain(host, code, limits.clone()).await;
    let source = match source {
        Ok(source) => source,
        Err(ended) => return Ok((unrun(ended), stripped)),
    };
    let scratch = code.files.is_some().then(|| Scratch::create(&host.coding.scratch)).transpose()?;
    let grants: Vec<_> = scratch.iter().map(Scratch::grant).collect();
    let session = interpreter.session(&grants, seed(id))?;
    let session = place.into_iter().fold(session, Session::in_place);
    let language = interpreter.language().to_owned();
    let mut kept = Kept { session, scratch, language, cells: 0, last: None, bytes: 0 };
    let before = put(&kept, code)?;
    let (fuel, wall_us) = (limits.fuel.saturating_sub(stripped.fuel), limits.wall_us.saturating_sub(stripped.wall_us));
    let limits = limits.clone().fuel(fuel).wall_us(wall_us);
    let toolbox = Toolbox::default();
    let began_ms = host.coding.real_clock.then(|| host.clock.now_ms());
    let cell = cell(code, &source, id, &toolbox, Arc::new(Alone(listener)), limits, 0);
    let cell = Cell { begins_ms: began_ms, ..cell };
    let CellOutcome { result, mut usage, fuel, stdout, stderr, .. } = kept.session.run(cell).await;
    usage.add(&stripped);
    let ended = match result {
        Ok(Ok(value)) => CodeEnd::Returned(value),
        Ok(Err(exception)) => CodeEnd::Raised(exception),
        Err(fault) => CodeEnd::Failed(fault),
    };
    let files = kept.scratch.as_ref().map(Scratch::files).transpose()?.unwrap_or_default();
    let (files, floats) = (changed(&before, &files), host.engine.floats().clone());
    let outcome = CodeOutcome { ended, stdout, stderr, files, fuel, began_ms, floats };
    Ok((outcome, usage))
}
