//! A server's part of the configuration, once it is checked.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use stockade::config::Mcp;
use stockade::{Digest, Fault, Result};
use stockade_system::http::is_of_this_machine;

/// The longest name of a server: with those of its functions it is the name that a model calls.
const NAME_BYTES_MAX: usize = 32;

/// Where a server is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Process { program: PathBuf, arguments: Vec<String> },
    Http(Url),
}

/// A server that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) config: Mcp,
}

impl Spec {
    /// Checks what a configuration says of a server.
    ///
    /// # Errors
    ///
    /// Kind [`stockade::Kind::Invalid`] with what does not fit.
    pub(crate) fn new(name: &str, config: &Mcp) -> Result<Self> {
        let invalid = |why: &str| Fault::invalid("mcp", format!("[mcp.{name}]: {why}")).tool(name);
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_letter) {
            return Err(invalid("the name of a server has 1 to 32 letters, digits, \"_\" and \"-\""));
        }
        if config.calls_at_once == 0 || config.start_timeout_ms == 0 {
            return Err(invalid("`calls_at_once` and `start_timeout_ms` must not be 0"));
        }
        if config.token.is_some() && config.oauth.is_some() {
            return Err(invalid("`token` and `oauth` are two ways to the same token; write one"));
        }
        let has_token = config.token.is_some() || config.oauth.is_some();
        let place = match (&config.command, &config.url) {
            (Some(_), None) if has_token => return Err(invalid("`token` and `oauth` are for a server with a `url`")),
            (Some(command), None) => Place::Process { program: command.into(), arguments: config.args.clone() },
            (None, Some(_)) if !config.env.is_empty() || !config.variables.is_empty() || !config.args.is_empty() => {
                return Err(invalid("`args`, `env` and `variables` are for a server with a `command`"));
            }
            (None, Some(url)) => Place::Http(address(url).map_err(|why| invalid(&format!("`url` {why}")))?),
            _ => return Err(invalid("needs either `command` or `url`")),
        };
        if let Some(oauth) = &config.oauth {
            address(&oauth.token_url).map_err(|why| invalid(&format!("`token_url` {why}")))?;
        }
        Ok(Self { name: name.to_owned(), place, config: config.clone() })
    }

    /// Returns the digest of what is started or asked: an approval is good for this alone.
    pub(crate) fn digest(&self) -> Digest {
        let Mcp { command, args, url, env, variables, token, oauth, .. } = &self.config;
        let oauth = oauth.as_ref().map(|oauth| (&oauth.token_url, &oauth.client_id, &oauth.secret, &oauth.scope));
        Digest::of_json(&(command, args, url, env, variables, token, oauth))
    }

    pub(crate) fn start_timeout(&self) -> Duration {
        Duration::from_millis(self.config.start_timeout_ms)
    }
}

/// Reads an address to which a token may be sent: no stranger may read the token on its way.
fn address(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not an address of https://")?;
    let is_plain = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err("is not an address of https://"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a password in it; `token` or `oauth` names the secret instead");
    }
    if is_plain && !is_of_this_machine(&url) {
        return Err("is not encrypted; write https://, or an address of this machine");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use stockade::Config;

    use super::*;

    fn spec(text: &str) -> Result<Spec, String> {
        let config = Config::parse(&format!("[mcp.a]\n{text}")).map_err(|fault| fault.message)?;
        let server = config.mcp.get("a").cloned().unwrap_or_default();
        Spec::new("a", &server).map_err(|fault| fault.message)
    }

    #[test]
    fn a_server_is_a_program_or_an_address() {
        for text in ["command = \"npx\"\nargs = [\"x\"]", "url = \"https://h/mcp\"", "url = \"http://127.0.0.1:1/\""] {
            assert!(spec(text).is_ok(), "{text}: {:?}", spec(text));
        }
        for (text, says) in [
            ("", "needs either `command` or `url`"),
            ("command = \"a\"\nurl = \"https://h/\"", "needs either `command` or `url`"),
            ("command = \"a\"\ntoken = \"t\"", "for a server with a `url`"),
            ("url = \"https://h/\"\nargs = [\"a\"]", "for a server with a `command`"),
            ("url = \"http://h/\"", "is not encrypted"),
            ("url = \"ftp://h/\"", "is not an address"),
            ("url = \"https://me:pass@h/\"", "has a password in it"),
            ("url = \"https://h/\"\ncalls_at_once = 0", "must not be 0"),
            (
                "url = \"https://h/\"\noauth = { token_url = \"http://h/\", client_id = \"a\", secret = \"s\" }",
                "`token_url` is not encrypted",
            ),
        ] {
            assert!(spec(text).is_err_and(|why| why.contains(says)), "{text}");
        }
        assert!(Spec::new("a b", &Mcp::default()).is_err() && Spec::new("", &Mcp::default()).is_err());
    }
}
