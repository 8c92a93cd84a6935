use std::collections::BTreeMap;

use stockade_workflow::{Capability, Fault, Grant};
use wasmtime::component::{HasData, Linker};

use self::bindings::wasi::config::store;
use super::Offer;
use crate::Result;
use crate::asks::Asks;
use crate::context::CallContext;
use crate::quote::quoted;

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        inline: "
            package stockade:sandbox;

            world guest {
                import wasi:config/store@0.2.0-rc.1;
            }
        ",
        imports: { default: trappable },
    });
}

/// A draft: nothing promises that another version of it is the same.
pub(crate) const OFFER: Offer =
    Offer { capability: Some(Capability::Config), interfaces: &[("wasi:config/store", "0.2.0-rc.1")] };

/// The values of configuration that one tool was granted.
pub(crate) struct Settings {
    by_key: BTreeMap<String, String>,
}

impl Settings {
    /// Collects the values among the grants.
    ///
    /// # Errors
    ///
    /// Two are of one key.
    pub(crate) fn new(tool: &str, grants: &[Grant]) -> Result<Self> {
        let mut by_key = BTreeMap::new();
        for grant in grants {
            let Grant::Config { key, value } = grant else { continue };
            if by_key.insert(key.clone(), value.clone()).is_some() {
                return Err(Fault::invalid("grant", format!("config \"{key}\" is granted twice to tool \"{tool}\"")));
            }
        }
        Ok(Self { by_key })
    }
}

/// The configuration of a tool, as one call sees it.
pub(crate) struct View<'a> {
    pub(crate) granted: &'a Settings,
    pub(crate) context: &'a mut CallContext,
}

struct Config;

impl HasData for Config {
    type Data<'a> = View<'a>;
}

/// Links `wasi:config/store`.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    store::add_to_linker::<T, Config>(linker, view)
}

/// The interface answers nothing to a key that is not granted: a tool may have a default, and a failure that follows may
/// have another reason. So the denial explains only a failure that speaks of the key.
impl store::Host for View<'_> {
    fn get(&mut self, key: String) -> wasmtime::Result<std::result::Result<Option<String>, store::Error>> {
        let value = self.granted.by_key.get(&key).cloned();
        self.context.carry(key.len().saturating_add(value.as_ref().map_or(0, String::len)))?;
        if value.is_none() {
            let denial = denial(&self.context.asks, &key);
            self.context.denials.note(key, denial, false);
        }
        Ok(Ok(value))
    }

    fn get_all(&mut self) -> wasmtime::Result<std::result::Result<Vec<(String, String)>, store::Error>> {
        let all: Vec<_> = self.granted.by_key.clone().into_iter().collect();
        self.context.carry(
            all.iter().map(|(key, value)| key.len().saturating_add(value.len())).fold(0, usize::saturating_add),
        )?;
        Ok(Ok(all))
    }
}

fn denial(asks: &Asks, key: &str) -> String {
    let key = quoted(key);
    asks.denial(Capability::Config, &format!("config {key}"), &format!("config = {{ {key} = \"VALUE\" }}"))
}
