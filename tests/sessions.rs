//! Sessions of code: their turns, their bounds and their end.

use serde_json::json;
use stockade::{Code, Kind, Outcome, SessionLimits};
use stockade_tests::Place;

use crate::code::{cell, exec, host, value};

/// It had no calls to make, and so its run was suspended for more of them, however many there were.
#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_an_earlier_cell_kept_is_refused_to_a_cell_that_was_not_given_it() {
    let place = Place::new();
    let host = host(&place).await;
    value(&host, Code { tools: vec!["purchases".into()], ..cell("s", "globalThis.kept = purchases.find; 1") }).await;
    let calls = "try { await kept({user_id: 'user_123'}); return 'called' } catch (error) { return [error.kind, error.message] }";
    let refused = json!(["denied", "the code asked for \"purchases.find\" and was given no tools"]);
    assert_eq!(value(&host, cell("s", calls)).await, refused);
    assert_eq!(value(&host, cell("s", "typeof purchases")).await, "undefined");
}

/// What a cell does to the language's own objects stays with its session.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_cell_does_to_prototypes_is_seen_by_its_own_session_alone() {
    let place = Place::new();
    let host = host(&place).await;
    let pollutes = "Object.prototype.polluted = 1; Array.prototype.map = JSON.parse = null; Buffer.from = null; 1";
    value(&host, cell("polluted", pollutes)).await;
    let looks = "[{}.polluted === undefined, typeof [].map, typeof JSON.parse, typeof Buffer.from]";
    assert_eq!(value(&host, cell("clean", looks)).await, json!([true, "function", "function", "function"]));
    assert_eq!(value(&host, cell("polluted", "({}).polluted + 1")).await, 2);
    // What breaks the session does not break the host, and its other cells end as exceptions.
    let breaks = "for (const one of [Object, Array, String, Map, Promise, Function]) \
                  for (const name of Object.getOwnPropertyNames(one.prototype)) \
                  try { if (name !== 'constructor') one.prototype[name] = null } catch { } \
                  JSON.stringify = JSON.parse = null; 1";
    exec(&host, cell("polluted", breaks)).await;
    let (_, outcome) = exec(&host, cell("polluted", "[1, 2]")).await;
    assert!(matches!(outcome, Outcome::Failed(_) | Outcome::Done(_)), "{outcome}");
    assert_eq!(value(&host, cell("clean", looks)).await, json!([true, "function", "function", "function"]));
}

/// Pieces of code that run in one session at the same time: all but one were lost.
#[tokio::test(flavor = "multi_thread")]
async fn code_of_one_session_waits_for_the_code_before_it() {
    let place = Place::new();
    let host = host(&place).await;
    let count = "globalThis.count = (globalThis.count ?? 0) + 1; return count";
    let mut cells = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let host = host.clone();
        cells.spawn(async move { value(&host, cell("both", count)).await.as_u64().unwrap() });
    }
    let mut counted = cells.join_all().await;
    counted.sort_unstable();
    assert_eq!(counted, (1..=8).collect::<Vec<_>>());
    assert_eq!(host.session("both", None, 9).await.unwrap().len(), 8);
}

/// What another host overtook stayed *running*, and later it had failed; code that has called nothing runs again.
#[tokio::test(flavor = "multi_thread")]
async fn code_that_another_host_overtakes_in_its_session_runs_again() {
    let place = Place::new();
    let (one, other) = (host(&place).await, host(&place).await);
    let count = || cell("both", "globalThis.count = (globalThis.count ?? 0) + 1; return count");
    let (one, other) = tokio::join!(value(&one, count()), value(&other, count()));
    let mut counted = [one.as_u64().unwrap(), other.as_u64().unwrap()];
    counted.sort_unstable();
    assert_eq!(counted, [1, 2]);
    let reader = host(&place).await;
    assert_eq!(reader.unfinished().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_no_more_cells_and_bytes_than_the_host_allows() {
    let place = Place::new();
    let at = &place;
    let bounded = |limits: SessionLimits| async move {
        let builder = at.host().built_in_languages().scratch(at.path("")).session_limits(limits);
        builder.build().await.unwrap()
    };
    let host = bounded(SessionLimits { cells: 2, ..SessionLimits::default() }).await;
    for code in ["let a = 1", "a"] {
        value(&host, cell("s", code)).await;
    }
    let refusal = |outcome: Outcome| {
        let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
        let breach = fault.breach.clone().unwrap();
        (fault.kind, fault.detail.clone().unwrap(), breach.limit, breach.allowed)
    };
    let (_, full) = exec(&host, cell("s", "a")).await;
    assert_eq!(refusal(full), (Kind::Conflict, "session".to_owned(), "session_cells".to_owned(), 2));
    assert_eq!(value(&host, cell("t", "1")).await, 1, "another session has room");
    drop(host);
    // A host that has to run the cells again sees the bound before it holds more.
    let host = bounded(SessionLimits { bytes: 9, ..SessionLimits::default() }).await;
    let (_, full) = exec(&host, cell("s", "a")).await;
    assert_eq!(refusal(full), (Kind::Conflict, "session".to_owned(), "session_bytes".to_owned(), 9));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_removed_leaves_the_runs_that_another_one_needs() {
    let place = Place::new();
    let (host, other) = (host(&place).await, host(&place).await);
    let (first, _) = exec(&host, cell("a", "let list = [1]")).await;
    host.fork("a", "b").await.unwrap();
    let (second, _) = exec(&host, cell("a", "list.push(2)")).await;
    assert_eq!(value(&other, cell("a", "list.length")).await, 2);
    let gone = host.remove_session("a", "dana").await.unwrap();
    assert_eq!((gone.cells, gone.removed.contains(&second), gone.kept), (3, true, vec![first]));
    assert_eq!(host.sessions(None, 9).await.unwrap(), ["b"]);
    assert_eq!(value(&host, cell("b", "list")).await, json!([1]));
    for host in [&host, &other] {
        let (_, outcome) = exec(host, cell("a", "list")).await;
        assert!(matches!(outcome, Outcome::Failed(_)), "the variables are gone: {outcome}");
    }
    assert_eq!(host.remove_session("nothing", "dana").await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(host.remove_session("b", " ").await.unwrap_err().kind, Kind::Invalid);
}
