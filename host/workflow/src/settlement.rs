use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DEPTH_MAX, Fault, Json, Kind, ToolCall, ToolOutcome};

/// The longest output and the longest comment of a settlement, in bytes.
const BYTES_MAX: usize = 1 << 20;

/// The longest name of the person who settles, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// What was found out about a call of which it was not known whether it happened: by a person, or because its tool told the
/// result later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// The key of the effect that made the call, with a slash and its number behind it where code made it.
    pub key: String,
    /// What became of the call.
    #[serde(flatten)]
    pub found: Found,
    /// Who says so.
    pub by: String,
    /// How the person knows, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What became of a call that was in doubt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It happened, and its answer is this.
    Done(Json),
    /// It did not happen.
    Failed,
    /// The tool, which tells the result later, says that it failed, in these words.
    Refused(String),
}

/// A call of which it is not known whether it happened, and whose run waits until a person settles it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// The key of the effect that made the call, with a slash and its number behind it where code made it.
    pub key: String,
    /// The call.
    #[serde(flatten)]
    pub call: ToolCall,
    /// Why it is not known.
    pub error: Fault,
    /// What a person has found out, once one has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settlement: Option<Settlement>,
}

impl Settlement {
    /// The call happened, and answered this.
    pub fn done(key: &str, output: impl Into<Json>, by: &str) -> Self {
        Self { key: key.to_owned(), found: Found::Done(output.into()), by: by.to_owned(), comment: None }
    }

    /// The call did not happen.
    pub fn failed(key: &str, by: &str) -> Self {
        Self { key: key.to_owned(), found: Found::Failed, by: by.to_owned(), comment: None }
    }

    /// The tool, which tells the result later, says that the call failed.
    pub fn refused(key: &str, message: impl Into<String>, by: &str) -> Self {
        Self { key: key.to_owned(), found: Found::Refused(message.into()), by: by.to_owned(), comment: None }
    }

    /// Says how the person knows.
    #[must_use]
    pub fn comment(self, comment: Option<String>) -> Self {
        Self { comment, ..self }
    }

    /// Checks what every settlement must fulfil, whichever call it is about.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `settlement`.
    pub fn check(&self) -> Result<(), Fault> {
        if let Found::Done(output) = &self.found
            && output.depth() > DEPTH_MAX
        {
            let message = format!("the settlement nests {} deep, and {DEPTH_MAX} are allowed", output.depth());
            return Err(Fault::invalid("settlement", message));
        }
        let output = match &self.found {
            Found::Done(output) => output.text().len(),
            Found::Refused(message) => message.len(),
            Found::Failed => 0,
        };
        let comment = self.comment.as_ref().map_or(0, String::len);
        let refused = if self.by.trim().is_empty() {
            "the settlement names no person; say who has found out".to_owned()
        } else if self.by.len() > NAME_BYTES_MAX {
            format!("the name of the person has {} bytes, and {NAME_BYTES_MAX} are allowed", self.by.len())
        } else if output.max(comment) > BYTES_MAX {
            format!("the settlement has {} bytes, and {BYTES_MAX} are allowed", output.max(comment))
        } else {
            return Ok(());
        };
        Err(Fault::invalid("settlement", refused))
    }

    /// Returns how the call ended, as its workflow is told.
    pub fn outcome(&self, call: &ToolCall) -> ToolOutcome {
        match &self.found {
            Found::Done(output) => ToolOutcome::Returned(output.clone()),
            Found::Failed => {
                let ToolCall { tool, function, .. } = call;
                let message =
                    format!("{tool}.{function} did not happen, as \"{}\" has found out{}", self.by, self.why());
                ToolOutcome::Failed(Fault::new(Kind::GuestError, message).detail("settled").tool(tool))
            }
            Found::Refused(message) => ToolOutcome::Failed(Fault::new(Kind::GuestError, message).tool(&call.tool)),
        }
    }

    fn why(&self) -> String {
        self.comment.as_ref().map(|comment| format!(": {comment}")).unwrap_or_default()
    }
}

impl fmt::Display for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match &self.found {
            Found::Done(_) => "done",
            Found::Failed | Found::Refused(_) => "failed",
        };
        write!(f, "\"{}\" as {found} by \"{}\"{}", self.key, self.by, self.why())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_settlement_is_read_as_it_was_written() {
        let done = Settlement::done("refund", json!(null), "dana").comment(Some("seen at the bank".to_owned()));
        let refused = Settlement::refused("refund", "the card has expired", "bank");
        for settlement in [done, Settlement::failed("refund", "dana"), refused] {
            let text = serde_json::to_string(&settlement).unwrap();
            assert_eq!(serde_json::from_str::<Settlement>(&text).unwrap(), settlement, "{text}");
        }
    }

    #[test]
    fn a_settlement_names_a_person_and_has_a_limit() {
        let refused = |settlement: Settlement| settlement.check().err().map(|fault| fault.message);
        assert_eq!(refused(Settlement::failed("a", "dana")), None);
        assert!(refused(Settlement::failed("a", " ")).unwrap().contains("names no person"));
        assert!(refused(Settlement::failed("a", &"d".repeat(300))).unwrap().contains("300 bytes"));
        assert!(refused(Settlement::done("a", json!("x".repeat(BYTES_MAX)), "dana")).unwrap().contains("are allowed"));
        let nested = |levels| (1..levels).fold(json!([]), |inner, _| json!([inner]));
        assert_eq!(refused(Settlement::done("a", nested(DEPTH_MAX), "dana")), None);
        assert!(refused(Settlement::done("a", nested(DEPTH_MAX + 1), "dana")).unwrap().contains("nests 65 deep"));
    }
}
