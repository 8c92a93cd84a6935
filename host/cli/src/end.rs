//! What tells a command to end that goes on by itself.

use std::pin::pin;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout};

/// SIGTERM, and Ctrl-C.
pub(crate) struct End {
    terminate: Signal,
    interrupt: Signal,
    /// When the command was told to end, if it was.
    told_at: Option<Instant>,
}

impl End {
    /// Begins to wait for them.
    pub(crate) fn new() -> std::io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, told_at: None })
    }

    /// Waits until the command is told to end.
    pub(crate) async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        self.told_at.get_or_insert_with(Instant::now);
    }

    /// Whether the command was told to end.
    pub(crate) fn is_told(&self) -> bool {
        self.told_at.is_some()
    }

    /// Returns what is left of a grace, which begins when the command is told to end.
    pub(crate) fn left(&self, grace: Duration) -> Duration {
        grace.saturating_sub(self.told_at.map_or(Duration::ZERO, |told_at| told_at.elapsed()))
    }

    /// Does something: once the command is told to end, for no longer than the grace. A server that hangs may take longer.
    pub(crate) async fn within<T>(&mut self, grace: Duration, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        if !self.is_told() {
            tokio::select! {
                done = &mut work => return Some(done),
                () = self.told() => {}
            }
        }
        timeout(self.left(grace), work).await.ok()
    }
}
