//! An approval is an object: bound to what the person saw, good for one call, and used up where that call is recorded.

use stockade::{
    Approval, Budget, Builder, Change, Decision, Digest, Entry, Event, Grant, Host, Kind, Outcome, RunId, Verdict,
    grants_digest,
};
use stockade_tests::{Place, dist, input};

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
    let Outcome::Waiting(approval) = run.settled().await.unwrap() else { panic!("nobody was asked") };
    (id, *approval)
}

async fn approve(host: &Host, run: RunId) -> Outcome {
    host.decide(run, Decision::approve("dana")).await.unwrap().settled().await.unwrap()
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
    other.arguments["amount_cents"] = 14_901.into();
    assert_ne!(approval.bound_to.call, other.digest());
    assert!(approval.is_open() && approval.consumed_by.is_none());
}

/// The yes and the intent that uses it up cannot be told apart by a crash: they are one commit.
#[tokio::test]
async fn a_yes_is_used_up_in_the_commit_that_records_the_intent() {
    let (place, commits) = (Place::new(), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
    let seen = std::sync::Arc::clone(&commits);
    let builder = shop(&place, payments(), vec![grant(&place).writable()]);
    let host = builder.observe(move |_, entries| seen.lock().unwrap().push(entries.to_vec())).build().await.unwrap();
    let (run, _) = asked(&host).await;
    assert!(matches!(approve(&host, run).await, Outcome::Done(_)));

    let commits = commits.lock().unwrap().clone();
    let is_decision = |entry: &Entry| matches!(&entry.change, Change::Stepped { event: Event::Decided { decision, .. }, .. } if decision.by == "dana");
    let commit = commits.iter().find(|commit| commit.iter().any(is_decision)).expect("the decision's commit");
    assert_eq!(intent(commit, "refund").1, Some("approval-1"));
    let state = host.state(run).await.unwrap();
    let approval = state.approval("approval-1").unwrap();
    assert_eq!(approval.decision.as_ref().map(|decision| decision.verdict), Some(Verdict::Approved));
    assert_eq!(approval.consumed_by.as_deref(), Some("refund"));
    let spent = approval.check(&approval.bound_to.clone()).unwrap_err();
    assert_eq!((spent.kind, spent.detail.as_deref()), (Kind::Approval, Some("spent")));
}

/// What changed between the question and the answer, in a second host over the same journal.
async fn void(change: impl Fn(&Place) -> Builder, what: &str) {
    let place = Place::new();
    let (run, first) = asked(&as_approved(&place).await).await;
    let changed = change(&place).build().await.unwrap();
    let Outcome::Waiting(second) = approve(&changed, run).await else { panic!("the old yes was good for {what}") };
    assert_eq!(place.refunds().len(), 0, "{what}");
    assert_eq!((first.key.as_str(), second.key.as_str()), ("approval-1", "approval-2"));
    assert_eq!(second.call, first.call);
    assert_ne!(second.bound_to, first.bound_to);
    let state = changed.state(run).await.unwrap();
    assert_eq!(state.approval("approval-1").unwrap().consumed_by, None, "{what}");
    let said = format!("Refund not made: approval \"approval-1\" is void: {what} changed");
    assert!(state.log().iter().any(|line| line.starts_with(&said)), "{:?}", state.log());

    // A yes to what is there now is good.
    assert!(matches!(approve(&changed, run).await, Outcome::Done(_)), "{what}");
    assert_eq!(place.refunds(), [format!("{run}/refund-again")]);
}

#[tokio::test]
async fn a_swapped_component_voids_the_yes() {
    void(|place| shop(place, swapped(), vec![grant(place).writable()]), "the tool's component").await;
}

#[tokio::test]
async fn changed_grants_void_the_yes() {
    let more = |place: &Place| shop(place, payments(), vec![grant(place).writable(), Grant::sql("other", url(place))]);
    void(more, "the tool's grants").await;
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
    let Outcome::Failed(fault) = host.resume(run).await.unwrap().settled().await.unwrap() else { panic!("it went on") };
    assert_eq!(fault.kind, Kind::UnknownOutcome, "{fault}");
    assert_eq!(place.refunds().len(), 0);
}

/// A no stays a no for whoever resumes the run, and a yes is one refund however often it is resumed.
#[tokio::test]
async fn a_decision_is_made_once() {
    let place = Place::new();
    let host = as_approved(&place).await;
    let ((denied, _), (approved, _)) = (asked(&host).await, asked(&host).await);
    host.decide(denied, Decision::deny("dana")).await.unwrap().settled().await.unwrap();
    approve(&host, approved).await;
    for run in [denied, approved] {
        assert!(matches!(host.resume(run).await.unwrap().settled().await.unwrap(), Outcome::Done(_)));
        let again = host.decide(run, Decision::approve("eve")).await.err().unwrap();
        assert_eq!(again.kind, Kind::Conflict, "{again}");
    }
    assert_eq!(place.refunds(), [format!("{approved}/refund")]);
}
