use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use stockade::{Docs, Manifest};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::pretty::print_json;
use crate::read;
use crate::text::bytes;

/// Put its manifest and the comments of its WIT into a component
#[derive(Debug, Args)]
#[command(after_help = "Example:
  stockade tool pack target/wasm32-unknown-unknown/release/greeter.wasm
  stockade tool pack greeter.wasm --manifest tool.toml --wit wit -o packed.wasm")]
pub(crate) struct Pack {
    /// The component file
    component: PathBuf,
    /// The manifest
    #[arg(long, value_name = "FILE", default_value = "tool.toml")]
    manifest: PathBuf,
    /// The folder of its WIT; can be repeated, with folders that others use first; by default `wit` beside the manifest,
    /// if it exists
    #[arg(long, value_name = "DIR")]
    wit: Vec<PathBuf>,
    /// The file to write; by default, the component itself
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Pack {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let Self { component, manifest, wit, out } = &self;
        let wasm = read::file(component, read::COMPONENT_BYTES_MAX).with_context(|| unreadable(component))?;
        let wit = folders(manifest, wit);
        let docs = Docs::read(&wasm, &wit)?;
        let packed = Manifest { docs, ..read(manifest)? }.pack(&wasm)?;
        let out = out.as_ref().unwrap_or(component);
        fs::write(out, &packed).with_context(|| format!("\"{}\" cannot be written", out.display()))?;
        if globals.json {
            print_json(&json!({"component": out, "size": packed.len()}));
        } else {
            println!("{}, {}", out.display(), bytes(packed.len() as u64));
        }
        Ok(Exit::Done)
    }
}

fn read(path: &Path) -> anyhow::Result<Manifest> {
    let text = read::text(path, read::MANIFEST_BYTES_MAX).with_context(|| unreadable(path))?;
    Manifest::from_toml(&text).with_context(|| format!("\"{}\"", path.display()))
}

fn folders(manifest: &Path, named: &[PathBuf]) -> Vec<PathBuf> {
    let beside = manifest.with_file_name("wit");
    if named.is_empty() && beside.is_dir() { vec![beside] } else { named.to_vec() }
}

fn unreadable(path: &Path) -> String {
    format!("\"{}\" cannot be read", path.display())
}
