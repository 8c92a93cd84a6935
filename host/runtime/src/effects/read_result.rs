//! The reading of a part of a result that the run has already.

use std::sync::Arc;

use futures_util::FutureExt as _;
use stockade_workflow::{Change, Effect, EffectOutcome, Fault, ReadResult, ResultPart, ResultRead, Usage};

use super::{Ended, Handler, Work, one_step};
use crate::run_log::RunLog;
use crate::services::Services;
use crate::{Result, results};

pub(super) struct ReadPart<'a> {
    pub(super) effect: &'a Effect,
    pub(super) read: &'a ReadResult,
}

impl Handler for ReadPart<'_> {
    fn price(&self, _: &Services) -> Result<(Usage, Usage)> {
        Ok(one_step())
    }

    fn permit(&self, _: &RunLog) -> Result<()> {
        Ok(())
    }

    fn intent(&self, run: &RunLog, amount: Usage) -> Result<Change> {
        Ok(run.reserved(self.effect, amount, None))
    }

    fn is_alone(&self, _: &Services) -> bool {
        false
    }

    fn begin<'a>(&'a self, run: &RunLog) -> Work<'a> {
        let (host, run, read) = (Arc::clone(&run.host), run.state().run(), self.read.clone());
        let part = async move {
            let ended = results::ended(&*host.journal, run, &read.result).await;
            let part = ended.and_then(|ended| ended.result_text().ok_or_else(|| results::missing(run, &read.result)));
            let ended = match part {
                Ok(text) => Ended::As(ResultRead::Read(ResultPart::of(&text, &read)).into()),
                Err(fault) if fault.is_of_storage() => Ended::Unheard(fault),
                Err(fault) => Ended::As(ResultRead::Failed(fault).into()),
            };
            (ended, Usage::default())
        };
        Work::Beside(part.boxed())
    }

    fn failed(&self, fault: Fault) -> EffectOutcome {
        ResultRead::Failed(fault).into()
    }
}
