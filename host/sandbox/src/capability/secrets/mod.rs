//! Secrets: `stockade:host/secrets` gives a guest placeholders, and requests carry the values.

mod injector;
mod replacer;
mod values;

use stockade_workflow::Capability;
use wasmtime::component::{HasData, Linker};

use self::bindings::stockade::host::secrets;
use super::Offer;
use crate::context::CallContext;
use crate::quote::quoted;

pub(crate) use self::injector::SecretInjector;
pub(crate) use self::replacer::StreamReplacer;
pub use self::values::Secrets;

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        inline: "
            package stockade:sandbox;

            world guest {
                import stockade:host/secrets@0.1.0;
            }
        ",
        imports: { default: trappable },
    });
}

pub(crate) const OFFER: Offer =
    Offer { capability: Some(Capability::Secrets), interfaces: &[("stockade:host/secrets", "0.1.")] };

/// The secrets of a tool, as one call sees them.
pub(crate) struct View<'a> {
    pub(crate) granted: &'a SecretInjector,
    /// What the placeholders follow from.
    pub(crate) seed: u64,
    pub(crate) context: &'a mut CallContext,
}

struct Room;

impl HasData for Room {
    type Data<'a> = View<'a>;
}

/// Links `stockade:host/secrets`.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    secrets::add_to_linker::<T, Room>(linker, view)
}

impl secrets::Host for View<'_> {
    fn get(&mut self, name: String) -> wasmtime::Result<Result<String, secrets::Error>> {
        self.context.carry(name.len())?;
        if let Some(placeholder) = self.granted.placeholder(&name, self.seed) {
            return Ok(Ok(placeholder));
        }
        let name = quoted(&name);
        let line = format!("secrets = [{{ name = {name}, host = \"HOST\", header = \"authorization\" }}]");
        let denial = self.context.asks.denial(Capability::Secrets, &format!("secret {name}"), &line);
        self.context.carry(denial.len())?;
        self.context.deny(&denial);
        Ok(Err(secrets::Error::Denied(denial)))
    }
}
