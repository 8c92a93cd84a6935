//! What `stockade.toml` says.

mod grants;
mod secret;
mod tool;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use stockade_workflow::{Cents, Fault, Kind, refund};

pub use grants::Grants;
pub use secret::Secret;
pub use tool::Tool;

use crate::Result;

/// What an error says of a secret that is written down. It marks the errors that must not repeat their line, too.
const NEVER_WRITTEN: &str = "is never written in the configuration";

/// What `stockade.toml` says. What it does not say is the default; what nobody knows is an error.
///
/// It is only read here: [`Builder::configured`](crate::Builder::configured) does what it says, and whoever builds the
/// host looks up the values of the secrets that it names.
///
/// ```
/// let config = stockade::Config::parse(r#"
///     [workflow.refund]
///     window_days = 14
///     approval_above = "$50.00"
/// "#)?;
/// assert_eq!(config.workflow.refund.window_days, 14);
/// # Ok::<(), stockade::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The settings of each workflow.
    pub workflow: Workflows,
    /// Where tools come from that are not named one by one.
    pub tools: Tools,
    /// The tools, by name.
    pub tool: BTreeMap<String, Tool>,
    /// Where the values of secrets are, by name.
    pub secrets: BTreeMap<String, Secret>,
}

/// What `[tools]` says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tools {
    /// A folder in which each `NAME.wasm` is the tool NAME, with nothing granted unless `[tool.NAME]` does.
    pub folder: Option<PathBuf>,
}

/// The settings of the workflows that come with Stockade.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Workflows {
    /// The two numbers of the refund policy.
    pub refund: Refund,
}

/// The rules of the refund workflow.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refund {
    /// The oldest purchase that may be refunded, in days.
    pub window_days: u32,
    /// The largest refund that is made without asking a person, as `"$100.00"`.
    #[serde(deserialize_with = "dollars")]
    pub approval_above: Cents,
}

impl Default for Refund {
    fn default() -> Self {
        let refund::Rules { window_days, approval_above } = refund::Rules::default();
        Self { window_days, approval_above }
    }
}

impl From<Refund> for refund::Refund {
    fn from(Refund { window_days, approval_above }: Refund) -> Self {
        Self { rules: refund::Rules { window_days, approval_above } }
    }
}

impl Config {
    /// Reads a configuration's text.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`], with the line and the value that does not fit.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            Fault::invalid("config", format!("the configuration is not valid: {}", located(text, &error)))
        })
    }

    /// Reads a configuration file. Relative paths in it are relative to its folder.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where it cannot be read, else as [`Config::parse`].
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("the configuration \"{}\" cannot be read: {error}", path.display());
            Fault::new(Kind::NotFound, message).detail("config")
        })?;
        let config = Self::parse(&text);
        let mut config =
            config.map_err(|fault| Fault { message: format!("{}: {}", path.display(), fault.message), ..fault })?;
        // In full, so that the same file is the same grant from wherever it is named: approvals are bound to grants.
        let folder = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        config.anchor(folder.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Makes relative paths relative to a folder.
    fn anchor(&mut self, folder: &Path) {
        if let Some(tools) = &mut self.tools.folder {
            *tools = folder.join(&tools);
        }
        self.tool.values_mut().for_each(|tool| tool.anchor(folder));
        self.secrets.values_mut().for_each(|secret| secret.anchor(folder));
    }
}

fn anchored(folder: &Path, path: &str) -> String {
    folder.join(path).to_string_lossy().into_owned()
}

/// What is wrong and where, in one line: TOML's own text draws the place over several.
fn located(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let number = before.matches('\n').count();
    let line = text.lines().nth(number).unwrap_or_default().trim();
    let message = error.message().replace('\n', "; ");
    let is_secret = message.contains(NEVER_WRITTEN) || may_hold_secret(before, line);
    let shown = if is_secret { line.split_inclusive('=').next().unwrap_or_default() } else { line };
    let cut = if shown.len() < line.len() { " …" } else { "" };
    format!("line {}, \"{shown}{cut}\": {message}", number + 1)
}

