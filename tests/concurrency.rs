//! Many runs in one host, and two hosts at one run.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Barrier};

use stockade::{Budget, Change, Clock, Code, Decision, Filter, Grant, Host, Kind, Outcome, Status};
use stockade_tests::{Place, decide, dist, input};

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
async fn one_of_two_hosts_that_decide_at_the_same_moment_wins() {
    let place = Place::new();
    let (one, other) = (place.host().build().await.unwrap(), place.host().build().await.unwrap());
    let mut refunds = 0;
    for _ in 0..20 {
        let run = one.start("refund", input("user_123"), Budget::default()).await.unwrap();
        let id = run.id();
        run.settled().await.unwrap();
        let (yes, no) =
            tokio::join!(decide(&one, id, Decision::approve("dana")), decide(&other, id, Decision::deny("eve")));
        let (won, lost) = match (yes, no) {
            (Ok(won), Err(lost)) => {
                refunds += 1;
                (won, lost)
            }
            (Err(lost), Ok(won)) => (won, lost),
            (Ok(_), Ok(_)) => panic!("both decided run {id}"),
            (Err(yes), Err(no)) => panic!("neither decided run {id}: {yes}; {no}"),
        };
        assert_eq!(lost.kind, Kind::Conflict, "{lost}");
        assert!(matches!(won.settled().await.unwrap(), Outcome::Done(_)));
        assert_eq!(place.refunds().len(), refunds);
    }
}

/// Two hosts resume the same run: one goes on, and the other stops before it does anything twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_that_resume_the_same_run_refund_once() {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let id = run.id();
    run.settled().await.unwrap();
    let entries = host.entries(id).await.unwrap();
    drop(host);
    // Up to the refund's outcome; with that in the journal, the shop that is forgotten here would have it, too.
    let outcome = entries
        .iter()
        .position(|entry| matches!(&entry.change, Change::Stepped { event, .. } if event.key() == Some("refund")));
    for cut in 1..=outcome.unwrap() {
        place.clear();
        place.journal_of(&entries[..cut]).await;
        let (one, other) = (place.host().build().await.unwrap(), place.host().build().await.unwrap());
        let settled = async |host: &Host| host.resume(id).await?.settled().await;
        let (first, second) = tokio::join!(settled(&one), settled(&other));
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

/// A server that answers no request before it has two, and its port.
fn pair() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, both) = (listener.local_addr().unwrap().port(), Arc::new(Barrier::new(2)));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let both = Arc::clone(&both);
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                both.wait();
                // One of them may have gone away.
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
            });
        }
    });
    port
}

/// A host whose workflow "exec" can fetch from that server, and whose clock is ahead by so much.
async fn fetching(place: &Place, port: u16, ahead_ms: u64) -> Host {
    let grant = Grant::http(format!("GET http://127.0.0.1:{port}/")).addresses(["127.0.0.1"]);
    let builder = place.host().tool("fetch", dist("fetch"), [grant]).idempotent("fetch").built_in_languages();
    let clock = Clock::default();
    builder.scratch(place.path("")).clock(Clock::new(move || clock.now_ms() + ahead_ms)).build().await.unwrap()
}

const FETCH: &str = "return (await fetch.send({request: {method: 'GET', scheme: 'http', authority: input, path: '/', \
                     headers: [], body: [], trailers: []}})).status";

/// A run whose driver lives is left to it; a driver that was stopped and wakes finds that another went on.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_driven_is_taken_up_only_when_its_driver_is_not_heard_of_any_more() {
    let (place, port) = (Place::new(), pair());
    let one = fetching(&place, port, 0).await;
    let code = Code::new("javascript", FETCH).input(format!("127.0.0.1:{port}").into()).tools(["fetch"]);
    let run = one.exec(code, Budget::default().fuel(1 << 40)).await.unwrap();
    let id = run.id();
    let other = fetching(&place, port, 0).await;
    for host in [&one, &other] {
        let busy = host.resume(id).await.err().unwrap();
        assert_eq!((busy.kind, busy.detail.as_deref()), (Kind::Conflict, Some("busy")), "{busy}");
        assert_eq!(host.runs(&Filter::default()).await.unwrap()[0].status, Status::Running);
        assert_eq!(host.report(id).await.unwrap().status, Status::Running);
        assert_eq!(host.unfinished().await.unwrap(), []);
    }
    // To a host whose clock is so far ahead, the first has not been heard of for too long.
    let late = fetching(&place, port, 60_000).await;
    assert_eq!(late.report(id).await.unwrap().status, Status::Interrupted);
    assert_eq!(late.unfinished().await.unwrap(), [id]);
    let taken = late.resume(id).await.unwrap();
    let (first, second) = tokio::join!(run.settled(), taken.settled());
    assert_eq!(second.unwrap(), Outcome::Done(200.into()));
    let fenced = first.unwrap_err();
    assert_eq!((fenced.kind, fenced.detail.as_deref()), (Kind::Conflict, Some("fenced")), "{fenced}");
    assert_eq!(one.report(id).await.unwrap().status, Status::Done);
}
