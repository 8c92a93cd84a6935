//! Runs that a run has started: each starts once and ends once, whatever the order, and what is lent to them is never more than
//! the run has.

use proptest::prelude::*;
use serde_json::{Value, json};
use stockade_workflow::{
    Budget, Carried, Change, ChildEnd, ChildRuns, Currency, Effect, EffectOutcome, EndedChild, Entry, Event, Fault,
    Kind, Label, OnClose, OnFailure, Origin, RunId, RunState, RunsEnded, Status, Stop, Usage, WaitingFor,
};

const INPUTS: usize = 4;
const EACH: u64 = 5;

fn run() -> RunId {
    RunId::from_bytes([1; 16])
}

fn child(number: usize) -> RunId {
    RunId::from_bytes([10 + u8::try_from(number).unwrap(); 16])
}

fn runs() -> ChildRuns {
    let each = Budget::NONE.steps(EACH).with(Currency::Journal, 1_000);
    ChildRuns::new("w", (0..INPUTS).map(Value::from), each).at_once(2)
}

/// A run that wants one effect, which has its intent.
struct Book {
    state: RunState,
    entries: Vec<Entry>,
}

impl Book {
    fn open(runs: ChildRuns, due_ms: Option<u64>) -> Self {
        let budget = Budget::NONE.steps(50).with(Currency::Journal, 1 << 20);
        let (workflow, input, origin) = ("parent".to_owned(), json!(null).into(), Origin::default());
        let created = Change::Created { workflow, version: 1, input, budget, origin };
        let first = Entry { run: run(), seq: 1, at_ms: 1, change: created };
        let mut book = Self { state: RunState::create(&first).unwrap(), entries: vec![first] };
        let amount = runs.total().unwrap();
        let amount = amount.steps(amount.steps + 1).journal_bytes(amount.journal_bytes + 2_000);
        book.step(Event::Started { input: json!(null).into() }, vec![Effect::start_runs("fan", runs)]).unwrap();
        let (key, labels) = ("fan".to_owned(), Vec::new());
        book.push(Change::Reserved { key, amount, consumes: None, labels, due_ms }).unwrap();
        book
    }

    fn push(&mut self, change: Change) -> Result<(), Fault> {
        let entry = Entry { run: run(), seq: self.state.seq() + 1, at_ms: 1, change };
        let mut next = self.state.clone();
        next.apply(&entry)?;
        self.state = next;
        self.entries.push(entry);
        Ok(())
    }

    fn step(&mut self, event: Event, effects: Vec<Effect>) -> Result<(), Fault> {
        let (used, position, state) = (Usage::NONE.steps(1), "AT".to_owned(), json!(null));
        let (log, slices, end) = (Vec::new(), Vec::new(), None);
        self.push(Change::Stepped { event, used, position, state, log, effects, slices, end })
    }

    fn start(&mut self, number: usize) -> Result<(), Fault> {
        self.push(Change::ChildStarted { key: "fan".to_owned(), number, run: child(number) })
    }

    fn end(&mut self, number: usize, end: ChildEnd, steps: u64) -> Result<(), Fault> {
        let (key, run, carried) = ("fan".to_owned(), Some(child(number)), Carried::default());
        let ended = EndedChild { key, number, run, end, used: Usage::NONE.steps(steps), carried };
        self.push(Change::ChildEnded { child: Box::new(ended) })
    }

    /// Lets the workflow hear how the runs ended.
    fn close(&mut self, now_ms: u64) -> EffectOutcome {
        let (_, outcome) = self.state.ended_wait(now_ms).unwrap();
        self.step(Event::ended("fan", outcome.clone()), Vec::new()).unwrap();
        outcome
    }

    fn next(&self) -> Option<usize> {
        self.state.next_child().map(|(_, number)| number)
    }
}

fn done(number: usize) -> ChildEnd {
    ChildEnd::Done(json!(number).into())
}

