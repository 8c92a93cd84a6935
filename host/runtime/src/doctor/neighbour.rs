use std::time::{Duration, Instant};

use serde_json::json;
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::{Fault, Kind};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::call;
use crate::Result;

/// Answers from which the usual time is taken.
const QUIET_ANSWERS: usize = 200;
/// Answers that show that the neighbour is well in flight.
const FIRST_ANSWERS: usize = 3;
/// What is long in any case. A machine's scheduler promises no less.
const FLOOR: Duration = Duration::from_millis(5);

/// An honest tool that is called again and again while something else happens.
pub(super) struct Neighbour {
    /// How many answers there were; it ends once the reader is gone.
    count: watch::Receiver<usize>,
    task: JoinHandle<Result<Vec<Instant>>>,
}

impl Neighbour {
    /// Begins to call it, and returns when the first answers are there.
    pub(super) async fn start(tool: Tool) -> Self {
        let (counter, mut count) = watch::channel(0);
        let task = tokio::spawn(async move {
            let mut answers = Vec::new();
            while !counter.is_closed() {
                double(&tool).await?;
                answers.push(Instant::now());
                counter.send_modify(|count| *count += 1);
                tokio::task::yield_now().await;
            }
            Ok(answers)
        });
        more(&mut count, FIRST_ANSWERS).await;
        Self { count, task }
    }

    /// Returns whether all its answers were right, and a wait since an instant was nearly always a usual one.
    pub(super) async fn was_unharmed(self, since: Instant, usual: Duration) -> bool {
        let until = Instant::now();
        let answers = self.stop(1).await;
        answers.is_ok_and(|answers| percentile(waits(&answers, since, until), 90) <= usual * 2 + FLOOR)
    }

    /// Ends it after so many answers more: the last call is one that had to bear everything.
    async fn stop(mut self, answers: usize) -> Result<Vec<Instant>> {
        more(&mut self.count, answers).await;
        drop(self.count);
        self.task.await.map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?
    }
}

/// Returns within what time it answers at 99 of 100 moments, while nothing else happens.
pub(super) async fn usual(tool: &Tool) -> Result<Duration> {
    let since = Instant::now();
    let answers = Neighbour::start(tool.clone()).await.stop(QUIET_ANSWERS).await?;
    Ok(percentile(waits(&answers, since, Instant::now()), 99))
}

/// Waits for so many answers more, or until there are no more to come.
async fn more(count: &mut watch::Receiver<usize>, answers: usize) {
    let enough = *count.borrow() + answers;
    let _ = count.wait_for(|count| *count >= enough).await;
}

/// Returns the times from each answer to the next, of those that had a part in a span of time.
///
/// They leave no gap: a neighbour that is kept from even asking waits, too.
fn waits(answers: &[Instant], since: Instant, until: Instant) -> Vec<Duration> {
    let pairs = answers.iter().zip(answers.iter().skip(1));
    let within = pairs.filter(|(asked, answered)| **answered >= since && **asked <= until);
    within.map(|(asked, answered)| answered.duration_since(*asked)).collect()
}

async fn double(tool: &Tool) -> Result<()> {
    let answer = call(tool, "double", &json!({"number": 21}), Limits::default()).await.result?;
    if answer != 42 {
        return Err(Fault::new(Kind::HostBug, format!("the neighbour answered {answer} and not 42")));
    }
    Ok(())
}

/// Returns the wait that so many of a hundred moments are within one no longer than: a long one weighs as much as the many
/// short ones that have room in it, which would hide it if each counted as one.
fn percentile(mut waits: Vec<Duration>, percent: u32) -> Duration {
    waits.sort_unstable();
    let mut left = waits.iter().sum::<Duration>() * percent / 100;
    let reached = waits.iter().find(|wait| match left.checked_sub(**wait) {
        Some(less) if !less.is_zero() => {
            left = less;
            false
        }
        _ => true,
    });
    reached.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_are_the_waits_that_had_a_part() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let ms = Duration::from_millis;
        let answers = [at(0), at(10), at(11), at(13), at(50), at(51)];
        assert_eq!(waits(&answers, at(5), at(12)), [ms(10), ms(1), ms(2)]);
        // No call was answered from before it began until after it ended.
        assert_eq!(waits(&answers, at(20), at(40)), [ms(37)]);
    }

    #[test]
    fn a_long_wait_is_not_hidden_by_many_short_ones() {
        let ms = Duration::from_millis;
        let waits = |short: usize, long: u64| [vec![ms(1); short], vec![ms(long)]].concat();
        assert_eq!(percentile(waits(900, 99), 90), ms(1));
        assert_eq!(percentile(waits(900, 101), 90), ms(101));
        assert_eq!(percentile(waits(1, 30), 90), ms(30));
        assert_eq!(percentile(Vec::new(), 90), Duration::ZERO);
    }
}
