//! How fast requests may come.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use stockade::{Fault, Kind};
use tokio::time::Instant;

use crate::problem::{Answer, Problem};

/// Lets so many requests of one principal in each second, and as many at once where none came for a second.
pub(crate) struct Pace {
    each_max: u32,
    /// When the requests of each principal are paid for that came until now: each one pays a part of a second. By the principals'
    /// names, of which there are as many as tokens.
    paid: Mutex<BTreeMap<String, Instant>>,
}

impl Pace {
    pub(crate) fn new(each_max: u32) -> Self {
        Self { each_max, paid: Mutex::default() }
    }

    /// Counts a request.
    pub(crate) fn enter(&self, principal: &str) -> Answer<()> {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        // What is paid for is forgotten, so that names of tokens that were removed do not pile up.
        paid.retain(|_, until| *until > now);
        let until = paid.get(principal).copied().unwrap_or(now) + second / self.each_max.max(1);
        if until.saturating_duration_since(now) > second {
            return Err(self.full(principal));
        }
        paid.insert(principal.to_owned(), until);
        Ok(())
    }

    fn full(&self, principal: &str) -> Problem {
        let allowed = u64::from(self.each_max);
        let message = format!("\"{principal}\" makes more than {allowed} requests a second, and no more are allowed");
        let fault = Fault::limit(Kind::Unavailable, "requests_per_s", allowed, allowed.saturating_add(1), message);
        Problem::new(StatusCode::TOO_MANY_REQUESTS, fault)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_principal_makes_so_many_requests_a_second_and_another_as_many() {
        let pace = Pace::new(4);
        assert!((0..4).all(|_| pace.enter("one").is_ok()));
        let refused = pace.enter("one").unwrap_err();
        assert_eq!((refused.status, refused.fault.breach.unwrap().allowed), (StatusCode::TOO_MANY_REQUESTS, 4));
        assert!(pace.enter("other").is_ok());
        advance(Duration::from_millis(250)).await;
        assert!(pace.enter("one").is_ok() && pace.enter("one").is_err());
        advance(Duration::from_secs(2)).await;
        assert!(pace.enter("other").is_ok());
        assert_eq!(pace.paid.lock().unwrap().len(), 1, "what is paid for is forgotten");
    }
}
