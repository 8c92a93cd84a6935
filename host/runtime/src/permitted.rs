//! Which workflows a principal may start.

use std::collections::BTreeSet;

use stockade_workflow::{AllowedEffect, Fault, Graph, Kind};

use crate::{Host, Principal, Result};

impl Host {
    /// Checks that a principal which may call some tools alone does not start a workflow whose input names the tools that it
    /// calls, itself or in the runs that it starts.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Denied`] with detail `tool`; kind [`Kind::NotFound`] where there is no such workflow.
    pub fn check_workflow(&self, principal: &Principal, workflow: &str) -> Result<()> {
        if principal.tools.is_none() || !takes_tools(self, self.workflow(workflow)?.graph(), &mut BTreeSet::new()) {
            return Ok(());
        }
        let message = format!(
            "the token of \"{}\" has a list of tools, and workflow \"{workflow}\" calls those that its input names",
            principal.name
        );
        Err(Fault::new(Kind::Denied, message).detail("tool"))
    }
}

fn takes_tools(host: &Host, graph: &Graph, seen: &mut BTreeSet<String>) -> bool {
    graph.states.iter().any(|state| {
        state.wants.iter().any(|want| wants_tools(host, want, seen))
            || state.inner.iter().any(|(_, graph)| takes_tools(host, graph, seen))
    })
}

/// Returns whether an effect may be a call of a tool that an input names. A workflow that was seen is not looked at again.
fn wants_tools(host: &Host, want: &AllowedEffect, seen: &mut BTreeSet<String>) -> bool {
    match want {
        AllowedEffect::AnyTool | AllowedEffect::CodeWithAnyTool => true,
        AllowedEffect::Runs(name) => {
            let started = host.workflow(name).ok().filter(|_| seen.insert(name.clone()));
            started.is_some_and(|workflow| takes_tools(host, workflow.graph(), seen))
        }
        AllowedEffect::Tool(_)
        | AllowedEffect::ApprovalOf(_)
        | AllowedEffect::Code(_)
        | AllowedEffect::Model
        | AllowedEffect::Recall
        | AllowedEffect::ReadResult
        | AllowedEffect::Remember
        | AllowedEffect::Sleep
        | AllowedEffect::Signal(_) => false,
    }
}
