//! What stands in the place of registries in a build without the cargo feature `oci`: all that is in one is refused.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use stockade_workflow::{Digest, Fault};

use crate::Result;
use crate::features::off;
use crate::hooks::Hooks;

/// What a reference to a component in a registry begins with.
pub(crate) const SCHEME: &str = "oci://";

#[derive(Clone, Default)]
pub(crate) struct Store {}

impl Store {
    pub(crate) fn keep_in(&mut self, _: PathBuf) {}

    pub(crate) fn folder(&self) -> Option<PathBuf> {
        None
    }

    pub(crate) fn tell(&mut self, _: Arc<dyn Hooks>) {}

    pub(crate) fn allow_private(&mut self, _: impl IntoIterator<Item = String>) {}

    pub(crate) fn resolve_by(&mut self, _: BTreeMap<String, Vec<IpAddr>>) {}

    pub(crate) async fn get(&self, reference: &str, _: Option<&Digest>) -> Result<Vec<u8>> {
        Err(refused(reference))
    }
}

pub(crate) fn check(reference: &str) -> Result<()> {
    Err(refused(reference))
}

fn refused(reference: &str) -> Fault {
    off("registries", "oci").reworded(|why| format!("\"{reference}\" is in a registry: {why}"))
}
