//! A host of one run without a clock: it does all that is wanted at the same time, and keeps the journal.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stockade_workflow::{
    Approval, Binding, Budget, Change, CodeEnd, CodeOutcome, Currency, Decision, Digest, Effect, EffectKind, End,
    Entry, Event, Fault, FinishReason, Floats, Kind, Machine, Message, ModelOutcome, Part, Question, Reply, RunId,
    RunState, Shortfall, Step, ToolCall, ToolOutcome, Transition, Usage,
};

const RUN: [u8; 16] = [7; 16];
/// More steps than any run of these tests may take: what goes on for longer never ends.
const STEPS_MAX: usize = 2_000;

/// The outcome of an effect.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Say(String),
    Cut,
    Refuse,
    Fail(Fault),
    Tool(ToolOutcome),
    Code(CodeEnd),
    Decide(bool),
}

/// Which of the effects that are in flight ends next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    First,
    Last,
    /// A different one each time, the same in each test.
    Mixed(usize),
}

pub(crate) const ORDERS: [Order; 5] = [Order::First, Order::Last, Order::Mixed(1), Order::Mixed(5), Order::Mixed(11)];

pub(crate) struct World {
    machine: Machine,
    pub(crate) state: RunState,
    entries: Vec<Entry>,
    /// The effects of which a share of the budget had too little.
    short: BTreeMap<String, Fault>,
    pub(crate) edges: BTreeSet<String>,
}

impl World {
    pub(crate) fn begin(machine: Machine, input: Value) -> Self {
        let budget = Currency::ALL.into_iter().fold(Budget::NONE, |budget, currency| budget.with(currency, 1_000_000));
        let (workflow, version) = (machine.name().to_owned(), machine.version());
        let origin = stockade_workflow::Origin::default();
        let first = entry(1, Change::Created { workflow, version, input: (&input).into(), budget, origin });
        let state = RunState::create(&first).unwrap();
        let mut world = Self { machine, state, entries: vec![first], short: BTreeMap::new(), edges: BTreeSet::new() };
        world.take(Event::Started { input: input.into() }, Usage::default());
        world
    }

    /// Runs to the end, and returns it.
    pub(crate) fn play(&mut self, order: Order, says: impl Fn(&Effect) -> Answer) -> End {
        for step in 0..STEPS_MAX {
            self.intend_all();
            let in_flight = self.in_flight();
            let Some(effect) = in_flight.get(order.pick(step, in_flight.len())) else { break };
            self.refuses_strays(effect);
            let short = self.short.remove(effect.key());
            let used = if short.is_some() { Usage::default() } else { cost(effect) };
            self.take(event(effect, short.map_or_else(|| says(effect), Answer::Fail)), used);
            if let Some(end) = self.state.end() {
                let end = end.clone();
                assert_eq!(RunState::fold(self.state.run(), &self.entries).unwrap(), self.state);
                return end;
            }
        }
        panic!("the run does not end: {:?}", self.state.at());
    }

    fn in_flight(&self) -> Vec<Effect> {
        let questions = self.state.approvals().filter(|approval| approval.is_open());
        let questions = questions.filter_map(|approval| self.state.effect(&approval.key));
        self.state.in_flight().chain(questions).cloned().collect()
    }

    fn intend_all(&mut self) {
        let wanted: Vec<Effect> = self.state.wanted().cloned().collect();
        for effect in wanted {
            let (key, cost) = (effect.key().to_owned(), cost(&effect));
            let amount = match self.state.ledger().offer(&key, &cost, &cost) {
                Ok(offer) => offer,
                Err(short @ Shortfall::SubBudget(..)) => {
                    self.short.insert(key.clone(), short.fault());
                    Usage::default()
                }
                Err(Shortfall::Run(exceeded)) => panic!("{exceeded}"),
            };
            self.push(match effect.kind {
                EffectKind::RequestApproval { reason, call, .. } => asked(&key, reason, call),
                _ => Change::Reserved { key, amount, consumes: None, labels: Vec::new(), due_ms: None },
            });
        }
    }

    fn take(&mut self, event: Event, used: Usage) {
        let at = self.state.at().map(|(position, state)| (position, state.clone()));
        let Step { position, transition } =
            self.machine.step(at.clone(), event.clone()).unwrap_or_else(|fault| panic!("{fault}: {event:?}"));
        let Transition { state, log, effects, slices, end } = transition;
        if let Some((from, _)) = at.filter(|_| !matches!(end, Some(End::Failed(_)))) {
            self.edges.insert(format!("{from} -> {position}"));
        }
        let position = position.to_owned();
        self.push(Change::Stepped { event, used, position, state, log, effects, slices, end });
    }

