//! Finds a text in files.

use std::fs;

use crate::because;
use crate::exports::stockade::folder::files::{Entry, Found, Kind, Matches};
use crate::look::{self, DEPTH_MAX};

/// How many lines are found.
const FOUND_MAX: usize = 200;

/// How many files are looked through, and entries of folders looked at.
const FILES_MAX: usize = 1000;

/// The longest file that is looked through.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// How much is looked through of all files together: a byte costs some ten units of fuel, and a call has fifty million.
const BYTES_MAX: u64 = 4 << 20;

/// How much of a line is shown.
const LINE_CHARS_MAX: usize = 300;

pub fn search(path: &str, text: &str, any_case: bool) -> Result<Matches, String> {
    if text.is_empty() {
        return Err("\"text\" is empty, and stands everywhere".into());
    }
    let wanted = if any_case { text.to_lowercase() } else { text.to_owned() };
    let search = Search { wanted, any_case };
    let is_folder = fs::metadata(path).map_err(because("searched", path))?.is_dir();
    let mut matches = Matches { found: Vec::new(), truncated: false };
    if is_folder {
        search.folder(path, &mut matches)?
    } else {
        search.file(path, &mut matches)?
    }
    Ok(matches)
}

struct Search {
    wanted: String,
    any_case: bool,
}

impl Search {
    fn folder(&self, path: &str, matches: &mut Matches) -> Result<(), String> {
        let mut folders = vec![(path.to_owned(), 0)];
        let (mut left, mut left_bytes) = (FILES_MAX, BYTES_MAX);
        while let Some((folder, depth)) = folders.pop() {
            let mut entries = look::entries_of(&folder, left)?;
            entries.sort_by(|a, b| a.path.cmp(&b.path));
            left -= entries.len();
            for Entry { path, kind, bytes } in &entries {
                match kind {
                    Kind::File if *bytes <= FILE_BYTES_MAX.min(left_bytes) => {
                        left_bytes -= bytes;
                        self.readable(path, matches);
                    }
                    Kind::File => matches.truncated = true,
                    Kind::Folder if depth < DEPTH_MAX => folders.push((path.clone(), depth + 1)),
                    Kind::Folder => matches.truncated = true,
                    Kind::Other => {}
                }
            }
            if left == 0 || matches.found.len() >= FOUND_MAX {
                matches.truncated = true;
                break;
            }
        }
        Ok(())
    }

    /// Looks through a file among others: one that is not text is passed over.
    fn readable(&self, path: &str, matches: &mut Matches) {
        if let Ok(text) = look::text(path, FILE_BYTES_MAX) {
            self.lines(path, &text, matches);
        }
    }

    fn file(&self, path: &str, matches: &mut Matches) -> Result<(), String> {
        self.lines(path, &look::text(path, FILE_BYTES_MAX)?, matches);
        Ok(())
    }

    fn lines(&self, path: &str, text: &str, matches: &mut Matches) {
        for (line, text) in (1..).zip(text.lines()) {
            let is_there =
                if self.any_case { text.to_lowercase().contains(&self.wanted) } else { text.contains(&self.wanted) };
            if !is_there {
                continue;
            }
            if matches.found.len() >= FOUND_MAX {
                matches.truncated = true;
                return;
            }
            matches.found.push(Found {
                path: path.to_owned(),
                line,
                text: text.chars().take(LINE_CHARS_MAX).collect(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_text_is_found_at_any_depth() {
        let dir = Folder::new();
        let root = dir.path().display().to_string();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("a"), "Lamp\nlamp\nx").unwrap();
        fs::write(dir.path().join("sub/b"), "one lamp").unwrap();
        fs::write(dir.path().join("sub/c"), [b'l', b'a', b'm', b'p', 0xff]).unwrap();
        let lines = |text: &str, any_case| {
            let found = search(&root, text, any_case).unwrap().found;
            found.into_iter().map(|found| (found.path[root.len()..].to_owned(), found.line)).collect::<Vec<_>>()
        };
        assert_eq!(lines("lamp", false), [("/a".to_owned(), 2), ("/sub/b".to_owned(), 1)]);
        assert_eq!(lines("LAMP", true).len(), 3);
        assert!(lines("LAMP", false).is_empty());
        assert!(search(&root, "", false).unwrap_err().contains("is empty"));
        assert!(search(&format!("{root}/none"), "a", false).unwrap_err().contains("cannot be searched"));
        fs::write(dir.path().join("a"), "lamp\n".repeat(FOUND_MAX + 1)).unwrap();
        let found = search(&format!("{root}/a"), "lamp", false).unwrap();
        assert_eq!((found.found.len(), found.truncated), (FOUND_MAX, true));
    }
}
