//! Evaluations: cases, what is expected of them, and what became of them. Nothing here runs anything or touches a file.

mod amount;
mod call;
mod check;
mod compare;
mod document;
mod evidence;
mod judge;
mod junit;
mod options;
mod result;
mod rule;
mod suite;
mod table;

use call::Calls;
pub(crate) use compare::Comparison;
pub(crate) use document::{Answer, FILE_BYTES_MAX, Models};
pub(crate) use evidence::Evidence;
pub(crate) use judge::{Judge, Opinion};
pub(crate) use junit::junit;
pub(crate) use options::EvalArgs;
pub(crate) use result::{Attempt, CaseResult, Evaluation};
pub(crate) use suite::{Case, Subject, Suite};
pub(crate) use table::{compared, evaluated};

/// The most characters of a value that are quoted where a check says why it failed.
const QUOTE_CHARS_MAX: usize = 200;

/// Quotes a text that may be long.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
