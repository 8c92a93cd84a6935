//! Requests that are refused, of which a principal can make as many as it likes: few of them are written one by one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many refused requests of one principal are written one by one within [`WHILE`]; the others are counted, and one entry has
/// their number. So a principal fills about 3 MiB of the log in a day at most.
pub(super) const ONE_BY_ONE_MAX: u32 = 20;

/// How long is counted.
pub(super) const WHILE: Duration = Duration::from_secs(600);

/// The principals that were refused lately. A cheap handle.
#[derive(Clone, Default)]
pub(super) struct Refusals(Arc<Mutex<BTreeMap<String, Lately>>>);

/// What of one principal was refused since its time began.
struct Lately {
    ends: Instant,
    one_by_one: u32,
    counted: u64,
}

/// What becomes of a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// It has an entry of its own.
    Alone,
    /// It is the first one that is counted: their number is written after a [`WHILE`].
    CountedFirst,
    /// It is counted too.
    Counted,
}

impl Refusals {
    /// Takes in that a request of a principal was refused.
    pub(super) fn note(&self, principal: &str) -> Noted {
        let (now, mut all) = (Instant::now(), self.all());
        // What was counted is still to be written.
        all.retain(|_, lately| lately.ends > now || lately.counted > 0);
        let new = || Lately { ends: now + WHILE, one_by_one: 0, counted: 0 };
        let lately = all.entry(principal.to_owned()).or_insert_with(new);
        if lately.one_by_one < ONE_BY_ONE_MAX {
            lately.one_by_one = lately.one_by_one.saturating_add(1);
            return Noted::Alone;
        }
        lately.counted = lately.counted.saturating_add(1);
        if lately.counted == 1 { Noted::CountedFirst } else { Noted::Counted }
    }

    /// Takes the number of the counted requests of a principal, whose count begins anew.
    pub(super) fn take(&self, principal: &str) -> Option<u64> {
        let lately = self.all().remove(principal)?;
        Some(lately.counted).filter(|counted| *counted > 0)
    }

    /// Gives back a number that could not be written.
    pub(super) fn give_back(&self, principal: &str, counted: u64) {
        let mut all = self.all();
        let new = || Lately { ends: Instant::now(), one_by_one: ONE_BY_ONE_MAX, counted: 0 };
        let lately = all.entry(principal.to_owned()).or_insert_with(new);
        lately.counted = lately.counted.saturating_add(counted);
    }

    /// Returns the principals of which some were counted.
    pub(super) fn counted(&self) -> Vec<String> {
        self.all().iter().filter(|(_, lately)| lately.counted > 0).map(|(principal, _)| principal.clone()).collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Lately>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_principal_that_is_refused_often_is_counted_until_its_time_is_over() {
        let refusals = Refusals::default();
        let noted = |principal: &str| (0..30).map(|_| refusals.note(principal)).collect::<Vec<_>>();
        let of_mia = noted("mia");
        assert!(of_mia[..20].iter().all(|noted| *noted == Noted::Alone), "{of_mia:?}");
        assert_eq!((of_mia[20], of_mia[21], of_mia[29]), (Noted::CountedFirst, Noted::Counted, Noted::Counted));
        assert_eq!(refusals.note("eve"), Noted::Alone, "each is counted by itself");
        assert_eq!(refusals.counted(), ["mia"]);
        assert_eq!(refusals.take("mia"), Some(10));
        assert_eq!(refusals.note("mia"), Noted::Alone, "it begins anew once the number is written");
        refusals.give_back("eve", 7);
        advance(WHILE).await;
        assert_eq!(refusals.note("dana"), Noted::Alone);
        let kept = refusals.all().len();
        assert_eq!((kept, refusals.take("eve")), (2, Some(7)), "mia is forgotten, and no number is");
    }
}
