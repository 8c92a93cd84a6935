//! The kinds of effects: one file each, with all that the executor asks of it.

mod approval;
mod code;
mod question;
mod read_result;
mod recall;
mod remember;
mod signal;
mod sleep;
mod start_runs;
mod tool_call;

use std::borrow::Cow;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use stockade_sandbox::Limits;
use stockade_workflow::{Change, Code, CodeOutcome, Currency, Effect, EffectKind, EffectOutcome, Fault, Kind, Usage};

use self::approval::RequestApproval;
use self::code::RunCode;
use self::question::AskModel;
use self::read_result::ReadPart;
use self::recall::Recall;
use self::remember::Remember;
use self::signal::AwaitSignal;
use self::sleep::Sleep;
use self::start_runs::StartRuns;
use self::tool_call::CallTool;
use crate::Result;
use crate::run_log::RunLog;
use crate::services::Services;

/// What the executor asks of an effect. No answer has a default, so that a new kind gives each of them.
pub(crate) trait Handler: Send + Sync {
    /// Returns what it may use, and the least without which it need not begin; its outcome takes a step.
    ///
    /// # Errors
    ///
    /// What it names is not there, or has no price.
    fn price(&self, host: &Services) -> Result<(Usage, Usage)>;

    /// Checks what the operator allows only with a person's approval. One that is void is found out when the effect begins.
    ///
    /// # Errors
    ///
    /// It may not begin.
    fn permit(&self, run: &RunLog) -> Result<()>;

    /// Returns the change that records its intent.
    ///
    /// # Errors
    ///
    /// The run cannot go on.
    fn intent(&self, run: &RunLog, amount: Usage) -> Result<Change>;

    /// Returns whether nothing else may be in flight beside it.
    fn is_alone(&self, host: &Services) -> bool;

    /// Returns how it is performed, now that its intent is durable.
    fn begin<'a>(&'a self, run: &RunLog) -> Work<'a>;

    /// Returns how it ends where this is why it did not happen.
    fn failed(&self, fault: Fault) -> EffectOutcome;
}

/// Returns the handler of an effect's kind.
pub(crate) fn handler(effect: &Effect) -> Box<dyn Handler + '_> {
    match &effect.kind {
        EffectKind::CallTool { call, approval } => Box::new(CallTool { effect, call, approval: approval.as_deref() }),
        EffectKind::RunCode(code) => Box::new(RunCode { effect, code }),
        EffectKind::AskModel(question) => Box::new(AskModel { effect, question }),
        EffectKind::Remember(memory) => Box::new(Remember { effect, memory }),
        EffectKind::Recall(query) => Box::new(Recall { effect, query }),
        EffectKind::ReadResult(read) => Box::new(ReadPart { effect, read }),
        EffectKind::RequestApproval { reason, call, terms } => {
            Box::new(RequestApproval { effect, reason, call, terms: terms.as_deref() })
        }
        EffectKind::Sleep(_) => Box::new(Sleep { effect }),
        EffectKind::AwaitSignal(awaited) => Box::new(AwaitSignal { effect, awaited }),
        EffectKind::StartRuns(runs) => Box::new(StartRuns { effect, runs }),
    }
}

/// Returns the price of an effect that uses nothing but the step of its outcome.
fn one_step() -> (Usage, Usage) {
    let step = Usage::default().steps(1);
    (step, step)
}

/// How an effect is performed.
#[expect(clippy::large_enum_variant, reason = "there is one for each effect that begins, for a moment")]
pub(crate) enum Work<'a> {
    /// Beside others: it needs nothing of the run any more.
    Beside(BoxFuture<'static, (Ended, Usage)>),
    /// By this code, which has the run to itself, for its calls are journaled; the effect ends as the code did.
    Code(Cow<'a, Code>, fn(CodeOutcome) -> EffectOutcome),
    /// Not by this host: it ends by what comes from outside.
    Outside,
}

impl Work<'_> {
    /// Nothing is done, for it is known how it ends.
    fn ended(outcome: impl Into<EffectOutcome>) -> Self {
        let ended = Ended::As(outcome.into());
        Self::Beside(std::future::ready((ended, Usage::default())).boxed())
    }
}

/// How an effect ended, before its limits are compared with those of the run.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most effects end as they say, and what they say is the large one")]
pub(crate) enum Ended {
    /// So, whatever the budget.
    As(EffectOutcome),
    /// So, unless less of one of these currencies was reserved for it than it may use: that was why.
    Short(Cow<'static, [Currency]>, EffectOutcome),
    /// It was stopped, or has ended with a fault.
    Stopped(Stopped),
    /// So, unless the run can wait for so long: then it is tried again.
    Later(Duration, EffectOutcome),
    /// Not yet: its tool tells the result later, under this token. So where the run does not wait for that.
    Promised(String, EffectOutcome),
    /// The run cannot hear how, for its journal failed so meanwhile.
    Unheard(Fault),
}

impl Ended {
    /// So; a model or an embedding that took longer than it was given had too little time.
    fn asked(outcome: impl Into<EffectOutcome>) -> Self {
        let outcome = outcome.into();
        let is_timeout = |fault: &Fault| fault.kind == Kind::Model && fault.detail.as_deref() == Some("timeout");
        if outcome.fault().is_some_and(is_timeout) {
            Self::Short(Cow::Borrowed(&[Currency::Wall]), outcome)
        } else {
            Self::As(outcome)
        }
    }
}

/// A call that was stopped, or has ended with a fault.
#[derive(Deserialize, Serialize)]
pub(crate) struct Stopped {
    /// Why.
    pub(crate) fault: Fault,
    /// The limits of one such call, whatever its run has left.
    pub(crate) limits: Limits,
    /// Whether it may be made again.
    pub(crate) is_repeatable: bool,
    /// How it ends where it may have happened; none where nothing can have changed.
    pub(crate) unknown: Option<EffectOutcome>,
}
