//! Budgets that many runs share: never overspent, whatever runs at the same time and on whichever host.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use stockade::config::{Per, SharedBudget, SharedBy, SharedLimit};
use stockade::{
    Budget, Builder, Currency, Exceeded, Filter, Hooks, Host, Kind, NewRun, NewSignal, Outcome, RunId, Status, Stop,
};
use stockade_tests::database::OwnDatabase;
use stockade_tests::{Hand, Place, input};

const DAY_MS: u64 = 86_400_000;

/// How many calls of tools a refund makes that needs no person.
const CALLS: u64 = 5;

fn calls(limit: u64) -> SharedBudget {
    let limit = SharedLimit::from([(Currency::ToolCalls, limit)]);
    SharedBudget { limit, per: Per::Day, by: None, workflows: [].into(), warn_at: 80 }
}

async fn open(place: &Place, hand: &Hand, budget: SharedBudget) -> Host {
    bound(place.host().clock(hand.clock()), budget).await
}

async fn bound(builder: Builder, budget: SharedBudget) -> Host {
    builder.shared_budget("calls", budget).build().await.unwrap()
}

async fn spent(host: &Host, runs: &[RunId]) -> u64 {
    let mut spent = 0;
    for run in runs {
        spent += host.state(*run).await.unwrap().ledger().spent().get(Currency::ToolCalls);
    }
    spent
}

