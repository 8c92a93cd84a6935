//! The patterns of agents, each a small workflow that configuration can set up.
//!
//! `[workflow.NAME]` of a host's configuration holds a [`Pattern`]; [`machines`] makes workflows of them, which may run
//! inside each other and inside those that the host knows otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stockade_workflow::{End, Fault, Kind, Machine};

pub mod chain_of_thought;
pub mod evaluator;
pub mod orchestrator;
pub mod react;
pub mod router;
mod score;
mod share;
mod task;
pub mod tree_of_thoughts;

pub use chain_of_thought::ChainOfThought;
pub use evaluator::Evaluator;
pub use orchestrator::Orchestrator;
pub use react::{Agent, React};
pub use router::Router;
pub use share::Share;
pub use task::Task;
pub use tree_of_thoughts::TreeOfThoughts;

/// Workflows by the names under which others run them inside themselves.
pub type Children = BTreeMap<String, Arc<Machine>>;

/// A workflow as configuration sets it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "pattern", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a configuration has few, and most of them are agents")]
pub enum Pattern {
    /// One of several workflows, chosen by rules and a model.
    Router(router::Spec),
    /// A plan, workers that do it side by side, and one answer.
    Orchestrator(orchestrator::Spec),
    /// A draft that is made better until it passes.
    Evaluator(evaluator::Spec),
    /// An agent that thinks and acts in turn.
    React(react::Spec),
    /// Several ways that are weighed, of which the best are followed.
    TreeOfThoughts(tree_of_thoughts::Spec),
    /// An answer that is thought through step by step.
    ChainOfThought(chain_of_thought::Spec),
}

/// How deep workflows may be inside each other, the outermost counted: each level has keys, a state and a graph that
/// hold those of the next.
pub const DEPTH_MAX: usize = 4;

impl Pattern {
    /// Returns the names of the workflows that it runs inside itself.
    pub fn children(&self) -> Vec<&str> {
        match self {
            Self::Router(spec) => spec.children(),
            Self::Orchestrator(spec) => spec.children(),
            Self::Evaluator(_) | Self::React(_) | Self::TreeOfThoughts(_) | Self::ChainOfThought(_) => Vec::new(),
        }
    }

    /// Returns the names of the models that it asks, but for the default.
    pub fn models(&self) -> Vec<&str> {
        let named = match self {
            Self::Router(spec) => vec![&spec.model],
            Self::Orchestrator(spec) => vec![&spec.model, &spec.worker_model],
            Self::Evaluator(spec) => match &spec.criteria {
                evaluator::Criteria::Judge(judge) => vec![&spec.model, &judge.model],
                _ => vec![&spec.model],
            },
            Self::React(spec) => vec![&spec.model],
            Self::TreeOfThoughts(spec) => vec![&spec.model, &spec.evaluator],
            Self::ChainOfThought(spec) => vec![&spec.model],
        };
        named.into_iter().flatten().map(String::as_str).collect()
    }

    /// Makes the workflow, with those that it runs inside itself.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] where it contradicts itself, kind [`Kind::NotFound`] where a workflow is missing.
    pub fn machine(&self, name: &str, children: &Children) -> Result<Machine, Fault> {
        let machine = match self {
            Self::Router(spec) => Router::new(name, spec.clone(), children).map(Machine::new),
            Self::Orchestrator(spec) => Orchestrator::new(name, spec.clone(), children).map(Machine::new),
            Self::Evaluator(spec) => Evaluator::new(name, spec.clone()).map(Machine::new),
            Self::TreeOfThoughts(spec) => TreeOfThoughts::new(name, spec.clone()).map(Machine::new),
            Self::React(spec) => React::new(name, spec.clone()).map(Machine::new),
            Self::ChainOfThought(spec) => ChainOfThought::new(name, spec.clone()).map(Machine::new),
        };
        machine
            .map(|machine| machine.set_up(self))
            .map_err(|fault| fault.reworded(|why| format!("workflow \"{name}\": {why}")))
    }
}

