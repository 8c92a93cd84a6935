//! An approval is an object: bound to what the person saw, good for one call, and used up where that call is recorded.

use std::sync::{Arc, Mutex};

use serde_json::json;
use stockade::{
    Approval, Budget, Builder, Change, Config, Decision, Digest, EffectOutcome, Entry, Filter, Grant, Hooks, Host,
    Kind, Outcome, RunId, RunState, Verdict, grants_digest,
};
use stockade_tests::{Hand, Place, decide, dist, input};

/// The built-in shop put together by hand, so that one thing of it can be another.
fn shop(place: &Place, payments: Vec<u8>, grants: Vec<Grant>) -> Builder {
    place
        .bare()
        .tool("purchases", dist("purchases"), [grant(place)])
        .tool("policy", dist("policy"), [])
        .tool("payments", payments, grants)
        .tool("letters", dist("letters"), [])
        .idempotent("payments")
}

fn grant(place: &Place) -> Grant {
    Grant::sql("shop", format!("sqlite:{}", place.data("shop.db").display()))
}

fn payments() -> Vec<u8> {
    std::fs::read(dist("payments")).unwrap()
}

/// The same component to look at, with a custom section of nothing added: other bytes.
fn swapped() -> Vec<u8> {
    [payments().as_slice(), &[0, 2, 1, b'x']].concat()
}

async fn as_approved(place: &Place) -> Host {
    shop(place, payments(), vec![grant(place).writable()]).build().await.unwrap()
}

/// Starts a run that asks, and returns the question.
async fn asked(host: &Host) -> (RunId, Approval) {
    let run = host.start("refund", input("user_123"), Budget::default()).await.unwrap();
    let id = run.id();
    let Outcome::Waiting(approval) = run.settled().await.unwrap() else { panic!("no person was asked") };
    (id, *approval)
}

async fn approve(host: &Host, run: RunId) -> Outcome {
    decide(host, run, Decision::approve("dana")).await.unwrap().settled().await.unwrap()
}

/// Finds the entry that records the intent of an effect.
fn intent<'a>(entries: &'a [Entry], effect: &str) -> (&'a Entry, Option<&'a str>) {
    let found = entries.iter().find_map(|entry| match &entry.change {
        Change::Reserved { key, consumes, .. } if key == effect => Some((entry, consumes.as_deref())),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no intent of \"{effect}\""))
}

#[tokio::test]
async fn the_question_is_bound_to_the_call_the_component_and_the_grants() {
    let place = Place::new();
    let (_, approval) = asked(&as_approved(&place).await).await;
    assert_eq!(approval.bound_to.component, Digest::of(&payments()));
    assert_eq!(approval.bound_to.grants, grants_digest(&[grant(&place).writable()]));
    assert_eq!(approval.bound_to.call, approval.call.digest());
    let mut other = approval.call.clone();
    let mut arguments = other.arguments.value();
    arguments["amount_cents"] = 14_901.into();
    other.arguments = arguments.into();
    assert_ne!(approval.bound_to.call, other.digest());
    assert!(approval.is_open() && approval.consumed_by.is_none());
}

/// Keeps the entries of each commit.
struct Commits(Arc<Mutex<Vec<Vec<Entry>>>>);

impl Hooks for Commits {
    fn committed(&self, _: &RunState, entries: &[Entry]) {
        self.0.lock().unwrap().push(entries.to_vec());
    }
}

