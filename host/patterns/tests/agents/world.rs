//! The world that the tests of the patterns play: it answers what a machine wants, and keeps the journal of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stockade_workflow::{
    Approval, Binding, Budget, Change, Decision, Digest, Effect, EffectKind, End, Entry, Event, Fault, FinishReason,
    Kind, Machine, ModelCall, ModelOutcome, Question, Reply, RunId, RunState, Step, ToolCall, ToolOutcome, Transition,
    Usage,
};

/// A run in the making, with its journal.
pub(crate) struct World {
    machine: Machine,
    state: RunState,
    entries: Vec<Entry>,
    /// The edges of the graph that were taken.
    pub(crate) edges: BTreeSet<(String, String)>,
    /// All that was ever wanted, in order.
    pub(crate) effects: Vec<Effect>,
}

impl World {
    /// Begins a run.
    pub(crate) fn open(machine: Machine, input: Value) -> Self {
        Self::try_open(machine, input).unwrap()
    }

    pub(crate) fn try_open(machine: Machine, input: Value) -> Result<Self, Fault> {
        let plenty = Budget::default().steps(1 << 40);
        let (workflow, version) = (machine.name().to_owned(), machine.version());
        let (input_json, origin) = ((&input).into(), stockade_workflow::Origin::default());
        let created = Change::Created { workflow, version, input: input_json, budget: plenty, origin };
        let first = entry(1, created);
        let state = RunState::create(&first).unwrap();
        let mut world = Self { machine, state, entries: vec![first], edges: BTreeSet::new(), effects: Vec::new() };
        world.step(Event::Started { input: input.into() })?;
        Ok(world)
    }

    /// Lets the run go on under another machine.
    pub(crate) fn now_with(mut self, machine: Machine) -> Self {
        self.machine = machine;
        self
    }

    /// Gives the machine an event, after the intent of its effect.
    pub(crate) fn give(&mut self, event: Event) {
        self.try_give(event).unwrap();
    }

    pub(crate) fn try_give(&mut self, event: Event) -> Result<(), Fault> {
        let wanted = self.state.wanted().find(|effect| event.key() == Some(effect.key())).cloned();
        if let Some(effect) = wanted {
            self.push(intent(&effect));
        }
        self.step(event)
    }

    fn step(&mut self, event: Event) -> Result<(), Fault> {
        let at = self.state.at().map(|(position, state)| (position, state.clone()));
        let from = at.as_ref().map(|(position, _)| (*position).to_owned());
        let Step { position, transition } = self.machine.step(at, event.clone())?;
        let Transition { state, log, effects, slices, end } = transition;
        if let (Some(from), None | Some(End::Done(_))) = (from, &end) {
            self.edges.insert((from, position.to_owned()));
        }
        self.effects.extend(effects.iter().cloned());
        let (position, used) = (position.to_owned(), Usage::default());
        self.push(Change::Stepped { event, used, position, state, log, effects, slices, end });
        Ok(())
    }

    fn push(&mut self, change: Change) {
        let entry = entry(self.state.seq() + 1, change);
        self.state.apply(&entry).unwrap();
        self.entries.push(entry);
    }

    /// Answers the one question to a model that is open.
    pub(crate) fn says(&mut self, reply: Reply) -> &mut Self {
        let key = self.question_key();
        self.give(Event::ended(&key, ModelOutcome::Replied(Box::new(reply))));
        self
    }

    /// Lets a tool return this for the call of this key.
    pub(crate) fn returns(&mut self, key: &str, value: Value) -> &mut Self {
        self.give(Event::ended(key, ToolOutcome::Returned(value.into())));
        self
    }

    pub(crate) fn fails(&mut self, key: &str, fault: Fault) -> &mut Self {
        self.give(Event::ended(key, ToolOutcome::Failed(fault)));
        self
    }

    pub(crate) fn decides(&mut self, key: &str, decision: Decision) -> &mut Self {
        self.give(Event::ended(key, decision));
        self
    }

    fn question_key(&self) -> String {
        let question = self.state.wanted().find(|effect| matches!(effect.kind, EffectKind::AskModel(_)));
        question.unwrap_or_else(|| panic!("no model is asked: {:?}", self.keys())).key().to_owned()
    }

    /// The question to a model that is open.
    pub(crate) fn question(&self) -> Question {
        match self.effect(&self.question_key()).kind {
            EffectKind::AskModel(question) => question,
            other => panic!("{other:?}"),
        }
    }

