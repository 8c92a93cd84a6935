//! What waits at the same time is done together.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;

use crate::Result;

/// Things that are done in groups: while a group is on its way, what comes waits and is the next one. Where few come, each is
/// done at once, by itself.
///
/// No thing waits for another task to do it: each task that asks takes turns itself for as long as its own thing is in no group.
/// A task that is ended in the middle of a group takes that group with it, and no other.
pub(super) struct Together<T, R> {
    waiting: Mutex<Waiting<T, R>>,
    turns: Semaphore,
    max: usize,
    fits: fn(&[T], &T) -> bool,
}

/// The result of a thing that was to be done in a group.
pub(super) enum Answer<T, R> {
    /// It is done, or it failed.
    Is(Result<R>),
    /// It is to be done by itself, as if the group had not been.
    Alone(T),
}

/// The things that are in no group yet, in the order in which they came: that of their tickets.
struct Waiting<T, R> {
    ticket: u64,
    things: VecDeque<Thing<T, R>>,
}

struct Thing<T, R> {
    ticket: u64,
    /// When it came.
    since: Instant,
    what: T,
    tell: oneshot::Sender<R>,
}

/// A group, where its answers go, and when the last of it came.
struct Group<T, R> {
    things: Vec<T>,
    tells: Vec<oneshot::Sender<R>>,
    since: Instant,
}

impl<T, R> Together<T, R> {
    /// Has so many groups on their way at the same time, and no more than `max` in one. `fits` says whether a thing may be in a
    /// group with these; each may be alone in one. A thing that does not fit waits for a later group, and others go before it.
    pub(super) fn new(groups: usize, max: usize, fits: fn(&[T], &T) -> bool) -> Self {
        let waiting = Mutex::new(Waiting { ticket: 0, things: VecDeque::new() });
        Self { waiting, turns: Semaphore::new(groups), max, fits }
    }

    /// Has one thing done, with what else waits when its turn comes; `all` does a group, of which the last came at that moment,
    /// and answers each in their order. Returns the answer; none where the task was ended that did it.
    pub(super) async fn done<F>(&self, what: T, all: impl Fn(Vec<T>, Instant) -> F) -> Option<R>
    where
        F: Future<Output = Vec<R>>,
    {
        let (ticket, told) = self.enter(what);
        // Others may be before it that fill a group.
        while self.waits(ticket) {
            // It is never closed.
            let _turn = self.turns.acquire().await;
            let Some(Group { things, tells, since }) = self.next(ticket) else { continue };
            for (tell, answer) in tells.into_iter().zip(all(things, since).await) {
                // The task that asked may have ended.
                let _ = tell.send(answer);
            }
        }
        told.await.ok()
    }

    fn enter(&self, what: T) -> (u64, oneshot::Receiver<R>) {
        let ((tell, told), mut waiting) = (oneshot::channel(), self.waiting());
        let ticket = waiting.ticket;
        waiting.ticket += 1;
        waiting.things.push_back(Thing { ticket, since: Instant::now(), what, tell });
        (ticket, told)
    }

    fn waits(&self, ticket: u64) -> bool {
        self.waiting().has(ticket)
    }

