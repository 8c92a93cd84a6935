//! What waits at the same time is done together.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::wait::Place;

/// Which part of the driven runs makes a group that waits for no more things.
const PART: usize = 2;

/// For how long a group keeps the next one waiting. It may take longer where another has locked a run of it, or where the server
/// does not answer.
const LONG: Duration = Duration::from_secs(1);

/// Things that are done in groups: while a group is on its way, what comes waits and is the next one. Where few come, each is
/// done at once, by itself.
///
/// A task of the runtime does the groups for as long as something waits, and begins with the first thing that does: what comes
/// meanwhile wakes no task. Each thing is done to its end, even if nothing waits for it any more.
pub(super) struct Together<T, R> {
    waiting: Mutex<Waiting<T, R>>,
    rules: Rules<T>,
}

/// What a group is of.
pub(super) struct Rules<T> {
    /// How many things it has, at most.
    pub(super) max: usize,
    /// Whether a thing may be in a group with these; each may be alone in one. A thing that does not fit waits for a later group,
    /// and others go before it.
    pub(super) fits: fn(&[T], &T) -> bool,
    /// Whether a thing waits for no more of them.
    pub(super) is_urgent: fn(&T) -> bool,
}

/// One who does things in groups.
pub(super) trait Doer<T, R>: Send + Sync + 'static {
    /// Does a group, of which the last came at that moment, and answers each in their order.
    fn all(&self, group: Vec<T>, since: Instant) -> impl Future<Output = Vec<Answer<T, R>>> + Send;

    /// Does one by itself, as if the group in which it was had not been.
    fn one(&self, thing: T) -> impl Future<Output = R> + Send;
}

/// The result of a thing that was to be done in a group.
pub(super) enum Answer<T, R> {
    /// It is done, or it failed.
    Is(R),
    /// It is to be done by itself.
    Alone(T),
}

/// The things that are in no group yet, in the order in which they came.
struct Waiting<T, R> {
    things: VecDeque<Thing<T, R>>,
    /// Whether a task does them.
    is_going: bool,
    /// How many runs were driven when the last of them came.
    driven: usize,
}

struct Thing<T, R> {
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
    pub(super) fn new(rules: Rules<T>) -> Arc<Self> {
        let waiting = Mutex::new(Waiting { things: VecDeque::new(), is_going: false, driven: 0 });
        Arc::new(Self { waiting, rules })
    }

    /// Has one thing done in this runtime, with what else waits then, while so many runs are driven here. Returns the answer; none
    /// where the runtime ended before.
    pub(super) async fn done(
        self: &Arc<Self>,
        what: T,
        driven: usize,
        doer: &Arc<impl Doer<T, R>>,
        runtime: &Handle,
    ) -> Option<R>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        if self.enter(Thing { since: Instant::now(), what, tell }, driven) {
            // It is there before the runtime has it, which may drop it unseen.
            let task = Task { together: Arc::clone(self), is_over: false };
            runtime.spawn(task.go(Arc::clone(doer)));
        }
        told.await.ok()
    }

    /// Lets a thing wait; returns whether a task must begin to do it.
    fn enter(&self, thing: Thing<T, R>, driven: usize) -> bool {
        let mut waiting = self.waiting();
        waiting.driven = driven;
        waiting.things.push_back(thing);
        !std::mem::replace(&mut waiting.is_going, true)
    }

    /// Takes the next group for the task; where nothing waits, the task is over.
    fn next(&self) -> Option<Group<T, R>> {
        let mut waiting = self.waiting();
        let (mut things, mut tells, mut since) = (Vec::new(), Vec::new(), Instant::now());
        let mut passed = VecDeque::new();
        while things.len() < self.rules.max
            && let Some(thing) = waiting.things.pop_front()
        {
            if things.is_empty() || (self.rules.fits)(&things, &thing.what) {
                things.push(thing.what);
                tells.push(thing.tell);
                since = thing.since;
            } else {
                passed.push_back(thing);
            }
        }
        passed.append(&mut waiting.things);
        waiting.things = passed;
        waiting.is_going = !things.is_empty();
        waiting.is_going.then_some(Group { things, tells, since })
    }

    /// Returns how many things wait, where none of them is urgent.
    fn patient(&self) -> Option<usize> {
        let things = &self.waiting().things;
        (!things.iter().any(|thing| (self.rules.is_urgent)(&thing.what))).then_some(things.len())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T, R>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static, R: Send + 'static> Group<T, R> {
    async fn go(self, doer: Arc<impl Doer<T, R>>) {
        for (tell, answer) in self.tells.into_iter().zip(doer.all(self.things, self.since).await) {
            match answer {
                // The task that asked may have ended.
                Answer::Is(answer) => drop(tell.send(answer)),
                Answer::Alone(thing) => {
                    let doer = Arc::clone(&doer);
                    tokio::spawn(async move { tell.send(doer.one(thing).await) });
                }
            }
        }
    }
}

