use std::fmt;

use stockade_workflow::{Fault, Kind};

/// A fault on its way through the guest: what the host stops a guest with, found again on the other side.
#[derive(Debug)]
pub(crate) struct Stop(pub(crate) Fault);

impl Stop {
    /// Stops the guest at a limit.
    pub(crate) fn limit(kind: Kind, limit: &str, allowed: u64, used: u64) -> wasmtime::Error {
        let message = format!("the call may use {allowed} of \"{limit}\" and asked for {used}");
        wasmtime::Error::new(Self(Fault::limit(kind, limit, allowed, used, message)))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Stop {}
