mod read;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Approval, Binding, Budget, Decision, Digest, Effect, EffectOutcome, End, EndedChild, Event, Exceeded, Fault, Json,
    Label, Origin, Overdue, RunId, Settlement, Signal, Stop, SubBudget, ToolCall, ToolOutcome, Usage, budget,
};

/// The version of the entries that this code writes. It reads this one and older ones, never newer ones.
pub const FORMAT: u32 = 7;

/// One record of a run's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The run.
    pub run: RunId,
    /// The place in the run, from 1 without gaps.
    pub seq: u64,
    /// When it was written, in milliseconds since the Unix epoch, by the host's clock.
    pub at_ms: u64,
    /// What changed.
    #[serde(flatten)]
    pub change: Change,
}

/// What an [`Entry`] changes in its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most entries are steps, and a step is the large one")]
pub enum Change {
    /// The run exists.
    Created {
        /// The workflow's name.
        workflow: String,
        /// The workflow's version.
        version: u32,
        /// The input.
        input: Json,
        /// What the run may spend.
        budget: Budget,
        /// By what it is found again.
        #[serde(default, skip_serializing_if = "Origin::is_empty")]
        origin: Origin,
    },
    /// An amount is reserved for an effect: its intent. From here on it may have happened.
    Reserved {
        /// The effect's key.
        key: String,
        /// What is reserved.
        amount: Usage,
        /// The key of the approval that it uses up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consumes: Option<String>,
        /// The marks that its outcome will carry.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        labels: Vec<Label>,
        /// When a sleep ends, or anything else has failed to end in time, in milliseconds since the Unix epoch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due_ms: Option<u64>,
    },
    /// A person was asked.
    Asked {
        /// The question.
        approval: Box<Approval>,
        /// What is reserved for the answer.
        amount: Usage,
        /// When the question expires, in milliseconds since the Unix epoch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due_ms: Option<u64>,
    },
    /// Code that runs wants a call that a person is asked about first: the code ends here, and runs again once there is an
    /// answer.
    AskedInCode {
        /// The key of the effect that runs the code.
        key: String,
        /// Which of its calls this is, from 0.
        number: usize,
        /// The question.
        approval: Box<Approval>,
        /// What the code has used.
        used: Usage,
        /// When the question expires, in milliseconds since the Unix epoch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due_ms: Option<u64>,
    },
    /// A question of code was decided, or has expired; the code is wanted again.
    AnsweredInCode {
        /// The key of the question.
        key: String,
        /// How it ended.
        #[serde(flatten)]
        outcome: EffectOutcome,
    },
    /// An open question is asked anew, about the tool as it is now: no decision was taken, for the tool had changed.
    Renewed {
        /// The key of the question.
        key: String,
        /// What a yes is bound to from here on.
        bound_to: Binding,
        /// The digest of the workflow as it is set up now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workflow: Option<Digest>,
    },
    /// A time of an open question has come.
    Overdue {
        /// The key of the question.
        key: String,
        /// What has come.
        overdue: Overdue,
        /// When the host saw so, in milliseconds since the Unix epoch.
        at_ms: u64,
    },
    /// A person approved a call that more people must approve.
    Voted {
        /// The key of the question.
        key: String,
        /// The approval.
        decision: Decision,
    },
    /// A person took back that a yes holds for later calls too.
    Revoked {
        /// The key of the question that it answered.
        key: String,
        /// Who.
        by: String,
    },
    /// The run was sent a signal, which is kept until a wait takes it.
    Signalled {
        /// The signal.
        signal: Signal,
    },
    /// A run that an effect starts has started.
    ChildStarted {
        /// The effect's key.
        key: String,
        /// Which of its runs this is, from 0.
        number: usize,
        /// The run.
        run: RunId,
    },
    /// A run that an effect has started ended, or one that it was to start could not.
    ChildEnded {
        /// The run, and how it ended.
        child: Box<EndedChild>,
    },
    /// The workflow answered an event.
    Stepped {
        /// What happened.
        event: Event,
        /// What it cost.
        used: Usage,
        /// The next state's name.
        position: String,
        /// The next state.
        state: Value,
        /// New lines of the log.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        log: Vec<String>,
        /// What is wanted next.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        effects: Vec<Effect>,
        /// The shares of the budget that are set.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        slices: Vec<SubBudget>,
        /// How the run ended, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<End>,
    },
    /// Code is about to call a tool that may change something, or a tool beside such a call: the intents of all calls that are in
    /// flight together come before any of their ends.
    Calling {
        /// The key of the effect that runs the code.
        key: String,
        /// Which of its calls this is, from 0.
        number: usize,
        /// What it calls.
        call: ToolCall,
    },
    /// An attempt at a call that code made has failed in a way that may pass, and the call is made again.
    Retried {
        /// The key of the effect that runs the code.
        key: String,
        /// Which of its calls this is, from 0.
        number: usize,
        /// What it calls.
        call: ToolCall,
        /// How the attempt ended.
        #[serde(flatten)]
        outcome: ToolOutcome,
        /// What it cost.
        used: Usage,
    },
    /// A call that code made has ended.
    Called {
        /// The key of the effect that runs the code.
        key: String,
        /// Which of its calls this is, from 0.
        number: usize,
        /// What it called.
        call: ToolCall,
        /// How it ended.
        #[serde(flatten)]
        outcome: ToolOutcome,
        /// What it cost, with the attempts that were not paid before.
        used: Usage,
    },
    /// The budget does not allow what comes next; the state stays as it is.
    Suspended {
        /// The limit.
        exceeded: Exceeded,
        /// The effect that was cut short and what it had used, if one was; it is wanted again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cut: Option<(String, Usage)>,
        /// The budget that the run shares with others, where that one is used up and not the run's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        budget: Option<String>,
    },
    /// An attempt at an effect failed in a way that may pass: what it used is booked, and the effect is wanted again from a
    /// time on.
    Deferred {
        /// The effect's key.
        key: String,
        /// What the attempt used.
        used: Usage,
        /// When the next attempt may begin, in milliseconds since the Unix epoch.
        until_ms: u64,
        /// Whether no process drives the run until then: the wait is a long one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        parks: bool,
        /// Why it failed.
        fault: Fault,
        /// Whether it may have happened all the same.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_doubt: bool,
    },
    /// The host, or the run, ended in the midst of an effect that is paid whatever became of it: what it is thought to have
    /// used is booked, and where the run goes on it is wanted again.
    Lost {
        /// The effect's key.
        key: String,
        /// What is booked for it.
        used: Usage,
    },
    /// It is not known whether a call happened, and its workflow would fail for that: the run waits until a person settles it.
    Doubted {
        /// The effect's key, with a slash and its number behind it where a call of code is meant, which the code did not catch.
        key: String,
        /// Why it is not known.
        fault: Fault,
        /// What the call cost, or the code.
        used: Usage,
    },
    /// A tool has accepted a call and tells its result later: the run waits for that. What the call cost is booked.
    Later {
        /// The effect's key.
        key: String,
        /// The token under which the tool tells the result.
        token: String,
        /// What the call cost.
        used: Usage,
    },
    /// It was found out what became of a call, by a person or because its tool told the result later; the workflow hears it
    /// next. Where code made the call, the code is wanted again, and has that answer.
    Settled {
        /// What it was, and who says so.
        #[serde(flatten)]
        settlement: Settlement,
    },
    /// The budget was added to, and the run may go on.
    Extended {
        /// What was added.
        #[serde(deserialize_with = "budget::addition")]
        more: Budget,
    },
    /// A person, or a program, has paused the run: nothing more begins until it is resumed.
    Paused {
        /// Who wanted that, and why.
        #[serde(flatten)]
        stop: Stop,
    },
    /// A run that was paused goes on.
    Resumed,
    /// A person, or a program, has ended the run.
    Stopped {
        /// Who wanted that, and why.
        #[serde(flatten)]
        stop: Stop,
        /// The calls that were in flight, of which it is not known whether they happened: the keys of their effects, with a
        /// slash and its number behind it where code made the call.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unknown: Vec<String>,
    },
    /// The run's deadline has passed, and so it has failed.
    Expired {
        /// When the host saw so, in milliseconds since the Unix epoch.
        at_ms: u64,
        /// The calls that were in flight, of which it is not known whether they happened, as those of a run that is stopped.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unknown: Vec<String>,
    },
    /// Of a run that has failed or was stopped, an effect ended that undoes another one, or a person decided whether it may.
    Undone {
        /// What happened.
        event: Event,
        /// What it cost.
        used: Usage,
    },
    /// The run cannot go on, whatever its workflow says.
    Broken {
        /// Why.
        fault: Fault,
    },
}

