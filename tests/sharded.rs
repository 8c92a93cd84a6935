//! Hosts whose journal is in two databases: a run lies by a hash of its id, what is written with it lies beside it, and one
//! database that is gone keeps the runs of the other from nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use stockade::config::{Per, Schedule, SharedBudget, SharedLimit};
use stockade::journal::ShardedJournal;
use stockade::{
    Budget, Builder, Currency, Effect, Filter, Fired, Host, Journal, Kind, NewRun, NewSignal, Outcome, RunId, Started,
    Status,
};
use stockade_tests::database::OwnDatabase;
use stockade_tests::faulty::{Disk, Faulty, calm, memory};
use stockade_tests::in_turn::{HOUR_MS, InTurn, fire, start};
use stockade_tests::{Hand, Place, input};

use crate::workers::{assert_each_is_booked_once, assert_two_drive};

/// Two databases, which stay whatever becomes of hosts.
struct Databases {
    hand: Hand,
    disks: [Disk; 2],
}

/// The databases as one host reaches them.
type Reached = [Faulty; 2];

impl Databases {
    fn new() -> Self {
        let hand = Hand::new();
        let disks = [memory(&hand), memory(&hand)];
        Self { hand, disks }
    }

    fn reached(&self) -> Reached {
        self.disks.each_ref().map(|disk| {
            let faulty = Faulty::new(&self.hand);
            faulty.insert(disk, calm());
            faulty
        })
    }

    async fn builder(&self, place: &Place, reached: &Reached) -> Builder {
        let journals = reached.iter().map(|faulty| Arc::new(faulty.clone()) as Arc<dyn Journal>).collect();
        let journal = ShardedJournal::open(journals, self.hand.clock()).await.unwrap();
        place.host().with_journal(journal).scratch(place.path("")).workflow(InTurn).clock(self.hand.clock())
    }

    async fn host(&self, place: &Place) -> Host {
        self.builder(place, &self.reached()).await.build().await.unwrap()
    }

    /// The number of the database in which a run is.
    async fn of(&self, run: RunId) -> usize {
        let mut found = Vec::new();
        for (number, disk) in self.disks.iter().enumerate() {
            if !disk().read(run).await.unwrap().is_empty() {
                found.push(number);
            }
        }
        assert_eq!(found.len(), 1, "run {run} is in databases {found:?}");
        found[0]
    }
}

fn hour() -> Duration {
    Duration::from_millis(HOUR_MS)
}

fn nap_input() -> Value {
    json!([Effect::sleep("nap", hour())])
}

/// A run that waits for an hour, and ends.
fn nap() -> NewRun {
    NewRun::new("in_turn", nap_input())
}

