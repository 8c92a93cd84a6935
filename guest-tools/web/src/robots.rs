//! What a site's robots.txt (RFC 9309) says.

use std::borrow::Cow;

use crate::url::{canonical, plain};

/// The name by which a site may speak to this tool.
pub const AGENT: &str = "stockade";

/// More is not read: it is what the RFC wants at least.
pub const BYTES_MAX: usize = 500 << 10;

/// The lines that hold for this tool: whether each allows, and its pattern.
pub struct Rules<'a>(Vec<(bool, Cow<'a, str>)>);

impl<'a> Rules<'a> {
    /// Reads a file. The groups for this tool hold; without such a group, those for all hold.
    pub fn read(text: &'a str) -> Self {
        let (mut own, mut all) = (None, Vec::new());
        let (mut for_us, mut for_all, mut is_head) = (false, false, false);
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim(), value.trim());
            if key.eq_ignore_ascii_case("user-agent") {
                if !is_head {
                    (for_us, for_all, is_head) = (false, false, true);
                }
                for_us |= value.eq_ignore_ascii_case(AGENT);
                for_all |= value == "*";
                if for_us && own.is_none() {
                    own = Some(Vec::new());
                }
                continue;
            }
            let is_allowed = match key {
                _ if key.eq_ignore_ascii_case("allow") => true,
                _ if key.eq_ignore_ascii_case("disallow") => false,
                _ => continue,
            };
            is_head = false;
            // An empty pattern is no rule.
            if value.is_empty() {
                continue;
            }
            if let Some(own) = own.as_mut().filter(|_| for_us) {
                own.push((is_allowed, canonical(value)));
            }
            if for_all {
                all.push((is_allowed, canonical(value)));
            }
        }
        Self(own.unwrap_or(all))
    }

    /// Whether a path may be read, however it is spelled: the longest pattern that fits decides, and of two the one that allows.
    pub fn allow(&self, path: &str) -> bool {
        let path = plain(&canonical(path));
        let fitting = self.0.iter().filter(|(_, pattern)| fits(pattern, &path));
        fitting.map(|(is_allowed, pattern)| (pattern.len(), *is_allowed)).max().is_none_or(|(_, is_allowed)| is_allowed)
    }
}

/// Whether a path begins as a pattern says, in which `*` is anything and `$` the end. Each piece is looked for once, from where
/// the one before ended, so that no pattern takes long.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, is_whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut pieces = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else { return !is_whole || rest.is_empty() };
    for piece in between {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    if is_whole { rest.ends_with(last) } else { rest.contains(last) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_pattern_decides() {
        let rules = Rules::read("User-agent: *\nDisallow: /a # all of it\nAllow: /a/b\nDisallow: /*.pdf$\nDisallow:\n");
        for (path, is_allowed) in
            [("/", true), ("/a", false), ("/ab", false), ("/a/b/c", true), ("/x.pdf", false), ("/x.pdf?y", true)]
        {
            assert_eq!(rules.allow(path), is_allowed, "{path}");
        }
        assert!(Rules::read("").allow("/"));
        assert!(Rules::read("Disallow: /").allow("/"), "a line of no group");
    }

    #[test]
    fn a_path_is_no_other_one_for_how_it_is_spelled() {
        let rules =
            Rules::read("User-agent: *\nDisallow: /private/\nDisallow: /%C3%A4\nDisallow: /\u{f6}\nDisallow: /%7Eme\n");
        for path in [
            "/%70rivate/a",
            "/a/../private/",
            "/a/%2e%2E/private/",
            "/./private/",
            "/%c3%a4",
            "/%C3%B6",
            "/~me",
            "/%7eme",
        ] {
            assert!(!rules.allow(path), "{path}");
        }
        for path in ["/private", "/private%2Fa", "/a?b=/private/", "/private/../a"] {
            assert!(rules.allow(path), "{path}");
        }
    }

    #[test]
    fn a_group_for_this_tool_stands_before_that_for_all() {
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: Stockade\nDisallow: /private\n";
        let rules = Rules::read(text);
        assert!(rules.allow("/a") && !rules.allow("/private/b"));
        assert!(Rules::read("User-agent: stockade\nUser-agent: *\nAllow: /\n").allow("/a"));
        assert!(!Rules::read("User-agent: other\nAllow: /\nUser-agent: *\nDisallow: /").allow("/a"));
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        let pattern = format!("/{}b", "*a".repeat(500));
        assert!(!fits(&pattern, &format!("/{}", "a".repeat(2000))));
        assert!(fits("/*a*b", "/xaxxb") && fits("/*", "/") && fits("/a$", "/a") && !fits("/a$", "/ab"));
    }
}