async fn taken(host: &Host) -> Vec<u64> {
    let budgets = host.shared_budgets(None, 100).await.unwrap().found;
    budgets.iter().map(|budget| budget.taken.get(Currency::ToolCalls)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_several_hosts_do_not_overspend_together_and_go_on_the_next_day() {
    let (place, hand) = (Place::new(), Hand::new());
    let hosts = [open(&place, &hand, calls(10)).await, open(&place, &hand, calls(10)).await];
    assert_no_overspending_of_ten(&hosts, &hand).await;
}

/// Both hosts drive refunds at the same time, of a budget of ten calls a day.
async fn assert_no_overspending_of_ten(hosts: &[Host; 2], hand: &Hand) {
    let mut runs = Vec::new();
    for number in 0..8 {
        runs.push(hosts[number % 2].start("refund", input("user_789"), Budget::default()).await.unwrap());
    }
    let (ids, mut suspended) = (runs.iter().map(stockade::Run::id).collect::<Vec<_>>(), 0);
    for run in runs {
        match run.settled().await.unwrap() {
            Outcome::Done(_) => {}
            Outcome::Suspended(exceeded) => {
                assert_eq!((exceeded.limit, exceeded.allowed), (Currency::ToolCalls, 10));
                suspended += 1;
            }
            other => panic!("{other}"),
        }
    }
    let first = spent(&hosts[0], &ids).await;
    assert!(suspended > 0 && first <= 10, "{suspended} suspended, {first} calls");
    assert_eq!(taken(&hosts[0]).await, [first], "what is not used is given back");
    assert!(hosts[0].fire_due().await.unwrap().is_empty(), "nothing goes on while the budget is used up");
    for day in 1..8 {
        hand.set(day * DAY_MS);
        for fired in hosts[0].fire_due().await.unwrap() {
            fired.resumed.unwrap().settled().await.unwrap();
        }
        let all = spent(&hosts[0], &ids).await;
        assert!(all <= 10 * (day + 1), "{all} calls after {day} days");
    }
    assert_eq!(spent(&hosts[0], &ids).await, 8 * CALLS);
    for run in ids {
        assert_eq!(hosts[0].state(run).await.unwrap().status(), Status::Done);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn runs_of_two_hosts_on_one_database_do_not_overspend_together() {
    let (place, hand, database) = (Place::new(), Hand::new(), OwnDatabase::new().await);
    let [one, other] = [(), ()].map(|()| bound(database.host(&place, &hand), calls(10)));
    assert_no_overspending_of_ten(&[one.await, other.await], &hand).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn two_hosts_on_one_database_draw_of_the_same_budget() {
    let (place, hand, database) = (Place::new(), Hand::new(), OwnDatabase::new().await);
    let [one, other] = [(), ()].map(|()| bound(database.host(&place, &hand), calls(2 * CALLS)));
    let hosts = [one.await, other.await];
    let refund = async |host: &Host| {
        let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
        run.settled().await.unwrap()
    };
    for (turn, drawn) in [(0, CALLS), (1, 2 * CALLS)] {
        let settled = refund(&hosts[turn]).await;
        assert!(matches!(settled, Outcome::Done(_)), "{settled}");
        assert_eq!(taken(&hosts[1 - turn]).await, [drawn], "the other host sees what this one has drawn");
    }
    for host in &hosts {
        let settled = refund(host).await;
        assert!(matches!(settled, Outcome::Suspended(_)), "{settled}");
    }
    assert_eq!(taken(&hosts[0]).await, [2 * CALLS]);
}

#[tokio::test]
async fn a_suspended_run_names_the_shared_budget_and_goes_on_once_that_allows_more() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand, calls(2)).await;
    let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let id = run.id();
    assert!(matches!(run.settled().await.unwrap(), Outcome::Suspended(_)));
    let fault = host.report(id).await.unwrap().error.unwrap();
    assert!(fault.message.starts_with("the shared budget \"calls\" allows 2 of \"tool_calls\" and 3 are"), "{fault}");
    assert!(matches!(host.resume(id).await.unwrap().settled().await.unwrap(), Outcome::Suspended(_)));
    drop(host);
    let host = open(&place, &hand, calls(CALLS)).await;
    let settled = host.resume(id).await.unwrap().settled().await.unwrap();
    assert!(matches!(settled, Outcome::Done(_)), "{settled}");
    assert_eq!(taken(&host).await, [CALLS]);
}

/// Keeps the warnings of shared budgets.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<(String, Exceeded)>>>);

impl Hooks for Warnings {
    fn shared_budget(&self, budget: &str, used: &Exceeded) {
        self.0.lock().unwrap().push((budget.to_owned(), *used));
    }
}

#[tokio::test]
async fn a_budget_of_which_a_share_is_used_is_warned_of_once_in_its_period() {
    let (place, hand, warnings) = (Place::new(), Hand::new(), Warnings::default());
    let builder = place.host().clock(hand.clock()).hooks(warnings.clone()).shared_budget("calls", calls(2 * CALLS));
    let host = builder.build().await.unwrap();
    let told = || warnings.0.lock().unwrap().clone();
    let settled =
        async || host.start("refund", input("user_789"), Budget::default()).await.unwrap().settled().await.unwrap();
    let warning = || ("calls".to_owned(), Exceeded { limit: Currency::ToolCalls, allowed: 10, used: 8 });
    assert!(matches!(settled().await, Outcome::Done(_)));
    assert_eq!(told(), [], "a half is used");
    assert!(matches!(settled().await, Outcome::Done(_)));
    assert_eq!(told(), [warning()], "of 80 %, and not of what came after it");
    assert!(matches!(settled().await, Outcome::Suspended(_)));
    assert_eq!(told(), [warning()]);
    hand.set(DAY_MS);
    assert!(matches!(settled().await, Outcome::Done(_)));
    assert!(matches!(settled().await, Outcome::Done(_)));
    assert_eq!(told(), [warning(), warning()]);
}

/// A person's pause is lifted by a person, and not by the time at which the budget begins anew.
#[tokio::test]
async fn a_run_that_a_budget_suspended_and_a_person_paused_goes_on_once_it_is_resumed() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand, calls(3)).await;
    let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let id = run.id();
    assert!(matches!(run.settled().await.unwrap(), Outcome::Suspended(_)));
    host.run(id).pause(Stop::by("dana"), Duration::ZERO).await.unwrap();
    hand.set(DAY_MS);
    for _ in 0..2 {
        assert!(host.fire_due().await.unwrap().is_empty());
        assert_eq!(host.state(id).await.unwrap().status(), Status::Paused);
    }
    assert_eq!(spent(&host, &[id]).await, 3);
    let settled = host.resume(id).await.unwrap().settled().await.unwrap();
    assert!(matches!(settled, Outcome::Done(_)), "{settled}");
    assert_eq!(spent(&host, &[id]).await, CALLS);
}

#[tokio::test]
async fn a_suspended_run_is_not_looked_at_again_before_its_budget_begins_anew() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand, calls(2)).await;
    let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let id = run.id();
    assert!(matches!(run.settled().await.unwrap(), Outcome::Suspended(_)));
    let entries = host.entries(id).await.unwrap().len();
    let sent = host.signal(id, NewSignal::new("paid", json!(5))).await.unwrap().unwrap();
    assert!(matches!(sent.settled().await.unwrap(), Outcome::Suspended(_)));
    assert_eq!(host.entries(id).await.unwrap().len(), entries + 1, "the signal alone is journaled");
}

