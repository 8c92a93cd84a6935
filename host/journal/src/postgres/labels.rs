//! The labels of a run, each a text of its own, so that runs are found by them.

use super::text::{escaped, unescaped};
use crate::index;

/// Writes a label.
pub(super) fn written(name: &str, value: &str) -> String {
    escaped(&index::key([name, value]))
}

/// Reads a label: its name and its value.
pub(super) fn read(written: &str) -> Option<(String, String)> {
    let mut parts = index::parts(&unescaped(written)).into_iter();
    Some((parts.next()?, parts.next()?))
}
