use std::collections::BTreeSet;

use stockade_sandbox::Limits;
use stockade_workflow::{Label, Terms};

use crate::config::{Asking, Breaker, Retry};

/// What the operator says of a tool. Where a field is absent, it follows from the tool's nature.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    /// Whether two calls under the same idempotency key have one effect.
    pub(crate) idempotent: bool,
    /// When a person is asked before a call.
    pub(crate) approval: Option<Asking>,
    /// Who may decide on its calls, and until when.
    pub(crate) terms: Option<Terms>,
    /// The labels of its answers.
    pub(crate) labels: Option<BTreeSet<Label>>,
    /// What one call may use.
    pub(crate) limits: Option<Limits>,
    /// How a call is made again.
    pub(crate) retry: Option<Retry>,
    /// When it is left alone.
    pub(crate) breaker: Option<Breaker>,
}
