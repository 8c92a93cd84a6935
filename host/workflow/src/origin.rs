use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Fault, Parent};

/// The longest key under which a run is started, in bytes.
const START_KEY_BYTES_MAX: usize = 256;

/// The most labels of a run: they are for a few words that a person looks for, and each list of runs carries them.
const LABELS_MAX: usize = 32;

/// The longest name of a run's label, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The longest value of a run's label, in bytes.
const VALUE_BYTES_MAX: usize = 256;

/// What a run was started with beside its input, and by what it is found again. The person who started it may be one who may not
/// decide on its questions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The key under which it was started, which no other run has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_key: Option<String>,
    /// Names with values that the caller chose. They are not the [labels](crate::Label) of data.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The person or the program that started it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it has failed to end in time, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<u64>,
    /// The run that has started it, where one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<Parent>>,
}

impl Origin {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the lengths and the names.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](crate::Kind::Invalid), with detail `start_key` or `label`.
    pub fn check(&self) -> Result<(), Fault> {
        self.start_key.as_ref().map_or(Ok(()), |key| check_key(key))?;
        if self.labels.len() > LABELS_MAX {
            let message = format!("a run has up to {LABELS_MAX} labels, and this one {}", self.labels.len());
            return Err(Fault::invalid("label", message));
        }
        self.labels.iter().try_for_each(|(name, value)| check_label(name, value))
    }
}

fn check_key(key: &str) -> Result<(), Fault> {
    if key.is_empty() || key.len() > START_KEY_BYTES_MAX {
        let message = format!("a start key has 1 to {START_KEY_BYTES_MAX} bytes, and this one {}", key.len());
        return Err(Fault::invalid("start_key", message));
    }
    Ok(())
}

fn check_label(name: &str, value: &str) -> Result<(), Fault> {
    let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter));
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !is_plain {
        let message = format!(
            "label \"{name}\" is refused: its name has 1 to {NAME_BYTES_MAX} of the letters a-z, A-Z, 0-9, \".\", \"_\", \
             \"-\" and \"/\""
        );
        return Err(Fault::invalid("label", message));
    }
    if value.len() > VALUE_BYTES_MAX {
        let bytes = value.len();
        let message = format!("the value of label \"{name}\" has {bytes} bytes, and {VALUE_BYTES_MAX} are allowed");
        return Err(Fault::invalid("label", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(start_key: Option<&str>, labels: &[(&str, &str)]) -> Option<String> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let origin = Origin { start_key: start_key.map(str::to_owned), labels, ..Origin::default() };
        origin.check().err().and_then(|fault| fault.detail)
    }

    #[test]
    fn an_origin_is_refused_by_what_is_wrong_with_it() {
        assert_eq!(refused(None, &[]), None);
        assert_eq!(refused(Some("order/7"), &[("team", "a b=c"), ("a.b/c_d-e", "")]), None);
        assert_eq!(refused(Some(""), &[]).as_deref(), Some("start_key"));
        assert_eq!(refused(Some(&"k".repeat(START_KEY_BYTES_MAX + 1)), &[]).as_deref(), Some("start_key"));
        for name in ["", "two words", "\u{e9}", &"n".repeat(NAME_BYTES_MAX + 1)] {
            assert_eq!(refused(None, &[(name, "")]).as_deref(), Some("label"), "{name}");
        }
        assert_eq!(refused(None, &[("a", &"v".repeat(VALUE_BYTES_MAX + 1))]).as_deref(), Some("label"));
        let many: Vec<_> = (0..=LABELS_MAX).map(|number| format!("l{number}")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), "")).collect();
        assert_eq!(refused(None, &many).as_deref(), Some("label"));
    }
}
