//! Who changed what through a server: a log to which lines are appended alone, each with the digest of the one before.

mod chain;
mod entry;
mod named;
mod read;
mod refusals;
mod unanswered;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use axum::body::Bytes;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use stockade::{Clock, Fault, Kind, Principal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

pub use entry::{Answered, Asked, Entry, Event, Refused};
pub(crate) use named::named;
pub use read::{Broken, Verified, entries, verify};

use crate::problem::Problem;
use named::Names;
use refusals::{Noted, Refusals, WHILE};
use unanswered::Unanswered;

/// How many entries wait to be written; further requests wait.
const WAITING_MAX: usize = 1_024;

/// How many entries are written at once, with one wait for the disk.
const BATCH_MAX: usize = 256;

/// The longest log, in bytes: about a million changes. Then every change is refused until the file is moved away.
const BYTES_MAX: u64 = 1 << 30;

/// An audit log: a file that only its owner may read, to which servers and commands append one at a time.
///
/// ```no_run
/// # async fn example(host: stockade::Host) -> stockade::Result<()> {
/// use stockade_server::{Server, audit::Audit};
///
/// let audit = Audit::open("/var/lib/stockade/audit.log", stockade::Clock::default());
/// audit.append(stockade_server::audit::Event::began()).await?;
/// let server = Server::new(host).audit(audit);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Audit {
    jobs: mpsc::Sender<Job>,
    refusals: Refusals,
}

/// Is told of an entry that could not be written of what has happened already.
type Told = Arc<dyn Fn(&Fault) + Send + Sync>;

/// Tells whether an entry was written that was handed in.
type Written = oneshot::Receiver<stockade::Result<()>>;

struct Job {
    event: Event,
    done: oneshot::Sender<stockade::Result<()>>,
}

impl Audit {
    /// Opens the log in a file, which is made with the first entry. A thread writes it, until the last handle is dropped.
    pub fn open(path: impl Into<PathBuf>, clock: Clock) -> Self {
        Self::bounded(path, clock, BYTES_MAX)
    }

    /// As [`Audit::open`], where the file has at most so many bytes.
    pub fn bounded(path: impl Into<PathBuf>, clock: Clock, bytes_max: u64) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let path = path.into();
        let writer = thread::Builder::new().name("audit".to_owned());
        // Where there is no thread for it, each entry is refused.
        let _ = writer.spawn(move || write(&path, &clock, bytes_max, waiting));
        Self { jobs, refusals: Refusals::default() }
    }

    /// Appends an entry. When this returns, it outlasts a crash of the machine.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::System`] with detail `audit` where the entry cannot be written, as where the disk is full, where the file is
    /// not the log of its owner alone, or where its last line is not an entry; [`Kind::Unavailable`] where the log is too long.
    pub async fn append(&self, event: Event) -> stockade::Result<()> {
        outcome(self.hand_in(event).await?).await
    }

    /// Hands in an entry to be written. Where this is dropped before it returns, the entry is not written.
    async fn hand_in(&self, event: Event) -> stockade::Result<Written> {
        let (done, written) = oneshot::channel();
        self.jobs.send(Job { event, done }).await.map_err(|_| gone())?;
        Ok(written)
    }

    /// Lets a change happen between two entries: what was asked for, and what became of it. Where the first one cannot be
    /// written, nothing is changed. Where the second one cannot, the change has happened: the operator is told. Where this is
    /// dropped, the second one says that the client has gone.
    pub(crate) async fn around(&self, asked: Asked, told: Told, answer: impl Future<Output = Response>) -> Response {
        let (request, names) = (asked.request.clone(), Names::default());
        let written = match self.hand_in(Event::Asked(asked)).await {
            Ok(written) => written,
            Err(fault) => return Problem::from(fault).into_response(),
        };
        // From here on the log has it.
        let mut unanswered = Unanswered::new(self.clone(), request, names.clone(), told);
        if let Err(fault) = outcome(written).await {
            unanswered.forget();
            return Problem::from(fault).into_response();
        }
        let response = names.collect(answer).await;
        unanswered.answer(&response);
        unanswered.write().await;
        response
    }

    /// Notes that a principal may not make a change: one by one, or by the number of those that are too many for that.
    pub(crate) async fn refused(&self, asked: Asked, fault: &Fault) -> stockade::Result<()> {
        match self.refusals.note(&asked.principal) {
            Noted::Alone => {
                let reason = fault.detail.clone().unwrap_or_default();
                self.append(Event::Refused(Refused { asked, reason })).await
            }
            Noted::CountedFirst => {
                tokio::spawn(self.clone().write_later(asked.principal));
                Ok(())
            }
            Noted::Counted => Ok(()),
        }
    }

    /// Writes the numbers of the refused requests that were counted and not written yet.
    pub(crate) async fn write_counted(&self) -> stockade::Result<()> {
        for principal in self.refusals.counted() {
            self.write_counted_of(&principal).await?;
        }
        Ok(())
    }

    async fn write_later(self, principal: String) {
        loop {
            sleep(WHILE).await;
            // What the log cannot take now it may take later.
            if self.write_counted_of(&principal).await.is_ok() {
                return;
            }
        }
    }

    async fn write_counted_of(&self, principal: &str) -> stockade::Result<()> {
        let Some(requests) = self.refusals.take(principal) else { return Ok(()) };
        let event = Event::RefusedMore { principal: principal.to_owned(), requests };
        let written = self.append(event).await;
        if written.is_err() {
            self.refusals.give_back(principal, requests);
        }
        written
    }
}

