//! The tools whose components the crate carries, for what agents do everywhere.
//!
//! A host has one of them only where its configuration names it: `[tool.web]`, or under another name
//! `component = "built-in:web"`. It has no grant that is not written there.

macro_rules! component {
    ($name:literal) => {
        include_bytes!(concat!(env!("STOCKADE_GUESTS"), "/", $name, ".wasm")).as_slice()
    };
}

/// What a source begins with that names one of them.
pub(crate) const SCHEME: &str = "built-in:";

const ALL: [(&str, &[u8]); 4] = [
    ("data", component!("data")),
    ("files", component!("folder")),
    ("time", component!("time")),
    ("web", component!("web")),
];

/// The component that sends the requests of tools that are made of a document.
pub(crate) const REQUEST: &[u8] = component!("request");

/// Returns the component of a built-in tool.
pub(crate) fn component(name: &str) -> Option<&'static [u8]> {
    ALL.iter().find(|(own, _)| *own == name).map(|(_, component)| *component)
}

/// Returns the names of the built-in tools, in order, as a message lists them.
pub(crate) fn names() -> String {
    ALL.map(|(name, _)| name).join(", ")
}