#[tokio::test]
async fn an_allotment_that_cannot_be_read_keeps_no_other_run_from_going_on() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand, calls(0)).await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
        runs.push(run.id());
        assert!(matches!(run.settled().await.unwrap(), Outcome::Suspended(_)));
    }
    place.damage_rows("allotment", runs[0]);
    hand.set(DAY_MS);
    let (mut woken, mut damaged) = (Vec::new(), Vec::new());
    for fired in host.fire_due().await.unwrap() {
        match fired.resumed {
            Ok(run) => woken.push(run.settled().await.map(|_| fired.run).unwrap()),
            Err(fault) => damaged.push((fired.run, fault.detail)),
        }
    }
    assert_eq!((woken, damaged), (vec![runs[1]], vec![(runs[0], Some("allotment".to_owned()))]));
    assert!(host.fire_due().await.unwrap().is_empty(), "it is looked at again later");
    place.damage("UPDATE index_rows SET value = '{' WHERE space = 'budget' AND key LIKE '%2027-01-16%'");
    let listed = host.shared_budgets(None, 100).await.unwrap();
    assert_eq!((listed.found.len(), listed.unreadable.len()), (1, 1));
    let current = host.current_budgets(100).await.unwrap();
    assert_eq!((current.found.len(), current.unreadable.len()), (0, 1), "those of the day before are not of now");
}

#[tokio::test]
async fn a_budget_is_of_the_workflows_that_it_names_and_of_each_by_itself() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand, SharedBudget { workflows: ["other".to_owned()].into(), ..calls(0) }).await;
    let settled = host.start("refund", input("user_789"), Budget::default()).await.unwrap().settled().await.unwrap();
    assert!(matches!(settled, Outcome::Done(_)), "{settled}");
    assert_eq!(taken(&host).await, [0; 0]);
    let host = open(&place, &hand, SharedBudget { by: Some(SharedBy::Workflow), ..calls(CALLS) }).await;
    host.start("refund", input("user_789"), Budget::default()).await.unwrap().settled().await.unwrap();
    let report = host.shared_budgets(None, 100).await.unwrap().found.remove(0);
    assert_eq!((&*report.group, &*report.period), ("refund", "2027-01-15"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tenant_has_a_budget_that_runs_of_several_hosts_do_not_overspend_together() {
    let (place, hand) = (Place::new(), Hand::new());
    let by_tenant = SharedBudget { by: Some(SharedBy::Tenant), ..calls(7) };
    let hosts = [open(&place, &hand, by_tenant.clone()).await, open(&place, &hand, by_tenant).await];
    let of = |tenant: &str| NewRun::new("refund", input("user_789")).label("tenant", tenant);
    let mut started = Vec::new();
    for number in 0..8 {
        let tenant = ["acme", "umbrella"][number % 2];
        started.push((tenant, hosts[number / 2 % 2].start_run(of(tenant)).await.unwrap()));
    }
    let ids: Vec<_> = started.iter().map(|(tenant, run)| (*tenant, run.id())).collect();
    let mut suspended = BTreeSet::new();
    for (tenant, run) in started {
        if matches!(run.settled().await.unwrap(), Outcome::Suspended(_)) {
            suspended.insert(tenant);
        }
    }
    assert_eq!(suspended, ["acme", "umbrella"].into());
    let mut spent_by = Vec::new();
    for tenant in ["acme", "umbrella"] {
        let runs: Vec<_> = ids.iter().filter(|(of, _)| *of == tenant).map(|(_, run)| *run).collect();
        spent_by.push((tenant.to_owned(), spent(&hosts[0], &runs).await));
    }
    assert!(spent_by.iter().all(|(_, spent)| (1..=7).contains(spent)), "{spent_by:?}");
    let budgets = hosts[0].shared_budgets(None, 100).await.unwrap().found;
    let taken: Vec<_> = budgets.iter().map(|budget| (budget.group.clone(), budget.taken.tool_calls)).collect();
    assert_eq!(taken, spent_by);
    let first = hosts[0].shared_budgets(None, 1).await.unwrap();
    let second = hosts[0].shared_budgets(first.next.as_deref(), 1).await.unwrap();
    assert_eq!((&first.found[..], &second.found[..], second.next), (&budgets[..1], &budgets[1..], None));
    assert_eq!(hosts[0].current_budgets(100).await.unwrap().found, budgets);
    assert_eq!(hosts[0].current_budgets(1).await.unwrap().found, budgets[..1]);
    // What others have used up is not this one's.
    let third = hosts[0].start_run(of("initech")).await.unwrap().settled().await.unwrap();
    assert!(matches!(third, Outcome::Done(_)), "{third}");
}

#[tokio::test]
async fn a_run_that_does_not_say_by_whose_budget_it_is_does_not_start() {
    for (by, says, group) in [
        (SharedBy::User, "by user, and this run of \"refund\" does not say who starts it", "dana"),
        (SharedBy::Agent, "by agent, and this run of \"refund\" has no label \"agent\"", "desk"),
        (SharedBy::Tenant, "by tenant, and this run of \"refund\" has no label \"tenant\"", "acme"),
    ] {
        let (place, hand) = (Place::new(), Hand::new());
        let host = open(&place, &hand, SharedBudget { by: Some(by), ..calls(CALLS) }).await;
        for blank in ["", " "] {
            let new = NewRun::new("refund", input("user_789")).by(blank).label("agent", blank).label("tenant", blank);
            let refused = host.start_run(new).await.err().unwrap();
            assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("budget")), "{refused}");
            assert!(refused.message.contains(says) && refused.message.contains("\"calls\""), "{refused}");
        }
        assert!(host.start("refund", input("user_789"), Budget::default()).await.is_err());
        assert!(host.runs(&Filter::default()).await.unwrap().is_empty());
        let new = NewRun::new("refund", input("user_789")).by("dana").label("agent", "desk").label("tenant", "acme");
        host.start_run(new).await.unwrap().settled().await.unwrap();
        assert_eq!(host.shared_budgets(None, 100).await.unwrap().found[0].group, group);
    }
}