    /// Takes the next group for the task with this ticket; nothing where its thing is in a group by now: those that wait still
    /// have turns of their own.
    fn next(&self, ticket: u64) -> Option<Group<T, R>> {
        let mut waiting = self.waiting();
        if !waiting.has(ticket) {
            return None;
        }
        let (mut things, mut tells, mut since) = (Vec::new(), Vec::new(), Instant::now());
        let mut passed = VecDeque::new();
        while things.len() < self.max
            && let Some(thing) = waiting.things.pop_front()
        {
            if things.is_empty() || (self.fits)(&things, &thing.what) {
                things.push(thing.what);
                tells.push(thing.tell);
                since = thing.since;
            } else {
                passed.push_back(thing);
            }
        }
        passed.append(&mut waiting.things);
        waiting.things = passed;
        Some(Group { things, tells, since })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T, R>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, R> Waiting<T, R> {
    fn has(&self, ticket: u64) -> bool {
        self.things.binary_search_by_key(&ticket, |thing| thing.ticket).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    /// Has numbers doubled at the same time, checks that each is, and returns the groups.
    async fn groups(numbers: Vec<usize>, max: usize, fits: fn(&[usize], &usize) -> bool) -> Vec<Vec<usize>> {
        let (together, groups) = (Arc::new(Together::new(1, max, fits)), Arc::new(Mutex::new(Vec::new())));
        let all = numbers.into_iter().map(|number| {
            let (together, groups) = (Arc::clone(&together), Arc::clone(&groups));
            tokio::spawn(async move {
                let double = |group: Vec<usize>, _| {
                    groups.lock().unwrap().push(group.clone());
                    async move {
                        tokio::task::yield_now().await;
                        group.into_iter().map(|number| number * 2).collect::<Vec<_>>()
                    }
                };
                assert_eq!(together.done(number, double).await, Some(number * 2));
            })
        });
        for one in all.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        groups.lock().unwrap().clone()
    }

    async fn sizes(count: usize, max: usize) -> Vec<usize> {
        groups((0..count).collect(), max, |_, _| true).await.iter().map(Vec::len).collect()
    }

    #[tokio::test]
    async fn things_that_wait_while_a_group_is_on_its_way_are_the_next_group() {
        assert_eq!(sizes(1, 8).await, [1]);
        assert_eq!(sizes(20, 64).await, [1, 19]);
        assert_eq!(sizes(20, 8).await, [1, 8, 8, 3]);
    }

    #[tokio::test]
    async fn a_thing_that_does_not_fit_into_a_group_is_in_a_later_one_and_is_answered() {
        let differ = |group: &[usize], one: &usize| !group.contains(one);
        assert_eq!(groups(vec![7, 7, 8, 7, 9, 8], 8, differ).await, [vec![7], vec![7, 8, 9], vec![7, 8]]);
        let little = |group: &[usize], one: &usize| group.iter().sum::<usize>() + one <= 10;
        assert_eq!(groups(vec![1, 20, 9, 1, 1], 8, little).await, [vec![1], vec![20], vec![9, 1], vec![1]]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_is_as_old_as_the_last_that_came_for_it() {
        let (together, begun) = (Arc::new(Together::new(1, 8, |_: &[u64], _: &u64| true)), Instant::now());
        let comes_after = |seconds: u64| {
            let together = Arc::clone(&together);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                let ages = |group: Vec<u64>, since: Instant| async move {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    group.into_iter().map(|_| since.duration_since(begun).as_secs()).collect::<Vec<_>>()
                };
                together.done(seconds, ages).await
            })
        };
        let all = [1, 10, 20, 70].map(comes_after);
        let mut ages = Vec::new();
        for one in all {
            ages.push(one.await.unwrap());
        }
        assert_eq!(ages, [Some(1), Some(20), Some(20), Some(70)]);
    }

    #[tokio::test]
    async fn a_task_that_ends_in_the_middle_of_a_group_leaves_none_behind() {
        let together = Arc::new(Together::<usize, usize>::new(1, 8, |_, _| true));
        let asks = |number: usize, is_lost: bool| {
            let together = Arc::clone(&together);
            tokio::spawn(async move {
                let all = |group: Vec<usize>, _| async move {
                    if is_lost {
                        std::future::pending::<()>().await;
                    }
                    group
                };
                together.done(number, all).await
            })
        };
        let lost = asks(1, true);
        tokio::task::yield_now().await;
        let others = [asks(2, false), asks(3, false)];
        tokio::task::yield_now().await;
        lost.abort();
        let [two, three] = others;
        assert_eq!((two.await.unwrap(), three.await.unwrap()), (Some(2), Some(3)));
    }
}
