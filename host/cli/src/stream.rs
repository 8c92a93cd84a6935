//! Shows what a model writes while it writes it.

use std::io::{IsTerminal, Write as _};
use std::sync::{Mutex, PoisonError};

use stockade::RunId;

use crate::text::{DIM, safe_lines};

/// Whose line the cursor is in.
static OPEN: Mutex<Option<(RunId, String)>> = Mutex::new(None);

/// Writes a piece of an answer on stderr, if that is a terminal. Answers that come at the same time take turns by the line.
pub(crate) fn piece(run: RunId, key: &str, piece: &str) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let writer = (run, key.to_owned());
    if open.as_ref().is_some_and(|open| *open != writer) {
        eprintln!();
    }
    *open = Some(writer);
    anstream::eprint!("{DIM}{}{DIM:#}", safe_lines(piece));
    // What cannot be shown now is in the journal.
    let _ = std::io::stderr().flush();
}

/// Ends the line that an answer stands in, if one does.
pub(crate) fn close() {
    if OPEN.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
        eprintln!();
    }
}
