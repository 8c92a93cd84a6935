//! Prints the results of `stockade rm` and `stockade runs prune`, and what is kept of the runs that were removed.

use serde_json::{Value, json};
use stockade::{Listing, Pruned, RemovedRun, RunId, utc};

use crate::escape::safe;
use crate::globals::Globals;
use crate::pretty;
use crate::text::{bytes, left_out};

/// Prints which runs were removed by name.
pub(crate) fn told(globals: &Globals, removed: &[RunId]) {
    if globals.json {
        pretty::print_json(&json!({"removed": removed, "kept": []}));
        return;
    }
    removed.iter().for_each(|run| println!("{run}"));
}

/// Prints which runs were removed, or would be, and what that frees.
pub(crate) fn pruned(globals: &Globals, pruned: &Pruned, is_dry: bool) {
    left_out(&pruned.unreadable);
    if globals.json {
        pretty::print_json(&document(pruned, is_dry));
        return;
    }
    pruned.removed.iter().for_each(|run| println!("{run}"));
    if !pruned.kept.is_empty() {
        eprintln!("{} runs are kept, because sessions of code need them", pruned.kept.len());
    }
    if is_dry {
        return;
    }
    let (freed, left) = (bytes(pruned.room.freed_bytes), pruned.room.reusable_bytes);
    let left = if left == 0 { String::new() } else { format!("; the journal keeps {} for new runs", bytes(left)) };
    eprintln!("removed {} runs, and freed {freed}{left}", pruned.removed.len());
}

/// A dry run says nothing of room: what will be free is known once it is.
fn document(pruned: &Pruned, is_dry: bool) -> Value {
    let Pruned { removed, kept, room, unreadable } = pruned;
    let unreadable = (!unreadable.is_empty()).then(|| ("unreadable", json!(unreadable)));
    let room = [("freed_bytes", json!(room.freed_bytes)), ("reusable_bytes", json!(room.reusable_bytes))];
    let room = room.into_iter().filter(|_| !is_dry);
    let members = [("removed", json!(removed)), ("kept", json!(kept))].into_iter().chain(unreadable).chain(room);
    members.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Prints what is kept of runs that were removed.
pub(crate) fn lines(globals: &Globals, Listing { found: lines, unreadable }: &Listing<RemovedRun>) {
    left_out(unreadable);
    if globals.json {
        pretty::print_json(&lines);
        return;
    }
    for RemovedRun { run_id, workflow, status, updated_ms, removed_ms, by, start_key, labels } in lines {
        let origin = crate::report::origin(start_key.as_ref(), labels);
        let (workflow, by) = (safe(workflow), safe(by));
        let (since, removed) = (utc(*updated_ms), utc(*removed_ms));
        println!("{run_id}  {workflow}, {status} since {since}; removed {removed} by {by}{origin}");
    }
}
