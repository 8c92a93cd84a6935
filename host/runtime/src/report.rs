use std::collections::BTreeMap;

use serde::Serialize;
use stockade_workflow::{
    Approval, Budget, Child, ChildEnd, Decision, Digest, Doubt, End, Fault, Json, Parent, RunId, RunState, Status,
    Stop, Terms, ToolCall, Undone, Usage, Verdict, Wait,
};

/// Everything about a run that a caller may want to know, as one document.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The run.
    pub run_id: RunId,
    /// Its workflow.
    pub workflow: String,
    /// What it is doing.
    pub status: Status,
    /// The name of its state.
    pub state: Option<String>,
    /// What it was started with.
    pub input: Json,
    /// The key under which it was started, if it was.
    pub start_key: Option<String>,
    /// The labels that it was started with.
    pub labels: BTreeMap<String, String>,
    /// What it ended with, if it is done.
    pub output: Option<Json>,
    /// Why it failed or is suspended, if it is.
    pub error: Option<Fault>,
    /// Who paused or stopped it and why, if it is paused or stopped.
    pub stop: Option<Stop>,
    /// The calls of which it is not known whether they happened, by the keys of their effects, with its number behind a slash
    /// where code made the call.
    pub unknown: Vec<String>,
    /// What a person is asked first, if the run waits for one.
    pub approval: Option<Approval>,
    /// All that a person was asked, decided or not; by the keys that a decision names.
    pub approvals: Vec<ApprovalView>,
    /// When it has failed to end in time, in milliseconds since the Unix epoch, if it has a deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<u64>,
    /// The calls in doubt that it waits to have settled.
    pub doubts: Vec<Doubt>,
    /// The times, signals, results of calls and runs that it waits for.
    pub waits: Vec<Wait>,
    /// The run that has started it, if one has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// The runs that it has started, in order, and those that it could not start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<ChildView>,
    /// What came of the effects that were to be undone, if it has failed or was stopped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undone: Vec<Undone>,
    /// What it has spent.
    pub usage: Usage,
    /// What it may spend.
    pub budget: Budget,
    /// The lines that its workflow logged.
    pub log: Vec<String>,
}

/// A run that another one has started, as that one knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChildView {
    /// The run; absent where it could not start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// The key of the effect that has started it.
    pub key: String,
    /// Which of the runs of the effect this is, from 0.
    pub number: usize,
    /// How it ended: `done`, `failed` or `stopped`; absent where it has not ended, as far as the run knows that has started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<&'static str>,
}

impl From<Child<'_>> for ChildView {
    fn from(Child { key, number, run, end }: Child<'_>) -> Self {
        Self { run_id: run, key: key.to_owned(), number, end: end.map(ChildEnd::name) }
    }
}

/// A question to a person as it is shown, with the digest that a decision carries.
#[derive(Clone, Debug, Serialize)]
pub struct ApprovalView {
    /// Its key in the run.
    pub key: String,
    /// Why a person is asked.
    pub reason: String,
    /// The exact call.
    #[serde(flatten)]
    pub call: ToolCall,
    /// The digest of the question.
    pub digest: Digest,
    /// What may be decided.
    pub decisions: Vec<Verdict>,
    /// What the person should know of such calls in this run, in the host's words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Who may decide and until when: all of these hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<Terms>,
    /// The approvals of people that were not enough by themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<Decision>,
    /// When it became overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminded_ms: Option<u64>,
    /// Since when others may decide as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalated_ms: Option<u64>,
    /// When it expires, while it is open: what the run knows, and the question alone does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<u64>,
    /// What was decided, once it was.
    pub decision: Option<Decision>,
    /// Who took back that the decision holds for later calls too, if a person did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<String>,
    /// When it expired, in milliseconds since the Unix epoch, if it was not decided in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired_ms: Option<u64>,
}

impl From<&Approval> for ApprovalView {
    fn from(approval: &Approval) -> Self {
        let (digest, decisions) = (approval.digest(), approval.allowed().to_vec());
        let Approval { key, reason, call, notes, terms, votes, decision, revoked_by, .. } = approval.clone();
        let Approval { reminded_ms, escalated_ms, expired_ms, .. } = *approval;
        Self {
            key,
            reason,
            call,
            digest,
            decisions,
            notes,
            terms,
            votes,
            reminded_ms,
            escalated_ms,
            expires_ms: None,
            decision,
            revoked_by,
            expired_ms,
        }
    }
}

impl ApprovalView {
    /// Returns whether it is neither decided nor expired.
    pub fn is_open(&self) -> bool {
        self.decision.is_none() && self.expired_ms.is_none()
    }

    pub(crate) fn of(state: &RunState, approval: &Approval) -> Self {
        Self { expires_ms: state.due_ms(&approval.key), ..Self::from(approval) }
    }
}

impl From<&RunState> for Report {
    fn from(state: &RunState) -> Self {
        let (output, failure) = match state.end() {
            Some(End::Done(output)) => (Some(output.clone()), None),
            Some(End::Failed(fault)) => (None, Some(fault.clone())),
            None => (None, state.suspension()),
        };
        Self {
            run_id: state.run(),
            workflow: state.workflow().to_owned(),
            status: state.status(),
            state: state.at().map(|(position, _)| position.to_owned()),
            input: state.input().clone(),
            start_key: state.origin().start_key.clone(),
            labels: state.origin().labels.clone(),
            output,
            error: failure,
            stop: state.stopped().or(state.paused()).cloned(),
            unknown: state.unknown_calls().map(str::to_owned).collect(),
            approval: state.open_approval().cloned(),
            approvals: state.approvals().map(|approval| ApprovalView::of(state, approval)).collect(),
            due_ms: state.run_due_ms(),
            doubts: state.open_doubts().cloned().collect(),
            waits: state.waits().collect(),
            parent: state.origin().parent.as_deref().cloned(),
            children: state.children().map(ChildView::from).collect(),
            undone: state.undone().to_vec(),
            usage: *state.ledger().spent(),
            budget: *state.ledger().budget(),
            log: state.log().to_vec(),
        }
    }
}
