use std::fmt;

use crate::origin::Origin;

/// The methods of requests. CONNECT and TRACE are for proxies; others mean what their server wants.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// What no escape in a path may stand for, beside controls: some servers read it as a separator, a dot or a
/// percent sign after we have looked.
const HIDDEN: [u8; 5] = *b"./\\%;";

/// What a request asks for and where: spelled in the one way in which it can be spelled.
///
/// Whatever has a second spelling is refused rather than made into the first, so that what was checked is, letter by
/// letter, what is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) method: &'static str,
    pub(crate) origin: Origin,
    pub(crate) path: String,
}

impl Target {
    /// Takes a request apart. The path comes without its query.
    ///
    /// # Errors
    ///
    /// Says what is not plain.
    pub(crate) fn new(method: &str, scheme: &str, authority: &str, path: &str) -> Result<Self, String> {
        let known = METHODS.iter().find(|known| **known == method);
        let method = *known.ok_or_else(|| format!("method {method:?} is not one of {}", METHODS.join(", ")))?;
        let origin = Origin::new(scheme, authority)?;
        check_path(path)?;
        Ok(Self { method, origin, path: path.to_owned() })
    }
}

fn check_path(path: &str) -> Result<(), String> {
    let refused = |why: &str| Err(format!("path {path:?} {why}"));
    let Some(text) = decoded(path).filter(|text| !text.chars().any(is_hidden)) else {
        return refused("has an invalid escape, or one that hides a control character, or one of . / \\ % ;");
    };
    match () {
        () if !path.starts_with('/') => refused("does not begin with a slash"),
        () if !path.bytes().all(|byte| byte.is_ascii_graphic()) => refused("has characters that must be escaped"),
        () if path.contains(['\\', '?', '#']) => refused("has a backslash, a question mark or a hash"),
        () if path.contains("//") => refused("has an empty segment"),
        () if text.split('/').any(is_dots) => refused("has a segment of dots"),
        () => Ok(()),
    }
}

fn is_hidden(letter: char) -> bool {
    letter.is_control() || (letter.is_whitespace() && letter != ' ')
}

/// Some servers take a segment for its part before the semicolon, and some drop the blanks around it.
fn is_dots(segment: &str) -> bool {
    segment.split(';').next().is_some_and(|name| matches!(name.trim(), "." | ".."))
}

/// Takes the escapes off; none, where one is broken or hides something, or they are not of text.
fn decoded(path: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(path.len()), path.as_bytes());
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |letter: &u8| char::from(*letter).to_digit(16);
                let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
                bytes.push(Some(byte).filter(|byte| !HIDDEN.contains(byte))?);
                after
            }
            (b'%', _) => return None,
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, origin, path } = self;
        write!(f, "{method} {origin}{path}")
    }
}
