//! Addresses of http and https, and what a link on a page leads to.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// What every browser and server takes.
const BYTES_MAX: usize = 2048;

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Whether it is of https.
    pub is_tls: bool,
    /// The host and the port, in small letters.
    pub authority: String,
    /// The path with the query, escaped.
    pub path: String,
}

impl Url {
    /// Reads an address; what stands after `#` is left out.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = || text.chars().take(200).collect::<String>();
        let url =
            Self::read(text.trim()).ok_or_else(|| format!("\"{}\" is not an address of http or https", shown()))?;
        if url.path.len() > BYTES_MAX {
            return Err(format!("\"{}…\" is longer than the {BYTES_MAX} bytes that an address may have", shown()));
        }
        Ok(url)
    }

    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_tls = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ => return None,
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.is_empty() || authority.contains('@') || !authority.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { escaped(path) } else { format!("/{}", escaped(path)) };
        Some(Self { is_tls, authority: authority.to_ascii_lowercase(), path })
    }

    /// Returns where a link of this page leads; none where that is not an address of the web.
    pub fn join(&self, reference: &str) -> Option<Self> {
        let reference: String =
            reference.trim().chars().filter(|letter| !matches!(letter, '\t' | '\n' | '\r')).collect();
        if reference.len() > BYTES_MAX {
            return None;
        }
        let reference = reference.split('#').next().unwrap_or_default();
        if let Some(at) = reference.find([':', '/', '?']).filter(|at| reference[*at..].starts_with(':')) {
            let is_web = reference[..at].eq_ignore_ascii_case("http") || reference[..at].eq_ignore_ascii_case("https");
            return is_web.then(|| Self::parse(reference).ok()).flatten();
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme())).ok();
        }
        let own = self.path.split('?').next().unwrap_or_default();
        let path = match reference {
            "" => self.path.clone(),
            _ if reference.starts_with('/') => plain(reference),
            _ if reference.starts_with('?') => format!("{own}{reference}"),
            _ => plain(&format!("{}/{reference}", own.rsplit_once('/').map_or("", |(folder, _)| folder))),
        };
        Some(Self { path: escaped(&path), ..self.clone() })
    }

    /// Returns the address of another path of the same site.
    pub fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    fn scheme(&self) -> &'static str {
        if self.is_tls { "https" } else { "http" }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority, self.path)
    }
}

/// Returns a path, or a pattern of paths, in the one spelling in which two are compared (RFC 9309, 2.2.2): what needs no escape has
/// none, and what cannot be in an address has one.
pub fn canonical(path: &str) -> Cow<'_, str> {
    if path.bytes().all(|byte| byte != b'%' && is_kept(byte)) {
        return Cow::Borrowed(path);
    }
    let escaped = escaped(path);
    let (mut text, mut rest) = (String::with_capacity(escaped.len()), escaped.as_str());
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
            text.push('%');
            rest = after;
            continue;
        };
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
        rest = &after[2..];
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Takes the segments of dots out of a path; the query stays.
pub fn plain(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut names: Vec<&str> = Vec::new();
    let mut is_folder = false;
    for name in path.split('/').skip(1) {
        is_folder = matches!(name, "." | "..");
        match name {
            "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    let end = if is_folder && !names.is_empty() { "/" } else { "" };
    format!("/{}{end}{query}", names.join("/"))
}

/// Escapes what an address cannot have in it.
fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        if is_kept(byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// Whether an address can have a byte in it as it is.
fn is_kept(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_compared_in_one_spelling() {
        for (path, spelled) in [
            ("/a/b?c=*$", "/a/b?c=*$"),
            ("/%70rivate/%2e%2E", "/private/.."),
            ("/\u{e4}|%c3%a4%2f%3c", "/%C3%A4%7C%C3%A4%2F%3C"),
            ("/%", "/%"),
            ("/%+1%zz%4", "/%+1%zz%4"),
        ] {
            assert_eq!(canonical(path), spelled, "{path}");
        }
    }

    #[test]
    fn an_address_has_one_spelling() {
        let shown = |text: &str| Url::parse(text).unwrap().to_string();
        assert_eq!(shown("HTTPS://A.Example"), "https://a.example/");
        assert_eq!(shown("http://a:8080?b=c#d"), "http://a:8080/?b=c");
        assert_eq!(shown("https://a/b c/ä"), "https://a/b%20c/%C3%A4");
        for text in ["", "a/b", "ftp://a/", "https://", "https://me@a/", "https://a b/", "javascript:alert(1)"] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_link_is_found_from_its_page() {
        let page = Url::parse("https://a.example/b/c?d").unwrap();
        for (link, leads) in [
            ("", "https://a.example/b/c?d"),
            ("#top", "https://a.example/b/c?d"),
            ("e", "https://a.example/b/e"),
            ("./e/../f?x=../y", "https://a.example/b/f?x=../y"),
            ("../../../e", "https://a.example/e"),
            ("..", "https://a.example/"),
            ("/e/./", "https://a.example/e/"),
            ("?e=1:2", "https://a.example/b/c?e=1:2"),
            ("//b.example/x", "https://b.example/x"),
            ("HTTP://b.example", "http://b.example/"),
            ("a\nb", "https://a.example/b/ab"),
        ] {
            assert_eq!(page.join(link).unwrap().to_string(), leads, "{link}");
        }
        for link in ["mailto:a@b", "javascript:alert(1)", "data:text/html,x", "tel:1", "http://", &"a".repeat(3000)] {
            assert_eq!(page.join(link), None, "{link}");
        }
    }
}
