//! What all runs of a host share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use stockade_patterns::Children;
use stockade_sandbox::{Engine, Limits};
use stockade_workflow::{Fault, Kind};

use crate::coding::Coding;
use crate::driving::Driving;
use crate::hooks::Hooks;
use crate::notice::Notified;
use crate::oci::Store;
use crate::planned::Planned;
use crate::recollection::Recollection;
use crate::registry::Registry;
use crate::shared_budgets::SharedBudgets;
use crate::{Clock, Result};
use stockade_journal::Journal;
use stockade_models::Models;

/// What all runs of a host share.
pub(crate) struct Services {
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) registry: Registry,
    pub(crate) limits: Limits,
    pub(crate) coding: Coding,
    pub(crate) clock: Clock,
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) models: Models,
    pub(crate) memory: Option<Recollection>,
    pub(crate) machines: Children,
    pub(crate) schedules: BTreeMap<String, Planned>,
    pub(crate) budgets: SharedBudgets,
    pub(crate) notified: BTreeMap<String, Notified>,
    pub(crate) engine: Engine,
    pub(crate) driving: Arc<Driving>,
    pub(crate) store: Store,
    /// Where the journal is.
    pub(crate) folder: PathBuf,
    /// The people who have each role.
    pub(crate) roles: BTreeMap<String, BTreeSet<String>>,
}

impl Services {
    pub(crate) fn recollection(&self) -> Result<&Recollection> {
        let none = || {
            let message = "this host has no long-term memory; `Builder::memory` says where it is kept";
            Fault::new(Kind::NotFound, message).detail("memory")
        };
        self.memory.as_ref().ok_or_else(none)
    }

    pub(crate) fn has_role(&self, person: &str, role: &str) -> bool {
        self.roles.get(role).is_some_and(|people| people.contains(person))
    }

    pub(crate) fn limits(&self, tool: &str) -> &Limits {
        self.registry.limits(tool).unwrap_or(&self.limits)
    }
}
