//! Sessions of code: their turns, their bounds and their end.

use serde_json::json;
use stockade::{Budget, Code, CodeEnd, Currency, Host, Kind, Outcome, SessionLimits};
use stockade_tests::Place;

use crate::code::{budget, cell, exec, exec_within, host, javascript, value};
use crate::programs::finished;

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

/// They ran at the next cell's first `await`, and what they printed was told as that cell's.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_a_cell_leaves_when_it_ends_early_do_not_run_in_the_next() {
    let place = Place::new();
    let host = host(&place).await;
    for (session, ends) in [("exits", "process.exit(1)"), ("throws", "throw new Error('of a timer')")] {
        let leaves = "Promise.resolve().then(() => ++late); (async () => { await null; ++late; })();";
        let source = format!("globalThis.late = 0; setTimeout(() => {{ {leaves} {ends} }}, 1); 1");
        let (_, outcome) = exec(&host, cell(session, &source)).await;
        assert!(matches!(outcome, Outcome::Failed(_) | Outcome::Done(_)), "{outcome}");
        let next = "const deep = (n) => (n === 0 ? 0 : 1 + deep(n - 1)); await null; [late, deep(200)]";
        assert_eq!(value(&host, cell(session, next)).await, json!([0, 200]), "{session}");
    }
}

