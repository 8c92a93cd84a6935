//! How a piece of code that an agent wrote becomes a tool.
//!
//! The tool is a component of its own, with a manifest in which the code is, and what it may call. The host runs the code
//! by the interpreter of its language; the component's own function only gives the tool its type.

use serde::Deserialize;
use serde_json::Value;
use stockade_sandbox::{Example, Manifest, Snippet};
use stockade_workflow::{CodeEnd, Fault, Kind};

use crate::code::Record;
use crate::registry::Registry;
use crate::{Result, inferred};

/// The component of every promoted tool.
const COMPONENT: &str = r#"(component
    (core module $m
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "run") (param i32 i32) (result i32) unreachable))
    (core instance $i (instantiate $m))
    (func (export "run") (param "input" string) (result (result string (error string)))
        (canon lift (core func $i "run") (memory $i "memory") (realloc (func $i "realloc")))))"#;

/// The largest run of the code that is a case of the tool without being asked for, in bytes.
const CASE_BYTES_MAX: usize = 16 << 10;

/// What a tool of code is, beside its code and its name.
#[derive(Clone, Debug, Default)]
pub struct Promotion {
    /// The JSON Schema (2020-12) of its input; without one, that which the input of the code suggests.
    pub input: Option<Value>,
    /// The JSON Schema of what it returns; without one, that which the value of the code suggests.
    pub output: Option<Value>,
    /// Inputs with what comes of them, which can be tried. The run of code that calls no tools is one by itself.
    pub cases: Vec<Case>,
}

/// An input of a tool of code, with what must come of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the code is given.
    #[serde(default)]
    pub input: Value,
    /// What it must return; without one, null.
    #[serde(default)]
    pub output: Value,
    /// A part of the message with which it must fail, where it must.
    #[serde(default)]
    pub error: Option<String>,
}

/// Makes the component of a tool of code that has run.
///
/// # Errors
///
/// The code did not return a value, a tool that it may call is not there, or there are more cases than a manifest has.
pub(crate) fn component(
    record: &Record,
    registry: &Registry,
    step: &str,
    (name, by): (&str, &str),
    promotion: &Promotion,
) -> Result<Vec<u8>> {
    let Record { code, outcome, .. } = record;
    let CodeEnd::Returned(value) = &outcome.ended else {
        return Err(Fault::new(
            Kind::Conflict,
            format!("the code of \"{step}\" did not return a value; only code that did can be a tool"),
        ));
    };
    if code.session.is_some() {
        let message = format!("the code of \"{step}\" is a cell of a session, and a tool has no cells before it");
        return Err(Fault::new(Kind::Conflict, message));
    }
    if code.files.as_ref().is_some_and(|files| !files.is_empty()) {
        let message =
            format!("the code of \"{step}\" was given files, and a tool is given none; let it take them as its input");
        return Err(Fault::new(Kind::Conflict, message));
    }
    if by.trim().is_empty() {
        return Err(Fault::invalid("approval", "the person who approved is not named; say who it was"));
    }
    let own = Case { input: code.input.value(), output: value.value(), error: None };
    let snippet = snippet(record, registry, step, by, promotion, &own)?;
    let is_small = code.input.text().len() + value.text().len() <= CASE_BYTES_MAX;
    // Of code that calls tools, what they answer now may be another thing, and a call of it may change something. A schema that
    // was declared may want another kind of input.
    let is_tried = code.tools.is_empty() && is_small && (own.input.is_object() || !snippet.takes_members());
    let own = is_tried.then_some(own);
    let cases = own.into_iter().chain(promotion.cases.iter().cloned());
    let examples = cases.map(|case| example(&snippet, case)).collect::<Result<_>>()?;
    let description = format!("Runs {} that an agent wrote in {step} and {by} approved.", code.language);
    let manifest = Manifest { code: Some(snippet), examples, ..Manifest::new(name, "1.0.0", description) };
    let wasm = wat::parse_str(COMPONENT).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?;
    manifest.pack(&wasm)
}

fn snippet(
    Record { code, .. }: &Record,
    registry: &Registry,
    step: &str,
    by: &str,
    promotion: &Promotion,
    own: &Case,
) -> Result<Snippet> {
    let rights = code.tools.iter().map(|tool| Ok((tool.clone(), registry.get(tool)?.rights())));
    Ok(Snippet {
        language: code.language.clone(),
        source: code.source.clone(),
        tools: rights.collect::<Result<_>>()?,
        input: Some(promotion.input.clone().unwrap_or_else(|| inferred::schema(&own.input))),
        output: Some(promotion.output.clone().unwrap_or_else(|| inferred::schema(&own.output))),
        written_in: step.to_owned(),
        approved_by: by.to_owned(),
    })
}

fn example(snippet: &Snippet, Case { input, output, error }: Case) -> Result<Example> {
    let (function, arguments) = (Snippet::FUNCTION.to_owned(), snippet.arguments(input)?);
    Ok(Example { function, arguments, output, error })
}