/// The yes and the intent that uses it up cannot be told apart by a crash: they are one commit.
#[tokio::test]
async fn a_yes_is_used_up_in_the_commit_that_records_the_intent() {
    let (place, commits) = (Place::new(), Arc::<Mutex<_>>::default());
    let builder = shop(&place, payments(), vec![grant(&place).writable()]);
    let host = builder.hooks(Commits(Arc::clone(&commits))).build().await.unwrap();
    let (run, _) = asked(&host).await;
    assert!(matches!(approve(&host, run).await, Outcome::Done(_)));

    let commits = commits.lock().unwrap().clone();
    let is_decision = |entry: &Entry| {
        let Change::Stepped { event, .. } = &entry.change else { return false };
        matches!(event.outcome(), Some((_, EffectOutcome::Decided { decision })) if decision.by == "dana")
    };
    let commit = commits.iter().find(|commit| commit.iter().any(is_decision)).expect("the decision's commit");
    assert_eq!(intent(commit, "refund").1, Some("approval-1"));
    let state = host.state(run).await.unwrap();
    let approval = state.approval("approval-1").unwrap();
    assert_eq!(approval.decision.as_ref().map(|decision| decision.verdict), Some(Verdict::Approved));
    assert_eq!(approval.consumed_by.as_deref(), Some("refund"));
    let spent = approval.check(&approval.bound_to.clone()).unwrap_err();
    assert_eq!((spent.kind, spent.detail.as_deref()), (Kind::Approval, Some("spent")));
}

/// What changed between the question and the answer, in a second host over the same journal. The question is asked anew
/// about what is there now, however often that is something else, and the run waits for as long.
async fn renewed(change: impl Fn(&Place) -> Builder, what: &str) {
    let place = Place::new();
    let (run, first) = asked(&as_approved(&place).await).await;
    let decided = async |host: &Host| decide(host, run, Decision::approve("dana")).await;
    let mut digests = vec![first.digest()];
    for is_changed in [true, false, true] {
        let host = if is_changed { change(&place).build().await.unwrap() } else { as_approved(&place).await };
        let refused = decided(&host).await.err().unwrap_or_else(|| panic!("{what}"));
        assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Conflict, Some("renewed")), "{refused}");
        assert!(refused.message.contains(&format!("{what} changed since it was asked; look at it again")), "{refused}");
        let state = host.state(run).await.unwrap();
        let question = state.open_approval().unwrap();
        assert_eq!((question.key.as_str(), &question.call, state.approvals().count()), ("approval-1", &first.call, 1));
        assert_ne!(Some(&question.digest()), digests.last(), "{what}");
        digests.push(question.digest());
        assert_eq!(place.refunds().len(), 0, "{what}");
        // What was seen before is not what is there now.
        let seen = host.decide(&question.id(run), &digests[digests.len() - 2], Decision::approve("dana")).await;
        assert_eq!(seen.err().unwrap().detail.as_deref(), Some("seen"), "{what}");
    }
    assert_eq!(digests[0], digests[2], "changed back, it is the question that it was");
    // A yes to what is there now is good.
    let host = change(&place).build().await.unwrap();
    let outcome = decided(&host).await.unwrap().settled().await.unwrap();
    assert!(matches!(outcome, Outcome::Done(_)), "{what}: {outcome}");
    assert_eq!(place.refunds(), [format!("{run}/refund")]);
    assert!(RunState::fold(run, &host.entries(run).await.unwrap()).is_ok());
}

#[tokio::test]
async fn a_question_about_a_swapped_component_is_asked_anew() {
    renewed(|place| shop(place, swapped(), vec![grant(place).writable()]), "the tool's component").await;
}

#[tokio::test]
async fn a_question_about_a_tool_with_other_grants_is_asked_anew() {
    let more = |place: &Place| shop(place, payments(), vec![grant(place).writable(), Grant::sql("other", url(place))]);
    renewed(more, "the tool's grants").await;
}

fn url(place: &Place) -> String {
    format!("sqlite:{}", place.data("shop.db").display())
}

