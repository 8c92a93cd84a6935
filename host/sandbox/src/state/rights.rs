use std::collections::BTreeSet;
use std::sync::Arc;

use stockade_workflow::{Capability, Grant};

use crate::asks::Asks;
use crate::capability::config::Settings;
use crate::capability::files::Directories;
use crate::capability::http::Network;
use crate::capability::kv::Buckets;
use crate::capability::sql::Databases;
use crate::{Config, Reserved, Result};

/// What one tool may do: what it asks for, and of that what it was granted.
///
/// A grant of what was not asked for is as good as none, so that a component that changes cannot begin to use what an
/// earlier one left lying about.
pub(crate) struct Rights {
    pub(crate) asks: Arc<Asks>,
    pub(crate) sql: Databases,
    pub(crate) files: Directories,
    pub(crate) http: Arc<Network>,
    pub(crate) kv: Buckets,
    pub(crate) config: Settings,
    pub(crate) clock: bool,
    pub(crate) random: bool,
    pub(crate) log: bool,
}

impl Rights {
    /// Opens what is both asked for and granted.
    ///
    /// # Errors
    ///
    /// A grant cannot be honoured or reaches what is reserved, or two are of one name.
    pub(crate) fn new(tool: &str, asks: BTreeSet<Capability>, grants: &[Grant], config: &Config) -> Result<Self> {
        Self::beside(tool, asks, grants, config, &config.reserved)
    }

    /// Opens what the host itself grants, of places that it keeps.
    ///
    /// # Errors
    ///
    /// As [`Rights::new`].
    pub(crate) fn of_host(tool: &str, asks: BTreeSet<Capability>, grants: &[Grant], config: &Config) -> Result<Self> {
        Self::beside(tool, asks, grants, config, &Arc::default())
    }

    fn beside(
        tool: &str,
        asks: BTreeSet<Capability>,
        grants: &[Grant],
        config: &Config,
        reserved: &Arc<Reserved>,
    ) -> Result<Self> {
        let effective: Vec<_> = grants.iter().filter(|grant| asks.contains(&grant.capability())).cloned().collect();
        Ok(Self {
            sql: Databases::new(tool, &effective, &config.secrets, reserved)?,
            files: Directories::new(tool, &effective, reserved)?,
            http: Arc::new(Network::new(tool, &effective, config)?),
            kv: Buckets::new(tool, &effective, reserved)?,
            config: Settings::new(tool, &effective)?,
            clock: effective.contains(&Grant::Clock),
            random: effective.contains(&Grant::Random),
            log: effective.contains(&Grant::Log),
            asks: Arc::new(Asks::new(tool, asks)),
        })
    }
}
