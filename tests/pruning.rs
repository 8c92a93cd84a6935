//! Runs that ended are removed in bulk: one line about each stays, and their room is given back.

use serde_json::json;
use stockade::{Filter, Host, Kind, NewRun, RunId, Status};
use stockade_tests::faulty::{Faulty, Trouble, calm, memory};
use stockade_tests::story::idle;
use stockade_tests::{Hand, Place, input};
use stockade_workflow::Digest;
use uuid::Uuid;

/// What each of the runs takes of the journal at the least.
const BYTES: usize = 200_000;

/// Letters that nothing compresses to fewer bytes than that, and that no other run has.
fn noise() -> String {
    let seed = Uuid::now_v7();
    (0..=BYTES / 32).map(|number| Digest::of(format!("{seed}/{number}").as_bytes()).hex().to_owned()).collect()
}

async fn ended(host: &Host, team: &str) -> RunId {
    let input = json!({"user_id": "nobody", "request": noise()});
    let started = host.start_run(NewRun::new("refund", input).label("team", team)).await.unwrap();
    let id = started.id();
    started.settled().await.unwrap();
    id
}

fn of_team(team: &str) -> Filter {
    Filter { labels: [("team".to_owned(), team.to_owned())].into(), ..Filter::default() }
}

#[tokio::test]
async fn a_pruned_run_leaves_one_line_and_its_room_is_given_back() {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let mut runs = Vec::new();
    for team in ["a", "a", "a", "b"] {
        runs.push(ended(&host, team).await);
    }
    let waiting = host.start_run(NewRun::new("refund", input("user_123")).label("team", "a")).await.unwrap();
    let waiting_id = waiting.id();
    waiting.settled().await.unwrap();
    let would = host.would_prune(&of_team("a")).await.unwrap();
    assert_eq!((would.removed.as_slice(), would.room.freed_bytes), (&runs[..3], 0));
    assert_eq!(host.runs(&Filter::default()).await.unwrap().len(), 5, "nothing is removed yet");
    let length = || std::fs::metadata(place.data("journal.db")).unwrap().len();
    let pruned = host.prune(&of_team("a"), "dana").await.unwrap();
    assert_eq!((pruned.removed.as_slice(), pruned.kept.as_slice()), (&runs[..3], &[][..]));
    assert!(pruned.room.freed_bytes >= 3 * BYTES as u64, "{pruned:?}");
    // What else is in the journal is as long as the runs that stay, and what the file was shortened by is gone.
    assert!(length() < pruned.room.freed_bytes + 3 * BYTES as u64, "{} {pruned:?}", length());
    let left: Vec<_> = host.runs(&Filter::default()).await.unwrap().iter().map(|run| run.run_id).collect();
    assert_eq!(left, [runs[3], waiting_id]);

    let lines = host.removed_runs(0, usize::MAX).await.unwrap().found;
    let of = |number: usize| (lines[number].run_id, lines[number].by.as_str(), lines[number].status);
    assert_eq!([of(0), of(1), of(2)], [0, 1, 2].map(|number| (runs[number], "dana", Status::Done)));
    assert_eq!((lines.len(), lines[0].workflow.as_str(), lines[0].labels["team"].as_str()), (3, "refund", "a"));
    assert!(lines[0].updated_ms <= lines[0].removed_ms);
    assert_eq!(host.removed_runs(lines[2].removed_ms + 1, 9).await.unwrap().found, []);
    assert_eq!(host.removed_runs(0, 2).await.unwrap().found, lines[..2]);
}

#[tokio::test]
async fn a_run_that_cannot_be_read_keeps_no_other_from_being_pruned() {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let (damaged, sound) = (ended(&host, "a").await, ended(&host, "a").await);
    place.damage_run(damaged);
    let would = host.would_prune(&of_team("a")).await.unwrap();
    assert_eq!((would.removed, would.unreadable[0].run_id), (vec![sound], Some(damaged)));
    // A run need not be read to be removed.
    assert_eq!(host.prune(&of_team("a"), "dana").await.unwrap().removed, [damaged, sound]);
    place.damage(&format!("UPDATE index_rows SET value = '{{' WHERE space = 'removed' AND key LIKE '%/{damaged}'"));
    let lines = host.removed_runs(0, usize::MAX).await.unwrap();
    assert_eq!((lines.found.len(), lines.unreadable.len()), (1, 1));
}