    /// The keys of what is wanted now.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.state.wanted().map(|effect| effect.key().to_owned()).collect()
    }

    pub(crate) fn effect(&self, key: &str) -> Effect {
        self.state.effect(key).unwrap_or_else(|| panic!("\"{key}\" was not wanted: {:?}", self.keys())).clone()
    }

    pub(crate) fn position(&self) -> &str {
        self.state.at().unwrap().0
    }

    pub(crate) fn state_text(&self) -> String {
        self.state.at().unwrap().1.to_string()
    }

    pub(crate) fn log(&self) -> &[String] {
        self.state.log()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state.end().is_some()
    }

    /// How the run ended, after its journal was read back.
    pub(crate) fn end(&self) -> Option<End> {
        let read = |entry: &Entry| {
            let change = serde_json::from_str(&serde_json::to_string(&entry.change).unwrap()).unwrap();
            Entry { change, ..entry.clone() }
        };
        let entries: Vec<_> = self.entries.iter().map(read).collect();
        assert_eq!(RunState::fold(run(), &entries).as_ref(), Ok(&self.state));
        self.state.end().cloned()
    }

    pub(crate) fn output(&self) -> Value {
        match self.end() {
            Some(End::Done(output)) => output.value(),
            other => panic!("{other:?} {:?}", self.keys()),
        }
    }

    pub(crate) fn fault(&self) -> Fault {
        match self.end() {
            Some(End::Failed(fault)) => fault,
            other => panic!("{other:?} {:?}", self.keys()),
        }
    }

    /// The calls of tools that were ever wanted.
    pub(crate) fn calls(&self) -> Vec<&ToolCall> {
        fn call(effect: &Effect) -> Option<&ToolCall> {
            if let EffectKind::CallTool { call, .. } = &effect.kind { Some(call) } else { None }
        }
        self.effects.iter().filter_map(call).collect()
    }
}

/// Text of a model.
pub(crate) fn text(text: impl Into<String>) -> Reply {
    Reply { text: text.into(), model: "scripted".to_owned(), ..Reply::default() }
}

pub(crate) fn stopped(stop: FinishReason, said: &str) -> Reply {
    Reply { stop, ..text(said) }
}

/// Calls of a model, each with its name and arguments; their ids are `c1`, `c2`, ….
pub(crate) fn calls<'a>(calls: impl IntoIterator<Item = (&'a str, Value)>) -> Reply {
    let call = |(number, (name, arguments)): (i32, (&str, Value))| ModelCall {
        id: format!("c{number}"),
        name: name.to_owned(),
        arguments,
    };
    Reply { calls: (1..).zip(calls).map(call).collect(), stop: FinishReason::Called, ..text("") }
}

/// The limit that a fault tells of, with what it allows and what was used.
pub(crate) fn limit(fault: &Fault) -> (Kind, String, u64, u64) {
    let breach = fault.breach.clone().unwrap_or_else(|| panic!("no limit: {fault:?}"));
    (fault.kind, breach.limit, breach.allowed, breach.used)
}

/// The edges of a machine's graph.
pub(crate) fn declared(machine: &Machine) -> BTreeSet<(String, String)> {
    let edges =
        machine.graph().states.iter().flat_map(|state| state.next.iter().map(|to| (state.name.clone(), to.clone())));
    edges.collect()
}

fn run() -> RunId {
    RunId::from_bytes([1; 16])
}

fn entry(seq: u64, change: Change) -> Entry {
    Entry { run: run(), seq, at_ms: 1_700_000_000_000 + seq, change }
}

fn intent(effect: &Effect) -> Change {
    let (key, amount) = (effect.key().to_owned(), Usage::default());
    match effect.kind.clone() {
        EffectKind::RequestApproval { reason, call, .. } => {
            let digest = Digest::of_json(&json!({}));
            let bound_to = Binding { call: call.digest(), component: digest.clone(), grants: digest };
            let approval = Approval::new(key, reason, call, bound_to);
            Change::Asked { approval: Box::new(approval), amount, due_ms: None }
        }
        EffectKind::CallTool { approval, .. } => {
            Change::Reserved { key, amount, consumes: approval, labels: Vec::new(), due_ms: None }
        }
        _ => Change::Reserved { key, amount, consumes: None, labels: Vec::new(), due_ms: None },
    }
}
