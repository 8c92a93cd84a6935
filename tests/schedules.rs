//! Workflows that are started at configured times: once each, whatever hosts and clocks do.

use serde_json::{Value, json};
use stockade::config::{CatchUp, Overlap, Schedule};
use stockade::{
    AllowedEffect, Builder, Clock, Effect, End, Event, Fault, Filter, Graph, Host, Kind, NewSignal, RunId,
    ScheduleReport, State, Status, Transition, Workflow,
};
use stockade_tests::database::OwnDatabase;
use stockade_tests::faulty::{Faulty, Trouble, calm, memory};
use stockade_tests::story::idle;
use stockade_tests::{Hand, Place, root};

const HOUR_MS: u64 = 3_600_000;

/// Ends at once, or once it gets the signal `go` where its input is `"wait"`.
struct Errand;

impl Workflow for Errand {
    type Input = Option<String>;
    type State = ();

    fn name(&self) -> &str {
        "errand"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let go = AllowedEffect::Signal("go".to_owned());
        Graph::new([State::new("ERRAND", [go], &["ERRAND"])])
    }

    fn position(&self, (): &Self::State) -> &'static str {
        "ERRAND"
    }

    fn start(&self, input: Self::Input) -> Result<Transition<()>, Fault> {
        Ok(match input.as_deref() {
            Some("wait") => Transition::to(()).want(Effect::await_signal("go", "go")),
            _ => Transition::to(()).end(End::Done(Value::Null.into())),
        })
    }

    fn step(&self, (): (), _: Event) -> Result<Transition<()>, Fault> {
        Ok(Transition::to(()).end(End::Done(Value::Null.into())))
    }
}

fn hourly() -> Schedule {
    Schedule::new("0 * * * *", "errand")
}

async fn open(place: &Place, hand: &Hand, schedule: Schedule) -> Host {
    scheduled(place.host().clock(hand.clock()), schedule).await
}

async fn scheduled(builder: Builder, schedule: Schedule) -> Host {
    builder.workflow(Errand).schedule("errands", schedule).build().await.unwrap()
}

/// Fires what is due, waits until it stands still, and returns for which hours after the beginning, and the runs.
async fn fire(host: &Host) -> Vec<(u64, RunId)> {
    let mut started = Vec::new();
    for scheduled in host.fire_schedules().await.unwrap() {
        let run = scheduled.run.unwrap();
        started.push(((scheduled.at_ms - Hand::BEGIN_MS) / HOUR_MS, run.id()));
        run.settled().await.unwrap();
    }
    started
}

async fn hours(host: &Host) -> Vec<u64> {
    fire(host).await.into_iter().map(|(hour, _)| hour).collect()
}

async fn report(host: &Host) -> ScheduleReport {
    host.schedules().await.unwrap().found.remove(0)
}

#[tokio::test]
async fn a_host_without_schedules_leaves_those_of_others_alone() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand, hourly()).await;
    assert_eq!(hours(&host).await, [0; 0]);
    let other = place.host().workflow(Errand).clock(hand.clock()).build().await.unwrap();
    hand.set(HOUR_MS);
    assert!(other.fire_schedules().await.unwrap().is_empty());
    assert_eq!(hours(&host).await, [1]);
}

