//! What `stockade.toml` says.

mod apply;
mod approval;
mod concurrency;
#[cfg(feature = "postgres")]
mod database;
mod grants;
mod journal;
mod journal_place;
mod language;
mod mcp;
#[cfg_attr(not(feature = "memory"), path = "off/memory.rs")]
mod memory;
#[cfg_attr(not(feature = "models"), path = "off/model.rs")]
mod model;
mod notify;
mod openapi;
mod problem;
mod retry;
mod sandbox;
mod schedule;
mod secret;
mod server;
pub(crate) mod shared_budget;
mod skills;
mod telemetry;
mod tool;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use stockade_patterns::Pattern;
use stockade_sandbox::Limits;
use stockade_workflow::{Fault, Kind};
use toml::de::{DeTable, DeValue, ValueDeserializer};
use toml::{Deserializer, Spanned};

pub use approval::Approval;
pub use concurrency::Concurrency;
pub use grants::Grants;
pub use journal::{Encryption, Journal};
pub use language::{Code, Language};
pub use mcp::{Mcp, OAuth};
pub use memory::Memory;
#[cfg(feature = "memory")]
pub use memory::{Embedding, Provider};
#[cfg(feature = "models")]
pub use model::By;
pub use model::Model;
pub(crate) use model::default_model;
pub use notify::{Notify, Occasion};
pub use openapi::OpenApi;
pub use problem::Problem;
use problem::line_at;
pub use retry::{Breaker, Retry};
pub(crate) use retry::{DRIVEN_MS_MAX, PARKED_MAX, on as retried};
pub use sandbox::Sandbox;
pub use schedule::{CatchUp, Overlap, Schedule};
pub use secret::Secret;
pub(crate) use secret::key_of;
pub use server::{ByRole, Oidc, Rate, RoleLimits, Server, Tls};
pub use shared_budget::{By as SharedBy, Limit as SharedLimit, Per, SharedBudget};
pub use skills::Skills;
pub use telemetry::Telemetry;
pub use tool::{Asking, Tool};

use crate::{Result, file};

/// The longest configuration: it is written by hand.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// What an error says of a secret that is written down.
const NEVER_WRITTEN: &str = "is never written in the configuration";

/// What `stockade.toml` says. What it leaves out has its default; an unknown key is an error.
///
/// It is only read here: [`Builder::configured`](crate::Builder::configured) does what it says, and the program that
/// builds the host looks up the values of the secrets that it names.
///
/// ```
/// let config = stockade::Config::parse(r#"
///     [workflow.thinker]
///     pattern = "chain_of_thought"
/// "#)?;
/// assert!(config.workflow.contains_key("thinker"));
/// # Ok::<(), stockade::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The workflows that are made of a pattern, by name, and the settings of those that the program brings.
    pub workflow: BTreeMap<String, Pattern>,
    /// Where runs are kept.
    pub journal: Journal,
    /// What holds for each run.
    pub run: Run,
    /// How many runs are driven at the same time.
    pub concurrency: Concurrency,
    /// How all tools and code are run.
    pub sandbox: Sandbox,
    /// What one call may use where its tool sets no limit of its own.
    pub limits: Option<Limits>,
    /// Where tools come from that have no table of their own.
    pub tools: Tools,
    /// The tools, by name.
    pub tool: BTreeMap<String, Tool>,
    /// Servers of the Model Context Protocol, each with tools that are functions of a tool of its name.
    pub mcp: BTreeMap<String, Mcp>,
    /// Services that documents of OpenAPI describe, each a tool, by name.
    pub openapi: BTreeMap<String, OpenApi>,
    /// Agent Skills.
    pub skills: Skills,
    /// The models, by name.
    pub model: BTreeMap<String, Model>,
    /// The long-term memory.
    pub memory: Memory,
    /// Where spans, metrics and logs of OpenTelemetry go.
    pub telemetry: Telemetry,
    /// Languages for agent-written code, beside the built-in ones, by name.
    pub language: BTreeMap<String, Language>,
    /// What agent-written code may use.
    pub code: Code,
    /// Budgets that many runs share, by name.
    pub budget: BTreeMap<String, SharedBudget>,
    /// Who is told that runs need a person, by name.
    pub notify: BTreeMap<String, Notify>,
    /// Workflows that are started by themselves, by name.
    pub schedule: BTreeMap<String, Schedule>,
    /// How the server listens, and whom it knows.
    pub server: Server,
    /// Where the value of each secret is, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// The people who have each role, by its name: who may decide where a tool's `approval` wants a role.
    pub roles: BTreeMap<String, BTreeSet<String>>,
    /// The file that says all this, if it is one.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// The workflows that have settings and no pattern: the host's program brings them, and reads those
    /// [`settings`](Self::settings).
    #[serde(skip)]
    pub own: BTreeSet<String>,
    /// The text that says all this.
    #[serde(skip)]
    pub text: String,
}

