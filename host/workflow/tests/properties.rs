//! What holds of every refund, whatever happens to it and whichever party lies.

use std::collections::BTreeSet;

use crate::support::{Answer, Story, events, stories};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use stockade_refund::{Input, Letter, Refund, Rules};
use stockade_workflow::{
    Cents, Effect, EffectKind, EffectOutcome, End, Event, Fault, Kind, Machine, Step, ToolCall, ToolOutcome, Verdict,
};

/// A run that has only fitting answers must end in so many; the longest path of the graph has eight.
const ANSWERS_MAX: usize = 20;

/// One event that was given to the machine, and what came of it.
#[derive(Clone, Debug, PartialEq)]
struct Traced {
    from: Option<(String, Value)>,
    awaited: Option<Effect>,
    event: Event,
    result: Result<Step, Fault>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_refund_above_the_limit_without_a_yes(story in stories()) {
        let trace = walk(&story, &story.machine());
        for (at, (_, approval)) in payments(&trace) {
            if Cents(story.price_cents) > story.rules.approval_above {
                prop_assert!(approval.is_some(), "paid {} without asking", story.price_cents);
            }
            if let Some(approval) = approval {
                prop_assert!(was_approved(&trace[..=at], approval), "\"{approval}\" was not a yes before");
            }
        }
    }

    #[test]
    fn what_is_paid_is_what_the_person_saw(story in stories()) {
        let trace = walk(&story, &story.machine());
        for (at, (call, approval)) in payments(&trace) {
            let owed = json!({"user_id": "user_123", "amount_cents": story.price_cents});
            let seen = asked(&trace[..=at]).filter(|(key, _)| Some(*key) == approval).map(|(_, call)| call);
            prop_assert_eq!((&*call.function, call.arguments.value()), ("refund", owed));
            prop_assert_eq!(seen.collect::<Vec<_>>(), approval.map_or(vec![], |_| vec![call]));
        }
    }

    #[test]
    fn a_refund_is_called_for_again_only_if_its_yes_was_void(story in stories()) {
        let trace = walk(&story, &story.machine());
        let calls: Vec<_> = payments(&trace).collect();
        for (nth, (at, (_, approval))) in calls.iter().enumerate() {
            let answer = trace.get(at + 1..).unwrap_or_default().iter().find(|step| step.belongs());
            prop_assert!(nth + 1 == calls.len() || answer.is_some_and(|step| says_void(&step.event)));
            prop_assert!(calls[..nth].iter().all(|(_, (_, before))| before != approval), "a yes was used twice");
        }
        prop_assert!(calls.len() <= 2);
    }

    #[test]
    fn an_event_that_does_not_belong_is_refused_and_changes_nothing(story in stories(), strays in prop::collection::vec(events(), 1..12)) {
        let machine = story.machine();
        for step in walk(&story, &machine) {
            prop_assert_eq!(step.result.is_ok(), step.belongs(), "{:?}", step);
            for event in &strays {
                let stray = Traced { event: event.clone(), result: given(&machine, &step.from, event), ..step.clone() };
                prop_assert_eq!(stray.result.is_ok(), stray.belongs(), "{:?}", stray);
                prop_assert_eq!(stray.result.err().map_or(Kind::Invalid, |fault| fault.kind), Kind::Invalid);
            }
            prop_assert_eq!(given(&machine, &step.from, &step.event), step.result);
        }
    }

    #[test]
    fn fitting_answers_end_the_run_from_every_state(story in stories(), yes in any::<bool>()) {
        let machine = story.machine();
        for reached in 0..=story.answers.len() {
            let mut story = Story { answers: story.answers[..reached].to_vec(), ..story.clone() };
            story.answers.extend(vec![Answer::Fitting(yes); ANSWERS_MAX]);
            let trace = walk(&story, &machine);
            prop_assert!(trace.last().is_some_and(|step| end(step).is_some()), "{:?}", trace.last());
        }
    }

    /// The host performs effects one by one and knows no other way to go on.
    #[test]
    fn a_step_wants_one_thing_or_ends_the_run(story in stories()) {
        for step in walk(&story, &story.machine()) {
            if let Ok(to) = &step.result {
                prop_assert_eq!(to.transition.effects.len(), usize::from(to.transition.end.is_none()), "{:?}", step);
            }
        }
    }

    #[test]
    fn a_key_is_wanted_once(story in stories()) {
        let trace = walk(&story, &story.machine());
        let keys: Vec<_> = trace.iter().flat_map(Traced::effects).map(Effect::key).collect();
        prop_assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{:?}", keys);
    }

