use std::collections::BTreeSet;

use stockade_workflow::{Capability, Grant};

use crate::config::Settings;
use crate::files::Directories;
use crate::http::Network;
use crate::kv::Buckets;
use crate::quote::beginning;
use crate::sql::Databases;
use crate::wasi::Real;
use crate::{Config, Result};

/// What one tool may do: what it asks for, and of that what it was granted.
///
/// A grant of what was not asked for is as good as none, so that a component that changes cannot begin to use what an
/// earlier one left lying about.
pub(crate) struct Rights {
    tool: String,
    asks: BTreeSet<Capability>,
    pub(crate) databases: Databases,
    pub(crate) directories: Directories,
    pub(crate) real: Real,
    pub(crate) network: Network,
    pub(crate) buckets: Buckets,
    pub(crate) settings: Settings,
    pub(crate) log: bool,
}

impl Rights {
    /// Opens what is both asked for and granted.
    ///
    /// # Errors
    ///
    /// A grant cannot be honoured, or two are of one name.
    pub(crate) fn new(tool: &str, asks: BTreeSet<Capability>, grants: &[Grant], config: &Config) -> Result<Self> {
        let effective: Vec<_> = grants.iter().filter(|grant| asks.contains(&grant.capability())).cloned().collect();
        Ok(Self {
            databases: Databases::new(tool, &effective, &config.secrets)?,
            directories: Directories::new(tool, &effective)?,
            network: Network::new(tool, &effective, config)?,
            buckets: Buckets::new(tool, &effective)?,
            settings: Settings::new(tool, &effective)?,
            real: Real::new(&effective),
            log: effective.contains(&Grant::Log),
            tool: tool.to_owned(),
            asks,
        })
    }

    /// Returns the name of the tool, for messages.
    pub(crate) fn tool(&self) -> &str {
        &self.tool
    }

    /// Says that something is denied that no grant could allow, and why.
    pub(crate) fn refusal(&self, what: &str, why: &str) -> String {
        format!("tool \"{}\" asked for {what}, which no grant allows: {why}", self.tool)
    }

    /// Says that something is denied and what would allow it: for the guest, and for the operator.
    ///
    /// `what` is the thing asked for, as in `sql "shop"`; `line` is the line of `stockade.toml` that would grant it.
    pub(crate) fn denial(&self, capability: Capability, what: &str, line: &str) -> String {
        let Self { tool, asks, .. } = self;
        if asks.contains(&capability) {
            format!(
                "tool \"{tool}\" asked for {what}, which is not granted; in stockade.toml, under [tool.{tool}.grants], \
                 {line} would allow it"
            )
        } else {
            format!(
                "tool \"{tool}\" asked for {what}, but its manifest does not ask for {capability}; \
                 {capability} = \"WHY\" under [asks] there, and a grant, would allow it"
            )
        }
    }
}

/// How much of a name that a guest made up is repeated to it and to the operator.
const NAME_CHARS_MAX: usize = 64;

/// How much of a denial is kept for the operator.
const DENIAL_CHARS_MAX: usize = 1000;

/// Returns as much of a denial as is kept.
pub(crate) fn shown(denial: &str) -> String {
    denial.chars().take(DENIAL_CHARS_MAX).collect()
}

/// Writes a guest's name in quotes, without what a terminal obeys, and not at any length.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", beginning(name, NAME_CHARS_MAX))
}
