use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::refusal::{Answer, Bar, Refusal};

/// What Linux allows, and what every program that later reads the directory can handle.
pub(super) const NAME_BYTES_MAX: usize = 255;
pub(super) const PATH_BYTES_MAX: usize = 4_096;

/// A guest's path below a folder, in its plainest spelling: no empty names, no `.`, no slash at its end.
///
/// A slash at the end means "a directory", and some ways of looking paths up get that wrong, to the point of following
/// a link out of the directory (GHSA-vqjp, GHSA-m9f7). So it never gets further than here, where it becomes a flag.
#[derive(Debug)]
pub(super) struct Path {
    text: String,
    /// The path ends in a slash or a dot.
    pub(super) is_folder: bool,
    /// How many levels below the folder it reaches at its deepest, links not followed.
    pub(super) depth: u64,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// It is empty, absolute, too long, has a zero byte, or climbs above the folder.
    pub(super) fn new(text: &str) -> Answer<Self> {
        if text.is_empty() {
            return Err(ErrorCode::NoEntry.into());
        }
        if text.len() > PATH_BYTES_MAX || text.split('/').any(|name| name.len() > NAME_BYTES_MAX) {
            return Err(ErrorCode::NameTooLong.into());
        }
        if text.contains('\0') {
            return Err(ErrorCode::Invalid.into());
        }
        if text.starts_with('/') {
            return Err(Refusal::Barred(Bar::Outside));
        }
        let names: Vec<&str> = text.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
        let depth = deepest(&names).ok_or(Refusal::Barred(Bar::Outside))?;
        let is_folder = matches!(text.rsplit('/').next(), Some("" | "." | ".."));
        let text = if names.is_empty() { ".".to_owned() } else { names.join("/") };
        Ok(Self { text, is_folder, depth })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Splits off the last name.
    pub(super) fn split(&self) -> (Option<&str>, &str) {
        self.text.rsplit_once('/').map_or((None, &self.text), |(parent, name)| (Some(parent), name))
    }
}

/// Walks up and down in the text alone; a path that climbs out there is refused before any disk sees it.
fn deepest(names: &[&str]) -> Option<u64> {
    let (mut depth, mut deepest) = (0u64, 0);
    for name in names {
        depth = if *name == ".." { depth.checked_sub(1)? } else { depth.saturating_add(1) };
        deepest = deepest.max(depth);
    }
    Some(deepest)
}

/// Names what a guest means by a path below a place, for messages.
pub(super) fn shown(at: &str, path: &str) -> String {
    let mut names: Vec<&str> = at.split('/').filter(|name| !name.is_empty()).collect();
    for name in path.split('/').filter(|name| !matches!(*name, "" | ".")) {
        if name == ".." && names.last().is_some_and(|last| *last != "..") {
            names.pop();
        } else {
            names.push(name);
        }
    }
    format!("/{}", names.join("/"))
}

/// Returns whether a link of this text leads downwards, wherever it is moved: only such links may be made.
///
/// The sandbox does not follow a link that climbs, but programs of the host that trust the directory do.
pub(super) fn leads_down(target: &str) -> bool {
    !target.is_empty() && !target.starts_with('/') && !target.split('/').any(|name| name == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, bool, u64) {
        let path = Path::new(text).unwrap();
        (path.text, path.is_folder, path.depth)
    }

    #[test]
    fn a_path_has_one_spelling() {
        assert_eq!(read("a/b"), ("a/b".into(), false, 2));
        assert_eq!(read("./a//b/./"), ("a/b".into(), true, 2));
        assert_eq!(read("a/b/../.."), ("a/b/../..".into(), true, 2));
        assert_eq!(read("."), (".".into(), true, 0));
        assert_eq!(Path::new("a/b").unwrap().split(), (Some("a"), "b"));
        assert_eq!(Path::new("a/").unwrap().split(), (None, "a"));
    }

    #[test]
    fn a_path_stays_below() {
        for text in ["..", "../x", "a/../..", "a/../../b", "/", "/etc/passwd", "//a", "./.."] {
            assert!(matches!(Path::new(text), Err(Refusal::Barred(Bar::Outside))), "{text}");
        }
        for text in ["", "a\0b", &"a/".repeat(2_049), &"a".repeat(256)] {
            assert!(matches!(Path::new(text), Err(Refusal::Code(_))), "{text:?}");
        }
    }

    #[test]
    fn what_is_shown_is_the_guests_own_path() {
        assert_eq!(shown("/", "etc/./passwd"), "/etc/passwd");
        assert_eq!(shown("/data/a", "../b"), "/data/b");
        assert_eq!(shown("/data", "../../../x"), "/../../x");
        assert_eq!(shown("/", "."), "/");
    }

    #[test]
    fn links_lead_down() {
        assert!(leads_down("a") && leads_down("a/b") && leads_down("..a"));
        for target in ["", "/etc", "..", "a/../../b", "./../x"] {
            assert!(!leads_down(target), "{target}");
        }
    }
}
