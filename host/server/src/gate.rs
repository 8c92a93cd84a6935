//! How much is worked on at the same time.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use stockade::{Fault, Kind, Shares};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::problem::{Answer, Problem};

/// Lets so many in at the same time, and so many of one principal.
pub(crate) struct Gate {
    what: &'static str,
    max: usize,
    each_max: usize,
    /// How many of one principal while others come, too.
    beside_max: usize,
    queue_time: Duration,
    all: Arc<Semaphore>,
    /// By the principals' names, of which there are as many as tokens.
    each: Shares,
}

/// The room of one that was let in, until it is dropped.
pub(crate) struct Pass {
    _of_one: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Gate {
    pub(crate) fn new(what: &'static str, max: usize, each_max: usize, queue_time: Duration) -> Self {
        let all = Arc::new(Semaphore::new(max));
        Self { what, max, each_max, beside_max: each_max, queue_time, all, each: Shares::new(size(each_max)) }
    }

    /// Lets fewer of one principal in while others come, too; further ones wait.
    #[must_use]
    pub(crate) fn beside_others(self, each_max: usize) -> Self {
        Self { each: self.each.beside_others(size(each_max)), beside_max: each_max, ..self }
    }

    /// Waits for room, and for no longer than a while: first among those of the principal, so that one principal's requests
    /// do not stand in the way of another's.
    pub(crate) async fn enter(&self, principal: &str) -> Answer<Pass> {
        let of_one = timeout(self.queue_time, self.each.enter(principal)).await;
        let Ok(Some(of_one)) = of_one else {
            return Err(self.full(StatusCode::TOO_MANY_REQUESTS, self.each_max, self.why(principal)));
        };
        match timeout(self.queue_time, Arc::clone(&self.all).acquire_owned()).await {
            Ok(Ok(of_all)) => Ok(Pass { _of_one: of_one, _of_all: of_all }),
            Ok(Err(_)) | Err(_) => {
                let why = format!("the server has {} {} open, and no more are allowed", self.max, self.what);
                Err(self.full(StatusCode::SERVICE_UNAVAILABLE, self.max, why))
            }
        }
    }

    /// Says how many of a principal are let in.
    fn why(&self, principal: &str) -> String {
        let Self { what, each_max, beside_max, .. } = self;
        if beside_max < each_max {
            return format!(
                "\"{principal}\" has as many {what} open as are allowed: {each_max}, and {beside_max} while others come, too"
            );
        }
        format!("\"{principal}\" has {each_max} {what} open, and no more are allowed")
    }

    fn full(&self, status: StatusCode, allowed: usize, why: String) -> Problem {
        let (allowed, used) = (allowed as u64, (allowed as u64).saturating_add(1));
        Problem::new(status, Fault::limit(Kind::Unavailable, self.what, allowed, used, why))
    }
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
    async fn a_gate_lets_fewer_of_one_principal_in_while_others_come() {
        let gate = Gate::new("reads", 9, 4, Duration::from_millis(500)).beside_others(2);
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
