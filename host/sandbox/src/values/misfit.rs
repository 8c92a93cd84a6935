use serde_json::Value;
use stockade_workflow::{Fault, Kind};

use crate::quote::described;
use crate::shape::{Field, joined, short};

/// Why a JSON value does not fit a shape, and where.
pub(super) struct Misfit {
    /// The steps from the offending value back up to the arguments.
    steps: Vec<String>,
    problem: Problem,
}

pub(super) enum Problem {
    Wrong { expected: String, got: String },
    Missing,
    Unknown,
    TooLarge,
}

pub(super) type Fit<T> = Result<T, Misfit>;

impl Misfit {
    pub(super) fn new(problem: Problem) -> Self {
        Self { steps: Vec::new(), problem }
    }

    pub(super) fn wrong(expected: impl Into<String>, got: &Value) -> Self {
        Self::new(Problem::Wrong { expected: expected.into(), got: described(got) })
    }

    pub(super) fn under(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    pub(super) fn fault(self, params: &[Field], bytes_max: u64) -> Fault {
        let path: String = self.steps.iter().rev().map(String::as_str).collect();
        let name = self.steps.last().map_or("", |step| step.trim_start_matches('.'));
        let subject = if name.is_empty() { "arguments".into() } else { format!("argument \"{name}\" (at ${path})") };
        let takes = short(&joined(params));
        let message = match self.problem {
            Problem::Wrong { expected, got } => format!("{subject}: expected {expected}, got {got}"),
            Problem::Missing => format!("{subject}: is missing; the function takes ({takes})"),
            Problem::Unknown => format!("{subject}: is not known; the function takes ({takes})"),
            Problem::TooLarge => {
                let message =
                    format!("the arguments are more than the {bytes_max} bytes that \"argument_bytes\" allows");
                let fault =
                    Fault::limit(Kind::Invalid, "argument_bytes", bytes_max, bytes_max.saturating_add(1), message);
                return fault.detail("schema");
            }
        };
        Fault::invalid("schema", message)
    }
}
