use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockade_workflow::Digest;

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
    /// Where it was written: the run and the key of the effect.
    pub written_in: String,
    /// Who said yes.
    pub approved_by: String,
}

impl Snippet {
    /// The function by which it is called: `run(input: string) -> result<string, string>`, both of them JSON.
    pub const FUNCTION: &'static str = "run";
}
