use std::fmt;

use url::Host;

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

/// A scheme, a host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) is_tls: bool,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
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

impl Origin {
    pub(crate) fn new(scheme: &str, authority: &str) -> Result<Self, String> {
        let is_tls = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err(format!("scheme {scheme:?} is not http or https")),
        };
        let (host, port) = host_and_port(authority)?;
        let default = if is_tls { 443 } else { 80 };
        Ok(Self { is_tls, host, port: port.unwrap_or(default) })
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.is_tls { "https" } else { "http" }
    }

    /// Returns what the `Host` header says: no port where it is the scheme's own.
    pub(crate) fn authority(&self) -> String {
        match (self.is_tls, self.port) {
            (true, 443) | (false, 80) => self.host.to_string(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }
}

/// Takes `host` or `host:port` apart.
pub(crate) fn host_and_port(authority: &str) -> Result<(Host<String>, Option<u16>), String> {
    if authority.contains('@') {
        return Err(format!("authority {authority:?} names a user; nothing may stand before the host"));
    }
    // A colon in brackets is part of an IPv6 address.
    let (host, digits) = match authority.rsplit_once(':') {
        Some((host, digits)) if !digits.ends_with(']') => (host, Some(digits)),
        _ => (authority, None),
    };
    Ok((plain_host(host)?, digits.map(port).transpose()?))
}

/// Hosts have many spellings: `0x7f.1`, `2130706433`, `LOCALHOST.`, `%6c`, letters of other scripts. One is taken; only
/// the case of letters is ours to choose.
fn plain_host(text: &str) -> Result<Host<String>, String> {
    let lower = text.to_ascii_lowercase();
    let host = Host::parse(&lower).map_err(|error| format!("host {text:?} is none: {error}"))?;
    if lower.ends_with('.') {
        return Err(format!("host {text:?} ends in a dot; leave it out"));
    }
    if let Host::Domain(name) = &host
        && !name.split('.').all(is_label)
    {
        return Err(format!("host {text:?} is no name of a host; there are no wildcards"));
    }
    if host.to_string() != lower {
        return Err(format!("host {text:?} is not spelled plainly; write \"{host}\""));
    }
    Ok(host)
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn port(digits: &str) -> Result<u16, String> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.parse().ok().filter(|_| plain);
    port.ok_or_else(|| format!("port {digits:?} is not a number from 1 to 65535"))
}

fn check_path(path: &str) -> Result<(), String> {
    let refused = |why: &str| Err(format!("path {path:?} {why}"));
    let Some(text) = decoded(path).filter(|text| !text.chars().any(is_hidden)) else {
        return refused("has an escape that is none, or that hides a control, or one of . / \\ % ;");
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

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}
