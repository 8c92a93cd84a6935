use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Budget, Digest, Effect, Event, Fault, Graph, Json, Kind, Needs, SubBudget, Verdict};

/// A pure state machine: what happened in, the next state and what is wanted out.
///
/// It has no clock, no random, no I/O and no async, so the same events always give the same run; that is what makes
/// a crash harmless and a replay exact.
pub trait Workflow: Send + Sync + 'static {
    /// What a run is started with. Unknown members should be refused, so that a typing error is noticed.
    type Input: DeserializeOwned;
    /// What is kept between steps.
    type State: Serialize + DeserializeOwned;

    /// Returns the name by which runs are started.
    fn name(&self) -> &str;

    /// Returns the version; a run goes on only under the version that started it.
    fn version(&self) -> u32;

    /// Returns the declared states.
    fn graph(&self) -> Graph;

    /// Returns the name of the state in the graph.
    fn position(&self, state: &Self::State) -> &'static str;

    /// Returns the first state and what it wants.
    ///
    /// # Errors
    ///
    /// A fault where the input cannot begin a run.
    fn start(&self, input: Self::Input) -> Result<Transition<Self::State>, Fault>;

    /// Returns what follows from an event.
    ///
    /// # Errors
    ///
    /// A fault where the event does not belong to the state; the run is not changed by it.
    fn step(&self, state: Self::State, event: Event) -> Result<Transition<Self::State>, Fault>;

    /// Returns what a question of a run in this state may be answered with, by its key: what the workflow understands.
    fn decisions(&self, _state: &Self::State, _question: &str) -> &'static [Verdict] {
        Verdict::YES_OR_NO
    }

    /// Returns what a run in this state needs to go on once the question of this key is decided. A yes is taken only while
    /// that is there.
    ///
    /// # Errors
    ///
    /// What the run began with does not fit how the workflow is set up now, so that it could not go on; the message says
    /// what differs.
    fn needs(&self, _state: &Self::State, _question: &str) -> Result<Needs, Fault> {
        Ok(Needs::default())
    }
}

/// What follows from an event: the next state, what is wanted, and the end if it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition<S> {
    /// The next state.
    pub state: S,
    /// Lines for the run's log.
    pub log: Vec<String>,
    /// What the host is to do.
    pub effects: Vec<Effect>,
    /// The shares of the run's budget that are set for parts of it.
    pub slices: Vec<SubBudget>,
    /// How the run ended, if it did.
    pub end: Option<End>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// With its output.
    Done(Json),
    /// With the fault that it could not get past.
    Failed(Fault),
}

impl<S> Transition<S> {
    /// Goes to a state.
    pub fn to(state: S) -> Self {
        Self { state, log: Vec::new(), effects: Vec::new(), slices: Vec::new(), end: None }
    }

    /// Adds a line to the run's log.
    #[must_use]
    pub fn log(mut self, line: impl Into<String>) -> Self {
        self.log.push(line.into());
        self
    }

    /// Wants something done.
    #[must_use]
    pub fn want(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Wants several things done; those that can be are done at the same time.
    #[must_use]
    pub fn want_all(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.effects.extend(effects);
        self
    }

    /// Sets a share of the budget for the effects whose keys begin so.
    #[must_use]
    pub fn slice(mut self, prefix: impl Into<String>, budget: Budget) -> Self {
        self.slices.push(SubBudget { prefix: prefix.into(), budget });
        self
    }

    /// Ends the run.
    #[must_use]
    pub fn end(mut self, end: End) -> Self {
        self.end = Some(end);
        self
    }
}

/// A [`Workflow`] whose state is JSON: what the executor and the journal handle.
pub struct Machine {
    name: String,
    version: u32,
    graph: Graph,
    /// The digest of how it is set up, where a configuration did that.
    setup: Option<Digest>,
    workflow: Box<dyn OfJson>,
}

/// A workflow of which the types are forgotten.
trait OfJson: Send + Sync {
    fn step_json(&self, state: Option<&Value>, event: Event) -> Result<Step, Fault>;
    fn decisions_json(&self, state: &Value, question: &str) -> &'static [Verdict];
    fn needs_json(&self, state: &Value, question: &str) -> Result<Needs, Fault>;
}

impl<W: Workflow> OfJson for W {
    fn step_json(&self, state: Option<&Value>, event: Event) -> Result<Step, Fault> {
        step(self, state, event)
    }

