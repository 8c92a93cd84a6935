use std::path::{Path, PathBuf};

use serde::Deserialize;
use stockade_workflow::json::{self, Bounds};
use stockade_workflow::{Fault, Kind};

use super::Grants;
use crate::openapi::{Document, Service};
use crate::{Result, file};

/// The longest document: that of GitHub, which has nearly a thousand operations, has 12 MB.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// What `[openapi.NAME]` says: a service that becomes the tool NAME, each of its operations a function. `[tool.NAME]` says the
/// rest: limits, approval, labels, retries.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenApi {
    /// The document of OpenAPI 3.0 or 3.1 that describes the service: a file of JSON.
    pub document: PathBuf,
    /// The address of the service. Without it, the first of the document's servers.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The operations that become functions. Without it, all of them.
    #[serde(default)]
    pub operations: Option<Vec<String>>,
    /// What stands before a secret that is granted for the header `authorization`. `""` is nothing.
    #[serde(default = "bearer")]
    pub scheme: String,
    /// What the tool is granted: `http` for its requests, and `secrets`, each of which every request carries in its header.
    #[serde(default)]
    pub grants: Grants,
}

impl OpenApi {
    /// Reads the document.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where it cannot be read, [`Kind::Invalid`] where it is not one that can be used.
    pub(crate) fn service(&self, name: &str) -> Result<Service> {
        let document = self.document.display();
        let unreadable = |error: std::io::Error| {
            let message = format!("the document \"{document}\" of [openapi.{name}] cannot be read: {error}");
            Fault::new(Kind::of_file(&error), message).detail("openapi").tool(name)
        };
        let wrong = |why: String| {
            Fault::invalid("openapi", format!("the document \"{document}\" of [openapi.{name}] cannot be used: {why}"))
                .tool(name)
        };
        let text = file::read_text(&self.document, FILE_BYTES_MAX).map_err(unreadable)?;
        let root = json::parse(&text, &Bounds::OUTSIDE).map_err(|fault| wrong(fault.message))?;
        let document = Document::new(&root).map_err(wrong)?;
        let operations = document.operations(self.operations.as_deref()).map_err(wrong)?;
        let base = document.base(self.base_url.as_deref()).map_err(wrong)?;
        Ok(Service { base, operations, scheme: self.scheme.clone() })
    }

    pub(super) fn anchor(&mut self, folder: &Path) {
        self.document = folder.join(&self.document);
        self.grants.anchor(folder);
    }
}

fn bearer() -> String {
    "Bearer".to_owned()
}
