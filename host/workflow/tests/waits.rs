//! Times and signals in any order: each wait ends once, none early, and the fold is the same however it is read.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use stockade_workflow::{
    Change, Effect, EffectOutcome, Entry, Event, Fault, Kind, RunState, SIGNALS_KEPT_MAX, Signal, Status, Stop,
    ToolCall, ToolOutcome, Undo, Usage, Waited,
};

use crate::support::book::{BEGIN_MS, Book};

/// What happens to a run from outside.
#[derive(Clone, Debug)]
enum Outside {
    /// The clock goes on.
    Later(u64),
    /// The clock is set back.
    Back(u64),
    /// A signal is sent: its key, its name, what it says.
    Sent(u8, &'static str, Value),
}

fn take(book: &mut Book, outside: &Outside) {
    match outside {
        Outside::Later(ms) => book.now_ms += ms,
        Outside::Back(ms) => book.now_ms = book.now_ms.saturating_sub(*ms),
        Outside::Sent(key, name, payload) => book.send(signal(&key.to_string(), name, payload.clone(), book.now_ms)),
    }
    book.end_waits();
}

fn signal(key: &str, name: &str, payload: Value, at_ms: u64) -> Signal {
    Signal { key: key.to_owned(), name: name.to_owned(), payload: payload.into(), by: "mia".to_owned(), at_ms }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn effects() -> Vec<Effect> {
    vec![
        Effect::sleep("short", ms(10)),
        Effect::sleep("long", ms(50)),
        Effect::sleep_until("until", BEGIN_MS + 30),
        Effect::await_signal("first", "a").within(ms(40)),
        Effect::await_signal("second", "a"),
        Effect::await_signal_of("number", "b", json!({"type": "integer"})).within(ms(60)),
    ]
}

fn outside() -> impl Strategy<Value = Outside> {
    let payload = prop_oneof![Just(json!(1)), Just(json!("one"))];
    prop_oneof![
        (0..30_u64).prop_map(Outside::Later),
        (0..20_u64).prop_map(Outside::Back),
        (0..5_u8, prop_oneof![Just("a"), Just("b")], payload)
            .prop_map(|(key, name, payload)| Outside::Sent(key, name, payload)),
    ]
}

/// When each effect falls due, as its intent says.
fn due(entries: &[Entry], key: &str) -> Option<u64> {
    entries.iter().find_map(|entry| match &entry.change {
        Change::Reserved { key: of, due_ms, .. } if of == key => *due_ms,
        _ => None,
    })
}

proptest! {
    #[test]
    fn each_wait_ends_once_and_none_early(story in prop::collection::vec(outside(), 0..40)) {
        let mut book = Book::open(&effects(), None);
        story.iter().for_each(|outside| take(&mut book, outside));
        take(&mut book, &Outside::Later(10_000));
        let (mut ended, mut taken) = (BTreeSet::new(), BTreeSet::new());
        for entry in &book.entries {
            let Change::Stepped { event, .. } = &entry.change else { continue };
            let Some((key, EffectOutcome::Waited(waited))) = event.outcome() else { continue };
            prop_assert!(ended.insert(key.to_owned()), "{key} ended twice");
            let due_ms = due(&book.entries, key);
            match waited {
                Waited::Slept { at_ms } | Waited::TimedOut { at_ms } => prop_assert!(due_ms.unwrap() <= *at_ms),
                Waited::Signalled(signal) => {
                    prop_assert!(taken.insert(signal.key.clone()), "signal {} was taken twice", signal.key);
                    prop_assert!(due_ms.is_none_or(|due_ms| signal.at_ms <= due_ms));
                    prop_assert!(key != "number" || signal.payload.value().is_i64());
                }
                Waited::Failed(fault) => prop_assert!(false, "{fault}"),
            }
        }
        let left: Vec<_> = effects().into_iter().filter(|effect| !ended.contains(effect.key())).collect();
        prop_assert!(left.iter().all(|effect| effect.key() == "second"), "{left:?}");
        prop_assert_eq!(book.state.status(), if left.is_empty() { Status::Done } else { Status::Waiting });
        prop_assert_eq!(&RunState::fold(book.state.run(), &book.entries).unwrap(), &book.state);
        for entry in &book.entries {
            let text = serde_json::to_string(&entry.change).unwrap();
            prop_assert_eq!(&Change::read(&text).unwrap(), &entry.change);
        }
    }
}

#[test]
fn a_journal_in_which_a_wait_ends_early_or_a_signal_twice_is_refused() {
    let refused = |prepare: fn(&mut Book), key: &str, waited: Waited| {
        let mut book = Book::open(&effects(), None);
        prepare(&mut book);
        book.unanswered(Event::ended(key, waited))
    };
    let a = signal("k", "a", json!(1), BEGIN_MS);
    let early = Waited::Slept { at_ms: BEGIN_MS + 9 };
    assert!(refused(|_| {}, "short", early).unwrap_err().message.contains("\"short\" is not due"));
    assert!(refused(|_| {}, "short", Waited::Slept { at_ms: BEGIN_MS + 10 }).is_ok());
    assert!(refused(|_| {}, "second", Waited::TimedOut { at_ms: u64::MAX }).is_err());
    assert!(refused(|_| {}, "short", Waited::Signalled(a.clone())).is_err());
    let unsent = refused(|_| {}, "first", Waited::Signalled(a.clone())).unwrap_err();
    assert!(unsent.message.contains("signal \"k\" was not sent"), "{unsent}");
    let sent: fn(&mut Book) = |book| {
        take(book, &Outside::Sent(7, "a", json!(1)));
        assert!(book.push(Change::Signalled { signal: signal("7", "a", json!(1), BEGIN_MS) }).is_err());
    };
    assert!(refused(sent, "second", Waited::Signalled(signal("7", "a", json!(1), BEGIN_MS))).is_err());
}

#[test]
fn a_signal_is_kept_once_and_checked_against_what_is_awaited() {
    let mut book = Book::open(&effects(), None);
    let check =
        |book: &Book, key: &str, name: &str, payload: Value| book.state.check_signal(&signal(key, name, payload, 1));
    let misfit = check(&book, "k", "b", json!("one")).unwrap_err();
    assert_eq!((misfit.kind, misfit.detail.as_deref()), (Kind::Invalid, Some("signal")));
    assert!(misfit.message.contains("\"b\""), "{misfit}");
    assert_eq!(check(&book, "k", "", json!(1)).unwrap_err().kind, Kind::Invalid);
    assert_eq!(check(&book, "k", "c", json!("x".repeat(70_000))).unwrap_err().kind, Kind::Invalid);
    take(&mut book, &Outside::Sent(1, "c", json!(1)));
    assert_eq!(book.state.signals().len(), 1);
    assert_eq!(check(&book, "1", "c", json!(1)), Ok(false));
    assert_eq!(check(&book, "1", "c", json!(2)).unwrap_err().kind, Kind::Conflict);
    for key in 2..=SIGNALS_KEPT_MAX {
        book.push(Change::Signalled { signal: signal(&format!("x{key}"), "c", json!(1), 1) }).unwrap();
    }
    assert_eq!(check(&book, "more", "c", json!(1)).unwrap_err().detail.as_deref(), Some("signals"));
}

#[test]
fn a_signal_that_comes_after_the_deadline_is_left_to_a_later_wait() {
    let mut book = Book::open(&effects(), None);
    book.now_ms = BEGIN_MS + 41;
    take(&mut book, &Outside::Sent(1, "a", json!(1)));
    let outcome = |entry: &Entry| match &entry.change {
        Change::Stepped { event, .. } => event.outcome().map(|(key, outcome)| (key.to_owned(), outcome.clone())),
        _ => None,
    };
    let ended: Vec<_> = book.entries.iter().filter_map(outcome).collect();
    let of = |key: &str| &ended.iter().find(|(of, _)| *of == key).unwrap().1;
    assert_eq!(*of("first"), Waited::TimedOut { at_ms: BEGIN_MS + 41 }.into());
    assert!(matches!(of("second"), EffectOutcome::Waited(Waited::Signalled(_))));
}

fn call(key: &str) -> Effect {
    Effect::call(key, ToolCall::new("desk", "do", json!({"what": key})))
}

fn deferred(key: &str, until_ms: u64, parks: bool) -> Change {
    let fault = Fault::new(Kind::Trap, "the guest trapped");
    let (key, used) = (key.to_owned(), Usage::NONE.tool_calls(1));
    Change::Deferred { key, used, until_ms, parks, fault, in_doubt: false }
}

fn reserved(key: &str, due_ms: Option<u64>) -> Change {
    let amount = Usage::NONE.steps(1);
    Change::Reserved { key: key.to_owned(), amount, consumes: None, labels: Vec::new(), due_ms }
}

fn returned(key: &str) -> Event {
    Event::ended(key, ToolOutcome::Returned(json!({"id": key}).into()))
}

#[test]
fn an_effect_that_is_tried_again_is_not_ready_before_its_time_and_keeps_its_deadline() {
    let mut book = Book::open(&[call("a").within(Duration::from_millis(900))], None);
    book.push(deferred("a", 1_200, true)).unwrap();
    let state = &book.state;
    assert_eq!((state.status(), state.next_due_ms(), state.ready(1_199)), (Status::Waiting, Some(1_200), None));
    assert_eq!(state.ready(1_200).map(Effect::key), Some("a"));
    let wait = state.waits().next().unwrap();
    assert_eq!((wait.until_ms, wait.after.as_deref()), (Some(1_200), Some("the guest trapped")));
    let known = state.deferred("a").unwrap();
    assert_eq!((known.attempts, known.due_ms, known.used.tool_calls), (1, Some(BEGIN_MS + 900), 1));
    book.push(reserved("a", Some(BEGIN_MS + 900))).unwrap();
    assert_eq!(book.state.status(), Status::Running);
    book.push(deferred("a", 1_300, false)).unwrap();
    assert_eq!((book.state.status(), book.state.is_retrying()), (Status::Running, true), "its driver waits");
    let known = book.state.deferred("a").unwrap();
    assert_eq!((known.attempts, known.used.tool_calls), (2, 2));
    book.push(reserved("a", Some(BEGIN_MS + 900))).unwrap();
    book.step(returned("a"));
    assert_eq!((book.state.deferred("a"), book.state.status()), (None, Status::Done));
    assert_eq!(RunState::fold(book.state.run(), &book.entries).unwrap(), book.state);
}

#[test]
fn an_effect_that_only_waits_is_not_tried_again() {
    let mut book = Book::open(&[Effect::sleep("nap", Duration::from_secs(1))], None);
    assert!(book.push(deferred("nap", 2_000, true)).is_err());
}

#[test]
fn a_run_is_not_overdue_before_its_deadline_and_fails_then() {
    let mut book = Book::open(&[call("a"), Effect::sleep("nap", Duration::from_secs(1))], Some(1_500));
    assert_eq!((book.state.next_due_ms(), book.state.is_overdue(1_499)), (Some(1_500), false));
    let expired = |at_ms| Change::Expired { at_ms, unknown: vec!["a".to_owned()] };
    assert!(
        book.state
            .clone()
            .apply(&Entry { run: book.state.run(), seq: book.state.seq() + 1, at_ms: 1, change: expired(1_499) })
            .is_err()
    );
    book.push(expired(1_500)).unwrap();
    assert_eq!((book.state.status(), book.state.next_due_ms()), (Status::Failed, None));
    assert_eq!(book.state.unknown_calls().collect::<Vec<_>>(), ["a"]);
    assert_eq!(book.state.ledger().reserved("a"), None);
}

/// Several calls of one piece of code may be in flight where its run is stopped, and what it did is undone as a whole.
#[test]
fn code_with_several_calls_in_flight_is_undone_once() {
    let undo = Undo::by(ToolCall::new("desk", "cancel", json!({})));
    let mut book = Book::open(&[call("a").undone_by(undo)], None);
    for (number, what) in ["flight", "hotel"].into_iter().enumerate() {
        let call = ToolCall::new("desk", "book", json!({"what": what}));
        book.push(Change::Calling { key: "a".to_owned(), number, call }).unwrap();
    }
    let unknown = ["a/0", "a/1"].map(str::to_owned).to_vec();
    book.push(Change::Stopped { stop: Stop::by("dana"), unknown }).unwrap();
    assert_eq!((book.state.is_undoing(), book.state.unknown_calls().count()), (true, 2));
    book.push(reserved("undo/a", None)).unwrap();
    book.push(Change::Undone { event: returned("undo/a"), used: Usage::NONE }).unwrap();
    assert_eq!((book.state.undone().len(), book.state.status()), (1, Status::Stopped));
    assert_eq!(RunState::fold(book.state.run(), &book.entries).unwrap(), book.state);
}
