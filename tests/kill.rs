//! Killed at every point, a run ends as if nothing had happened, and its refund is booked once.
//!
//! Two ways to die: the journal is cut after each of its records in turn, which covers every moment that a crash can
//! leave behind; and the real process is killed, which covers what we did not think of.

use std::io::{BufRead as _, BufReader, Lines};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use serde_json::{Value, json};
use stockade::journal::MemoryJournal;
use stockade::journal::conformance::{Flaw, Table, Verdict};
use stockade::{
    Budget, Builder, Change, Clock, Currency, Decision, Entry, Grant, Hooks, Host, Kind, Outcome, Run, RunId, RunState,
    Status,
};
use stockade_tests::crash::{done, every, is_all};
use stockade_tests::cut::Cut;
use stockade_tests::{Answer, Place, decide, dist, input};

/// A way through the workflow: who asks, what a person says, what the run may spend at first.
#[derive(Clone, Copy)]
struct Path {
    user: &'static str,
    decide: Option<fn() -> Decision>,
    budget: fn() -> Budget,
}

const PATHS: [Path; 7] = [
    Path { user: "user_789", decide: None, budget: Budget::default },
    Path { user: "user_456", decide: None, budget: Budget::default },
    Path { user: "nobody", decide: None, budget: Budget::default },
    Path { user: "user_123", decide: Some(|| Decision::approve("dana")), budget: Budget::default },
    Path { user: "user_123", decide: Some(|| Decision::deny("dana")), budget: Budget::default },
    // The refund's own call is cut short, suspended, and made again.
    Path { user: "user_789", decide: None, budget: || Budget::default().fuel(3_000) },
    Path { user: "user_123", decide: Some(|| Decision::approve("dana")), budget: || Budget::default().steps(5) },
];

/// Drives a run to its end, whatever it stands at: answers its question, adds to its budget.
async fn to_the_end(host: &Host, run: Run, path: Path) -> RunState {
    let id = run.id();
    let mut outcome = run.settled().await.unwrap();
    loop {
        let next = match outcome {
            Outcome::Waiting(_) => decide(host, id, path.decide.unwrap()()).await,
            Outcome::Suspended(_) => host.extend(id, Budget::NONE.fuel(1_000_000).with(Currency::Steps, 20)).await,
            Outcome::Paused(_) => host.resume(id).await,
            Outcome::Done(_) | Outcome::Failed(_) | Outcome::Stopped(_) | Outcome::InDoubt(_) | Outcome::Parked(_) => {
                break;
            }
        };
        outcome = next.unwrap().settled().await.unwrap();
    }
    host.state(id).await.unwrap()
}

/// Where the refund's intent and its outcome stand in the journal, if it has them.
fn refund_at(entries: &[Entry]) -> (Option<usize>, Option<usize>) {
    let intent =
        entries.iter().rposition(|entry| matches!(&entry.change, Change::Reserved { key, .. } if key == "refund"));
    let outcome = entries
        .iter()
        .position(|entry| matches!(&entry.change, Change::Stepped { event, .. } if event.key() == Some("refund")));
    (intent, outcome)
}

/// Books the refund as the payments tool would have.
fn book(place: &Place, run: RunId, user: &str, amount: u64) {
    let insert = "INSERT INTO refunds (idempotency_key, user_id, amount_cents) VALUES (?1, ?2, ?3)";
    let shop = Connection::open(place.data("shop.db")).unwrap();
    shop.execute(insert, rusqlite::params![format!("{run}/refund"), user, amount]).unwrap();
}

fn amount(user: &str) -> u64 {
    if user == "user_123" { 14_900 } else { 7_900 }
}

