//! Packs a component as `stockade tool pack` does, without the built-in tools that are part of that binary: this is how
//! those come to be packed themselves. `cargo run --example pack COMPONENT tool.toml WIT…`
#![expect(clippy::print_stderr, reason = "a command")]

use std::path::PathBuf;

use stockade_sandbox::{Docs, Manifest, Result};
use stockade_workflow::{Fault, Kind};

fn main() -> std::process::ExitCode {
    match pack(std::env::args_os().skip(1).map(PathBuf::from).collect()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("pack: {fault}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn pack(paths: Vec<PathBuf>) -> Result<()> {
    let [component, manifest, wit @ ..] = paths.as_slice() else {
        return Err(Fault::invalid("usage", "give COMPONENT, tool.toml, and the folders of its WIT"));
    };
    let failed = |error: std::io::Error| Fault::new(Kind::NotFound, error.to_string());
    let wasm = std::fs::read(component).map_err(failed)?;
    let docs = Docs::read(&wasm, wit)?;
    let manifest = Manifest::from_toml(&std::fs::read_to_string(manifest).map_err(failed)?)?;
    std::fs::write(component, Manifest { docs, ..manifest }.pack(&wasm)?).map_err(failed)
}
