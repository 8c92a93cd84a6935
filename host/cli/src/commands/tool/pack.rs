//! `tool pack`: writes a manifest into a component.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use stockade::{Docs, Fault, Kind, Manifest};

use crate::args::Args;
use crate::exit::Exit;
use crate::text::{bytes, print_json};

pub(super) fn run(
    args: &Args,
    component: &Path,
    manifest: &Path,
    wit: &[PathBuf],
    out: Option<&Path>,
) -> stockade::Result<Exit> {
    let wasm = fs::read(component).map_err(|error| unusable(component, &error))?;
    let wit = folders(manifest, wit);
    let docs = Docs::read(&wasm, &wit)?;
    let packed = Manifest { docs, ..read(manifest)? }.pack(&wasm)?;
    let out = out.unwrap_or(component);
    fs::write(out, &packed).map_err(|error| unusable(out, &error))?;
    if args.json {
        print_json(&json!({"component": out, "size": packed.len()}));
    } else {
        println!("{}, {}", out.display(), bytes(packed.len() as u64));
    }
    Ok(Exit::Done)
}

fn read(path: &Path) -> stockade::Result<Manifest> {
    let text = fs::read_to_string(path).map_err(|error| unusable(path, &error))?;
    Manifest::from_toml(&text)
        .map_err(|fault| Fault { message: format!("\"{}\", {}", path.display(), fault.message), ..fault })
}

fn folders(manifest: &Path, named: &[PathBuf]) -> Vec<PathBuf> {
    let beside = manifest.with_file_name("wit");
    if named.is_empty() && beside.is_dir() { vec![beside] } else { named.to_vec() }
}

fn unusable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(Kind::NotFound, format!("\"{}\": {error}", path.display())).detail("file")
}
