//! People are told of runs that need them: by whatever is configured, until it takes the message, without moving the run.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};
use stockade::config::{Notify, Occasion};
use stockade::{
    AllowedEffect, Budget, Builder, ChildRuns, Config, Currency, Decision, Delivery, Effect, End, Event, Fault, Graph,
    Host, Kind, Listing, NewRun, Notice, RunId, State, Status, Stop, Transition, Workflow,
};
use stockade_refund::{Refund, Settings};
use stockade_tests::database::OwnDatabase;
use stockade_tests::faulty::{Faulty, Trouble, calm, memory};
use stockade_tests::in_turn::{InTurn, fire, start};
use stockade_tests::story::idle;
use stockade_tests::{Hand, Place, decide, input};

const HOUR_MS: u64 = 3_600_000;

/// The value of the secret with which messages are signed.
const SECRET: &str = "whsec_c2VjcmV0";

/// A message as a server got it.
struct Posted {
    headers: String,
    body: Value,
}

impl Posted {
    fn header(&self, name: &str) -> &str {
        let line = self.headers.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.headers))
    }
}

/// A server that answers each message with the next of these statuses, and its address.
fn server() -> (String, Receiver<Posted>, Sender<u16>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let ((posted, got), (statuses, status)) = (channel(), channel::<u16>());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut headers, mut line) = (String::new(), String::new());
            while reader.read_line(&mut line).unwrap() > 2 {
                headers += &line.to_lowercase();
                line.clear();
            }
            let length = headers.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let Ok(status) = status.recv() else { return };
            // It is there for the test before the host knows that it was taken.
            let _ = posted.send(Posted { headers, body: serde_json::from_slice(&body).unwrap() });
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, got, statuses)
}

fn webhook(url: &str) -> Notify {
    Notify { url: Some(url.to_owned()), ..Notify::default() }
}

async fn open(place: &Place, hand: &Hand, notify: Notify) -> Host {
    telling(place.host().clock(hand.clock()), notify).await
}

async fn telling(builder: Builder, notify: Notify) -> Host {
    builder.workflow(Patient).secret("hook", SECRET).notify("ops", notify).build().await.unwrap()
}

/// Starts a refund that waits for a person.
async fn waiting(host: &Host) -> RunId {
    let run = host.start("refund", input("user_123"), Budget::default()).await.unwrap();
    let id = run.id();
    assert_eq!(run.settled_state().await.unwrap().status(), Status::Waiting);
    id
}

async fn sent(host: &Host) -> Vec<(Delivery, u32)> {
    host.notify().await.unwrap().found.iter().map(|notice| (notice.delivery, notice.attempts)).collect()
}

/// Waits for a signal, for an hour at most.
struct Patient;

impl Workflow for Patient {
    type Input = ();
    type State = bool;

    fn name(&self) -> &str {
        "patient"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let go = AllowedEffect::Signal("go".to_owned());
        Graph::new([State::new("WAIT", [go], &["DONE"]), State::new("DONE", [], &[])])
    }

    fn position(&self, is_done: &Self::State) -> &'static str {
        if *is_done { "DONE" } else { "WAIT" }
    }

    fn start(&self, (): ()) -> Result<Transition<bool>, Fault> {
        let go = Effect::await_signal("go", "go").within(Duration::from_millis(HOUR_MS));
        Ok(Transition::to(false).want(go))
    }

    fn step(&self, _: bool, _: Event) -> Result<Transition<bool>, Fault> {
        Ok(Transition::to(true).end(End::Failed(Fault::invalid("late", "nothing came"))))
    }
}

#[tokio::test]
async fn a_run_that_waits_is_told_of_once_with_the_command_that_decides() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let notify = Notify { secret: Some("hook".to_owned()), ..webhook(&url) };
    let host = open(&place, &hand, notify.clone()).await;
    let run = waiting(&host).await;
    drop(host);
    // What was to be told when a process stopped is told by the next one.
    let host = open(&place, &hand, notify).await;
    statuses.send(200).unwrap();
    assert_eq!(sent(&host).await, [(Delivery::Delivered, 1)]);
    assert_eq!(sent(&host).await, []);
    let posted = got.recv().unwrap();
    assert!(posted.header("webhook-signature").starts_with("v1,"), "{}", posted.headers);
    assert_eq!(posted.header("webhook-timestamp"), (Hand::BEGIN_MS / 1_000).to_string());
    assert!(posted.header("webhook-id").starts_with("sha256:"));
    let Posted { body, .. } = posted;
    assert_eq!((&body["type"], &body["data"]["run_id"]), (&json!("run.waiting"), &json!(run)));
    assert_eq!(body["data"]["questions"][0]["arguments"]["amount_cents"], 14_900);
    let text = body["text"].as_str().unwrap();
    assert!(text.ends_with("waits for a person: refund of $149.00 is over $100.00"), "{text}");
    let command: Vec<_> = body["data"]["questions"][0]["approve"].as_str().unwrap().split(' ').collect();
    let approved = place.json(&[&command[1..], &["--by", "dana"]].concat());
    assert_eq!(approved.exit, Some(0), "{approved:?}");
}