/// A swap after the intent was recorded: the call may have been made by the component that was approved, so neither
/// repeating it with another nor saying that it failed would be true.
#[tokio::test]
async fn a_swap_while_the_call_is_under_way_leaves_its_outcome_unknown() {
    let place = Place::new();
    let host = as_approved(&place).await;
    let (run, _) = asked(&host).await;
    assert!(matches!(approve(&host, run).await, Outcome::Done(_)));
    let entries = host.entries(run).await.unwrap();
    let cut = usize::try_from(intent(&entries, "refund").0.seq).unwrap();
    drop(host);
    place.clear();
    place.journal_of(&entries[..cut]).await;
    let host = shop(&place, swapped(), vec![grant(&place).writable()]).build().await.unwrap();
    let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
    let Outcome::InDoubt(doubts) = outcome else { panic!("it went on") };
    assert_eq!((doubts[0].key.as_str(), doubts[0].error.kind), ("refund", Kind::UnknownOutcome));
    assert_eq!(place.refunds().len(), 0);
}

/// A no stays a no for everyone who resumes the run, and a yes is one refund however often it is resumed.
#[tokio::test]
async fn a_decision_is_made_once() {
    let place = Place::new();
    let host = as_approved(&place).await;
    let ((denied, _), (approved, _)) = (asked(&host).await, asked(&host).await);
    decide(&host, denied, Decision::deny("dana")).await.unwrap().settled().await.unwrap();
    approve(&host, approved).await;
    for run in [denied, approved] {
        assert!(matches!(host.resume(run).await.unwrap().settled().await.unwrap(), Outcome::Done(_)));
        let again = decide(&host, run, Decision::approve("eve")).await.err().unwrap();
        assert_eq!(again.kind, Kind::Conflict, "{again}");
    }
    assert_eq!(place.refunds(), [format!("{approved}/refund")]);
}

/// A place whose agent wants refunds of so many cents in one answer, and asks a person for each.
fn questions(cents: &[u32]) -> Place {
    let place = Place::new();
    let refund = |cents: &u32| {
        format!("{{ name = \"payments.refund\", arguments = {{ user_id = \"user_789\", amount_cents = {cents} }} }}")
    };
    let calls = cents.iter().map(refund).collect::<Vec<_>>().join(", ");
    let script = format!(
        "[[answer]]\nwhen = {{ turn = 1 }}\nreply = {{ calls = [{calls}] }}\n\
         [[answer]]\nwhen = {{ turn = 2 }}\nreply = {{ text = \"done\" }}\n"
    );
    let replies = place.write("replies.toml", script);
    place.write("stockade.toml", format!("[model.demo]\nprovider = \"scripted\"\nfile = {replies:?}\n"));
    place
}

/// Two people answer the first question, or one clicks twice: the second answer was a yes to the question after it, which
/// nobody had seen.
#[test]
fn a_decision_is_no_yes_to_the_next_question() {
    let place = questions(&[100, 9_900_000]);
    let asked = place.json(&["agent", "refund both", "--tool", "payments"]);
    assert_eq!(asked.exit, Some(3), "{asked:#?}");
    let run = asked.run();
    let questions = asked.json["approvals"].as_array().unwrap();
    let amounts: Vec<_> = questions.iter().map(|question| &question["arguments"]["amount_cents"]).collect();
    assert_eq!(amounts, [100, 9_900_000]);
    assert!(questions.iter().all(|question| question["decision"].is_null()));

    // Without its key, the decision could be about either.
    let bare = place.call(&["approve", &run, "--by", "dana"]);
    assert_ne!(bare.exit, Some(0));
    let (key, digest) = (questions[0]["key"].as_str().unwrap(), questions[0]["digest"].as_str().unwrap());
    let command = format!("approve {run} {key} --seen {}", &digest["sha256:".len()..][..12]);
    assert!(bare.stderr.contains(&command) && bare.stderr.contains("must name its own"), "{bare:#?}");
    // In a frame, as everywhere: what is asked for is not the host's word.
    assert_eq!(bare.stderr.lines().filter(|line| line.starts_with("  │ payments.refund")).count(), 2, "{bare:#?}");
    assert_eq!(place.refunds().len(), 0);

    let approve = |seen: &str, by: &str| place.json(&["approve", &run, key, "--seen", seen, "--by", by]);
    let second = questions[1]["digest"].as_str().unwrap();
    assert_eq!(approve(second, "dana").json["error"]["detail"], "seen");
    assert_eq!(approve(digest, "dana").exit, Some(3));
    for by in ["dana", "eve"] {
        let again = approve(digest, by).json;
        assert_eq!((&again["error"]["kind"], &again["error"]["detail"]), (&"conflict".into(), &"decided".into()));
        let message = again["error"]["message"].as_str().unwrap();
        assert!(message.contains("\"dana\" has decided already, and approved it"), "{message}");
        let bare = place.json(&["approve", &run, "--by", by]);
        assert_eq!(bare.json["error"]["detail"], "unnamed", "{bare:#?}");
    }
    assert_eq!(place.refunds().len(), 1);

    // `show` prints a command for what is open, and that one is good.
    let shown = place.call(&["show", &run]).stdout;
    let key = questions[1]["key"].as_str().unwrap();
    assert!(shown.contains(&format!("deny {run} {key} --seen")) && !shown.contains(&command), "{shown}");
    assert_eq!(place.json(&["deny", &run, key, "--by", "eve"]).exit, Some(0));
    assert_eq!(place.refunds().len(), 1);
}

