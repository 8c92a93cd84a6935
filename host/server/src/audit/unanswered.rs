//! Changes that were asked for, and of which the log does not have yet what became of them.

use std::sync::Arc;
use std::thread;

use axum::http::StatusCode;
use axum::response::Response;
use stockade::Fault;
use tokio::runtime::Handle;

use super::entry::{Answered, Event};
use super::named::Names;
use super::{Audit, Told, outcome};

/// The status of a change whose client has gone before it was answered, as many servers write it; no client is told it.
const CLIENT_GONE: u16 = 499;

/// A change that was asked for. Where it is dropped before it was answered, its client has gone, and the log says so: an entry
/// without an answer is to mean that the server had ended.
pub(super) struct Unanswered {
    audit: Audit,
    told: Told,
    names: Names,
    /// What is still to be written of it: `None` once it was handed in, or where the log does not have the change.
    answered: Option<Answered>,
}

impl Unanswered {
    pub(super) fn new(audit: Audit, request: String, names: Names, told: Told) -> Self {
        let answered = Answered { request, status: CLIENT_GONE, named: Vec::new() };
        Self { audit, told, names, answered: Some(answered) }
    }

    /// Says what it was answered.
    pub(super) fn answer(&mut self, response: &Response) {
        let names = self.names.take();
        self.answered = self.answered.take().map(|open| Answered::new(open.request, response, names));
    }

    /// Writes what became of it. Where that fails, the change has happened: the operator is told.
    pub(super) async fn write(mut self) {
        let Some(answered) = self.answered.clone() else { return };
        let handed_in = self.audit.hand_in(Event::Answered(answered)).await;
        self.forget();
        let written = match handed_in {
            Ok(written) => outcome(written).await,
            Err(fault) => Err(fault),
        };
        self.tell(written);
    }

    /// Lets nothing be written of it, for the log does not have it.
    pub(super) fn forget(&mut self) {
        self.answered = None;
    }

    fn tell(&self, written: Result<(), Fault>) {
        if let Err(fault) = written {
            (self.told)(&fault);
        }
    }

    /// Returns what is written of it where it is dropped.
    fn given_up(&mut self) -> Option<Answered> {
        let mut answered = self.answered.take()?;
        answered.named.extend(self.names.take());
        if answered.status == CLIENT_GONE && thread::panicking() {
            answered.status = StatusCode::INTERNAL_SERVER_ERROR.as_u16();
        }
        Some(answered)
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        // Where the program ends, so does what writes.
        if let Some(answered) = self.given_up()
            && let Ok(runtime) = Handle::try_current()
        {
            let (audit, told) = (self.audit.clone(), Arc::clone(&self.told));
            runtime.spawn(async move {
                if let Err(fault) = audit.append(Event::Answered(answered)).await {
                    told(&fault);
                }
            });
        }
    }
}
