use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the WIT of a component says in its doc comments. Names are spelt as in WIT.
///
/// A component's own types have no room for comments, so they travel in its [`Manifest`](crate::Manifest). WIT has
/// none for parameters either: what a parameter means stands with its function or its type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Docs {
    /// Of what the component exports itself, outside of any interface.
    #[serde(skip_serializing_if = "InterfaceDocs::is_empty")]
    pub world: InterfaceDocs,
    /// Of each interface that it exports, by its full name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub interfaces: BTreeMap<String, InterfaceDocs>,
}

/// What WIT says of one interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InterfaceDocs {
    /// Of the interface itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// Of its functions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, String>,
    /// Of its types.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, TypeDocs>,
}

/// What WIT says of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TypeDocs {
    /// Of the type itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// Of its fields, cases or flags.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<String, String>,
}

impl Docs {
    /// Returns what is said of an interface; of the component's own exports where none is named.
    pub fn of(&self, interface: Option<&str>) -> Option<&InterfaceDocs> {
        match interface {
            None => Some(&self.world),
            Some(name) => self.interfaces.get(name),
        }
    }

    /// Returns all that is said.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &String> {
        let interfaces = std::iter::once(&self.world).chain(self.interfaces.values());
        interfaces.flat_map(|interface| {
            let types = interface.types.values();
            let types = types.flat_map(|docs| docs.docs.iter().chain(docs.members.values()));
            interface.docs.iter().chain(interface.functions.values()).chain(types)
        })
    }

    /// Returns whether nothing is said at all.
    pub fn is_empty(&self) -> bool {
        self.world.is_empty() && self.interfaces.is_empty()
    }
}

impl InterfaceDocs {
    /// Returns whether nothing is said at all.
    pub fn is_empty(&self) -> bool {
        self.docs.is_none() && self.functions.is_empty() && self.types.is_empty()
    }
}

impl TypeDocs {
    /// Returns whether nothing is said at all.
    pub fn is_empty(&self) -> bool {
        self.docs.is_none() && self.members.is_empty()
    }
}
