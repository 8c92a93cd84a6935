use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AwaitedSignal, Budget, ChildRuns, Code, Currency, EffectOutcome, NewMemory, Query, Question, ReadResult, Sleep,
    Terms, ToolCall, Undo, Usage, Waited,
};

/// Something that a workflow wants done. Only the host does it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// What the workflow calls it, unique in its run: `run-id/key` is what a tool sees as its idempotency key.
    pub key: String,
    /// So many milliseconds after its intent, it ends if it has not ended before; without them, it may take as long as it
    /// takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// What undoes it, where the run fails or is stopped after it has happened, or may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Box<Undo>>,
    /// What is wanted.
    #[serde(flatten)]
    pub kind: EffectKind,
}

/// What a workflow may want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum EffectKind {
    /// Call a tool.
    CallTool {
        /// What to call, with what.
        #[serde(flatten)]
        call: ToolCall,
        /// The key of the approval that this call needs, and uses up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<String>,
    },
    /// Run code that an agent wrote.
    RunCode(Code),
    /// Ask a model.
    AskModel(Question),
    /// Keep something in the long-term memory.
    Remember(NewMemory),
    /// Look into the long-term memory.
    Recall(Query),
    /// Read a part of a result that the run has already.
    ReadResult(ReadResult),
    /// Ask a person whether a call may be made. The decision comes back by the effect's key.
    RequestApproval {
        /// One line that says why a person is asked.
        reason: String,
        /// The exact call that is asked for.
        #[serde(flatten)]
        call: ToolCall,
        /// Who may decide and until when, beside what the operator says of the tool.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terms: Option<Box<Terms>>,
    },
    /// Wait until a time.
    Sleep(Sleep),
    /// Wait until the run is sent a signal.
    AwaitSignal(AwaitedSignal),
    /// Start runs of a workflow, and wait until all have ended.
    StartRuns(ChildRuns),
}

impl Effect {
    /// Wants something of a kind.
    pub fn new(key: &str, kind: EffectKind) -> Self {
        Self { key: key.to_owned(), deadline_ms: None, undo: None, kind }
    }

    /// Wants a tool called.
    pub fn call(key: &str, call: ToolCall) -> Self {
        Self::new(key, EffectKind::CallTool { call, approval: None })
    }

    /// Wants a tool called by the approval of this key, which the call uses up.
    pub fn approved_call(key: &str, call: ToolCall, approval: &str) -> Self {
        Self::new(key, EffectKind::CallTool { call, approval: Some(approval.to_owned()) })
    }

    /// Wants code run.
    pub fn run_code(key: &str, code: Code) -> Self {
        Self::new(key, EffectKind::RunCode(code))
    }

    /// Wants a model asked.
    pub fn ask(key: &str, question: Question) -> Self {
        Self::new(key, EffectKind::AskModel(question))
    }

    /// Wants something kept in the long-term memory.
    pub fn remember(key: &str, memory: NewMemory) -> Self {
        Self::new(key, EffectKind::Remember(memory))
    }

    /// Wants the long-term memory looked into.
    pub fn recall(key: &str, query: Query) -> Self {
        Self::new(key, EffectKind::Recall(query))
    }

    /// Wants a part of a result read that the run has already.
    pub fn read_result(key: &str, read: ReadResult) -> Self {
        Self::new(key, EffectKind::ReadResult(read))
    }

    /// Wants a person asked whether a call may be made; `reason` says why.
    pub fn request_approval(key: &str, reason: impl Into<String>, call: ToolCall) -> Self {
        Self::new(key, EffectKind::RequestApproval { reason: reason.into(), call, terms: None })
    }

    /// Wants nothing for so long.
    pub fn sleep(key: &str, time: Duration) -> Self {
        Self::new(key, EffectKind::Sleep(Sleep::ForMs(millis(time))))
    }

    /// Wants nothing until this time, in milliseconds since the Unix epoch.
    pub fn sleep_until(key: &str, at_ms: u64) -> Self {
        Self::new(key, EffectKind::Sleep(Sleep::UntilMs(at_ms)))
    }

