use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use stockade_sandbox::{Component, Config, Engine};

use crate::world::folder;

/// Loads a guest of this folder in an engine of its own, as a new start of the program would.
pub(crate) fn load(dir: &Path, guest: &str) -> (Engine, Component) {
    let config = Config { cache_dir: Some(dir.to_owned()), concurrency: 1, ..Config::default() };
    let engine = Engine::new(config).unwrap();
    let component = engine.load(&wat::parse_file(folder().join(guest)).unwrap()).unwrap();
    (engine, component)
}

/// Returns the files of machine code in a cache.
pub(crate) fn entries(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "cwasm")).collect()
}

/// Replaces a file as an enemy would who minds its permissions.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
