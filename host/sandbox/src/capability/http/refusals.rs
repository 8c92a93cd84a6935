use std::sync::{Arc, OnceLock};

use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;

use crate::asks::Asks;
use crate::denials::shown;

/// What the requests of one call were denied: of several denials, the first.
///
/// The tasks that carry requests share it, for they go on while the guest runs.
pub(super) struct Refusals {
    pub(super) asks: Arc<Asks>,
    first: OnceLock<String>,
}

impl Refusals {
    pub(super) fn new(asks: Arc<Asks>) -> Self {
        Self { asks, first: OnceLock::new() }
    }

    pub(super) fn first(&self) -> Option<String> {
        self.first.get().cloned()
    }

    /// Remembers a denial.
    pub(super) fn deny(&self, why: &str) -> ErrorCode {
        let _ = self.first.set(shown(why));
        ErrorCode::HttpRequestDenied
    }

    /// Denies what no grant could allow.
    pub(super) fn refuse(&self, what: &str, why: &str) -> ErrorCode {
        self.deny(&self.asks.refusal(what, why))
    }
}
