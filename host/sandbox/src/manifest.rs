use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use stockade_workflow::json::{self, Bounds};
use stockade_workflow::{Capability, Fault};
use wasm_encoder::{ComponentSection as _, CustomSection};

use crate::imports::capability;
use crate::quote::beginning;
use crate::sections::Sections;
use crate::{Docs, Result, Snippet};

/// The custom section in which a manifest travels.
const SECTION: &str = "stockade:tool";
/// The version of the format. A reader refuses every other one, for it cannot know what an unknown field would mean.
const FORMAT: u32 = 1;
/// A manifest is read at each start and shown to people and models; that of a tool of fifty functions has 30 KB.
const SECTION_BYTES_MAX: usize = 256 << 10;
/// A name stands in lines of configuration and in messages.
const NAME_CHARS_MAX: usize = 64;
/// A description, a reason or a comment is prose, not a document.
const TEXT_BYTES_MAX: usize = 8 << 10;
/// Each example is a call that `tool test` makes.
const EXAMPLES_MAX: usize = 100;

/// What a component says of itself, in a custom section that `stockade tool pack` writes.
///
/// It grants nothing. What it asks for narrows what its imports could reach, and what it describes is its author's word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format, which is 1.
    pub format: u32,
    /// The tool's own name, as in `purchases`; the operator may add it under another one.
    pub name: String,
    /// The version of the tool, as in `0.1.0`.
    pub version: String,
    /// What the tool does, in a sentence or two.
    pub description: String,
    /// The capabilities that it asks for, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asks: BTreeMap<Capability, String>,
    /// Calls with their answers, which show how it is used and can be tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// The code that it runs, where it is code that an agent wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Snippet>,
    /// What its WIT says.
    #[serde(default, skip_serializing_if = "Docs::is_empty")]
    pub docs: Docs,
}

/// A manifest as its author writes it: what can be read off the component is not in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    tool: WrittenTool,
    #[serde(default)]
    asks: BTreeMap<Capability, String>,
    #[serde(default)]
    examples: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTool {
    name: String,
    version: String,
    description: String,
}

/// A call with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The function, as in `find` or `purchases.find`.
    pub function: String,
    /// The arguments, an object.
    #[serde(default = "no_arguments")]
    pub arguments: Value,
    /// The answer; without one it is null.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub output: Value,
    /// A part of the message with which the call must fail, where it must.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub error: Option<String>,
}

fn no_arguments() -> Value {
    Value::Object(serde_json::Map::new())
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

impl Manifest {
    /// Creates a manifest that asks for nothing.
    pub fn new(name: impl Into<String>, version: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            format: FORMAT,
            name: name.into(),
            version: version.into(),
            description: description.into(),
            asks: BTreeMap::new(),
            examples: Vec::new(),
            code: None,
            docs: Docs::default(),
        }
    }

    /// Reads what an author writes: `tool.toml`, with `[tool]`, `[asks]` and `[[examples]]`.
    ///
    /// # Errors
    ///
    /// The text is not TOML, or has an unknown field; the message has the line.
    pub fn from_toml(text: &str) -> Result<Self> {
        let written: Written = toml::from_str(text).map_err(|error| {
            let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            Fault::invalid("manifest", format!("line {line}: {}", error.message().replace('\n', "; ")))
        })?;
        let Written { tool, asks, examples } = written;
        Ok(Self { asks, examples, ..Self::new(tool.name, tool.version, tool.description) })
    }

    /// Reads the manifest of a component, if it has one.
    ///
    /// # Errors
    ///
    /// There are two, or it is damaged, too large, of another format, or not true of the component.
    pub fn read(component: &[u8]) -> Result<Option<Self>> {
        let sections = Sections::read(component)?;
        let mut manifests = sections.custom.iter().filter(|section| section.name == SECTION);
        match (manifests.next(), manifests.next()) {
            (None, _) => Ok(None),
            (Some(section), None) => Self::parse(section.data, &sections).map(Some),
            (Some(_), Some(_)) => Err(wrong("there are two")),
        }
    }

    /// Returns the component with this manifest in it, in place of any earlier one.
    ///
    /// # Errors
    ///
    /// The bytes are not a component, or the manifest is not true of it: it asks for what is not imported, a field is
    /// empty or too long, an example calls what is not there.
    pub fn pack(&self, component: &[u8]) -> Result<Vec<u8>> {
        let sections = Sections::read(component)?;
        let data = serde_json::to_vec(self).map_err(|error| wrong(&error.to_string()))?;
        Self::parse(&data, &sections)?;
        let mut packed = Vec::with_capacity(component.len().saturating_add(data.len()));
        let mut from = 0;
        for old in sections.custom.iter().filter(|section| section.name == SECTION) {
            packed.extend_from_slice(component.get(from..old.range.start).unwrap_or_default());
            from = old.range.end;
        }
        packed.extend_from_slice(component.get(from..).unwrap_or_default());
        CustomSection { name: SECTION.into(), data: data.into() }.append_to_component(&mut packed);
        Ok(packed)
    }

    fn parse(data: &[u8], sections: &Sections<'_>) -> Result<Self> {
        if data.len() > SECTION_BYTES_MAX {
            return Err(wrong(&format!("it has {} bytes and {SECTION_BYTES_MAX} are allowed", data.len())));
        }
        let text = std::str::from_utf8(data).map_err(|error| wrong(&error.to_string()))?;
        let manifest = json::parse(text, &Bounds::OUTSIDE).map_err(|fault| wrong(&fault.message))?;
        let manifest: Self = serde_json::from_value(manifest).map_err(|error| wrong(&error.to_string()))?;
        manifest.check(sections).map_err(|why| wrong(&why))?;
        Ok(manifest)
    }

    fn check(&self, sections: &Sections<'_>) -> std::result::Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("its format is \"{}\", and this host reads format \"{FORMAT}\"", self.format));
        }
        check_name("name", &self.name)?;
        check_name("version", &self.version)?;
        check_text("description", &self.description)?;
        self.docs.texts().try_for_each(|text| check_doc(text))?;
        self.asks.iter().try_for_each(|(capability, why)| check_text(&format!("asks.{capability}"), why))?;
        let imported: BTreeSet<_> = sections.imports.iter().filter_map(|import| capability(import)).collect();
        if let Some(capability) = self.asks.keys().find(|capability| !imported.contains(capability)) {
            return Err(format!("it asks for \"{capability}\", which the component does not import"));
        }
        if self.examples.len() > EXAMPLES_MAX {
            return Err(format!("it has {} examples and {EXAMPLES_MAX} are allowed", self.examples.len()));
        }
        self.examples.iter().try_for_each(Example::check)
    }
}