    /// Wants the run sent a signal of this name, with any payload.
    pub fn await_signal(key: &str, name: impl Into<String>) -> Self {
        Self::new(key, EffectKind::AwaitSignal(AwaitedSignal { name: name.into(), schema: None }))
    }

    /// Wants the run sent a signal of this name, whose payload fits a JSON Schema.
    pub fn await_signal_of(key: &str, name: impl Into<String>, schema: Value) -> Self {
        Self::new(key, EffectKind::AwaitSignal(AwaitedSignal { name: name.into(), schema: Some(schema) }))
    }

    /// Wants a run of this workflow started, and to hear how it ends. It has its own journal, and this budget, which is set
    /// aside from the one of the run that starts it.
    pub fn start_run(key: &str, workflow: impl Into<String>, input: Value, budget: Budget) -> Self {
        Self::start_runs(key, ChildRuns::new(workflow, [input], budget))
    }

    /// Wants runs started, and to hear how they end once all have ended.
    pub fn start_runs(key: &str, runs: ChildRuns) -> Self {
        Self::new(key, EffectKind::StartRuns(runs))
    }

    /// Says who may decide and until when, where it is a question; any other effect stays as it is.
    #[must_use]
    pub fn on(mut self, asked_on: Terms) -> Self {
        if let EffectKind::RequestApproval { terms, .. } = &mut self.kind {
            *terms = Some(Box::new(asked_on));
        }
        self
    }

    /// Ends it so long after its intent, if it has not ended before.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self { deadline_ms: Some(millis(time)), ..self }
    }

    /// Says what undoes it, where the run fails or is stopped later. What undoes it must be harmless where it is not known
    /// whether the effect has happened.
    #[must_use]
    pub fn undone_by(self, undo: Undo) -> Self {
        Self { undo: Some(Box::new(undo)), ..self }
    }

    /// Returns when it falls due whose intent is journaled now: a sleep ends then, anything else has failed to end in time.
    pub fn due_ms(&self, now_ms: u64) -> Option<u64> {
        let deadline_ms = self.deadline_ms.map(|ms| now_ms.saturating_add(ms));
        let ends_ms = match &self.kind {
            EffectKind::Sleep(Sleep::UntilMs(at_ms)) => Some(*at_ms),
            EffectKind::Sleep(Sleep::ForMs(ms)) => Some(now_ms.saturating_add(*ms)),
            EffectKind::CallTool { .. }
            | EffectKind::RunCode(_)
            | EffectKind::AskModel(_)
            | EffectKind::Remember(_)
            | EffectKind::Recall(_)
            | EffectKind::ReadResult(_)
            | EffectKind::RequestApproval { .. }
            | EffectKind::AwaitSignal(_)
            | EffectKind::StartRuns(_) => None,
        };
        deadline_ms.into_iter().chain(ends_ms).min()
    }

    /// Returns what of an amount that is reserved for it is its own, and not lent to runs that it starts.
    #[must_use]
    pub fn own(&self, amount: &Usage) -> Usage {
        let lent = self.kind.child_runs().map_or(Usage::NONE, ChildRuns::lent);
        let own = |currency| amount.get(currency).saturating_sub(lent.get(currency));
        Currency::ALL.into_iter().fold(Usage::NONE, |sum, currency| sum.with(currency, own(currency)))
    }

    /// Returns the key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the effect under a key that this stands before; an approval and results that it names are of the same place.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.key.insert_str(0, prefix);
        self.kind.move_under(prefix);
        self
    }

    /// Returns whether it asks a person.
    pub fn is_question(&self) -> bool {
        self.kind.is_question()
    }

    /// Returns whether nothing is performed for it: the run waits for a person, a time, a signal or other runs.
    pub fn is_wait(&self) -> bool {
        self.kind.is_wait()
    }
}

