use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};

use super::{NEVER_WRITTEN, anchored};

/// Where the value of a secret is, as `[secrets]` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// In a variable of the environment.
    Env(String),
    /// In a file; what it ends with, a line break, does not belong to it.
    File(PathBuf),
}

impl Secret {
    pub(super) fn anchor(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = anchored(folder, &path.to_string_lossy()).into();
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Env(Env),
    File(File),
    Other(de::IgnoredAny),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Env {
    env: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    file: PathBuf,
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Env(Env { env }) => Ok(Self::Env(env)),
            Written::File(File { file }) => Ok(Self::File(file)),
            // It may be the value itself, so it is not repeated.
            Written::Other(_) => Err(de::Error::custom(format!(
                "a secret's value {NEVER_WRITTEN}; write {{ env = \"VARIABLE\" }} or {{ file = \"PATH\" }}"
            ))),
        }
    }
}