    fn decisions_json(&self, state: &Value, question: &str) -> &'static [Verdict] {
        let state = parse(state, "state");
        state.map_or(Verdict::YES_OR_NO, |state| self.decisions(&state, question))
    }

    fn needs_json(&self, state: &Value, question: &str) -> Result<Needs, Fault> {
        self.needs(&parse(state, "state")?, question)
    }
}

/// A checked [`Transition`] of a [`Machine`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state's name in the graph.
    pub position: &'static str,
    /// The transition, with the state as JSON.
    pub transition: Transition<Value>,
}

impl Machine {
    /// Wraps a workflow.
    pub fn new(workflow: impl Workflow) -> Self {
        let (name, version, graph) = (workflow.name().to_owned(), workflow.version(), workflow.graph());
        Self { name, version, graph, setup: None, workflow: Box::new(workflow) }
    }

    /// Says how it is set up, so that another setup is another [`digest`](Self::digest).
    #[must_use]
    pub fn set_up(self, setup: &impl Serialize) -> Self {
        Self { setup: Some(Digest::of_json(setup)), ..self }
    }

    /// Returns the digest of what is known of it without running it: name, version, graph and setup.
    pub fn digest(&self) -> Digest {
        Digest::of_json(&(&self.name, self.version, &self.graph, &self.setup))
    }

    /// Returns what a question of a run may be answered with, as [`Workflow::decisions`].
    pub fn decisions(&self, state: &Value, question: &str) -> &'static [Verdict] {
        self.workflow.decisions_json(state, question)
    }

    /// Returns what a run needs to go on once a question is decided.
    ///
    /// # Errors
    ///
    /// As [`Workflow::needs`], and kind [`Kind::Invalid`] where the state does not fit.
    pub fn needs(&self, state: &Value, question: &str) -> Result<Needs, Fault> {
        self.workflow.needs_json(state, question)
    }

    /// Returns the workflow's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the workflow's version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Returns the declared states.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Answers an event in a state; without a state, the event must be [`Event::Started`].
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] where the input or the event does not fit, [`Kind::HostBug`] where the workflow does
    /// what its graph does not declare. Nothing is changed by either.
    pub fn step(&self, at: Option<(&str, Value)>, event: Event) -> Result<Step, Fault> {
        self.step_at(at.as_ref().map(|(from, state)| (*from, state)), event)
    }

    /// Answers an event as [`Machine::step`] does, in a state that stays where it is: a long one need not be copied.
    ///
    /// # Errors
    ///
    /// As [`Machine::step`].
    pub fn step_at(&self, at: Option<(&str, &Value)>, event: Event) -> Result<Step, Fault> {
        let (from, state) = at.unzip();
        let answer = self.workflow.step_json(state, event)?;
        let Step { position, transition } = &answer;
        let fails = matches!(transition.end, Some(End::Failed(_)));
        // A run may fail where it stands, without a declaration.
        if !(fails && from == Some(*position)) {
            self.graph.check(from, position, &transition.effects)?;
        }
        Ok(answer)
    }
}

fn step<W: Workflow>(workflow: &W, state: Option<&Value>, event: Event) -> Result<Step, Fault> {
    let transition = match (state, event) {
        (None, Event::Started { input }) => workflow.start(parse(&input.value(), "input")?)?,
        (Some(state), event) => workflow.step(parse(state, "state")?, event)?,
        (None, _) => return Err(Fault::invalid("event", "a run begins with the event \"started\" and no other")),
    };
    let Transition { state, log, effects, slices, end } = transition;
    let position = workflow.position(&state);
    let state = serde_json::to_value(state).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?;
    Ok(Step { position, transition: Transition { state, log, effects, slices, end } })
}

fn parse<T: DeserializeOwned>(value: &Value, what: &str) -> Result<T, Fault> {
    T::deserialize(value).map_err(|error| Fault::invalid(what, format!("the run's {what} does not fit: {error}")))
}
