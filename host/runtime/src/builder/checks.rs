//! What must be there, and what must not, before a host is put together.

use std::collections::{BTreeMap, BTreeSet};

use stockade_models::Models;
use stockade_patterns::{Children, Pattern};
use stockade_workflow::{Fault, Kind, Machine};

use crate::Result;
use crate::config::Concurrency;
use crate::registry::Registry;

/// Checks that settings are those of a workflow that the host's program brought.
pub(super) fn check_settings(settings: &BTreeSet<String>, machines: &[Machine]) -> Result<()> {
    let is_brought = |name: &&String| machines.iter().any(|machine| machine.name() == name.as_str());
    let Some(name) = settings.iter().find(|name| !is_brought(name)) else { return Ok(()) };
    let message = format!(
        "[workflow.{name}] has settings, and this program brings no workflow of that name; a workflow of the \
         configuration's own needs a `pattern`"
    );
    Err(Fault::invalid("config", message))
}

/// Checks that there is each workflow of which no more than so many runs are driven.
pub(super) fn check_concurrency(concurrency: &Concurrency, machines: &Children) -> Result<()> {
    let Some(name) = concurrency.workflow.keys().find(|name| !machines.contains_key(*name)) else { return Ok(()) };
    let known: Vec<_> = machines.keys().map(String::as_str).collect();
    let message = format!(
        "[concurrency.workflow] names \"{name}\", and there is no such workflow; registered are: {}",
        known.join(", ")
    );
    Err(Fault::new(Kind::NotFound, message).detail("workflow"))
}

/// Checks that no workflow has the name of one that every host has.
pub(super) fn check_free(own: &str, machines: &[Machine]) -> Result<()> {
    if machines.iter().any(|machine| machine.name() == own) {
        let message = format!("workflow \"{own}\" is there already, in every host; choose another name");
        return Err(Fault::invalid("workflow", message));
    }
    Ok(())
}

pub(super) fn check_models(patterns: &BTreeMap<String, Pattern>, models: &Models) -> Result<()> {
    for (name, pattern) in patterns {
        let missing = pattern.models().into_iter().find_map(|model| models.get(Some(model)).err());
        if let Some(fault) = missing {
            return Err(fault.reworded(|why| format!("workflow \"{name}\": {why}")));
        }
    }
    Ok(())
}

pub(super) fn check_tools(machine: &Machine, tools: &Registry) -> Result<()> {
    for want in machine.graph().wants() {
        if let Some(tool) = want.tools().iter().find(|tool| tools.get(tool).is_err()) {
            let message = format!("workflow \"{}\" wants tool \"{tool}\", which is not registered", machine.name());
            return Err(Fault::new(Kind::NotFound, message).detail("tool").tool(tool));
        }
    }
    Ok(())
}
