use serde::{Deserialize, Serialize};

use stockade_workflow::{Fault, Kind};

/// The longest text of a model that becomes part of a run's state: more than any model writes in one answer today.
pub(super) const TEXT_BYTES_MAX: usize = 256 << 10;

/// What a pattern is started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// What is to be done.
    pub task: String,
}

impl Task {
    /// Returns the text, if there is one.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] where it is empty.
    pub(super) fn text(self) -> Result<String, Fault> {
        if self.task.trim().is_empty() {
            return Err(Fault::invalid("input", "\"task\" is empty; it says what is to be done"));
        }
        Ok(self.task)
    }
}

/// Refuses a number of a pattern's configuration that is zero or more than the pattern allows.
pub(super) fn between(workflow: &str, name: &str, value: u32, least: u32, most: u32) -> Result<(), Fault> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let message = format!("workflow \"{workflow}\" has {name} = {value}; it may be {least} to {most}");
    Err(Fault::limit(Kind::Invalid, name, u64::from(most), u64::from(value), message).detail("workflow"))
}

/// Whether a fault says that a share of the budget is used up.
pub(super) fn is_share(fault: &Fault) -> bool {
    fault.detail.as_deref() == Some("slice")
}

/// Puts what the configuration tells a model before what the pattern tells it.
pub(super) fn system(own: &str, pattern: &str) -> String {
    if own.is_empty() { pattern.to_owned() } else { format!("{own}\n\n{pattern}") }
}
