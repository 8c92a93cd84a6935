//! A server that is a process: each message is a line.

use std::collections::HashMap;
use std::io::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::complaints::Complaints;
use crate::counts::Counts;
use crate::failure::Failure;
use crate::lock::lock;
use crate::message::{self, MESSAGE_BYTES_MAX, Message, Refused, TOOLS_CHANGED};
use crate::process::{Order, Process};

/// How long a message may take from its first byte to its last.
const MESSAGE_TIME: Duration = Duration::from_secs(30);

/// How many messages may wait to be written: a server that reads nothing keeps further callers waiting, within their time.
const QUEUE: usize = 64;

/// How many messages a server may send between two answers that were asked for; then it is not listened to any more.
const UNASKED_MAX: u64 = 10_000;

/// What tells a server that the caller waits no longer.
const CANCELLED: &str = "notifications/cancelled";

type Reply = std::result::Result<Value, Refused>;

/// The connection to a process.
pub(crate) struct Stdio {
    shared: Arc<Shared>,
    outgoing: mpsc::Sender<String>,
    /// Last, so that its input is closed before it is told to end.
    _process: Process,
}

struct Shared {
    /// The callers that wait for answers, by the ids of their requests; `None` once the connection is over.
    waiting: Mutex<Option<HashMap<u64, oneshot::Sender<Reply>>>>,
    /// Why the connection is over.
    why: Mutex<String>,
    next: AtomicU64,
    has_changed: AtomicBool,
    counts: Arc<Counts>,
}

impl Stdio {
    /// Starts the process and begins to listen to it.
    ///
    /// # Errors
    ///
    /// The program cannot be started.
    pub(crate) async fn start(order: Order, counts: Arc<Counts>, complaints: Complaints) -> Result<Self> {
        let (process, pipes) = Process::start(order).await?;
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Some(HashMap::new())),
            why: Mutex::new(String::new()),
            next: AtomicU64::new(1),
            has_changed: AtomicBool::new(false),
            counts,
        });
        let (outgoing, queue) = mpsc::channel(QUEUE);
        tokio::spawn(write(pipes.stdin, queue));
        tokio::spawn(complaints.clone().listen(pipes.stderr));
        tokio::spawn(listen(Arc::clone(&shared), BufReader::new(pipes.stdout), outgoing.downgrade(), complaints));
        Ok(Self { shared, outgoing, _process: process })
    }

    /// Makes a request and waits for its answer. Dropping the future tells the server that it is not waited for.
    pub(crate) async fn request(&self, method: &str, params: &Value) -> std::result::Result<Value, Failure> {
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let (tell, told) = oneshot::channel();
        match self.shared.waiting().as_mut() {
            Some(waiting) => drop(waiting.insert(id, tell)),
            None => return Err(Failure::Unsent(self.shared.why())),
        }
        let mut asked = Asked { id, stdio: self, is_sent: false };
        let sent = self.outgoing.send(message::request(id, method, params)).await;
        sent.map_err(|_| Failure::Unsent(self.shared.why()))?;
        asked.is_sent = true;
        let answer = told.await;
        asked.is_sent = false;
        match answer {
            Ok(answer) => answer.map_err(Failure::Refused),
            Err(_) => Err(Failure::Lost(self.shared.why())),
        }
    }

    /// Sends a notification.
    pub(crate) async fn notify(&self, method: &str, params: &Value) {
        // A server that has ended needs no notification.
        let _ = self.outgoing.send(message::notification(method, params)).await;
    }

    /// Returns whether the server answers no more.
    pub(crate) fn is_over(&self) -> bool {
        self.shared.waiting().is_none()
    }

    /// Returns whether the server has said since that its tools are others.
    pub(crate) fn take_changed(&self) -> bool {
        self.shared.has_changed.swap(false, Ordering::Relaxed)
    }
}

/// A request whose answer is waited for.
struct Asked<'a> {
    id: u64,
    stdio: &'a Stdio,
    is_sent: bool,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.stdio.shared.waiting().as_mut() {
            waiting.remove(&self.id);
        }
        if self.is_sent {
            let params = json!({"requestId": self.id, "reason": "its time is over"});
            // Where the queue is full, the server does not read what it is told anyhow.
            let _ = self.stdio.outgoing.try_send(message::notification(CANCELLED, &params));
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Option<HashMap<u64, oneshot::Sender<Reply>>>> {
        lock(&self.waiting)
    }

    fn why(&self) -> String {
        lock(&self.why).clone()
    }

    /// Ends the connection: all who wait are told that there is no answer.
    fn end(&self, why: String) {
        *lock(&self.why) = why;
        *self.waiting() = None;
    }

    /// Gives an answer to the one who waits for it, and returns whether there was one.
    fn answer(&self, id: u64, reply: Reply) -> bool {
        let waits = self.waiting().as_mut().and_then(|waiting| waiting.remove(&id));
        match waits {
            // A caller that has just given up needs no answer.
            Some(waits) => drop(waits.send(reply)),
            None => {
                self.counts.stray();
                return false;
            }
        }
        true
    }
}

