//! What a host keeps from every tool.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stockade_sandbox::Reserved;

use super::Builder;
use crate::Source;

impl Builder {
    /// Keeps a file, or a folder with all that is in it, from every tool: no grant may reach it. The journal, the memory, what
    /// is compiled, the configuration and files of secrets are kept so anyhow.
    #[must_use]
    pub fn reserve(mut self, path: impl Into<PathBuf>) -> Self {
        self.reserved().keep(path);
        self
    }

    /// Lets a file be granted that is in a folder which is reserved.
    #[must_use]
    pub fn lend(mut self, path: impl Into<PathBuf>) -> Self {
        self.reserved().lend(path);
        self
    }

    pub(super) fn reserved(&mut self) -> &mut Reserved {
        Arc::make_mut(&mut self.engine.reserved)
    }

    /// Keeps from every tool what this host keeps its own state in.
    pub(super) fn reserve_own(&mut self) {
        let beside = |path: &Path, ending: &str| PathBuf::from(format!("{}{ending}", path.display()));
        let databases = [Some(self.journal.clone()), self.memory.as_ref().map(|(path, _)| path.clone())];
        let databases = databases.into_iter().flatten();
        let files = databases.flat_map(|path| ["", "-wal", "-shm", "-journal"].map(|ending| beside(&path, ending)));
        let cached = [self.engine.cache_dir.clone(), self.engine.key_dir.clone()];
        let folders = cached.into_iter().chain([self.store.folder(), self.uploads.clone()]);
        // The environment of this process has secrets, and its memory is there to be written.
        let processes = PathBuf::from("/proc");
        let own: Vec<_> = files.chain(folders.flatten()).chain([processes]).collect();
        own.into_iter().for_each(|path| self.reserved().keep(path));
        let languages = self.languages.values().filter_map(Source::file).map(Path::to_owned);
        let believed: Vec<_> = self.tools.files().chain(languages).collect();
        believed.into_iter().for_each(|path| self.reserved().believe(path));
    }
}
