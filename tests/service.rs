//! What a service that embeds the host does with its runs.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use stockade::journal::MemoryJournal;
use stockade::{
    Budget, Clock, Code, Decision, End, Filter, Grant, Host, Kind, Outcome, RunHandle, RunId, RunState, Status, Stop,
};
use stockade_tests::gate::gated;
use stockade_tests::{Place, decide, dist, input};

async fn refund_host(place: &Place) -> Host {
    place.host().build().await.unwrap()
}

fn detail<T>(refused: stockade::Result<T>) -> (Kind, String) {
    let fault = refused.err().unwrap();
    (fault.kind, fault.detail.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_key_starts_one_run_whichever_host_is_asked() {
    let place = Place::new();
    let (one, other) = (refund_host(&place).await, refund_host(&place).await);
    let start =
        async |host: &Host, user: &str| host.start_once("order-7", "refund", input(user), Budget::default()).await;
    let (first, second) = tokio::join!(start(&one, "user_789"), start(&other, "user_789"));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.id(), second.id());
    assert!(matches!(second.settled().await.unwrap(), Outcome::Done(_)));
    assert_eq!(start(&one, "user_789").await.unwrap().id(), first.id(), "also once the run has ended");
    assert_eq!(place.refunds().len(), 1);
    assert_eq!(detail(start(&one, "user_123").await), (Kind::Conflict, "start_key".to_owned()));
    for key in ["", &"k".repeat(257)] {
        let refused = one.start_once(key, "refund", input("user_123"), Budget::default()).await;
        assert_eq!(detail(refused), (Kind::Invalid, "start_key".to_owned()));
    }
    assert_eq!(one.runs(&Filter::default()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_used_once_is_used_whichever_host_is_asked_and_all_hosts_share_a_key() {
    let place = Place::new();
    let (one, other) = (refund_host(&place).await, refund_host(&place).await);
    let run = one.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let id = run.id();
    run.settled().await.unwrap();
    assert!(one.use_once(id, "a").await.unwrap() && !other.use_once(id, "a").await.unwrap());
    assert!(other.use_once(id, "b").await.unwrap());
    let (key, same) = (one.shared_key("purpose").await.unwrap(), other.shared_key("purpose").await.unwrap());
    assert!(key == same && key.len() == 64 && one.shared_key("another").await.unwrap() != key);
}

async fn numbers(handle: RunHandle, after: u64) -> stockade::Result<Vec<u64>> {
    handle.events(after).map_ok(|entry| entry.seq).try_collect().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_of_a_run_see_each_entry_once_from_where_they_began_to_its_end() {
    let place = Place::new();
    let (host, other) = (refund_host(&place).await, refund_host(&place).await);
    let run = host.start("refund", input("user_123"), Budget::default()).await.unwrap();
    let id = run.id();
    let here = tokio::spawn(numbers(host.run(id), 0));
    let elsewhere = tokio::spawn(numbers(other.run(id), 3));
    run.settled().await.unwrap();
    decide(&host, id, Decision::approve("dana")).await.unwrap().settled().await.unwrap();
    let all: Vec<u64> = host.entries(id).await.unwrap().iter().map(|entry| entry.seq).collect();
    assert_eq!(here.await.unwrap().unwrap(), all);
    assert_eq!(elsewhere.await.unwrap().unwrap(), all[3..]);
    let last = *all.last().unwrap();
    for (after, left) in [(last - 1, vec![last]), (last, vec![]), (last + 9, vec![])] {
        assert_eq!(numbers(other.run(id), after).await.unwrap(), left);
    }
    let unknown = RunId::from_bytes([7; 16]);
    assert_eq!(detail(numbers(host.run(unknown), 0).await).0, Kind::NotFound);
}

/// Between the read of a run and the question of who drives it, its driver may have let go of it.
#[tokio::test]
async fn a_run_that_has_settled_since_it_was_read_is_not_interrupted() {
    let place = Place::new();
    let host = refund_host(&place).await;
    let run = host.start("refund", input("user_123"), Budget::default()).await.unwrap();
    let id = run.id();
    run.settled().await.unwrap();
    let entries = host.entries(id).await.unwrap();
    let mut stale = RunState::create(&entries[0]).unwrap();
    assert_eq!(stale.status(), Status::Running);
    assert_eq!(host.status(&mut stale).await.unwrap(), Status::Waiting);
    assert_eq!(stale.seq(), entries.last().unwrap().seq);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pending_questions_are_those_that_are_open() {
    let place = Place::new();
    let host = refund_host(&place).await;
    let mut waiting = Vec::new();
    for user in ["user_123", "user_789", "user_123"] {
        let handle = host.run(host.start("refund", input(user), Budget::default()).await.unwrap().id());
        if matches!(handle.settled().await.unwrap(), Outcome::Waiting(_)) {
            waiting.push(handle.id());
        }
    }
    let pending = async || -> Vec<RunId> { host.pending().await.unwrap().found.iter().map(|(id, _)| id.run).collect() };
    assert_eq!((waiting.len(), pending().await), (2, waiting.clone()));
    let (id, approval) = host.pending().await.unwrap().found.remove(0);
    let decided = host.decide(&id, &approval.digest(), Decision::deny("dana")).await.unwrap();
    decided.settled().await.unwrap();
    assert_eq!(pending().await, waiting[1..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_cannot_be_read_keeps_no_question_of_another_from_the_list() {
    let place = Place::new();
    let host = refund_host(&place).await;
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let run = host.start("refund", input("user_123"), Budget::default()).await.unwrap();
        waiting.push(run.id());
        run.settled().await.unwrap();
    }
    place.damage_run(waiting[0]);
    let pending = host.pending().await.unwrap();
    assert_eq!(pending.found.iter().map(|(id, _)| id.run).collect::<Vec<_>>(), waiting[1..]);
    let [unreadable] = &pending.unreadable[..] else { panic!("{:?}", pending.unreadable) };
    assert_eq!((unreadable.run_id, unreadable.error.kind), (Some(waiting[0]), Kind::Journal));
}

/// A host whose code can fetch from that server.
async fn fetching(place: &Place, port: u16) -> Host {
    let grant = Grant::http(format!("GET http://127.0.0.1:{port}/")).addresses(["127.0.0.1"]);
    let builder = place.host().tool("fetch", dist("fetch"), [grant]).idempotent("fetch").built_in_languages();
    builder.scratch(place.path("")).build().await.unwrap()
}

/// Starts code that asks the server twice.
async fn ask_twice(host: &Host, port: u16) -> RunId {
    let ask = "await fetch.send({request: {method: 'GET', scheme: 'http', authority: input, path: '/', headers: [], \
               body: [], trailers: []}});";
    let code = Code::new("javascript", &format!("{ask} {ask} return 2"));
    let code = code.input(format!("127.0.0.1:{port}").into()).tools(["fetch"]);
    host.exec(code, Budget::default().fuel(1 << 40)).await.unwrap().id()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_has_ended_whatever_it_was_doing() {
    let place = Place::new();
    let (port, asked, answer) = gated();
    let host = fetching(&place, port).await;
    let busy = ask_twice(&host, port).await;
    asked.recv().unwrap();
    let waiting = host.start("refund", input("user_123"), Budget::default()).await.unwrap();
    let waiting = host.run(waiting.id());
    waiting.settled().await.unwrap();
    for handle in [host.run(busy), waiting] {
        let stop = Stop::by("dana").reason(Some("it is late".to_owned()));
        assert_eq!(detail(handle.stop(Stop::by(" "), Duration::ZERO).await).0, Kind::Invalid);
        handle.stop(stop.clone(), Duration::ZERO).await.unwrap();
        assert_eq!(handle.settled().await.unwrap(), Outcome::Stopped(stop.clone()));
        let (state, fault) = (handle.state().await.unwrap(), stop.fault());
        assert_eq!((state.status(), state.end()), (Status::Stopped, Some(&End::Failed(fault))));
        assert_eq!(state.ledger().reserved("code"), None);
        let again = handle.stop(stop, Duration::ZERO).await;
        assert_eq!(detail(again), (Kind::Conflict, "ended".to_owned()));
        assert!(detail(decide(&host, handle.id(), Decision::approve("eve")).await).0 != Kind::HostBug);
    }
    assert!(place.refunds().is_empty());
    drop(answer);
}

/// What is in flight gets its time, and a run that is parked or late goes on in another host.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_shuts_down_leaves_its_runs_to_the_next() {
    let place = Place::new();
    let (port, asked, answer) = gated();
    let host = fetching(&place, port).await;
    let run = ask_twice(&host, port).await;
    asked.recv().unwrap();
    assert_eq!(host.shutdown(Duration::from_millis(50)).await, [run]);
    for refused in
        [host.start("refund", input("user_123"), Budget::default()).await.err(), host.resume(run).await.err()]
    {
        assert_eq!(refused.unwrap().detail.as_deref(), Some("closing"));
    }
    let interrupted = detail(host.run(run).settled().await);
    assert_eq!(interrupted, (Kind::Conflict, "interrupted".to_owned()));

    let next = fetching(&place, port).await;
    let resumed = next.resume(run).await.unwrap();
    for _ in 0..3 {
        answer.send(()).unwrap();
    }
    assert_eq!(resumed.settled().await.unwrap(), Outcome::Done(2.into()));

    let (parked, closing) = (ask_twice(&next, port).await, next.clone());
    asked.recv().unwrap();
    let closing = tokio::spawn(async move { closing.shutdown(Duration::from_secs(600)).await });
    for _ in 0..2 {
        answer.send(()).unwrap();
    }
    assert_eq!(closing.await.unwrap(), []);
    let last = fetching(&place, port).await;
    assert_eq!(last.run(parked).state().await.unwrap().status(), Status::Done, "code in flight ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_can_be_handed_in() {
    let place = Place::new();
    let journal = MemoryJournal::new(Clock::default());
    let again = journal.open_again();
    let refused = place.host().with_journal(journal.open_again()).build().await;
    assert_eq!(detail(refused), (Kind::Invalid, "scratch".to_owned()));
    let host = place.host().with_journal(journal).scratch(place.path("")).build().await.unwrap();
    let run = host.start("refund", input("user_123"), Budget::default()).await.unwrap();
    let id = run.id();
    assert!(matches!(run.settled().await.unwrap(), Outcome::Waiting(_)));
    drop(host);
    let host = place.host().with_journal(again).scratch(place.path("")).build().await.unwrap();
    decide(&host, id, Decision::approve("dana")).await.unwrap().settled().await.unwrap();
    assert_eq!(place.refunds(), [format!("{id}/refund")]);
    assert!(!place.data("journal.db").exists());
}
