//! Prints: this is the only file that writes to stdout and stderr.
//!
//! Output can fail at any time: a pipe closes (`stockade runs | head -1`), a disk is full. Then the standard `println!` panics,
//! and a panic during a run would stop it between a call and its record. So this crate defines macros of the same names: they
//! leave out what cannot be printed, and [`finish`] reports that at the end. Only terminals get styles.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _};
use std::os::fd::AsFd as _;
use std::sync::OnceLock;

use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;

use crate::exit::Exit;

macro_rules! print {
    ($($text:tt)*) => { $crate::out::stdout(format_args!($($text)*)) };
}

macro_rules! println {
    () => { print!("\n") };
    ($($text:tt)*) => { print!("{}\n", format_args!($($text)*)) };
}

macro_rules! eprint {
    ($($text:tt)*) => { $crate::out::stderr(format_args!($($text)*)) };
}

macro_rules! eprintln {
    () => { eprint!("\n") };
    ($($text:tt)*) => { eprint!("{}\n", format_args!($($text)*)) };
}

/// The error that ended the output to stdout. Output after a gap would look complete.
static LOST: OnceLock<std::io::Error> = OnceLock::new();

/// Writes a result, or a piece of one.
pub(crate) fn stdout(text: Arguments<'_>) {
    if LOST.get().is_none()
        && let Err(error) = anstream::stdout().lock().write_fmt(text)
    {
        // If another thread has set an error first, that error is as good.
        let _ = LOST.set(error);
    }
}

/// Makes a record of a line, or leaves it out.
type Wrap = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What makes records of all lines on stderr, where the log is one of records.
static WRAP: OnceLock<Wrap> = OnceLock::new();

/// Has all that is written to stderr from here on made into records. Only the first call has an effect.
pub(crate) fn wrap(wrap: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
    // There is one log of a process.
    let _ = WRAP.set(Box::new(wrap));
}

/// Writes progress, a question or an error. If that fails, the work goes on: all of it is in the journal.
pub(crate) fn stderr(text: Arguments<'_>) {
    match WRAP.get() {
        None => drop(anstream::stderr().lock().write_fmt(text)),
        Some(wrap) => {
            let text = text.to_string();
            let plain = anstream::adapter::strip_str(&text).to_string();
            for line in plain.lines().filter(|line| !line.trim().is_empty()) {
                if let Some(line) = wrap(line) {
                    record(&line);
                }
            }
        }
    }
}

/// Writes a record to stderr. If that fails, it is lost.
pub(crate) fn record(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// Waits until there is no use in writing to stdout: its pipe is closed, or what was written was lost.
pub(crate) async fn closed() {
    if LOST.get().is_some() {
        return;
    }
    let stdout = std::io::stdout().as_fd().try_clone_to_owned();
    match stdout.and_then(Sender::from_owned_fd_unchecked) {
        Ok(stdout) => drop(stdout.ready(Interest::ERROR).await),
        // A file, which has no reader that could leave.
        Err(_) => std::future::pending().await,
    }
}

/// Reports a result that could not be written, and returns the exit code of the command.
///
/// A reader that closed the pipe has what it wants. On a full disk the result is missing, so a finished command has failed.
pub(crate) fn finish(exit: Exit) -> Exit {
    let error = anstream::stdout().flush().err();
    match LOST.get().or(error.as_ref()) {
        None => exit,
        Some(error) if error.kind() == ErrorKind::BrokenPipe => exit,
        Some(error) => {
            eprintln!("error: the result cannot be written to stdout: {error}");
            if exit == Exit::Done { Exit::Failed } else { exit }
        }
    }
}
