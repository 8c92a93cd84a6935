//! How it is settled what became of calls of which the host does not know it: by people, or by tools that tell it later.
//!
//! A settlement is a row of the journal's index, which the driver of the run takes in. The row stays, so that of two people
//! who settle one call at once, the second is told of the first.

use std::time::Duration;

use stockade_journal::{Row, RowChange};
use stockade_workflow::schema::Schema;
use stockade_workflow::{Change, Doubt, Fault, Found, RunId, RunState, Settlement};

use crate::executor::Driver;
use crate::lease::is_busy;
use crate::{Host, Result, Run, settlements};

/// How often and how long a settlement waits for the driver of the run to take it in: two seconds in all.
pub(crate) const DELIVERY_TRIES: u32 = 40;
pub(crate) const DELIVERY_PAUSE: Duration = Duration::from_millis(50);

impl Host {
    /// Says what became of a call that is in doubt, as a person has found out, and goes on with the run unless another process
    /// drives it: its workflow hears that the call answered so, or failed. Code that made the call goes on with the answer.
    ///
    /// The settlement is durable when this returns, and in the journal with the person's name. Returns the run if it goes on
    /// here; a paused one goes on once it is resumed.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where the run has no such call in doubt. Kind [`Kind::Conflict`]: with detail `settled` where
    /// another person was first, who is named; with detail `late` or `ended` where the run has gone on, or has ended. Kind
    /// [`Kind::Invalid`] with detail `settlement` where no person is named, or the output does not fit what the tool answers. An
    /// unknown run, a workflow that is not registered here, a journal that fails.
    ///
    /// [`Kind::NotFound`]: crate::Kind::NotFound
    /// [`Kind::Conflict`]: crate::Kind::Conflict
    /// [`Kind::Invalid`]: crate::Kind::Invalid
    pub async fn settle(&self, run: RunId, settlement: Settlement) -> Result<Option<Run>> {
        let state = self.state(run).await?;
        self.machine(state.workflow())?;
        state.check_settlement(&settlement)?;
        self.check_output(&state, &settlement, "settlement")?;
        settlements::put(&*self.services.journal, run, &settlement).await?;
        self.deliver_settlement(run, &settlement.key).await
    }

    /// Goes on with a run that a settlement is there for, or waits a while until its driver has taken it in.
    pub(crate) async fn deliver_settlement(&self, run: RunId, key: &str) -> Result<Option<Run>> {
        for _ in 0..DELIVERY_TRIES {
            match self.wake(run).await {
                Err(fault) if is_busy(&fault) => tokio::time::sleep(DELIVERY_PAUSE).await,
                woken => return woken,
            }
            if self.state(run).await?.doubt(key).is_some_and(|doubt| doubt.settlement.is_some()) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Checks an output against what the tool says that it answers. A tool that is not here any more says nothing.
    pub(crate) fn check_output(&self, state: &RunState, settlement: &Settlement, what: &str) -> Result<()> {
        let (Some(Doubt { call, .. }), Found::Done(output)) = (state.doubt(&settlement.key), &settlement.found) else {
            return Ok(());
        };
        let functions = self.services.registry.get(&call.tool).map(|tool| tool.functions()).unwrap_or_default();
        let Some(function) = functions.iter().find(|function| function.name() == call.function) else { return Ok(()) };
        let Ok(schema) = Schema::new(function.output_schema()) else { return Ok(()) };
        let output = output.value();
        let misfits = schema.misfits(&output, 1);
        misfits.first().map_or(Ok(()), |misfit| {
            let (tool, function, why) = (&call.tool, &call.function, misfit.says_of("its output"));
            let message = format!("the {what} does not fit what {tool}.{function} answers: {why}");
            Err(Fault::invalid(what, message).tool(tool))
        })
    }
}

impl Driver {
    /// Takes in what people have settled since this last looked.
    pub(crate) fn receive_settlements(&mut self, rows: Vec<Row>) -> Result<()> {
        for row in rows {
            let settlement = row.read::<Settlement>()?;
            if self.state().check_settlement(&settlement).is_ok() {
                self.push(Change::Settled { settlement })?;
                let value = row.value.clone();
                self.index(RowChange::Replace { seen: row, due_ms: None, value });
            }
        }
        Ok(())
    }
}