/// What `[run]` says.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// The longest that a run may take from its start to its end, in milliseconds, its waits included; then it has failed. A run
    /// that is started with a deadline of its own has that one.
    pub deadline_ms: Option<u64>,
}

/// What `[tools]` says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tools {
    /// A folder in which each `NAME.wasm` is the tool NAME. Such a tool has no grants unless `[tool.NAME]` gives it
    /// some.
    pub folder: Option<PathBuf>,
    /// Names of registries, and of the hosts that they send to, that may be on a private network.
    pub private_hosts: Vec<String>,
}

impl Config {
    /// Reads a configuration's text.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`], with the line and the value that does not fit.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |error| invalid(text, &error);
        let mut document = DeTable::parse(text).map_err(invalid)?;
        let own = without_pattern(&mut document).into_keys().collect();
        let config = Self::deserialize(Deserializer::from(document)).map_err(invalid)?;
        let mut config = Self { own, text: text.to_owned(), ..config };
        config.inherit(&toml::from_str(text).map_err(invalid)?).map_err(invalid)?;
        Ok(config)
    }

    /// Reads the settings of a workflow that the host's program brings: what `[workflow.NAME]` says, or the default.
    ///
    /// # Errors
    ///
    /// As [`Config::parse`], where they do not fit the type.
    pub fn settings<T: DeserializeOwned + Default>(&self, workflow: &str) -> Result<T> {
        self.read_settings(workflow).map_err(|error| self.named(invalid(&self.text, &error)))
    }

    fn read_settings<T: DeserializeOwned + Default>(&self, workflow: &str) -> Result<T, toml::de::Error> {
        let mut document = DeTable::parse(&self.text)?;
        let Some(settings) = without_pattern(&mut document).remove(workflow) else { return Ok(T::default()) };
        T::deserialize(ValueDeserializer::from(settings))
    }

    /// Says in which file a fault is.
    fn named(&self, fault: Fault) -> Fault {
        match &self.file {
            Some(file) => fault.reworded(|why| format!("{}: {why}", file.display())),
            None => fault,
        }
    }

    /// Fills in from `[limits]` the limits that a tool or a server with limits of its own leaves out. In the limits that were
    /// read, what was left out is the default already; so this takes the text's own tables.
    fn inherit(&mut self, text: &toml::Table) -> Result<(), toml::de::Error> {
        let Some(all) = text.get("limits").and_then(toml::Value::as_table) else { return Ok(()) };
        let tools = self.tool.iter_mut().map(|(name, tool)| ("tool", name, &mut tool.limits));
        let servers = self.mcp.iter_mut().map(|(name, server)| ("mcp", name, &mut server.limits));
        for (section, name, limits) in tools.chain(servers) {
            let own = text.get(section).and_then(|tables| tables.get(name)).and_then(|table| table.get("limits"));
            if let Some(own) = own.and_then(toml::Value::as_table) {
                let mut merged = all.clone();
                merged.extend(own.clone());
                *limits = Some(merged.try_into()?);
            }
        }
        Ok(())
    }

    /// Reads a configuration file. Relative paths in it are relative to its folder.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where it is not there, [`Kind::Invalid`] where it is not a file of text, else as
    /// [`Config::parse`].
    pub fn load(path: &Path) -> Result<Self> {
        let text = text_of(path)?;
        let named = |fault: Fault| fault.reworded(|why| format!("{}: {why}", path.display()));
        let mut config = Self::parse(&text).map_err(named)?;
        // In full, so that the same file is the same grant from wherever it is named: approvals are bound to grants.
        let folder = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        config.anchor(folder.parent().unwrap_or(Path::new("")));
        config.file = Some(folder);
        Ok(config)
    }

    /// Returns the files that no tool may be granted: this one, and those of secrets.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let secrets = self.secrets.values().filter_map(|secret| match secret {
            Secret::File(path) => Some(path.as_path()),
            Secret::Env(_) => None,
        });
        let key = self.server.tls.as_ref().map(|tls| tls.key.as_path());
        secrets.chain(key).chain(self.file.as_deref())
    }

    /// Returns what no tool may write besides: the folders of tools and skills, documents of services, and scripts that answer
    /// for models.
    pub(crate) fn believed(&self) -> impl Iterator<Item = &Path> {
        let scripts = self.model.values().filter_map(Model::script);
        let documents = self.openapi.values().filter_map(OpenApi::file);
        scripts
            .chain(self.tools.folder.as_deref())
            .chain(documents)
            .chain(self.skills.folders.iter().map(PathBuf::as_path))
    }

    /// Makes relative paths relative to a folder.
    fn anchor(&mut self, folder: &Path) {
        if let Some(tools) = &mut self.tools.folder {
            *tools = folder.join(&tools);
        }
        self.tool.values_mut().for_each(|tool| tool.anchor(folder));
        self.skills.anchor(folder);
        self.openapi.values_mut().for_each(|service| service.anchor(folder));
        self.language.values_mut().for_each(|language| language.anchor(folder));
        self.mcp.values_mut().for_each(|server| server.anchor(folder));
        self.model.values_mut().for_each(|model| model.anchor(folder));
        self.journal.anchor(folder);
        self.memory.anchor(folder);
        self.server.anchor(folder);
        self.secrets.values_mut().for_each(|secret| secret.anchor(folder));
    }
}

