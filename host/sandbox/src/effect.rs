use wasmtime::component::{HasSelf, Linker};

use crate::bindings::effect;
use crate::state::State;

/// Links `stockade:host/effect`, which needs no grant: a call may always know its own name.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    effect::add_to_linker::<State, HasSelf<State>>(linker, State::called)
}

impl effect::Host for State {
    fn idempotency_key(&mut self) -> wasmtime::Result<String> {
        let key = self.idempotency_key.clone();
        self.meter.host_bytes.grow(key.len() as u64)?;
        Ok(key)
    }
}