/// Records a path, cuts its journal after each record, and expects each remnant to end in the same way.
async fn cut_everywhere(path: Path) {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let run = host.start("refund", input(path.user), (path.budget)()).await.unwrap();
    let id = run.id();
    let ended = to_the_end(&host, run, path).await;
    let (entries, refunds) = (host.entries(id).await.unwrap(), place.refunds());
    drop(host);
    assert_eq!(ended.status(), Status::Done);
    let (intent, outcome) = refund_at(&entries);
    assert_eq!(outcome.is_some(), refunds == [format!("{id}/refund")]);

    for cut in 1..=entries.len() {
        // Before its outcome was recorded the refund may not have been made; from its intent on it may have been.
        let unbooked = outcome.is_none_or(|outcome| cut <= outcome).then_some(false);
        let booked = intent.filter(|intent| cut > *intent).map(|_| true);
        for booked in [unbooked, booked].into_iter().flatten() {
            // The same place, for where the shop is belongs to what a person said yes to.
            place.clear();
            let host = place.host().build().await.unwrap();
            place.journal_of(&entries[..cut]).await;
            if booked {
                book(&place, id, path.user, amount(path.user));
            }
            let running = RunState::fold(id, &entries[..cut]).unwrap().status() == Status::Running;
            assert_eq!(host.unfinished().await.unwrap(), if running { vec![id] } else { vec![] });
            let again = to_the_end(&host, host.resume(id).await.unwrap(), path).await;
            let at = format!("{} cut after {cut}, refund booked: {booked}", path.user);
            assert_eq!((again.end(), again.log()), (ended.end(), ended.log()), "{at}");
            assert_eq!(place.refunds(), refunds, "{at}");
        }
    }
}

#[tokio::test]
async fn each_path_ends_the_same_when_cut_after_any_record() {
    for path in PATHS {
        cut_everywhere(path).await;
    }
}

