use std::collections::BTreeMap;

use serde::Serialize;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::keyring::{KeyId, Keyring};

/// How much of a journal is sealed under a key, or under none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyUse {
    /// The number of the key; absent for what is not sealed.
    pub key: Option<String>,
    /// The name of the secret of which the key is made, where the journal was opened with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Whether it is the one that seals now.
    pub is_current: bool,
    /// How many rows of entries, and how many long texts that they name.
    pub payloads: u64,
}

impl KeyUse {
    /// Reads the bytes by which rows say their keys; what says none is not sealed.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn all(found: impl IntoIterator<Item = (Option<Vec<u8>>, u64)>, keys: &Keyring) -> Vec<Self> {
        let mut counts = BTreeMap::<Option<KeyId>, u64>::new();
        for (id, payloads) in found {
            *counts.entry(id.and_then(|id| id.try_into().ok()).map(KeyId)).or_default() += payloads;
        }
        let used = counts.into_iter().map(|(id, payloads)| Self {
            key: id.map(|id| id.to_string()),
            secret: id.and_then(|id| keys.name(&id).map(str::to_owned)),
            is_current: id == keys.sealing(),
            payloads,
        });
        used.collect()
    }

    /// Adds up what several databases of one journal have.
    pub(crate) fn together(parts: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut all = BTreeMap::<Option<String>, Self>::new();
        for part in parts {
            match all.get_mut(&part.key) {
                Some(same) => same.payloads += part.payloads,
                None => drop(all.insert(part.key.clone(), part)),
            }
        }
        all.into_values().collect()
    }
}