#[tokio::test]
async fn a_budget_holds_in_every_currency_but_memory() {
    for currency in Currency::ALL.into_iter().filter(|currency| *currency != Currency::Memory) {
        let (place, hand) = (Place::new(), Hand::new());
        let host = open(&place, &hand, SharedBudget { limit: [(currency, 1)].into(), ..calls(0) }).await;
        let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
        let id = run.id();
        match (currency, run.settled().await.unwrap()) {
            // A refund asks no model.
            (Currency::ModelCalls | Currency::Tokens | Currency::Money, Outcome::Done(_)) => {}
            (_, Outcome::Suspended(exceeded)) => assert_eq!(exceeded.limit, currency),
            (_, other) => panic!("{currency:?}: {other}"),
        }
        let used = host.state(id).await.unwrap().ledger().spent().get(currency);
        // The record that begins a run is written before anything is drawn.
        assert!(used <= 1 || currency == Currency::Journal, "{currency:?}: {used}");
    }
}

#[test]
fn the_command_line_shows_shared_budgets_and_what_is_suspended_by_one() {
    let place = Place::new();
    place.write("stockade.toml", "[budget.daily]\nlimit = \"tool_calls=2,fuel=100000000\"\n");
    let run = place.refund("user_789", &[]);
    assert_eq!((run.exit, &run.json["status"]), (Some(4), &json!("suspended")), "{run:?}");
    assert!(run.json["error"]["message"].as_str().unwrap().contains("\"daily\""), "{run:?}");
    assert!(run.stderr.contains("budget daily: 2 of 2 of tool_calls are used"), "{}", run.stderr);
    let budgets = place.json(&["budget"]).json;
    assert_eq!(
        (&budgets[0]["limit"]["tool_calls"], &budgets[0]["taken"]["tool_calls"]),
        (&json!(2), &json!(2)),
        "{budgets}"
    );
    let shown = place.call(&["budget"]).stdout;
    assert!(shown.starts_with("daily  2") && shown.contains("tool_calls  2 of 2\n"), "{shown}");
    assert!(place.call(&["resume", &run.run()]).stdout.contains("the shared budget \"daily\" allows 2"));
    assert_eq!(place.json(&["budget"]).json.as_array().map(Vec::len), Some(1));
    assert_ne!(place.json(&["budget"]).json, Value::Null);
}

#[test]
fn the_command_line_starts_runs_by_the_user_who_is_named() {
    let place = Place::new();
    place.write("stockade.toml", "[budget.daily]\nlimit = \"tool_calls=9\"\nby = \"user\"\n");
    for by in ["ann", "dan"] {
        assert_eq!(place.refund("user_789", &["--by", by]).exit, Some(0));
    }
    let budgets = place.json(&["budget"]).json;
    assert_eq!([&budgets[0]["group"], &budgets[1]["group"]], [&json!("ann"), &json!("dan")], "{budgets}");
}
