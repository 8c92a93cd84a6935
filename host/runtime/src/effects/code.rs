//! Code that an agent wrote.

use std::borrow::Cow;

use stockade_workflow::{Change, Code, CodeEnd, Effect, EffectOutcome, Fault, Usage};

use super::{Handler, Work};
use crate::Result;
use crate::code::{price, unrun};
use crate::run_log::RunLog;
use crate::services::Services;

pub(super) struct RunCode<'a> {
    pub(super) effect: &'a Effect,
    pub(super) code: &'a Code,
}

impl Handler for RunCode<'_> {
    fn price(&self, host: &Services) -> Result<(Usage, Usage)> {
        Ok(price(&host.coding.limits, self.code))
    }

    fn permit(&self, run: &RunLog) -> Result<()> {
        run.check_flow(self.effect)
    }

    fn intent(&self, run: &RunLog, amount: Usage) -> Result<Change> {
        Ok(run.reserved(self.effect, amount, None))
    }

    fn is_alone(&self, _: &Services) -> bool {
        true
    }

    fn begin<'a>(&'a self, _: &RunLog) -> Work<'a> {
        Work::Code(Cow::Borrowed(self.code), EffectOutcome::CodeFinished)
    }

    fn failed(&self, fault: Fault) -> EffectOutcome {
        unrun(CodeEnd::Failed(fault)).into()
    }
}
