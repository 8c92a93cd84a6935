//! What waits at the same time is done together.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, oneshot};

/// Things that are done in groups: while a group is on its way, what comes waits and is the next one. Where few come, each is done
/// at once, by itself.
pub(super) struct Together<T, R> {
    waiting: Mutex<VecDeque<(T, oneshot::Sender<R>)>>,
    turns: Semaphore,
    max: usize,
}

impl<T, R> Together<T, R> {
    /// Has so many groups on their way at the same time, and no more than `max` in one.
    pub(super) fn new(groups: usize, max: usize) -> Self {
        Self { waiting: Mutex::default(), turns: Semaphore::new(groups), max }
    }

    /// Has one thing done, with what else waits when its turn comes; `all` does a group, and answers each in their order. Returns
    /// the answer; none where the task was ended that did it.
    pub(super) async fn done<F>(&self, one: T, all: impl FnOnce(Vec<T>) -> F) -> Option<R>
    where
        F: Future<Output = Vec<R>>,
    {
        let (tell, told) = oneshot::channel();
        self.waiting().push_back((one, tell));
        // It is never closed. Turns are given in order, so that after its own turn each thing is in a group.
        let turn = self.turns.acquire().await;
        let (group, tells): (Vec<_>, Vec<_>) = self.next().into_iter().unzip();
        if !group.is_empty() {
            for (tell, answer) in tells.into_iter().zip(all(group).await) {
                // The one who asked may wait no more.
                let _ = tell.send(answer);
            }
        }
        drop(turn);
        told.await.ok()
    }

    fn next(&self) -> Vec<(T, oneshot::Sender<R>)> {
        let mut waiting = self.waiting();
        let count = waiting.len().min(self.max);
        waiting.drain(..count).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(T, oneshot::Sender<R>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Doubles so many numbers, and returns the sizes of the groups.
    async fn groups(count: usize, max: usize) -> Vec<usize> {
        let (together, sizes) = (Arc::new(Together::new(1, max)), Arc::new(Mutex::new(Vec::new())));
        let all = (0..count).map(|number| {
            let (together, sizes) = (Arc::clone(&together), Arc::clone(&sizes));
            tokio::spawn(async move {
                let answer = together.done(number, |group: Vec<usize>| async move {
                    sizes.lock().unwrap().push(group.len());
                    tokio::task::yield_now().await;
                    group.into_iter().map(|number| number * 2).collect::<Vec<_>>()
                });
                assert_eq!(answer.await, Some(number * 2));
            })
        });
        for one in all.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        sizes.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn what_waits_while_a_group_is_on_its_way_is_the_next_group() {
        assert_eq!(groups(1, 8).await, [1]);
        assert_eq!(groups(20, 64).await, [1, 19]);
        assert_eq!(groups(20, 8).await, [1, 8, 8, 3]);
    }
}
