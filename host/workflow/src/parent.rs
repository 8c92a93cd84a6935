use serde::{Deserialize, Serialize};

use crate::{Label, RunId};

/// The most generations of runs below one that no run has started: a workflow that starts itself ends there.
pub const GENERATIONS_MAX: u32 = 8;

/// The run that has started another one, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The run.
    pub run: RunId,
    /// The key of its effect.
    pub key: String,
    /// Which of the runs of the effect this is, from 0.
    pub number: usize,
    /// How many runs are above this one: 1 below a run that no run has started.
    pub generation: u32,
    /// What the input carries.
    #[serde(default, skip_serializing_if = "Carried::is_empty")]
    pub carried: Carried,
}

/// What data carries from one run into another: the rules about data hold over both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The labels of all that the run has taken in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// Whether a model, or code that one may have written, has a say in the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_orders: bool,
}

impl Carried {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
