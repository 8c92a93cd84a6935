//! What every journal refuses, in the same words.

use stockade_workflow::{Fault, Kind, RunId};

use crate::index;

fn conflict(detail: &str, message: impl Into<String>) -> Fault {
    Fault::new(Kind::Conflict, message).detail(detail)
}

pub(crate) fn busy(run: RunId) -> Fault {
    conflict("busy", format!("run {run} is driven by a process that lives; wait until it is not, or end that process"))
}

pub(crate) fn fenced(run: RunId) -> Fault {
    conflict("fenced", format!("another process took over run {run} meanwhile"))
}

pub(crate) fn taken(run: RunId) -> Fault {
    conflict("taken", format!("another process went on with run {run} meanwhile"))
}

/// The index has a row of this key.
pub(crate) fn there(space: &str, key: &str) -> Fault {
    conflict(space, format!("the journal's index has a row \"{key}\" of \"{space}\" already"))
}

/// The row of this key is not as it was seen.
pub(crate) fn changed(space: &str, key: &str) -> Fault {
    conflict(space, format!("row \"{key}\" of \"{space}\" in the journal's index was changed meanwhile"))
}

/// A row needs the run: its space and the first part of its key name what would be lost.
pub(crate) fn needed(run: RunId, space: &str, key: &str) -> Fault {
    let name = index::parts(key).into_iter().next().unwrap_or_default();
    conflict("needed", format!("run {run} is kept, for {space} \"{name}\" needs it"))
}