impl EffectKind {
    /// Puts this before the keys of other effects that it names.
    fn move_under(&mut self, prefix: &str) {
        match self {
            Self::CallTool { approval, .. } => approval.iter_mut().for_each(|key| key.insert_str(0, prefix)),
            Self::RunCode(code) => code.results.values_mut().for_each(|key| key.insert_str(0, prefix)),
            Self::ReadResult(read) => read.result.insert_str(0, prefix),
            Self::AskModel(_)
            | Self::Remember(_)
            | Self::Recall(_)
            | Self::RequestApproval { .. }
            | Self::Sleep(_)
            | Self::AwaitSignal(_)
            | Self::StartRuns(_) => {}
        }
    }

    /// Returns whether it asks a person.
    pub fn is_question(&self) -> bool {
        match self {
            Self::RequestApproval { .. } => true,
            Self::CallTool { .. }
            | Self::RunCode(_)
            | Self::AskModel(_)
            | Self::Remember(_)
            | Self::Recall(_)
            | Self::ReadResult(_)
            | Self::Sleep(_)
            | Self::AwaitSignal(_)
            | Self::StartRuns(_) => false,
        }
    }

    /// Returns the runs that it starts, if it starts any.
    pub fn child_runs(&self) -> Option<&ChildRuns> {
        match self {
            Self::StartRuns(runs) => Some(runs),
            Self::CallTool { .. }
            | Self::RunCode(_)
            | Self::AskModel(_)
            | Self::Remember(_)
            | Self::Recall(_)
            | Self::ReadResult(_)
            | Self::RequestApproval { .. }
            | Self::Sleep(_)
            | Self::AwaitSignal(_) => None,
        }
    }

    /// Returns whether nothing is performed for it: the run waits for a person, a time, a signal or other runs.
    pub fn is_wait(&self) -> bool {
        match self {
            Self::RequestApproval { .. } | Self::Sleep(_) | Self::AwaitSignal(_) | Self::StartRuns(_) => true,
            Self::CallTool { .. }
            | Self::RunCode(_)
            | Self::AskModel(_)
            | Self::Remember(_)
            | Self::Recall(_)
            | Self::ReadResult(_) => false,
        }
    }

    /// Returns whether it gives a model, or code that one may have written, a say in the run: strangers can talk it into
    /// things.
    pub(crate) fn takes_orders(&self) -> bool {
        match self {
            Self::RunCode(_) | Self::AskModel(_) => true,
            Self::CallTool { .. }
            | Self::Remember(_)
            | Self::Recall(_)
            | Self::ReadResult(_)
            | Self::RequestApproval { .. }
            | Self::Sleep(_)
            | Self::AwaitSignal(_)
            | Self::StartRuns(_) => false,
        }
    }

    /// Returns whether an effect of this kind can end so.
    pub(crate) fn ends_with(&self, outcome: &EffectOutcome) -> bool {
        match self {
            Self::CallTool { .. } => matches!(outcome, EffectOutcome::ToolReturned(_)),
            Self::RunCode(_) => matches!(outcome, EffectOutcome::CodeFinished(_)),
            Self::AskModel(_) => matches!(outcome, EffectOutcome::ModelReplied(_)),
            Self::Remember(_) => matches!(outcome, EffectOutcome::Remembered(_)),
            Self::Recall(_) => matches!(outcome, EffectOutcome::Recalled(_)),
            Self::ReadResult(_) => matches!(outcome, EffectOutcome::ResultRead(_)),
            Self::RequestApproval { .. } => {
                matches!(outcome, EffectOutcome::Decided { .. } | EffectOutcome::Waited(Waited::TimedOut { .. }))
            }
            Self::Sleep(_) => {
                matches!(outcome, EffectOutcome::Waited(Waited::Slept { .. } | Waited::Failed(_)))
            }
            Self::AwaitSignal(_) => matches!(
                outcome,
                EffectOutcome::Waited(Waited::Signalled(_) | Waited::TimedOut { .. } | Waited::Failed(_))
            ),
            Self::StartRuns(_) => matches!(outcome, EffectOutcome::RunsEnded(_)),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
