//! A `wasi:cli/command` as it runs: what it writes is its result.

use wasmtime::Store;
use wasmtime::component::{Func, Val};
use wasmtime_wasi::I32Exit;

use crate::state::State;

/// How much of the end of the standard error an error repeats: what a program says last is why it failed.
const LAST_WORDS_CHARS: usize = 1_000;

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
