//! Runs that are started under a key are started once, and those with labels are found by them.

use std::process::{Command, Stdio};

use futures_util::future::join_all;
use serde_json::json;
use stockade::{Budget, Change, Filter, Host, Kind, NewRun, Outcome, RunState, Started, Status};
use stockade_tests::{Answer, Place, input};

fn order(key: &str, user: &str) -> NewRun {
    NewRun::new("refund", input(user)).key(key)
}

async fn host(place: &Place) -> Host {
    place.host().build().await.unwrap()
}

fn run(place: &Place, user: &str, more: &[&str]) -> Answer {
    place.refund(user, more)
}

/// As many requests as a client that tries again sends, to as many hosts.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_starts_one_run_however_many_hosts_are_asked_at_once() {
    let place = Place::new();
    let hosts = join_all((0..4).map(|_| host(&place))).await;
    for round in 0..8 {
        let key = format!("order-{round}");
        let starts = hosts.iter().map(|host| host.start_run(order(&key, "user_123")));
        let started: Vec<_> = join_all(starts).await.into_iter().map(Result::unwrap).collect();
        let new = started.iter().filter(|started| matches!(started, Started::New { .. })).count();
        assert_eq!(new, 1, "one of them starts the run");
        let first = started[0].id();
        for started in started {
            assert_eq!(started.id(), first);
            assert!(matches!(started.settled().await.unwrap(), Outcome::Waiting(_)));
        }
    }
    assert_eq!(hosts[0].runs(&Filter::default()).await.unwrap().len(), 8);
}

#[tokio::test]
async fn a_new_run_comes_with_how_it_was_when_it_was_in_the_journal() {
    let place = Place::new();
    let host = host(&place).await;
    let started = host.start_run(order("order-7", "user_789")).await.unwrap();
    let Started::New { run, begun } = started else { panic!("it was started before") };
    run.settled().await.unwrap();
    let entries = host.entries(begun.run()).await.unwrap();
    let (first, later) = entries.split_first().unwrap();
    let mut state = RunState::create(first).unwrap();
    later.iter().take_while(|entry| entry.seq <= begun.seq()).for_each(|entry| state.apply(entry).unwrap());
    assert_eq!((&state, state.status()), (&*begun, Status::Running));
    assert!(begun.seq() < entries.last().unwrap().seq && begun.at().is_some(), "its first step is planned");
}

