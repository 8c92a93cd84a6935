use super::{DescribedService, Operation};

/// A service that a document describes.
pub(crate) struct Service {
    /// What the paths of its operations stand behind.
    pub(crate) base: String,
    pub(crate) operations: Vec<Operation>,
    /// What stands before a secret in the header `authorization`.
    pub(crate) scheme: String,
}

impl Service {
    /// Returns what a person accepts of it.
    pub(crate) fn described(&self) -> DescribedService {
        let shown = |operation: &Operation| (operation.name().to_owned(), operation.shown());
        let operations = self.operations.iter().map(shown).collect();
        DescribedService { base_url: self.base.clone(), operations }
    }
}
