use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What `[skills]` says: where Agent Skills are, and which are trusted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Skills {
    /// Folders whose folders are skills, each with its SKILL.md. Of two skills of one name, that of the earlier folder is used.
    pub folders: Vec<PathBuf>,
    /// The skills whose texts are not labelled untrusted: those that the operator wrote.
    pub trusted: BTreeSet<String>,
}

impl Skills {
    pub(super) fn anchor(&mut self, folder: &Path) {
        self.folders.iter_mut().for_each(|skills| *skills = folder.join(&*skills));
    }
}
