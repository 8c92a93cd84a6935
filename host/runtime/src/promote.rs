//! How a piece of code that an agent wrote becomes a tool.
//!
//! The tool is a component of its own, with a manifest in which the code is, and what it may call. The host runs the code
//! by the interpreter of its language; the component's own function only gives the tool its type.

use stockade_sandbox::{Manifest, Snippet};
use stockade_workflow::{CodeEnd, Fault, Kind};

use crate::Result;
use crate::code::Record;
use crate::registry::Registry;

/// The component of every promoted tool.
const COMPONENT: &str = r#"(component
    (core module $m
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "run") (param i32 i32) (result i32) unreachable))
    (core instance $i (instantiate $m))
    (func (export "run") (param "input" string) (result (result string (error string)))
        (canon lift (core func $i "run") (memory $i "memory") (realloc (func $i "realloc")))))"#;

/// Makes the component of a tool of code that has run.
///
/// # Errors
///
/// The code did not return a value, or a tool that it may call is not there.
pub(crate) fn component(record: &Record, registry: &Registry, step: &str, name: &str, by: &str) -> Result<Vec<u8>> {
    let Record { code, outcome, .. } = record;
    if !matches!(outcome.ended, CodeEnd::Returned(_)) {
        return Err(Fault::new(
            Kind::Conflict,
            format!("the code of \"{step}\" did not return a value; only code that did can be a tool"),
        ));
    }
    if code.session.is_some() {
        let message = format!("the code of \"{step}\" is a cell of a session, and a tool has no cells before it");
        return Err(Fault::new(Kind::Conflict, message));
    }
    if by.trim().is_empty() {
        return Err(Fault::invalid("approval", "the person who approved is not named; say who it was"));
    }
    let rights = code.tools.iter().map(|tool| Ok((tool.clone(), registry.get(tool)?.rights())));
    let snippet = Snippet {
        language: code.language.clone(),
        source: code.source.clone(),
        tools: rights.collect::<Result<_>>()?,
        written_in: step.to_owned(),
        approved_by: by.to_owned(),
    };
    let description = format!("Runs {} that an agent wrote in {step} and {by} approved.", code.language);
    let manifest = Manifest { code: Some(snippet), ..Manifest::new(name, "1.0.0", description) };
    let wasm = wat::parse_str(COMPONENT).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?;
    manifest.pack(&wasm)
}
