use stockade_workflow::Fault;
use tokio::sync::OwnedSemaphorePermit;

use crate::Result;

/// A place in the pool that is taken already: for one call at a time, which need not wait for it.
///
/// Code that calls a tool waits for it while it holds a slot of the pool; were the tool to wait for another slot, then as
/// many pieces of code as there are slots would wait for one another for ever.
#[derive(Debug)]
pub struct Place {
    slots: u32,
    /// What is taken of the pool for it alone; none where the code holds it with its own slots.
    taken: Option<OwnedSemaphorePermit>,
}

impl Place {
    pub(crate) fn new(slots: u32) -> Self {
        Self { slots, taken: None }
    }

    /// A place that has its slots of the pool for itself.
    pub(crate) fn taken(slots: u32, taken: OwnedSemaphorePermit) -> Self {
        Self { slots, taken: Some(taken) }
    }

    /// Gives the slots to what is to hold them.
    pub(crate) fn into_slots(self) -> Option<OwnedSemaphorePermit> {
        self.taken
    }

    pub(crate) fn fits(&self, slots: u32) -> Result<()> {
        if slots > self.slots {
            let message = format!("the call takes {slots} slots of the pool and its caller keeps {} free", self.slots);
            return Err(Fault::invalid("component", message));
        }
        Ok(())
    }
}