fn names(outcome: &EffectOutcome) -> Vec<&'static str> {
    match outcome {
        EffectOutcome::RunsEnded(ended) => ended.children().iter().map(|child| child.end.name()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn runs_are_started_in_order_as_many_at_once_as_may() {
    let mut book = Book::open(runs(), None);
    assert_eq!((book.next(), book.state.status()), (Some(0), Status::Running), "a host that is gone is noticed");
    book.start(0).unwrap();
    book.start(1).unwrap();
    assert_eq!((book.next(), book.state.status()), (None, Status::Waiting));
    assert_eq!(book.state.waiting_for(), [WaitingFor::Runs].into());
    assert_eq!(book.state.waits().next().unwrap().to_string(), "for 4 of 4 runs");
    book.end(1, done(1), 1).unwrap();
    assert_eq!((book.next(), book.state.waits().next().unwrap().to_string()), (Some(2), "for 3 of 4 runs".to_owned()));
}

#[test]
fn a_run_starts_once_and_its_end_counts_once() {
    let mut book = Book::open(runs(), None);
    book.start(0).unwrap();
    assert!(book.start(0).is_err() && book.start(INPUTS).is_err());
    book.end(0, done(0), 2).unwrap();
    let spent = *book.state.ledger().spent();
    assert!(book.end(0, done(0), 2).is_err(), "told twice");
    assert!(book.end(1, ChildEnd::Alive, 0).is_err(), "it has not ended");
    assert_eq!(*book.state.ledger().spent(), spent);
    // The parent was gone before it could write that this one had started.
    book.end(1, done(1), 1).unwrap();
    assert_eq!(book.next(), Some(2));
}

#[test]
fn a_failure_drops_the_queue_and_orphans_those_that_go_on_where_that_is_said() {
    let mut book = Book::open(runs().on_failure(OnFailure::Stop), None);
    book.start(0).unwrap();
    book.start(1).unwrap();
    assert_eq!(book.state.orphans().count(), 0);
    book.end(0, ChildEnd::Failed(Fault::new(Kind::Fuel, "no more")), EACH).unwrap();
    assert_eq!((book.next(), book.state.orphans().collect::<Vec<_>>()), (None, vec![child(1)]));
    assert!(book.state.ended_wait(0).is_none());
    book.end(1, ChildEnd::Stopped(Stop::by("the parent")), 1).unwrap();
    assert_eq!(names(&book.close(0)), ["failed", "stopped", "not_started", "not_started"]);
    assert_eq!((book.state.ledger().lent("fan"), book.state.ledger().spent().steps), (None, 2 + EACH + 1));
}

#[test]
fn at_the_deadline_what_the_living_may_still_spend_is_paid() {
    for (on_close, orphans) in [(OnClose::Stop, vec![child(1)]), (OnClose::Leave, Vec::new())] {
        let mut book = Book::open(runs().on_close(on_close), Some(100));
        book.start(0).unwrap();
        book.start(1).unwrap();
        book.end(0, done(0), 1).unwrap();
        assert!(book.state.ended_wait(99).is_none());
        assert_eq!(names(&book.close(100)), ["done", "alive", "not_started", "not_started"]);
        assert_eq!(book.state.orphans().collect::<Vec<_>>(), orphans);
        assert_eq!(book.state.ledger().spent().steps, 2 + 1 + EACH);
        assert!(book.end(1, done(1), 1).is_err(), "no longer waited for");
    }
}

#[test]
fn an_outcome_that_is_not_what_happened_is_refused() {
    let mut book = Book::open(runs(), Some(100));
    let early = RunsEnded::Ended(Vec::new());
    assert!(book.step(Event::ended("fan", early), Vec::new()).is_err());
    book.start(0).unwrap();
    let failed = RunsEnded::Failed(Fault::new(Kind::NotFound, "none"));
    assert!(book.step(Event::ended("fan", failed), Vec::new()).is_err(), "one has started");
    let Some((_, outcome)) = book.state.ended_wait(100) else { panic!("it is due") };
    let EffectOutcome::RunsEnded(RunsEnded::TimedOut { children, .. }) = outcome else { panic!("{outcome:?}") };
    let early = RunsEnded::TimedOut { at_ms: 99, children };
    assert!(book.step(Event::ended("fan", early), Vec::new()).is_err(), "not due");
}

#[test]
fn a_parent_that_is_stopped_parts_with_its_children() {
    let mut book = Book::open(runs(), None);
    book.start(0).unwrap();
    book.push(Change::Stopped { stop: Stop::by("dana"), unknown: Vec::new() }).unwrap();
    assert_eq!(book.state.orphans().collect::<Vec<_>>(), [child(0)]);
    assert_eq!((book.next(), book.state.ledger().lent("fan")), (None, None));
    assert_eq!(book.state.ledger().spent().steps, 1 + EACH);
}

#[test]
fn labels_and_orders_come_with_an_output() {
    let mut book = Book::open(runs(), None);
    book.start(0).unwrap();
    assert!(!book.state.takes_orders());
    let carried = Carried { labels: vec![Label::Untrusted], takes_orders: true };
    let (key, used) = ("fan".to_owned(), Usage::NONE);
    let ended = EndedChild { key, number: 0, run: Some(child(0)), end: done(0), used, carried };
    book.push(Change::ChildEnded { child: Box::new(ended) }).unwrap();
    assert!(book.state.takes_orders() && book.state.labels().contains_key(&Label::Untrusted));
}

proptest! {
    #[test]
    fn whatever_happens_each_run_ends_once_and_the_account_is_right(
        moves in prop::collection::vec((0..INPUTS, 0..4_u8, 0..2 * EACH), 0..40),
        stops in any::<bool>(),
    ) {
        let on_failure = if stops { OnFailure::Stop } else { OnFailure::Collect };
        let mut book = Book::open(runs().on_failure(on_failure), None);
        let mut ended = vec![None; INPUTS];
        for (number, what, steps) in moves {
            if what == 0 {
                if let Some(next) = book.next() {
                    book.start(next).unwrap();
                }
                continue;
            }
            let is_alive = book.state.children().any(|one| one.number == number && one.end.is_none());
            let end = if what == 1 { ChildEnd::Stopped(Stop::by("dana")) } else { done(number) };
            if is_alive || ended[number].is_some() {
                let was_new = book.end(number, end, steps).is_ok();
                prop_assert_eq!(was_new, ended[number].is_none());
                if was_new {
                    ended[number] = Some(steps.min(EACH));
                }
            }
            let alive = book.state.children().filter(|one| one.end.is_none()).count();
            prop_assert!(alive <= 2);
            let used: u64 = ended.iter().flatten().sum();
            let queued = ended.iter().filter(|one| one.is_none()).count() as u64;
            prop_assert_eq!(book.state.ledger().spent().steps, 1 + used);
            prop_assert_eq!(book.state.ledger().lent("fan").unwrap().steps, EACH * queued);
        }
        prop_assert_eq!(&RunState::fold(run(), &book.entries).unwrap(), &book.state);
        for entry in &book.entries {
            let text = serde_json::to_string(&entry.change).unwrap();
            prop_assert_eq!(&Change::read(&text).unwrap(), &entry.change);
        }
    }
}
