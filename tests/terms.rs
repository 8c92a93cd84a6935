//! Who may decide, how many of them, and until when; and a yes that holds for later calls of its run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use stockade::{
    Approval, ApprovalId, Budget, Change, Clock, Config, Currency, Decision, EffectOutcome, Entry, Fault, Host, Kind,
    NewRun, Outcome, Overdue, RunId, RunState, Status, Verdict,
};
use stockade_refund::{Refund, Settings};
use stockade_tests::currencies::{OF_CALLS, Played, cut_by_each, to_the_end};
use stockade_tests::{Place, decide, input};

const BEGIN_MS: u64 = 1_800_000_000_000;
/// The key of the first question.
const FIRST: &str = "turn-1/ask-1";
const MINUTE_MS: u64 = 60_000;

/// A place whose agent wants refunds of so many cents, one after the other, and a clock that stands still until it is set.
struct Desk {
    place: Place,
    now_ms: Arc<AtomicU64>,
    /// What `approval` of the tool "payments" is.
    approval: &'static str,
}

impl Desk {
    fn new(approval: &'static str, turns: &[u64]) -> Self {
        let place = Place::new();
        let turn = |(number, cents): (usize, &u64)| {
            let arguments = format!("{{ user_id = \"user_789\", amount_cents = {cents} }}");
            let call = format!("{{ name = \"payments.refund\", arguments = {arguments} }}");
            format!("[[answer]]\nwhen = {{ turn = {} }}\nreply = {{ calls = [{call}] }}\n", number + 1)
        };
        let last = format!("[[answer]]\nwhen = {{ turn = {} }}\nreply = {{ text = \"done\" }}\n", turns.len() + 1);
        place.write("replies.toml", turns.iter().enumerate().map(turn).collect::<String>() + &last);
        Self { place, now_ms: Arc::new(AtomicU64::new(BEGIN_MS)), approval }
    }

    fn config(&self) -> Config {
        let text = format!(
            "[model.demo]\nprovider = \"scripted\"\nfile = {:?}\nprice = \"free\"\n\
             [roles]\nmanager = [\"dana\", \"mia\", \"robin\"]\n[tool.payments]\napproval = {}\n\
             [workflow.desk]\npattern = \"react\"\ntools = [\"payments\"]\nask = [\"payments\"]\n",
            self.place.path("replies.toml"),
            self.approval
        );
        Config::parse(&text).unwrap()
    }

    async fn host(&self) -> Host {
        let now_ms = Arc::clone(&self.now_ms);
        let builder = self.place.host().clock(Clock::new(move || now_ms.load(Ordering::SeqCst)));
        builder.configured(&self.config()).unwrap().build().await.unwrap()
    }

    fn set(&self, minutes: u64) {
        self.now_ms.store(BEGIN_MS + minutes * MINUTE_MS, Ordering::SeqCst);
    }

    async fn start(&self, host: &Host, by: Option<&str>) -> (RunId, Approval) {
        let run = host
            .start_run(by.into_iter().fold(NewRun::new("desk", json!({"task": "refund it"})), NewRun::by))
            .await
            .unwrap();
        let id = run.id();
        (id, waiting(run.settled().await.unwrap()))
    }

    fn refunds(&self) -> usize {
        self.place.refunds().len()
    }
}

fn waiting(outcome: Outcome) -> Approval {
    match outcome {
        Outcome::Waiting(approval) => *approval,
        other => panic!("{other}"),
    }
}

async fn settled(host: &Host, run: RunId, decision: Decision) -> Outcome {
    decide(host, run, decision).await.unwrap().settled().await.unwrap()
}

async fn refused(host: &Host, run: RunId, decision: Decision) -> Fault {
    decide(host, run, decision).await.err().unwrap()
}

/// Fires what is due, and returns how many runs that were.
async fn fire(host: &Host) -> usize {
    let fired = host.fire_due().await.unwrap();
    let count = fired.len();
    for fired in fired {
        fired.resumed.unwrap().settled().await.unwrap();
    }
    count
}

