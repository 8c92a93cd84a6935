use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::{Effect, EffectKind, Fault, Kind, Undo};

/// The states of a workflow, declared: where each may go and what it may want done.
///
/// The executor refuses a transition that is not in it, so what the graph shows is all that can happen. Written out, it
/// is a Mermaid diagram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// The state in which a run begins.
    pub initial: String,
    /// All states.
    pub states: Vec<State>,
}

/// One state of a [`Graph`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    /// Its name, unique in the graph.
    pub name: String,
    /// What may be wanted on entering it.
    pub wants: Vec<AllowedEffect>,
    /// The states that may follow it.
    pub next: Vec<String>,
    /// The workflows that run inside it, with their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inner: Vec<(String, Graph)>,
}

/// An effect that a state may want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowedEffect {
    /// A call of this tool.
    Tool(String),
    /// A person's approval of a call of this tool.
    ApprovalOf(String),
    /// A call of a tool that the run's input or the workflow's configuration names, and a person's approval of it:
    /// their author for them.
    AnyTool,
    /// Code that may call these tools, or fewer.
    Code(Vec<String>),
    /// Code that may call the tools that the run's input names: the person who starts the run is responsible for them.
    CodeWithAnyTool,
    /// An answer of a model.
    Model,
    /// What is in the long-term memory.
    Recall,
    /// A part of a result that the run has already.
    ReadResult,
    /// Something kept in the long-term memory.
    Remember,
    /// A wait until a time.
    Sleep,
    /// A wait for a signal of this name.
    Signal(String),
    /// Runs of this workflow, which are started.
    Runs(String),
}

impl Graph {
    /// Declares states, in the first of which a run begins.
    pub fn new(states: impl IntoIterator<Item = State>) -> Self {
        let states: Vec<_> = states.into_iter().collect();
        Self { initial: states.first().map(|state| state.name.clone()).unwrap_or_default(), states }
    }

    /// Checks that one state may follow another and want these effects.
    ///
    /// # Errors
    ///
    /// A fault of kind [`Kind::HostBug`]: the workflow's code does what its declaration does not say.
    pub fn check(&self, from: Option<&str>, to: &str, effects: &[Effect]) -> Result<(), Fault> {
        let state = self.state(to)?;
        match from {
            None if to != self.initial => return Err(undeclared("START", to)),
            Some(from) if !self.state(from)?.next.iter().any(|next| next == to) => return Err(undeclared(from, to)),
            _ => {}
        }
        let calls = |undo: &Undo| state.wants().any(|want| want.allows_call(&undo.call.tool));
        let undoes = |effect: &Effect| effect.undo.as_deref().is_none_or(calls);
        let allows = |effect: &Effect| state.wants().any(|want| want.allows(effect)) && undoes(effect);
        let stray = effects.iter().find(|effect| !allows(effect));
        stray.map_or(Ok(()), |effect| Err(bug(format!("state \"{to}\" may not want effect \"{}\"", effect.key()))))
    }

    /// Returns all that its states may want, those of the workflows inside included.
    pub fn wants(&self) -> impl Iterator<Item = &AllowedEffect> {
        self.states.iter().flat_map(State::wants)
    }

    fn state(&self, name: &str) -> Result<&State, Fault> {
        let found = self.states.iter().find(|state| state.name == name);
        found.ok_or_else(|| bug(format!("the graph has no state \"{name}\"")))
    }

    fn draw(&self, prefix: &str, indent: usize, out: &mut String) -> fmt::Result {
        let pad = "    ".repeat(indent);
        writeln!(out, "{pad}[*] --> {prefix}{}", self.initial)?;
        for State { name, next, inner, .. } in &self.states {
            for (label, graph) in inner {
                let id = format!("{prefix}{name}_{}", word(label));
                writeln!(out, "{pad}state \"{label}\" as {id} {{")?;
                graph.draw(&format!("{id}_"), indent + 1, out)?;
                writeln!(out, "{pad}}}\n{pad}{prefix}{name} --> {id}")?;
            }
            for next in next {
                writeln!(out, "{pad}{prefix}{name} --> {prefix}{next}")?;
            }
            if next.is_empty() {
                writeln!(out, "{pad}{prefix}{name} --> [*]")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::from("stateDiagram-v2\n");
        self.draw("", 1, &mut out)?;
        f.write_str(&out)
    }
}

/// A label as a word of Mermaid.
fn word(label: &str) -> String {
    label.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

impl State {
    /// Declares a state.
    pub fn new(name: &str, wants: impl IntoIterator<Item = AllowedEffect>, next: &[&str]) -> Self {
        let next = next.iter().map(|next| (*next).to_owned()).collect();
        Self { name: name.to_owned(), wants: wants.into_iter().collect(), next, inner: Vec::new() }
    }

    /// Declares a workflow that runs inside it.
    #[must_use]
    pub fn inside(mut self, name: &str, graph: &Graph) -> Self {
        self.inner.push((name.to_owned(), graph.clone()));
        self
    }

    fn wants(&self) -> Box<dyn Iterator<Item = &AllowedEffect> + '_> {
        Box::new(self.wants.iter().chain(self.inner.iter().flat_map(|(_, graph)| graph.wants())))
    }
}

impl AllowedEffect {
    /// A call of this tool.
    pub fn tool(name: &str) -> Self {
        Self::Tool(name.to_owned())
    }

    /// Returns the tools that it names.
    pub fn tools(&self) -> &[String] {
        match self {
            Self::Tool(tool) | Self::ApprovalOf(tool) => std::slice::from_ref(tool),
            Self::Code(tools) => tools,
            Self::AnyTool
            | Self::CodeWithAnyTool
            | Self::Model
            | Self::Recall
            | Self::ReadResult
            | Self::Remember
            | Self::Sleep
            | Self::Signal(_)
            | Self::Runs(_) => &[],
        }
    }

    fn allows_call(&self, tool: &str) -> bool {
        match self {
            Self::Tool(name) => name == tool,
            other => *other == Self::AnyTool,
        }
    }

    fn allows(&self, effect: &Effect) -> bool {
        match &effect.kind {
            EffectKind::CallTool { call, .. } => self.allows_call(&call.tool),
            EffectKind::RequestApproval { call, .. } => match self {
                Self::ApprovalOf(tool) => *tool == call.tool,
                other => *other == Self::AnyTool,
            },
            EffectKind::RunCode(code) => match self {
                Self::Code(tools) => code.tools.iter().all(|tool| tools.contains(tool)),
                other => *other == Self::CodeWithAnyTool,
            },
            EffectKind::AskModel(_) => *self == Self::Model,
            EffectKind::Recall(_) => *self == Self::Recall,
            EffectKind::ReadResult(_) => *self == Self::ReadResult,
            EffectKind::Remember(_) => *self == Self::Remember,
            EffectKind::Sleep(_) => *self == Self::Sleep,
            EffectKind::AwaitSignal(awaited) => matches!(self, Self::Signal(name) if *name == awaited.name),
            EffectKind::StartRuns(runs) => matches!(self, Self::Runs(name) if *name == runs.workflow),
        }
    }
}

fn undeclared(from: &str, to: &str) -> Fault {
    bug(format!("the graph has no transition from \"{from}\" to \"{to}\""))
}

fn bug(message: String) -> Fault {
    Fault::new(Kind::HostBug, message).detail("graph")
}
