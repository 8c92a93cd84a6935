//! What a person accepts of a document that has an address: it may be another one tomorrow.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stockade_workflow::Digest;

/// A document with an address, as a person has accepted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedDocument {
    /// The address.
    pub address: String,
    /// The document.
    pub text: String,
    /// The digest of what is used of it, which is what the person has read.
    pub digest: Digest,
}

/// What is used of a document: where the service is, and the operations that become functions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DescribedService {
    /// What the paths of the operations stand behind.
    pub base_url: String,
    /// The operations, by name: method, path, description, the schemas of arguments and answer, and where each argument goes.
    pub operations: BTreeMap<String, Value>,
}

impl DescribedService {
    /// Returns the digest of all of it.
    pub fn digest(&self) -> Digest {
        Digest::of_json(self)
    }
}
