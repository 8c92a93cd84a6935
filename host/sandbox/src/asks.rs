use std::collections::BTreeSet;

use stockade_workflow::Capability;

/// What one tool asks for, and how it is told what it may not have.
pub(crate) struct Asks {
    tool: String,
    capabilities: BTreeSet<Capability>,
}

impl Asks {
    pub(crate) fn new(tool: &str, capabilities: BTreeSet<Capability>) -> Self {
        Self { tool: tool.to_owned(), capabilities }
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
        let Self { tool, capabilities } = self;
        if capabilities.contains(&capability) {
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
