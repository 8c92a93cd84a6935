//! JSON to the component model's values and back, by [`Shape`].
//!
//! | WIT | JSON |
//! |---|---|
//! | integers | a number, all 64 bits of it; `1.0` is 1, as in JSON Schema |
//! | `f32`, `f64` | a number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `char`, `string` | a string |
//! | `list<u8>` | a base64 string |
//! | `list`, `tuple` | an array; of `list<t, 4>`, and of `list<u8, 4>` too, an array of that length |
//! | `map` | an object where its keys are texts; else an array of pairs, `[[1, "one"]]` |
//! | `option` | null or the value; in a record or among the arguments it may be absent |
//! | `option<option<t>>` | null or `{"some": …}` |
//! | `result` | `{"ok": …}` or `{"err": …}` |
//! | `record` | an object with exactly the members |
//! | `variant` | `"case"`, or `{"case": …}` where it carries something |
//! | `enum` | a string |
//! | `flags` | an array of strings, each once |

mod misfit;
mod number;
mod reader;
mod writer;

use serde_json::Value;
use stockade_workflow::{Fault, Kind};
use wasmtime::component::Val;

use self::reader::Reader;
use self::writer::Writer;
use crate::Result;
use crate::shape::{Field, Shape};

/// What a value costs beside its text, so that a list of a million nulls is not free.
const NODE_BYTES: u64 = 8;

/// Reads the arguments of a function.
///
/// # Errors
///
/// The arguments do not fit the parameters, or are more than `bytes_max`; the message names the argument and its path.
pub(crate) fn arguments(params: &[Field], given: &Value, bytes_max: u64) -> Result<Vec<Val>> {
    let mut reader = Reader::new(bytes_max);
    reader.members(params, given).map_err(|misfit| misfit.fault(params, bytes_max))
}

/// Writes a result as JSON.
///
/// # Errors
///
/// It is more than `bytes_max`.
pub(crate) fn json(shape: &Shape, value: Val, bytes_max: u64) -> Result<Value> {
    Writer::new(bytes_max).value(shape, value)
}

/// What a case of a [`Val`] carries.
type Carried = Option<Box<Val>>;

/// Returns the fault of a result that is larger than allowed.
pub(crate) fn too_large(limit: &str, allowed: u64, used: u64) -> Fault {
    let message = format!("the result is larger than the {allowed} bytes that \"{limit}\" allows");
    Fault::limit(Kind::Output, limit, allowed, used, message)
}

#[cfg(test)]
mod tests;
