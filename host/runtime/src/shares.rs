//! How much each of many may do at the same time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::others::Others;

/// Room for so many of each name at the same time.
///
/// Those of one name wait for each other, and for no other: so many of one do not hold up those of another.
pub struct Shares {
    room: u32,
    /// What one takes of the room while others come, too.
    beside: u32,
    begun: Instant,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    others: Others,
    /// The room of each name that has taken some of it.
    rooms: BTreeMap<String, Arc<Semaphore>>,
}

impl Shares {
    /// Gives each name room for so many; at least for one.
    pub fn new(each_max: u32) -> Self {
        Self { room: each_max.max(1), beside: 1, begun: Instant::now(), present: Mutex::default() }
    }

    /// Gives each name less room, at least for one, while another name has come within a second: what they want they get from the
    /// same processor and the same disk, and a name of which many come would have nearly all of it.
    #[must_use]
    pub fn beside_others(self, each_max: u32) -> Self {
        Self { beside: self.room / each_max.clamp(1, self.room), ..self }
    }

    /// Returns how many of a name have room: where it comes alone, and while others come, too.
    pub fn each_max(&self) -> (u32, u32) {
        (self.room, self.room / self.beside)
    }

    /// Waits for room, which is taken until what is returned is dropped.
    pub async fn enter(&self, name: &str) -> Option<OwnedSemaphorePermit> {
        let (room, taken) = self.of(name);
        // It is never closed.
        room.acquire_many_owned(taken).await.ok()
    }

    /// Returns the room of a name, and how much of it one takes now.
    fn of(&self, name: &str) -> (Arc<Semaphore>, u32) {
        let now_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = if present.others.are_beside(name, now_ms) { self.beside } else { 1 };
        // Names that have left are forgotten, so that they do not pile up.
        present.rooms.retain(|_, room| Arc::strong_count(room) > 1);
        let new = || Arc::new(Semaphore::new(self.room as usize));
        (Arc::clone(present.rooms.entry(name.to_owned()).or_insert_with(new)), taken)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use tokio::time::advance;

    use super::*;

    const PRESENT: Duration = Duration::from_secs(1);

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
        assert_eq!(taken(&shares, "third").len(), 2);
        assert_eq!(shares.present.lock().unwrap().rooms.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_is_small_while_others_come_too() {
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
        assert_eq!(rooms.map(|shares| shares.each_max()), [(1, 1), (8, 1), (3, 3)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_says_as_many_as_it_has_room_for() {
        let shares = Shares::new(8).beside_others(3);
        let other = taken(&shares, "other");
        assert_eq!(shares.each_max(), (8, 4), "half of the room is taken by two");
        assert_eq!((other.len(), taken(&shares, "flood").len()), (8, 4));
    }
}
