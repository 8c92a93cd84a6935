//! What code writes, line by line, and then how it ended.

use axum::response::Response;
use axum::response::sse::Event;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use serde_json::json;
use stockade::{Exec, ExecReport, Fault, RunId, Started, Stdio, Wrote};

use crate::events::{event, live, problem};
use crate::guard::Room;
use crate::problem::Answer;
use crate::service::Service;

/// Where a client stands that follows code.
struct Following {
    service: Service,
    run: RunId,
    lines: BoxStream<'static, Wrote>,
    end: BoxFuture<'static, Result<ExecReport, Fault>>,
    /// How many bytes of each output were sent.
    sent: [usize; 2],
    has_ended: bool,
}

/// Sends `run` with the run, `output` with lines as the code writes them, and `end` with what it returned, wrote and called.
pub(crate) async fn follow(service: Service, room: Room, started: Started) -> Answer<Response> {
    let run = started.id();
    let begun = event(&service, "run", &service.host().report(run).await?);
    let following = Following::new(service.clone(), started);
    Ok(live(service, room, stream::once(async move { begun }).chain(following.stream())))
}

impl Following {
    fn new(service: Service, started: Started) -> Self {
        let (run, host) = (started.id(), service.host().clone());
        let lines = host.output(run, Exec::KEY).boxed();
        let end = async move { host.exec_report(started.settled_state().await?).await }.boxed();
        Self { service, run, lines, end, sent: [0; 2], has_ended: false }
    }

    fn stream(self) -> impl Stream<Item = Event> + Send + 'static {
        let events = stream::unfold(self, |mut following| async move {
            let events = following.next().await?;
            Some((stream::iter(events), following))
        });
        events.flatten()
    }

    /// Waits for more lines, or for the end.
    async fn next(&mut self) -> Option<Vec<Event>> {
        if self.has_ended {
            return None;
        }
        // Lines first: all that was told of before the end is sent before it.
        tokio::select! {
            biased;
            Some(Wrote { stdio, lines }) = self.lines.next() => Some(vec![self.output(stdio, &lines)]),
            ended = &mut self.end => {
                self.has_ended = true;
                Some(self.ended(ended).await)
            }
        }
    }

    fn output(&mut self, stdio: Stdio, lines: &str) -> Event {
        let [out, err] = &mut self.sent;
        let sent = match stdio {
            Stdio::Out => out,
            Stdio::Err => err,
        };
        *sent = sent.saturating_add(lines.len());
        event(&self.service, "output", &json!({"stream": stdio.name(), "text": lines}))
    }

    /// The rest of the outputs, and the end. Code that another process runs now has not ended: the client is told of its run.
    async fn ended(&mut self, ended: Result<ExecReport, Fault>) -> Vec<Event> {
        match ended {
            Ok(report) => {
                let mut events = self.rest(&report);
                events.push(event(&self.service, "end", &report));
                events
            }
            Err(fault) if fault.is_interrupted() => {
                let report = self.service.host().report(self.run).await;
                vec![
                    report.map_or_else(
                        |fault| problem(&self.service, fault),
                        |report| event(&self.service, "run", &report),
                    ),
                ]
            }
            Err(fault) => vec![problem(&self.service, fault)],
        }
    }

    /// What was not sent yet: what ends no line, and what was written before this process had the code.
    fn rest(&mut self, report: &ExecReport) -> Vec<Event> {
        let [out, err] = self.sent;
        let rests = [(Stdio::Out, report.stdout.get(out..)), (Stdio::Err, report.stderr.get(err..))];
        let rests = rests.map(|(stdio, rest)| (stdio, rest.unwrap_or_default().to_owned()));
        let rests = rests.into_iter().filter(|(_, rest)| !rest.is_empty());
        rests.map(|(stdio, rest)| self.output(stdio, &rest)).collect()
    }
}
