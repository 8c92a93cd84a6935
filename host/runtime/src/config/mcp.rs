use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use stockade_sandbox::Limits;
use stockade_workflow::Label;

use super::{Approval, anchored};

/// What `[mcp.NAME]` says: a server of the Model Context Protocol, whose tools are functions of the tool NAME. A function is
/// offered only if `tools` names it and a person has accepted its definition.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mcp {
    /// The program that is the server and speaks on its standard input and output; this, or `url`.
    pub command: Option<String>,
    /// The arguments of the program.
    pub args: Vec<String>,
    /// The address of a server that speaks HTTP; this, or `command`.
    pub url: Option<String>,
    /// Variables of the program's environment, each with the name of the secret that is its value. Beside these and `variables` it
    /// has a standard `PATH`, and a `HOME` and `TMPDIR` of its own.
    pub env: BTreeMap<String, String>,
    /// Variables of the program's environment whose values are no secrets.
    pub variables: BTreeMap<String, String>,
    /// The secret that is sent as the bearer token to `url`.
    pub token: Option<String>,
    /// How a bearer token for `url` is got, in place of `token`.
    pub oauth: Option<OAuth>,
    /// The tools of the server that may be called. Others are not offered; without it, none is.
    pub tools: BTreeSet<String>,
    /// When a person is asked before a call, as under `[tool.NAME]`.
    pub approval: Option<Approval>,
    /// The labels of its answers; without it, `["untrusted"]`.
    pub labels: Option<BTreeSet<Label>>,
    /// Whether a call may send what it is told to another machine. In a run that has taken in what is untrusted and what is
    /// private, such a call needs an approval.
    pub sends: bool,
    /// Whether calls change nothing, so that a call may be made again when its outcome is not known, and no agent asks first. What
    /// the server says of itself does not count.
    pub read_only: bool,
    /// What one call may use: `wall_us`, `argument_bytes` and `output_bytes` hold for servers. What is not named here is as
    /// `[limits]` says.
    pub limits: Option<Limits>,
    /// How many calls may run at the same time; further ones wait, within their time.
    pub calls_at_once: u32,
    /// Milliseconds that the server may take to start and to say what it offers.
    pub start_timeout_ms: u64,
}

/// What `oauth` says: the client credentials with which a token is got.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    /// Where tokens are given out.
    pub token_url: String,
    /// The name of this client.
    pub client_id: String,
    /// The secret that is the client's password.
    pub secret: String,
    /// The scopes that are asked for, separated by spaces.
    #[serde(default)]
    pub scope: Option<String>,
}

impl Default for Mcp {
    fn default() -> Self {
        Self {
            command: None,
            args: Vec::new(),
            url: None,
            env: BTreeMap::new(),
            variables: BTreeMap::new(),
            token: None,
            oauth: None,
            tools: BTreeSet::new(),
            approval: None,
            labels: None,
            sends: true,
            read_only: false,
            limits: None,
            calls_at_once: 4,
            start_timeout_ms: 30_000,
        }
    }
}

impl Mcp {
    /// Returns the names of the secrets that the server is given.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let oauth = self.oauth.as_ref().map(|oauth| oauth.secret.as_str());
        self.env.values().map(String::as_str).chain(self.token.as_deref()).chain(oauth)
    }

    /// Makes a program that is named by a relative path one beneath a folder. One without a slash is looked for in `PATH`.
    pub(super) fn anchor(&mut self, folder: &Path) {
        if let Some(command) = self.command.as_mut().filter(|command| command.contains('/')) {
            *command = anchored(folder, command);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    fn a_server_offers_nothing_and_may_send_unless_the_configuration_says_otherwise() {
        let config = Config::parse("[mcp.files]\ncommand = \"server\"").unwrap();
        let files = &config.mcp["files"];
        assert!(files.tools.is_empty() && files.sends && !files.read_only && files.labels.is_none());
        let fault = Config::parse("[mcp.files]\ncomand = \"server\"").unwrap_err();
        assert!(fault.message.contains("unknown field `comand`") && fault.message.contains("line 2"), "{fault}");
    }

    #[test]
    fn a_server_names_its_secrets() {
        let text = "[mcp.a]\nurl = \"https://h/\"\nenv = { KEY = \"one\" }\ntoken = \"two\"\n\
                    oauth = { token_url = \"https://h/t\", client_id = \"me\", secret = \"three\" }";
        let config = Config::parse(text).unwrap();
        assert_eq!(config.mcp["a"].secrets().collect::<Vec<_>>(), ["one", "two", "three"]);
    }

    #[test]
    fn a_servers_own_limits_come_before_those_of_all() {
        let config =
            Config::parse("[limits]\nwall_us = 8\n[mcp.a]\nurl = \"https://h/\"\nlimits = { output_bytes = 9 }");
        let limits = config.unwrap().mcp["a"].limits.clone().unwrap();
        assert_eq!((limits.wall_us, limits.output_bytes), (8, 9));
    }
}