#[tokio::test]
async fn a_message_that_is_not_taken_is_sent_again_a_number_of_times_and_the_run_stays() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let host = open(&place, &hand, Notify { attempts: 3, ..webhook(&url) }).await;
    let run = waiting(&host).await;
    let mut ids = Vec::new();
    for (status, after_ms, expected) in
        [(500, 0, (Delivery::Pending, 1)), (302, 60_000, (Delivery::Pending, 2)), (404, 120_000, (Delivery::Failed, 3))]
    {
        hand.set(after_ms);
        statuses.send(status).unwrap();
        assert_eq!(sent(&host).await, [expected]);
        assert_eq!(sent(&host).await, [], "not again at once");
        ids.push(got.recv().unwrap().header("webhook-id").to_owned());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    hand.set(24 * HOUR_MS);
    assert_eq!(sent(&host).await, []);
    let notices = host.notices(Some(run)).await.unwrap().found;
    assert_eq!(notices[0].reason.as_deref(), Some("the server answered with status 404"));
    assert_eq!(host.state(run).await.unwrap().status(), Status::Waiting);
}

/// What is written before and after a message is sent may fail, and the host with it: another one sends it again.
#[tokio::test]
async fn a_message_is_sent_under_one_id_wherever_its_host_fails() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let faulty = Faulty::new(&hand);
    faulty.insert(&memory(&hand), calm());
    let builder = place.host().with_journal(faulty.clone()).scratch(place.path("")).clock(hand.clock());
    let host = builder.notify("ops", Notify { attempts: 3, ..webhook(&url) }).build().await.unwrap();
    for trouble in Trouble::CUTS {
        for number in 1.. {
            let disk = memory(&hand);
            faulty.insert(&disk, calm());
            let run = waiting(&host).await;
            faulty.insert(&disk, trouble.at(number));
            // There is an answer for each attempt that may come; those that are left are for the next scenarios.
            statuses.send(200).unwrap();
            statuses.send(200).unwrap();
            drop(host.notify().await);
            let asked = faulty.asked();
            faulty.remove();
            idle(&host).await;
            // By then it is due again, also where it was put off because the journal failed.
            hand.forward(2 * HOUR_MS);
            faulty.insert(&disk, calm());
            host.notify().await.unwrap();
            let ids: Vec<_> = got.try_iter().map(|posted| posted.header("webhook-id").to_owned()).collect();
            let is_told = (1..=2).contains(&ids.len()) && ids.iter().all(|id| *id == ids[0]);
            assert!(is_told, "{trouble:?} at operation {number}: {ids:?}");
            let notice = host.notices(Some(run)).await.unwrap().found.remove(0);
            assert_eq!(notice.delivery, Delivery::Delivered, "{trouble:?} at operation {number}");
            assert!((1..=3).contains(&notice.attempts), "{trouble:?} at operation {number}: {notice:?}");
            hand.forward(24 * HOUR_MS);
            assert_eq!(sent(&host).await, [], "{trouble:?} at operation {number}: what was taken is not sent again");
            if asked < number {
                assert!(number > 3, "a message takes more operations than that");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_message_is_not_sent_once_the_run_stands_otherwise() {
    let (place, hand, (url, got, _)) = (Place::new(), Hand::new(), server());
    let host = open(&place, &hand, webhook(&url)).await;
    let run = waiting(&host).await;
    decide(&host, run, Decision::approve("dana")).await.unwrap().settled().await.unwrap();
    assert_eq!(sent(&host).await, [(Delivery::Outdated, 0)]);
    assert!(got.try_recv().is_err());
}

#[tokio::test]
async fn a_message_that_cannot_be_read_or_whose_run_cannot_be_keeps_no_other_from_being_sent() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let host = open(&place, &hand, webhook(&url)).await;
    let (row, run, sound) = (waiting(&host).await, waiting(&host).await, waiting(&host).await);
    place.damage_rows("notice", row);
    place.damage_run(run);
    statuses.send(200).unwrap();
    let told = host.notify().await.unwrap();
    assert_eq!(told.found.iter().map(|notice| notice.run).collect::<Vec<_>>(), [sound]);
    assert_eq!(got.recv().unwrap().body["data"]["run_id"], json!(sound));
    let named: BTreeSet<_> = told.unreadable.iter().filter_map(|left_out| left_out.run_id).collect();
    assert_eq!(named, [row, run].into());
    assert_eq!(host.notify().await.unwrap(), Listing::default(), "they are looked at again later");
    let listed = host.notices(None).await.unwrap();
    assert_eq!((listed.found.len(), listed.unreadable[0].run_id), (2, Some(row)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_hosts_sends_a_message() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let hosts = [open(&place, &hand, webhook(&url)).await, open(&place, &hand, webhook(&url)).await];
    assert_one_sends(&hosts, &got, &statuses, 8).await;
}

/// Both hosts look at the same moment for what is to be told; one of them tells it.
async fn assert_one_sends(hosts: &[Host; 2], got: &Receiver<Posted>, statuses: &Sender<u16>, messages: usize) {
    for number in 0..messages {
        let run = waiting(&hosts[number % 2]).await;
        statuses.send(200).unwrap();
        let (one, other) = tokio::join!(sent(&hosts[0]), sent(&hosts[1]));
        assert_eq!([one, other].concat(), [(Delivery::Delivered, 1)]);
        assert_eq!(got.recv().unwrap().body["data"]["run_id"], json!(run));
    }
    assert!(got.try_recv().is_err(), "a message was sent twice");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn one_of_two_hosts_on_one_database_sends_a_message_and_the_other_one_sends_what_was_not_taken() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let database = OwnDatabase::new().await;
    let [one, other] = [(), ()].map(|()| telling(database.host(&place, &hand), webhook(&url)));
    let hosts = [one.await, other.await];
    assert_one_sends(&hosts, &got, &statuses, 4).await;
    waiting(&hosts[0]).await;
    statuses.send(500).unwrap();
    assert_eq!(sent(&hosts[0]).await, [(Delivery::Pending, 1)]);
    let id = got.recv().unwrap().header("webhook-id").to_owned();
    hand.set(HOUR_MS);
    statuses.send(200).unwrap();
    assert_eq!(sent(&hosts[1]).await, [(Delivery::Delivered, 2)]);
    assert_eq!(got.recv().unwrap().header("webhook-id"), id);
    assert_eq!(sent(&hosts[0]).await, []);
}

#[tokio::test]
async fn a_deadline_that_is_near_is_told_of() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let on = [Occasion::Deadline, Occasion::Failed].into();
    let host = open(&place, &hand, Notify { on, before: Duration::from_millis(HOUR_MS / 2), ..webhook(&url) }).await;
    host.start("patient", Value::Null, Budget::default()).await.unwrap().settled().await.unwrap();
    assert_eq!(sent(&host).await, []);
    hand.set(HOUR_MS / 2);
    statuses.send(200).unwrap();
    assert_eq!(sent(&host).await, [(Delivery::Delivered, 1)]);
    let body = got.recv().unwrap().body;
    assert_eq!(body["data"]["deadline_ms"], Hand::BEGIN_MS + HOUR_MS);
    assert!(body["text"].as_str().unwrap().ends_with("waits until 2027-01-15 09:00:00Z"), "{}", body["text"]);
    hand.set(HOUR_MS);
    for fired in host.fire_due().await.unwrap() {
        fired.resumed.unwrap().settled().await.unwrap();
    }
    statuses.send(204).unwrap();
    assert_eq!(sent(&host).await, [(Delivery::Delivered, 1)]);
    assert!(got.recv().unwrap().body["text"].as_str().unwrap().ends_with("is failed: nothing came"));
}

/// A deadline is told once, however often the run begins to wait before it, and in whatever way it rests.
#[tokio::test]
async fn a_deadline_of_the_whole_run_that_is_near_is_told_of_once() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let on = [Occasion::Deadline].into();
    let host = open(&place, &hand, Notify { on, before: Duration::from_millis(HOUR_MS / 4), ..webhook(&url) }).await;
    let new = NewRun::new("patient", Value::Null).deadline(Duration::from_millis(HOUR_MS / 2));
    let run = host.start_run(new).await.unwrap();
    let id = run.id();
    run.settled().await.unwrap();
    host.run(id).pause(Stop::by("dana"), Duration::ZERO).await.unwrap();
    host.resume(id).await.unwrap().settled().await.unwrap();
    host.run(id).pause(Stop::by("dana"), Duration::ZERO).await.unwrap();
    assert_eq!(sent(&host).await, []);
    hand.set(HOUR_MS / 4);
    statuses.send(200).unwrap();
    assert_eq!(sent(&host).await, [(Delivery::Delivered, 1)]);
    let body = got.recv().unwrap().body;
    assert_eq!(
        (&body["data"]["deadline_ms"], &body["data"]["status"]),
        (&json!(Hand::BEGIN_MS + HOUR_MS / 2), &json!("paused"))
    );
    assert!(body["text"].as_str().unwrap().ends_with("has to end until 2027-01-15 08:30:00Z"), "{}", body["text"]);
    hand.set(HOUR_MS / 2 - 1);
    host.resume(id).await.unwrap().settled().await.unwrap();
    assert_eq!(sent(&host).await, [], "it was told of before, and the signal would come too late");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_of_a_wait_for_other_runs_that_is_near_is_told_of() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let notify = Notify { on: [Occasion::Deadline].into(), ..webhook(&url) };
    let builder = place.host().workflow(InTurn).clock(hand.clock()).notify("ops", notify);
    let host = builder.build().await.unwrap();
    let naps = ChildRuns::new("in_turn", [json!([Effect::sleep("nap", Duration::from_millis(9 * HOUR_MS))])], each());
    let fan = Effect::start_runs("fan", naps).within(Duration::from_millis(2 * HOUR_MS));
    let (run, _) = start(&host, &[fan], Budget::default()).await;
    host.idle().await;
    assert_eq!(host.state(run).await.unwrap().status(), Status::Waiting);
    assert_eq!(sent(&host).await, []);
    hand.set(HOUR_MS);
    statuses.send(200).unwrap();
    assert_eq!(sent(&host).await, [(Delivery::Delivered, 1)]);
    let data = &got.recv().unwrap().body["data"];
    assert_eq!((&data["run_id"], &data["deadline_ms"]), (&json!(run), &json!(Hand::BEGIN_MS + 2 * HOUR_MS)));
}

/// What a child may spend that sleeps.
fn each() -> Budget {
    let each = Budget::NONE.fuel(1_000).steps(5).with(Currency::Wall, 1_000).with(Currency::Memory, 1 << 20);
    each.with(Currency::Journal, 64 << 10)
}

/// A refund of which a person is reminded, and that is escalated.
const LATE: &str = "[workflow.refund]\napproval = { approvers = [\"dana\"], expires = \"3h\", remind = \"30m\", \
                    escalate = { after = \"1h\", to = [\"eve\"] } }\n";

const MINUTE_MS: u64 = 60_000;

async fn late(place: &Place, hand: &Hand, url: &str) -> Host {
    let refund = Refund::from(Config::parse(LATE).unwrap().settings::<Settings>("refund").unwrap());
    let notify = Notify { on: [Occasion::Reminder, Occasion::Escalation].into(), ..webhook(url) };
    let builder = place.host().workflow(refund).clock(hand.clock()).notify("ops", notify);
    builder.build().await.unwrap()
}

#[tokio::test]
async fn a_reminder_and_an_escalation_are_told_of_once_each_with_who_is_asked() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let host = late(&place, &hand, &url).await;
    waiting(&host).await;
    assert_eq!(sent(&host).await, []);
    for (minutes, kind, escalated_to, says) in [
        (30, "run.reminder", json!([]), "still waits for a person (dana; after "),
        (60, "run.escalation", json!(["eve"]), "waits for a person, now also for eve: refund of $149.00"),
    ] {
        hand.set(minutes * MINUTE_MS);
        assert_eq!((fire(&host).await.len(), fire(&host).await.len()), (1, 0));
        statuses.send(200).unwrap();
        assert_eq!(sent(&host).await, [(Delivery::Delivered, 1)]);
        assert_eq!(sent(&host).await, [], "once");
        let Posted { body, .. } = got.recv().unwrap();
        let question = &body["data"]["questions"][0];
        assert_eq!((&body["type"], &body["data"]["question"]), (&json!(kind), &question["key"]));
        let who = &question["who"][0];
        assert_eq!((&who["approvers"], &who["escalated_to"]), (&json!(["dana"]), &escalated_to));
        assert!(body["text"].as_str().unwrap().contains(says), "{}", body["text"]);
    }
}

#[tokio::test]
async fn a_reminder_of_a_question_that_is_decided_is_not_sent() {
    let (place, hand, (url, got, _statuses)) = (Place::new(), Hand::new(), server());
    let host = late(&place, &hand, &url).await;
    let (reminded, decided) = (waiting(&host).await, waiting(&host).await);
    hand.set(30 * MINUTE_MS);
    // In the commit that says that it is overdue.
    decide(&host, decided, Decision::approve("dana")).await.unwrap().settled().await.unwrap();
    assert_eq!(host.notices(None).await.unwrap().found, []);
    assert_eq!(fire(&host).await.len(), 1);
    assert_eq!(host.notices(None).await.unwrap().found.len(), 1);
    decide(&host, reminded, Decision::deny("dana")).await.unwrap().settled().await.unwrap();
    assert_eq!(sent(&host).await, [(Delivery::Outdated, 0)]);
    assert!(got.try_recv().is_err());
}

#[tokio::test]
async fn a_run_that_is_suspended_is_told_of_with_its_limit() {
    let (place, hand, (url, got, statuses)) = (Place::new(), Hand::new(), server());
    let host = open(&place, &hand, webhook(&url)).await;
    let budget = Budget::default().with(Currency::ToolCalls, 2);
    let run = host.start("refund", input("user_789"), budget).await.unwrap();
    assert_eq!(run.settled_state().await.unwrap().status(), Status::Suspended);
    statuses.send(200).unwrap();
    assert_eq!(sent(&host).await, [(Delivery::Delivered, 1)]);
    let body = got.recv().unwrap().body;
    assert_eq!((&body["type"], &body["data"]["status"]), (&json!("run.suspended"), &json!("suspended")));
    let text = body["text"].as_str().unwrap();
    assert!(text.contains(" is suspended: ") && text.contains("tool_calls"), "{text}");
}

/// A person may have written a secret into a task, a model into a call: those who are told need not know it.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_no_value_of_a_secret() {
    let (place, hand) = (Place::new(), Hand::new());
    let replies = format!(
        "[[answer]]\nwhen = {{ turn = 1 }}\nreply = {{ calls = [{{ name = \"payments.refund\", arguments = \
         {{ user_id = \"user_{SECRET}\", amount_cents = 7900 }} }}] }}\n"
    );
    let config = format!(
        "[model.demo]\nprovider = \"scripted\"\nfile = {:?}\nprice = \"free\"\n[workflow.desk]\npattern = \"react\"\n\
         tools = [\"payments\"]\nask = [\"payments\"]\n",
        place.write("replies.toml", replies)
    );
    let script = format!("cat > '{0}/message'; env > '{0}/env'; exit 1", place.path("").display());
    let command = ["sh", "-c", script.as_str()].map(str::to_owned).to_vec();
    let notify = Notify { command: Some(command), ..Notify::default() };
    let builder = place.host().clock(hand.clock()).secret("hook", SECRET).notify("ops", notify);
    let host = builder.configured(&Config::parse(&config).unwrap()).unwrap().build().await.unwrap();
    let run = host.start("desk", json!({"task": "refund it"}), Budget::default()).await.unwrap();
    let id = run.id();
    assert_eq!(run.settled_state().await.unwrap().status(), Status::Waiting);
    assert_eq!(sent(&host).await, [(Delivery::Pending, 1)]);
    let message = std::fs::read_to_string(place.path("message")).unwrap();
    let body: Value = serde_json::from_str(&message).unwrap();
    assert_eq!(body["data"]["questions"][0]["arguments"]["user_id"], "user_[secret hook]");
    let notices = serde_json::to_string(&host.notices(Some(id)).await.unwrap().found).unwrap();
    for told in [message, std::fs::read_to_string(place.path("env")).unwrap(), notices] {
        assert!(!told.contains(SECRET), "{told}");
    }
    let asked = host.state(id).await.unwrap().open_approval().unwrap().call.arguments.value();
    assert_eq!(asked["user_id"], format!("user_{SECRET}"), "the call itself stays as it is");
}

