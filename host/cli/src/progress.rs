//! Bars of progress on stderr, which are seen only if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use crate::escape::safe;
use crate::terminal;

/// Returns a bar of things that are counted.
pub(crate) fn of_things(what: &str) -> ProgressBar {
    bar(what, "{msg} {wide_bar} {pos}/{len}")
}

/// Returns a bar of bytes.
pub(crate) fn of_bytes(what: &str) -> ProgressBar {
    bar(what, "{msg} {wide_bar} {bytes}/{total_bytes}")
}

fn bar(what: &str, template: &str) -> ProgressBar {
    if !terminal::is_watched() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(safe(what))
}

/// Shows how much is done, of how much.
pub(crate) fn advance(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}