#[tokio::test]
async fn a_schedule_starts_one_run_at_each_of_its_times_whatever_the_clock_does() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand, hourly()).await;
    assert!(fire(&host).await.is_empty(), "a time that is there when the schedule is new is not one of its times");
    assert_eq!(report(&host).await.next_ms, Hand::BEGIN_MS + HOUR_MS);
    hand.set(HOUR_MS - 1);
    assert!(fire(&host).await.is_empty());
    hand.set(HOUR_MS);
    let first = fire(&host).await;
    assert_eq!(first[0].0, 1);
    assert_eq!(report(&host).await.last.unwrap().run, first[0].1);
    drop(host);
    let host = open(&place, &hand, hourly()).await;
    for after_ms in [HOUR_MS, 0, HOUR_MS + 1] {
        hand.set(after_ms);
        assert!(fire(&host).await.is_empty(), "twice at {after_ms}");
    }
    hand.set(2 * HOUR_MS);
    assert_eq!(hours(&host).await, [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_hosts_starts_the_run_of_a_time() {
    let (place, hand) = (Place::new(), Hand::new());
    let hosts = [open(&place, &hand, hourly()).await, open(&place, &hand, hourly()).await];
    assert_one_starts_each(&hosts, &hand, 20).await;
}

/// At each of so many times, both hosts look at the same moment; one of them starts the run.
async fn assert_one_starts_each(hosts: &[Host; 2], hand: &Hand, end: u64) {
    assert!(fire(&hosts[0]).await.is_empty());
    for hour in 1..end {
        hand.set(hour * HOUR_MS);
        let (one, other) = tokio::join!(hours(&hosts[0]), hours(&hosts[1]));
        assert_eq!([one, other].concat(), [hour]);
    }
    assert_eq!(created(&hosts[1]).await, (1..end).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn one_of_two_hosts_on_one_database_starts_the_run_of_a_time() {
    let (places, hand, database) = ([Place::new(), Place::new()], Hand::new(), OwnDatabase::new().await);
    let [one, other] = places.each_ref().map(|place| scheduled(database.host(place, &hand), hourly()));
    let hosts = [one.await, other.await];
    assert_one_starts_each(&hosts, &hand, 8).await;
    drop(hosts);
    // What a host that is gone has started, the next one knows.
    let next = scheduled(database.host(&places[0], &hand), hourly()).await;
    assert!(fire(&next).await.is_empty());
    hand.set(8 * HOUR_MS);
    assert_eq!(hours(&next).await, [8]);
}

/// Fires what is due on a journal that may fail, and waits until nothing goes on here.
async fn try_to_fire(host: &Host) {
    for scheduled in host.fire_schedules().await.unwrap_or_default() {
        if let Ok(run) = scheduled.run {
            drop(run.settled().await);
        }
    }
    idle(host).await;
}

/// Goes on with the runs that a host has left behind, and then fires what is due.
async fn take_over(host: &Host) {
    for run in host.unfinished().await.unwrap() {
        host.resume(run).await.unwrap().settled().await.unwrap();
    }
    try_to_fire(host).await;
}

/// In which hours after the beginning runs were created; all of them are done.
async fn created(host: &Host) -> Vec<u64> {
    let mut hours = Vec::new();
    for summary in host.runs(&Filter::default()).await.unwrap() {
        assert_eq!(summary.status, Status::Done);
        let began_ms = host.entries(summary.run_id).await.unwrap()[0].at_ms;
        hours.push((began_ms - Hand::BEGIN_MS) / HOUR_MS);
    }
    hours.sort_unstable();
    hours
}

/// The run of a time and the time that follows are in one commit: whatever of it fails, there is one run.
#[tokio::test(start_paused = true)]
async fn a_schedule_starts_one_run_at_each_of_its_times_wherever_its_host_fails() {
    let (place, hand) = (Place::new(), Hand::new());
    let faulty = Faulty::new(&hand);
    faulty.insert(&memory(&hand), calm());
    let builder = place.host().with_journal(faulty.clone()).scratch(place.path("")).workflow(Errand);
    let host = builder.clock(hand.clock()).schedule("errands", hourly()).build().await.unwrap();
    for trouble in Trouble::CUTS {
        for number in 1.. {
            let disk = memory(&hand);
            hand.set(0);
            faulty.insert(&disk, calm());
            assert!(fire(&host).await.is_empty());
            hand.set(HOUR_MS);
            faulty.insert(&disk, trouble.at(number));
            try_to_fire(&host).await;
            let asked = faulty.asked();
            faulty.remove();
            idle(&host).await;
            // A schedule whose run could not start is looked at again some seconds later.
            hand.set(HOUR_MS + 30_000);
            faulty.insert(&disk, calm());
            take_over(&host).await;
            hand.set(2 * HOUR_MS);
            take_over(&host).await;
            assert_eq!(created(&host).await, [1, 2], "{trouble:?} at operation {number}");
            if asked < number {
                assert!(number > 2, "a schedule takes more than {number} operations");
                break;
            }
        }
    }
}

#[tokio::test]
async fn times_that_nothing_looked_at_are_made_up_for_as_configured() {
    for (catch_up, overlap, minutes, expected, left_out) in [
        (CatchUp::None, Overlap::Skip, 30, vec![], Some(5)),
        (CatchUp::None, Overlap::Skip, 1, vec![5], Some(4)),
        (CatchUp::One, Overlap::Skip, 30, vec![5], Some(4)),
        (CatchUp::All, Overlap::Queue, 30, vec![1, 2, 3, 4, 5], None),
    ] {
        let (place, hand) = (Place::new(), Hand::new());
        let host = open(&place, &hand, Schedule { catch_up, overlap, ..hourly() }).await;
        fire(&host).await;
        hand.set(5 * HOUR_MS + minutes * 60_000);
        let mut started = Vec::new();
        for _ in 0..7 {
            started.extend(hours(&host).await);
        }
        assert_eq!(started, expected, "{catch_up:?}");
        let report = report(&host).await;
        assert_eq!(report.left_out_ms.map(|ms| (ms - Hand::BEGIN_MS) / HOUR_MS), left_out, "{catch_up:?}");
        assert_eq!(report.next_ms, Hand::BEGIN_MS + 6 * HOUR_MS);
    }
}

#[tokio::test]
async fn a_time_that_comes_while_the_run_before_goes_on_is_left_out_or_waits() {
    for (overlap, expected) in [(Overlap::Skip, vec![]), (Overlap::Queue, vec![2, 3])] {
        let (place, hand) = (Place::new(), Hand::new());
        let schedule = Schedule { overlap, input: json!("wait"), ..hourly() };
        let host = open(&place, &hand, schedule).await;
        fire(&host).await;
        hand.set(HOUR_MS);
        let mut last = fire(&host).await[0].1;
        for hour in [2, 3] {
            hand.set(hour * HOUR_MS);
            assert!(fire(&host).await.is_empty(), "{overlap:?}");
        }
        let mut after = Vec::new();
        for minute in 1..4 {
            let go = NewSignal::new("go", Value::Null).key("go").by("test");
            host.signal(last, go).await.unwrap().unwrap().settled().await.unwrap();
            hand.set(3 * HOUR_MS + minute * 600_000);
            let Some((hour, run)) = fire(&host).await.pop() else { break };
            after.push(hour);
            last = run;
        }
        assert_eq!(after, expected, "{overlap:?}");
        hand.set(4 * HOUR_MS);
        assert_eq!(hours(&host).await, [4], "{overlap:?}");
    }
}

#[tokio::test]
async fn a_schedule_whose_times_are_changed_begins_anew() {
    let (place, hand) = (Place::new(), Hand::new());
    fire(&open(&place, &hand, hourly()).await).await;
    hand.set(HOUR_MS + 60_000);
    let host = open(&place, &hand, Schedule { cron: "30 * * * *".to_owned(), ..hourly() }).await;
    assert!(fire(&host).await.is_empty());
    assert_eq!(report(&host).await.next_ms, Hand::BEGIN_MS + HOUR_MS + 30 * 60_000);
}

#[tokio::test]
async fn a_schedule_that_is_taken_out_starts_nothing_and_keeps_no_other_from_its_turn() {
    let (place, hand) = (Place::new(), Hand::new());
    let with = |names: &[&str]| {
        let builder = place.host().workflow(Errand).clock(hand.clock());
        names.iter().fold(builder, |builder, name| builder.schedule(name, hourly())).build()
    };
    fire(&with(&["a", "b"]).await.unwrap()).await;
    hand.set(HOUR_MS);
    let host = with(&["b"]).await.unwrap();
    assert_eq!(hours(&host).await, [1]);
    assert_eq!(host.schedules().await.unwrap().found.len(), 1);
}

#[tokio::test]
async fn a_schedule_that_cannot_be_read_keeps_no_other_from_starting() {
    let (place, hand) = (Place::new(), Hand::new());
    let builder = place.host().workflow(Errand).clock(hand.clock());
    let host = builder.schedule("a", hourly()).schedule("b", hourly()).build().await.unwrap();
    assert!(fire(&host).await.is_empty());
    place.damage("UPDATE index_rows SET value = '{' WHERE space = 'schedule' AND key = 'a'");
    hand.set(HOUR_MS);
    let mut started: Vec<_> = host.fire_schedules().await.unwrap();
    started.sort_by(|one, other| one.schedule.cmp(&other.schedule));
    let told: Vec<_> = started.iter().map(|scheduled| (&*scheduled.schedule, scheduled.run.is_ok())).collect();
    assert_eq!(told, [("a", false), ("b", true)]);
    assert!(host.fire_schedules().await.unwrap().is_empty(), "it is looked at again later");
    let listed = host.schedules().await.unwrap();
    assert_eq!((&*listed.found[0].name, listed.unreadable.len()), ("b", 1));
}

#[tokio::test]
async fn a_schedule_that_cannot_work_is_refused_when_the_host_is_made() {
    for (schedule, kind, says) in [
        (Schedule { workflow: "arrand".to_owned(), ..hourly() }, Kind::NotFound, "there is no workflow \"arrand\""),
        (Schedule { input: json!(7), ..hourly() }, Kind::Invalid, "invalid type: integer `7`"),
        (Schedule { catch_up: CatchUp::All, ..hourly() }, Kind::Invalid, "needs overlap = \"queue\""),
        (Schedule { cron: "0 25 * * *".to_owned(), ..hourly() }, Kind::Invalid, "cron = \"0 25 * * *\""),
        (Schedule { timezone: "Mars".to_owned(), ..hourly() }, Kind::Invalid, "timezone = \"Mars\""),
    ] {
        let place = Place::new();
        let builder = place.host().workflow(Errand).schedule("errands", schedule);
        let fault = builder.build().await.err().unwrap();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.message.contains(says) && fault.message.contains("[schedule.errands]"), "{fault}");
    }
}

#[tokio::test]
async fn a_schedule_of_the_configuration_is_listed_and_fired_by_the_command_line() {
    let place = Place::new();
    let schedule = "[schedule.refunds]\ncron = \"* * * * *\"\ncatch_up = \"one\"\nworkflow = \"refund\"\n\
                    input = { user_id = \"user_123\", request = \"not what I expected\" }\n";
    place.write("stockade.toml", schedule);
    // A host that looked a minute ago has seen the time before this one.
    let then_ms = Clock::default().now_ms() - 60_000;
    let config = stockade::Config::parse(schedule).unwrap();
    let builder = place.host().configured(&config).unwrap().clock(Clock::new(move || then_ms));
    assert!(builder.build().await.unwrap().fire_schedules().await.unwrap().is_empty());
    assert!(place.call(&["schedules"]).stdout.contains(", due now\n"));
    let fired = place.json(&["resume", "--due"]);
    assert_eq!((fired.exit, &fired.json[0]["status"]), (Some(0), &json!("waiting")), "{fired:?}");
    let listed = place.json(&["schedules"]);
    assert_eq!(listed.json[0]["last"]["run"], fired.json[0]["run_id"], "{listed:?}");
    assert_eq!(listed.json[0]["timezone"], "UTC");
}

/// The example has a time on each workday, six in the evening of Berlin; the clock of these tests begins on a Friday.
#[tokio::test]
async fn the_schedule_of_the_example_starts_its_workflow_on_workdays_in_the_evening() {
    let (place, hand) = (Place::new(), Hand::new());
    let config = stockade::Config::load(&root().join("examples/schedule/stockade.toml")).unwrap();
    let builder = place.host().configured(&config).unwrap().clock(hand.clock());
    let host = builder.build().await.unwrap();
    assert!(fire(&host).await.is_empty());
    // The clock begins at nine in the morning of Berlin.
    hand.set(9 * HOUR_MS - 1);
    assert!(fire(&host).await.is_empty());
    hand.set(9 * HOUR_MS);
    let [(hour, run)] = <[_; 1]>::try_from(fire(&host).await).unwrap();
    let state = host.state(run).await.unwrap();
    assert_eq!((hour, state.workflow(), state.status()), (9, "summary", Status::Done));
    assert_eq!(state.origin().by.as_deref(), Some("schedule evening"));
    let Some(End::Done(output)) = state.end() else { panic!("{state:?}") };
    assert_eq!(output.value(), json!({"answer": "Three orders, $228.00."}));
    for day in [1, 2] {
        hand.set((day * 24 + 9) * HOUR_MS);
        assert!(fire(&host).await.is_empty(), "it is a weekend");
    }
    hand.set((3 * 24 + 9) * HOUR_MS);
    assert_eq!(hours(&host).await, [3 * 24 + 9]);
}
