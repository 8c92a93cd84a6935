//! A tool as it is shown: what it is, what it asks for and was granted, and its functions with their schemas.

use serde::Serialize;
use serde_json::{Value, json};
use stockade_sandbox::{Function, LogLine, Outcome, Tool, Unsupported};
use stockade_workflow::Usage;

use crate::callable::ToolFunction;
use crate::{Host, Registered, Result};

/// What one call of a tool, outside of any run, has answered.
#[derive(Clone, Debug, Serialize)]
pub struct ToolAnswer {
    /// The tool.
    pub tool: String,
    /// Its function.
    pub function: String,
    /// The answer.
    pub output: Value,
    /// What the call used.
    pub usage: Usage,
    /// What the tool wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
    /// What it wrote to its log.
    pub log: Vec<LogLine>,
    /// The key under which it was called: another call under it is the same one.
    pub idempotency_key: String,
}

impl ToolAnswer {
    /// Takes what a call has answered.
    ///
    /// # Errors
    ///
    /// The call has failed.
    pub fn new(tool: &Tool, function: &str, idempotency_key: &str, outcome: Outcome) -> Result<Self> {
        let Outcome { result, usage, stdout, stderr, log } = outcome;
        let (tool, function, idempotency_key) =
            (tool.name().to_owned(), function.to_owned(), idempotency_key.to_owned());
        Ok(Self { tool, function, output: result?, usage, stdout, stderr, log, idempotency_key })
    }
}

impl Host {
    /// Returns a document about a tool: its digest, imports, grants and manifest, and each function with its schemas.
    pub fn describe(&self, tool: &Tool) -> Value {
        let component = tool.component();
        json!({
            "name": tool.name(), "digest": component.digest(), "size": component.size(), "imports": component.imports(),
            "asks": component.asks(), "grants": tool.grants(), "repeatable": self.is_repeatable(tool),
            "manifest": component.manifest(),
            "functions": component.functions().iter().map(described)
                .chain(component.unsupported().iter().map(refused)).collect::<Vec<_>>(),
        })
    }

    /// Describes a registered tool of any kind.
    pub fn describe_registered(&self, tool: &Registered) -> Value {
        tool.component().map_or_else(|| other(tool), |component| self.describe(component))
    }
}

/// A tool of another kind than a component.
fn other(tool: &Registered) -> Value {
    let function = |function: &ToolFunction| {
        json!({
            "name": function.name(), "signature": function.signature(), "description": function.docs(),
            "input_schema": function.input_schema(), "output_schema": function.output_schema(),
        })
    };
    json!({
        "name": tool.name(), "digest": tool.identity(), "grants": tool.nature().grants, "repeatable": tool.nature().repeatable,
        "functions": tool.functions().iter().map(function).collect::<Vec<_>>(),
    })
}

fn described(function: &Function) -> Value {
    json!({
        "name": function.name(), "interface": function.interface(), "signature": function.signature(),
        "description": function.docs(),
        "input_schema": function.input_schema(), "output_schema": function.output_schema(),
    })
}

fn refused(function: &Unsupported) -> Value {
    json!({"name": function.name(), "interface": function.interface(), "unsupported": function.reason()})
}
