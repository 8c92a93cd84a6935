use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Deserializer, de};
use stockade_sandbox::Limits;
use stockade_workflow::{Digest, Label};

use super::{Grants, anchored};
use crate::Source;

/// What `[tool.NAME]` says. It is all there is to say of that tool: what is not granted here is not granted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tool {
    /// Its component: a file, or an `oci://` reference. Without one it is the component that the tool of this name has
    /// already: the built-in one, or the one in the folder of tools.
    #[serde(deserialize_with = "source")]
    pub component: Option<Source>,
    /// The digest that the component must have.
    #[serde(deserialize_with = "digest")]
    pub digest: Option<Digest>,
    /// Whether a call under the same idempotency key has no second effect.
    pub idempotent: bool,
    /// What one call may use; what is not named is what `[limits]` says, or the default.
    pub limits: Option<Limits>,
    /// Whether a person is asked before each call. Without it, the workflow decides; an agent asks before calls that may
    /// change something.
    pub approval: Option<Asking>,
    /// The marks that its answers carry. Without it, what follows from its grants: what comes over the network is
    /// untrusted, what comes from a database, a directory or a bucket is private.
    pub labels: Option<BTreeSet<Label>>,
    /// What it is granted.
    pub grants: Grants,
}

/// When a person is asked before a tool is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asking {
    /// Before each call, whatever the workflow wants; code cannot call it.
    Always,
    /// Where a workflow wants it.
    Never,
}

impl Tool {
    pub(super) fn anchor(&mut self, folder: &Path) {
        if let Some(Source::File(path)) = &mut self.component {
            *path = anchored(folder, &path.to_string_lossy()).into();
        }
        self.grants.anchor(folder);
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
