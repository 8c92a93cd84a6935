//! A journal in the writing, with a clock of its own: what a host writes of a run that wants everything at once.

use stockade_workflow::{
    AllowedEffect, Approval, Binding, Budget, Change, Digest, Effect, EffectKind, End, Entry, Event, Fault, Graph,
    Machine, Origin, RunId, RunState, Signal, State, Step, Transition, Usage, Workflow,
};

/// When the run begins.
pub(crate) const BEGIN_MS: u64 = 1_000;

/// Wants everything at once, and ends with what became of it.
pub(crate) struct Waits;

impl Workflow for Waits {
    type Input = Vec<Effect>;
    /// How many are left, and what became of the others.
    type State = (usize, Vec<Event>);

    fn name(&self) -> &str {
        "waits"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let signals = ["a", "b"].map(|name| AllowedEffect::Signal(name.to_owned()));
        let wants = signals.into_iter().chain([AllowedEffect::Sleep, AllowedEffect::AnyTool]);
        Graph::new([State::new("WAIT", wants, &["WAIT", "DONE"]), State::new("DONE", [], &[])])
    }

    fn position(&self, (left, _): &Self::State) -> &'static str {
        if *left == 0 { "DONE" } else { "WAIT" }
    }

    fn start(&self, effects: Self::Input) -> Result<Transition<Self::State>, Fault> {
        Ok(Transition::to((effects.len(), Vec::new())).want_all(effects))
    }

    fn step(&self, (left, mut seen): Self::State, event: Event) -> Result<Transition<Self::State>, Fault> {
        seen.push(event);
        let output = serde_json::to_value(&seen).unwrap();
        let next = Transition::to((left - 1, seen));
        Ok(if left == 1 { next.end(End::Done(output.into())) } else { next })
    }
}

/// The journal, and what it says.
pub(crate) struct Book {
    machine: Machine,
    pub(crate) state: RunState,
    pub(crate) entries: Vec<Entry>,
    pub(crate) now_ms: u64,
}

impl Book {
    /// Begins a run that wants these effects, and may have to end in time.
    pub(crate) fn open(effects: &[Effect], due_ms: Option<u64>) -> Self {
        let input = serde_json::to_value(effects).unwrap().into();
        let (budget, origin) = (Budget::default(), Origin { due_ms, ..Origin::default() });
        let created = Change::Created { workflow: "waits".to_owned(), version: 1, input, budget, origin };
        let first = Entry { run: RunId::from_bytes([2; 16]), seq: 1, at_ms: BEGIN_MS, change: created };
        let state = RunState::create(&first).unwrap();
        let mut book = Self { machine: Machine::new(Waits), state, entries: vec![first], now_ms: BEGIN_MS };
        book.step(Event::Started { input: book.state.input().clone() });
        book
    }

    /// Adds an entry, if it may follow.
    pub(crate) fn push(&mut self, change: Change) -> Result<(), Fault> {
        let entry = Entry { run: self.state.run(), seq: self.state.seq() + 1, at_ms: self.now_ms, change };
        let mut next = self.state.clone();
        next.apply(&entry)?;
        self.state = next;
        self.entries.push(entry);
        Ok(())
    }

    /// Answers an event, and journals the intents that follow.
    pub(crate) fn step(&mut self, event: Event) {
        let at = self.state.at().map(|(position, state)| (position, state.clone()));
        let Step { position, transition } = self.machine.step(at, event.clone()).unwrap();
        let (position, used) = (position.to_owned(), Usage::NONE.steps(1));
        let Transition { state, log, effects, slices, end } = transition;
        self.push(Change::Stepped { event, used, position, state, log, effects, slices, end }).unwrap();
        for effect in self.state.wanted().cloned().collect::<Vec<_>>() {
            self.push(intent(&effect, self.now_ms)).unwrap();
        }
    }

    /// Adds an event to which the workflow answers nothing, if it may follow.
    pub(crate) fn unanswered(&mut self, event: Event) -> Result<(), Fault> {
        let (position, state) = self.state.at().map(|(at, state)| (at.to_owned(), state.clone())).unwrap();
        let (used, log, effects, slices, end) = (Usage::NONE.steps(1), vec![], vec![], vec![], None);
        self.push(Change::Stepped { event, used, position, state, log, effects, slices, end })
    }

    /// Keeps a signal that is new.
    pub(crate) fn send(&mut self, signal: Signal) {
        if self.state.check_signal(&signal) == Ok(true) {
            self.push(Change::Signalled { signal }).unwrap();
        }
    }

    /// Lets the waits end that are over, unless the run is paused.
    pub(crate) fn end_waits(&mut self) {
        while self.state.paused().is_none()
            && let Some(event) = self.state.ended_wait(self.now_ms).map(|(key, waited)| Event::ended(key, waited))
        {
            self.step(event);
        }
    }
}

/// The intent of an effect, as a host writes it.
fn intent(effect: &Effect, now_ms: u64) -> Change {
    let (key, amount, due_ms) = (effect.key.clone(), Usage::NONE.steps(1), effect.due_ms(now_ms));
    let EffectKind::RequestApproval { reason, call, terms } = &effect.kind else {
        return Change::Reserved { key, amount, consumes: None, labels: Vec::new(), due_ms };
    };
    let (component, grants) = (Digest::of(b"component"), Digest::of(b"grants"));
    let mut approval = Approval::new(key, reason, call.clone(), Binding { call: call.digest(), component, grants });
    approval.terms.extend(terms.as_deref().cloned());
    Change::Asked { approval: Box::new(approval), amount, due_ms }
}
