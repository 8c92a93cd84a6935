//! How often one may ask in a time.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use stockade::{Clock, Fault, Kind, Others};
use tokio::time::sleep;
use uuid::Uuid;

use crate::problem::{Answer, Problem};

/// How many keys are told apart; all others share one bucket. So what clients choose takes no more memory than this.
const KEYS_MAX: usize = 10_000;

/// A request, in the thousandths that a bucket gains in a millisecond.
const ONE: u64 = 1_000;

/// What is left of a burst while other keys ask, too: what may come in so many parts of a second.
const BESIDE_OTHERS: u32 = 10;

/// For how long a refusal is held back, in milliseconds.
const HELD_MS: RangeInclusive<u64> = 125..=375;

/// Holds a refusal back: a client that asks again at once would keep the processor busy with its refusals alone.
///
/// By chance one is held longer than the other: clients that were refused together would come back together, as a burst behind
/// which all others wait.
pub(crate) async fn held<T>(answer: Answer<T>) -> Answer<T> {
    if answer.is_err() {
        let (by_chance, _) = Uuid::new_v4().as_u64_pair();
        let span = HELD_MS.end() - HELD_MS.start() + 1;
        sleep(Duration::from_millis(HELD_MS.start() + by_chance % span)).await;
    }
    answer
}

/// Lets so many requests a second through for each key, and so many at once; fewer at once while other keys ask, too, which would
/// wait behind a burst.
pub(crate) struct Rate {
    /// The name of the limit.
    limit: &'static str,
    per_second: u32,
    burst: u32,
    /// What of it there is while other keys ask, too.
    beside: u32,
    clock: Clock,
    asked: Mutex<Asked>,
}

/// Who has asked.
#[derive(Default)]
struct Asked {
    buckets: BTreeMap<String, Bucket>,
    others: Others,
}

/// What is left of a burst.
#[derive(Clone, Copy)]
struct Bucket {
    thousandths: u64,
    at_ms: u64,
}

impl Rate {
    /// A rate below one a second is one a second: a client that was refused may come again after a second.
    pub(crate) fn new(limit: &'static str, per_second: u32, burst: u32, clock: Clock) -> Self {
        let burst = burst.max(1);
        Self { limit, per_second: per_second.max(1), burst, beside: burst, clock, asked: Mutex::default() }
    }

    /// Lets fewer requests of a key through at once while other keys ask, too: theirs would wait behind its burst.
    #[must_use]
    pub(crate) fn beside_others(self) -> Self {
        Self { beside: (self.per_second / BESIDE_OTHERS).clamp(1, self.burst), ..self }
    }

    /// Takes a request of a key, or refuses it.
    pub(crate) fn take(&self, key: &str) -> Answer<()> {
        if self.spend(key, ONE) { Ok(()) } else { Err(self.refused(key)) }
    }

    /// Refuses a key that has nothing left, and takes nothing of one that has.
    pub(crate) fn check(&self, key: &str) -> Answer<()> {
        if self.spend(key, 0) { Ok(()) } else { Err(self.refused(key)) }
    }

    /// Takes so much where a whole request is left, and returns whether it is.
    fn spend(&self, key: &str, thousandths: u64) -> bool {
        let now_ms = self.clock.now_ms();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let most = thousandths_of(if asked.others.are_beside(key, now_ms) { self.beside } else { self.burst });
        let buckets = &mut asked.buckets;
        let key = if buckets.contains_key(key) || self.has_room(buckets, now_ms) { key } else { "" };
        let filled = |bucket: &Bucket| self.filled(*bucket, now_ms).min(most);
        let left = buckets.get(key).map_or(most, filled);
        let is_left = left >= ONE;
        let thousandths = if is_left { left.saturating_sub(thousandths) } else { left };
        buckets.insert(key.to_owned(), Bucket { thousandths, at_ms: now_ms });
        is_left
    }

    /// Forgets those that have all of their burst again, where there is no room for another.
    fn has_room(&self, buckets: &mut BTreeMap<String, Bucket>, now_ms: u64) -> bool {
        if buckets.len() >= KEYS_MAX {
            buckets.retain(|_, bucket| self.filled(*bucket, now_ms) < thousandths_of(self.burst));
        }
        buckets.len() < KEYS_MAX
    }

    /// Returns the thousandths of a bucket, with what was gained since. A clock that was put back gives nothing, and takes nothing.
    fn filled(&self, bucket: Bucket, now_ms: u64) -> u64 {
        let gained = now_ms.saturating_sub(bucket.at_ms).saturating_mul(u64::from(self.per_second));
        bucket.thousandths.saturating_add(gained).min(thousandths_of(self.burst))
    }

