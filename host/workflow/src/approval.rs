use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Decision, Digest, Fault, Json, Kind, Overdue, Period, RunId, Terms, ToolCall, Verdict};

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
    /// What may be decided; where it is empty, yes or no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Verdict>,
    /// What the person should know of such calls in this run, in the host's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The digest of the workflow as it was set up when this was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<Digest>,
    /// Who may decide and until when: all of these hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<Terms>,
    /// When it was asked, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_ms: Option<u64>,
    /// When it became overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded_ms: Option<u64>,
    /// Since when others may decide as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_ms: Option<u64>,
    /// The approvals of people that were not enough by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<Decision>,
    /// What was decided, once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Who took back that the decision holds for later calls too, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<String>,
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

impl Approval {
    /// Asks whether a call may be made; `reason` says why.
    pub fn new(key: impl Into<String>, reason: impl Into<String>, call: ToolCall, bound_to: Binding) -> Self {
        Self {
            key: key.into(),
            reason: reason.into(),
            call,
            bound_to,
            decisions: Vec::new(),
            notes: Vec::new(),
            workflow: None,
            terms: Vec::new(),
            asked_ms: None,
            reminded_ms: None,
            escalated_ms: None,
            votes: Vec::new(),
            decision: None,
            revoked_by: None,
            consumed_by: None,
            expired_ms: None,
        }
    }

    /// Returns the name of this question, which `run` asks.
    pub fn id(&self, run: RunId) -> ApprovalId {
        ApprovalId { run, key: self.key.clone() }
    }

    /// Returns the digest of the question as a person sees it: its key, its reason, the exact call, what a yes is bound to,
    /// what may be decided and by whom, and the notes. A decision carries it, so that only what was seen is decided.
    pub fn digest(&self) -> Digest {
        let asked = (&self.key, &self.reason, &self.call, &self.bound_to);
        // As before there were others, so that what was seen then is still the same.
        let is_plain = self.decisions.is_empty() && self.notes.is_empty() && self.terms.is_empty();
        if is_plain {
            return Digest::of_json(&asked);
        }
        Digest::of_json(&(asked, &self.decisions, &self.notes, &self.terms))
    }

    /// Returns whether the very same decision was taken on it before.
    pub fn is_taken(&self, decision: &Decision) -> bool {
        self.decision.iter().chain(&self.votes).any(|taken| taken == decision)
    }

    /// Returns how many people must approve.
    pub fn quorum(&self) -> usize {
        self.terms.iter().map(|terms| terms.quorum as usize).max().unwrap_or(1)
    }

    /// Returns the next time at which something is journaled about it while it is open, and what.
    pub fn next_overdue(&self) -> Option<(u64, Overdue)> {
        let asked_ms = self.asked_ms.filter(|_| self.is_open())?;
        let first =
            |times: &mut dyn Iterator<Item = Period>| times.min().map(|after| asked_ms.saturating_add(after.ms));
        let remind = first(&mut self.terms.iter().filter_map(|terms| terms.remind));
        let escalate = first(&mut self.terms.iter().filter_map(|terms| Some(terms.escalate.as_ref()?.after)));
        let remind = remind.filter(|_| self.reminded_ms.is_none()).map(|at_ms| (at_ms, Overdue::Reminder));
        let escalate = escalate.filter(|_| self.escalated_ms.is_none()).map(|at_ms| (at_ms, Overdue::Escalation));
        remind.into_iter().chain(escalate).min_by_key(|(at_ms, _)| *at_ms)
    }

    /// Returns whether a yes to it holds for a later call as well: a person said so, did not take it back, and the call is of
    /// the same function, of the same component with the same grants, and has the arguments that were named.
    pub fn covers(&self, call: &ToolCall, now: &Binding) -> bool {
        let Some(pattern) = self.remembered() else { return false };
        let is_same = self.bound_to.component == now.component && self.bound_to.grants == now.grants;
        is_same && call.tool == self.call.tool && call.function == self.call.function && call.has(&pattern.value())
    }

    /// Returns the arguments that later calls must have to which the yes holds as well, where it does.
    pub fn remembered(&self) -> Option<&Json> {
        self.decision.as_ref()?.remember.as_ref().filter(|_| self.revoked_by.is_none())
    }

    /// Returns what may be decided.
    pub fn allowed(&self) -> &[Verdict] {
        if self.decisions.is_empty() { Verdict::YES_OR_NO } else { &self.decisions }
    }

    /// Returns the call as it was decided on; before that, and unless it was edited, as it was asked about.
    pub fn decided_call(&self) -> ToolCall {
        self.decision.as_ref().map_or_else(|| self.call.clone(), |decision| decision.call(&self.call))
    }

    /// Returns what the call that was decided on is bound to: an edited one has a digest of its own.
    pub fn binding(&self) -> Binding {
        let is_edited = self.decision.as_ref().is_some_and(|decision| decision.arguments.is_some());
        let call = if is_edited { self.decided_call().digest() } else { self.bound_to.call.clone() };
        Binding { call, ..self.bound_to.clone() }
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
            Some(Decision { verdict, by, .. }) if !verdict.is_yes() => {
                refuse("rejected", &format!("was {} by \"{by}\"", verdict.past()))
            }
            Some(_) if self.consumed_by.is_some() => refuse("spent", "was used before; it is good for one call"),
            Some(_) => self.binding().check(now).or_else(|what| {
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
    /// Checks that nothing has changed since.
    ///
    /// # Errors
    ///
    /// What has changed, as in "the tool's grants".
    pub fn check(&self, now: &Self) -> Result<(), &'static str> {
        let pairs = [
            (&self.call, &now.call, "the call's arguments"),
            (&self.component, &now.component, "the tool's component"),
            (&self.grants, &now.grants, "the tool's grants"),
        ];
        let changed = pairs.iter().find(|(asked, now, _)| asked != now);
        changed.map_or(Ok(()), |(_, _, what)| Err(what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_that_was_taken_is_known_again_and_another_one_is_not() {
        let bound_to = Binding { call: Digest::of(b"call"), component: Digest::of(b""), grants: Digest::of(b"") };
        let call = ToolCall::new("payments", "refund", serde_json::json!({}));
        let mut question = Approval::new("approval", "why", call, bound_to);
        let yes = || Decision::approve("dana");
        assert!(!question.is_taken(&yes()));
        question.votes.push(yes());
        assert!(question.is_taken(&yes()) && !question.is_taken(&Decision::approve("mia")));
        question.votes.clear();
        question.decision = Some(Decision::deny("dana"));
        assert!(!question.is_taken(&yes()) && question.is_taken(&Decision::deny("dana")));
    }
}