/// Makes the workflows that configuration sets up, each after those that it runs inside itself; `known` are the others
/// that it may name.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] where a workflow is missing, kind [`Kind::Agent`] with the limit `depth` where they are too
/// deep inside each other, and kind [`Kind::Invalid`] where one is inside itself, has the name of a known one, or
/// contradicts itself.
pub fn machines(specs: &BTreeMap<String, Pattern>, known: &Children) -> Result<Children, Fault> {
    if let Some(name) = specs.keys().find(|name| known.contains_key(*name)) {
        return Err(Fault::invalid("workflow", format!("workflow \"{name}\" is there already; choose another name")));
    }
    let mut pending: BTreeMap<_, _> = specs.iter().map(|(name, pattern)| (name.as_str(), pattern)).collect();
    let mut all = known.clone();
    for _ in 0..DEPTH_MAX {
        let is_ready = |pattern: &Pattern| pattern.children().iter().all(|child| !pending.contains_key(child));
        let ready: Vec<_> = pending.iter().filter(|(_, pattern)| is_ready(pattern)).map(|(name, _)| *name).collect();
        for name in ready {
            if let Some(pattern) = pending.remove(name) {
                all.insert(name.to_owned(), Arc::new(pattern.machine(name, &all)?));
            }
        }
    }
    if let Some(name) = pending.keys().next() {
        return Err(inside_itself_or_too_deep(name, &pending));
    }
    all.retain(|name, _| specs.contains_key(name));
    Ok(all)
}

/// Follows workflows that could not be made, each of which waits for another or has just become too deep.
fn inside_itself_or_too_deep(first: &str, pending: &BTreeMap<&str, &Pattern>) -> Fault {
    let (mut path, mut seen) = (vec![first], BTreeSet::from([first]));
    while let Some(child) = path.last().and_then(|name| waits_for(name, pending)) {
        let is_circle = !seen.insert(child);
        path.push(child);
        if is_circle {
            let circle: Vec<_> = path.iter().skip_while(|name| **name != child).copied().collect();
            let message = format!("a workflow cannot run inside itself: {}", circle.join(" > "));
            return Fault::invalid("workflow", message).detail("cycle");
        }
    }
    let name = path.last().copied().unwrap_or(first);
    let message = format!(
        "workflow \"{name}\" has others inside each other that are more than {DEPTH_MAX} deep with it; take a level out"
    );
    let (allowed, used) = (DEPTH_MAX as u64, (DEPTH_MAX as u64).saturating_add(1));
    Fault::limit(Kind::Agent, "depth", allowed, used, message)
}

fn waits_for<'a>(name: &str, pending: &BTreeMap<&'a str, &'a Pattern>) -> Option<&'a str> {
    pending.get(name)?.children().into_iter().find(|child| pending.contains_key(child))
}

/// Picks the workflows of these names.
fn picked<'a>(names: impl IntoIterator<Item = &'a str>, children: &Children) -> Result<Children, Fault> {
    let pick = |name: &str| match children.get(name) {
        Some(machine) => Ok((name.to_owned(), machine.clone())),
        None => Err(missing(name, children)),
    };
    names.into_iter().map(pick).collect()
}

fn missing(name: &str, children: &Children) -> Fault {
    let names: Vec<_> = children.keys().map(String::as_str).collect();
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Fault::new(Kind::NotFound, format!("there is no workflow \"{name}\"; there is {there}")).detail("workflow")
}

/// Ends a run with its output.
fn done(output: &impl Serialize) -> End {
    match serde_json::to_value(output) {
        Ok(output) => End::Done(output.into()),
        Err(error) => End::Failed(Fault::new(Kind::HostBug, error.to_string())),
    }
}

/// The schema of an object that has exactly these members.
fn object(members: Value) -> Value {
    let required: Vec<_> = members.as_object().into_iter().flat_map(|members| members.keys().cloned()).collect();
    serde_json::json!({
        "type": "object", "properties": members, "required": required, "additionalProperties": false,
    })
}
