//! What cells print.

use std::borrow::Cow;

use monty_types::{MontyException, PrintWriterCallback};
use wasip2::cli::{stderr, stdout};

/// The most that a stream takes in one call.
const WRITE_BYTES: usize = 4096;
/// How many lines of a cell go out at once, each with a call to the host. Those after them are kept together.
const LINES: u32 = 1000;

/// The two streams, and what of them is still to go out.
#[derive(Default)]
pub(crate) struct Output {
    out: Vec<u8>,
    err: Vec<u8>,
    lines: u32,
}

impl Output {
    fn add(&mut self, text: &str, is_error: bool) {
        let kept = if is_error { &mut self.err } else { &mut self.out };
        kept.extend_from_slice(text.as_bytes());
        let ends_line = text.ends_with('\n');
        self.lines += u32::from(ends_line);
        if kept.len() >= WRITE_BYTES || ends_line && self.lines <= LINES {
            put(kept, is_error);
        }
    }

    pub(crate) fn flush(&mut self) {
        put(&mut self.out, false);
        put(&mut self.err, true);
    }
}

fn put(kept: &mut Vec<u8>, is_error: bool) {
    if kept.is_empty() {
        return;
    }
    let stream = if is_error { stderr::get_stderr() } else { stdout::get_stdout() };
    for piece in kept.chunks(WRITE_BYTES) {
        // A stream that takes no more is full: the host says so with the result.
        if stream.blocking_write_and_flush(piece).is_err() {
            break;
        }
    }
    kept.clear();
}

impl PrintWriterCallback for Output {
    fn stdout_write(&mut self, output: Cow<'_, str>) -> Result<(), MontyException> {
        self.add(&output, false);
        Ok(())
    }

    fn stdout_push(&mut self, end: char) -> Result<(), MontyException> {
        self.add(end.encode_utf8(&mut [0; 4]), false);
        Ok(())
    }

    fn stderr_write(&mut self, output: Cow<'_, str>) -> Result<(), MontyException> {
        self.add(&output, true);
        Ok(())
    }

    fn stderr_push(&mut self, end: char) -> Result<(), MontyException> {
        self.add(end.encode_utf8(&mut [0; 4]), true);
        Ok(())
    }
}
