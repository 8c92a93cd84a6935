//! Decisions, deadlines, signals, pauses and stops in any order: each question ends once, by the first of them, and the fold
//! refuses what comes after.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use stockade_workflow::{
    Change, Decision, Effect, EffectOutcome, Event, RunState, Signal, Status, Stop, Terms, ToolCall, Waited,
};

use crate::support::book::{BEGIN_MS, Book};

/// When the run has failed to end in time.
const DUE_MS: u64 = BEGIN_MS + 150;

/// The questions of the run: one expires, one does not, and one wants two people.
const QUESTIONS: [&str; 3] = ["soon", "open", "two"];

const PEOPLE: [&str; 2] = ["ann", "dan"];

/// What happens to a run from outside.
#[derive(Clone, Debug)]
enum Outside {
    /// The clock goes on.
    Later(u64),
    /// The clock is set back.
    Back(u64),
    /// The signal is sent that one of the effects awaits.
    Sent,
    /// A person decides on a question: yes or no.
    Decided(&'static str, &'static str, bool),
    Paused,
    Resumed,
    Stopped,
}

fn outside() -> impl Strategy<Value = Outside> {
    let (question, person) = (prop::sample::select(QUESTIONS.to_vec()), prop::sample::select(PEOPLE.to_vec()));
    prop_oneof![
        4 => (0..30_u64).prop_map(Outside::Later),
        1 => (0..20_u64).prop_map(Outside::Back),
        1 => Just(Outside::Sent),
        6 => (question, person, any::<bool>()).prop_map(|(question, by, yes)| Outside::Decided(question, by, yes)),
        1 => Just(Outside::Paused),
        1 => Just(Outside::Resumed),
        1 => prop::bool::weighted(0.2).prop_map(|stops| if stops { Outside::Stopped } else { Outside::Later(1) }),
    ]
}

fn effects() -> Vec<Effect> {
    let ask = |key| Effect::request_approval(key, "why not", ToolCall::new("payments", "refund", json!({"cents": 5})));
    vec![
        ask("soon").within(Duration::from_millis(30)),
        ask("open"),
        ask("two").on(Terms { quorum: 2, ..Terms::default() }),
        Effect::await_signal("paid", "a").within(Duration::from_millis(60)),
        Effect::sleep("nap", Duration::from_millis(40)),
    ]
}

/// A run, and a host that drives it.
struct Host {
    book: Book,
}

impl Host {
    fn begin() -> Self {
        Self { book: Book::open(&effects(), Some(DUE_MS)) }
    }

    /// Whether the fold refuses that an effect ends so, whatever its workflow would answer.
    fn refuses(&mut self, key: &str, outcome: impl Into<EffectOutcome>) -> bool {
        self.book.unanswered(Event::ended(key, outcome)).is_err()
    }

    fn take(&mut self, outside: &Outside) {
        let (has_ended, is_paused) = (self.book.state.end().is_some(), self.book.state.paused().is_some());
        match outside {
            Outside::Later(ms) => self.book.now_ms += ms,
            Outside::Back(ms) => self.book.now_ms = self.book.now_ms.saturating_sub(*ms),
            Outside::Sent => self.send(),
            Outside::Decided(question, by, yes) => self.decide(question, by, *yes),
            Outside::Paused if !is_paused => {
                assert_eq!(self.book.push(Change::Paused { stop: Stop::by("eve") }).is_ok(), !has_ended);
            }
            Outside::Paused => {}
            Outside::Resumed => assert_eq!(self.book.push(Change::Resumed).is_ok(), is_paused),
            Outside::Stopped => {
                let stopped = Change::Stopped { stop: Stop::by("sue"), unknown: Vec::new() };
                assert_eq!(self.book.push(stopped).is_ok(), !has_ended);
            }
        }
        self.go_on();
    }

    fn send(&mut self) {
        let (key, name, by, at_ms) = ("k".to_owned(), "a".to_owned(), "bank".to_owned(), self.book.now_ms);
        self.book.send(Signal { key, name, payload: json!(1).into(), by, at_ms });
    }