async fn write(mut stdin: ChildStdin, mut queue: mpsc::Receiver<String>) {
    while let Some(text) = queue.recv().await {
        let line = format!("{text}\n");
        if stdin.write_all(line.as_bytes()).await.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
}

async fn listen(
    shared: Arc<Shared>,
    mut stdout: BufReader<ChildStdout>,
    outgoing: mpsc::WeakSender<String>,
    complaints: Complaints,
) {
    let (mut line, mut unasked) = (Vec::new(), 0);
    let why = loop {
        line.clear();
        match read_line(&mut stdout, &mut line).await {
            Ok(true) => {}
            Ok(false) => break "the process has ended".to_owned(),
            Err(error) => break error.to_string(),
        }
        match taken(&shared, &line, &outgoing) {
            Ok(true) => unasked = 0,
            Ok(false) => unasked += 1,
            Err(why) => break why,
        }
        if unasked > UNASKED_MAX {
            break format!("it has sent more than {UNASKED_MAX} messages that were not asked for");
        }
    };
    shared.end(complaints.after(&why));
}

/// Takes in one line, and returns whether it was an answer that was waited for.
fn taken(shared: &Shared, line: &[u8], outgoing: &mpsc::WeakSender<String>) -> std::result::Result<bool, String> {
    let text = std::str::from_utf8(line).map_err(|_| "it has sent a line that is not UTF-8".to_owned())?.trim();
    if text.is_empty() {
        return Ok(false);
    }
    match message::read(text).map_err(|fault| format!("it has sent a line that is no message: {}", fault.message))? {
        Message::Answer(id, reply) => return Ok(shared.answer(id, reply)),
        Message::Stray => shared.counts.stray(),
        Message::Asked { id, method } => {
            shared.counts.declined();
            // Where the queue is full, the server waits for an answer that it need not get.
            let _ = outgoing.upgrade().map(|outgoing| outgoing.try_send(message::reply(&id, &method)));
        }
        Message::Told { method } => {
            shared.counts.told();
            if method == TOOLS_CHANGED {
                shared.has_changed.store(true, Ordering::Relaxed);
            }
        }
    }
    Ok(false)
}

/// Reads a line with its end, and returns whether there was one. What stands after the last line break is no message.
async fn read_line(reader: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> Result<bool> {
    let mut until = None;
    loop {
        let buffer = match until {
            None => reader.fill_buf().await?,
            Some(until) => timeout_at(until, reader.fill_buf()).await.map_err(|_| too_slow())??,
        };
        if buffer.is_empty() {
            return Ok(false);
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(buffer.len(), |at| at + 1);
        if line.len() + taken > MESSAGE_BYTES_MAX {
            return Err(too_long());
        }
        line.extend_from_slice(buffer.get(..taken).unwrap_or_default());
        reader.consume(taken);
        if end.is_some() {
            return Ok(true);
        }
        until = until.or_else(|| Some(Instant::now() + MESSAGE_TIME));
    }
}

fn too_slow() -> Error {
    Error::new(ErrorKind::TimedOut, format!("it has taken more than {} s for one message", MESSAGE_TIME.as_secs()))
}

fn too_long() -> Error {
    Error::new(ErrorKind::FileTooLarge, format!("it has sent a message of more than {MESSAGE_BYTES_MAX} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_line_has_an_end_in_bytes_and_in_time() {
        let mut line = Vec::new();
        let mut whole = BufReader::new(b"{}\nrest".as_slice());
        assert!(read_line(&mut whole, &mut line).await.is_ok_and(|found| found) && line == b"{}\n");
        line.clear();
        assert!(read_line(&mut whole, &mut line).await.is_ok_and(|found| !found), "no line break, no message");
        line.clear();
        let error = read_line(&mut BufReader::new(tokio::io::repeat(b' ')), &mut line).await.err();
        assert!(error.is_some_and(|error| error.to_string().contains("bytes")));
        line.clear();
        let (mut far, near) = tokio::io::duplex(64);
        assert!(far.write_all(b"{").await.is_ok());
        let error = read_line(&mut BufReader::new(near), &mut line).await.err();
        assert!(error.is_some_and(|error| error.kind() == ErrorKind::TimedOut));
    }
}
