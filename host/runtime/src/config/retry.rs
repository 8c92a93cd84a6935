use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use stockade_workflow::{Fault, Kind};

use crate::retry_after::retry_after;

/// The most attempts at one call.
const ATTEMPTS_MAX: u32 = 20;

/// The longest wait between two attempts, where it doubles.
const BACKOFF_MS_MAX: u64 = 3_600_000;

/// The longest wait for another attempt during which a process drives the run; a longer one is durable.
pub(crate) const DRIVEN_MS_MAX: u64 = 60_000;

/// The longest time for which a run waits because a provider or a tool wants so.
pub(crate) const PARKED_MAX: Duration = Duration::from_hours(24);

/// How often, when and why a call is made again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The most attempts at one call, the first one included; at most 20.
    #[serde(deserialize_with = "attempts")]
    pub attempts: u32,
    /// The wait after the first attempt that failed, in milliseconds. Each further one is twice as long, up to an hour; a
    /// wait of more than a minute is durable, and no process drives the run meanwhile. A call that code makes is made again only
    /// after a wait of a minute at most, within the time of the code.
    #[serde(default = "backoff_ms")]
    pub backoff_ms: u64,
    /// Whether a random half of each wait is left out, so that callers that failed together do not come back together.
    #[serde(default = "jitter")]
    pub jitter: bool,
    /// The longest that one attempt may take, in milliseconds; without it, as long as `limits` allow.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// The longest that all attempts and waits may take together, in milliseconds; then the call fails.
    #[serde(default)]
    pub within_ms: Option<u64>,
    /// The kinds of errors after which there is another attempt. Refusals, and what a budget does not allow, are never
    /// among them. An error of the tool itself that says when it may be called again (`retry_after_s`) is one of them, named
    /// or not.
    #[serde(default = "on", deserialize_with = "kinds")]
    pub on: Vec<Kind>,
    /// Texts of which the tool's own error must have one, where `on` has `guest_error`; without them, any error.
    #[serde(default)]
    pub says: Vec<String>,
}

/// When a tool or a model that fails is left alone, by all runs of all hosts of one journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// How many failures in a row open it.
    pub failures: NonZeroU32,
    /// How long it stays open, in milliseconds. Then one call is let through, and decides.
    #[serde(default = "rest_ms")]
    pub rest_ms: u64,
}

impl Retry {
    /// Returns whether there may be another attempt after this error: it is one of those that are named, or says when.
    pub(crate) fn is_on(&self, fault: &Fault) -> bool {
        let said = || self.says.is_empty() || self.says.iter().any(|text| fault.message.contains(text));
        let is_named = self.on.contains(&fault.kind) && (fault.kind != Kind::GuestError || said());
        is_named || retry_after(fault).is_some()
    }

    /// Returns how long to wait after this error, with which so many attempts have failed, if there is another one: as long as
    /// the tool says, where it says so.
    pub(crate) fn wait_after_ms(&self, fault: &Fault, failed: u32, random: u64) -> Option<u64> {
        let wait_ms = self.wait_ms(failed, random).filter(|_| self.is_on(fault))?;
        let said = retry_after(fault).unwrap_or_default();
        let said_ms = u64::try_from(said.as_millis()).unwrap_or(u64::MAX);
        (said <= PARKED_MAX).then(|| wait_ms.max(said_ms))
    }

    /// Returns how long to wait after so many attempts that have failed, if there is another one. `random` decides what of
    /// the wait is left out.
    pub(crate) fn wait_ms(&self, failed: u32, random: u64) -> Option<u64> {
        if failed >= self.attempts {
            return None;
        }
        let doubled = self.backoff_ms.saturating_mul(2_u64.saturating_pow(failed.saturating_sub(1)));
        let wait_ms = doubled.min(BACKOFF_MS_MAX);
        let spare = if self.jitter { wait_ms / 2 } else { 0 };
        Some(wait_ms - random.checked_rem(spare.saturating_add(1)).unwrap_or_default())
    }
}

fn backoff_ms() -> u64 {
    500
}

fn rest_ms() -> u64 {
    30_000
}

fn jitter() -> bool {
    true
}

/// What is likely to pass: the call took too long, or the guest broke down.
pub(crate) fn on() -> Vec<Kind> {
    vec![Kind::Deadline, Kind::Trap]
}