    #[test]
    fn no_story_leaves_the_graph(story in stories()) {
        let machine = story.machine();
        let declared = declared_edges(&machine);
        for step in walk(&story, &machine) {
            prop_assert!(step.result.as_ref().map_or_else(|fault| fault.kind, |_| Kind::Invalid) == Kind::Invalid);
            prop_assert!(step.edge().is_none_or(|edge| declared.contains(&edge)), "{:?}", step.edge());
        }
    }

    #[test]
    fn the_same_events_are_the_same_run(story in stories()) {
        prop_assert_eq!(walk(&story, &story.machine()), walk(&story, &story.machine()));
    }

    /// A crash between any two steps is this: the state goes to the journal's text and comes back.
    #[test]
    fn a_state_survives_its_json(story in stories()) {
        let trace = walk(&story, &story.machine());
        for step in &trace {
            for effect in step.effects() {
                prop_assert_eq!(&serde_json::from_str::<Effect>(&serde_json::to_string(effect)?)?, effect);
            }
        }
        prop_assert_eq!(walk_with(&story, &story.machine(), through_text), trace);
    }

    /// A run keeps the rules that it began with, whatever the host was restarted with.
    #[test]
    fn new_rules_are_for_new_runs(story in stories(), window_days in any::<u32>(), cents in any::<u64>(), model in any::<bool>()) {
        let signature = Some("Another".to_owned());
        let (rules, letter) = (Rules { window_days, approval_above: Cents(cents), approval: None, signature }, model.then(Letter::default));
        let others = Machine::new(Refund { rules, letter });
        for step in walk(&story, &story.machine()).into_iter().filter(|step| step.from.is_some()) {
            prop_assert_eq!(given(&others, &step.from, &step.event), step.result);
        }
    }

    /// That a model writes the letter changes nothing before the letter.
    #[test]
    fn who_writes_the_letter_moves_no_money(story in stories()) {
        let by_model = Machine::new(Refund { rules: story.rules.clone(), letter: Some(Letter::default()) });
        let (tool, model) = (walk(&story, &story.machine()), walk(&story, &by_model));
        let before = |trace: &[Traced]| -> Vec<_> {
            let written = trace.iter().map_while(|step| step.result.as_ref().ok().map(|to| (step.event.clone(), to.clone())));
            let written = written.take_while(|(_, to)| to.position != "DRAFT_RESPONSE");
            written.map(|(event, to)| (event, to.position, to.transition.log, to.transition.effects)).collect()
        };
        prop_assert_eq!(before(&tool), before(&model));
        prop_assert_eq!(payments(&tool).collect::<Vec<_>>(), payments(&model).collect::<Vec<_>>());
    }

    /// Whatever the policy tool says, the two rules hold; it can only add a no or a question.
    #[test]
    fn a_lying_tool_makes_a_refund_stricter_and_never_laxer(story in stories(), within in any::<bool>(), ask in any::<bool>()) {
        let said = vec![Answer::Fitting(true), Answer::Fitting(true), Answer::Fitting(within), Answer::Fitting(ask)];
        let story = Story { answers: said, ..story };
        let reached: Vec<_> = walk(&story, &story.machine()).iter().map(|step| position(step).to_owned()).collect();
        let in_window = within && story.days_ago <= story.rules.window_days;
        let free = !ask && Cents(story.price_cents) <= story.rules.approval_above;
        let expected: &[_] = match (in_window, free) {
            (false, _) => &["INIT", "VALIDATE_POLICY", "DRAFT_RESPONSE", "COMPLETE"],
            (true, true) => &["INIT", "VALIDATE_POLICY", "CHECK_APPROVAL", "EXECUTE_REFUND"],
            (true, false) => &["INIT", "VALIDATE_POLICY", "CHECK_APPROVAL", "WAITING_FOR_HUMAN"],
        };
        prop_assert_eq!(reached, expected);
    }
}

/// If the stories above never got somewhere, what holds of all of them would say nothing about that place.
#[test]
fn the_stories_take_every_edge_of_the_graph() {
    let mut taken = BTreeSet::new();
    let mut runner = TestRunner::deterministic();
    for _ in 0..2_000 {
        let story = stories().new_tree(&mut runner).unwrap().current();
        taken.extend(walk(&story, &story.machine()).iter().filter_map(Traced::edge));
    }
    assert_eq!(taken, declared_edges(&Machine::new(Refund::default())));
}

