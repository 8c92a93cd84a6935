//! The start of a run.

use std::time::Duration;

use serde_json::Value;
use stockade::{Budget, NewRun, Result, RunId, RunState};

use crate::amounts::Amounts;
use crate::body::Body;

/// A run that is to be started.
pub(crate) struct Start {
    workflow: String,
    input: Value,
    said: Amounts,
    budget: Budget,
    /// Within how many milliseconds it must end.
    deadline_ms: Option<u64>,
    /// Who starts it.
    by: Option<String>,
}

impl Start {
    pub(crate) fn of(body: &mut Body) -> Result<Self> {
        let (workflow, input) = (body.name("workflow")?, body.take("input")?);
        let said: Amounts = body.maybe("budget")?.unwrap_or_default();
        let budget = said.of_run()?;
        let (deadline_ms, by) = (body.maybe("deadline_ms")?, body.maybe_by()?);
        Ok(Self { workflow, input, said, budget, deadline_ms, by })
    }

    /// Returns what a run that was begun with a budget began with otherwise than this says. Its deadline is not compared: when a
    /// run began is not known to the client that starts it again.
    pub(crate) fn differs(&self, state: &RunState, budget: &Budget) -> Option<&'static str> {
        [
            ("workflow", state.workflow() == self.workflow),
            ("input", *state.input() == self.input),
            ("budget", self.said.agree(&self.budget, budget)),
            ("by", state.origin().by == self.by),
        ]
        .into_iter()
        .find_map(|(what, is_same)| (!is_same).then_some(what))
    }

    pub(crate) fn run(self, id: RunId) -> NewRun {
        let new = NewRun::new(self.workflow, self.input).budget(self.budget).id(id);
        let new = self.by.into_iter().fold(new, NewRun::by);
        self.deadline_ms.into_iter().map(Duration::from_millis).fold(new, NewRun::deadline)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade::Origin;

    use super::*;
    use crate::kept::begun;

    #[test]
    fn a_start_that_says_otherwise_than_the_run_began_is_another_one() {
        let run = RunId::from_bytes([1; 16]);
        let origin = Origin { by: Some("dana".to_owned()), ..Origin::default() };
        let kept = begun(run, Budget::default().steps(7), origin);
        let (state, budget) = (kept.state(run).unwrap(), kept.first_budget(run).unwrap().unwrap());
        let differs = |more: (&str, Value)| {
            let mut body = json!({"workflow": "refund", "input": {"request": "\"why\""}, "by": "dana"});
            body[more.0] = more.1;
            Body::read(body.to_string().as_bytes(), Start::of).unwrap().differs(&state, &budget)
        };
        assert_eq!(differs(("budget", json!({"steps": 7}))), None);
        // What is not said is not compared: a newer program may have another usual amount.
        assert_eq!(differs(("budget", json!({}))), None);
        assert_eq!(differs(("deadline_ms", json!(5))), None);
        assert_eq!(differs(("budget", json!({"steps": 8}))), Some("budget"));
        assert_eq!(differs(("by", json!("eve"))), Some("by"));
        assert_eq!(differs(("workflow", json!("exec"))), Some("workflow"));
        assert_eq!(differs(("input", json!({}))), Some("input"));
    }
}
