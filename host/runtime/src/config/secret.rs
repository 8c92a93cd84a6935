use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};
use stockade_workflow::{Fault, Kind};

use super::{NEVER_WRITTEN, anchored};
use crate::Result;

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

/// Returns the key of `whose`: the value of the secret that it names.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] where that has none.
pub(crate) fn key_of(name: &str, whose: &str, secrets: &BTreeMap<String, String>) -> Result<String> {
    secrets.get(name).cloned().ok_or_else(|| {
        let message = format!(
            "the key of {whose} is the secret \"{name}\", which has no value; [secrets] says where it is, or `Builder::secret` what it is"
        );
        Fault::new(Kind::NotFound, message).detail("secret")
    })
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
