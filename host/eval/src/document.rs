//! The file of cases as it is written.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_saphyr::{DuplicateKeyPolicy, Localizer, Location, Options, Spanned, UserMessageFormatter};
use stockade::{Fault, Status};

use super::amount::Amounts;
use super::call::Call;
use super::judge::Judge;
use super::rule::Rule;

/// The longest file of cases, in bytes: a thousand cases of a page each.
pub const FILE_BYTES_MAX: usize = 4 << 20;

/// The most scalars, lists and maps of a file: a thousand cases of two hundred each.
const NODES_MAX: usize = 200_000;

/// The most that aliases repeat of a file, in the events of its parser: enough for what many cases share.
const REPEATED_MAX: usize = 20_000;

/// The most aliases of a file. Cases need few, and a few lines of aliases can stand for gigabytes.
const ALIASES_MAX: usize = 1_000;

/// How deep lists and maps may nest; an input may nest as deep in a run.
const DEPTH_MAX: usize = 64;

/// The whole file. Its keys hold for every case that does not set them itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) workflow: Option<String>,
    pub(super) agent: Option<Agent>,
    pub(super) models: Option<Models>,
    #[serde(default)]
    pub(super) budget: Amounts,
    pub(super) approve: Option<Answer>,
    pub(super) repeat: Option<u32>,
    pub(super) pass_rate: Option<u8>,
    #[serde(default)]
    pub(super) expect: Expect,
    pub(super) cases: Vec<Spanned<Written>>,
}

/// A case as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) input: Value,
    pub(super) models: Option<Models>,
    #[serde(default)]
    pub(super) budget: Amounts,
    pub(super) approve: Option<Answer>,
    pub(super) repeat: Option<u32>,
    pub(super) pass_rate: Option<u8>,
    #[serde(default)]
    pub(super) expect: Expect,
}

/// The agent whose tasks are the cases.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The registered tools that it may call.
    #[serde(default)]
    pub tools: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps_max: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Value>,
}

/// What answers in place of the models.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Models {
    /// A file of scripted answers; it is the default model.
    File(PathBuf),
    /// The folder that `eval --record` filled, or one cassette for all.
    Replay(PathBuf),
}

/// The answer that is given for a person when a run asks for an approval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The person approves.
    Yes,
    /// The person denies.
    No,
    /// Nothing: the run stays waiting.
    #[default]
    Never,
}

/// What is expected.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) status: Option<Status>,
    pub(super) error: Option<String>,
    pub(super) output: Vec<Rule>,
    pub(super) schema: Option<Value>,
    pub(super) calls: Vec<Call>,
    pub(super) never: Vec<Call>,
    pub(super) at_most: Amounts,
    pub(super) judge: Option<Judge>,
}

impl Document {
    /// Reads the text of a file of this name.
    ///
    /// # Errors
    ///
    /// The text is too long, is not YAML, is too large once its aliases are replaced, or has an unknown key. The error names
    /// the line, the case and what is allowed.
    pub(super) fn parse(text: &str, file: &str) -> Result<Self, Fault> {
        if text.len() > FILE_BYTES_MAX {
            let message = format!("\"{file}\" has {} bytes, and {FILE_BYTES_MAX} are allowed", text.len());
            return Err(Fault::invalid("eval", message));
        }
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| invalid(text, file, &error))
    }
}

/// Words such as `no` are texts: in an input, `NO` is Norway.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: NODES_MAX,
            max_events: 4 * NODES_MAX,
            max_aliases: ALIASES_MAX,
            max_anchors: ALIASES_MAX,
            max_recorded_anchor_events: 4 * NODES_MAX,
            max_recorded_anchor_bytes: FILE_BYTES_MAX,
            max_total_scalar_bytes: FILE_BYTES_MAX,
            max_merge_keys: ALIASES_MAX,
            max_depth: DEPTH_MAX,
            max_documents: 1,
            max_inclusion_depth: 0,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPEATED_MAX },
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    }
}

fn invalid(text: &str, file: &str, error: &serde_saphyr::Error) -> Fault {
    let line = error.location().map(|location| location.line());
    let place = line.map(|line| format!(", line {line}")).unwrap_or_default();
    let case = line.and_then(|line| case_at(text, line)).map(|name| format!(", case \"{name}\"")).unwrap_or_default();
    Fault::invalid("eval", format!("\"{file}\"{place}{case}: {}", plain(error)))
}

/// The error without its place, which stands before it, and without its advice to programmers.
fn plain(error: &serde_saphyr::Error) -> String {
    let formatter = UserMessageFormatter.with_localizer(&Placeless);
    let text = error.without_snippet().render_with_formatter(&formatter);
    text.lines().next().unwrap_or_default().to_owned()
}

/// Writes an error without places.
struct Placeless;

impl Localizer for Placeless {
    fn attach_location<'a>(&self, base: Cow<'a, str>, _: Location) -> Cow<'a, str> {
        base
    }

    fn alias_defined_at(&self, _: Location) -> String {
        String::new()
    }

    fn alias_used_at(&self, _: Location) -> String {
        String::new()
    }
}

/// Returns the name of the case that a line belongs to, if the file can be read so far.
fn case_at(text: &str, line: u64) -> Option<String> {
    #[derive(Deserialize)]
    struct Loose {
        cases: Vec<Spanned<Named>>,
    }
    #[derive(Deserialize)]
    struct Named {
        name: Option<String>,
    }
    let loose: Loose = serde_saphyr::from_str_with_options(text, options()).ok()?;
    let before = loose.cases.into_iter().take_while(|case| case.referenced.line() <= line);
    before.last().and_then(|case| case.value.name)
}