#[tokio::test]
async fn a_command_reads_a_message_in_a_clean_environment() {
    let (place, hand) = (Place::new(), Hand::new());
    let script = format!("cat > '{0}/message'; env > '{0}/env'", place.path("").display());
    let command = |program: &[&str]| Notify {
        command: Some(program.iter().map(|&word| word.to_owned()).collect()),
        ..Notify::default()
    };
    let host = open(&place, &hand, command(&["sh", "-c", &script])).await;
    waiting(&host).await;
    assert_eq!(sent(&host).await, [(Delivery::Delivered, 1)]);
    let message: Value = serde_json::from_slice(&std::fs::read(place.path("message")).unwrap()).unwrap();
    assert_eq!(message["data"]["status"], "waiting");
    let environment = std::fs::read_to_string(place.path("env")).unwrap();
    let names: Vec<_> = environment.lines().filter_map(|line| line.split('=').next()).collect();
    assert!(names.iter().all(|name| ["PATH", "PWD", "SHLVL", "_", "OLDPWD"].contains(name)), "{names:?}");
    for (program, says) in [(["false", ""], "ended with exit status: 1"), (["/no/such", ""], "was not started")] {
        let host = open(&place, &hand, command(&program)).await;
        let run = waiting(&host).await;
        assert_eq!(sent(&host).await, [(Delivery::Pending, 1)]);
        let Notice { reason, .. } = host.notices(Some(run)).await.unwrap().found.remove(0);
        assert!(reason.as_ref().unwrap().contains(says), "{reason:?}");
    }
}

