//! Decisions, deadlines, signals, pauses and stops in any order: each question ends once, by the first of them, and the fold refuses
//! what comes after.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use stockade_workflow::{
    Approval, Binding, Budget, Change, Decision, Digest, Effect, EffectKind, EffectOutcome, Entry, Event, Fault,
    Machine, Origin, RunId, RunState, Signal, Status, Step, Stop, Terms, ToolCall, Transition, Usage, Waited,
};

use crate::waits::Waits;

const BEGIN_MS: u64 = 1_000;

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
    machine: Machine,
    state: RunState,
    entries: Vec<Entry>,
    now_ms: u64,
}

impl Host {
    fn begin() -> Self {
        let input = serde_json::to_value(effects()).unwrap().into();
        let (budget, origin) = (Budget::default(), Origin { due_ms: Some(DUE_MS), ..Origin::default() });
        let change = Change::Created { workflow: "waits".to_owned(), version: 1, input, budget, origin };
        let first = Entry { run: RunId::from_bytes([3; 16]), seq: 1, at_ms: BEGIN_MS, change };
        let state = RunState::create(&first).unwrap();
        let mut host = Self { machine: Machine::new(Waits), state, entries: vec![first], now_ms: BEGIN_MS };
        host.step(Event::Started { input: host.state.input().clone() });
        for effect in host.state.wanted().cloned().collect::<Vec<_>>() {
            host.push(intent(&effect)).unwrap();
        }
        host
    }

    /// Adds an entry, if it may follow.
    fn push(&mut self, change: Change) -> Result<(), Fault> {
        let entry = Entry { run: self.state.run(), seq: self.state.seq() + 1, at_ms: self.now_ms, change };
        let mut next = self.state.clone();
        next.apply(&entry)?;
        self.state = next;
        self.entries.push(entry);
        Ok(())
    }

    fn step(&mut self, event: Event) {
        let at = self.state.at().map(|(position, state)| (position, state.clone()));
        let Step { position, transition } = self.machine.step(at, event.clone()).unwrap();
        let (position, used) = (position.to_owned(), Usage::NONE.steps(1));
        let Transition { state, log, effects, slices, end } = transition;
        self.push(Change::Stepped { event, used, position, state, log, effects, slices, end }).unwrap();
    }

    /// Whether the fold refuses that an effect ends so, whatever its workflow would answer.
    fn refuses(&mut self, key: &str, outcome: impl Into<EffectOutcome>) -> bool {
        let (position, state) = self.state.at().map(|(at, state)| (at.to_owned(), state.clone())).unwrap();
        let (event, used) = (Event::ended(key, outcome), Usage::NONE.steps(1));
        let (log, effects, slices, end) = (vec![], vec![], vec![], None);
        self.push(Change::Stepped { event, used, position, state, log, effects, slices, end }).is_err()
    }

    fn take(&mut self, outside: &Outside) {
        let (has_ended, is_paused) = (self.state.end().is_some(), self.state.paused().is_some());
        match outside {
            Outside::Later(ms) => self.now_ms += ms,
            Outside::Back(ms) => self.now_ms = self.now_ms.saturating_sub(*ms),
            Outside::Sent => self.send(),
            Outside::Decided(question, by, yes) => self.decide(question, by, *yes),
            Outside::Paused if !is_paused => {
                assert_eq!(self.push(Change::Paused { stop: Stop::by("eve") }).is_ok(), !has_ended);
            }
            Outside::Paused => {}
            Outside::Resumed => assert_eq!(self.push(Change::Resumed).is_ok(), is_paused),
            Outside::Stopped => {
                let stopped = Change::Stopped { stop: Stop::by("sue"), unknown: Vec::new() };
                assert_eq!(self.push(stopped).is_ok(), !has_ended);
            }
        }
        self.go_on();
    }

    fn send(&mut self) {
        let (key, name, by, at_ms) = ("k".to_owned(), "a".to_owned(), "bank".to_owned(), self.now_ms);
        let signal = Signal { key, name, payload: json!(1).into(), by, at_ms };
        if self.state.check_signal(&signal) == Ok(true) {
            self.push(Change::Signalled { signal }).unwrap();
        }
    }

    /// Does with a decision what a host does.
    fn decide(&mut self, question: &str, by: &str, yes: bool) {
        let decision = if yes { Decision::approve(by) } else { Decision::deny(by) };
        let Some(open) = self.state.open_approvals().find(|open| open.key == question).cloned() else {
            assert!(self.refuses(question, decision), "\"{question}\" is decided although it is closed");
            return;
        };
        let is_late = self.state.due_ms(question).is_some_and(|due_ms| due_ms <= self.now_ms);
        let has_voted = yes && open.votes.iter().any(|vote| vote.by == by);
        if is_late || has_voted || self.state.is_overdue(self.now_ms) {
            return;
        }
        if yes && open.votes.len() + 1 < open.quorum() {
            assert!(self.refuses(question, decision.clone()), "one yes of two is enough");
            self.push(Change::Voted { key: question.to_owned(), decision }).unwrap();
        } else {
            self.step(Event::ended(question, decision));
        }
    }

    /// What is due happens, unless the run is paused.
    fn go_on(&mut self) {
        if self.state.is_overdue(self.now_ms) {
            self.push(Change::Expired { at_ms: self.now_ms, unknown: Vec::new() }).unwrap();
        }
        while self.state.paused().is_none()
            && let Some(event) = self.state.ended_wait(self.now_ms).map(|(key, waited)| Event::ended(key, waited))
        {
            self.step(event);
        }
    }

    /// How the effects ended, in order, each with when.
    fn ended(&self, key: &str) -> Vec<(u64, EffectOutcome)> {
        let ended = self.entries.iter().filter_map(|entry| {
            let Change::Stepped { event, .. } = &entry.change else { return None };
            let (_, outcome) = event.outcome().filter(|(of, _)| *of == key)?;
            Some((entry.at_ms, outcome.clone()))
        });
        ended.collect()
    }
}

/// The intent of an effect, as a host writes it when the run begins.
fn intent(effect: &Effect) -> Change {
    let (key, amount, due_ms) = (effect.key.clone(), Usage::NONE.steps(1), effect.due_ms(BEGIN_MS));
    let EffectKind::RequestApproval { reason, call, terms } = &effect.kind else {
        return Change::Reserved { key, amount, consumes: None, labels: Vec::new(), due_ms };
    };
    let (component, grants) = (Digest::of(b"component"), Digest::of(b"grants"));
    let mut approval = Approval::new(key, reason, call.clone(), Binding { call: call.digest(), component, grants });
    approval.terms.extend(terms.as_deref().cloned());
    Change::Asked { approval: Box::new(approval), amount, due_ms }
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
            let (ended, approval) = (host.ended(question), host.state.approval(question).unwrap());
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
        let expired = host.entries.iter().any(|entry| matches!(entry.change, Change::Expired { .. }));
        prop_assert_eq!(host.state.status() == Status::Failed, expired);
        prop_assert!(!expired || host.entries.last().unwrap().at_ms >= DUE_MS);
        prop_assert_eq!(&RunState::fold(host.state.run(), &host.entries).unwrap(), &host.state);
        for entry in &host.entries {
            let text = serde_json::to_string(&entry.change).unwrap();
            prop_assert_eq!(&Change::read(&text).unwrap(), &entry.change);
        }
    }
}
