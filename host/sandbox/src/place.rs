use stockade_workflow::Fault;

use crate::Result;

/// A place in the pool that is taken already: for one call at a time, which need not wait for it.
///
/// Code that calls a tool waits for it while it holds a slot of the pool; were the tool to wait for another slot, then as
/// many pieces of code as there are slots would wait for one another for ever.
#[derive(Debug)]
pub struct Place {
    slots: u32,
}

impl Place {
    pub(crate) fn new(slots: u32) -> Self {
        Self { slots }
    }

    pub(crate) fn fits(&self, slots: u32) -> Result<()> {
        if slots > self.slots {
            let message = format!("the call takes {slots} slots of the pool and its caller keeps {} free", self.slots);
            return Err(Fault::invalid("component", message));
        }
        Ok(())
    }
}
