use std::path::Path;

use serde::{Deserialize, Deserializer};
use stockade_workflow::{Cents, Fault, Kind, refund};

use crate::Result;

/// What `stockade.toml` says. What it does not say is the default; what nobody knows is an error.
///
/// ```
/// let config = stockade::Config::parse(r#"
///     [workflow.refund]
///     window_days = 14
///     approval_above = "$50.00"
/// "#)?;
/// assert_eq!(config.workflow.refund.window_days, 14);
/// # Ok::<(), stockade::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The settings of each workflow.
    pub workflow: Workflows,
}

/// The settings of the workflows that come with Stockade.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Workflows {
    /// The two numbers of the refund policy.
    pub refund: Refund,
}

/// The rules of the refund workflow.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refund {
    /// The oldest purchase that may be refunded, in days.
    pub window_days: u32,
    /// The largest refund that is made without asking a person, as `"$100.00"`.
    #[serde(deserialize_with = "dollars")]
    pub approval_above: Cents,
}

impl Default for Refund {
    fn default() -> Self {
        let refund::Rules { window_days, approval_above } = refund::Rules::default();
        Self { window_days, approval_above }
    }
}

impl From<Refund> for refund::Refund {
    fn from(Refund { window_days, approval_above }: Refund) -> Self {
        Self { rules: refund::Rules { window_days, approval_above } }
    }
}

impl Config {
    /// Reads a configuration's text.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`], with the line and the value that does not fit.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            Fault::invalid("config", format!("the configuration is not valid: {}", located(text, &error)))
        })
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where it cannot be read, else as [`Config::parse`].
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("the configuration \"{}\" cannot be read: {error}", path.display());
            Fault::new(Kind::NotFound, message).detail("config")
        })?;
        Self::parse(&text).map_err(|fault| Fault { message: format!("{}: {}", path.display(), fault.message), ..fault })
    }
}

/// What is wrong and where, in one line: TOML's own text draws the place over several.
fn located(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let number = before.matches('\n').count();
    let line = text.lines().nth(number).unwrap_or_default().trim();
    format!("line {}, \"{line}\": {}", number + 1, error.message().replace('\n', "; "))
}

fn dollars<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Cents, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        for (text, says) in [
            ("[workflow.refund]\nwindow_days = -1", "window_days = -1"),
            ("[workflow.refund]\napproval_above = \"cheap\"", "\"cheap\" is not an amount"),
            ("[workflow.refund]\nwindow = 3", "unknown field `window`"),
            ("[tols]", "unknown field `tols`"),
        ] {
            let fault = Config::parse(text).unwrap_err();
            assert!(fault.message.contains(says), "{fault}");
        }
        assert_eq!(Config::parse("").unwrap().workflow.refund.window_days, 30);
    }
}
