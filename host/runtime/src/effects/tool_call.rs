//! A call of a tool: of its component, or of the code that it was made of.

use std::borrow::Cow;
use std::sync::Arc;

use futures_util::FutureExt as _;
use serde_json::Value;
use stockade_sandbox::{Call, Limits};
use stockade_workflow::{
    Change, CodeEnd, CodeOutcome, Effect, EffectOutcome, Fault, Json, Kind, RunId, ToolCall, ToolOutcome, Usage,
};

use super::{Ended, Handler, Stopped, Work};
use crate::calls::{call_id, is_answer, readable, seed, unknown, unrepeated, within};
use crate::code::price_without_session;
use crate::later;
use crate::run_log::RunLog;
use crate::services::Services;
use crate::{Registered, Result};

pub(super) struct CallTool<'a> {
    pub(super) effect: &'a Effect,
    pub(super) call: &'a ToolCall,
    pub(super) approval: Option<&'a str>,
}

impl Handler for CallTool<'_> {
    fn price(&self, host: &Services) -> Result<(Usage, Usage)> {
        if let Some(approved) = host.registry.approved(&self.call.tool) {
            return Ok(price_without_session(&host.coding.limits, !approved.tools.is_empty()));
        }
        let Limits { fuel, memory_bytes, wall_us, .. } = *host.limits(&self.call.tool);
        let call = Usage::default().steps(1).tool_calls(1);
        let wish = call.fuel(fuel).memory_bytes_peak(memory_bytes).wall_us(wall_us);
        Ok((wish, call.fuel(1).memory_bytes_peak(1).wall_us(1)))
    }

    fn permit(&self, run: &RunLog) -> Result<()> {
        if self.approval.is_some() {
            return Ok(());
        }
        run.host.registry.unasked(&self.call.tool)?;
        unrepeated(run, self.call)?;
        run.check_flow(self.effect)
    }

    fn intent(&self, run: &RunLog, amount: Usage) -> Result<Change> {
        let consumes = self.approval.filter(|approval| self.approved(run, approval).is_ok());
        Ok(run.reserved(self.effect, amount, consumes))
    }

    fn is_alone(&self, host: &Services) -> bool {
        host.registry.approved(&self.call.tool).is_some()
    }

    fn begin<'a>(&'a self, run: &RunLog) -> Work<'a> {
        if let Some(Err(outcome)) = self.approval.map(|approval| self.consumed(run, approval)) {
            return Work::ended(outcome);
        }
        match run.host.registry.code(self.call) {
            Ok(Some(code)) => Work::Code(Cow::Owned(code), returned),
            Ok(None) => self.begin_call(run),
            Err(fault) => Work::ended(ToolOutcome::Failed(fault)),
        }
    }

    fn failed(&self, fault: Fault) -> EffectOutcome {
        ToolOutcome::Failed(fault).into()
    }
}

impl CallTool<'_> {
    fn begin_call(&self, run: &RunLog) -> Work<'static> {
        let (host, key, call) = (Arc::clone(&run.host), self.effect.key.clone(), self.call.clone());
        let tool = match host.registry.get(&call.tool) {
            Ok(tool) => tool,
            Err(fault) => return Work::ended(ToolOutcome::Failed(fault)),
        };
        if !run.is_mine(&key) && !tool.tells_repetitions() {
            let why = "the host stopped while it was in flight, and the tool is not declared idempotent";
            return Work::ended(ToolOutcome::Unknown(unknown(&key, &call, why)));
        }
        let (id, amount) = (call_id(run, &key, &call), run.in_time(&key));
        let awaited = run.state().awaited_results().map(|(doubt, _)| &*doubt.key);
        let others = run.state().in_flight().map(Effect::key).filter(|other| *other != key);
        let awaited = awaited.chain(others).map(str::to_owned).collect();
        let caller = Caller { run: run.state().run(), key, awaited };
        Work::Beside(async move { perform(&host, &caller, &call, &id, &amount).await }.boxed())
    }

    /// Checks that a person has approved this very call of what is there now.
    fn approved(&self, run: &RunLog, approval: &str) -> Result<()> {
        let missing =
            || Fault::new(Kind::Approval, format!("approval \"{approval}\" was never asked for")).detail("pending");
        let approval = run.state().approval(approval).ok_or_else(missing)?;
        approval.check(&run.host.registry.binding(self.call)?)
    }

    /// Checks that the call's intent used up its approval, and that the approval is still one of this call.
    fn consumed(&self, run: &RunLog, approval: &str) -> Result<(), ToolOutcome> {
        let (state, key) = (run.state(), self.effect.key());
        let used_up = state.approval(approval).is_some_and(|approval| approval.consumed_by.as_deref() == Some(key));
        if !used_up {
            let void =
                || Fault::new(Kind::Approval, format!("approval \"{approval}\" was void when it was to be used"));
            let fault = self.approved(run, approval).err().unwrap_or_else(|| void().detail("mismatch"));
            return Err(ToolOutcome::Failed(fault));
        }
        let now = run.host.registry.binding(self.call).map_err(ToolOutcome::Failed)?;
        let same = state.approval(approval).is_some_and(|approval| approval.binding() == now);
        // The intent was written for another component or other grants, and it may have happened with those.
        let why = "its component or grants changed while it was in flight";
        if same { Ok(()) } else { Err(ToolOutcome::Unknown(unknown(key, self.call, why))) }
    }
}

