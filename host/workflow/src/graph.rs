use serde::Serialize;

use crate::{Effect, Fault, Kind};

/// The states of a workflow, declared: where each may go and what it may want done.
///
/// The executor refuses a transition that is not in it, so what the graph shows is all that can happen.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Graph {
    /// The state in which a run begins.
    pub initial: &'static str,
    /// All states.
    pub states: &'static [State],
}

/// One state of a [`Graph`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct State {
    /// Its name, unique in the graph.
    pub name: &'static str,
    /// What may be wanted on entering it.
    pub wants: &'static [Want],
    /// The states that may follow it.
    pub next: &'static [&'static str],
}

/// An effect that a state may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// A call of this tool.
    Tool(&'static str),
    /// A person's approval of a call of this tool.
    ApprovalOf(&'static str),
    /// Code that may call these tools, or fewer.
    Code(&'static [&'static str]),
    /// Code that may call the tools that the run's input names: whoever starts the run answers for them.
    CodeWithAnyTool,
}

impl Graph {
    /// Checks that one state may follow another and want these effects.
    ///
    /// # Errors
    ///
    /// A fault of kind [`Kind::HostBug`]: the workflow's code does what its declaration does not say.
    pub fn check(&self, from: Option<&str>, to: &str, effects: &[Effect]) -> Result<(), Fault> {
        let state = self.state(to)?;
        match from {
            None if to != self.initial => return Err(undeclared("START", to)),
            Some(from) if !self.state(from)?.next.contains(&to) => return Err(undeclared(from, to)),
            _ => {}
        }
        let stray = effects.iter().find(|effect| !state.wants.iter().any(|want| want.allows(effect)));
        stray.map_or(Ok(()), |effect| Err(bug(format!("state \"{to}\" may not want effect \"{}\"", effect.key()))))
    }

    fn state(&self, name: &str) -> Result<&State, Fault> {
        let found = self.states.iter().find(|state| state.name == name);
        found.ok_or_else(|| bug(format!("the graph has no state \"{name}\"")))
    }
}

impl Want {
    /// Returns the tools that it names.
    pub fn tools(&self) -> &[&'static str] {
        match self {
            Self::Tool(tool) | Self::ApprovalOf(tool) => std::slice::from_ref(tool),
            Self::Code(tools) => tools,
            Self::CodeWithAnyTool => &[],
        }
    }

    fn allows(self, effect: &Effect) -> bool {
        match (self, effect) {
            (Self::Tool(tool), Effect::CallTool { call, .. }) => call.tool == tool,
            (Self::ApprovalOf(tool), Effect::RequestApproval { call, .. }) => call.tool == tool,
            (Self::Code(tools), Effect::RunCode { code, .. }) => {
                code.tools.iter().all(|tool| tools.contains(&tool.as_str()))
            }
            (Self::CodeWithAnyTool, Effect::RunCode { .. }) => true,
            _ => false,
        }
    }
}

fn undeclared(from: &str, to: &str) -> Fault {
    bug(format!("the graph has no transition from \"{from}\" to \"{to}\""))
}

fn bug(message: String) -> Fault {
    Fault::new(Kind::HostBug, message).detail("graph")
}
