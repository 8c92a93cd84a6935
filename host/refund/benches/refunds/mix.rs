//! Refund runs, many at a time.

use serde_json::json;
use stockade::{Decision, Host, NewRun, Outcome, Run, Started};
use tokio::task::JoinSet;

/// A customer whose refund is booked, one whose refund is refused after two calls and a letter, and one whose refund a person
/// approves.
pub(crate) const BOOKED: &str = "user_789";
const REFUSED: &str = "user_456";
const PAUSED: &str = "user_123";

/// Which runs are made.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    Booked,
    Refused,
    Paused,
    Mix,
}

impl Work {
    /// The customer of the run that has this number.
    fn user(self, number: usize) -> &'static str {
        match (self, number % 10) {
            (Self::Booked, _) => BOOKED,
            (Self::Refused, _) | (Self::Mix, 0) => REFUSED,
            (Self::Paused, _) | (Self::Mix, 4 | 8) => PAUSED,
            (Self::Mix, _) => BOOKED,
        }
    }

    /// The run that has this number.
    pub(crate) fn run(self, number: usize) -> NewRun {
        let input = json!({"user_id": self.user(number), "request": "not what I expected"});
        NewRun::new("refund", input)
    }
}

/// Makes so many whole runs.
pub(crate) async fn refunds(host: &Host, work: Work, runs: usize, in_flight: usize) {
    each(host, runs, in_flight, move |host, number| async move {
        let run = started(&host, work.run(number)).await;
        to_the_end(&host, run).await;
    })
    .await;
}

/// Starts so many runs, and leaves them to whichever process takes them up.
pub(crate) async fn leave(host: &Host, work: Work, runs: usize) {
    each(host, runs, 64, move |host, number| async move {
        host.start_detached(work.run(number)).await.unwrap();
    })
    .await;
}

/// Makes so many runs that wait for a person.
pub(crate) async fn park(host: &Host, runs: usize) {
    each(host, runs, 64, move |host, number| async move {
        let outcome = started(&host, Work::Paused.run(number)).await.settled().await.unwrap();
        assert!(matches!(outcome, Outcome::Waiting(_)), "{outcome}");
    })
    .await;
}

/// Starts a run that has no key, so that none was started before.
pub(crate) async fn started(host: &Host, new: NewRun) -> Run {
    match host.start_run(new).await.unwrap() {
        Started::New { run, .. } => run,
        Started::Before(run) => host.resume(run.id()).await.unwrap(),
    }
}

/// Waits for the end of a run. A person approves at once what it asks.
pub(crate) async fn to_the_end(host: &Host, run: Run) {
    let id = run.id();
    let mut outcome = run.settled().await.unwrap();
    if let Outcome::Waiting(question) = outcome {
        let yes = Decision::approve("dana");
        let run = host.decide(&question.id(id), &question.digest(), yes).await.unwrap();
        outcome = run.settled().await.unwrap();
    }
    assert!(matches!(outcome, Outcome::Done(_)), "run {id}: {outcome}");
}

/// Does something so many times, and so many of them side by side. A task of its own sees to that, as it would in a service: the
/// thread that waits for all of it need not be woken for each.
pub(crate) async fn each<W>(host: &Host, count: usize, at_once: usize, work: impl Fn(Host, usize) -> W + Send + 'static)
where
    W: Future<Output = ()> + Send + 'static,
{
    let host = host.clone();
    let all = async move {
        let mut going = JoinSet::new();
        for number in 0..count {
            if going.len() >= at_once {
                going.join_next().await.unwrap().unwrap();
            }
            going.spawn(work(host.clone(), number));
        }
        while let Some(ended) = going.join_next().await {
            ended.unwrap();
        }
    };
    // It ends with the interest in it.
    let mut task = JoinSet::new();
    task.spawn(all);
    task.join_next().await.unwrap().unwrap();
}
