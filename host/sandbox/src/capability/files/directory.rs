use std::path::Path;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use stockade_workflow::{Access, Fault, Quota};
use tokio::sync::Semaphore;

use super::path::NAME_BYTES_MAX;
use crate::{Reserved, Result};

/// Pieces of disk work in flight at once for one directory, over all calls. A disk serves few at a time anyway, and one
/// that hangs (a network mount) holds no more threads than this, while the calls that wait run into their deadlines.
pub(super) const THREADS_MAX: usize = 16;

/// A directory of the host that a tool was granted.
pub(crate) struct Directory {
    pub(super) root: Arc<Dir>,
    pub(super) access: Access,
    pub(super) quota: Quota,
    pub(super) threads: Arc<Semaphore>,
    at: String,
}

impl Directory {
    /// Opens what an operator granted.
    ///
    /// # Ambient Authority
    ///
    /// This is the only function through which a guest's files are reached: it opens any path of the host, with all rights
    /// of this process. Everything later is looked up beneath what it opened.
    ///
    /// # Errors
    ///
    /// The path is not a directory that can be opened, or reaches what is reserved, or `at` is not an absolute path in its plainest spelling.
    pub(crate) fn open(
        tool: &str,
        path: &str,
        at: &str,
        access: Access,
        quota: Quota,
        reserved: &Reserved,
    ) -> Result<Self> {
        let invalid = |why: String| Fault::invalid("grant", format!("grant of fs \"{at}\" to tool \"{tool}\": {why}"));
        if !is_plain(at) {
            return Err(invalid("where the guest finds it must be an absolute path, as in \"/data\"".into()));
        }
        let root = Dir::open_ambient_dir(Path::new(path), ambient_authority());
        let root = root.map_err(|error| invalid(format!("\"{path}\": {error}")))?;
        // What was opened is looked at, and not its path, which may lead elsewhere by now.
        if let Some(why) = reserved.objection_to(&root, Path::new(path), access) {
            return Err(invalid(format!("\"{path}\": {why}")));
        }
        let threads = Arc::new(Semaphore::new(THREADS_MAX));
        Ok(Self { root: Arc::new(root), access, quota, threads, at: at.to_owned() })
    }

    /// Returns where the guest finds it.
    pub(crate) fn at(&self) -> &str {
        &self.at
    }
}

/// Returns whether a path is absolute and has one spelling, so that libraries of guests find it by comparing texts.
fn is_plain(at: &str) -> bool {
    let name = |name: &str| !matches!(name, "" | "." | "..") && name.len() <= NAME_BYTES_MAX;
    let names = |names: &str| names.split('/').all(name) && !names.contains(char::is_control);
    at.strip_prefix('/').is_some_and(|rest| rest.is_empty() || names(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_spelling() {
        for plain in ["/", "/data", "/a/b c/é"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["", "data", "./data", "/data/", "//data", "/a//b", "/a/../b", "/a/.", "/a\n", "/a\0"] {
            assert!(!is_plain(other), "{other:?}");
        }
        assert!(!is_plain(&format!("/{}", "a".repeat(256))));
    }
}
