//! Something to keep in the long-term memory.

use std::sync::Arc;

use futures_util::FutureExt as _;
use stockade_workflow::{Change, Effect, EffectOutcome, Fault, NewMemory, Remembered, Usage};

use super::{Ended, Handler, Work};
use crate::Result;
use crate::run_log::RunLog;
use crate::services::Services;

pub(super) struct Remember<'a> {
    pub(super) effect: &'a Effect,
    pub(super) memory: &'a NewMemory,
}

impl Handler for Remember<'_> {
    fn price(&self, host: &Services) -> Result<(Usage, Usage)> {
        host.recollection()?.price(&self.memory.text)
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

    /// Keeps it with the marks of all that the run has taken in. What the run recalled from there is not kept again.
    fn begin<'a>(&'a self, run: &RunLog) -> Work<'a> {
        let key = self.effect.key.clone();
        let (host, amount, recalled) = (Arc::clone(&run.host), run.in_time(&key), run.state().recalled().to_vec());
        let labels = self.memory.labels.union(&run.labels()).copied().collect();
        let memory = NewMemory { labels, ..self.memory.clone() };
        let by = Some((run.state().run(), key));
        let kept = async move {
            let recollection = match host.recollection() {
                Ok(recollection) => recollection,
                Err(fault) => return (Ended::As(Remembered::Failed(fault).into()), Usage::default()),
            };
            let (kept, used) = recollection.remember(&memory, by, host.clock.now_ms(), &recalled, &amount).await;
            (Ended::asked(kept.unwrap_or_else(Remembered::Failed)), used)
        };
        Work::Beside(kept.boxed())
    }

    fn failed(&self, fault: Fault) -> EffectOutcome {
        Remembered::Failed(fault).into()
    }
}