/// Whoever gets the line of an error wrong may have written a secret in it, and errors are copied to where others read.
fn may_hold_secret(before: &str, line: &str) -> bool {
    let section = before.lines().rfind(|line| line.trim_start().starts_with('[')).unwrap_or_default();
    section.trim().starts_with("[secrets") || ["value", "password", "@"].iter().any(|word| line.contains(word))
}

fn dollars<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Cents, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use stockade_workflow::{Grant, Quota};

    use super::*;
    use crate::Source;

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        for (text, says) in [
            ("[workflow.refund]\nwindow_days = -1", "window_days = -1"),
            ("[workflow.refund]\napproval_above = \"cheap\"", "\"cheap\" is not an amount"),
            ("[workflow.refund]\nwindow = 3", "unknown field `window`"),
            ("[tols]", "unknown field `tols`"),
            ("[tools]\nfolders = \"x\"", "line 2, \"folders = \"x\"\": unknown field `folders`"),
            ("[tool.a]\ncomponnent = \"x\"", "line 2, \"componnent = \"x\"\": unknown field `componnent`"),
            ("[tool.a]\ncomponent = 3", "line 2, \"component = 3\": invalid type: integer `3`"),
            ("[tool.a]\ncomponent = \"oci://payments:1\"", "it names no registry"),
            ("[tool.a]\ncomponent = \"oci://h.io/Upper\"", "\"oci://h.io/Upper\" is not a reference"),
            ("[tool.a]\ncomponent = \"oci://h.io/x@sha512:00000000000000000000000000000000\"", "is not a reference"),
            ("[tool.a]\n\ndigest = \"sha256:12\"", "line 3, \"digest = \"sha256:12\"\": \"sha256:12\" is not a digest"),
            ("[tool.a]\nlimits = { feul = 1 }", "unknown field `feul`"),
            ("[tool.a]\nlimits = { fuel = -1 }", "line 2"),
            ("[tool.a.grants]\nsqll = []", "unknown field `sqll`"),
            ("[tool.a.grants]\nsql = [{ name = \"s\" }]", "missing field `url`"),
            ("[tool.a.grants]\nsql = [{ name = \"s\", url = \"mysql:x\" }]", "\"mysql:x\" is not a database"),
            ("[tool.a.grants]\nsql = [{ name = \"s\", url = \"sqlite:x\", access = \"rw\" }]", "unknown variant `rw`"),
            ("[tool.a.grants]\nfs = [{ path = \".\", at = \"data\" }]", "\"data\" is not where a guest can find it"),
            ("[tool.a.grants]\nfs = [{ path = \".\", at = \"/d\", quota = { byts = 1 } }]", "unknown field `byts`"),
            ("[tool.a.grants]\nhttp = [{ allow = \"https://h/\" }]", "\"https://h/\" is not a request"),
            ("[tool.a.grants]\nhttp = [{ allow = \"GET ftp://h/\" }]", "\"GET ftp://h/\" is not a request"),
            ("[tool.a.grants]\nclock = \"virtual\"", "unknown variant `virtual`, expected `real`"),
            ("[tool.a.grants]\nlog = \"yes\"", "line 2, \"log = \"yes\"\": invalid type"),
            ("[tool.a.grants]\nconfig = { retries = 3 }", "invalid type: integer `3`"),
        ] {
            let fault = Config::parse(text).unwrap_err();
            assert!(fault.message.contains(says), "{text}\n{fault}");
            assert!(fault.message.starts_with("the configuration is not valid: line "), "{fault}");
        }
        assert_eq!(Config::parse("").unwrap().workflow.refund.window_days, 30);
    }

    /// Errors travel to terminals, logs and issue trackers.
    #[test]
    fn a_secret_that_is_written_down_is_refused_and_not_repeated() {
        for text in [
            "[secrets]\nstripe = \"sk_live\"",
            "[secrets]\nstripe = { value = \"sk_live\" }",
            "[secrets]\nstripe = { env = \"A\", file = \"sk_live\" }",
            "[secrets]\nstripe = sk_live",
            "[secrets.stripe]\nenv = 1\nsk_live = 2",
            "[tool.a.grants]\nsecrets = [{ name = \"stripe\", host = \"h\", header = \"h\", value = \"sk_live\" }]",
            "[tool.a.grants]\nsecrets = [{ name = \"stripe\", value = \"sk_live\" }]",
            "[tool.a.grants]\nsql = [{ name = \"s\", url = \"postgres://me:sk_live@h/db\" }]",
            "[tool.a.grants]\nsql = [{ name = \"s\", url = \"postgres://h/db?password=sk_live\" }]",
            "[tool.a.grants]\nhttp = [{ allow = \"GET https://me:sk_live@h/\" }]",
        ] {
            let fault = Config::parse(text).unwrap_err();
            assert!(!fault.message.contains("sk_live"), "{text}\n{fault}");
            assert!(fault.message.contains("line "), "{fault}");
        }
        let fault = Config::parse("[secrets]\nstripe = \"sk_live\"").unwrap_err();
        assert_eq!(
            fault.message,
            "the configuration is not valid: line 2, \"stripe = …\": a secret's value is never written in the \
             configuration; write { env = \"VARIABLE\" } or { file = \"PATH\" }"
        );
    }

    #[test]
    fn a_tool_is_read_with_all_its_grants() {
        let text = r#"
            [tools]
            folder = "tools"
            [tool.payments]
            component = "payments.wasm"
            digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            idempotent = true
            limits = { fuel = 7 }
            [tool.payments.grants]
            sql = [{ name = "shop", url = "sqlite:shop.db" }, { name = "pg", url = "postgres://me@h/db", access = "read-write", password = "pg" }]
            fs = [{ path = "data", at = "/data", access = "read-write", quota = { bytes = 9 } }]
            http = [{ allow = "POST https://api.stripe.com/v1/refunds", addresses = ["127.0.0.1"] }]
            secrets = [{ name = "stripe", host = "api.stripe.com", header = "authorization" }]
            kv = [{ bucket = "b", path = "b.db" }]
            config = { currency = "usd" }
            clock = "real"
            random = "real"
            log = true
            [tool.greet]
            component = "oci://ghcr.io/acme/greet:1.0"
            [secrets]
            stripe = { env = "STRIPE_KEY" }
            pg = { file = "pg.txt" }
        "#;
        let mut config = Config::parse(text).unwrap();
        config.anchor(Path::new("/etc/stockade"));
        let tool = &config.tool["payments"];
        assert_eq!(
            tool.grants.all(),
            [
                Grant::sql("shop", "sqlite:/etc/stockade/shop.db"),
                Grant::sql("pg", "postgres://me@h/db").writable().password("pg"),
                Grant::fs("/etc/stockade/data", "/data").writable().quota(Quota { bytes: 9, ..Quota::default() }),
                Grant::http("POST https://api.stripe.com/v1/refunds").addresses(["127.0.0.1"]),
                Grant::secret("stripe", "api.stripe.com", "authorization"),
                Grant::kv("b", "/etc/stockade/b.db"),
                Grant::config("currency", "usd"),
                Grant::Clock,
                Grant::Random,
                Grant::Log,
            ]
        );
        assert_eq!(tool.grants.secrets().collect::<Vec<_>>(), ["pg", "stripe"]);
        assert!(tool.idempotent && tool.digest.is_some());
        assert_eq!(tool.limits.as_ref().map(|limits| limits.fuel), Some(7));
        let Some(Source::File(path)) = &tool.component else { panic!("{tool:?}") };
        assert_eq!(path, Path::new("/etc/stockade/payments.wasm"));
        assert!(matches!(&config.tool["greet"].component, Some(Source::Oci(text)) if text.ends_with("/greet:1.0")));
        assert_eq!(config.tools.folder, Some("/etc/stockade/tools".into()));
        assert_eq!(config.secrets["pg"], Secret::File("/etc/stockade/pg.txt".into()));
    }
}