/// The effect that makes a call.
struct Caller {
    run: RunId,
    key: String,
    /// The effects of the run whose results come later.
    awaited: Vec<String>,
}

async fn perform(host: &Services, caller: &Caller, call: &ToolCall, id: &str, amount: &Usage) -> (Ended, Usage) {
    let tool = match host.registry.get(&call.tool) {
        Ok(tool) => tool,
        Err(fault) => return (Ended::As(ToolOutcome::Failed(fault).into()), Usage::default()),
    };
    let limits = within(host.limits(&call.tool), amount);
    let (function, arguments) = (&call.function, &call.arguments.value());
    let made = Call { function, arguments, idempotency_key: id, seed: seed(id), limits };
    let outcome = match host.call(tool, made, None).await {
        Ok(outcome) => outcome,
        Err(fault) if fault.kind == Kind::Unavailable => {
            return (Ended::Stopped(not_begun(host, call, fault)), Usage::default());
        }
        Err(fault) => return (Ended::As(ToolOutcome::Failed(fault).into()), Usage::default()),
    };
    let ended = match outcome.result.and_then(readable) {
        Ok(value) => Ended::As(ToolOutcome::Returned(value.into()).into()),
        Err(fault) if fault.kind == Kind::Later => promised(host, caller, call, &fault).await,
        Err(fault) => Ended::Stopped(stopped(host, tool, &caller.key, call, fault)),
    };
    (ended, outcome.usage)
}

/// Makes the token of a call lead to it whose tool tells the result later, before the run waits for that. The result of one
/// whose token does not is not heard.
async fn promised(host: &Services, caller: &Caller, call: &ToolCall, fault: &Fault) -> Ended {
    let Caller { run, key, awaited } = caller;
    let token = fault.detail.clone().unwrap_or_default();
    let not_known = |why: &str| EffectOutcome::from(ToolOutcome::Unknown(unknown(key, call, why)));
    match later::claim(&*host.journal, *run, key, &call.tool, &token, awaited).await {
        Ok(()) => {
            Ended::Promised(token, not_known("its tool tells the result later, and the run does not wait for it"))
        }
        Err(fault) if fault.is_of_storage() => Ended::Unheard(fault),
        Err(fault) => Ended::As(not_known(&fault.message)),
    }
}

/// A call that was not made, and may be later.
fn not_begun(host: &Services, call: &ToolCall, fault: Fault) -> Stopped {
    Stopped { fault, limits: host.limits(&call.tool).clone(), is_repeatable: true, unknown: None }
}

/// A tool that answers knows what it has done. One that was stopped may have done it, idempotent or not.
fn stopped(host: &Services, tool: &Registered, key: &str, call: &ToolCall, fault: Fault) -> Stopped {
    let changes_nothing = is_answer(&fault) || tool.changes_nothing();
    let unknown = (!changes_nothing).then(|| ToolOutcome::Unknown(unknown(key, call, &fault.message)).into());
    let limits = host.limits(&call.tool).clone();
    Stopped { fault, limits, is_repeatable: tool.tells_repetitions(), unknown }
}

/// What the end of code is to the effect that called it as a tool.
fn returned(outcome: CodeOutcome) -> EffectOutcome {
    EffectOutcome::ToolReturned(match outcome.ended {
        CodeEnd::Returned(value) => ToolOutcome::Returned(Json::from(Value::from(value.text()))),
        CodeEnd::Raised(exception) => ToolOutcome::Failed(Fault::new(Kind::GuestError, exception.to_string())),
        CodeEnd::Failed(fault) => ToolOutcome::Failed(fault),
        CodeEnd::Unknown(fault) => ToolOutcome::Unknown(fault),
    })
}
