//! Exceptions, told as those of the cell and of nothing around it.

use std::fmt::Write;

use rquickjs::{Ctx, Error, Object, Value};

use crate::cell::Script;
use crate::exports::stockade::host::code::{Cell, Exception};
use crate::text::Text;

/// Whether a script could not be read because it returns; such a one is a function's body.
pub(crate) fn returns(ctx: &Ctx<'_>, error: &Error) -> bool {
    if !error.is_exception() {
        return false;
    }
    let thrown = ctx.catch();
    let message = thrown.as_object().and_then(|object| object.get::<_, Text>("message").ok());
    if message.as_ref().map(|message| message.0.as_str()) == Some("return not in a function") {
        return true;
    }
    ctx.throw(thrown);
    false
}

pub(crate) fn exception<'js>(
    ctx: &Ctx<'js>,
    prelude: rquickjs::Result<Object<'js>>,
    error: Error,
    cell: &Cell,
    script: &Script,
) -> Exception {
    let syntax = !script.was_read.get();
    let Some((prelude, thrown)) = prelude.ok().filter(|_| error.is_exception()).map(|prelude| (prelude, ctx.catch()))
    else {
        return Exception { syntax, ..internal(&error) };
    };
    let mut told = told(&prelude, &thrown).into_iter();
    let name = told.next().unwrap_or_else(|| "Error".into());
    let message = told.next().unwrap_or_default();
    let more = told.next().unwrap_or_default();
    let frames: Vec<_> = told.map(|frame| mapped(&frame, cell, script)).collect();
    let (line, column) = place(&prelude, &thrown, cell, script);
    let mut traceback = traceback(cell, script, &name, &message, line, column, &frames);
    traceback += &causes(&more, cell, script);
    Exception { syntax, name, message, line, column, traceback }
}

fn internal(error: &Error) -> Exception {
    let message = error.to_string();
    let traceback = format!("InternalError: {message}");
    Exception { syntax: false, name: "InternalError".into(), message, line: None, column: None, traceback }
}

fn told<'js>(prelude: &Object<'js>, thrown: &Value<'js>) -> Vec<String> {
    let told: Vec<Text> = crate::call(prelude, "describe", (thrown.clone(),)).unwrap_or_default();
    told.into_iter().map(|text| text.0).collect()
}

fn place<'js>(prelude: &Object<'js>, thrown: &Value<'js>, cell: &Cell, script: &Script) -> (Option<u32>, Option<u32>) {
    let place: Vec<u32> = crate::call(prelude, "place", (thrown.clone(), cell.name.as_str())).unwrap_or_default();
    let [line, column] = place[..] else { return (None, None) };
    if line == 0 {
        return (None, None);
    }
    let line = line.min(script.lines().max(1));
    (Some(line), (column > 0).then(|| script.origin(line, column)))
}

/// What an error was caused by, and the errors that it holds, as node writes them after it.
fn causes(more: &str, cell: &Cell, script: &Script) -> String {
    let lines = more.split('\n').map(|line| {
        let frame = line.trim_start();
        if !frame.starts_with("at ") {
            return line.to_owned();
        }
        let indent = &line[..line.len() - frame.len()];
        format!("{indent}{}", mapped(frame, cell, script))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// One frame of the stack with the column of the source.
fn mapped(frame: &str, cell: &Cell, script: &Script) -> String {
    let (before, numbers) = frame.split_once(&format!("{}:", cell.name)).unwrap_or((frame, ""));
    let mut numbers = numbers.trim_end_matches(')').split(':').map(str::parse::<u32>);
    let (Some(Ok(line)), Some(Ok(column))) = (numbers.next(), numbers.next()) else { return frame.into() };
    let before = if script.is_function() { before.replace("<anonymous> (", "") } else { before.to_owned() };
    let end = if before.contains('(') { ")" } else { "" };
    format!("{before}{}:{line}:{}{end}", cell.name, script.origin(line, column))
}

/// As node writes it: the line, a mark below, the exception, the stack.
fn traceback(
    cell: &Cell,
    script: &Script,
    name: &str,
    message: &str,
    line: Option<u32>,
    column: Option<u32>,
    frames: &[String],
) -> String {
    let mut text = String::new();
    if let Some(line) = line {
        let _ = writeln!(text, "{}:{line}\n{}", cell.name, script.line(line));
        if let Some(column) = column {
            let _ = writeln!(text, "{}^", " ".repeat(column as usize - 1));
        }
        text.push('\n');
    }
    text += name;
    if !message.is_empty() {
        let _ = write!(text, ": {message}");
    }
    for frame in frames {
        let _ = write!(text, "\n    {}", frame.trim_start());
    }
    text
}
