use serde::{Deserialize, Serialize};

use crate::{Fault, Json, Kind, ToolCall, check_depth};

/// The longest answer in a tool's place, and the longest comment, in bytes.
const TEXT_BYTES_MAX: usize = 16 << 10;

/// The longest arguments of a decision, in bytes of JSON.
const ARGUMENTS_BYTES_MAX: usize = 1 << 20;

/// A person's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who decided.
    pub by: String,
    /// What.
    pub verdict: Verdict,
    /// Why, in the person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The arguments that the person put in place of those that were asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Json>,
    /// What the person answers in the tool's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// The arguments that a later call of the function in the same run must have for this yes to hold for it too; a yes
    /// without them is good for one call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remember: Option<Json>,
    /// The key of the earlier question whose decision holds for this one too; absent where a person decided on this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The call may be made, once.
    Approved,
    /// It may not.
    Denied,
    /// It may be made, once, with other arguments.
    Edited,
    /// It is not made; the person answers in the tool's place.
    Responded,
}

impl Verdict {
    /// What every question may be answered with.
    pub const YES_OR_NO: &[Self] = &[Self::Approved, Self::Denied];

    /// All there are.
    pub const ALL: &[Self] = &[Self::Approved, Self::Denied, Self::Edited, Self::Responded];

    /// Returns whether a call may be made.
    pub fn is_yes(self) -> bool {
        match self {
            Self::Approved | Self::Edited => true,
            Self::Denied | Self::Responded => false,
        }
    }

    /// Returns what was done, as in "dana denied it".
    pub fn past(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Edited => "edited",
            Self::Responded => "answered",
        }
    }
}

impl Decision {
    /// The name by which the host itself refuses a question; no person decides by it.
    pub const HOST: &'static str = "stockade";

    /// A yes.
    pub fn approve(by: impl Into<String>) -> Self {
        Self::new(by, Verdict::Approved)
    }

    /// A no.
    pub fn deny(by: impl Into<String>) -> Self {
        Self::new(by, Verdict::Denied)
    }

    /// A yes to the call with these arguments in place of its own.
    pub fn edit(by: impl Into<String>, arguments: impl Into<Json>) -> Self {
        Self { arguments: Some(arguments.into()), ..Self::new(by, Verdict::Edited) }
    }

    /// An answer in the tool's place; the call is not made.
    pub fn respond(by: impl Into<String>, response: impl Into<String>) -> Self {
        Self { response: Some(response.into()), ..Self::new(by, Verdict::Responded) }
    }

    fn new(by: impl Into<String>, verdict: Verdict) -> Self {
        Self { by: by.into(), verdict, comment: None, arguments: None, response: None, remember: None, repeats: None }
    }

    /// Adds the reason.
    #[must_use]
    pub fn comment(mut self, comment: Option<String>) -> Self {
        self.comment = comment;
        self
    }

    /// Lets a yes hold for later calls of the function in the same run too that have these arguments.
    #[must_use]
    pub fn remember(self, arguments: Option<Json>) -> Self {
        Self { remember: arguments, ..self }
    }

    /// Returns whether it is a no of a person to the very question that it answers.
    pub fn is_own_no(&self) -> bool {
        self.verdict == Verdict::Denied && self.repeats.is_none() && self.by != Self::HOST
    }

    /// Returns the call as it was decided on: an edited one has the person's arguments.
    pub fn call(&self, asked: &ToolCall) -> ToolCall {
        let arguments = self.arguments.as_ref().unwrap_or(&asked.arguments).clone();
        ToolCall { arguments, ..asked.clone() }
    }

    /// Checks what every decision of a person must fulfil, whatever the question.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `decision`.
    pub fn check(&self) -> Result<(), Fault> {
        let invalid = |why: String| Err(Fault::invalid("decision", why));
        if self.by.trim().is_empty() {
            return invalid("the decision names no person; say who decided".to_owned());
        }
        if self.by == Self::HOST {
            return invalid(format!("\"{}\" is the host's own name; decide by that of a person", Self::HOST));
        }
        if let Some(key) = &self.repeats {
            return invalid(format!("only the host repeats a decision, and this one says that it repeats \"{key}\""));
        }
        for (what, text) in [("comment", &self.comment), ("answer", &self.response)] {
            let bytes = text.as_ref().map_or(0, String::len);
            if bytes > TEXT_BYTES_MAX {
                return invalid(format!("the {what} has {bytes} bytes, and {TEXT_BYTES_MAX} are allowed"));
            }
        }
        match &self.remember {
            Some(_) if self.verdict != Verdict::Approved => {
                return invalid("only an approval is remembered".to_owned());
            }
            Some(pattern) => check_arguments(pattern)?,
            None => {}
        }
        match (self.verdict, &self.arguments, &self.response) {
            (Verdict::Approved | Verdict::Denied, None, None) => Ok(()),
            (Verdict::Edited, Some(arguments), None) => check_arguments(arguments),
            (Verdict::Responded, None, Some(response)) if !response.trim().is_empty() => Ok(()),
            (Verdict::Responded, _, _) => invalid("the answer in the tool's place is empty".to_owned()),
            (Verdict::Edited, _, _) => invalid("the edited call has no arguments".to_owned()),
            (Verdict::Approved | Verdict::Denied, _, _) => {
                invalid("a yes or a no has neither arguments nor an answer; edit or respond in its place".to_owned())
            }
        }
    }
}

fn check_arguments(arguments: &Json) -> Result<(), Fault> {
    let (bytes, value) = (arguments.text().len(), arguments.value());
    if bytes > ARGUMENTS_BYTES_MAX {
        let message = format!("the arguments have {bytes} bytes, and {ARGUMENTS_BYTES_MAX} are allowed");
        return Err(Fault::invalid("decision", message));
    }
    if !value.is_object() {
        return Err(Fault::invalid("decision", "the arguments are not a JSON object"));
    }
    check_depth(Kind::Invalid, "the arguments", &value).map_err(|fault| fault.detail("decision"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_of_a_person_is_not_the_hosts_and_repeats_none() {
        let repeating = Decision { repeats: Some("approval-1".to_owned()), ..Decision::deny("dana") };
        assert!(repeating.check().unwrap_err().message.contains("\"approval-1\""));
        assert!(Decision::approve(Decision::HOST).check().is_err());
        assert!(Decision::approve("dana").check().is_ok());
    }
}