async fn question(host: &Host, run: RunId, key: &str) -> Approval {
    host.state(run).await.unwrap().approval(key).unwrap().clone()
}

const LATE: &str =
    "{ approvers = [\"dana\"], expires = \"2h\", remind = \"30m\", escalate = { after = \"1h\", to = [\"eve\"] } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_question_becomes_overdue_is_escalated_and_expires_which_is_no_denial() {
    let desk = Desk::new(LATE, &[7_900]);
    let host = desk.host().await;
    let (run, _) = desk.start(&host, None).await;
    let key = "turn-1/ask-1";
    desk.set(29);
    assert_eq!(fire(&host).await, 0);
    desk.set(30);
    assert_eq!(fire(&host).await, 1);
    let asked = question(&host, run, key).await;
    assert_eq!((asked.reminded_ms, asked.escalated_ms), (Some(BEGIN_MS + 30 * MINUTE_MS), None));
    assert_eq!(refused(&host, run, Decision::approve("eve")).await.detail.as_deref(), Some("approver"));
    desk.set(60);
    assert_eq!(fire(&host).await, 1);
    assert_eq!(fire(&host).await, 0, "nothing is journaled twice");
    let asked = question(&host, run, key).await;
    assert_eq!(asked.escalated_ms, Some(BEGIN_MS + 60 * MINUTE_MS));
    assert!(asked.is_open(), "what is overdue is not decided");
    desk.set(120);
    assert_eq!(refused(&host, run, Decision::approve("dana")).await.detail.as_deref(), Some("expired"));
    assert_eq!(fire(&host).await, 1);
    let asked = question(&host, run, key).await;
    assert_eq!((asked.expired_ms, asked.decision), (Some(BEGIN_MS + 120 * MINUTE_MS), None));
    let state = host.state(run).await.unwrap();
    assert_eq!((state.status(), desk.refunds()), (Status::Done, 0));
    let entries = host.entries(run).await.unwrap();
    let told = serde_json::to_string(&entries).unwrap();
    assert!(told.contains("no person decided on it in time") && !told.contains("said no"), "{told}");
    assert_eq!(overdue(&entries), [Overdue::Reminder, Overdue::Escalation]);
}

fn overdue(entries: &[Entry]) -> Vec<Overdue> {
    let overdue = entries.iter().filter_map(|entry| match &entry.change {
        Change::Overdue { overdue, .. } => Some(*overdue),
        _ => None,
    });
    overdue.collect()
}

