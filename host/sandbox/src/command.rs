//! A `wasi:cli/command` as a tool: arguments and standard input in, standard output out.
//!
//! Its one exported function, `run: func() -> result`, says nothing of what goes in and out, so it is shown as
//! `run(args: option<list<string>>, stdin: option<string>) -> result<string, string>`. It gets no environment.

use wasmtime::Store;
use wasmtime::component::{Func, Val};
use wasmtime_wasi::I32Exit;

use crate::Limits;
use crate::function::{Export, Function};
use crate::name::Name;
use crate::shape::{Field, Shape};
use crate::state::State;

/// How much of the end of the standard error an error repeats: what a program says last is why it failed.
const LAST_WORDS_CHARS: usize = 1_000;

/// What a command is given for one call.
pub(crate) struct Input {
    /// The arguments; the first is the tool's name, where programs expect their own.
    pub(crate) args: Vec<String>,
    pub(crate) stdin: String,
    /// How much it may write: its standard output is its result, and capped as one.
    pub(crate) output_bytes: u64,
}

impl Input {
    /// Takes the input from the two arguments of [`function`].
    pub(crate) fn new(tool: &str, arguments: &[Val], limits: &Limits) -> Self {
        let args = arguments.first().into_iter().flat_map(texts);
        let args = std::iter::once(tool).chain(args).map(str::to_owned).collect();
        let stdin = arguments.get(1).into_iter().flat_map(texts).collect();
        Self { args, stdin, output_bytes: limits.output_bytes }
    }
}

/// Returns whether an interface is that of a command.
pub(crate) fn is_command(interface: Option<&str>) -> bool {
    interface.is_some_and(|interface| interface.starts_with("wasi:cli/run@0.2."))
}

/// Returns the function that stands for a command.
pub(crate) fn function(export: &Export<'_>, docs: Option<String>) -> Function {
    let optional = |name, shape| Field { name: Name::new(name), shape: Shape::Option(Box::new(shape)) };
    let text = || Some(Box::new(Shape::String));
    let params = vec![optional("args", Shape::List(Box::new(Shape::String))), optional("stdin", Shape::String)];
    Function::of(export, docs, params, Some(Shape::Result(text(), text())))
}

/// Runs a command to its end, whether it returns or exits, and makes a result of what it wrote.
///
/// # Errors
///
/// It ended in another way: a trap, a limit.
pub(crate) async fn run(function: Func, store: &mut Store<State>) -> wasmtime::Result<Val> {
    let mut results = [Val::Bool(false)];
    let ended = function.call_async(&mut *store, &[], &mut results).await;
    let text = |text| Some(Box::new(Val::String(text)));
    Ok(Val::Result(match status(ended, &results)? {
        0 => Ok(text(store.data_mut().stdout())),
        status => Err(text(failure(status, &store.data().stderr()))),
    }))
}

fn status(ended: wasmtime::Result<()>, results: &[Val]) -> wasmtime::Result<i32> {
    match ended {
        Ok(()) => Ok(i32::from(matches!(results, [Val::Result(Err(_))]))),
        Err(error) => error.downcast_ref::<I32Exit>().map(|exit| exit.0).ok_or(error),
    }
}

fn failure(status: i32, stderr: &str) -> String {
    let said = last_words(stderr).map_or_else(|| "and said nothing".to_owned(), |words| format!("and said: {words}"));
    format!("the command exited with status {status} {said}")
}

/// Returns the end of what a guest wrote to its standard error, in one line.
pub(crate) fn last_words(stderr: &str) -> Option<String> {
    let lines: Vec<_> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = lines.join(" / ");
    let skipped = said.chars().count().saturating_sub(LAST_WORDS_CHARS);
    (!said.is_empty()).then(|| said.chars().skip(skipped).collect())
}

/// Returns the texts in a value.
fn texts(value: &Val) -> Vec<&str> {
    match value {
        Val::Option(Some(some)) => texts(some),
        Val::List(items) => items.iter().flat_map(texts).collect(),
        Val::String(text) => vec![text],
        _ => Vec::new(),
    }
}
