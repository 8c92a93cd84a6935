use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digest, Fault, Kind, RunId, ToolCall};

/// A question to a person, bound to exactly one call.
///
/// It holds what the person saw: if the arguments, the component or its grants are others when the call is to be
/// made, the approval is void. It is good for one call, and is used up in the commit that records that call's intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The key of the request in its run.
    pub key: String,
    /// Why a person is asked.
    pub reason: String,
    /// The exact call.
    #[serde(flatten)]
    pub call: ToolCall,
    /// What the approval is bound to.
    pub bound_to: Binding,
    /// What was decided, once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The key of the effect that used it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumed_by: Option<String>,
    /// When it expired, in milliseconds since the Unix epoch, if it was not decided in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired_ms: Option<u64>,
}

/// Names one question of one run, so that a decision can mean no other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApprovalId {
    /// The run that asks.
    pub run: RunId,
    /// The key of the request in it.
    pub key: String,
}

/// The digests that must still be the same when an approved call is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Of tool, function and arguments.
    pub call: Digest,
    /// Of the component's bytes.
    pub component: Digest,
    /// Of the tool's grants.
    pub grants: Digest,
}

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
}

/// Approved or denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The call may be made, once.
    Approved,
    /// It may not.
    Denied,
}

impl Decision {
    /// Approves.
    pub fn approve(by: impl Into<String>) -> Self {
        Self { by: by.into(), verdict: Verdict::Approved, comment: None }
    }

    /// Denies.
    pub fn deny(by: impl Into<String>) -> Self {
        Self { verdict: Verdict::Denied, ..Self::approve(by) }
    }

    /// Adds the reason.
    #[must_use]
    pub fn comment(mut self, comment: Option<String>) -> Self {
        self.comment = comment;
        self
    }
}

impl Approval {
    /// Returns the name of this question, which `run` asks.
    pub fn id(&self, run: RunId) -> ApprovalId {
        ApprovalId { run, key: self.key.clone() }
    }

    /// Returns the digest of the question as a person sees it: its key, its reason, the exact call, and what an approval is
    /// bound to. A decision carries it, so that only what was seen is decided.
    pub fn digest(&self) -> Digest {
        Digest::of_json(&(&self.key, &self.reason, &self.call, &self.bound_to))
    }

    /// Returns whether it is neither decided nor expired.
    pub fn is_open(&self) -> bool {
        self.decision.is_none() && self.expired_ms.is_none()
    }

    /// Checks that this is an unused approval of exactly this call, made by exactly this component with these grants.
    ///
    /// # Errors
    ///
    /// A fault of kind [`Kind::Approval`] whose detail is `pending`, `expired`, `rejected`, `spent` or `mismatch`.
    pub fn check(&self, now: &Binding) -> Result<(), Fault> {
        let refuse = |detail: &str, why: &str| {
            Err(Fault::new(Kind::Approval, format!("approval \"{}\" {why}", self.key)).detail(detail))
        };
        match &self.decision {
            None if self.expired_ms.is_some() => refuse("expired", "was not decided before its deadline"),
            None => refuse("pending", "is not decided yet"),
            Some(Decision { verdict: Verdict::Denied, by, .. }) => {
                refuse("rejected", &format!("was denied by \"{by}\""))
            }
            Some(_) if self.consumed_by.is_some() => refuse("spent", "was used before; it is good for one call"),
            Some(_) => self.bound_to.check(now).or_else(|what| {
                refuse("mismatch", &format!("is void: {what} changed since it was asked for; ask again"))
            }),
        }
    }
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.call, self.reason)
    }
}

impl Binding {
    fn check(&self, now: &Self) -> Result<(), &'static str> {
        let pairs = [
            (&self.call, &now.call, "the call's arguments"),
            (&self.component, &now.component, "the tool's component"),
            (&self.grants, &now.grants, "the tool's grants"),
        ];
        let changed = pairs.iter().find(|(asked, now, _)| asked != now);
        changed.map_or(Ok(()), |(_, _, what)| Err(what))
    }
}