/// Lets the time of a question pass, and has a host look at the run at each of its times from this one on.
async fn lapse(desk: &Desk, host: &Host, run: RunId, from_ms: u64) {
    for minutes in [0, 30, 60, 120] {
        desk.now_ms.store(from_ms.max(BEGIN_MS + minutes * MINUTE_MS), Ordering::SeqCst);
        host.resume(run).await.unwrap().settled().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_overdue_escalated_and_expired_once_when_cut_after_any_record() {
    let desk = Desk::new(LATE, &[7_900]);
    let host = desk.host().await;
    let (run, _) = desk.start(&host, None).await;
    lapse(&desk, &host, run, BEGIN_MS).await;
    let (asked, entries) = (question(&host, run, FIRST).await, host.entries(run).await.unwrap());
    assert_eq!((asked.expired_ms, overdue(&entries).len()), (Some(BEGIN_MS + 120 * MINUTE_MS), 2));
    drop(host);
    for cut in 1..entries.len() {
        desk.place.clear();
        let host = desk.host().await;
        desk.place.journal_of(&entries[..cut]).await;
        lapse(&desk, &host, run, entries[cut - 1].at_ms).await;
        assert_eq!(question(&host, run, FIRST).await, asked, "cut after {cut}");
        let again = host.entries(run).await.unwrap();
        assert_eq!(overdue(&again), [Overdue::Reminder, Overdue::Escalation], "cut after {cut}");
        let status = host.state(run).await.unwrap().status();
        assert_eq!((status, desk.refunds()), (Status::Done, 0), "cut after {cut}");
    }
}

/// A host that was down meanwhile takes the decision of those to whom the question was escalated, and journals that it was.
#[tokio::test(flavor = "multi_thread")]
async fn an_escalated_question_takes_the_decision_of_others_too() {
    let desk = Desk::new(LATE, &[7_900]);
    let host = desk.host().await;
    let (run, _) = desk.start(&host, None).await;
    desk.set(61);
    let outcome = settled(&host, run, Decision::approve("eve")).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    let asked = question(&host, run, "turn-1/ask-1").await;
    assert_eq!((asked.escalated_ms, desk.refunds()), (Some(BEGIN_MS + 61 * MINUTE_MS), 1));
}

const MANAGERS: &str = "{ role = \"manager\", approvers = [\"dana\", \"eve\", \"robin\"], not_starter = true }";

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_taken_from_those_alone_who_may_decide() {
    let desk = Desk::new(MANAGERS, &[7_900]);
    let host = desk.host().await;
    let (run, asked) = desk.start(&host, Some("robin")).await;
    assert_eq!(asked.terms.len(), 1);
    for (by, why) in [
        ("eve", "\"eve\" does not have the role \"manager\""),
        ("mia", "\"mia\" may not decide; those who may are dana, eve, robin"),
        ("robin", "\"robin\" started the run, and that person may not decide"),
    ] {
        for decision in [Decision::approve(by), Decision::deny(by), Decision::respond(by, "no need")] {
            let refused = refused(&host, run, decision).await;
            assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Denied, Some("approver")), "{refused}");
            assert!(refused.message.contains(why), "{refused}");
        }
    }
    assert_eq!((question(&host, run, &asked.key).await, desk.refunds()), (asked, 0));
    assert!(matches!(settled(&host, run, Decision::approve("dana")).await, Outcome::Done(_)));
    // Where a run does not say who started it, it could have been anyone.
    let (nameless, _) = desk.start(&host, None).await;
    assert_eq!(refused(&host, nameless, Decision::approve("dana")).await.detail.as_deref(), Some("approver"));
}

const TWO: &str = "{ quorum = 2 }";

#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_is_of_different_people_and_one_no_is_a_no() {
    let desk = Desk::new(TWO, &[7_900, 4_900]);
    let host = desk.host().await;
    let (run, asked) = desk.start(&host, None).await;
    assert_eq!(asked.allowed(), Verdict::YES_OR_NO, "each sees the call that all of them approve");
    let edit = Decision::edit("dana", json!({"user_id": "user_789", "amount_cents": 1}));
    assert_eq!(refused(&host, run, edit).await.detail.as_deref(), Some("decision"));
    let remember = Decision::approve("dana").remember(Some(json!({}).into()));
    assert_eq!(refused(&host, run, remember).await.detail.as_deref(), Some("decision"));
    let still = waiting(settled(&host, run, Decision::approve("dana")).await);
    assert_eq!((still.key.as_str(), still.votes.len(), desk.refunds()), (asked.key.as_str(), 1, 0));
    assert_eq!(still.digest(), asked.digest(), "the others see the same question");
    let twice = refused(&host, run, Decision::approve("dana")).await;
    assert_eq!((twice.kind, twice.detail.as_deref()), (Kind::Conflict, Some("voted")), "{twice}");
    let next = waiting(settled(&host, run, Decision::approve("eve")).await);
    assert_eq!((next.key.as_str(), desk.refunds()), ("turn-2/ask-1", 1));
    waiting(settled(&host, run, Decision::approve("eve")).await);
    assert!(matches!(settled(&host, run, Decision::deny("dana")).await, Outcome::Done(_)));
    assert_eq!(desk.refunds(), 1);
}

