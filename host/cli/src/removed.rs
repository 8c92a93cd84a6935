//! Prints the result of `stockade rm` and `stockade prune`.

use serde_json::json;
use stockade::RunId;

use crate::globals::Globals;
use crate::pretty;

/// Prints which runs were removed and which are kept.
pub(crate) fn told(globals: &Globals, removed: &[RunId], kept: &[RunId]) {
    if globals.json {
        pretty::print_json(&json!({"removed": removed, "kept": kept}));
        return;
    }
    removed.iter().for_each(|run| println!("{run}"));
    if !kept.is_empty() {
        eprintln!("{} runs are kept, because sessions of code need them", kept.len());
    }
}