fn text_of(path: &Path) -> Result<String> {
    file::read_text(path, FILE_BYTES_MAX).map_err(|error| {
        let message = format!("the configuration \"{}\" cannot be read: {error}", path.display());
        Fault::new(Kind::of_file(&error), message).detail("config")
    })
}

/// Takes the workflows out of a document that have settings and no pattern.
fn without_pattern<'a>(document: &mut Spanned<DeTable<'a>>) -> BTreeMap<String, Spanned<DeValue<'a>>> {
    let Some(workflows) = document.get_mut().get_mut("workflow") else { return BTreeMap::new() };
    let DeValue::Table(workflows) = workflows.get_mut() else { return BTreeMap::new() };
    let is_own =
        |table: &Spanned<DeValue>| table.get_ref().as_table().is_some_and(|table| !table.contains_key("pattern"));
    let own: Vec<_> = workflows.iter().filter(|(_, table)| is_own(table)).map(|(name, _)| name.clone()).collect();
    own.into_iter().filter_map(|name| Some((name.get_ref().to_string(), workflows.remove(&name)?))).collect()
}

fn invalid(text: &str, error: &toml::de::Error) -> Fault {
    Fault::invalid("config", format!("the configuration is not valid: {}", located(text, error)))
}

fn anchored(folder: &Path, path: &str) -> String {
    folder.join(path).to_string_lossy().into_owned()
}

/// What is wrong and where, in one line: TOML's own text draws the place over several.
///
/// It shows the line's number and its key and never a value, nor a piece of one: a line that is wrong may have a secret in
/// it, under any name, and errors are copied to where others read.
fn located(text: &str, error: &toml::de::Error) -> String {
    let (line, what) = placed(text, error);
    format!("line {line}{what}")
}

