//! How much each of many may do at the same time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// For how long a name counts as one beside the others after it has come.
const PRESENT: Duration = Duration::from_secs(1);

/// Room for so many of each name at the same time.
///
/// Those of one name wait for each other, and for no other: so many of one do not hold up those of another.
pub struct Shares {
    room: u32,
    /// What one takes of the room while others are present.
    beside: u32,
    each: Mutex<BTreeMap<String, Share>>,
}

struct Share {
    room: Arc<Semaphore>,
    seen: Instant,
}

impl Shares {
    /// Gives each name room for so many; at least for one.
    pub fn new(each_max: u32) -> Self {
        Self { room: each_max.max(1), beside: 1, each: Mutex::default() }
    }

    /// Gives each name less room, at least for one, while another name has come within a second: what they want they get from the
    /// same processor and the same disk, and a name of which many come would have nearly all of it.
    #[must_use]
    pub fn beside_others(self, each_max: u32) -> Self {
        Self { beside: self.room / each_max.clamp(1, self.room), ..self }
    }

    /// Waits for room, which is taken until what is returned is dropped.
    pub async fn enter(&self, name: &str) -> Option<OwnedSemaphorePermit> {
        let (room, taken) = self.of(name);
        // It is never closed.
        room.acquire_many_owned(taken).await.ok()
    }

    /// Returns the room of a name, and how much of it one takes now.
    fn of(&self, name: &str) -> (Arc<Semaphore>, u32) {
        let now = Instant::now();
        let is_present = |share: &Share| now.duration_since(share.seen) < PRESENT;
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        // Names that have left are forgotten, so that they do not pile up.
        each.retain(|_, share| is_present(share) || Arc::strong_count(&share.room) > 1);
        let has_others = each.iter().any(|(other, share)| other != name && is_present(share));
        let new = || Share { room: Arc::new(Semaphore::new(self.room as usize)), seen: now };
        let share = each.entry(name.to_owned()).or_insert_with(new);
        share.seen = now;
        (Arc::clone(&share.room), if has_others { self.beside } else { 1 })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::time::advance;

    use super::*;

    /// Takes so much of a name's room as there is.
    fn taken(shares: &Shares, name: &str) -> Vec<OwnedSemaphorePermit> {
        std::iter::from_fn(|| shares.enter(name).now_or_never().flatten()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn shares_of_names_are_their_own_and_are_forgotten_when_they_have_left() {
        let shares = Shares::new(2);
        let held = (taken(&shares, "one"), taken(&shares, "other"));
        assert_eq!((held.0.len(), held.1.len()), (2, 2));
        advance(PRESENT).await;
        assert!(taken(&shares, "one").is_empty(), "what is taken is not forgotten");
        drop(held);
        advance(PRESENT).await;
        assert_eq!(taken(&shares, "third").len(), 2);
        assert_eq!(shares.each.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_is_small_while_others_are_present() {
        let shares = Shares::new(8).beside_others(2);
        assert_eq!(taken(&shares, "flood").len(), 8);
        assert_eq!(taken(&shares, "shop").len(), 2, "beside the one before");
        assert_eq!(taken(&shares, "flood").len(), 2);
        advance(PRESENT).await;
        assert_eq!(taken(&shares, "flood").len(), 8, "the other one has left");
    }

    #[test]
    fn a_share_has_room_for_one_at_least() {
        let rooms = [(0, 0), (8, 0), (3, 9)].map(|(alone, beside)| Shares::new(alone).beside_others(beside));
        assert_eq!(rooms.map(|shares| (shares.room, shares.beside)), [(1, 1), (8, 8), (3, 1)]);
    }
}
