use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use stockade_workflow::{Digest, Fault, Kind};

/// What an agent did, so that one that goes in circles is stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Repeats {
    /// The calls of each of the last turns, in brief.
    turns: Vec<String>,
    /// What each call came to, and how often in a row.
    calls: BTreeMap<String, (String, u32)>,
}

/// The longest circle that is looked for; of a longer one, the same calls with the same answers tell.
const CIRCLE_MAX: usize = 4;

impl Repeats {
    /// Takes the calls of a turn before they are made.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Agent`] with the limit `loop` where one of them, or the turn, was repeated as often as it may be.
    pub(super) fn begin(&mut self, calls: &[String], max: u32) -> Result<(), Fault> {
        let mut now = BTreeMap::<&str, u32>::new();
        for call in calls {
            let times = now.entry(call).or_default();
            *times = times.saturating_add(1);
            let before = self.calls.get(call).map_or(0, |(_, times)| *times);
            if before.saturating_add(*times) > max {
                return Err(circle(max, "the same call with the same outcome"));
            }
        }
        self.turns.push(Digest::of(calls.join(" ").as_bytes()).short().to_owned());
        let repeats = max as usize;
        if (1..=CIRCLE_MAX).any(|length| self.ends_with_circle(length, repeats)) {
            return Err(circle(max, "the same calls in turn"));
        }
        let old = self.turns.len().saturating_sub(CIRCLE_MAX.saturating_mul(repeats));
        self.turns.drain(..old);
        Ok(())
    }

    /// Takes what a call came to; all failures are the same.
    pub(super) fn end(&mut self, call: &str, outcome: &str, failed: bool) {
        let outcome = if failed { "failed".to_owned() } else { Digest::of(outcome.as_bytes()).short().to_owned() };
        let (before, times) = self.calls.entry(call.to_owned()).or_default();
        *times = if *before == outcome { times.saturating_add(1) } else { 1 };
        *before = outcome;
    }

    /// Whether a circle of so many turns was gone through so often, and begins again.
    fn ends_with_circle(&self, length: usize, repeats: usize) -> bool {
        let span = length.saturating_mul(repeats).saturating_add(1);
        let Some(tail) = self.turns.len().checked_sub(span).and_then(|from| self.turns.get(from..)) else {
            return false;
        };
        tail.iter().zip(tail.iter().skip(length)).all(|(before, after)| before == after)
    }
}

fn circle(max: u32, what: &str) -> Fault {
    let used = u64::from(max).saturating_add(1);
    let message = format!("the agent goes in circles: {what} more than {max} times; \"repeats_max\" sets how often");
    Fault::limit(Kind::Agent, "loop", u64::from(max), used, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls and what they came to, how often they may be repeated, and how many of them are made.
    type Case = (&'static [(&'static str, &'static str)], u32, usize);

    /// Makes the calls one by one, each with its outcome, and returns how many were made before the circle was found.
    fn made(calls: &[(&str, &str)], max: u32) -> usize {
        let mut repeats = Repeats::default();
        let stopped = calls.iter().position(|(call, outcome)| {
            let refused = repeats.begin(&[(*call).to_owned()], max).is_err();
            repeats.end(call, outcome, outcome.starts_with("error"));
            refused
        });
        stopped.unwrap_or(calls.len())
    }

    #[test]
    fn a_circle_is_found_at_its_bound() {
        let cases: &[Case] = &[
            // The same call, whatever its outcome.
            (&[("a", "1"), ("a", "2"), ("a", "3"), ("a", "4"), ("a", "5")], 3, 3),
            (&[("a", "1"), ("a", "1")], 1, 1),
            (&[("a", "1")], 0, 0),
            // The same with the same answer, with others between.
            (&[("a", "1"), ("b", "1"), ("a", "1"), ("c", "1"), ("a", "1")], 2, 4),
            // A failure is a failure, whatever it says.
            (&[("a", "error 1"), ("b", "1"), ("a", "error 2"), ("c", "1"), ("a", "error 3")], 2, 4),
            // Two in turn, whatever they come to.
            (&[("a", "1"), ("b", "1"), ("a", "2"), ("b", "2"), ("a", "3"), ("b", "3")], 2, 4),
            // A file is read again after each change of it.
            (&[("a", "1"), ("w1", "ok"), ("a", "2"), ("w2", "ok"), ("a", "3"), ("w3", "ok"), ("a", "4")], 2, 7),
        ];
        for (calls, max, expected) in cases {
            assert_eq!(made(calls, *max), *expected, "{calls:?}");
        }
    }

    #[test]
    fn the_same_call_at_once_counts_as_often_as_it_is_asked_for() {
        let at_once = |count| Repeats::default().begin(&vec!["a".to_owned(); count], 3);
        assert_eq!(at_once(3), Ok(()));
        let breach = at_once(4).unwrap_err().breach.unwrap();
        assert_eq!((&*breach.limit, breach.allowed, breach.used), ("loop", 3, 4));
    }
}