fn attempts<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let attempts = u32::deserialize(from)?;
    if attempts == 0 || attempts > ATTEMPTS_MAX {
        return Err(de::Error::custom(format!("there can be 1 to {ATTEMPTS_MAX} attempts")));
    }
    Ok(attempts)
}

fn kinds<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Kind>, D::Error> {
    let kinds = Vec::<Kind>::deserialize(from)?;
    match kinds.iter().find(|kind| !may_pass(**kind)) {
        Some(_) => Err(de::Error::custom(
            "an error of such a kind is never retried: it is a refusal, a limit of a budget, or the same the next time",
        )),
        None => Ok(kinds),
    }
}

/// Whether an error of a kind may not be there the next time.
fn may_pass(kind: Kind) -> bool {
    match kind {
        Kind::Deadline
        | Kind::Trap
        | Kind::GuestError
        | Kind::HostMemory
        | Kind::UnknownOutcome
        | Kind::Unavailable
        | Kind::System => true,
        Kind::Fuel
        | Kind::Memory
        | Kind::Table
        | Kind::Instances
        | Kind::Stack
        | Kind::HostcallBytes
        | Kind::HostCalls
        | Kind::Handles
        | Kind::Output
        | Kind::FsQuota
        | Kind::Egress
        | Kind::Denied
        | Kind::Invalid
        | Kind::Approval
        | Kind::Agent
        | Kind::NotFound
        | Kind::Conflict
        | Kind::Later
        | Kind::Divergence
        | Kind::Model
        | Kind::Cancelled
        | Kind::Journal
        | Kind::HostBug => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn retry(text: &str) -> crate::Result<Retry> {
        let config = Config::parse(&format!("[tool.a]\nretry = {{ {text} }}"))?;
        Ok(config.tool["a"].retry.clone().unwrap())
    }

    #[test]
    fn a_wait_doubles_up_to_an_hour_and_ends_with_the_attempts() {
        let retry = retry("attempts = 20, backoff_ms = 1000, jitter = false").unwrap();
        let waits: Vec<_> = [1, 2, 3, 18].map(|failed| retry.wait_ms(failed, 7)).into();
        assert_eq!(waits, [Some(1_000), Some(2_000), Some(4_000), Some(3_600_000)]);
        assert_eq!(retry.wait_ms(20, 7), None);
    }

    #[test]
    fn jitter_leaves_out_no_more_than_half_of_a_wait() {
        let retry = retry("attempts = 2, backoff_ms = 1000").unwrap();
        let waits: Vec<_> = (0..2_000).filter_map(|random| retry.wait_ms(1, random)).collect();
        assert_eq!((waits.iter().min(), waits.iter().max()), (Some(&500), Some(&1_000)));
    }

    #[test]
    fn a_refusal_cannot_be_named_as_an_error_that_is_retried() {
        for kind in ["denied", "approval", "agent", "fuel", "invalid"] {
            let fault = retry(&format!("attempts = 2, on = [\"{kind}\"]")).unwrap_err();
            assert!(fault.message.contains("is never retried"), "{kind}: {fault}");
        }
        assert!(retry("attempts = 0").is_err() && retry("attempts = 21").is_err() && retry("atempts = 2").is_err());
    }

    #[test]
    fn an_error_that_says_when_is_retried_no_earlier_and_not_after_more_than_a_day() {
        let retry = retry("attempts = 3, backoff_ms = 1000, jitter = false").unwrap();
        let wait_ms = |says: &str, failed| retry.wait_after_ms(&Fault::new(Kind::GuestError, says), failed, 0);
        assert_eq!(wait_ms(r#"{"full":{"retry_after_s":30}}"#, 1), Some(30_000));
        assert_eq!(wait_ms(r#"{"retry_after_s":0}"#, 2), Some(2_000), "no earlier than it would be without");
        assert_eq!(wait_ms(r#"{"retry_after_s":30}"#, 3), None, "the attempts are used up");
        assert_eq!(wait_ms(r#"{"retry_after_s":86401}"#, 1), None);
        assert_eq!(wait_ms("full", 1), None, "the kind is not named");
    }

    #[test]
    fn an_error_of_the_tool_itself_is_told_by_what_it_says() {
        let retry = retry("attempts = 2, on = [\"guest_error\"], says = [\"503\"]").unwrap();
        let is_on = |kind, says| retry.is_on(&Fault::new(kind, says));
        assert!(is_on(Kind::GuestError, "status 503"));
        assert!(!is_on(Kind::GuestError, "no such customer") && !is_on(Kind::Trap, "503"));
    }
}
