use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockade_workflow::{Digest, Fault};

use crate::Result;

/// Code that an agent wrote and a person made a tool of: what the tool does when it is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snippet {
    /// The language.
    pub language: String,
    /// The code.
    pub source: String,
    /// The tools that it may call, each with the digest of its component and its grants as they were when the person
    /// said yes. With others it does not run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, Digest>,
    /// The JSON Schema (2020-12) of its input. Of an object, the members are the arguments of the tool; of anything else, the
    /// argument `input` is. Without one, `input` is a text: JSON, where it is not plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// The JSON Schema of what it returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Where it was written: the run and the key of the effect.
    pub written_in: String,
    /// Who said yes.
    pub approved_by: String,
}

impl Snippet {
    /// The function by which it is called: `run(input: string) -> result<string, string>`, both of them JSON.
    pub const FUNCTION: &'static str = "run";

    /// Returns whether the members of its input are the arguments.
    pub fn takes_members(&self) -> bool {
        self.input.as_ref().is_some_and(|schema| schema.get("type").is_some_and(|kind| kind == "object"))
    }

    /// Returns the arguments by which it is called with an input.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](stockade_workflow::Kind::Invalid) with detail `case`: its arguments are the members of the input,
    /// and this one has none.
    pub fn arguments(&self, input: Value) -> Result<Value> {
        match (self.takes_members(), input) {
            (true, input @ Value::Object(_)) => Ok(input),
            (true, input) => {
                let message =
                    format!("the input \"{input}\" is no object, and the members of one are the tool's arguments");
                Err(Fault::invalid("case", message))
            }
            (false, input) => Ok(json!({ "input": input })),
        }
    }
}