impl Example {
    fn check(&self) -> std::result::Result<(), String> {
        if self.error.is_some() && !self.output.is_null() {
            return Err(format!("its example of \"{}\" has both an output and an error", quoted(&self.function)));
        }
        Ok(())
    }

    /// Returns whether an answer is the one that this example shows.
    ///
    /// A member that the example leaves out may be null: TOML, in which examples are written, has no null.
    pub fn is_met_by(&self, answer: &Result<Value>) -> bool {
        match (answer, &self.error) {
            (Ok(output), None) => is_alike(&self.output, output),
            (Err(fault), Some(part)) => fault.message.contains(part.as_str()),
            _ => false,
        }
    }
}

fn is_alike(shown: &Value, output: &Value) -> bool {
    match (shown, output) {
        (Value::Array(shown), Value::Array(items)) => {
            shown.len() == items.len() && shown.iter().zip(items).all(|(shown, item)| is_alike(shown, item))
        }
        (Value::Object(shown), Value::Object(members)) => {
            let names = shown.keys().chain(members.keys());
            names.into_iter().all(|name| {
                is_alike(shown.get(name).unwrap_or(&Value::Null), members.get(name).unwrap_or(&Value::Null))
            })
        }
        (Value::Number(shown), Value::Number(output)) => {
            shown == output || shown.as_f64() == output.as_f64() && (shown.is_f64() || output.is_f64())
        }
        (shown, output) => shown == output,
    }
}

fn check_name(field: &str, name: &str) -> std::result::Result<(), String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.+".contains(letter);
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(plain) {
        let name = quoted(name);
        return Err(format!(
            "its {field} \"{name}\" is not one of 1 to {NAME_CHARS_MAX} letters, digits, -, _, . and +"
        ));
    }
    Ok(())
}

fn check_doc(text: &str) -> std::result::Result<(), String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("one of its docs has {} bytes and {TEXT_BYTES_MAX} are allowed", text.len()));
    }
    Ok(())
}

fn check_text(field: &str, text: &str) -> std::result::Result<(), String> {
    match text.len() {
        0 => Err(format!("its {field} is empty")),
        bytes if bytes > TEXT_BYTES_MAX => {
            Err(format!("its {field} has {bytes} bytes and {TEXT_BYTES_MAX} are allowed"))
        }
        _ if text.trim().is_empty() => Err(format!("its {field} is blank")),
        _ => Ok(()),
    }
}

fn quoted(text: &str) -> String {
    beginning(text, NAME_CHARS_MAX)
}

fn wrong(why: &str) -> Fault {
    Fault::invalid("component", format!("the component's manifest is not valid: {why}"))
}