/// The number of the line, and what follows it in [`located`].
fn placed(text: &str, error: &toml::de::Error) -> (usize, String) {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let number = line_at(text, before.len());
    let key = text.lines().nth(number - 1).and_then(|line| key(before, line)).unwrap_or_default();
    let message = without_values(text, &error.message().replace('\n', "; "));
    (number, format!("{key}: {message}"))
}

/// Returns what stands before the value of a line, as an error shows it. In the midst of a text over several lines there
/// may be anything.
fn key(before: &str, line: &str) -> Option<String> {
    let line = line.trim();
    let shown = match line.split_once('=') {
        Some((key, _)) => format!("{key}= …"),
        None if line.starts_with('[') && line.ends_with(']') => line.to_owned(),
        None => return None,
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.[]{}=… ".contains(c);
    let is_text = ["\"\"\"", "'''"].iter().any(|quotes| before.contains(quotes));
    (!is_text && shown.chars().all(is_plain)).then(|| format!(", \"{shown}\""))
}

/// Puts a mark in place of what a message quotes of the configuration's values. What it says of what was expected is the
/// program's own text.
fn without_values(text: &str, message: &str) -> String {
    if ["unknown field", "missing field", "duplicate field"].iter().any(|what| message.starts_with(what)) {
        // It speaks of keys alone.
        return message.to_owned();
    }
    // A configuration that cannot even be read as TOML is complained of without its values.
    let values = toml::from_str::<toml::Table>(text).map(|table| scalars(&table.into())).unwrap_or_default();
    let mut message = message.to_owned();
    for value in values.iter().filter(|value| !value.is_empty()) {
        message = message.replace(&format!("{value:?}"), "\"…\"").replace(&format!("\"{value}\""), "\"…\"");
    }
    let own = [", expected", "; write", "; name", "; enable"].iter().filter_map(|own| message.find(own)).min();
    let (said, own) = message.split_at(own.unwrap_or(message.len()));
    let mut said = said.to_owned();
    for quote in ['"', '`'] {
        let is_shown = |(at, piece): &(usize, &str)| at % 2 == 0 || !values.iter().any(|value| value.contains(*piece));
        let pieces = said.split(quote).enumerate().map(|part| if is_shown(&part) { part.1 } else { "…" });
        said = pieces.collect::<Vec<_>>().join(&quote.to_string());
    }
    said + own
}

/// The values that are not made of others, as texts.
fn scalars(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::Table(table) => table.values().flat_map(scalars).collect(),
        toml::Value::Array(values) => values.iter().flat_map(scalars).collect(),
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Integer(number) => vec![number.to_string()],
        toml::Value::Float(number) => vec![format!("{number:?}")],
        toml::Value::Datetime(time) => vec![time.to_string()],
        toml::Value::Boolean(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use stockade_workflow::{Grant, Quota};

    use super::*;
    use crate::Source;

    #[test]
    fn languages_and_what_code_may_use() {
        let text = "[language.lua]\ncomponent = \"lua.wasm\"\n[code]\nclock = \"real\"\n[code.limits]\nfuel = 7";
        let config = Config::parse(text).unwrap();
        assert!(matches!(config.language["lua"].source(), Source::File(path) if path == Path::new("lua.wasm")));
        assert_eq!(config.code.clock, Some(grants::Real::Real));
        let limits = config.code.limits.unwrap();
        assert_eq!(
            (limits.fuel, limits.memory_bytes),
            (7, crate::code_limits().memory_bytes),
            "the rest is code's default"
        );
        let fault = Config::parse("[language.lua]\ndigest = \"sha256:00\"").unwrap_err();
        assert_eq!(fault.detail.as_deref(), Some("config"));
        assert!(Config::parse("[code.limits]\nfeul = 7").is_err());
        assert!(Config::parse("[code]\nclock = \"virtual\"").is_err());
        let code = Config::parse("[code]\nsession_cells = 9\nsession_wait_ms = 5").unwrap().code;
        let sessions = code.sessions(crate::SessionLimits::default());
        assert_eq!((sessions.cells, sessions.wait.as_millis(), sessions.waiting), (9, 5, 64));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        for (text, says) in [
            ("[tols]", "unknown field `tols`"),
            ("[tools]\nfolders = \"x\"", "line 2, \"folders = …\": unknown field `folders`, expected `folder` or"),
            ("[tool.a]\ncomponnent = \"x\"", "line 2, \"componnent = …\": unknown field `componnent`"),
            ("[tool.a]\ncomponent = 3", "line 2, \"component = …\": invalid type: integer `…`, expected a string"),
            ("[tool.a]\ncomponent = \"oci://payments:1\"", "it names no registry"),
            ("[tool.a]\ncomponent = \"oci://h.io/Upper\"", "\"…\" is not a reference"),
            ("[tool.a]\ncomponent = \"oci://h.io/x@sha512:00000000000000000000000000000000\"", "is not a reference"),
            ("[tool.a]\n\ndigest = \"sha256:12\"", "line 3, \"digest = …\": \"…\" is not a digest"),
            ("[tool.a]\nlimits = { feul = 1 }", "unknown field `feul`"),
            ("[tool.a]\nlimits = { fuel = -1 }", "line 2"),
            ("[tool.a.grants]\nsqll = []", "unknown field `sqll`"),
            ("[tool.a.grants]\nsql = [{ name = \"s\" }]", "missing field `url`"),
            ("[tool.a.grants]\nsql = [{ nam = \"name\" }]", "line 2, \"sql = …\": unknown field `nam`"),
            (
                "[tool.a.grants]\nsql = [{ name = \"s\", url = \"mysql:x\" }]",
                "\"…\" is not a database; write sqlite:PATH or",
            ),
            (
                "[tool.a.grants]\nsql = [{ name = \"s\", url = \"sqlite:x\", access = \"rw\" }]",
                "unknown variant `…`, expected",
            ),
            ("[tool.a.grants]\nfs = [{ path = \".\", at = \"data\" }]", "\"…\" is not where a guest can find it"),
            ("[tool.a.grants]\nfs = [{ path = \".\", at = \"/d\", quota = { byts = 1 } }]", "unknown field `byts`"),
            ("[tool.a.grants]\nhttp = [{ allow = \"https://h/\" }]", "\"…\" is not a request; write METHOD"),
            ("[tool.a.grants]\nhttp = [{ allow = \"GET ftp://h/\" }]", "\"…\" is not a request"),
            ("[tool.a.grants]\nclock = \"virtual\"", "unknown variant `…`, expected `real`"),
            ("[tool.a.grants]\nlog = \"yes\"", "line 2, \"log = …\": invalid type"),
            ("[tool.a.grants]\nconfig = { retries = 3 }", "invalid type: integer"),
        ] {
            let fault = Config::parse(text).unwrap_err();
            assert!(fault.message.contains(says), "{text}\n{fault}");
            assert!(fault.message.starts_with("the configuration is not valid: line "), "{fault}");
        }
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
            // Where a reader would not look for one.
            "secrets = { stripe = \"sk_live\" }",
            "secrets = \"sk_live\"",
            "secrets.stripe = \"sk_live\"",
            "secrets = [\n  \"sk_live\",\n]",
            "secret.stripe = \"sk_live\"",
            "[secert]\nstripe = \"sk_live\"",
            "api_key = \"sk_live\"",
            "api_key = sk_live",
            "api_key = \"sk_live",
            "api_key = 'sk_live",
            "sk_live",
            "\"sk_live=\"",
            "[sk_live",
            "api_key = { value = \"sk_live\", nr = sk_live }",
            "pem = \"\"\"\nsk_live==\nsk_live = 3\n",
            "pem = \"\"\"\nsk_live= \\q\n\"\"\"",
            "[tool.a]\napi_key = \"sk_live\"",
            "[tool.a]\ncomponent = \"oci://h.io/x@sk_live\"",
            "[tool.a]\ncomponent = [\"sk_live\"]",
            "[tool.a]\ndigest = \"sk_live\"",
            "[tool.a]\nidempotent = \"sk_live\\\"x\"",
            "[tool.a]\nlimits = { fuel = \"sk_live\" }",
            "[tool.a]\nlimits = \"sk_live\"",
            "[tool.a]\nlimits = \"sk_live, expected sk_live\"",
            "[tool.a.grants]\nclock = \"sk_live\"",
            "[tool.a.grants]\nfs = [{ path = \".\", at = \"sk_live\" }]",
            "[tool.a.grants]\nsecrets = [\"sk_live\"]",
            "[tool.a.grants]\nsecrets = { stripe = \"sk_live\" }",
            "[tool.a.grants]\nsql = [{ name = \"s\", url = \"sk_live\" }]",
            "[tool.a.grants]\nconfig = { key = [\"sk_live\"] }",
        ] {
            let fault = Config::parse(text).unwrap_err();
            assert!(!fault.message.contains("sk_live"), "{text}\n{fault}");
            assert!(!fault.message.contains("sk_"), "{text}\n{fault}");
            assert!(fault.message.contains("line "), "{fault}");
        }
        let fault = Config::parse("[tool.a.grants]\nlog = 4711").unwrap_err();
        assert!(!fault.message.contains("4711"), "{fault}");
        let fault = Config::parse("api_key = \"sk_live\"").unwrap_err();
        assert!(fault.message.contains("line 1, \"api_key = …\": unknown field `api_key`, expected"), "{fault}");
        let fault = Config::parse("[secrets]\nstripe = \"sk_live\"").unwrap_err();
        assert_eq!(
            fault.message,
            "the configuration is not valid: line 2, \"stripe = …\": a secret's value is never written in the \
             configuration; write { env = \"VARIABLE\" } or { file = \"PATH\" }"
        );
    }

    #[test]
    fn a_tools_own_limits_come_before_those_of_all() {
        let config = Config::parse(
            "[limits]\nfuel = 7\nwall_us = 8\n[tool.a]\nlimits = { fuel = 50_000_000 }\n[tool.b]\nidempotent = true",
        )
        .unwrap();
        let all = Limits::default().fuel(7).wall_us(8);
        assert_eq!(config.limits, Some(all.clone()));
        assert_eq!(config.tool["a"].limits, Some(all.fuel(50_000_000)));
        assert_eq!(config.tool["b"].limits, None);
        let fault = Config::parse("[limits]\nfeul = 7").unwrap_err();
        assert!(fault.message.contains("line 2, \"feul = …\": unknown field `feul`"), "{fault}");
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
            sql = [
                { name = "shop", url = "sqlite:shop.db" },
                { name = "pg", url = "postgres://me@h/db", access = "read-write", password = "pg" },
            ]
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
        let grants = tool.grants.as_ref().unwrap();
        assert_eq!(
            grants.all(),
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
        assert_eq!(grants.secrets().collect::<Vec<_>>(), ["pg", "stripe"]);
        assert!(tool.idempotent == Some(true) && tool.digest.is_some());
        assert_eq!(tool.limits.as_ref().map(|limits| limits.fuel), Some(7));
        let Some(Source::File(path)) = &tool.component else { panic!("{tool:?}") };
        assert_eq!(path, Path::new("/etc/stockade/payments.wasm"));
        assert!(matches!(&config.tool["greet"].component, Some(Source::Oci(text)) if text.ends_with("/greet:1.0")));
        assert_eq!(config.tools.folder, Some("/etc/stockade/tools".into()));
        assert_eq!(config.secrets["pg"], Secret::File("/etc/stockade/pg.txt".into()));
    }
}
