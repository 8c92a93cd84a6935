//! The terminal: whether there is one, its width, and its pending input.

use std::io::IsTerminal as _;
use std::os::fd::AsFd;

use rustix::termios::{QueueSelector, tcflush, tcgetwinsize};

/// The width if the output is not a terminal, or a terminal that does not tell its width.
const COLUMNS: usize = 80;

/// The least width that counts. Text that is wrapped at a smaller width cannot be read.
const COLUMNS_MIN: usize = 40;

/// Returns whether a person can be asked: stdin and stderr are terminals.
pub(crate) fn is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Returns whether a person can see stderr.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Returns the width of stderr.
pub(crate) fn columns() -> usize {
    columns_of(std::io::stderr()).unwrap_or(COLUMNS)
}

/// Returns the width of a terminal, or nothing if the output is not a terminal.
pub(crate) fn columns_of(output: impl AsFd) -> Option<usize> {
    let columns = usize::from(tcgetwinsize(output).ok()?.ws_col);
    Some(if columns == 0 { COLUMNS } else { columns.max(COLUMNS_MIN) })
}

/// Discards pending input, which was not meant for the next question.
pub(crate) fn forget_typed() -> std::io::Result<()> {
    Ok(tcflush(std::io::stdin(), QueueSelector::IFlush)?)
}
