//! A wait for a signal.

use stockade_workflow::{AwaitedSignal, Change, Effect, EffectOutcome, Fault, Usage, Waited};

use super::{Handler, Work, one_step};
use crate::Result;
use crate::run_log::RunLog;
use crate::services::Services;

pub(super) struct AwaitSignal<'a> {
    pub(super) effect: &'a Effect,
    pub(super) awaited: &'a AwaitedSignal,
}

impl Handler for AwaitSignal<'_> {
    fn price(&self, _: &Services) -> Result<(Usage, Usage)> {
        Ok(one_step())
    }

    fn permit(&self, _: &RunLog) -> Result<()> {
        self.awaited.validate()
    }

    fn intent(&self, run: &RunLog, amount: Usage) -> Result<Change> {
        Ok(run.reserved(self.effect, amount, None))
    }

    fn is_alone(&self, _: &Services) -> bool {
        false
    }

    fn begin<'a>(&'a self, _: &RunLog) -> Work<'a> {
        Work::Outside
    }

    fn failed(&self, fault: Fault) -> EffectOutcome {
        Waited::Failed(fault).into()
    }
}
