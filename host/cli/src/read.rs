//! Reads what a person hands in, from a file or stdin. Each input has a limit, and a pipe or a device is not a file.

use std::fmt::Display;
use std::io::{Error, Result};
use std::path::Path;

use serde_json::Value;
use stockade::{Fault, Kind};

pub(crate) use stockade::file::{read as file, read_text as text};

/// JSON on stdin. The host itself refuses an input of more than a megabyte.
pub(crate) const JSON_BYTES_MAX: u64 = 16 << 20;

/// A piece of code, or one of its files: it is journaled.
pub(crate) const CODE_BYTES_MAX: u64 = 16 << 20;

/// A picture: it is journaled, and providers take no larger ones.
pub(crate) const IMAGE_BYTES_MAX: u64 = 5 << 20;

/// A component. An interpreter with its standard library has some 40 MiB.
pub(crate) const COMPONENT_BYTES_MAX: u64 = 256 << 20;

/// A manifest, which a person writes.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// The value of a secret, or a digest.
pub(crate) const WORD_BYTES_MAX: u64 = 64 << 10;

/// Says why a file that a person named was not taken or made: it is missing, it is there already, or it is not what it
/// should be.
pub(crate) fn refused(what: &str, message: String, error: &Error) -> Fault {
    Fault::new(Kind::of_file(error), message).detail(what)
}

/// Reads a text from stdin.
pub(crate) fn stdin(bytes_max: u64) -> Result<String> {
    stockade::file::text(stockade::file::bounded(std::io::stdin().lock(), bytes_max)?)
}

/// Reads the file of this name, or stdin if the name is `-`.
pub(crate) fn named(name: &str, bytes_max: u64) -> Result<String> {
    if name == "-" { stdin(bytes_max) } else { text(Path::new(name), bytes_max) }
}

/// Reads JSON from an argument, or from stdin if the argument is `-`.
pub(crate) fn json(text: &str, what: &str) -> stockade::Result<Value> {
    let wrong = |error: &dyn Display| Fault::invalid(what, format!("the JSON of the {what} is not valid: {error}"));
    let read = if text == "-" { Some(stdin(JSON_BYTES_MAX).map_err(|error| wrong(&error))?) } else { None };
    let read = stockade::json::parse(read.as_deref().unwrap_or(text), &stockade::json::Bounds::OUTSIDE);
    read.map_err(|fault| fault.reworded(|why| wrong(&why).message).detail(what))
}