/// The host goes away, and with it all that it has not committed.
async fn gone(host: Host) {
    host.idle().await;
    drop(host);
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_run_ends_the_same_after_whichever_commit_its_host_dies() {
    for taken in 1.. {
        let (place, journal) = (Place::new(), MemoryJournal::new(Clock::default()));
        let cut = Cut::after(taken, &journal);
        let asked = cut.asked();
        let first = place.host().with_journal(cut).scratch(place.path("")).build().await.unwrap();
        let run = first.start("refund", input("user_789"), Budget::default()).await.unwrap();
        let id = run.id();
        drop(run.settled().await);
        gone(first).await;
        if asked.load(Ordering::SeqCst) <= taken {
            assert!(taken > 2, "a refund takes more commits than that");
            return;
        }
        let other = place.host().with_journal(journal.open_again()).scratch(place.path("")).build().await.unwrap();
        let again = other.resume(id).await.unwrap().settled().await.unwrap();
        assert!(matches!(again, Outcome::Done(_)), "cut after {taken}: {again}");
        assert_eq!(place.refunds(), [format!("{id}/refund")], "cut after {taken}");
    }
}

/// Keeps what was committed together.
#[derive(Clone, Default)]
struct Commits(Arc<Mutex<Vec<Vec<Entry>>>>);

impl Hooks for Commits {
    fn committed(&self, _: &RunState, entries: &[Entry]) {
        self.0.lock().unwrap().push(entries.to_vec());
    }
}

/// Returns the commits of a refund that is booked.
async fn commits_of_a_refund(builder: Builder) -> Vec<Vec<Entry>> {
    let commits = Commits::default();
    let host = builder.hooks(commits.clone()).build().await.unwrap();
    let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    assert!(matches!(run.settled().await.unwrap(), Outcome::Done(_)));
    commits.0.lock().unwrap().clone()
}

/// Whether the commit that has the refund's outcome ends the run as well. The refund's intent is in the commit before it.
fn outcome_comes_with_the_end(commits: &[Vec<Entry>]) -> bool {
    let intent = commits.iter().position(|entries| refund_at(entries).0.is_some()).unwrap();
    let outcome = commits.iter().position(|entries| refund_at(entries).1.is_some()).unwrap();
    assert_eq!(outcome, intent + 1);
    matches!(commits[outcome].last().unwrap().change, Change::Stepped { end: Some(_), .. })
}

/// Of the five calls of a refund only one leaves a trace. All before it is durable when it begins. Its tool tells a repetition, so
/// that what it returned may wait for the letter, which is only computed.
#[tokio::test]
async fn calls_that_only_compute_wait_for_the_commit_of_what_follows() {
    let mut fewest = usize::MAX;
    // A machine that is busy tells of what takes long before that is over.
    for _ in 0..TRIES {
        let place = Place::new();
        let commits = commits_of_a_refund(place.host()).await;
        fewest = fewest.min(commits.len());
        if fewest == 3 {
            assert!(outcome_comes_with_the_end(&commits));
            return;
        }
    }
    panic!("a refund takes {fewest} commits at best");
}

/// Without a promise that a repetition has no second effect, what a call has done is durable before anything follows from it.
#[tokio::test]
async fn the_outcome_of_a_call_that_may_not_be_repeated_waits_for_nothing() {
    let place = Place::new();
    let commits = commits_of_a_refund(unrepeatable(&place)).await;
    assert!(!outcome_comes_with_the_end(&commits) && commits.len() >= 4, "{}", commits.len());
}

/// The refund's tools, of which none is declared to tell a repetition.
fn unrepeatable(place: &Place) -> Builder {
    let shop = Grant::sql("shop", format!("sqlite:{}", place.data("shop.db").display()));
    let builder = place.bare().tool("purchases", dist("purchases"), [shop.clone()]).tool("policy", dist("policy"), []);
    builder.tool("payments", dist("payments"), [shop.writable()]).tool("letters", dist("letters"), [])
}

/// Without a promise that a repetition has no second effect, nothing is repeated: the outcome is unknown.
#[tokio::test]
async fn an_interrupted_call_that_may_not_be_repeated_is_not() {
    let whole = Place::new();
    let host = whole.host().build().await.unwrap();
    let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let id = run.id();
    run.settled().await.unwrap();
    let entries = host.entries(id).await.unwrap();
    let (intent, outcome) = refund_at(&entries);
    for (cut, unknown) in [(intent.unwrap(), false), (intent.unwrap() + 1, true), (outcome.unwrap() + 1, false)] {
        let place = Place::new();
        let host = unrepeatable(&place).build().await.unwrap();
        place.journal_of(&entries[..cut]).await;
        let outcome = host.resume(id).await.unwrap().settled().await.unwrap();
        if unknown {
            let Outcome::InDoubt(doubts) = outcome else { panic!("{outcome}") };
            let fault = &doubts[0].error;
            assert_eq!((fault.kind, fault.tool.as_deref()), (Kind::UnknownOutcome, Some("payments")), "{fault}");
            assert_eq!(place.refunds().len(), 0);
            // It stays so: the call is not made again, and nothing is made up for later.
            assert!(matches!(host.resume(id).await.unwrap().settled().await.unwrap(), Outcome::InDoubt(_)));
            assert_eq!(place.refunds().len(), 0);
            assert_eq!(decide(&host, id, Decision::approve("dana")).await.err().unwrap().kind, Kind::Conflict);
        } else {
            assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
        }
    }
}

/// Starts the binary and kills it: at once, or when it has told of so many commits, and after spinning for a while. Returns whether
/// the signal has ended it: the process may have ended by itself before.
fn kill_after(place: &Place, args: &[&str], lines: usize, spins: u32) -> bool {
    let (mut child, _told) = begun(place.command(args), lines, spins);
    child.kill().unwrap();
    child.wait().unwrap().signal().is_some()
}

/// Starts a process, waits until it has told of so many commits, and spins for a while. Returns it, and what it tells next.
pub(crate) fn begun(mut command: Command, lines: usize, spins: u32) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    told.by_ref().take(lines).for_each(|line| drop(line.unwrap()));
    (0..spins).for_each(|_| std::hint::spin_loop());
    (child, told)
}