/// Gives the story's events to a machine until the run ends or nothing more happens.
fn walk(story: &Story, machine: &Machine) -> Vec<Traced> {
    walk_with(story, machine, |state| state)
}

/// As [`walk`], with something done to the state between the steps.
fn walk_with(story: &Story, machine: &Machine, between: impl Fn(Value) -> Value) -> Vec<Traced> {
    let (mut from, mut awaited, mut trace) = (None, None, Vec::new());
    for answer in &story.answers {
        let event = story.event(answer, awaited.as_ref());
        let step =
            Traced { from: from.clone(), awaited: awaited.clone(), result: given(machine, &from, &event), event };
        let ended = step.result.as_ref().is_ok_and(|to| to.transition.end.is_some());
        if let Ok(to) = &step.result {
            from = Some((to.position.to_owned(), between(to.transition.state.clone())));
            awaited = to.transition.effects.first().cloned();
        }
        trace.push(step);
        if ended {
            break;
        }
    }
    trace
}

impl Traced {
    /// Returns whether the event is the outcome of what was awaited.
    ///
    /// This is what a machine must find out, told without its help.
    fn belongs(&self) -> bool {
        match (&self.event, &self.awaited) {
            (Event::Started { input }, None) if self.from.is_none() => {
                serde_json::from_value(input.value()).is_ok_and(|input: Input| !input.user_id.is_empty())
            }
            (Event::Ended { key, outcome }, Some(Effect { key: awaited, kind, .. })) if key == awaited => matches!(
                (outcome, kind),
                (EffectOutcome::ToolReturned(_), EffectKind::CallTool { .. })
                    | (EffectOutcome::Decided { .. }, EffectKind::RequestApproval { .. })
            ),
            _ => false,
        }
    }

    fn effects(&self) -> &[Effect] {
        self.result.as_ref().map_or(&[], |to| &to.transition.effects)
    }

    /// Returns the declared edge that this step took; a run that fails where it stands takes none.
    fn edge(&self) -> Option<(String, String)> {
        let (from, to) = (self.from.as_ref()?, self.result.as_ref().ok()?);
        (from.0 != to.position).then(|| (from.0.clone(), to.position.to_owned()))
    }
}

/// Gives one event to a machine.
fn given(machine: &Machine, at: &Option<(String, Value)>, event: &Event) -> Result<Step, Fault> {
    let at = at.as_ref().map(|(position, state)| (position.as_str(), state.clone()));
    machine.step(at, event.clone())
}

/// All edges that a machine declares.
fn declared_edges(machine: &Machine) -> BTreeSet<(String, String)> {
    let states = machine.graph().states.iter();
    states.flat_map(|state| state.next.iter().map(|next| (state.name.clone(), next.clone()))).collect()
}

/// The payments calls of a trace, each with the place of the step that wants it and the approval that it names.
fn payments(trace: &[Traced]) -> impl Iterator<Item = (usize, (&ToolCall, Option<&str>))> {
    let wanted = trace.iter().enumerate().flat_map(|(at, step)| step.effects().iter().map(move |effect| (at, effect)));
    wanted.filter_map(|(at, effect)| {
        let EffectKind::CallTool { call, approval } = &effect.kind else { return None };
        (call.tool == "payments").then_some((at, (call, approval.as_deref())))
    })
}

fn asked(trace: &[Traced]) -> impl Iterator<Item = (&str, &ToolCall)> {
    trace.iter().flat_map(Traced::effects).filter_map(|effect| {
        let EffectKind::RequestApproval { call, .. } = &effect.kind else { return None };
        Some((effect.key(), call))
    })
}

fn was_approved(trace: &[Traced], approval: &str) -> bool {
    trace.iter().filter(|step| step.belongs()).any(|step| match step.event.outcome() {
        Some((key, EffectOutcome::Decided { decision })) => key == approval && decision.verdict == Verdict::Approved,
        _ => false,
    })
}

fn says_void(event: &Event) -> bool {
    let Event::Ended { outcome: EffectOutcome::ToolReturned(ToolOutcome::Failed(fault)), .. } = event else {
        return false;
    };
    fault.kind == Kind::Approval && fault.detail.as_deref() == Some("mismatch")
}

fn end(step: &Traced) -> Option<&End> {
    step.result.as_ref().ok().and_then(|to| to.transition.end.as_ref())
}

fn position(step: &Traced) -> &str {
    step.result.as_ref().map_or("", |to| to.position)
}

fn through_text(state: Value) -> Value {
    serde_json::from_str(&state.to_string()).unwrap_or_default()
}
