use std::collections::BTreeSet;

/// What clients are offered of what a host has. What a client may use of it follows from its rights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The tools; all of them where this is absent.
    pub tools: Option<BTreeSet<String>>,
    /// The workflows; all of them where this is absent.
    pub workflows: Option<BTreeSet<String>>,
    /// The languages of code; all of them where this is absent.
    pub languages: Option<BTreeSet<String>>,
}

/// Returns whether a name is among those that are offered.
pub(crate) fn has(offered: &Option<BTreeSet<String>>, name: &str) -> bool {
    offered.as_ref().is_none_or(|offered| offered.contains(name))
}
