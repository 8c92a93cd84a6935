use std::path::{Path, PathBuf};

use serde::Deserialize;
use stockade_workflow::json::{self, Bounds};
use stockade_workflow::{Fault, Kind};

use super::Grants;
use crate::openapi::{AcceptedDocument, DescribedService, Document, Service};
use crate::{Result, file};

/// The longest document: that of GitHub, which has nearly a thousand operations, has 12 MB.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// What `[openapi.NAME]` says: a service that becomes the tool NAME, each of its operations a function. `[tool.NAME]` says the
/// rest: limits, approval, labels, retries.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenApi {
    /// The document of OpenAPI 3.0 or 3.1 that describes the service: a file of JSON, or its address, as in `https://…`, which
    /// a person accepts.
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
    /// Returns the address of the document, where it is not a file.
    pub fn address(&self) -> Option<&str> {
        self.document.to_str().filter(|document| document.contains("://"))
    }

    /// Returns the file of the document, where it has no address.
    pub(super) fn file(&self) -> Option<&Path> {
        self.address().is_none().then_some(self.document.as_path())
    }

    /// Returns the service of the tool `name`. That of a document with an address is the one that a person has accepted, or else
    /// has no operation.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where the file cannot be read, [`Kind::Invalid`] where the document is not one that can be used.
    pub(crate) fn service(&self, name: &str, accepted: Option<&AcceptedDocument>) -> Result<Service> {
        if self.address().is_some() {
            let empty = || Service { base: String::new(), operations: Vec::new(), scheme: self.scheme.clone() };
            return Ok(accepted.and_then(|accepted| self.accepted(name, accepted)).unwrap_or_else(empty));
        }
        let unreadable = |error: std::io::Error| {
            let document = self.document.display();
            let message = format!("the document \"{document}\" of [openapi.{name}] cannot be read: {error}");
            Fault::new(Kind::of_file(&error), message).detail("openapi").tool(name)
        };
        self.read(name, &file::read_text(&self.document, FILE_BYTES_MAX).map_err(unreadable)?)
    }

    /// Returns what a person accepts of the document with this text: what is used of it as this is configured.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] where it is not one that can be used.
    pub fn describe(&self, name: &str, text: &str) -> Result<DescribedService> {
        self.read(name, text).map(|service| service.described())
    }

    /// Returns whether what a person has accepted is this document, as it is configured now.
    pub fn is_accepted(&self, name: &str, accepted: &AcceptedDocument) -> bool {
        self.accepted(name, accepted).is_some()
    }

    fn accepted(&self, name: &str, accepted: &AcceptedDocument) -> Option<Service> {
        if self.address() != Some(accepted.address.as_str()) {
            return None;
        }
        self.read(name, &accepted.text).ok().filter(|service| service.described().digest() == accepted.digest)
    }

    /// Gets the document of the tool `name` from its address. It is only fetched here, and used once a person has accepted it.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] where the document is a file, or its address is neither encrypted nor of this machine; kind
    /// [`Kind::Unavailable`] where the server is not reached, or answers with another status than 200, for longer than 30
    /// seconds, or with more than 16 MiB.
    #[cfg(feature = "http")]
    pub async fn fetched(&self, name: &str) -> Result<String> {
        let named = |fault: Fault| fault.reworded(|why| format!("the document of [openapi.{name}]: {why}")).tool(name);
        let is_file = || Fault::invalid("openapi", "it is a file, which is read when the host starts");
        let address = self.address().ok_or_else(is_file).map_err(named)?;
        crate::openapi::fetched(address, FILE_BYTES_MAX).await.map_err(named)
    }

    fn read(&self, name: &str, text: &str) -> Result<Service> {
        let wrong = |why: String| {
            let document = self.document.display();
            Fault::invalid("openapi", format!("the document \"{document}\" of [openapi.{name}] cannot be used: {why}"))
                .tool(name)
        };
        let root = json::parse(text, &Bounds::OUTSIDE).map_err(|fault| wrong(fault.message))?;
        let document = Document::new(&root).map_err(wrong)?;
        let operations = document.operations(self.operations.as_deref()).map_err(wrong)?;
        let base = document.base(self.base_url.as_deref()).map_err(wrong)?;
        Ok(Service { base, operations, scheme: self.scheme.clone() })
    }

    pub(super) fn anchor(&mut self, folder: &Path) {
        if self.address().is_none() {
            self.document = folder.join(&self.document);
        }
        self.grants.anchor(folder);
    }
}

fn bearer() -> String {
    "Bearer".to_owned()
}