/// Lets runs go on until they stand still, and returns which.
async fn settled(fired: Vec<Fired>) -> BTreeSet<RunId> {
    let mut runs = BTreeSet::new();
    for Fired { run, resumed } in fired {
        resumed.unwrap().settled().await.unwrap();
        runs.insert(run);
    }
    runs
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_starts_one_run_in_one_of_two_databases_however_many_hosts_are_asked_at_once() {
    let (place, databases) = (Place::new(), Databases::new());
    let hosts = [databases.host(&place).await, databases.host(&place).await];
    let mut there = BTreeSet::new();
    for order in 0..8 {
        let key = format!("order-{order}");
        let starts = (0..6).map(|number| hosts[number % 2].start_detached(nap().key(&key)));
        let started: BTreeSet<_> = join_all(starts).await.into_iter().map(|run| run.unwrap().id()).collect();
        assert_eq!(started.len(), 1, "{key}");
        there.insert(databases.of(*started.first().unwrap()).await);
    }
    assert_eq!(there, BTreeSet::from([0, 1]));
    assert_eq!(hosts[0].runs(&Filter::default()).await.unwrap().len(), 8);
}

#[tokio::test]
async fn a_child_is_in_the_database_of_its_parent_and_is_heard() {
    let (place, databases) = (Place::new(), Databases::new());
    let host = databases.host(&place).await;
    let each = Budget::NONE.fuel(1_000).steps(5).with(Currency::Wall, 1_000).with(Currency::Memory, 1 << 20);
    let each = each.with(Currency::Journal, 64 << 10);
    let child = Effect::start_run("child", "in_turn", nap_input(), each);
    for _ in 0..4 {
        let (parent, _) = start(&host, std::slice::from_ref(&child), Budget::default()).await;
        host.idle().await;
        let children = host.children(parent).await.unwrap();
        assert_eq!(children.len(), 1);
        assert_eq!(databases.of(children[0]).await, databases.of(parent).await);
        databases.hand.forward(HOUR_MS);
        fire(&host).await;
        host.idle().await;
        assert_eq!(host.state(parent).await.unwrap().status(), Status::Done);
    }
}

#[tokio::test]
async fn a_worker_drives_the_runs_of_the_database_that_it_reaches_and_the_others_later() {
    let (place, databases) = (Place::new(), Databases::new());
    let reached = databases.reached();
    let host = databases.builder(&place, &reached).await.build().await.unwrap();
    let mut runs = [BTreeSet::new(), BTreeSet::new()];
    for order in 0..8 {
        let run = host.start_detached(nap().key(format!("order-{order}"))).await.unwrap().id();
        runs[databases.of(run).await].insert(run);
    }
    assert!(runs.iter().all(|runs| !runs.is_empty()));
    let mut worker = host.worker();
    reached[1].remove();
    assert_eq!(settled(worker.turn().await.unwrap()).await, runs[0]);
    let broken = "the connection to the journal is broken";
    assert_eq!(host.unreachable().iter().map(|fault| &*fault.message).collect::<Vec<_>>(), [broken]);
    let lost = *runs[1].first().unwrap();
    let signal = NewSignal::new("paid", json!(1));
    for refused in
        [host.runs(&Filter::default()).await.err(), host.state(lost).await.err(), host.signal(lost, signal).await.err()]
    {
        assert_eq!(refused.map(|fault| (fault.kind, fault.message)), Some((Kind::Journal, broken.to_owned())));
    }
    reached[1].insert(&databases.disks[1], calm());
    databases.hand.forward(HOUR_MS);
    // Those of the first are due by now.
    let went_on = settled(worker.turn().await.unwrap()).await;
    assert_eq!(went_on, runs[0].union(&runs[1]).copied().collect());
    databases.hand.forward(HOUR_MS);
    assert_eq!(settled(worker.turn().await.unwrap()).await, runs[1]);
    assert!(host.unreachable().is_empty());
    let done = Filter { status: vec![Status::Done], ..Filter::default() };
    assert_eq!(host.runs(&done).await.unwrap().len(), 8);
}

#[tokio::test]
async fn a_schedule_starts_one_run_at_its_time_in_the_database_in_which_it_is_itself() {
    let (place, databases) = (Place::new(), Databases::new());
    let nap = || Schedule { input: nap_input(), ..Schedule::new("0 * * * *", "in_turn") };
    let names = ["hourly", "each-hour", "on-the-hour", "sixty-minutes"];
    let open = async || {
        let builder = databases.builder(&place, &databases.reached()).await;
        names.into_iter().fold(builder, |builder, name| builder.schedule(name, nap())).build().await.unwrap()
    };
    let hosts = [open().await, open().await];
    for host in &hosts {
        assert!(host.fire_schedules().await.unwrap().is_empty());
    }
    databases.hand.forward(HOUR_MS);
    let mut started = BTreeSet::new();
    for host in &hosts {
        for scheduled in host.fire_schedules().await.unwrap() {
            let run = scheduled.run.unwrap();
            let there = databases.of(run.id()).await;
            assert!(databases.disks[there]().row("schedule", &scheduled.schedule).await.unwrap().is_some());
            run.settled().await.unwrap();
            assert!(started.insert(scheduled.schedule));
        }
    }
    assert_eq!(started.len(), names.len());
}

/// A refund that needs no person makes five calls of tools.
#[tokio::test(flavor = "multi_thread")]
async fn runs_of_two_databases_do_not_overspend_a_shared_budget_and_go_on_the_next_day() {
    let (place, databases) = (Place::new(), Databases::new());
    let limit = SharedLimit::from([(Currency::ToolCalls, 10)]);
    let budget = SharedBudget { limit, per: Per::Day, by: None, workflows: [].into(), warn_at: 80 };
    let open = async || {
        let builder = databases.builder(&place, &databases.reached()).await;
        builder.shared_budget("calls", budget.clone()).build().await.unwrap()
    };
    let hosts = [open().await, open().await];
    let mut runs = Vec::new();
    for order in 0..8 {
        let new = NewRun::new("refund", input("user_789")).key(format!("order-{order}"));
        runs.push(hosts[order % 2].start_run(new).await.unwrap());
    }
    let ids: Vec<_> = runs.iter().map(Started::id).collect();
    let mut suspended = 0;
    for run in runs {
        suspended += u64::from(matches!(run.settled().await.unwrap(), Outcome::Suspended(_)));
    }
    let spent = async || {
        let mut spent = 0;
        for run in &ids {
            spent += hosts[0].state(*run).await.unwrap().ledger().spent().get(Currency::ToolCalls);
        }
        spent
    };
    let first = spent().await;
    assert!(suspended > 0 && first <= 10, "{suspended} suspended, {first} calls");
    let taken = hosts[0].shared_budgets(None, 100).await.unwrap().found;
    let taken: Vec<_> = taken.iter().map(|budget| budget.taken.get(Currency::ToolCalls)).collect();
    assert_eq!(taken, [first], "what is not used is given back");
    for day in 1..8 {
        databases.hand.set(day * 24 * HOUR_MS);
        settled(hosts[0].fire_due().await.unwrap()).await;
        let all = spent().await;
        assert!(all <= 10 * (day + 1), "{all} calls after {day} days");
    }
    assert_eq!(spent().await, 40);
    let done = Filter { status: vec![Status::Done], ..Filter::default() };
    assert_eq!(hosts[1].runs(&done).await.unwrap().len(), 8);
    for run in &ids {
        hosts[0].remove(*run, "dana", false).await.unwrap();
    }
    for disk in &databases.disks {
        for space in ["allotment", "kept", "start_key"] {
            assert_eq!(disk().find(space, "", None, 9).await.unwrap(), [], "{space}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn two_processes_share_the_runs_of_two_databases() {
    let (place, databases) = (Place::new(), [OwnDatabase::new().await, OwnDatabase::new().await]);
    let [one, other] = databases.each_ref().map(OwnDatabase::url);
    place.write("password", databases[0].password());
    let config = format!(
        "[journal]\nurls = [\"{one}\", \"{other}\"]\npassword = \"db\"\n\n[secrets]\ndb = {{ file = \"password\" }}\n"
    );
    place.write("stockade.toml", config);
    let made = place.json(&["migrate"]);
    assert_eq!((made.exit, made.json["databases"].as_array().map(Vec::len)), (Some(0), Some(2)), "{made:#?}");
    let keys: Vec<_> = (0..8).map(|order| format!("order-{order}")).collect();
    let left = |key: &str| place.refund("user_789", &["--detach", "--key", key]).run();
    let runs: BTreeSet<_> = keys.iter().map(|key| left(key)).collect();
    assert_eq!(keys.iter().map(|key| left(key)).collect::<BTreeSet<_>>(), runs, "each is started once");
    for database in &databases {
        assert_eq!(database.count("SELECT count(*) FROM stockade.runs").await, 4);
    }
    assert_two_drive(&place, &["--at-once", "2"], 8);
    assert_eq!(runs.len(), 8);
    assert_each_is_booked_once(&place, &runs);
    let parked = place.refund("user_123", &["--detach"]).run();
    place.json(&["worker", "--once"]);
    let decided = place.json(&["approve", &parked, "--by", "dana"]);
    assert_eq!((decided.exit, &decided.json["status"]), (Some(0), &json!("done")), "{decided:#?}");
    for (journals, why) in [
        (&["--journal", &*other, "--journal", &*one][..], "is number 2 of 2 in its journal"),
        (&["--journal", &*other][..], "it is database 2 of 2"),
    ] {
        let answer = place.json(&[&["runs"], journals].concat());
        let message = answer.json["error"]["message"].as_str().unwrap();
        assert!(message.contains(why), "{message}");
    }
}