#[tokio::test]
async fn open_questions_come_in_pages_and_each_once_where_they_are_decided_meanwhile() {
    let place = Place::new();
    let host = as_approved(&place).await;
    let (mut runs, mut listed) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        runs.push(asked(&host).await.0);
    }
    let (mut filter, mut pages) = (Filter { limit: Some(2), ..Filter::default() }, Vec::new());
    loop {
        let page = host.open_questions(&filter).await.unwrap();
        assert!(page.unreadable.is_empty(), "{page:?}");
        pages.push(page.found.len());
        listed.extend(page.found.iter().map(|question| question.run_id));
        filter.after = page.next;
        if page.next.is_none() {
            break;
        }
        approve(&host, *listed.last().unwrap()).await;
    }
    assert_eq!((pages, listed), (vec![2, 2, 1], runs.clone()));
    let of_one = Filter { runs: Some(vec![runs[0]]), ..Filter::default() };
    assert_eq!(host.open_questions(&of_one).await.unwrap().found.len(), 1);
    let of_others = Filter { workflow: Some("agent".to_owned()), ..Filter::default() };
    assert!(host.open_questions(&of_others).await.unwrap().found.is_empty());
}

#[tokio::test]
async fn a_question_has_waited_since_it_was_put() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = shop(&place, payments(), vec![grant(&place).writable()]).clock(hand.clock()).build().await.unwrap();
    let (_, approval) = asked(&host).await;
    assert_eq!(approval.asked_ms, Some(Hand::BEGIN_MS));
    hand.set(7_000);
    let page = host.open_questions(&Filter::default()).await.unwrap();
    assert_eq!(page.found[0].waits_ms, 7_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_questions_are_decided_in_any_order_each_by_its_key() {
    let place = questions(&[100, 200, 300]);
    let config = Config::load(&place.path("stockade.toml")).unwrap();
    let host = place.host().configured(&config).unwrap().build().await.unwrap();
    let input = json!({"task": "refund all", "tools": ["payments"], "ask": ["payments"]});
    let run = host.start("agent", input, Budget::default()).await.unwrap();
    let id = run.id();
    let Outcome::Waiting(first) = run.settled().await.unwrap() else { panic!("no person was asked") };
    let asked: Vec<_> = host.state(id).await.unwrap().open_approvals().cloned().collect();
    assert_eq!((asked.len(), &asked[0]), (3, &*first));
    let keys = |state: &RunState| state.open_approvals().map(|asked| asked.key.clone()).collect::<Vec<_>>();
    let decide = async |number: usize, decision: Decision| {
        let question: &Approval = &asked[number];
        let run = host.decide(&question.id(id), &question.digest(), decision).await.unwrap();
        (run.settled().await.unwrap(), keys(&host.state(id).await.unwrap()), place.refunds().len())
    };
    let (outcome, open, paid) = decide(2, Decision::deny("dana")).await;
    assert!(matches!(&outcome, Outcome::Waiting(next) if **next == *first), "{outcome}");
    assert_eq!((open, paid), (vec![asked[0].key.clone(), asked[1].key.clone()], 0));
    let (outcome, open, paid) = decide(1, Decision::approve("eve")).await;
    assert!(matches!(&outcome, Outcome::Waiting(next) if **next == *first), "{outcome}");
    assert_eq!((open, paid), (vec![asked[0].key.clone()], 1));
    let (outcome, open, paid) = decide(0, Decision::approve("dana")).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    assert_eq!((open, paid), (vec![], 2));
    let state = host.state(id).await.unwrap();
    let decided = asked.iter().map(|asked| {
        let Approval { decision, consumed_by, .. } = state.approval(&asked.key).unwrap();
        (decision.as_ref().unwrap().by.clone(), consumed_by.as_ref().map(|key| format!("{id}/{key}")))
    });
    let decided: Vec<_> = decided.collect();
    let by: Vec<_> = decided.iter().map(|(by, _)| &**by).collect();
    assert_eq!(by, ["dana", "eve", "dana"]);
    let used: Vec<_> = decided.into_iter().rev().filter_map(|(_, key)| key).collect();
    assert_eq!(used, place.refunds(), "each yes is for its own call, in the order of the decisions");
}

#[tokio::test]
async fn a_decision_about_what_was_not_seen_is_refused() {
    let place = Place::new();
    let host = as_approved(&place).await;
    let (run, approval) = asked(&host).await;
    let other = Approval { reason: "a refund of $1.00".to_owned(), ..approval.clone() };
    let decide = |key: &str, seen: Digest| {
        let id = stockade::ApprovalId { run, key: key.to_owned() };
        let host = &host;
        async move { host.decide(&id, &seen, Decision::approve("dana")).await.err().unwrap() }
    };
    let unseen = decide("approval-1", other.digest()).await;
    assert_eq!((unseen.kind, unseen.detail.as_deref()), (Kind::Conflict, Some("seen")), "{unseen}");
    let unasked = decide("approval-2", approval.digest()).await;
    assert_eq!((unasked.kind, unasked.detail.as_deref()), (Kind::NotFound, Some("approval")), "{unasked}");
    assert!(unasked.message.contains("\"approval-2\"; it asked \"approval-1\""), "{unasked}");
    assert_eq!(host.question(run, None).await.unwrap(), approval);
}

/// Many decide at the same moment: one wins, and its exit code is that of the run; each of the others is told who did.
#[test]
fn one_of_many_deciders_wins_and_the_others_are_told() {
    let place = Place::new();
    let run = place.refund("user_123", &[]).run();
    let names = ["ann", "ben", "cem", "dee", "eva", "fay"];
    let children = names.map(|by| {
        let mut command = place.command(&["approve", &run, "--by", by, "--json"]);
        command.stdout(std::process::Stdio::piped()).spawn().unwrap()
    });
    let answers = children.map(|child| stockade_tests::Answer::of_json(child.wait_with_output().unwrap()));
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.exit == Some(0));
    assert_eq!((won.len(), won[0].json["status"].as_str()), (1, Some("done")), "{answers:#?}");
    for answer in lost {
        let message = answer.json["error"]["message"].as_str().unwrap();
        assert!(names.iter().any(|name| message.contains(&format!("\"{name}\" has decided already"))), "{message}");
        assert_eq!(answer.json["error"]["kind"], "conflict");
    }
    assert_eq!(place.refunds(), [format!("{run}/refund")]);
}
