use std::time::Duration;

use stockade_workflow::{Currency, Fault, Kind, Usage};
use tokio::time::Instant;

use super::{Failure, Price, Retry, Retrying};
use crate::Result;

/// The first wait before another attempt; each further one is twice as long.
const BACKOFF: Duration = Duration::from_millis(500);
/// The longest wait that is not the provider's own wish.
const BACKOFF_MAX: Duration = Duration::from_secs(20);
/// A question that must wait longer for a provider is better served by another one, or later.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// An answer that has room for fewer tokens is of no use to anybody.
const ANSWER_TOKENS_MIN: u32 = 256;

/// The fewest tokens for which an answer of `wanted` ones is asked for.
pub(super) fn least(wanted: u32) -> u32 {
    wanted.min(ANSWER_TOKENS_MIN)
}

/// Whether a provider wants to be left alone for longer than an asking waits.
pub(super) fn is_long(wait: Duration) -> bool {
    wait > RETRY_AFTER_MAX
}

/// One asking with all its attempts: what it may use, and has used.
pub(super) struct Asking<'a> {
    reserved: Usage,
    used: Usage,
    started: Instant,
    random: u64,
    retrying: &'a Retrying<'a>,
}

impl<'a> Asking<'a> {
    /// Begins one; `seed` decides how long its waits are, and `retrying` is told of them.
    pub(super) fn new(reserved: &Usage, seed: u64, retrying: &'a Retrying<'a>) -> Self {
        Self { reserved: *reserved, used: Usage::default(), started: Instant::now(), random: seed, retrying }
    }

    /// Returns what was used, with the time until now.
    pub(super) fn settled(self) -> Usage {
        let elapsed = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        // A timer fires a little late; that is not the run's fault.
        self.used.wall_us(elapsed.min(self.reserved.wall_us))
    }

    /// Returns the time that is left.
    pub(super) fn left(&self) -> Duration {
        Duration::from_micros(self.reserved.wall_us).saturating_sub(self.started.elapsed())
    }

    /// Opens an attempt with a question of `tokens_in`, and returns how many of `wanted` tokens its answer may have.
    ///
    /// # Errors
    ///
    /// What was reserved does not allow another attempt.
    pub(super) fn attempt(&mut self, tokens_in: u64, wanted: u32, price: &Price) -> Result<u32, Fault> {
        let most = self.most(tokens_in, wanted, price)?;
        self.used.model_calls = self.used.model_calls.saturating_add(1);
        Ok(u32::try_from(most).unwrap_or(u32::MAX).min(wanted))
    }

    /// Returns whether there can be another attempt.
    pub(super) fn allows(&self, tokens_in: u64, wanted: u32, price: &Price) -> bool {
        self.most(tokens_in, wanted, price).is_ok()
    }

    /// The most tokens that an answer can have.
    fn most(&self, tokens_in: u64, wanted: u32, price: &Price) -> Result<u64, Fault> {
        let short = |limit, allowed, used| Err(shortage(limit, allowed, used));
        if self.used.model_calls >= self.reserved.model_calls {
            return short("model_calls", self.reserved.model_calls, self.used.model_calls);
        }
        let tokens = self.reserved.tokens.saturating_sub(self.used.tokens).saturating_sub(tokens_in);
        let money = self.reserved.money_micros.saturating_sub(self.used.money_micros);
        let affordable = price.affordable(tokens_in, money);
        let least = u64::from(least(wanted));
        if tokens < least {
            let needed = self.used.tokens.saturating_add(tokens_in).saturating_add(least);
            return short("tokens", self.reserved.tokens, needed);
        } else if affordable < least {
            let needed = self.used.money_micros.saturating_add(price.cost(tokens_in, least));
            return short("money", self.reserved.money_micros, needed);
        } else if self.left().is_zero() {
            return short("wall", self.reserved.wall_us, self.reserved.wall_us);
        }
        Ok(tokens.min(affordable))
    }

    /// Books the tokens of an attempt.
    pub(super) fn book(&mut self, tokens_in: u64, tokens_out: u64, price: &Price) {
        let tokens = tokens_in.saturating_add(tokens_out);
        self.used.add(&Usage::default().tokens(tokens).money_micros(price.cost(tokens_in, tokens_out)));
    }

