use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Deserializer, de};
use stockade_sandbox::Limits;
use stockade_workflow::{Digest, Label};

use super::{Approval, Breaker, Grants, Retry, anchored};
use crate::Source;

/// What `[tool.NAME]` says. Where it names no component, what it does not say stays as it is for the tool of this name; where
/// it does, that is another tool, and what is not granted here is not granted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tool {
    /// The component: a file, an `oci://` reference, or `built-in:NAME`. Without it, the table changes the tool of this name that
    /// exists already, or else takes the built-in one: `data`, `files`, `time` or `web`, which is `built-in:NAME` under
    /// another name.
    #[serde(deserialize_with = "source")]
    pub component: Option<Source>,
    /// The digest that the component must have. A tag of a registry is refused without it.
    #[serde(deserialize_with = "digest")]
    pub digest: Option<Digest>,
    /// The functions that people, models and code may call. Without it, all of them, but for those that only a tool
    /// chain leaves behind.
    pub functions: Option<Vec<String>>,
    /// Whether two calls under the same idempotency key have one effect. Only such a call is repeated after a
    /// crash.
    pub idempotent: Option<bool>,
    /// What one call may use. What is not named here is as `[limits]` says.
    pub limits: Option<Limits>,
    /// `"always"`: a person is asked before each call, one of code too. `"never"`: a person is asked
    /// only where a workflow wants it. Without it, an agent asks before each call that may change something. A table says who
    /// may decide and until when; its `ask` is one of these words.
    pub approval: Option<Approval>,
    /// The labels of its answers. Without it they follow from the grants: data from the network is untrusted; data
    /// from a database, a directory or a bucket is private.
    pub labels: Option<BTreeSet<Label>>,
    /// How a call that a workflow wants is made again after an error that may pass. Without it, it is not.
    pub retry: Option<Retry>,
    /// When the tool is left alone because its calls fail.
    pub breaker: Option<Breaker>,
    /// What the tool is granted.
    pub grants: Option<Grants>,
}

/// When a person is asked before a tool is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asking {
    /// Before each call, whatever the workflow wants, and before each one of code.
    Always,
    /// Where a workflow wants it.
    Never,
}

impl Tool {
    pub(super) fn anchor(&mut self, folder: &Path) {
        if let Some(Source::File(path)) = &mut self.component {
            *path = anchored(folder, &path.to_string_lossy()).into();
        }
        if let Some(grants) = &mut self.grants {
            grants.anchor(folder);
        }
    }
}

pub(super) fn source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Source>, D::Error> {
    let source = Source::from(String::deserialize(deserializer)?.as_str());
    source.check().map_err(de::Error::custom)?;
    Ok(Some(source))
}

pub(super) fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Digest>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(de::Error::custom)
}
