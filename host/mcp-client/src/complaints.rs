//! What a server writes to its standard error: so many lines of so many bytes, without secrets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use stockade::Scrubber;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::counts::Counts;
use crate::lock::lock;
use crate::settings::Log;
use crate::words::shown;

/// The longest line that is told; what is beyond is left out.
const LINE_BYTES_MAX: usize = 2 << 10;

/// What one process may write before it is not listened to any more. It may write on.
const BYTES_MAX: usize = 64 << 10;

/// How many lines an error repeats.
const LINES_KEPT: usize = 5;

/// Listens to the standard error of a server.
#[derive(Clone)]
pub(crate) struct Complaints {
    server: String,
    log: Log,
    scrubber: Scrubber,
    counts: Arc<Counts>,
    last: Arc<Mutex<VecDeque<String>>>,
}

impl Complaints {
    pub(crate) fn new(server: &str, log: Log, scrubber: Scrubber, counts: Arc<Counts>) -> Self {
        Self { server: server.to_owned(), log, scrubber, counts, last: Arc::default() }
    }

    /// Reads until the process closes its standard error.
    pub(crate) async fn listen(self, mut stderr: impl AsyncRead + Unpin) {
        let (mut chunk, mut line, mut told) = (vec![0; 4 << 10], Vec::new(), 0);
        while let Ok(length) = stderr.read(&mut chunk).await
            && length > 0
        {
            self.counts.stderr(length);
            for byte in chunk.iter().take(length) {
                if *byte == b'\n' {
                    told = self.tell(&line, told);
                    line.clear();
                } else {
                    line.extend((line.len() < LINE_BYTES_MAX).then_some(*byte));
                }
            }
        }
        if !line.is_empty() {
            self.tell(&line, told);
        }
    }

    /// Tells a line where no more than so many bytes were told before, and returns how many were told by then.
    fn tell(&self, line: &[u8], told: usize) -> usize {
        let now = told + line.len();
        if told <= BYTES_MAX && now > BYTES_MAX {
            self.say("(further lines are left out)".to_owned());
        } else if now <= BYTES_MAX {
            let text = String::from_utf8_lossy(line);
            self.say(shown(&self.scrubber.text(text.trim_end())));
        }
        now
    }

    fn say(&self, text: String) {
        (self.log)(&self.server, &text);
        let mut last = lock(&self.last);
        last.push_back(text);
        if last.len() > LINES_KEPT {
            last.pop_front();
        }
    }

    /// Adds to the reason of an end what the server last complained of.
    pub(crate) fn after(&self, why: &str) -> String {
        let last = lock(&self.last);
        if last.is_empty() {
            return why.to_owned();
        }
        format!("{why}; it last wrote: {}", last.iter().map(String::as_str).collect::<Vec<_>>().join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_bounded_scrubbed_and_counted() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let log: Log = Arc::new(move |_: &str, line: &str| lock(&heard).push(line.to_owned()));
        let scrubber = Scrubber::redacting(["sk_live_0123456789".to_owned()]);
        let counts = Arc::new(Counts::default());
        let complaints = Complaints::new("a", log, scrubber, Arc::clone(&counts));
        let text = format!("key sk_live_0123456789\x1b[2J\n{}\n{}", "x".repeat(10_000), "y\n".repeat(100_000));
        complaints.clone().listen(text.as_bytes()).await;
        let told = lock(&told);
        assert_eq!(told.first().map(String::as_str), Some("key [redacted]\\u{1b}[2J"));
        assert!(told.iter().all(|line| line.len() <= LINE_BYTES_MAX));
        assert!(told.iter().map(String::len).sum::<usize>() <= BYTES_MAX + LINE_BYTES_MAX);
        assert_eq!(counts.read().stderr_bytes, text.len() as u64);
        assert!(complaints.after("it ended").starts_with("it ended; it last wrote: "));
    }
}
