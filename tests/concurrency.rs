//! Many runs in one host, and two hosts at one run.

use stockade::{Budget, Change, Decision, Event, Kind, Outcome};
use stockade_tests::{Place, input};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_runs_at_once_all_end_with_a_refund_each() {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let mut runs = Vec::new();
    for _ in 0..64 {
        runs.push(host.start("refund", input("user_789"), Budget::default()).await.unwrap());
    }
    let mut expected: Vec<_> = runs.iter().map(|run| format!("{}/refund", run.id())).collect();
    for run in runs {
        assert!(matches!(run.settled().await.unwrap(), Outcome::Done(_)));
    }
    let mut booked = place.refunds();
    booked.sort();
    expected.sort();
    assert_eq!(booked, expected);
    assert!(host.unfinished().await.unwrap().is_empty());
}

/// One wins; the other hears of it, whether it read the journal before or after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hosts_that_decide_at_the_same_moment_one_wins() {
    let place = Place::new();
    let (one, other) = (place.host().build().await.unwrap(), place.host().build().await.unwrap());
    let mut refunds = 0;
    for _ in 0..20 {
        let run = one.start("refund", input("user_123"), Budget::default()).await.unwrap();
        let id = run.id();
        run.settled().await.unwrap();
        let (yes, no) =
            tokio::join!(one.decide(id, Decision::approve("dana")), other.decide(id, Decision::deny("eve")));
        let (won, lost) = match (yes, no) {
            (Ok(won), Err(lost)) => {
                refunds += 1;
                (won, lost)
            }
            (Err(lost), Ok(won)) => (won, lost),
            (Ok(_), Ok(_)) => panic!("both decided run {id}"),
            (Err(yes), Err(no)) => panic!("nobody decided run {id}: {yes}; {no}"),
        };
        assert_eq!(lost.kind, Kind::Conflict, "{lost}");
        assert!(matches!(won.settled().await.unwrap(), Outcome::Done(_)));
        assert_eq!(place.refunds().len(), refunds);
    }
}

/// Two hosts resume the same run: one goes on, and the other stops before it does anything twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hosts_that_resume_the_same_run_the_refund_is_one() {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let id = run.id();
    run.settled().await.unwrap();
    let entries = host.entries(id).await.unwrap();
    drop(host);
    // Up to the refund's outcome; with that in the journal, the shop that is forgotten here would have it, too.
    let outcome = entries.iter().position(|entry| {
        matches!(&entry.change, Change::Stepped { event: Event::ToolReturned { key, .. }, .. } if key == "refund")
    });
    for cut in 1..=outcome.unwrap() {
        place.clear();
        place.journal_of(&entries[..cut]).await;
        let (one, other) = (place.host().build().await.unwrap(), place.host().build().await.unwrap());
        let (first, second) = tokio::join!(one.resume(id), other.resume(id));
        let (first, second) = tokio::join!(first.unwrap().settled(), second.unwrap().settled());
        for ended in [&first, &second] {
            assert!(matches!(ended, Ok(Outcome::Done(_))) || kind(ended) == Some(Kind::Conflict), "{ended:?}");
        }
        assert!(first.is_ok() || second.is_ok());
        assert_eq!(place.refunds(), [format!("{id}/refund")], "cut after {cut}");
    }
}

fn kind(ended: &stockade::Result<Outcome>) -> Option<Kind> {
    ended.as_ref().err().map(|fault| fault.kind)
}
