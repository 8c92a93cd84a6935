//! The tools that the server has itself, beside those of the host.

use rmcp::model::{JsonObject, Tool, ToolAnnotations, object};
use serde_json::{Value, json};

use crate::definition::result_schema;

/// A tool of the server itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// Finds functions of tools by what they do.
    Search,
    /// Calls one that was found.
    Call,
    /// Says how a run stands, and what it ended with.
    Status,
    /// Ends a run.
    Stop,
}

impl Own {
    pub(crate) const ALL: [Self; 4] = [Self::Search, Self::Call, Self::Status, Self::Stop];

    /// Returns whether it is only of use where not all functions are listed.
    pub(crate) fn is_of_many(self) -> bool {
        match self {
            Self::Search | Self::Call => true,
            Self::Status | Self::Stop => false,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Search => "search_tools",
            Self::Call => "call_tool",
            Self::Status => "run_status",
            Self::Stop => "run_stop",
        }
    }

    pub(crate) fn definition(self) -> Tool {
        let tool = Tool::new(self.name(), self.description(), self.input()).with_annotations(self.annotations());
        match self {
            // What they answer is of the function, or of the run.
            Self::Search => tool,
            Self::Call | Self::Status | Self::Stop => tool.with_raw_output_schema(result_schema(&json!({})).into()),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Search => {
                "Finds tools by words of their names and descriptions, and returns their definitions. Not all tools are \
                 listed; those that are found are called by their names, or with call_tool."
            }
            Self::Call => "Calls a tool that search_tools has found, by its name, with its arguments.",
            Self::Status => {
                "Says how a run stands that was started by an earlier call, waits a while for it, and returns its result \
                 once there is one."
            }
            Self::Stop => "Ends a run that was started by an earlier call.",
        }
    }

    fn input(self) -> JsonObject {
        let run = json!({"type": "string", "description": "The id of the run."});
        match self {
            Self::Search => {
                arguments(&[("query", json!({"type": "string", "description": "Words, separated by spaces."}))])
            }
            Self::Call => arguments(&[
                ("name", json!({"type": "string", "description": "The name of the tool."})),
                ("arguments", json!({"type": "object", "description": "Its arguments, as its definition has them."})),
            ]),
            Self::Status | Self::Stop => arguments(&[("run_id", run)]),
        }
    }

    fn annotations(self) -> ToolAnnotations {
        let closed = ToolAnnotations::new().open_world(false);
        match self {
            Self::Search | Self::Status => closed.read_only(true),
            Self::Stop => closed.read_only(false).destructive(true).idempotent(true),
            Self::Call => ToolAnnotations::new().read_only(false),
        }
    }
}

/// Returns the schema of arguments that are all needed.
fn arguments(members: &[(&str, Value)]) -> JsonObject {
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    let properties: JsonObject = members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    object(json!({
        "type": "object", "properties": properties, "required": names, "additionalProperties": false,
    }))
}