    fn refused(&self, key: &str) -> Problem {
        let (allowed, used) = (u64::from(self.per_second), u64::from(self.per_second).saturating_add(1));
        let Self { limit, burst, beside, .. } = self;
        let fewer = if beside < burst { format!(" ({beside} while others ask, too)") } else { String::new() };
        let why = format!("\"{key}\" is over {limit}: {allowed} are allowed, and {burst} at once{fewer}");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, Fault::limit(Kind::Unavailable, self.limit, allowed, used, why))
    }
}

fn thousandths_of(requests: u32) -> u64 {
    u64::from(requests).saturating_mul(ONE)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::time::Instant;

    use super::*;

    fn rate(per_second: u32, burst: u32) -> (Rate, Arc<AtomicU64>) {
        let now = Arc::new(AtomicU64::new(1_000_000));
        let read = Arc::clone(&now);
        let clock = Clock::new(move || read.load(Ordering::Relaxed));
        (Rate::new("requests_per_second", per_second, burst, clock), now)
    }

    #[test]
    fn a_rate_lets_a_burst_through_and_then_so_many_a_second() {
        let (rate, now) = rate(2, 3);
        let taken = |key| (0..9).filter(|_| rate.take(key).is_ok()).count();
        assert_eq!((taken("dana"), taken("mia")), (3, 3), "each has its own");
        now.fetch_add(499, Ordering::Relaxed);
        assert_eq!(taken("dana"), 0);
        now.fetch_add(1, Ordering::Relaxed);
        assert_eq!(taken("dana"), 1);
        now.fetch_add(3_600_000, Ordering::Relaxed);
        assert_eq!(taken("dana"), 3, "no more than a burst");
        now.fetch_sub(3_600_000, Ordering::Relaxed);
        assert_eq!(taken("dana"), 0);
        now.fetch_add(1_000, Ordering::Relaxed);
        assert_eq!(taken("dana"), 2, "a clock that was put back starves no client");
        let refused = rate.take("dana").unwrap_err();
        assert_eq!((refused.status, refused.fault.breach.unwrap().allowed), (StatusCode::TOO_MANY_REQUESTS, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_held_back_by_chance_and_what_is_let_through_is_not() {
        let (rate, _) = rate(1, 1);
        let begun = Instant::now();
        assert!(held(rate.take("dana")).await.is_ok() && begun.elapsed().is_zero());
        let mut times = BTreeSet::new();
        for _ in 0..100 {
            let begun = Instant::now();
            assert!(held(rate.take("dana")).await.is_err());
            times.insert(u64::try_from(begun.elapsed().as_millis()).unwrap());
        }
        assert!(times.iter().all(|time| HELD_MS.contains(time)) && times.len() > 50, "{times:?}");
    }

    #[test]
    fn a_burst_is_short_while_others_ask_and_a_key_that_asks_alone_has_all_of_it_again() {
        let (rate, now) = rate(100, 40);
        let rate = rate.beside_others();
        let taken = |key| (0..99).filter(|_| rate.take(key).is_ok()).count();
        assert!(rate.take("shop").is_ok());
        assert_eq!(taken("flood"), 10, "a tenth of a second's");
        now.fetch_add(999, Ordering::Relaxed);
        assert_eq!(taken("flood"), 10, "the other one has asked within a second");
        now.fetch_add(1, Ordering::Relaxed);
        assert!(rate.take("flood").is_err(), "what was not used is not saved up");
        now.fetch_add(400, Ordering::Relaxed);
        assert_eq!(taken("flood"), 40);
        let refused = rate.take("flood").unwrap_err();
        assert!(refused.fault.message.contains("40 at once (10 while others ask, too)"), "{}", refused.fault);
    }

    #[test]
    fn a_check_takes_nothing() {
        let (rate, _) = rate(1, 1);
        assert!(rate.check("dana").is_ok() && rate.check("dana").is_ok() && rate.take("dana").is_ok());
        assert!(rate.check("dana").is_err());
    }

    #[test]
    fn keys_beyond_the_most_share_the_rate_of_one() {
        let (rate, now) = rate(1, 2);
        (0..KEYS_MAX).for_each(|key| assert!(rate.take(&key.to_string()).is_ok()));
        let others = (0..9).filter(|key| rate.take(&format!("other {key}")).is_ok()).count();
        assert_eq!((others, rate.asked.lock().unwrap().buckets.len()), (2, KEYS_MAX + 1));
        now.fetch_add(2_000, Ordering::Relaxed);
        assert!(rate.take("another").is_ok());
        assert_eq!(rate.asked.lock().unwrap().buckets.len(), 1, "those that have all again are forgotten");
    }
}