    /// Nothing but the outcome of what is in flight is taken.
    fn refuses_strays(&self, effect: &Effect) {
        let at = || self.state.at().map(|(position, state)| (position, state.clone()));
        let strays = [
            event(effect, Answer::Say(String::new())).with_key("nothing"),
            event(effect, Answer::Say(String::new())).with_key("worker-9/ask"),
            Event::Started { input: json!({"task": "x"}).into() },
        ];
        for stray in strays {
            let refused = self.machine.step(at(), stray.clone()).expect_err("a stray is refused");
            assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("event")), "{stray:?}");
        }
    }

    fn push(&mut self, change: Change) {
        // As text, as the journal keeps it.
        let change = serde_json::from_str(&serde_json::to_string(&change).unwrap()).unwrap();
        let entry = entry(self.state.seq() + 1, change);
        self.state.apply(&entry).unwrap();
        self.entries.push(entry);
    }

    /// The question under a key, if it was asked.
    pub(crate) fn asked(&self, key: &str) -> Option<&Question> {
        match &self.state.effect(key)?.kind {
            EffectKind::AskModel(question) => Some(question),
            _ => None,
        }
    }

    /// The text of the last message of a question.
    pub(crate) fn told(&self, key: &str) -> String {
        let question = self.asked(key).unwrap_or_else(|| panic!("\"{key}\" was not asked"));
        let Some(Message::User { content }) = question.messages.last() else { panic!("{question:?}") };
        content.iter().map(|part| if let Part::Text { text } = part { text.as_str() } else { "" }).collect()
    }

    /// How many models were asked.
    pub(crate) fn questions(&self) -> u64 {
        self.state.ledger().spent().model_calls
    }
}

impl Order {
    fn pick(self, step: usize, of: usize) -> usize {
        match self {
            Self::First => 0,
            Self::Last => of.saturating_sub(1),
            Self::Mixed(seed) => (step * 7 + seed * (step + 3)) % of.max(1),
        }
    }
}

/// Says what a list says; what it has nothing for must not be asked.
pub(crate) fn script<'a>(lines: &'a [(&'a str, Answer)]) -> impl Fn(&Effect) -> Answer + 'a {
    move |effect| {
        let line = lines.iter().find(|(key, _)| *key == effect.key());
        line.map_or_else(|| panic!("nothing is said to \"{}\": {effect:?}", effect.key()), |(_, answer)| answer.clone())
    }
}

pub(crate) fn say(text: impl Into<String>) -> Answer {
    Answer::Say(text.into())
}

pub(crate) fn json_of(value: Value) -> Answer {
    Answer::Say(value.to_string())
}

pub(crate) fn unavailable() -> Answer {
    Answer::Fail(Fault::new(Kind::Model, "the provider is down").detail("unavailable"))
}

pub(crate) fn done(end: End) -> Value {
    match end {
        End::Done(output) => output.value(),
        End::Failed(fault) => panic!("the run failed: {fault:?}"),
    }
}

pub(crate) fn failed(end: End) -> Fault {
    match end {
        End::Failed(fault) => fault,
        End::Done(output) => panic!("the run is done: {output}"),
    }
}

/// The kind, the name of the limit, what it allows and what was used.
pub(crate) fn limit(fault: &Fault) -> (Kind, &str, u64, u64) {
    let breach = fault.breach.as_ref().unwrap_or_else(|| panic!("{fault:?} is of no limit"));
    (fault.kind, &breach.limit, breach.allowed, breach.used)
}

/// All edges that a machine declares.
pub(crate) fn declared(machine: &Machine) -> BTreeSet<String> {
    let states = machine.graph().states.iter();
    states.flat_map(|state| state.next.iter().map(|next| format!("{} -> {next}", state.name))).collect()
}

fn cost(effect: &Effect) -> Usage {
    let usage = Usage::default().with(Currency::Steps, 1);
    match effect.kind {
        EffectKind::AskModel(_) => usage.with(Currency::ModelCalls, 1).with(Currency::Tokens, 100),
        _ => usage.with(Currency::ToolCalls, 1),
    }
}

fn event(effect: &Effect, answer: Answer) -> Event {
    let key = effect.key();
    let replied = |text: String, stop| {
        let reply = Reply { text, stop, model: "fake".to_owned(), ..Reply::default() };
        Event::ended(key, ModelOutcome::Replied(Box::new(reply)))
    };
    let finished = |ended| {
        let (stdout, stderr, floats) = (String::new(), String::new(), Floats::PORTABLE);
        let outcome = CodeOutcome { ended, stdout, stderr, files: BTreeMap::new(), fuel: 1, began_ms: None, floats };
        Event::ended(key, outcome)
    };
    match (&effect.kind, answer) {
        (_, Answer::Say(text)) => replied(text, FinishReason::Ended),
        (_, Answer::Cut) => replied("and so".to_owned(), FinishReason::Length),
        (_, Answer::Refuse) => replied("I would rather not".to_owned(), FinishReason::Refused),
        (EffectKind::AskModel(_), Answer::Fail(fault)) => Event::ended(key, ModelOutcome::Failed(fault)),
        (EffectKind::RunCode(_), Answer::Fail(fault)) => finished(CodeEnd::Failed(fault)),
        (_, Answer::Fail(fault)) => Event::ended(key, ToolOutcome::Failed(fault)),
        (_, Answer::Tool(outcome)) => Event::ended(key, outcome),
        (_, Answer::Code(ended)) => finished(ended),
        (_, Answer::Decide(yes)) => {
            let decision = if yes { Decision::approve("mia") } else { Decision::deny("mia") };
            Event::ended(key, decision)
        }
    }
}

fn entry(seq: u64, change: Change) -> Entry {
    Entry { run: RunId::from_bytes(RUN), seq, at_ms: seq, change }
}

fn asked(key: &str, reason: String, call: ToolCall) -> Change {
    let bound_to = Binding { call: call.digest(), component: Digest::of(b"component"), grants: Digest::of(b"grants") };
    let approval = Approval::new(key, reason, call, bound_to);
    Change::Asked { approval: Box::new(approval), amount: Usage::default().with(Currency::Steps, 1), due_ms: None }
}