impl Change {
    /// Returns the usage that it books on its run, if any. A call of code is booked with the code, and the usage of a child run on
    /// that run itself.
    pub fn booked(&self) -> Option<&Usage> {
        match self {
            Self::Stepped { used, .. }
            | Self::Undone { used, .. }
            | Self::AskedInCode { used, .. }
            | Self::Deferred { used, .. }
            | Self::Lost { used, .. }
            | Self::Doubted { used, .. }
            | Self::Later { used, .. } => Some(used),
            Self::Suspended { cut, .. } => cut.as_ref().map(|(_, used)| used),
            Self::Created { .. }
            | Self::Reserved { .. }
            | Self::Asked { .. }
            | Self::AnsweredInCode { .. }
            | Self::Renewed { .. }
            | Self::Overdue { .. }
            | Self::Voted { .. }
            | Self::Revoked { .. }
            | Self::Signalled { .. }
            | Self::ChildStarted { .. }
            | Self::ChildEnded { .. }
            | Self::Calling { .. }
            | Self::Retried { .. }
            | Self::Called { .. }
            | Self::Settled { .. }
            | Self::Extended { .. }
            | Self::Paused { .. }
            | Self::Resumed
            | Self::Stopped { .. }
            | Self::Expired { .. }
            | Self::Broken { .. } => None,
        }
    }

    /// Returns the key of the effect that it is about; an empty one where it is about the run.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Reserved { key, .. }
            | Self::Calling { key, .. }
            | Self::Retried { key, .. }
            | Self::Called { key, .. }
            | Self::AskedInCode { key, .. }
            | Self::AnsweredInCode { key, .. }
            | Self::Renewed { key, .. }
            | Self::Overdue { key, .. }
            | Self::Voted { key, .. }
            | Self::Revoked { key, .. }
            | Self::Deferred { key, .. }
            | Self::Lost { key, .. }
            | Self::Doubted { key, .. }
            | Self::ChildStarted { key, .. }
            | Self::Later { key, .. } => key,
            Self::ChildEnded { child } => &child.key,
            Self::Settled { settlement } => &settlement.key,
            Self::Asked { approval, .. } => &approval.key,
            Self::Stepped { event, .. } | Self::Undone { event, .. } => event.key().unwrap_or_default(),
            Self::Suspended { cut, .. } => cut.as_ref().map_or("", |(key, _)| key),
            Self::Created { .. }
            | Self::Signalled { .. }
            | Self::Extended { .. }
            | Self::Paused { .. }
            | Self::Resumed
            | Self::Stopped { .. }
            | Self::Expired { .. }
            | Self::Broken { .. } => "",
        }
    }
}
