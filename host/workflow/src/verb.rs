use serde::{Deserialize, Serialize};

use crate::{Decision, Json};

/// What a person asks for who decides, as a request names it: by the names of the commands, or by those under which a question
/// lists what may be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// [`Decision::approve`].
    #[serde(alias = "approved")]
    Approve,
    /// [`Decision::deny`].
    #[serde(alias = "denied")]
    Deny,
    /// [`Decision::edit`].
    #[serde(alias = "edited")]
    Edit,
    /// [`Decision::respond`].
    #[serde(alias = "responded")]
    Respond,
}

impl Verb {
    /// Returns the decision of a person with what the request has given to it, whether that belongs to the verb or not:
    /// [`Decision::check`] refuses what does not.
    pub fn decision(self, by: impl Into<String>, arguments: Option<Json>, response: Option<String>) -> Decision {
        let decision = match self {
            Self::Approve => Decision::approve(by),
            Self::Deny => Decision::deny(by),
            Self::Edit => Decision::edit(by, serde_json::Value::Null),
            Self::Respond => Decision::respond(by, ""),
        };
        Decision { arguments, response, ..decision }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_verb_has_two_names_and_keeps_what_does_not_belong_to_it() {
        for (names, decision) in [
            (["approve", "approved"], Decision::approve("dana")),
            (["deny", "denied"], Decision::deny("dana")),
            (["edit", "edited"], Decision { arguments: None, ..Decision::edit("dana", json!({})) }),
            (["respond", "responded"], Decision { response: None, ..Decision::respond("dana", "") }),
        ] {
            for name in names {
                let verb: Verb = serde_json::from_value(json!(name)).unwrap();
                assert_eq!(verb.decision("dana", None, None), decision, "{name}");
            }
        }
        let wrong = Verb::Approve.decision("dana", Some(json!({}).into()), None);
        assert!(wrong.arguments.is_some() && wrong.check().is_err());
    }
}
