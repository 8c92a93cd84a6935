use std::path::Path;

use serde::{Deserialize, Deserializer, de};

use crate::features::off;

/// What `[memory]` says. This build has no long-term memory, so that nothing can be said of it: it lacks the feature `memory`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom(off("long-term memory", "memory")))
    }
}

impl Memory {
    pub(super) fn anchor(&mut self, _: &Path) {}
}
