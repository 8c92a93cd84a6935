//! A journal that fails again and again: what is said of it, and how long it is left alone.

use std::time::Duration;

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How often in a row something has failed.
#[derive(Default)]
pub struct Outage {
    failures: u32,
}

/// What is to be said after a look at the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It fails, and did not before.
    Fails,
    /// It answers, and did not before.
    Answers,
    /// It is as it was.
    Nothing,
}

impl Outage {
    /// Takes note of a look.
    pub fn note(&mut self, has_failed: bool) -> News {
        let before = self.failures;
        self.failures = if has_failed { before.saturating_add(1) } else { 0 };
        match (before, has_failed) {
            (0, true) => News::Fails,
            (1.., false) => News::Answers,
            (0, false) | (1.., true) => News::Nothing,
        }
    }

    /// Whether the last look has failed.
    pub fn lasts(&self) -> bool {
        self.failures > 0
    }

    /// Returns how long to wait before the next look: twice as long after each failure.
    pub fn pause(&self, usual: Duration) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        usual.saturating_mul(factor).min(PAUSE_MAX.max(usual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_and_its_end_too() {
        let mut outage = Outage::default();
        let news = [false, true, true, true, false, false, true].map(|has_failed| outage.note(has_failed));
        let (nothing, fails, answers) = (News::Nothing, News::Fails, News::Answers);
        assert_eq!(news, [nothing, fails, nothing, nothing, answers, nothing, fails]);
    }

    #[test]
    fn pauses_double_up_to_the_longest_one() {
        let (mut outage, usual) = (Outage::default(), Duration::from_millis(500));
        let mut pauses = vec![outage.pause(usual)];
        for _ in 0..40 {
            outage.note(true);
            pauses.push(outage.pause(usual));
        }
        assert_eq!(pauses[..4], [500, 1_000, 2_000, 4_000].map(Duration::from_millis));
        assert!(pauses[6..].iter().all(|pause| *pause == PAUSE_MAX), "{pauses:?}");
        outage.note(false);
        assert_eq!(outage.pause(usual), usual);
    }
}