/// Resumes what is there, answers what is asked, begins again what was never begun, and returns the only run.
fn recover(place: &Place, user: &str) -> Value {
    told(&place.json(&["resume"]));
    let runs = place.json(&["runs"]).json;
    let runs = runs.as_array().unwrap();
    assert!(runs.len() <= 1, "{runs:?}");
    let Some(run) = runs.first() else {
        // Killed before the program said anything: there is no run, so nothing is lost.
        assert_eq!(place.marks(), (0, 0, 0));
        place.refund(user, &[]);
        return recover(place, user);
    };
    let id = run["run_id"].as_str().unwrap();
    if run["status"] == "waiting" {
        told(&place.json(&["approve", id, "--by", "dana"]));
    } else {
        eprintln!("status {}", run["status"]);
    }
    place.json(&["show", id]).json
}

/// Prints what a command said, for the output of a test that has failed.
fn told(answer: &Answer) {
    eprintln!("exit {:?}: {}{}", answer.exit, answer.stdout, answer.stderr);
}

/// Says how a run ended whose process was killed: as any other does, and refunded once.
pub(crate) fn ended(place: &Place, user: &str) -> Verdict {
    let (run, refunds) = (recover(place, user), place.refunds());
    let told = |flaw| Err((flaw, format!("{run:#}\n{refunds:?}")));
    let lines = if user == "user_123" { 8 } else { 6 };
    let is_whole = run["log"].as_array().map(Vec::len) == Some(lines) && run["output"]["reference"] == "re_1";
    if (&run["status"], &run["state"]) != (&json!("done"), &json!("COMPLETE")) {
        return told(Flaw::Stuck);
    }
    if refunds.len() > 1 {
        return told(Flaw::Duplicated);
    }
    let is_booked = refunds == [format!("{}/refund", run["run_id"].as_str().unwrap())];
    if is_whole && is_booked { Ok(()) } else { told(Flaw::Lost) }
}

#[track_caller]
fn assert_ended(place: &Place, user: &str, at: &str) {
    if let Err((flaw, why)) = ended(place, user) {
        panic!("{at}: {flaw:?}: {why}");
    }
}

/// Moments after a line: at once, and later by amounts that fall into the next step's work.
const SPINS: [u32; 3] = [0, 20_000, 300_000];

#[test]
fn the_process_is_killed_while_it_runs() {
    let input = input("user_789").to_string();
    for lines in 0..=7 {
        for spins in SPINS {
            let place = Place::new();
            kill_after(&place, &["run", "refund", "--input", &input], lines, spins);
            assert_ended(&place, "user_789", &format!("killed after {lines} lines and {spins} spins"));
        }
    }
}

#[test]
fn the_process_is_killed_on_its_way_to_the_question() {
    let input = input("user_123").to_string();
    for lines in 0..=6 {
        let place = Place::new();
        kill_after(&place, &["run", "refund", "--input", &input], lines, 0);
        assert_ended(&place, "user_123", &format!("killed after {lines} lines"));
    }
}

#[test]
fn the_process_is_killed_after_the_answer() {
    for lines in 0..=3 {
        for spins in SPINS {
            let place = Place::new();
            let run = place.refund("user_123", &[]).run();
            kill_after(&place, &["approve", &run, "--by", "dana"], lines, spins);
            assert_ended(&place, "user_123", &format!("killed after {lines} lines and {spins} spins"));
        }
    }
}

