use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Fault, Kind, Period};

/// The most people who must approve one call.
const QUORUM_MAX: u32 = 20;

/// Who may decide on a call, how many of them must approve it, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// The role that a person must have who decides: one of `[roles]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The people who may decide. Without them, anyone who fulfils the rest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// How many different people must approve; at most 20. One no is a no.
    pub quorum: u32,
    /// Whether the person who started the run may not decide.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_starter: bool,
    /// After how long the question expires, as in `"2h"`: the call is not made, and the workflow hears that it expired,
    /// which is no denial. Without it, never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Period>,
    /// After how long the question is journaled as overdue, and shown so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remind: Option<Period>,
    /// Who may decide as well once there was no decision for so long: `{ after = "1h", to = ["eve"] }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalation>,
}

/// Who may decide as well, and from when on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// So long after the question.
    pub after: Period,
    /// The people.
    pub to: Vec<String>,
}

/// A time of an open question that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overdue {
    /// No person has decided yet.
    Reminder,
    /// Others may decide as well.
    Escalation,
}

impl Default for Terms {
    /// Anyone, alone, whenever.
    fn default() -> Self {
        let (role, approvers, expires, remind, escalate) = (None, Vec::new(), None, None, None);
        Self { role, approvers, quorum: 1, not_starter: false, expires, remind, escalate }
    }
}

impl Terms {
    /// Checks that they can be fulfilled.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `terms`.
    pub fn check(&self) -> Result<(), Fault> {
        let invalid = |why: String| Err(Fault::invalid("terms", why));
        if self.quorum == 0 || self.quorum > QUORUM_MAX {
            return invalid(format!("\"quorum\" is {}; it may be 1 to {QUORUM_MAX}", self.quorum));
        }
        let people = self.approvers.len();
        if people > 0 && people < self.quorum as usize {
            return invalid(format!("\"quorum\" is {}, and there are {people} \"approvers\"", self.quorum));
        }
        if self.escalate.as_ref().is_some_and(|escalate| escalate.to.is_empty()) {
            return invalid("\"escalate\" has no person in \"to\"".to_owned());
        }
        Ok(())
    }

    /// Checks that a person may decide; `has_role` says whether the person has a role.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Denied`] with detail `approver`: the message says who may.
    pub fn check_person(
        &self,
        person: &str,
        has_role: impl Fn(&str) -> bool,
        starter: Option<&str>,
        is_escalated: bool,
    ) -> Result<(), Fault> {
        let denied = |why: String| Err(Fault::new(Kind::Denied, why).detail("approver"));
        if self.not_starter {
            match starter {
                None => {
                    return denied("the run does not say who started it, and that person may not decide".to_owned());
                }
                Some(starter) if starter == person => {
                    return denied(format!("\"{person}\" started the run, and that person may not decide"));
                }
                Some(_) => {}
            }
        }
        let is_in = |people: &[String]| people.iter().any(|approver| approver == person);
        if is_escalated && self.escalate.as_ref().is_some_and(|escalate| is_in(&escalate.to)) {
            return Ok(());
        }
        if !self.approvers.is_empty() && !is_in(&self.approvers) {
            return denied(format!("\"{person}\" may not decide; those who may are {}", self.approvers.join(", ")));
        }
        match &self.role {
            Some(role) if !has_role(role) => denied(format!("\"{person}\" does not have the role \"{role}\"")),
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match (&self.role, self.approvers.is_empty()) {
            (Some(role), true) => format!("anyone with the role {role}"),
            (Some(role), false) => format!("{} with the role {role}", self.approvers.join(", ")),
            (None, true) => "anyone".to_owned(),
            (None, false) => self.approvers.join(", "),
        };
        f.write_str(&who)?;
        if self.not_starter {
            f.write_str(" but for the starter of the run")?;
        }
        if self.quorum > 1 {
            write!(f, "; {} of them", self.quorum)?;
        }
        self.escalate
            .as_ref()
            .map_or(Ok(()), |Escalation { after, to }| write!(f, "; after {after} also {}", to.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn terms(json: serde_json::Value) -> Terms {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_person_may_decide_who_fulfils_all_that_is_asked() {
        let terms = terms(json!({
            "role": "manager", "approvers": ["dana", "eve", "robin"], "not_starter": true,
            "escalate": {"after": "1h", "to": ["boss", "robin"]},
        }));
        let managers = ["dana", "mia", "robin"];
        let may = |person: &str, is_escalated| {
            terms.check_person(
                person,
                |role| role == "manager" && managers.contains(&person),
                Some("robin"),
                is_escalated,
            )
        };
        assert_eq!(may("dana", false), Ok(()));
        for (person, is_escalated, why) in [
            ("eve", false, "\"eve\" does not have the role \"manager\""),
            ("mia", false, "\"mia\" may not decide; those who may are dana, eve, robin"),
            ("robin", false, "\"robin\" started the run"),
            ("robin", true, "\"robin\" started the run"),
            ("boss", false, "\"boss\" may not decide"),
        ] {
            let fault = may(person, is_escalated).unwrap_err();
            assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Denied, Some("approver")));
            assert!(fault.message.starts_with(why), "{fault}");
        }
        assert_eq!(may("boss", true), Ok(()));
        // Where it is not known who started the run, it could be anyone.
        assert!(terms.check_person("dana", |_| true, None, false).is_err());
        assert_eq!(Terms::default().check_person("anyone", |_| false, None, false), Ok(()));
    }

    #[test]
    fn terms_that_cannot_be_fulfilled_are_refused() {
        for (json, why) in [
            (json!({"quorum": 0}), "\"quorum\" is 0; it may be 1 to 20"),
            (json!({"quorum": 2, "approvers": ["dana"]}), "\"quorum\" is 2, and there are 1 \"approvers\""),
            (json!({"escalate": {"after": "1h", "to": []}}), "\"escalate\" has no person"),
        ] {
            assert!(terms(json).check().unwrap_err().message.starts_with(why), "{why}");
        }
        assert!(serde_json::from_value::<Terms>(json!({"expires": "2"})).is_err());
        assert!(serde_json::from_value::<Terms>(json!({"expire": "2h"})).is_err());
    }

    #[test]
    fn terms_say_who_may_decide() {
        let terms = terms(json!({"role": "manager", "quorum": 2, "escalate": {"after": "90m", "to": ["boss"]}}));
        assert_eq!(terms.to_string(), "anyone with the role manager; 2 of them; after 90m also boss");
        assert_eq!(serde_json::to_value(Terms::default()).unwrap(), json!({"quorum": 1}));
    }
}
