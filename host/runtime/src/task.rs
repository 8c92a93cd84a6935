//! The performing of one effect that needs nothing of the run but what it was given.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use stockade_sandbox::Call;
use stockade_workflow::{
    Effect, Event, Fault, Kind, Label, ModelOutcome, Note, Query, Question, Recalled, Remembered, RunId, ToolCall,
    ToolOutcome, Usage,
};

use crate::executor::{seed, unknown, within};
use crate::host::Inner;

/// What an effect is performed with.
pub(crate) struct Task {
    pub(crate) host: Arc<Inner>,
    pub(crate) run: RunId,
    /// What is set aside for it.
    pub(crate) amount: Usage,
    /// Whether its intent was written by this driver, so that nobody has performed it before.
    pub(crate) is_mine: bool,
    /// Why it is not made, if its approval does not allow it.
    pub(crate) refused: Option<ToolOutcome>,
    /// What the run has recalled from the long-term memory.
    pub(crate) recalled: Vec<String>,
    /// The marks of what the run has taken in.
    pub(crate) labels: BTreeSet<Label>,
}

/// How an effect ended, before anybody has judged why.
pub(crate) enum Ended {
    /// With this event, whatever the budget.
    As(Event),
    /// A tool was stopped, or answered with a fault.
    Stopped(Fault),
    /// There was no time left.
    TimedOut(Fault),
}

impl Task {
    /// Performs an effect.
    pub(crate) fn perform(self, effect: Effect) -> BoxFuture<'static, (Effect, Ended, Usage)> {
        async move {
            let (ended, used) = match &effect {
                Effect::CallTool { key, call, .. } => self.call(key, call).await,
                Effect::AskModel { key, question } => self.ask(key, question).await,
                Effect::Remember { key, note } => self.remember(key, note).await,
                Effect::Recall { key, query } => self.recall(key, query).await,
                _ => (Ended::Stopped(Fault::new(Kind::HostBug, "no such effect is a task")), Usage::default()),
            };
            (effect, ended, used)
        }
        .boxed()
    }

    async fn call(self, key: &str, call: &ToolCall) -> (Ended, Usage) {
        let returned = |outcome| Ended::As(Event::ToolReturned { key: key.to_owned(), outcome });
        if let Some(outcome) = self.refused {
            return (returned(outcome), Usage::default());
        }
        let tool = match self.host.snippet(&call.tool).and_then(|_| self.host.tools.get(&call.tool)) {
            Ok(tool) => tool,
            Err(fault) => return (returned(ToolOutcome::Failed(fault)), Usage::default()),
        };
        if !self.is_mine && !self.host.tools.is_repeatable(tool) {
            let why = "the host stopped while it was under way, and the tool is not declared idempotent";
            return (returned(ToolOutcome::Unknown(unknown(key, call, why))), Usage::default());
        }
        let id = format!("{}/{key}", self.run);
        let limits = within(self.host.limits(&call.tool), &self.amount);
        let (function, arguments) = (&call.function, &call.arguments);
        let outcome = tool.call(Call { function, arguments, idempotency_key: &id, seed: seed(&id), limits }).await;
        match outcome.result {
            Ok(value) => (returned(ToolOutcome::Returned(value)), outcome.usage),
            Err(fault) => (Ended::Stopped(fault), outcome.usage),
        }
    }

    async fn ask(self, key: &str, question: &Question) -> (Ended, Usage) {
        let replied = |outcome| Ended::As(Event::ModelReplied { key: key.to_owned(), outcome });
        let asking = match self.host.asking(key, question) {
            Ok(asking) => asking,
            Err(fault) => return (replied(ModelOutcome::Failed(fault)), Usage::default()),
        };
        let told = |piece: &str| (self.host.listener)(self.run, key, piece);
        let (outcome, used) = asking.ask(&self.amount, seed(&format!("{}/{key}", self.run)), &told).await;
        match outcome {
            ModelOutcome::Failed(fault) if is_timeout(&fault) => (Ended::TimedOut(fault), used),
            outcome => (replied(outcome), used),
        }
    }

    async fn remember(self, key: &str, note: &Note) -> (Ended, Usage) {
        let labels = note.labels.union(&self.labels).copied().collect();
        let note = Note { labels, ..note.clone() };
        let by = Some((self.run, key.to_owned()));
        let (kept, used) = self.host.remember(&note, by, &self.recalled, &self.amount).await;
        match kept {
            Err(fault) if is_timeout(&fault) => (Ended::TimedOut(fault), used),
            kept => {
                let outcome = kept.unwrap_or_else(Remembered::Failed);
                (Ended::As(Event::Remembered { key: key.to_owned(), outcome }), used)
            }
        }
    }

    async fn recall(self, key: &str, query: &Query) -> (Ended, Usage) {
        let (found, used) = self.host.recall(query, &self.amount).await;
        match found {
            Err(fault) if is_timeout(&fault) => (Ended::TimedOut(fault), used),
            found => {
                let outcome = found.map_or_else(Recalled::Failed, Recalled::Found);
                (Ended::As(Event::Recalled { key: key.to_owned(), outcome }), used)
            }
        }
    }
}

fn is_timeout(fault: &Fault) -> bool {
    fault.kind == Kind::Model && fault.detail.as_deref() == Some("timeout")
}
