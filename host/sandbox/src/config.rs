use std::collections::BTreeMap;

use stockade_workflow::{Capability, Fault, Grant};
use wasmtime::component::{HasSelf, Linker};

use crate::Result;
use crate::bindings::config;
use crate::rights::{Rights, quoted};
use crate::state::State;

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

/// Links `wasi:config/store`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    config::add_to_linker::<State, HasSelf<State>>(linker, State::called)
}

/// A key that is not granted is none, as the interface has it: a tool may have a default, and a failure that follows may have
/// another reason. So the denial explains only one that speaks of the key.
impl config::Host for State {
    fn get(&mut self, key: String) -> wasmtime::Result<std::result::Result<Option<String>, config::Error>> {
        let value = self.rights.settings.by_key.get(&key).cloned();
        self.carry(key.len().saturating_add(value.as_ref().map_or(0, String::len)))?;
        if value.is_none() {
            let denial = denial(&self.rights, &key);
            self.quiet_denials.note(key, denial, false);
        }
        Ok(Ok(value))
    }

    fn get_all(&mut self) -> wasmtime::Result<std::result::Result<Vec<(String, String)>, config::Error>> {
        let all: Vec<_> = self.rights.settings.by_key.clone().into_iter().collect();
        self.carry(
            all.iter().map(|(key, value)| key.len().saturating_add(value.len())).fold(0, usize::saturating_add),
        )?;
        Ok(Ok(all))
    }
}

fn denial(rights: &Rights, key: &str) -> String {
    let key = quoted(key);
    rights.denial(Capability::Config, &format!("config {key}"), &format!("config = {{ {key} = \"VALUE\" }}"))
}
