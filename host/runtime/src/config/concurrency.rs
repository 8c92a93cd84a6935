use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::Deserialize;

/// What `[concurrency]` says: how many runs one host, or one worker, drives at the same time. Further ones wait for their turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Concurrency {
    /// The most runs of all.
    pub runs: Option<NonZeroU32>,
    /// The most runs of each tenant, which is the value of a run's label `tenant`. Runs without it are those of one tenant.
    pub tenant: Option<NonZeroU32>,
    /// The most runs of each of these workflows.
    pub workflow: BTreeMap<String, NonZeroU32>,
}
