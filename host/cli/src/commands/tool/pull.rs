use clap::Args;
use serde_json::json;

use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::open_host;
use crate::pretty::print_json;
use crate::text::{DIM, bytes};

/// Get a component from a registry, and print the digest that pins it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade tool pull oci://ghcr.io/acme/greet:1.0")]
pub(crate) struct Pull {
    /// The reference, `oci://HOST[:PORT]/REPOSITORY:TAG`
    reference: String,
}

impl Pull {
    /// Loads no tool, so that it works while the configuration still lacks the digest that it prints.
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let pulled = open_host::puller(globals).await?.pull(&self.reference).await?;
        let reference = &self.reference;
        let (digest, size) = (&pulled.component, pulled.bytes.len());
        if globals.json {
            print_json(&json!({"reference": reference, "digest": digest, "manifest": pulled.manifest, "size": size}));
        } else {
            println!("component = \"{}\"\ndigest = \"{digest}\"", safe(reference));
            eprintln!("{DIM}{}, by manifest {}{DIM:#}", bytes(size as u64), pulled.manifest);
        }
        Ok(Exit::Done)
    }
}
