//! Code that is of no run: nothing of it is journaled, and it is given no tools.

use std::sync::Arc;

use async_trait::async_trait;
use stockade_sandbox::{CallFromCode, Cell, CellOutcome, Interpreter, Limits, Outcome, Stdio, ToolHandler};
use stockade_workflow::{Code, CodeEnd, CodeOutcome, Fault, Kind, Usage};
use uuid::Uuid;

use super::cell::{cell, plain, put, refused};
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

/// Runs a piece of code once, in an instance of its own.
///
/// # Errors
///
/// Its files are not valid, or its private directory cannot be made.
pub(crate) async fn ran(
    host: &Services,
    interpreter: &Interpreter,
    code: &Code,
    limits: &Limits,
    listener: &Arc<Listener>,
) -> Result<(CodeOutcome, Usage)> {
    let (source, stripped) = plain(host, code, limits.clone()).await;
    let source = match source {
        Ok(source) => source,
        Err(ended) => return Ok((unrun(ended), stripped)),
    };
    let id = Uuid::now_v7().to_string();
    let scratch = code.files.is_some().then(|| Scratch::create(&host.coding.scratch)).transpose()?;
    let grants: Vec<_> = scratch.iter().map(Scratch::grant).collect();
    let session = interpreter.session(&grants, seed(&id))?;
    let language = interpreter.language().to_owned();
    let mut kept = Kept { session, scratch, language, cells: 0, last: None, bytes: 0 };
    let before = put(&kept, code)?;
    let (fuel, wall_us) = (limits.fuel.saturating_sub(stripped.fuel), limits.wall_us.saturating_sub(stripped.wall_us));
    let limits = limits.clone().fuel(fuel).wall_us(wall_us);
    let toolbox = Toolbox::default();
    let began_ms = host.coding.real_clock.then(|| host.clock.now_ms());
    let cell = cell(code, &source, &id, &toolbox, Arc::new(Alone(Arc::clone(listener))), limits, 0);
    let cell = Cell { begins_ms: began_ms, ..cell };
    let CellOutcome { result, mut usage, fuel, stdout, stderr, .. } = kept.session.run(cell).await;
    usage.add(&stripped);
    let ended = match result {
        Ok(Ok(value)) => CodeEnd::Returned(value),
        Ok(Err(exception)) => CodeEnd::Raised(exception),
        Err(fault) => CodeEnd::Failed(fault),
    };
    let files = kept.scratch.as_ref().map(Scratch::files).transpose()?.unwrap_or_default();
    let outcome = CodeOutcome { ended, stdout, stderr, files: changed(&before, &files), fuel, began_ms };
    Ok((outcome, usage))
}
