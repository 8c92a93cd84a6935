//! The paths of stores, by which it is seen that two grants open the same one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For how long it is not asked again where a path leads. Each step of each run wants to know that, and the system looks at every
/// folder on the way.
const FRESH: Duration = Duration::from_millis(100);

/// Of how many paths it is known at once; beyond it, all are forgotten.
const PATHS_MAX: usize = 1_024;

/// Where paths lead.
#[derive(Default)]
pub(crate) struct Stores(Mutex<BTreeMap<String, Seen>>);

struct Seen {
    real: String,
    at: Instant,
}

impl Stores {
    /// Returns the path without links to which a path leads. What does not exist yet has the name by which it is granted; it has no
    /// other.
    pub(crate) fn real(&self, path: &str) -> String {
        self.seen(path).or_else(|| self.look(path)).unwrap_or_else(|| path.to_owned())
    }

    fn seen(&self, path: &str) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(path).filter(|seen| seen.at.elapsed() < FRESH).map(|seen| seen.real.clone())
    }

    fn look(&self, path: &str) -> Option<String> {
        let real = Path::new(path).canonicalize().ok()?.display().to_string();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= PATHS_MAX {
            all.clear();
        }
        all.insert(path.to_owned(), Seen { real: real.clone(), at: Instant::now() });
        Some(real)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_asked_about_once_for_a_while_and_what_is_not_there_each_time() {
        let dir = tempfile::tempdir().unwrap();
        let (stores, real) = (Stores::default(), dir.path().canonicalize().unwrap());
        let (file, link) = (real.join("notes.db"), dir.path().join("link.db"));
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let link = link.display().to_string();
        assert_eq!(stores.real(&link), link, "it leads nowhere");
        std::fs::write(&file, "").unwrap();
        assert_eq!(stores.real(&link), file.display().to_string());
        assert!(stores.seen(&link).is_some() && stores.seen("other").is_none());
    }
}
