//! Ways of working with models that have names: each a small workflow that configuration makes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Machine;

pub mod evaluator;
pub mod orchestrator;
mod share;
mod task;
pub mod tree_of_thoughts;

pub use share::Share;
pub use task::Task;

/// The workflows that may run inside others, by their names.
pub type Children = BTreeMap<String, Arc<Machine>>;
