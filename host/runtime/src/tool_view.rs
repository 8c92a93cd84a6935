//! A tool as it is shown: what it is, what it asks for and was granted, and its functions with their schemas.

use serde_json::{Value, json};
use stockade_sandbox::{Function, Tool, Unsupported};

use crate::Host;

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
