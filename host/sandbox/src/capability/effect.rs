use wasmtime::component::{HasData, Linker};

use self::bindings::stockade::host::effect;
use super::Offer;
use crate::context::CallContext;

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        inline: "
            package stockade:sandbox;

            world guest {
                import stockade:host/effect@0.1.0;
            }
        ",
        imports: { default: trappable },
    });
}

/// Needs no grant: a call may always know its own name.
pub(crate) const OFFER: Offer = Offer { capability: None, interfaces: &[("stockade:host/effect", "0.1.")] };

/// The name of a call, as the guest may know it.
pub(crate) struct View<'a> {
    pub(crate) idempotency_key: &'a str,
    pub(crate) context: &'a mut CallContext,
}

struct Effect;

impl HasData for Effect {
    type Data<'a> = View<'a>;
}

/// Links `stockade:host/effect`.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    effect::add_to_linker::<T, Effect>(linker, view)
}

impl effect::Host for View<'_> {
    fn idempotency_key(&mut self) -> wasmtime::Result<String> {
        let key = self.idempotency_key.to_owned();
        self.context.carry(key.len())?;
        Ok(key)
    }
}
