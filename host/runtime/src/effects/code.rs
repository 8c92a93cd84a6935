//! Code that an agent wrote.

use std::borrow::Cow;

use stockade_journal::Beside;
use stockade_workflow::{Change, Code, CodeEnd, Effect, EffectOutcome, Fault, Usage};

use super::{Handler, Work};
use crate::code::{price, unrun};
use crate::run_log::RunLog;
use crate::services::Services;
use crate::{Result, cells};

pub(super) struct RunCode<'a> {
    pub(super) effect: &'a Effect,
    pub(super) code: &'a Code,
}

impl Handler for RunCode<'_> {
    fn price(&self, host: &Services) -> Result<(Usage, Usage)> {
        Ok(price(&host.coding.limits, self.code))
    }

    fn permit(&self, run: &RunLog) -> Result<()> {
        if let Some(session) = &self.code.session {
            // What it leaves in the session is written with what the run has of it.
            let key = cells::prefix(session);
            let cell = Beside::Row { space: cells::SPACE, key: &key };
            run.host.journal.check_together(&[Beside::Run(run.state().run()), cell])?;
        }
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