/// Waits until an entry was written.
async fn outcome(written: Written) -> stockade::Result<()> {
    written.await.map_err(|_| gone())?
}

fn gone() -> Fault {
    Fault::new(Kind::System, "the audit log is written no more").detail("audit")
}

/// Returns what a request asks to be changed, or `None` where it only reads.
pub(crate) fn asked(principal: &Principal, parts: &Parts, body: Option<&Bytes>) -> Option<Asked> {
    let only_reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&parts.method);
    (!only_reads).then(|| Asked::new(principal, parts, body))
}

/// Writes what waits: many entries with one wait for the disk.
fn write(path: &Path, clock: &Clock, bytes_max: u64, mut waiting: mpsc::Receiver<Job>) {
    let mut jobs = Vec::new();
    while waiting.blocking_recv_many(&mut jobs, BATCH_MAX) > 0 {
        let (events, done): (Vec<_>, Vec<_>) = jobs.drain(..).map(|job| (job.event, job.done)).unzip();
        let written = chain::append(path, clock.now_ms(), bytes_max, events);
        // One that has gone needs no answer.
        done.into_iter().for_each(|done| drop(done.send(written.clone())));
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::path::Path;

    use axum::http::Request;
    use stockade::Role;
    use tokio::task::yield_now;
    use tokio::time::advance;

    use super::*;

    fn opened() -> (tempfile::TempDir, PathBuf, Audit) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        let audit = Audit::open(&path, Clock::default());
        (dir, path, audit)
    }

    fn asks() -> Asked {
        let (parts, ()) = Request::post("/mcp").body(()).unwrap().into_parts();
        Asked::new(&Principal::new("mia", Role::Operator), &parts, None)
    }

    fn events(path: &Path) -> Vec<Event> {
        let mut events = Vec::new();
        entries(path, |entry| events.push(entry.event)).unwrap();
        events
    }

    #[tokio::test]
    async fn a_change_whose_client_has_gone_is_answered_in_the_log_with_what_it_was_about() {
        let (_dir, path, audit) = opened();
        let began = Arc::new(tokio::sync::Notify::new());
        let answer = {
            let began = Arc::clone(&began);
            async move {
                named("run", 7);
                began.notify_one();
                pending::<Response>().await
            }
        };
        tokio::select! {
            _ = audit.around(asks(), Arc::new(|_: &Fault| {}), answer) => panic!("it is not answered"),
            () = began.notified() => {}
        }
        // What was dropped hands its entry in.
        yield_now().await;
        audit.append(Event::began()).await.unwrap();
        let events = events(&path);
        let [Event::Asked(asked), Event::Answered(answered), Event::Began { .. }] = &*events else {
            panic!("{events:?}");
        };
        assert_eq!((&answered.request, answered.status), (&asked.request, 499));
        assert_eq!(answered.named, ["run 7"]);
    }

    #[tokio::test]
    async fn a_change_that_is_answered_is_answered_once_in_the_log() {
        let (_dir, path, audit) = opened();
        let answer = async { Response::default() };
        audit.around(asks(), Arc::new(|_: &Fault| {}), answer).await;
        yield_now().await;
        audit.append(Event::began()).await.unwrap();
        let events = events(&path);
        let [Event::Asked(_), Event::Answered(answered), Event::Began { .. }] = &*events else {
            panic!("{events:?}");
        };
        assert_eq!(answered.status, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn a_principal_that_is_refused_often_has_few_entries_and_one_with_the_number_of_the_others() {
        let (_dir, path, audit) = opened();
        let fault = Fault::new(Kind::Denied, "no").detail("role");
        for _ in 0..1_000 {
            audit.refused(asks(), &fault).await.unwrap();
        }
        assert_eq!(events(&path).len(), refusals::ONE_BY_ONE_MAX as usize);
        // The clock of what waits begins with its first look.
        yield_now().await;
        advance(WHILE).await;
        while !audit.refusals.counted().is_empty() {
            yield_now().await;
        }
        audit.append(Event::began()).await.unwrap();
        let of_mia = |requests| Event::RefusedMore { principal: "mia".to_owned(), requests };
        assert_eq!(events(&path)[refusals::ONE_BY_ONE_MAX as usize..], [of_mia(980), Event::began()]);
        // A server that ends writes what it has counted.
        for _ in 0..22 {
            audit.refused(asks(), &fault).await.unwrap();
        }
        audit.write_counted().await.unwrap();
        assert_eq!(events(&path).last(), Some(&of_mia(2)));
    }
}