/// A prune once removed nothing where the journal refused all removals, and said that it was done.
#[tokio::test]
async fn a_journal_that_fails_ends_a_prune_and_is_no_run_that_cannot_be_read() {
    let (place, hand) = (Place::new(), Hand::new());
    let faulty = Faulty::new(&hand);
    let disk = memory(&hand);
    faulty.insert(&disk, calm());
    let builder = place.host().with_journal(faulty.clone()).scratch(place.path("")).clock(hand.clock());
    let host = builder.build().await.unwrap();
    let runs = [done(&host).await, done(&host).await];
    let waiting = host.start_run(NewRun::new("refund", input("user_123"))).await.unwrap();
    waiting.settled().await.unwrap();
    // The list of runs is there, and what is asked for then fails.
    let fails = || faulty.insert(&disk, Box::new(|asked| (asked > 1).then_some(Trouble::Before)));
    let is_failure = |kind: Option<Kind>| assert_eq!(kind, Some(Kind::Journal));
    fails();
    is_failure(host.prune(&Filter::default(), "dana").await.err().map(|fault| fault.kind));
    assert_eq!(faulty.asked(), 2, "the second run is not tried");
    fails();
    is_failure(host.would_prune(&Filter::default()).await.err().map(|fault| fault.kind));
    fails();
    is_failure(host.pending().await.err().map(|fault| fault.kind));
    fails();
    is_failure(host.open_questions(&Filter::default()).await.err().map(|fault| fault.kind));
    faulty.insert(&disk, calm());
    assert_eq!(host.prune(&Filter::default(), "dana").await.unwrap().removed, runs);
}

#[tokio::test]
async fn a_run_that_has_not_ended_is_not_pruned_and_a_removal_names_who_did_it() {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let run = ended(&host, "a").await;
    let waiting = Filter { status: vec![Status::Done, Status::Waiting], ..Filter::default() };
    let refused = host.prune(&waiting, "dana").await.unwrap_err();
    assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("status")));
    let refused = host.remove(run, " ", false).await.unwrap_err();
    assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("by")));
    assert_eq!(host.runs(&Filter::default()).await.unwrap().len(), 1);
}

/// Returns whether the journal has a run, all of it; else nothing of it is left but for its line.
async fn is_there(host: &Host, run: RunId) -> bool {
    let listed = host.runs(&Filter { runs: Some(vec![run]), ..Filter::default() }).await.unwrap().len();
    let removed = host.removed_runs(0, usize::MAX).await.unwrap().found;
    let lines = removed.iter().filter(|line| line.run_id == run).count();
    let is_whole = host.state(run).await.is_ok_and(|state| state.status() == Status::Done);
    assert_eq!((listed, lines), if is_whole { (1, 0) } else { (0, 1) }, "{run} is half removed");
    is_whole
}

#[tokio::test]
async fn a_run_is_pruned_whole_or_not_at_all_wherever_its_host_fails() {
    let (place, hand) = (Place::new(), Hand::new());
    let faulty = Faulty::new(&hand);
    faulty.insert(&memory(&hand), calm());
    let builder = place.host().with_journal(faulty.clone()).scratch(place.path("")).clock(hand.clock());
    let host = builder.build().await.unwrap();
    for trouble in Trouble::CUTS {
        for number in 1.. {
            let disk = memory(&hand);
            faulty.insert(&disk, calm());
            let runs = [done(&host).await, done(&host).await];
            faulty.insert(&disk, trouble.at(number));
            drop(host.prune(&Filter::default(), "dana").await);
            let asked = faulty.asked();
            faulty.remove();
            idle(&host).await;
            faulty.insert(&disk, calm());
            let mut left = Vec::new();
            for run in runs {
                left.extend(is_there(&host, run).await.then_some(run));
            }
            let pruned = host.prune(&Filter::default(), "eve").await.unwrap();
            assert_eq!((pruned.removed, pruned.kept), (left, vec![]), "{trouble:?} at operation {number}");
            for run in runs {
                assert!(!is_there(&host, run).await, "{trouble:?} at operation {number}");
            }
            if asked < number {
                assert!(number > 5, "two runs take more operations than that");
                break;
            }
        }
    }
}

async fn done(host: &Host) -> RunId {
    let started = host.start_run(NewRun::new("refund", input("nobody"))).await.unwrap();
    let id = started.id();
    started.settled().await.unwrap();
    id
}
