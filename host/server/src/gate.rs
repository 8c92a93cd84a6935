//! How much is worked on at the same time.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use stockade::{Fault, Kind, Shares};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::problem::{Answer, Problem};

/// Lets so many of one principal in at the same time.
pub(crate) struct Each {
    what: &'static str,
    queue_time: Duration,
    /// By the principals' names, of which there are as many as tokens.
    room: Shares,
}

/// Lets so many in at the same time, and so many of one principal.
pub(crate) struct Gate {
    each: Each,
    max: usize,
    all: Arc<Semaphore>,
}

/// The room of one that was let in, until it is dropped.
pub(crate) struct Pass {
    _of_one: OwnedSemaphorePermit,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Each {
    pub(crate) fn new(what: &'static str, max: usize, queue_time: Duration) -> Self {
        Self { what, queue_time, room: Shares::new(size(max)) }
    }

    /// Lets fewer of one principal in while others come, too; further ones wait.
    #[must_use]
    pub(crate) fn beside_others(self, max: usize) -> Self {
        Self { room: self.room.beside_others(size(max)), ..self }
    }

    /// Waits for room, and for no longer than a while.
    pub(crate) async fn enter(&self, principal: &str) -> Answer<Pass> {
        match timeout(self.queue_time, self.room.enter(principal)).await {
            Ok(Some(of_one)) => Ok(Pass { _of_one: of_one, _of_all: None }),
            Ok(None) | Err(_) => Err(self.full(principal)),
        }
    }

    /// Says how many of a principal are let in.
    fn full(&self, principal: &str) -> Problem {
        let (what, (max, beside_max)) = (self.what, self.room.each_max());
        let why = if beside_max < max {
            format!(
                "\"{principal}\" has as many {what} open as are allowed: {max}, and {beside_max} while others come, too"
            )
        } else {
            format!("\"{principal}\" has {max} {what} open, and no more are allowed")
        };
        full(StatusCode::TOO_MANY_REQUESTS, what, max.into(), why)
    }
}

impl Gate {
    pub(crate) fn new(what: &'static str, max: usize, each_max: usize, queue_time: Duration) -> Self {
        Self { each: Each::new(what, each_max, queue_time), max, all: Arc::new(Semaphore::new(max)) }
    }

    /// Waits for room, and for no longer than a while: first among those of the principal, so that one principal's requests
    /// do not stand in the way of another's.
    pub(crate) async fn enter(&self, principal: &str) -> Answer<Pass> {
        let of_one = self.each.enter(principal).await?;
        match timeout(self.each.queue_time, Arc::clone(&self.all).acquire_owned()).await {
            Ok(Ok(of_all)) => Ok(Pass { _of_all: Some(of_all), ..of_one }),
            Ok(Err(_)) | Err(_) => {
                let why = format!("the server has {} {} open, and no more are allowed", self.max, self.each.what);
                Err(full(StatusCode::SERVICE_UNAVAILABLE, self.each.what, self.max as u64, why))
            }
        }
    }
}

fn full(status: StatusCode, what: &'static str, allowed: u64, why: String) -> Problem {
    let used = allowed.saturating_add(1);
    Problem::new(status, Fault::limit(Kind::Unavailable, what, allowed, used, why))
}

fn size(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_gate_lets_in_so_many_and_of_one_principal_fewer() {
        let gate = Gate::new("requests", 3, 2, Duration::from_secs(5));
        let one = [gate.enter("one").await.ok().unwrap(), gate.enter("one").await.ok().unwrap()];
        let refused = gate.enter("one").await.err().unwrap();
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        let breach = refused.fault.breach.unwrap();
        assert_eq!((&*breach.limit, breach.allowed, breach.used), ("requests", 2, 3));
        let other = gate.enter("other").await.ok().unwrap();
        assert_eq!(gate.enter("third").await.err().unwrap().status, StatusCode::SERVICE_UNAVAILABLE);
        drop((one, other));
        assert!(gate.enter("third").await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn reads_of_one_principal_are_fewer_while_others_come() {
        let gate = Each::new("reads", 4, Duration::from_millis(500)).beside_others(2);
        let other = gate.enter("other").await.ok().unwrap();
        let two = [gate.enter("flood").await.ok().unwrap(), gate.enter("flood").await.ok().unwrap()];
        let refused = gate.enter("flood").await.err().unwrap();
        assert!(refused.fault.message.contains("are allowed: 4, and 2 while others"), "{}", refused.fault);
        drop((other, two));
        tokio::time::advance(Duration::from_secs(1)).await;
        let mut alone = Vec::new();
        while let Ok(pass) = gate.enter("flood").await {
            alone.push(pass);
        }
        assert_eq!(alone.len(), 4);
    }
}
