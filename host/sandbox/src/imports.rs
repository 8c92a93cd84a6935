//! What a component may import: all that the capabilities offer.

use stockade_workflow::{Capability, Fault, Kind};

use crate::Result;
use crate::shape::{joined, short};
use crate::state::CAPABILITIES;

/// Checks what a component imports.
///
/// # Errors
///
/// Some of it is not offered, or not in that version; the message lists it.
pub(crate) fn offered(imports: &[String]) -> Result<()> {
    let missing: Vec<_> = imports.iter().map(String::as_str).filter(|import| !is_offered(import)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = short(&joined(&missing));
    let advice = if imports.iter().any(|import| is_wasi_0_3(import)) {
        "; it is built for WASI 0.3; build it for wasm32-wasip2"
    } else {
        ""
    };
    let message = format!("the component imports what this host does not offer: {missing}{advice}");
    Err(Fault::new(Kind::Denied, message).detail("component"))
}

/// Returns whether `name` is an interface of WASI 0.3: `wasi:cli/run@0.3.0-rc-2026-01-06`.
pub(crate) fn is_wasi_0_3(name: &str) -> bool {
    name.starts_with("wasi:") && name.split_once('@').is_some_and(|(_, version)| version.starts_with("0.3."))
}

fn is_offered(import: &str) -> bool {
    let Some((name, version)) = import.split_once('@') else { return false };
    let mut interfaces = CAPABILITIES.iter().flat_map(|room| room.offer.interfaces);
    interfaces.any(|(offered, compatible)| *offered == name && version.starts_with(compatible))
}

/// Returns the capability that an import could reach.
pub(crate) fn capability(import: &str) -> Option<Capability> {
    let (name, _) = import.split_once('@')?;
    let room = CAPABILITIES.iter().find(|room| room.offer.interfaces.iter().any(|(offered, _)| reaches(name, offered)));
    room.and_then(|room| room.offer.capability)
}

/// Returns whether an import reaches what an interface does: it is the interface, or of the same package of WASI.
fn reaches(import: &str, offered: &str) -> bool {
    let package = |name: &str| name.split_once('/').map(|(package, _)| package.to_owned());
    import == offered || (offered.starts_with("wasi:") && package(import) == package(offered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_reaches_the_capability_of_its_package() {
        let cases = [
            ("stockade:host/sql@0.1.0", Some(Capability::Sql)),
            ("stockade:host/secrets@0.1.0", Some(Capability::Secrets)),
            ("stockade:host/effect@0.1.0", None),
            ("wasi:filesystem/preopens@0.2.0", Some(Capability::Fs)),
            ("wasi:filesystem/anything@9.9.9", Some(Capability::Fs)),
            ("wasi:http/types@0.2.0", Some(Capability::Http)),
            ("wasi:keyvalue/watcher@0.2.0-draft", Some(Capability::Kv)),
            ("wasi:config/store@0.2.0-rc.1", Some(Capability::Config)),
            ("wasi:clocks/timezone@0.2.0", Some(Capability::Clock)),
            ("wasi:random/random@0.2.0", Some(Capability::Random)),
            ("wasi:logging/logging@0.1.0-draft", Some(Capability::Log)),
            ("wasi:io/streams@0.2.0", None),
            ("wasi:http", None),
        ];
        for (import, expected) in cases {
            assert_eq!(capability(import), expected, "{import}");
        }
    }
}
