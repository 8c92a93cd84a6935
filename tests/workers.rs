//! Runs that are left to workers: each is driven by one, whichever of them is killed, stopped or told to end.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use stockade_tests::database::{OwnDatabase, WAITING, commits_wait};
use stockade_tests::gate::gated_with;
use stockade_tests::{Answer, Place, dist, input};

/// Starts a refund that needs no person, leaves it to others, and returns its id.
fn left(place: &Place, more: &[&str]) -> String {
    place.refund("user_789", &[&["--detach"], more].concat()).run()
}

/// Drives what there is to be driven; returns how many runs that were.
fn worked(place: &Place, more: &[&str]) -> u64 {
    let answer = place.json(&[&["worker", "--once"], more].concat());
    assert_eq!(answer.exit, Some(0), "{answer:#?}");
    answer.json["settled"].as_u64().unwrap()
}

/// A worker that goes on until it is told to end.
struct Working {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStderr>>,
}

impl Working {
    fn begin(place: &Place, more: &[&str]) -> Self {
        let mut worker = place.command(&[&["worker"], more].concat());
        let mut child = worker.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Waits for a line that has this text.
    fn says(&mut self, text: &str) -> String {
        let line = self.lines.by_ref().map(Result::unwrap).find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("the worker did not say \"{text}\""))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn end(mut self) -> Option<i32> {
        self.lines.by_ref().for_each(drop);
        self.child.wait().unwrap().code()
    }
}

fn done(place: &Place) -> BTreeSet<String> {
    let answer = place.json(&["runs", "--status", "done"]);
    answer.json.as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
}

/// Has two workers drive at the same time what there is to be driven: so many runs in all.
pub(crate) fn assert_two_drive(place: &Place, more: &[&str], runs: u64) {
    let workers = [(), ()].map(|()| {
        let mut worker = place.command(&[&["worker", "--once", "--json"], more].concat());
        worker.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    let drove = workers.map(|worker| Answer::of_json(worker.wait_with_output().unwrap()));
    assert_eq!(drove.iter().map(|answer| answer.json["settled"].as_u64().unwrap()).sum::<u64>(), runs, "{drove:#?}");
}

pub(crate) fn assert_each_is_booked_once(place: &Place, runs: &BTreeSet<String>) {
    assert_eq!(done(place), *runs);
    let booked = place.refunds();
    assert_eq!(booked.len(), runs.len(), "{booked:?}");
    assert_eq!(booked.into_iter().collect::<BTreeSet<_>>(), runs.iter().map(|run| format!("{run}/refund")).collect());
}

#[test]
fn a_detached_run_is_in_the_journal_and_driven_by_a_worker_alone() {
    let place = Place::new();
    let run = left(&place, &["--key", "order-7"]);
    assert_eq!(place.json(&["show", &run]).json["status"], "interrupted");
    assert_eq!((left(&place, &["--key", "order-7"]), place.refunds().len()), (run.clone(), 0), "it is started once");
    assert_eq!(worked(&place, &[]), 1);
    assert_each_is_booked_once(&place, &BTreeSet::from([run]));
    assert_eq!(worked(&place, &[]), 0);
}

#[test]
fn a_worker_takes_the_runs_of_its_queues_alone() {
    let place = Place::new();
    let (one, other) = (left(&place, &["--queue", "a"]), left(&place, &["--queue", "b"]));
    let free = left(&place, &[]);
    assert_eq!(worked(&place, &["--queues", "c,d"]), 0);
    assert_eq!(worked(&place, &["--queues", "a,c"]), 1);
    assert_eq!(done(&place), BTreeSet::from([one.clone()]));
    assert_eq!(worked(&place, &[]), 2, "without queues it takes all");
    assert_each_is_booked_once(&place, &BTreeSet::from([one, other, free]));
}

#[test]
fn two_workers_on_one_file_share_its_runs() {
    let place = Place::new();
    let runs: BTreeSet<_> = (0..6).map(|_| left(&place, &[])).collect();
    assert_two_drive(&place, &[], 6);
    assert_each_is_booked_once(&place, &runs);
}

#[test]
fn a_worker_that_is_told_to_end_says_what_it_has_done() {
    let place = Place::new();
    let mut worker = Working::begin(&place, &[]);
    worker.says("looks for runs");
    let run = left(&place, &[]);
    worker.says(&format!("run {run} is taken up"));
    worker.says(&format!("run {run} is done (refund)"));
    worker.signal(Signal::TERM);
    worker.says("drove 1 runs to where they stand; 0 were late");
    assert_eq!(worker.end(), Some(0));
    assert_each_is_booked_once(&place, &BTreeSet::from([run]));
}

/// What a payment server answers that has paid the refund of a [`left`] run.
const RECEIPT: &str = r#"{"id": "re_1", "object": "refund", "amount": 7900, "status": "succeeded"}"#;

/// Has refunds in a place paid by a payment server on this port.
fn pays_at(place: &Place, port: u16) {
    let before = std::fs::read_to_string(place.path("stockade.toml")).unwrap_or_else(|_| "[secrets]\n".to_owned());
    let payments = format!(
        "stripe-key = {{ file = \"key\" }}\n\n[tool.payments]\ncomponent = {:?}\nidempotent = true\n\n\
         [tool.payments.grants]\nconfig = {{ endpoint = \"http://127.0.0.1:{port}\" }}\n\
         http = [{{ allow = \"POST http://127.0.0.1:{port}/v1/refunds\", addresses = [\"127.0.0.1\"] }}]\n\
         secrets = [{{ name = \"stripe-key\", host = \"127.0.0.1\", header = \"authorization\" }}]\n",
        dist("stripe")
    );
    place.write("key", "sk_test_4eC39HqLyjWDarjtT1zdp7dc");
    place.write("stockade.toml", before + &payments);
}

/// Waits until the payment server is asked for a refund, and returns under which key.
fn asked_for(asked: &Receiver<String>) -> String {
    // A worker that fails before it asks would keep the test for ever.
    let request = asked.recv_timeout(Duration::from_secs(60)).unwrap();
    request.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).unwrap().to_owned()
}

#[test]
fn a_worker_that_is_told_to_end_finishes_the_call_in_flight_within_the_grace() {
    let (place, (port, asked, answer)) = (Place::new(), gated_with(RECEIPT));
    pays_at(&place, port);
    let run = left(&place, &[]);
    let mut worker = Working::begin(&place, &[]);
    assert_eq!(asked_for(&asked), format!("{run}/refund"));
    worker.signal(Signal::TERM);
    answer.send(()).unwrap();
    worker.says("drove 1 runs to where they stand; 0 were late");
    assert_eq!(worker.end(), Some(0));
    // What comes after that call, another worker does, unless this one was told a moment too late.
    worked(&place, &[]);
    assert_eq!(done(&place), BTreeSet::from([run]));
    assert!(asked.try_recv().is_err(), "it was asked for twice");
}

/// The server has the request of the worker that is gone, and has not answered it; the other one asks under the same key.
fn assert_another_worker_goes_on(place: &Place) {
    let (port, asked, answer) = gated_with(RECEIPT);
    pays_at(place, port);
    let run = left(place, &[]);
    let mut worker = Working::begin(place, &["--grace", "50ms"]);
    let first = asked_for(&asked);
    worker.signal(Signal::TERM);
    worker.says("drove 0 runs to where they stand; 1 were late and are left to others");
    assert_eq!(worker.end(), Some(0));
    (0..2).for_each(|_| answer.send(()).unwrap());
    assert_eq!(worked(place, &[]), 1, "the run is not released");
    assert_eq!([first, asked_for(&asked)], [(); 2].map(|()| format!("{run}/refund")));
    assert_eq!(done(place), BTreeSet::from([run]));
    assert!(asked.try_recv().is_err(), "it was asked for once more");
}

#[test]
fn a_run_that_is_late_when_the_grace_is_over_is_released_and_another_worker_goes_on() {
    assert_another_worker_goes_on(&Place::new());
}

#[test]
fn a_journal_is_where_the_option_says_and_no_error_shows_a_password() {
    let place = Place::new();
    let elsewhere = ["--journal", "elsewhere.db"];
    let run = left(&place, &elsewhere);
    assert!(place.path("elsewhere.db").exists());
    assert_eq!(place.json(&["runs"]).json, json!([]));
    assert_eq!(worked(&place, &["--journal", "sqlite:elsewhere.db"]), 1);
    assert_eq!(place.json(&["show", &run, "--journal", "sqlite://elsewhere.db"]).json["status"], "done");
    place.write("stockade.toml", "[journal]\nurl = \"elsewhere.db\"\n");
    assert_eq!(place.json(&["runs"]).json[0]["run_id"], run);
    for command in ["runs", "migrate", "worker"] {
        let answer = place.json(&[command, "--journal", "postgres://app:hunter2@127.0.0.1:1/runs"]);
        let message = answer.json["error"]["message"].as_str().unwrap();
        assert!(message.contains("holds a password; name a secret instead"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

/// A folder whose journal is in a database of its own, on the server that `tests/postgres` starts.
struct Shared {
    place: Place,
    database: OwnDatabase,
}

impl Shared {
    async fn new() -> Self {
        let (place, database) = (Place::new(), OwnDatabase::new().await);
        database.configure(&place);
        Self { place, database }
    }
}

/// Within this, a worker ends whose grace is half a second, on a machine that does much else; a statement may take longer.
const HANGING_MAX: Duration = Duration::from_secs(15);

/// The end of all leases, as the database's clock would bring it.
const OVER: &str = "UPDATE stockade.leases SET until_ms = 0";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn two_workers_on_one_database_share_its_runs() {
    let shared = Shared::new().await;
    let runs: BTreeSet<_> = (0..12).map(|_| left(&shared.place, &[])).collect();
    assert!(!shared.place.data("journal.db").exists());
    assert_two_drive(&shared.place, &["--at-once", "2"], 12);
    assert_each_is_booked_once(&shared.place, &runs);
}

/// Its commit may be made after its death, for the server has it already.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn the_runs_of_a_worker_that_is_killed_are_taken_over() {
    let shared = Shared::new().await;
    let run = left(&shared.place, &[]);
    let (locks, admin) = (shared.database.inside().await, shared.database.inside().await);
    locks.batch_execute("BEGIN; LOCK TABLE stockade.entries IN SHARE MODE").await.unwrap();
    let worker = Working::begin(&shared.place, &[]);
    commits_wait(&admin).await;
    worker.signal(Signal::KILL);
    assert_eq!(worker.end(), None);
    locks.batch_execute("COMMIT").await.unwrap();
    assert_eq!(worked(&shared.place, &[]), 0, "its lease is not over");
    admin.batch_execute(OVER).await.unwrap();
    assert_eq!(worked(&shared.place, &[]), 1);
    assert_each_is_booked_once(&shared.place, &BTreeSet::from([run]));
}

/// Its lease would last for half a minute still.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_run_in_a_database_that_is_late_when_the_grace_is_over_is_released_at_once() {
    assert_another_worker_goes_on(&Shared::new().await.place);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_worker_that_is_stopped_past_its_lease_is_fenced() {
    let shared = Shared::new().await;
    let run = left(&shared.place, &[]);
    let (locks, admin) = (shared.database.inside().await, shared.database.inside().await);
    locks.batch_execute("BEGIN; LOCK TABLE stockade.entries IN SHARE MODE").await.unwrap();
    let mut worker = Working::begin(&shared.place, &[]);
    worker.says("is taken up");
    commits_wait(&admin).await;
    worker.signal(Signal::STOP);
    admin.batch_execute(&format!("SELECT pg_terminate_backend(pid) {WAITING}")).await.unwrap();
    locks.batch_execute("COMMIT").await.unwrap();
    admin.batch_execute(OVER).await.unwrap();
    assert_eq!(worked(&shared.place, &[]), 1);
    worker.signal(Signal::CONT);
    worker.says(&format!("another process took over run {run} meanwhile"));
    worker.signal(Signal::TERM);
    worker.end();
    assert_each_is_booked_once(&shared.place, &BTreeSet::from([run]));
}

/// It once waited for the answer for as long as a statement may take.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_worker_whose_server_hangs_ends_within_the_grace() {
    let shared = Shared::new().await;
    left(&shared.place, &[]);
    let (locks, admin) = (shared.database.inside().await, shared.database.inside().await);
    locks.batch_execute("BEGIN; LOCK TABLE stockade.runs, stockade.leases IN ACCESS EXCLUSIVE MODE").await.unwrap();
    for more in [&["--grace", "500ms"][..], &["--grace", "500ms", "--once"]] {
        let worker = Working::begin(&shared.place, more);
        commits_wait(&admin).await;
        let told = Instant::now();
        worker.signal(Signal::TERM);
        assert_eq!(worker.end(), Some(0));
        assert!(told.elapsed() < HANGING_MAX, "{more:?}: it took {:?}", told.elapsed());
        // The server goes on with what it was asked.
        admin.batch_execute(&format!("SELECT pg_terminate_backend(pid) {WAITING}")).await.unwrap();
    }
}

/// The run goes on all the same, and the worker once waited for its end.
#[test]
fn a_worker_that_ends_by_itself_is_told_to_end_too() {
    let (place, (port, asked, _answer)) = (Place::new(), gated_with(RECEIPT));
    pays_at(&place, port);
    left(&place, &[]);
    let worker = Working::begin(&place, &["--once", "--grace", "50ms"]);
    asked_for(&asked);
    worker.signal(Signal::TERM);
    assert_eq!(worker.end(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_run_that_waits_for_a_person_is_decided_on_another_host() {
    let shared = Shared::new().await;
    let run = shared.place.refund("user_123", &["--detach"]).run();
    assert_eq!(worked(&shared.place, &[]), 1);
    let other = Place::new();
    other.write("password", shared.database.password());
    other.write("stockade.toml", std::fs::read(shared.place.path("stockade.toml")).unwrap());
    assert_eq!(other.json(&["approvals"]).json.as_array().map(Vec::len), Some(1));
    let answer = shared.place.json(&["approve", &run, "--by", "dana"]);
    assert_eq!((answer.exit, &answer.json["status"]), (Some(0), &json!("done")), "{answer:#?}");
    assert_eq!(other.json(&["show", &run]).json["status"], "done");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn tables_of_another_version_are_refused_by_name() {
    let shared = Shared::new().await;
    let made = shared.place.json(&["migrate"]);
    assert_eq!((made.exit, &made.json["from"]), (Some(0), &json!(null)), "{made:#?}");
    assert_eq!(shared.place.json(&["migrate"]).json["from"], made.json["to"]);
    let admin = shared.database.inside().await;
    for (change, commands, why) in [
        ("- 1", &["runs"][..], "`stockade migrate` changes them"),
        ("+ 2", &["runs", "migrate", "worker"][..], "was written by a newer stockade"),
    ] {
        admin.batch_execute(&format!("UPDATE stockade.version SET version = version {change}")).await.unwrap();
        for command in commands {
            let answer = shared.place.json(&[*command]);
            let message = answer.json["error"]["message"].as_str().unwrap();
            assert!(answer.exit == Some(1) && message.contains(why), "{command}: {message}");
            assert!(!message.contains(shared.database.password()), "{message}");
        }
    }
}

/// What a schedule, a person or another program sends at the same moment, two hosts take once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn two_starts_under_one_key_are_one_run_on_a_database_too() {
    let shared = Shared::new().await;
    let input = input("user_789").to_string();
    let start = ["run", "refund", "--input", input.as_str(), "--key", "order-7", "--detach", "--json"];
    let both =
        [(), ()].map(|()| shared.place.command(&start).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let [one, other] = both.map(|start| Answer::of_json(start.wait_with_output().unwrap()));
    assert_eq!(one.run(), other.run());
}