/// An empty name, or one of two dots, is in no address of the server, so that nothing removed it; in PostgreSQL, a long one had
/// no place in the index.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_session_can_have_is_refused_before_the_code_runs() {
    let place = Place::new();
    let host = host(&place).await;
    value(&host, cell("from", "let a = 1")).await;
    for name in ["", "  ", ".", "..", "a\nb", "a\0", &"x".repeat(513)] {
        let fault = host.exec(cell(name, "1"), budget()).await.map(drop).unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("session")), "{name:?}");
        assert_eq!(host.fork("from", name).await.unwrap_err().kind, Kind::Invalid, "{name:?}");
        let started = host.start("exec", serde_json::to_value(cell(name, "1")).unwrap(), budget()).await.unwrap();
        let Outcome::Failed(fault) = started.settled().await.unwrap() else { panic!("{name:?}") };
        assert_eq!(fault.kind, Kind::Invalid, "{name:?}");
    }
    assert_eq!(host.sessions(None, 9).await.unwrap(), ["from"]);
    for name in ["a b", "a/b", "mcp/3/bot/x", "..a", "\u{e9}", &"x".repeat(512)] {
        value(&host, cell(name, "1")).await;
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_after_a_restart_and_after_a_cell_that_was_stopped() {
    let place = Place::new();
    let first = host(&place).await;
    value(&first, cell("s", "let count = 1; const add = n => count += n; globalThis.seen = Math.random()")).await;
    let pays = Code {
        tools: vec!["payments".into()],
        ..cell("s", "let receipt = await payments.refund({user_id: 'user_789', amount_cents: 7900}); add(1)")
    };
    assert_eq!(value(&first, pays).await, 2);
    let (_, outcome) = exec(&first, cell("s", "add(100); throw new TypeError('caught by nobody')")).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome}");
    let (_, outcome) = exec_within(&first, cell("s", "add(1000); while (true);"), budget().fuel(1_000_000)).await;
    assert!(matches!(outcome, Outcome::Suspended(_)), "{outcome}");
    // What raised has happened; what was stopped has not.
    assert_eq!(value(&first, cell("s", "count")).await, 102);
    let seen = value(&first, cell("s", "seen")).await;
    drop(first);
    let second = host(&place).await;
    assert_eq!(value(&second, cell("s", "add(1)")).await, 103);
    assert_eq!(value(&second, cell("s", "seen")).await, seen);
    assert_eq!(place.refunds().len(), 1, "a cell that runs again pays nothing again");
    let (_, outcome) = exec(&second, cell("other", "count")).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "another session has none of it: {outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_restoring_of_a_session_is_paid_for_and_bounded_by_the_run_that_needs_it() {
    let place = Place::new();
    let first = host(&place).await;
    let work = "let sum = 0; for (let i = 0; i < 1e6; i++) sum += i; sum";
    let (before, _) = exec(&first, cell("s", work)).await;
    let cost = finished(&first, before).await.fuel;
    drop(first);
    let second = host(&place).await;
    let (run, outcome) = exec_within(&second, cell("s", "sum"), budget().fuel(cost / 2)).await;
    let Outcome::Suspended(exceeded) = outcome else { panic!("{outcome}") };
    assert_eq!((exceeded.limit, exceeded.allowed), (Currency::Fuel, cost / 2));
    assert!(exceeded.used >= cost, "{exceeded} tells what it takes");
    assert!(second.state(run).await.unwrap().ledger().spent().fuel < cost / 2, "nothing was begun in vain");
    let (late, outcome) = exec_within(&second, cell("s", "sum"), budget().with(Currency::Wall, 1_000)).await;
    let Outcome::Suspended(exceeded) = outcome else { panic!("{outcome}") };
    assert_eq!(exceeded.limit, Currency::Wall);
    let more = Budget::NONE.fuel(cost).with(Currency::Wall, 60_000_000);
    for run in [run, late] {
        let outcome = second.extend(run, more).await.unwrap().settled().await.unwrap();
        assert_eq!(outcome, Outcome::Done(json!(499_999_500_000_u64)), "nothing is lost");
    }
    let second = &second;
    let spent = |run| async move { second.state(run).await.unwrap().ledger().spent().fuel };
    assert!(spent(run).await > cost, "what was run again is paid");
    assert!(spent(late).await < cost, "the second finds the session as the first has left it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_forks() {
    let place = Place::new();
    let host = host(&place).await;
    value(&host, cell("a", "let list = [1]")).await;
    host.fork("a", "b").await.unwrap();
    assert_eq!(value(&host, cell("a", "list.push(2)")).await, 2);
    assert_eq!(value(&host, cell("b", "list")).await, json!([1]));
    assert_eq!(host.fork("a", "b").await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(host.fork("nothing", "c").await.unwrap_err().kind, Kind::NotFound);
}

/// A journal of before its index had the cells of sessions and the start keys in tables of their own.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_and_a_start_key_of_before_the_index_go_on() {
    const BEFORE: &str = "
        CREATE TABLE cells (
            session TEXT NOT NULL, number INTEGER NOT NULL, run BLOB NOT NULL, key TEXT NOT NULL,
            PRIMARY KEY (session, number)
        ) WITHOUT ROWID;
        CREATE TABLE marks (
            store TEXT NOT NULL, label TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (store, label)
        ) WITHOUT ROWID;
        CREATE TABLE starts (key TEXT PRIMARY KEY, run BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX starts_by_run ON starts (run);
        INSERT INTO cells SELECT 'a/b', CAST(substr(key, -10) AS INTEGER), run, value FROM index_rows WHERE space = 'session';
        INSERT INTO starts SELECT key, run FROM index_rows WHERE space = 'start_key';
        DROP TABLE index_rows;
        DROP TABLE blobs;
        DROP INDEX runs_by_change; DROP INDEX runs_by_start_key; DROP INDEX runs_to_fill;
        ALTER TABLE runs DROP COLUMN start_key;
        ALTER TABLE runs DROP COLUMN labels;
        ALTER TABLE runs DROP COLUMN waiting_for;
        PRAGMA user_version = 4;";
    let place = Place::new();
    let cell = |source| Code { session: Some("a/b".to_owned()), ..javascript(source) };
    let start = async |host: &Host| {
        let run = host.start_once("order/7", "refund", stockade_tests::input("user_789"), Budget::default()).await;
        run.unwrap().id()
    };
    let before = host(&place).await;
    assert_eq!(value(&before, cell("let a = 7; return a")).await, json!(7));
    let run = start(&before).await;
    before.run(run).settled().await.unwrap();
    drop(before);
    place.as_before_packing().await.execute_batch(BEFORE).unwrap();

    let after = host(&place).await;
    assert_eq!(value(&after, cell("return a + 1")).await, json!(8));
    assert_eq!(start(&after).await, run);
    after.fork("a/b", "c").await.unwrap();
    assert_eq!(value(&after, Code { session: Some("c".to_owned()), ..javascript("return a") }).await, json!(7));
}

/// What a cell that returns declares is its function's own: later cells read and write it there.
#[tokio::test(flavor = "multi_thread")]
async fn names_of_a_cell_that_returns_are_those_of_its_functions() {
    let place = Place::new();
    let host = host(&place).await;
    let first = "let n = 1, $$ = 2; const add = () => n += 1; return add(); let late";
    assert_eq!(value(&host, cell("names", first)).await, json!(2));
    assert_eq!(value(&host, cell("names", "add(); n *= 10; $$ = 5; [n, add(), $$]")).await, json!([30, 31, 5]));
    let (run, _) = exec(&host, cell("names", "\n  [n, late]")).await;
    let CodeEnd::Raised(raised) = finished(&host, run).await.ended else { panic!("it has no value") };
    assert_eq!((raised.name.as_str(), raised.line, raised.column), ("ReferenceError", Some(2), Some(7)));
}

/// Forks of one session at the same time: "database is locked" was what most of them ended with.
#[tokio::test(flavor = "multi_thread")]
async fn forks_at_the_same_time_are_all_made() {
    let place = Place::new();
    let hosts = [host(&place).await, host(&place).await, host(&place).await, host(&place).await];
    let first = Code { session: Some("first".to_owned()), ..javascript("return 1") };
    assert_eq!(value(&hosts[0], first).await, json!(1));
    let mut forks = tokio::task::JoinSet::new();
    for (number, host) in (0..32).zip(hosts.iter().cycle()) {
        let host = host.clone();
        forks.spawn(async move { host.fork("first", &format!("fork-{number}")).await });
    }
    for forked in forks.join_all().await {
        forked.unwrap();
    }
}
