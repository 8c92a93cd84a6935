//! A task as a stream of answers.

use axum::response::sse::Event;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use serde_json::{Value, json};
use stockade::{Entry, Fault, RunState};

use super::rpc;
use super::standing::Standing;
use super::task::Task;
use crate::events;
use crate::guard::Room;
use crate::service::Service;

/// Where a stream ends that is not cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Where the task has ended, or does nothing more until a person has done something.
    Asked,
    /// Where the task has ended.
    Ended,
}

/// A stream of answers to one call: the task, then its changes, each once.
pub(crate) struct Live {
    service: Service,
    /// The id of the call.
    id: Value,
    /// The address of the server, as the client wrote it.
    base: String,
    until: Until,
    state: RunState,
    /// What the client knows.
    told: Standing,
    entries: BoxStream<'static, stockade::Result<Entry>>,
    /// Ends when the stream has to.
    over: BoxFuture<'static, ()>,
    has_begun: bool,
    has_ended: bool,
}

impl Live {
    pub(crate) fn new(
        service: &Service,
        room: Room,
        (id, base): (Value, String),
        state: RunState,
        until: Until,
    ) -> Self {
        let entries = service.host().run(state.run()).events(state.seq()).boxed();
        let over = events::over(service.clone(), room).boxed();
        let (service, told) = (service.clone(), Standing::of(&state));
        Self { service, id, base, until, state, told, entries, over, has_begun: false, has_ended: false }
    }

    pub(crate) fn stream(self) -> impl Stream<Item = Event> + Send + 'static {
        let batches = stream::unfold(self, |mut live| async move {
            let answers = live.next().await?;
            Some((stream::iter(answers), live))
        });
        batches.flatten().map(|answer| Event::default().data(answer.to_string()))
    }

    /// The next answers, if there are more; those of an entry may be none.
    async fn next(&mut self) -> Option<Vec<Value>> {
        if self.has_ended {
            return None;
        }
        if !self.has_begun {
            self.has_begun = true;
            self.has_ended = self.state.end().is_some();
            return Some(self.answers(vec![json!({"task": self.task().whole()})]));
        }
        Some(match self.goes_on().await {
            Ok(changes) => self.answers(changes),
            Err(fault) => self.breaks(&fault),
        })
    }

    async fn goes_on(&mut self) -> stockade::Result<Vec<Value>> {
        if self.until == Until::Asked && self.told.needs_a_person() {
            let (run, seq) = (self.state.run(), self.state.seq());
            // What was decided meanwhile is in entries that are told next.
            if self.service.host().entries_after(run, seq).await?.is_empty() {
                self.has_ended = true;
                return Ok(Vec::new());
            }
        }
        tokio::select! {
            entry = self.entries.next() => match entry {
                Some(entry) => self.entry(&entry?),
                None => {
                    self.has_ended = true;
                    Ok(Vec::new())
                }
            },
            () = &mut self.over => {
                self.has_ended = true;
                Ok(Vec::new())
            }
        }
    }

    fn entry(&mut self, entry: &Entry) -> stockade::Result<Vec<Value>> {
        self.state.apply(entry)?;
        let now = Standing::of(&self.state);
        if now == self.told {
            return Ok(Vec::new());
        }
        self.told = now;
        Ok(self.task().changes(entry.at_ms))
    }

    fn task(&self) -> Task<'_> {
        Task::of(&self.base, &self.state, self.state.status())
    }

    fn answers(&self, results: Vec<Value>) -> Vec<Value> {
        results.into_iter().map(|result| rpc::result(&self.id, result)).collect()
    }

    fn breaks(&mut self, fault: &Fault) -> Vec<Value> {
        self.service.tell_within(fault);
        self.has_ended = true;
        vec![rpc::broken(&self.id, fault)]
    }
}
