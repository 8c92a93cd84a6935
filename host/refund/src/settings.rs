use serde::{Deserialize, Deserializer};
use stockade_workflow::{Cents, Terms};

use crate::{Letter, Refund, Rules};

/// The longest signature of a letter: a line.
const SIGNATURE_CHARS_MAX: usize = 200;

/// The settings of the refund workflow, as `[workflow.refund]` of a host's configuration says them.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The oldest purchase that may be refunded, in days.
    pub window_days: u32,
    /// The largest refund that needs no approval.
    #[serde(deserialize_with = "dollars")]
    pub approval_above: Cents,
    /// Who may decide and until when, beside what `approval` of the tool says. A question that expires ends the run, and no
    /// money moves.
    #[serde(deserialize_with = "terms")]
    pub approval: Option<Terms>,
    /// The last line of the letter. Without it, the tool `letters` has its own.
    #[serde(deserialize_with = "signature")]
    pub signature: Option<String>,
    /// `{}`, or `{ model = "NAME" }`: a model writes the letter. Without it, the tool `letters` does.
    pub letter: Option<Letter>,
}

impl Default for Settings {
    fn default() -> Self {
        let Rules { window_days, approval_above, approval, signature } = Rules::default();
        Self { window_days, approval_above, approval, signature, letter: None }
    }
}

impl From<Settings> for Refund {
    fn from(Settings { window_days, approval_above, approval, signature, letter }: Settings) -> Self {
        Self { rules: Rules { window_days, approval_above, approval, signature }, letter }
    }
}

/// Reads a line: a letter without one is unsigned, and one of many lines is another text below the letter.
fn signature<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |why: String| Err(serde::de::Error::custom(why));
    match text.chars().count() {
        _ if text.trim() != text || text.is_empty() => {
            wrong("a signature has letters at its beginning and its end".into())
        }
        _ if text.chars().any(char::is_control) => wrong("a signature is one line".into()),
        letters if letters > SIGNATURE_CHARS_MAX => {
            wrong(format!("a signature of {letters} characters; {SIGNATURE_CHARS_MAX} are allowed"))
        }
        _ => Ok(Some(text)),
    }
}

fn terms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Terms>, D::Error> {
    let terms = Terms::deserialize(deserializer)?;
    terms.check().map_err(serde::de::Error::custom)?;
    Ok(Some(terms))
}

fn dollars<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use stockade::{Config, Fault};

    use super::*;

    fn settings(text: &str) -> Result<Settings, Fault> {
        Config::parse(text)?.settings("refund")
    }

    #[test]
    fn settings_that_do_not_fit_are_refused_with_their_place() {
        for (text, says) in [
            (
                "[workflow.refund]\nwindow_days = -1",
                "line 2, \"window_days = …\": invalid value: integer `…`, expected u32",
            ),
            ("[workflow.refund]\napproval_above = \"cheap\"", "\"…\" is not an amount"),
            ("[workflow.refund]\nsignature = \"\"", "line 2, \"signature = …\": a signature has letters at"),
            ("[workflow.refund]\nsignature = \"a\\nb\"", "a signature is one line"),
            ("[workflow.refund]\napproval = { quorum = 0 }", "\"quorum\" is 0; it may be 1 to 20"),
            ("[workflow.refund]\napproval = { expires = \"2\" }", "is not a time with its unit"),
            ("[workflow.refund]\nwindow = 3", "unknown field `window`"),
        ] {
            let fault = settings(text).unwrap_err();
            assert!(fault.message.contains(says), "{text}\n{fault}");
            assert!(fault.message.starts_with("the configuration is not valid: line "), "{fault}");
        }
        assert_eq!(settings("").unwrap().window_days, 30);
        let said = settings("[workflow.refund]\nwindow_days = 14\napproval_above = \"$50.00\"").unwrap();
        assert_eq!((said.window_days, said.approval_above), (14, Cents(5_000)));
    }

    /// Errors travel to terminals, logs and issue trackers.
    #[test]
    fn a_secret_that_is_written_down_is_refused_and_not_repeated() {
        for text in ["[workflow.refund]\nwindow_days = \"sk_live\"", "[workflow.refund]\napproval_above = \"sk_live\""]
        {
            let fault = settings(text).unwrap_err();
            assert!(!fault.message.contains("sk_live"), "{text}\n{fault}");
            assert!(!fault.message.contains("sk_"), "{text}\n{fault}");
            assert!(fault.message.contains("line "), "{fault}");
        }
    }
}
