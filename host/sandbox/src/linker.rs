use stockade_workflow::{Fault, Kind};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::shape::{joined, short};
use crate::state::State;
use crate::{Result, callee, config, effect, files, http, kv, log, sockets, sql, vault, wasi};

/// Everything that a component may import, by name and compatible version.
const OFFERED: &[(&str, &str)] = &[
    ("stockade:host/effect", "0.1."),
    ("stockade:host/secrets", "0.1."),
    ("stockade:host/sql", "0.1."),
    ("stockade:host/tools", "0.1."),
    ("wasi:cli/environment", "0.2."),
    ("wasi:cli/exit", "0.2."),
    ("wasi:cli/stderr", "0.2."),
    ("wasi:cli/stdin", "0.2."),
    ("wasi:cli/stdout", "0.2."),
    ("wasi:cli/terminal-input", "0.2."),
    ("wasi:cli/terminal-output", "0.2."),
    ("wasi:cli/terminal-stderr", "0.2."),
    ("wasi:cli/terminal-stdin", "0.2."),
    ("wasi:cli/terminal-stdout", "0.2."),
    ("wasi:clocks/monotonic-clock", "0.2."),
    ("wasi:clocks/wall-clock", "0.2."),
    // Drafts: nothing promises that another version of them is the same.
    ("wasi:config/store", "0.2.0-rc.1"),
    ("wasi:filesystem/preopens", "0.2."),
    ("wasi:filesystem/types", "0.2."),
    ("wasi:http/outgoing-handler", "0.2."),
    ("wasi:http/types", "0.2."),
    ("wasi:io/error", "0.2."),
    ("wasi:io/poll", "0.2."),
    ("wasi:io/streams", "0.2."),
    ("wasi:keyvalue/atomics", "0.2.0-draft"),
    ("wasi:keyvalue/batch", "0.2.0-draft"),
    ("wasi:keyvalue/store", "0.2.0-draft"),
    ("wasi:logging/logging", "0.1.0-draft"),
    ("wasi:random/insecure", "0.2."),
    ("wasi:random/insecure-seed", "0.2."),
    ("wasi:random/random", "0.2."),
    ("wasi:sockets/instance-network", "0.2."),
    ("wasi:sockets/ip-name-lookup", "0.2."),
    ("wasi:sockets/network", "0.2."),
    ("wasi:sockets/tcp", "0.2."),
    ("wasi:sockets/tcp-create-socket", "0.2."),
    ("wasi:sockets/udp", "0.2."),
    ("wasi:sockets/udp-create-socket", "0.2."),
    #[cfg(test)]
    ("test:host/bug", "0.1."),
];

/// Returns the linker of all that is offered; a component gets of it what it imports.
///
/// What needs a grant is linked all the same, and asks for the grant at each call: so a denial is an answer to the
/// guest that says what is missing, not a component that does not start.
pub(crate) fn everything(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    callee::add_to_linker(&mut linker)?;
    config::add_to_linker(&mut linker)?;
    effect::add_to_linker(&mut linker)?;
    files::add_to_linker(&mut linker)?;
    http::add_to_linker(&mut linker)?;
    kv::add_to_linker(&mut linker)?;
    log::add_to_linker(&mut linker)?;
    sockets::add_to_linker(&mut linker)?;
    sql::add_to_linker(&mut linker)?;
    vault::add_to_linker(&mut linker)?;
    wasi::add_to_linker(&mut linker)?;
    #[cfg(test)]
    linker.instance("test:host/bug@0.1.0")?.func_wrap("panic", |mut store, (): ()| -> wasmtime::Result<()> {
        State::called(store.data_mut());
        panic!("a bug of the host")
    })?;
    Ok(linker)
}

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
    let message = format!("the component imports what this host does not offer: {missing}");
    Err(Fault::new(Kind::Denied, message).detail("component"))
}

fn is_offered(import: &str) -> bool {
    let Some((name, version)) = import.split_once('@') else { return false };
    OFFERED.iter().any(|(offered, compatible)| *offered == name && version.starts_with(compatible))
}
