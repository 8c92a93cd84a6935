//! JSON Schema, draft 2020-12, and of the drafts from 6 on what says the same otherwise.
//!
//! A schema comes from a workflow or from agent code, and the value from a model or a guest: both are strangers. So
//! expressions take time in proportion to the text, a check has so many steps and so much depth, numbers are compared
//! exactly, and nothing is loaded: a `$ref` leads to a place in the same document. What a schema wants that is not known
//! here (another dialect, a document within the document) is refused, and never left out. `format` and what is said of
//! content are annotations, as draft 2020-12 has it by default.

mod equal;
mod misfit;
mod number;
mod pattern;
mod reader;
mod rule;
mod walk;

use serde_json::Value;

pub use misfit::{Misfit, Step};
use rule::Rule;
use walk::Walk;

/// A JSON Schema that is ready to be checked against.
#[derive(Clone, Debug)]
pub struct Schema {
    /// What each part asks of a value. The first one is the whole.
    nodes: Vec<Vec<Rule>>,
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    ///
    /// It is not a schema, or wants something that is not known here; the text says what and where.
    pub fn new(schema: &Value) -> Result<Self, String> {
        Ok(Self { nodes: reader::read(schema)? })
    }

    /// Returns whether a value fits.
    pub fn accepts(&self, value: &Value) -> bool {
        let walk = Walk::new(&self.nodes);
        walk.node(rule::ROOT, value) && !walk.is_spent()
    }

    /// Returns what of a value does not fit, so many at most; nothing where the value fits.
    pub fn misfits<'a>(&'a self, value: &'a Value, max: usize) -> Vec<Misfit<'a>> {
        Walk::new(&self.nodes).misfits(value, max)
    }
}
