use std::path::{Path, PathBuf};

use wasmparser::{Parser, Payload};

/// Returns a folder or file of the repository.
pub(crate) fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Reads a built guest.
pub(crate) fn built(name: &str) -> Vec<u8> {
    std::fs::read(root("guest-tools/dist").join(name).with_extension("wasm")).unwrap()
}

/// Returns the one core module of a lean component.
pub(crate) fn core_module(component: &[u8]) -> Vec<u8> {
    let module = Parser::new(0).parse_all(component).find_map(|payload| match payload.unwrap() {
        Payload::ModuleSection { unchecked_range, .. } => component.get(unchecked_range),
        _ => None,
    });
    module.unwrap().to_vec()
}
