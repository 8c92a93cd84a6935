//! How the results reach their runs that tools tell later: as settlements, which the drivers of the runs take in.

use stockade_workflow::{Kind, RunId, RunState, Settlement};

use crate::completion::{Completed, Completion};
use crate::settling::{DELIVERY_PAUSE, DELIVERY_TRIES};
use crate::{Host, Result, later, settlements};

impl Host {
    /// Tells the result of a call of which a tool has said that the result comes later, under this token; and goes on with the
    /// run unless another process drives it. Its workflow hears that the call answered so, or failed.
    ///
    /// The result is durable when this returns. The same one, told twice, is one.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where no run waits for it. Kind [`Kind::Conflict`]: with detail `settled` where another result was
    /// told before, or a person has settled the call; with detail `late` where the deadline of the call has passed and the run
    /// has gone on; with detail `ended` where the run has ended. Kind [`Kind::Invalid`] with detail `result` where it does not
    /// fit what the function answers. A workflow that is not registered here, a journal that fails.
    pub async fn complete(&self, tool: &str, token: &str, completion: Completion) -> Result<Completed> {
        let journal = &*self.services.journal;
        let (run, key) = later::find(journal, tool, token).await?;
        let (state, told) = (self.promised(run, &key).await?, completion.of(&key));
        if is_told(&state, &told) {
            return Ok(Completed { run, resumed: None });
        }
        self.machine(state.workflow())?;
        state.check_settlement(&told)?;
        self.check_output(&state, &told, "result")?;
        let put = settlements::put(journal, run, &told).await;
        let is_taken = put.as_ref().is_err_and(|refused| refused.kind == Kind::Conflict);
        // What is there may be the same one, told twice at once.
        if !(is_taken && settlements::is_there(journal, run, &told).await?) {
            put?;
        }
        Ok(Completed { run, resumed: self.deliver_settlement(run, &key).await? })
    }

    /// Returns a run that waits for the result of a call: the tool may tell it before the run has taken in that it comes later.
    async fn promised(&self, run: RunId, key: &str) -> Result<RunState> {
        for _ in 0..DELIVERY_TRIES {
            let state = self.state(run).await?;
            if state.doubt(key).is_some() || state.in_flight().all(|effect| effect.key() != key) {
                return Ok(state);
            }
            tokio::time::sleep(DELIVERY_PAUSE).await;
        }
        self.state(run).await
    }
}

/// Whether a run was told this very result.
fn is_told(state: &RunState, told: &Settlement) -> bool {
    let before = state.doubt(&told.key).and_then(|doubt| doubt.settlement.as_ref());
    before.is_some_and(|before| before.found == told.found)
}
