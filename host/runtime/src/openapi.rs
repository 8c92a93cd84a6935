//! Documents of OpenAPI 3, of which each operation becomes a function of a tool.
//!
//! A document is a stranger's. It is read with bounds; its references lead to places in it and nowhere else; and what it says of
//! servers reaches nothing that is not granted.

mod accepted;
mod address;
mod document;
#[cfg(feature = "http")]
mod fetch;
mod operation;
mod parameter;
mod service;

pub use self::accepted::{AcceptedDocument, DescribedService};
pub(crate) use self::document::Document;
#[cfg(feature = "http")]
pub(crate) use self::fetch::fetched;
pub(crate) use self::operation::Operation;
pub(crate) use self::service::Service;

/// How many operations a tool may have: each is shown to models.
const OPERATIONS_MAX: usize = 200;

/// How long the names of operations and parameters may be.
const NAME_BYTES_MAX: usize = 64;

/// How much of a description is shown to models.
const DOCS_CHARS_MAX: usize = 1000;