    /// Does with a decision what a host does.
    fn decide(&mut self, question: &str, by: &str, yes: bool) {
        let decision = if yes { Decision::approve(by) } else { Decision::deny(by) };
        let Some(open) = self.book.state.open_approvals().find(|open| open.key == question).cloned() else {
            assert!(self.refuses(question, decision), "\"{question}\" is decided although it is closed");
            return;
        };
        let is_late = self.book.state.due_ms(question).is_some_and(|due_ms| due_ms <= self.book.now_ms);
        let has_voted = yes && open.votes.iter().any(|vote| vote.by == by);
        if is_late || has_voted || self.book.state.is_overdue(self.book.now_ms) {
            return;
        }
        if yes && open.votes.len() + 1 < open.quorum() {
            assert!(self.refuses(question, decision.clone()), "one yes of two is enough");
            self.book.push(Change::Voted { key: question.to_owned(), decision }).unwrap();
        } else {
            self.book.step(Event::ended(question, decision));
        }
    }

    /// What is due happens, unless the run is paused.
    fn go_on(&mut self) {
        if self.book.state.is_overdue(self.book.now_ms) {
            self.book.push(Change::Expired { at_ms: self.book.now_ms, unknown: Vec::new() }).unwrap();
        }
        self.book.end_waits();
    }

    /// How the effects ended, in order, each with when.
    fn ended(&self, key: &str) -> Vec<(u64, EffectOutcome)> {
        let ended = self.book.entries.iter().filter_map(|entry| {
            let Change::Stepped { event, .. } = &entry.change else { return None };
            let (_, outcome) = event.outcome().filter(|(of, _)| *of == key)?;
            Some((entry.at_ms, outcome.clone()))
        });
        ended.collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_question_ends_once_by_what_comes_first(story in prop::collection::vec(outside(), 0..40)) {
        let mut host = Host::begin();
        for outside in &story {
            host.take(outside);
        }
        for question in QUESTIONS {
            let (ended, approval) = (host.ended(question), host.book.state.approval(question).unwrap());
            prop_assert!(ended.len() <= 1, "{question} ended twice: {ended:?}");
            match ended.first() {
                Some((at_ms, EffectOutcome::Decided { decision })) => {
                    prop_assert_eq!((approval.decision.as_ref(), approval.expired_ms), (Some(decision), None));
                    prop_assert!(*at_ms < DUE_MS && (question != "soon" || *at_ms < BEGIN_MS + 30));
                    let mut yes: Vec<_> = approval.votes.iter().map(|vote| &vote.by).collect();
                    yes.extend(decision.verdict.is_yes().then_some(&decision.by));
                    let are_two = yes.len() == 2 && yes[0] != yes[1];
                    prop_assert!(!decision.verdict.is_yes() || question != "two" || are_two);
                }
                Some((_, EffectOutcome::Waited(Waited::TimedOut { at_ms }))) => {
                    prop_assert_eq!((&approval.decision, approval.expired_ms), (&None, Some(*at_ms)));
                    prop_assert!(question == "soon" && *at_ms >= BEGIN_MS + 30);
                }
                Some(other) => prop_assert!(false, "{question}: {other:?}"),
                None => prop_assert_eq!((&approval.decision, approval.expired_ms), (&None, None)),
            }
            let late = Waited::TimedOut { at_ms: u64::MAX };
            prop_assert!(ended.is_empty() || host.refuses(question, late), "{question} ends once more");
        }
        let expired = host.book.entries.iter().any(|entry| matches!(entry.change, Change::Expired { .. }));
        prop_assert_eq!(host.book.state.status() == Status::Failed, expired);
        prop_assert!(!expired || host.book.entries.last().unwrap().at_ms >= DUE_MS);
        prop_assert_eq!(&RunState::fold(host.book.state.run(), &host.book.entries).unwrap(), &host.book.state);
        for entry in &host.book.entries {
            let text = serde_json::to_string(&entry.change).unwrap();
            prop_assert_eq!(&Change::read(&text).unwrap(), &entry.change);
        }
    }
}