/// When a process is killed: which command it obeys, after how many lines of it, and after how many spins.
type Moment = (&'static str, usize, u32);

/// How many processes are killed at least where all moments are played; the others have ended before their moment came.
const KILLED_MIN: u64 = 1_000;

/// 2,660 moments. A test run plays a sample of them, and with `STOCKADE_SCENARIOS=all` all.
fn moments() -> impl Iterator<Item = Moment> {
    let lines = [("user_789", 7), ("user_123", 6), ("approve", 3)];
    let lines = lines.into_iter().flat_map(|(command, last)| (0..=last).map(move |lines| (command, lines)));
    // To begin takes a process longer than a step.
    let step = |lines: usize| if lines == 0 { 6_000_u32 } else { 3_000 };
    lines.flat_map(move |(command, lines)| (0..140).map(move |spins| (command, lines, spins * step(lines))))
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_a_run_that_ends_as_any_other() {
    let mut table = Table::default();
    for (command, lines, spins) in moments().step_by(every(239)) {
        let (place, user) = (Place::new(), if command == "approve" { "user_123" } else { command });
        let is_killed = if command == "approve" {
            let run = place.refund(user, &[]).run();
            kill_after(&place, &["approve", &run, "--by", "dana"], lines, spins)
        } else {
            kill_after(&place, &["run", "refund", "--input", &input(user).to_string()], lines, spins)
        };
        if is_killed {
            let name = || format!("{command} after {lines} lines and {spins} spins");
            table.count("file: processes that are killed", name, &ended(&place, user));
        }
    }
    done(&table);
    let killed = table.all().scenarios;
    assert!(!is_all() || killed >= KILLED_MIN, "only {killed} processes were killed before they had ended");
}

/// Locks a database against all other writers.
fn lock(path: &std::path::Path) -> Connection {
    let db = Connection::open(path).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    db
}

/// How often a run may be too fast for us, or the shop too patient, before it is no accident.
const TRIES: usize = 20;

/// Starts a run and holds it in the middle of its refund: the intent is told of, and the shop refuses all writes.
fn held_in_the_refund(place: &Place) -> (Child, Connection) {
    let input = input("user_789").to_string();
    for _ in 0..TRIES {
        if place.data("").exists() {
            place.clear();
        }
        // The shop exists before the run begins, so that it can be locked as soon as the run tells that it has begun.
        place.json(&["tool", "list"]);
        let mut command = place.command(&["run", "refund", "--input", &input]);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        told.next().unwrap().unwrap();
        let shop = lock(&place.data("shop.db"));
        if place.refunds().is_empty() {
            let last = told.find(|line| line.as_ref().unwrap().ends_with("EXECUTE_REFUND"));
            assert!(last.is_some(), "the run did not say that it had reached its refund");
            return (child, shop);
        }
        drop(told);
        child.wait().unwrap();
    }
    panic!("the refund is always made before the run tells that it has begun");
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Whether the run was caught in flight: a call does not wait for a locked database for ever.
fn is_running(place: &Place) -> bool {
    place.json(&["runs"]).json[0]["status"] == "interrupted"
}

#[test]
fn the_process_is_killed_before_the_shop_has_booked() {
    let place = Place::new();
    let caught = (0..TRIES).any(|_| {
        let (child, shop) = held_in_the_refund(&place);
        kill(child);
        drop(shop);
        is_running(&place)
    });
    assert!(caught && place.refunds().is_empty());
    let run = place.json(&["runs"]).json[0]["run_id"].as_str().unwrap().to_owned();
    let shown = place.json(&["show", &run]).json;
    let is_intent = |entry: &&Value| entry["change"] == "reserved" && entry["key"] == "refund";
    assert_eq!(shown["timeline"].as_array().unwrap().iter().filter(is_intent).count(), 1);
    assert_ended(&place, "user_789", "killed before the shop has booked");
}

/// The worst moment: the money has gone and the journal does not have it.
#[test]
fn the_process_is_killed_after_the_shop_has_booked_and_before_the_journal_knows() {
    let place = Place::new();
    let caught = (0..TRIES).any(|_| {
        let (mut child, shop) = held_in_the_refund(&place);
        let journal = lock(&place.data("journal.db"));
        drop(shop);
        while place.refunds().is_empty() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        kill(child);
        drop(journal);
        is_running(&place) && !place.refunds().is_empty()
    });
    assert!(caught);
    assert_ended(&place, "user_789", "killed after the shop has booked");
}

/// One run is killed again and again, and each time gets as far as it gets.
#[test]
fn the_process_is_killed_each_time_it_resumes() {
    let place = Place::new();
    let input = input("user_789").to_string();
    kill_after(&place, &["run", "refund", "--input", &input], 1, 0);
    for _ in 0..8 {
        kill_after(&place, &["resume"], 1, 0);
    }
    assert_ended(&place, "user_789", "killed nine times");
}