#[tokio::test]
async fn what_is_configured_wrong_is_refused_when_the_host_is_made() {
    let hand = Hand::new();
    for (notify, says) in [
        (Notify::default(), "needs either `url` or `command"),
        (Notify { attempts: 0, ..webhook("http://localhost/") }, "must not be empty or 0"),
        (Notify { secret: Some("none".to_owned()), ..webhook("http://localhost/") }, "the secret \"none\""),
    ] {
        let place = Place::new();
        let built = place.host().clock(hand.clock()).notify("ops", notify).build().await;
        let fault = built.err().unwrap();
        assert!(fault.message.contains(says) && fault.message.contains("[notify.ops]"), "{fault}");
        assert!(matches!(fault.kind, Kind::Invalid | Kind::NotFound), "{fault}");
    }
}

#[test]
fn the_command_line_says_what_was_not_told_and_ends_as_without() {
    let place = Place::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    place.write("stockade.toml", format!("[notify.ops]\nurl = \"http://{free}/\"\non = [\"waiting\"]\n"));
    let run = place.refund("user_123", &[]);
    assert_eq!((run.exit, &run.json["status"]), (Some(3), &json!("waiting")), "{run:?}");
    assert!(run.stderr.contains("\"ops\" was not told: the server was not reached"), "{}", run.stderr);
    let listed = place.json(&["notices"]);
    assert_eq!(
        (&listed.json[0]["delivery"], &listed.json[0]["attempts"]),
        (&json!("pending"), &json!(1)),
        "{listed:?}"
    );
    assert!(place.call(&["notices", &run.run()]).stdout.contains("  waiting  to ops  pending, 1 attempts\n"));
}

#[test]
fn the_command_line_says_which_message_cannot_be_read_and_ends_as_without() {
    let place = Place::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    place.write("stockade.toml", format!("[notify.ops]\nurl = \"http://{free}/\"\non = [\"waiting\"]\n"));
    let damaged = place.refund("user_123", &[]).run();
    place.damage("UPDATE index_rows SET value = '{', due_ms = 0 WHERE space = 'notice'");
    let run = place.refund("user_123", &[]);
    assert_eq!((run.exit, &run.json["status"]), (Some(3), &json!("waiting")), "{run:?}");
    assert!(run.stderr.contains(&format!("run {damaged}, which cannot be read, is left out")), "{}", run.stderr);
    let listed = place.json(&["notices"]);
    assert_eq!((listed.exit, &listed.json[0]["run"]), (Some(0), &json!(run.run())), "{listed:?}");
    assert!(listed.stderr.contains(&damaged), "{}", listed.stderr);
}
