//! A person's decision, with the digest of what the person saw.

use stockade::{ApprovalId, Decision, Digest, Result, RunId, RunState, Verb};

use crate::body::Body;

/// A decision on a question of a run.
pub(crate) struct Decided {
    key: String,
    seen: Digest,
    decision: Decision,
}

impl Decided {
    pub(crate) fn of(body: &mut Body) -> Result<Self> {
        let (key, seen) = (body.take("key")?, body.take("seen")?);
        let verb: Verb = body.take("decision")?;
        let decision = verb.decision(body.by()?, body.maybe("arguments")?, body.maybe("response")?);
        let decision = decision.remember(body.maybe("remember")?);
        Ok(Self { key, seen, decision: decision.comment(body.maybe("comment")?) })
    }

    /// Whether the very same decision on the very same question was taken before.
    pub(crate) fn is_taken(&self, state: &RunState) -> bool {
        let question = state.approval(&self.key).filter(|question| question.digest() == self.seen);
        question.is_some_and(|question| question.is_taken(&self.decision))
    }

    pub(crate) fn parts(self, run: RunId) -> (ApprovalId, Digest, Decision) {
        (ApprovalId { run, key: self.key }, self.seen, self.decision)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stockade::Fault;

    use super::*;

    fn read(body: Value) -> Result<Decided, Fault> {
        Body::read(body.to_string().as_bytes(), Decided::of)
    }

    #[test]
    fn a_decision_has_the_members_that_belong_to_it_and_no_others() {
        let body = json!({"key": "approval-1", "seen": "sha256:00", "by": "dana", "decision": "edited", "arguments": {"a": 1}});
        let decided = read(body).unwrap().decision;
        assert_eq!(decided, Decision::edit("dana", json!({"a": 1})));
        let body = json!({"key": "approval-1", "seen": "sha256:00", "by": "dana", "decision": "deny", "coment": "no"});
        assert!(read(body).is_err_and(|fault| fault.message.contains("\"coment\" does not belong")));
        let body = json!({"key": "approval-1", "seen": "sha256:00", "by": "dana", "decision": "maybe"});
        let told = read(body).err().map(|fault| fault.message).unwrap_or_default();
        assert!(told.contains("\"decision\" does not fit") && told.contains("`approve`"), "{told}");
    }
}
