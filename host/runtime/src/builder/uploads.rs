//! Components that come while a host runs.

use std::path::PathBuf;

use super::Builder;
use crate::{Result, uploads};

impl Builder {
    /// Keeps components in this folder that come while the host runs ([`Host::upload`](crate::Host::upload)), and registers
    /// those that are there as tools that are granted nothing. Where another tool has the name of one, that tool stays.
    /// Without a folder, the host takes none.
    #[must_use]
    pub fn uploads(mut self, folder: impl Into<PathBuf>) -> Self {
        self.uploads = Some(folder.into());
        self
    }

    /// Adds the components that were uploaded before. One that has the name of another tool is left out.
    pub(super) fn add_uploads(&mut self) -> Result<()> {
        let kept = self.uploads.as_deref().map_or(Ok(Vec::new()), uploads::kept)?;
        for (name, source) in kept {
            if !self.tools.has(&name) {
                self.tools.add(&name, source, Vec::new());
            }
        }
        Ok(())
    }
}