    /// Waits until the next attempt of a model makes sense; returns whether one does.
    pub(super) async fn pause(&mut self, model: &str, attempts: u32, attempts_max: u32, failure: &Failure) -> bool {
        let wait = failure.retry_after.unwrap_or_else(|| self.backoff(attempts));
        if is_long(wait) || wait >= self.left() {
            return false;
        }
        let attempt = attempts.saturating_add(1);
        (self.retrying)(&Retry { model, attempt, attempts_max, wait, fault: &failure.fault });
        tokio::time::sleep(wait).await;
        true
    }

    /// A wait that doubles with each attempt, of which a random half is left out: callers that failed together shall not come
    /// back together.
    fn backoff(&mut self, attempts: u32) -> Duration {
        let doubled = BACKOFF.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(BACKOFF_MAX);
        let half = doubled / 2;
        let range = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).saturating_add(1);
        half + Duration::from_micros(self.next().checked_rem(range).unwrap_or_default())
    }

    /// SplitMix64: the same seed, the same waits.
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn shortage(limit: &str, allowed: u64, used: u64) -> Fault {
    let kind = if limit == "wall" { Kind::Deadline } else { Kind::Agent };
    let written =
        |amount: u64| Currency::named(limit).map_or_else(|| amount.to_string(), |currency| currency.written(amount));
    let message = format!(
        "{} of \"{limit}\" were reserved for the question and {} are used or needed; the run's budget sets that",
        written(allowed),
        written(used)
    );
    Fault::limit(kind, limit, allowed, used, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price::Tokens { input: 1_000_000, output: 2_000_000 };

    fn reserved() -> Usage {
        Usage::default().model_calls(2).tokens(2_000).money_micros(2_400).wall_us(1_000_000)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_no_longer_than_what_is_left() {
        let mut asking = Asking::new(&reserved(), 0, &|_| {});
        assert_eq!(asking.attempt(400, 5_000, &PRICE), Ok(1_000), "2,000 micros buy 1,000 tokens");
        asking.book(400, 600, &PRICE);
        assert_eq!(asking.attempt(200, 5_000, &PRICE), Ok(300), "800 micros are left, 200 of them for the question");
        asking.book(200, 300, &PRICE);
        let fault = asking.attempt(0, 1, &Price::Free).unwrap_err();
        assert_eq!(fault.breach.map(|breach| breach.limit).as_deref(), Some("model_calls"));
        let used = asking.settled();
        assert_eq!((used.model_calls, used.tokens, used.money_micros), (2, 1_500, 2_400));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_used_up_allows_no_attempt() {
        let limit = |reserved: Usage, tokens_in| {
            let fault = Asking::new(&reserved, 0, &|_| {}).attempt(tokens_in, 9, &PRICE).unwrap_err();
            fault.breach.map(|breach| breach.limit)
        };
        assert_eq!(limit(reserved(), 1_992).as_deref(), Some("tokens"), "an answer has nine");
        assert_eq!(limit(reserved().money_micros(417), 400).as_deref(), Some("money"));
        assert_eq!(limit(reserved().wall_us(0), 400).as_deref(), Some("wall"));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_and_the_seed_decides_them() {
        let waits = |seed| {
            let mut asking = Asking::new(&reserved(), seed, &|_| {});
            (1..9).map(|attempts| asking.backoff(attempts)).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
        for (attempts, wait) in (1..).zip(waits(3)) {
            let most = (BACKOFF * 2_u32.pow(attempts - 1)).min(BACKOFF_MAX);
            assert!(wait >= most / 2 && wait <= most, "{attempts}: {wait:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_s_wish_is_honoured_within_reason() {
        let after = |seconds| Failure {
            retry_after: Some(Duration::from_secs(seconds)),
            ..Failure::new("rate_limit", "").retryable()
        };
        let told = std::sync::Mutex::new(Vec::new());
        let retrying = |retry: &Retry<'_>| told.lock().unwrap().push((retry.attempt, retry.attempts_max, retry.wait));
        let mut asking = Asking::new(&reserved().wall_us(100_000_000), 0, &retrying);
        let began = Instant::now();
        assert!(asking.pause("main", 1, 3, &after(7)).await);
        assert_eq!(began.elapsed(), Duration::from_secs(7));
        assert!(!asking.pause("main", 1, 3, &after(61)).await, "longer than anybody waits");
        assert!(asking.pause("main", 1, 3, &after(60)).await);
        assert!(!asking.pause("main", 1, 3, &after(40)).await, "longer than what is left");
        assert_eq!(began.elapsed(), Duration::from_secs(67));
        assert_eq!(*told.lock().unwrap(), [7, 60].map(|seconds| (2, 3, Duration::from_secs(seconds))));
    }
}
