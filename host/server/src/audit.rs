//! Who changed what through a server: a log to which lines are appended alone, each with the digest of the one before.

mod chain;
mod entry;
mod named;
mod read;

use std::path::PathBuf;

use axum::body::Bytes;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use stockade::{Clock, Fault, Kind, Principal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

pub use entry::{Answered, Asked, Entry, Event, Refused};
pub(crate) use named::named;
pub use read::{Broken, Verified, entries, verify};

use crate::problem::Problem;

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
pub struct Audit(mpsc::Sender<Job>);

struct Job {
    event: Event,
    done: oneshot::Sender<stockade::Result<()>>,
}

impl Audit {
    /// Opens the log in a file, which is made with the first entry. Needs a Tokio runtime.
    pub fn open(path: impl Into<PathBuf>, clock: Clock) -> Self {
        Self::bounded(path, clock, BYTES_MAX)
    }

    /// As [`Audit::open`], where the file has at most so many bytes.
    pub fn bounded(path: impl Into<PathBuf>, clock: Clock, bytes_max: u64) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(write(path.into(), clock, bytes_max, waiting));
        Self(jobs)
    }

    /// Appends an entry. When this returns, it outlasts a crash of the machine.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::System`] with detail `audit` where the entry cannot be written, as where the disk is full, where the file is
    /// not the log of its owner alone, or where its last line is not an entry; [`Kind::Unavailable`] where the log is too long.
    pub async fn append(&self, event: Event) -> stockade::Result<()> {
        let gone = || Fault::new(Kind::System, "the audit log is written no more").detail("audit");
        let (done, written) = oneshot::channel();
        self.0.send(Job { event, done }).await.map_err(|_| gone())?;
        written.await.map_err(|_| gone())?
    }

    /// Lets a change happen between two entries: what was asked for, and what became of it. Where the first one cannot be
    /// written, nothing is changed. Where the second one cannot, the change has happened: the operator is told.
    pub(crate) async fn around(
        &self,
        asked: Asked,
        told: impl FnOnce(&Fault),
        answer: impl Future<Output = Response>,
    ) -> Response {
        let request = asked.request.clone();
        if let Err(fault) = self.append(Event::Asked(asked)).await {
            return Problem::from(fault).into_response();
        }
        let (response, named) = named::collected(answer).await;
        let answered = Event::Answered(Answered::new(request, &response, named));
        if let Err(fault) = self.append(answered).await {
            told(&fault);
        }
        response
    }

    /// Notes that a principal may not make a change.
    pub(crate) async fn refused(&self, asked: Asked, fault: &Fault) -> stockade::Result<()> {
        let reason = fault.detail.clone().unwrap_or_default();
        self.append(Event::Refused(Refused { asked, reason })).await
    }
}

/// Returns what a request asks to be changed; none where it only reads.
pub(crate) fn asked(principal: &Principal, parts: &Parts, body: Option<&Bytes>) -> Option<Asked> {
    let only_reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&parts.method);
    (!only_reads).then(|| Asked::new(principal, parts, body))
}

/// Writes what waits: many entries with one wait for the disk.
async fn write(path: PathBuf, clock: Clock, bytes_max: u64, mut waiting: mpsc::Receiver<Job>) {
    let mut jobs = Vec::new();
    while waiting.recv_many(&mut jobs, BATCH_MAX).await > 0 {
        let (events, done): (Vec<_>, Vec<_>) = jobs.drain(..).map(|job| (job.event, job.done)).unzip();
        let (path, at_ms) = (path.clone(), clock.now_ms());
        let written = spawn_blocking(move || chain::append(&path, at_ms, bytes_max, events)).await;
        let written = written.unwrap_or_else(|error| {
            Err(Fault::new(Kind::HostBug, format!("what writes the audit log has ended: {error}")).detail("audit"))
        });
        // One that has gone needs no answer.
        done.into_iter().for_each(|done| drop(done.send(written.clone())));
    }
}