/// A task that does groups.
struct Task<T, R> {
    together: Arc<Together<T, R>>,
    is_over: bool,
}

impl<T: Send + 'static, R: Send + 'static> Task<T, R> {
    /// Does groups until nothing waits.
    async fn go(mut self, doer: Arc<impl Doer<T, R>>) {
        while let Some(group) = self.next() {
            // One that takes long goes on beside the next.
            let _ = timeout(LONG, tokio::spawn(group.go(Arc::clone(&doer)))).await;
        }
    }

    /// Takes the next group. Where many runs are driven and it is small, others are waited for: what they ask is in it then.
    fn next(&mut self) -> Option<Group<T, R>> {
        let together = &self.together;
        let driven = together.waiting().driven;
        // This thread does other things, too.
        Place { driven, part: PART, may_sleep: false }.wait(|| together.patient());
        let group = together.next();
        self.is_over = group.is_none();
        group
    }
}

impl<T, R> Drop for Task<T, R> {
    /// Where the runtime has ended it, those whose things wait still hear that these are not done.
    fn drop(&mut self) {
        if !self.is_over {
            let mut waiting = self.together.waiting();
            waiting.is_going = false;
            waiting.things.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(10);

    /// Doubles numbers, and notes the groups and how old each was after this moment. Tens are done by themselves, and noted as
    /// such; a group with a zero takes for ever.
    struct Doubler {
        begun: Instant,
        groups: Mutex<Vec<(Vec<u32>, Duration)>>,
        alone: Mutex<Vec<u32>>,
    }

    impl Doubler {
        fn new() -> Arc<Self> {
            Arc::new(Self { begun: Instant::now(), groups: Mutex::default(), alone: Mutex::default() })
        }

        fn groups(&self) -> Vec<Vec<u32>> {
            self.groups.lock().unwrap().iter().map(|(group, _)| group.clone()).collect()
        }
    }

    impl Doer<u32, u32> for Doubler {
        async fn all(&self, group: Vec<u32>, since: Instant) -> Vec<Answer<u32, u32>> {
            self.groups.lock().unwrap().push((group.clone(), since.duration_since(self.begun)));
            tokio::time::sleep(if group.contains(&0) { Duration::MAX } else { SHORT }).await;
            let answer = |number| if number == 10 { Answer::Alone(number) } else { Answer::Is(number * 2) };
            group.into_iter().map(answer).collect()
        }

        async fn one(&self, number: u32) -> u32 {
            self.alone.lock().unwrap().push(number);
            number * 2
        }
    }

    fn together(max: usize, fits: fn(&[u32], &u32) -> bool) -> Arc<Together<u32, u32>> {
        Together::new(Rules { max, fits, is_urgent: |_| false })
    }

    const DRIVEN: usize = 64;

    /// Has numbers doubled that come at the same moment, checks that each is, and returns the groups.
    async fn groups(numbers: Vec<u32>, max: usize, fits: fn(&[u32], &u32) -> bool) -> Vec<Vec<u32>> {
        let (together, doubler) = (together(max, fits), Doubler::new());
        let all = numbers.into_iter().map(|number| {
            let (together, doubler) = (Arc::clone(&together), Arc::clone(&doubler));
            tokio::spawn(async move {
                assert_eq!(together.done(number, DRIVEN, &doubler, &Handle::current()).await, Some(number * 2));
            })
        });
        for one in all.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        doubler.groups()
    }

    async fn sizes(count: u32, max: usize) -> Vec<usize> {
        groups((1..=count).collect(), max, |_, _| true).await.iter().map(Vec::len).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn things_that_wait_for_the_task_are_one_group() {
        assert_eq!(sizes(1, 8).await, [1]);
        assert_eq!(sizes(20, 64).await, [20]);
        assert_eq!(sizes(20, 8).await, [8, 8, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_thing_that_does_not_fit_into_a_group_is_in_a_later_one_and_is_answered() {
        let differ = |group: &[u32], one: &u32| !group.contains(one);
        assert_eq!(groups(vec![7, 7, 8, 7, 9, 8], 8, differ).await, [vec![7, 8, 9], vec![7, 8], vec![7]]);
        let little = |group: &[u32], one: &u32| group.iter().sum::<u32>() + one <= 11;
        assert_eq!(groups(vec![1, 20, 9, 1, 1], 8, little).await, [vec![1, 9, 1], vec![20], vec![1]]);
    }

    /// What comes 1, 2, 5 and 40 ms after the beginning; a group takes 10.
    #[tokio::test(start_paused = true)]
    async fn things_that_come_while_a_group_is_on_its_way_are_the_next_group_as_old_as_the_last_of_it() {
        let (together, doubler) = (together(8, |_, _| true), Doubler::new());
        let all = [1, 2, 5, 40].map(|number| {
            let (together, doubler) = (Arc::clone(&together), Arc::clone(&doubler));
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(number.into())).await;
                together.done(number, DRIVEN, &doubler, &Handle::current()).await
            })
        });
        for one in all {
            assert!(one.await.unwrap().is_some());
        }
        let at = |group: &[u32], ms| (group.to_vec(), Duration::from_millis(ms));
        assert_eq!(*doubler.groups.lock().unwrap(), [at(&[1], 1), at(&[2, 5], 5), at(&[40], 40)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_thing_that_is_to_be_done_by_itself_is_and_keeps_no_other_waiting() {
        let (together, doubler) = (together(8, |_, _| true), Doubler::new());
        let runtime = Handle::current();
        let asks = |number| together.done(number, DRIVEN, &doubler, &runtime);
        let (one, ten, three) = tokio::join!(asks(1), asks(10), asks(3));
        assert_eq!((one, ten, three), (Some(2), Some(20), Some(6)));
        assert_eq!((doubler.groups(), doubler.alone.lock().unwrap().clone()), (vec![vec![1, 10, 3]], vec![10]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_that_takes_long_keeps_others_waiting_for_a_moment() {
        let (together, doubler) = (together(1, |_, _| true), Doubler::new());
        let runtime = Handle::current();
        let asks = |number| together.done(number, DRIVEN, &doubler, &runtime);
        let (endless, next) = tokio::join!(timeout(10 * LONG, asks(0)), asks(1));
        assert!(endless.is_err() && next == Some(2));
        assert!(doubler.begun.elapsed() >= LONG);
    }

    #[tokio::test(start_paused = true)]
    async fn a_thing_that_nothing_waits_for_any_more_is_done_to_its_end() {
        let (together, doubler) = (together(8, |_, _| true), Doubler::new());
        let runtime = Handle::current();
        let left = timeout(SHORT / 2, together.done(1, DRIVEN, &doubler, &runtime)).await;
        assert!(left.is_err());
        assert_eq!(together.done(2, DRIVEN, &doubler, &runtime).await, Some(4));
        assert_eq!(doubler.groups(), [[1], [2]]);
    }

    #[tokio::test]
    async fn things_of_a_runtime_that_has_ended_are_answered_by_nothing() {
        let (together, doubler) = (together(1, |_, _| true), Doubler::new());
        let ended = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let runtime = ended.handle().clone();
        let asks = |number| together.done(number, DRIVEN, &doubler, &runtime);
        let ends = async move { ended.shutdown_background() };
        assert_eq!(tokio::join!(asks(1), asks(2), ends), (None, None, ()));
        assert_eq!((asks(3).await, doubler.groups().len()), (None, 0));
    }

    #[tokio::test]
    async fn an_urgent_thing_lets_no_group_wait() {
        let together = Together::<u32, u32>::new(Rules { max: 8, fits: |_, _| true, is_urgent: |number| *number == 7 });
        let enter = |what| together.enter(Thing { since: Instant::now(), what, tell: oneshot::channel().0 }, DRIVEN);
        assert!(enter(1) && !enter(2));
        assert_eq!(together.patient(), Some(2));
        enter(7);
        assert_eq!(together.patient(), None);
    }
}
