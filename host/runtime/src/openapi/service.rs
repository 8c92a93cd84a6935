use super::Operation;

/// A service that a document describes.
pub(crate) struct Service {
    /// What the paths of its operations stand behind.
    pub(crate) base: String,
    pub(crate) operations: Vec<Operation>,
    /// What stands before a secret in the header `authorization`.
    pub(crate) scheme: String,
}