/// Whatever record was the last, no call is made with fewer people than it needs.
#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_is_still_of_two_when_cut_after_any_record() {
    let desk = Desk::new(TWO, &[7_900]);
    let host = desk.host().await;
    let (run, _) = desk.start(&host, None).await;
    settled(&host, run, Decision::approve("dana")).await;
    settled(&host, run, Decision::approve("eve")).await;
    let entries = host.entries(run).await.unwrap();
    drop(host);
    for cut in 1..entries.len() {
        desk.place.clear();
        let host = desk.host().await;
        desk.place.journal_of(&entries[..cut]).await;
        let mut outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        while let Outcome::Waiting(asked) = outcome {
            let by = if asked.votes.is_empty() { "mia" } else { "eve" };
            outcome = settled(&host, run, Decision::approve(by)).await;
        }
        let decided = question(&host, run, "turn-1/ask-1").await;
        assert_eq!(decided.votes.len(), 1, "cut after {cut}");
        // What was booked before the cut is gone with the shop; the call has one key.
        assert!(desk.refunds() <= 1, "cut after {cut}");
    }
}

fn remembering(by: &str, arguments: Value) -> Decision {
    Decision::approve(by).remember(Some(arguments.into()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_yes_holds_for_the_calls_that_it_names_until_it_is_revoked() {
    let desk = Desk::new("{}", &[7_900, 7_900, 100, 7_900]);
    let host = desk.host().await;
    let (run, _) = desk.start(&host, None).await;
    let other = refused(&host, run, remembering("dana", json!({"amount_cents": 7_901}))).await;
    assert_eq!(other.detail.as_deref(), Some("decision"), "{other}");
    let next = waiting(settled(&host, run, remembering("dana", json!({"amount_cents": 7_900}))).await);
    assert_eq!((next.key.as_str(), desk.refunds()), ("turn-3/ask-1", 2));
    let by_it = question(&host, run, "turn-2/ask-1").await;
    let reason = by_it.decision.unwrap();
    assert_eq!((reason.by.as_str(), reason.repeats.as_deref(), reason.remember), ("dana", Some("turn-1/ask-1"), None));
    assert_eq!(by_it.consumed_by.as_deref(), Some("turn-2/call-1"));

    let id = |key: &str| ApprovalId { run, key: key.to_owned() };
    assert_eq!(host.revoke(&id("turn-2/ask-1"), "eve").await.err().unwrap().detail.as_deref(), Some("remembered"));
    waiting(host.revoke(&id("turn-1/ask-1"), "eve").await.unwrap().settled().await.unwrap());
    assert_eq!(question(&host, run, "turn-1/ask-1").await.revoked_by.as_deref(), Some("eve"));
    let again = waiting(settled(&host, run, Decision::deny("dana")).await);
    assert_eq!((again.key.as_str(), desk.refunds()), ("turn-4/ask-1", 2), "it is asked about again");
    settled(&host, run, Decision::deny("dana")).await;
    assert_eq!(desk.refunds(), 2);
    assert!(RunState::fold(run, &host.entries(run).await.unwrap()).is_ok());
}

/// Decides as the story has it: a yes that is remembered, which is taken back once it has held for another call, and noes.
async fn remembered_and_revoked(host: &Host, run: RunId, mut outcome: Outcome) -> Outcome {
    while let Outcome::Waiting(asked) = outcome {
        let first = question(host, run, FIRST).await;
        outcome = if asked.key == FIRST {
            settled(host, run, remembering("dana", json!({"amount_cents": 7_900}))).await
        } else if first.remembered().is_some() {
            let id = ApprovalId { run, key: FIRST.to_owned() };
            host.revoke(&id, "eve").await.unwrap().settled().await.unwrap()
        } else {
            settled(host, run, Decision::deny("dana")).await
        };
    }
    outcome
}

/// The questions of the first turns, each with what was decided, and whether it was used up or taken back.
async fn questions(host: &Host, run: RunId) -> Vec<Approval> {
    let state = host.state(run).await.unwrap();
    (1..=4).filter_map(|turn| state.approval(&format!("turn-{turn}/ask-1")).cloned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_that_is_remembered_and_revoked_holds_for_the_same_calls_when_cut_after_any_record() {
    let desk = Desk::new("{}", &[7_900, 7_900, 100, 7_900]);
    let host = desk.host().await;
    let (run, asked) = desk.start(&host, None).await;
    let ended = remembered_and_revoked(&host, run, Outcome::Waiting(Box::new(asked))).await;
    let (asked, entries) = (questions(&host, run).await, host.entries(run).await.unwrap());
    let is_used = |asked: &Approval| asked.consumed_by.is_some();
    assert_eq!(asked.iter().map(is_used).collect::<Vec<_>>(), [true, true, false, false]);
    assert_eq!(asked[0].revoked_by.as_deref(), Some("eve"));
    drop(host);
    // A question that a remembered yes answers is asked and answered in one commit.
    let answers = |entry: &Entry| match &entry.change {
        Change::Stepped { event, .. } => {
            matches!(event.outcome(), Some((_, EffectOutcome::Decided { decision })) if decision.repeats.is_some())
        }
        _ => false,
    };
    for cut in (1..entries.len()).filter(|cut| !answers(&entries[*cut])) {
        desk.place.clear();
        let host = desk.host().await;
        desk.place.journal_of(&entries[..cut]).await;
        let resumed = host.resume(run).await.unwrap().settled().await.unwrap();
        assert_eq!(remembered_and_revoked(&host, run, resumed).await, ended, "cut after {cut}");
        assert_eq!(questions(&host, run).await, asked, "cut after {cut}");
        // Where it was booked before the cut, the shop of then is gone.
        let booked = [1, 2].map(|turn| format!("{run}/turn-{turn}/call-1"));
        assert!(desk.place.refunds().iter().all(|key| booked.contains(key)), "cut after {cut}");
    }
}

/// What was approved is the tool as it was then.
#[test]
fn a_remembered_yes_does_not_cover_another_call_or_another_tool() {
    use stockade::{Binding, Digest, ToolCall};
    let call =
        |cents: Value| ToolCall::new("payments", "refund", json!({"user_id": "user_789", "amount_cents": cents}));
    let bound_to = |call: &ToolCall, grants: &[u8]| Binding {
        call: call.digest(),
        component: Digest::of(b"component"),
        grants: Digest::of(grants),
    };
    let first = call(json!(100));
    let mut approval = Approval::new("ask", "", first.clone(), bound_to(&first, b"grants"));
    let covers = |approval: &Approval, call: &ToolCall, grants: &[u8]| approval.covers(call, &bound_to(call, grants));
    assert!(!covers(&approval, &first, b"grants"));
    approval.decision = Some(Decision::approve("dana"));
    assert!(!covers(&approval, &first, b"grants"), "a yes is good for one call");
    approval.decision = Some(remembering("dana", json!({"user_id": "user_789"})));
    assert!(covers(&approval, &call(json!(7)), b"grants"));
    assert!(!covers(&approval, &call(json!(7)), b"other"));
    assert!(!covers(&approval, &ToolCall { function: "list".to_owned(), ..first.clone() }, b"grants"));
    approval.decision = Some(remembering("dana", json!({"amount_cents": 100})));
    assert!(covers(&approval, &call(json!(100.0)), b"grants"), "a number may be written otherwise");
    assert!(!covers(&approval, &call(json!(101)), b"grants"));
    approval.revoked_by = Some("eve".to_owned());
    assert!(!covers(&approval, &first, b"grants"));
}

#[tokio::test]
async fn a_refund_is_asked_for_on_the_terms_of_its_settings() {
    let place = Place::new();
    let now_ms = Arc::new(AtomicU64::new(BEGIN_MS));
    let text = "[workflow.refund]\napproval = { role = \"manager\", expires = \"2h\" }\n[roles]\nmanager = [\"dana\"]";
    let config = Config::parse(text).unwrap();
    let refund = Refund::from(config.settings::<Settings>("refund").unwrap());
    let clock = Arc::clone(&now_ms);
    let builder = place.host().workflow(refund).clock(Clock::new(move || clock.load(Ordering::SeqCst)));
    let host = builder.configured(&config).unwrap().build().await.unwrap();
    let start = async || {
        let run = host.start("refund", input("user_123"), Budget::default()).await.unwrap();
        let id = run.id();
        waiting(run.settled().await.unwrap());
        id
    };
    let (decided, expired) = (start().await, start().await);
    assert_eq!(refused(&host, decided, Decision::approve("eve")).await.detail.as_deref(), Some("approver"));
    assert!(matches!(settled(&host, decided, Decision::approve("dana")).await, Outcome::Done(_)));
    now_ms.store(BEGIN_MS + 120 * MINUTE_MS, Ordering::SeqCst);
    assert_eq!(fire(&host).await, 1);
    let state = host.state(expired).await.unwrap();
    let Some(stockade::End::Failed(fault)) = state.end() else { panic!("{state:?}") };
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Approval, Some("expired")), "{fault}");
    assert_eq!(place.refunds(), [format!("{decided}/refund")]);
}

#[test]
fn the_binary_says_who_may_decide_and_takes_back_what_holds() {
    let desk = Desk::new("{}", &[7_900, 100]);
    let file = desk.place.path("replies.toml");
    let approval = "{ not_starter = true, expires = \"2h\" }";
    let config =
        format!("[model.demo]\nprovider = \"scripted\"\nfile = {file:?}\n[tool.payments]\napproval = {approval}\n");
    desk.place.write("stockade.toml", config);
    let run = desk.place.json(&["agent", "refund both", "--tool", "payments", "--by", "robin"]).run();
    let shown = desk.place.call(&["approvals"]).stdout;
    for part in ["who:  anyone but for the starter of the run", "ends: ", "amount_cents: 7900"] {
        assert!(shown.contains(part), "{shown}");
    }
    let own = desk.place.json(&["approve", &run, "--by", "robin"]);
    assert_eq!(own.json["error"]["detail"], "approver", "{own:#?}");
    let held = desk.place.json(&["approve", &run, "--by", "dana", "--remember", "{\"amount_cents\": 7900}"]);
    assert_eq!(held.exit, Some(3), "{held:#?}");
    let listed = desk.place.call(&["revoke", &run]).stdout;
    assert!(listed.contains("dana approves payments.refund with {\"amount_cents\":7900}"), "{listed}");
    let revoked = desk.place.json(&["revoke", &run, "turn-1/ask-1", "--by", "dana"]);
    assert_eq!((revoked.exit, &revoked.json["approvals"][0]["revoked_by"]), (Some(3), &json!("dana")), "{revoked:#?}");
    assert_eq!(desk.place.json(&["revoke", &run]).json, json!([]));
}

/// A run within a budget whose question is overdue, and is decided by two people.
async fn within(budget: Budget) -> Played {
    let desk = Desk::new("{ role = \"manager\", quorum = 2, remind = \"30m\" }", &[7_900]);
    let host = desk.host().await;
    let run = host.start("desk", json!({"task": "refund it"}), budget).await.unwrap();
    let id = run.id();
    let decide = async |outcome: Outcome| -> Outcome {
        let by = match waiting(outcome).votes.len() {
            0 => {
                desk.set(30);
                assert_eq!(fire(&host).await, 1);
                "dana"
            }
            _ => "mia",
        };
        settled(&host, id, Decision::approve(by)).await
    };
    let (outcome, limits) = to_the_end(&host, run, decide).await;
    assert_eq!(desk.refunds(), 1, "what two approved was paid once");
    let overdue = overdue(&host.entries(id).await.unwrap());
    Played { said: format!("{outcome}, {overdue:?}"), limits }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_with_terms_is_cut_by_each_currency_and_goes_on_with_more() {
    cut_by_each(&[&OF_CALLS[..], &[Currency::ModelCalls, Currency::Tokens]].concat(), within).await;
}
