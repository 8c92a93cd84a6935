//! One answer that is thought through step by step.
//!
//! The model writes its steps into the answer, before the answer itself, which costs no further question. They are
//! taken out again: no output, and nothing that is kept, has them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{done, object};
use stockade_workflow::authoring::misfits;
use stockade_workflow::authoring::stray;
use stockade_workflow::{
    AllowedEffect, Answered, Asked, End, Event, Fault, Graph, Message, ModelOutcome, Part, Question, State as Node,
    Transition, Workflow,
};

/// The workflow that asks for an answer with its steps.
#[derive(Clone, Debug)]
pub struct ChainOfThought {
    name: String,
    spec: Spec,
}

/// How it is set up: what `[workflow.NAME]` with `pattern = "chain_of_thought"` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// The model. Without it, the default model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What the model is told before anything else.
    pub system: String,
    /// The JSON Schema that the answer must fit. Without it, the answer is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
}

/// What it is started with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What is asked.
    pub task: String,
    /// Pictures, or more text, that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Part>,
}

/// What it ends with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The answer, without its steps.
    pub answer: Value,
}

/// Whether it is still thinking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The model is asked.
    Think(Box<Asked>),
    /// It has answered.
    Complete,
}

const KEY: &str = "think";
const STEPS: &str =
    "Think step by step: first write your steps into \"reasoning\", and then the answer alone into \"answer\".";

impl ChainOfThought {
    /// Sets it up under a name.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](stockade_workflow::Kind::Invalid) where the schema is not valid.
    pub fn new(name: &str, spec: Spec) -> Result<Self, Fault> {
        misfits(&spec.answer_schema(), &Value::Null)?;
        Ok(Self { name: name.to_owned(), spec })
    }
}

impl Spec {
    fn question(&self, Input { task, images }: Input) -> Question {
        let content = std::iter::once(Part::Text { text: task }).chain(images).collect();
        Question { messages: vec![Message::User { content }], ..Question::default() }
            .model(self.model.clone())
            .system(format!("{}\n\n{STEPS}", self.system).trim_start())
            .schema(self.answer_schema())
    }

    /// The schema of the answer with its steps; what the answer's own schema refers to stays at its root.
    fn answer_schema(&self) -> Value {
        let mut answer = self.schema.clone().unwrap_or_else(|| json!({"type": "string", "minLength": 1}));
        let roots =
            ["$defs", "definitions"].map(|name| (name, answer.as_object_mut().and_then(|all| all.remove(name))));
        let mut schema = object(json!({"reasoning": {"type": "string"}, "answer": answer}));
        if let Some(members) = schema.as_object_mut() {
            members.extend(roots.into_iter().filter_map(|(name, root)| Some((name.to_owned(), root?))));
        }
        schema
    }
}

impl Workflow for ChainOfThought {
    type Input = Input;
    type State = State;

    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        Graph::new([Node::new("THINK", [AllowedEffect::Model], &["THINK", "COMPLETE"]), Node::new("COMPLETE", [], &[])])
    }

    fn position(&self, state: &State) -> &'static str {
        match state {
            State::Think(_) => "THINK",
            State::Complete => "COMPLETE",
        }
    }

    fn start(&self, input: Input) -> Result<Transition<State>, Fault> {
        if input.task.trim().is_empty() {
            return Err(Fault::invalid("input", "\"task\" is empty; it says what is asked"));
        }
        Ok(ask(Asked::new(KEY, self.spec.question(input), Asked::ATTEMPTS)))
    }

    fn step(&self, state: State, event: Event) -> Result<Transition<State>, Fault> {
        match (state, event) {
            (State::Think(asked), event) => {
                let outcome = asked.reply("THINK", event)?;
                Ok(answered(*asked, outcome))
            }
            (state, event) => Err(stray(self.position(&state), &event)),
        }
    }
}

fn ask(asked: Asked) -> Transition<State> {
    let effect = asked.effect();
    Transition::to(State::Think(Box::new(asked))).want(effect)
}

fn answered(asked: Asked, outcome: ModelOutcome) -> Transition<State> {
    let stay = State::Think(Box::new(asked.clone()));
    match asked.answered(outcome) {
        Answered::Again(again) => ask(again),
        Answered::Failed(fault) => Transition::to(stay).end(End::Failed(fault)),
        Answered::Value(mut value) => {
            let answer = value.get_mut("answer").map(Value::take).unwrap_or_default();
            Transition::to(State::Complete).end(done(&Output { answer }))
        }
    }
}
