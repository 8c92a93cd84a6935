use std::fmt;

use url::Host;

/// A scheme, a host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) is_tls: bool,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
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

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
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
    let host = Host::parse(&lower).map_err(|error| format!("host {text:?} is not valid: {error}"))?;
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
