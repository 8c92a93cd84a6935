//! A look into the long-term memory.

use std::sync::Arc;

use futures_util::FutureExt as _;
use stockade_workflow::{Change, Effect, EffectOutcome, Fault, Query, Recalled, Usage};

use super::{Ended, Handler, Work};
use crate::Result;
use crate::run_log::RunLog;
use crate::services::Services;

pub(super) struct Recall<'a> {
    pub(super) effect: &'a Effect,
    pub(super) query: &'a Query,
}

impl Handler for Recall<'_> {
    fn price(&self, host: &Services) -> Result<(Usage, Usage)> {
        host.recollection()?.price(&self.query.text)
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
        let (host, amount) = (Arc::clone(&run.host), run.in_time(self.effect.key()));
        let query = self.query.clone();
        let found = async move {
            let recollection = match host.recollection() {
                Ok(recollection) => recollection,
                Err(fault) => return (Ended::As(Recalled::Failed(fault).into()), Usage::default()),
            };
            let (found, used) = recollection.recall(&query, host.clock.now_ms(), &amount).await;
            (Ended::asked(found.map_or_else(Recalled::Failed, Recalled::Found)), used)
        };
        Work::Beside(found.boxed())
    }

    fn failed(&self, fault: Fault) -> EffectOutcome {
        Recalled::Failed(fault).into()
    }
}
