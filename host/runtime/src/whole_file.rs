//! Files of the host that are written whole, or not at all.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use uuid::Uuid;

/// Writes a file of a folder, which is made if it does not exist; only the owner reads either. Readers see all of the file or
/// nothing of it.
pub(crate) fn write(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // A crash leaves it behind, and process numbers come again: in a container always the same.
    let temporary = folder.join(format!(".{}.tmp", Uuid::now_v7()));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What is left of a failed write is of no use; if it cannot be removed either, nothing is worse.
        let _ = fs::remove_file(&temporary);
    }
    written
}