#[test]
fn a_key_starts_one_run_however_many_processes_are_asked_at_once() {
    let place = Place::new();
    // The first process creates the journal and compiles the tools.
    run(&place, "nobody", &[]);
    let input = input("user_789").to_string();
    let start = || -> Command {
        let mut command = place.command(&["run", "refund", "--json", "--input", &input, "--key", "order-7"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let children: Vec<_> = (0..4).map(|_| start().spawn().unwrap()).collect();
    let answers: Vec<_> =
        children.into_iter().map(|child| Answer::of_json(child.wait_with_output().unwrap())).collect();
    for answer in &answers {
        assert_eq!((answer.exit, answer.run()), (Some(0), answers[0].run()), "{answer:#?}");
    }
    assert_eq!(place.refunds().len(), 1);
    assert_eq!(place.json(&["runs", "--key", "order-7"]).json.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_with_another_input_is_refused_and_both_are_named() {
    let place = Place::new();
    let host = host(&place).await;
    let first = host.start_run(order("order-7", "user_123")).await.unwrap().id();
    let refused = host.start_run(order("order-7", "user_789")).await.err().unwrap();
    assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Conflict, Some("start_key")));
    for part in ["\"order-7\"", &first.to_string(), "user_123", "user_789"] {
        assert!(refused.message.contains(part), "{part} is not in {refused}");
    }
    let code = host.start_run(NewRun::new("exec", json!({})).key("order-7")).await.err().unwrap();
    assert_eq!(code.detail.as_deref(), Some("start_key"), "{code}");
    for wrong in [order("", "user_123"), order("order-8", "user_123").label("two words", "")] {
        assert_eq!(host.start_run(wrong).await.err().unwrap().kind, Kind::Invalid);
    }
    assert_eq!(host.runs(&Filter::default()).await.unwrap().len(), 1);
    // Whatever else it is started with, it is the same run, as it was.
    let again = order("order-7", "user_123").budget(Budget::default().steps(1)).label("team", "b");
    let again = host.start_run(again).await.unwrap();
    assert!(matches!(again, Started::Before(_)) && again.id() == first);
    assert!(host.state(first).await.unwrap().origin().labels.is_empty());
}

#[tokio::test]
async fn a_run_says_in_its_journal_how_it_was_started_and_is_found_by_it() {
    let place = Place::new();
    let host = host(&place).await;
    let new = order("order-7", "user_123").label("team", "support").label("stage", "2");
    let started = host.start_run(new).await.unwrap();
    let id = started.id();
    started.settled().await.unwrap();
    host.start("refund", input("user_123"), Budget::default()).await.unwrap().settled().await.unwrap();
    let entries = host.entries(id).await.unwrap();
    let Change::Created { origin, .. } = &entries[0].change else { panic!() };
    assert_eq!((origin.start_key.as_deref(), origin.labels["team"].as_str()), (Some("order-7"), "support"));
    let labels = [("team".to_owned(), "support".to_owned())].into();
    let found = host.runs(&Filter { labels, ..Filter::default() }).await.unwrap();
    assert_eq!(found.iter().map(|summary| summary.run_id).collect::<Vec<_>>(), [id]);
    host.remove(id, "dana", false).await.unwrap();
    let again = host.start_run(order("order-7", "user_123")).await.unwrap();
    assert!(matches!(again, Started::New { .. }), "the key of a run that was removed is free");
}

#[test]
fn a_command_with_a_key_shows_the_run_that_there_is() {
    let place = Place::new();
    let first = run(&place, "user_123", &["--key", "order-7", "--label", "team=support", "--label", "stage=2"]);
    assert_eq!(first.exit, Some(3));
    assert_eq!((&first.json["start_key"], &first.json["labels"]["team"]), (&json!("order-7"), &json!("support")));
    let again = run(&place, "user_123", &["--key", "order-7"]);
    assert_eq!((again.exit, again.run()), (Some(3), first.run()));
    assert!(again.stderr.contains("was started under this key before"), "{again:#?}");
    let other = run(&place, "user_789", &["--key", "order-7"]);
    assert_eq!(other.exit, Some(6));
    let message = other.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("user_123") && message.contains("user_789"), "{message}");
    let listed = place.json(&["runs", "--label", "team=support", "--label", "stage=2"]).json;
    assert_eq!((&listed[0]["run_id"], &listed[0]["start_key"]), (&json!(first.run()), &json!("order-7")));
    assert_eq!(place.json(&["runs", "--label", "team=sales"]).json, json!([]));
    let text = place.call(&["runs"]).stdout;
    assert!(text.contains("key order-7, stage=2, team=support"), "{text}");
    assert_eq!(run(&place, "user_123", &["--label", "support"]).exit, Some(2));
}

/// A client that was killed asks again, and gets the answer.
#[test]
fn a_run_that_was_interrupted_goes_on_when_it_is_asked_for_again() {
    let place = Place::new();
    let first = run(&place, "user_789", &["--key", "order-7"]).run();
    let journal = rusqlite::Connection::open(place.data("journal.db")).unwrap();
    journal.execute("UPDATE runs SET status = 'running'", []).unwrap();
    let cut = "DELETE FROM entries WHERE seq > 3";
    journal.execute(cut, []).unwrap();
    let again = run(&place, "user_789", &["--key", "order-7"]);
    assert_eq!((again.exit, again.run(), &again.json["status"]), (Some(0), first, &json!("done")), "{again:#?}");
    assert_eq!(place.refunds().len(), 1);
}

#[test]
fn code_with_a_key_runs_once_and_is_shown_again() {
    let place = Place::new();
    place.write("code.js", "console.log('one'); return 6 * 7");
    let exec = || place.json(&["exec", "code.js", "--key", "sum", "--label", "team=a"]);
    let (first, again) = (exec(), exec());
    assert_eq!((first.run(), &first.json["output"]), (again.run(), &json!(42)));
    assert_eq!((&first.json["stdout"], &again.json["stdout"]), (&json!("one\n"), &json!("one\n")));
    place.write("code.js", "return 7");
    assert_eq!(exec().exit, Some(6));
    assert_eq!(place.json(&["runs", "--label", "team=a"]).json.as_array().unwrap().len(), 1);
}

#[test]
fn runs_are_stopped_and_paused_by_their_labels() {
    let place = Place::new();
    let [one, other] = ["a", "b"].map(|team| run(&place, "user_123", &["--label", &format!("team={team}")]).run());
    let dry = place.json(&["pause", "--label", "team=a", "--dry-run"]).json;
    assert_eq!((&dry[0]["run_id"], dry.as_array().unwrap().len()), (&json!(one), 1));
    let paused = place.json(&["pause", "--label", "team=a"]).json;
    assert_eq!((&paused[0]["run_id"], &paused[0]["status"]), (&json!(one), &json!("paused")));
    assert_eq!(place.json(&["runs", "--waiting-for", "resume"]).json[0]["run_id"], json!(one));
    let stopped = place.json(&["stop", "--needs-me", "--status", "waiting"]).json;
    assert_eq!((&stopped[0]["run_id"], &stopped[0]["status"]), (&json!(other), &json!("stopped")));
    assert_eq!(place.json(&["stop", &one, "--label", "team=a"]).exit, Some(2), "either names or a filter");
    assert_eq!(place.json(&["stop"]).exit, Some(2));
}
