//! Agent-written code: it runs to where it settles, and the journal says what it called.

use stockade::{Budget, Change, Code, Entry, Host, Outcome, RunId};

/// Runs JavaScript that may call some tools to where it settles.
pub async fn exec(host: &Host, source: &str, tools: &[&str]) -> Outcome {
    let code = Code::new("javascript", source).tools(tools.iter().copied());
    host.exec(code, Budget::default().fuel(2_000_000_000)).await.unwrap().settled().await.unwrap()
}

/// Returns the numbers of the calls of a run's code, in the order of the journal.
pub async fn called(host: &Host, run: RunId) -> Vec<usize> {
    called_in(&host.entries(run).await.unwrap())
}

/// Returns the numbers of the calls whose ends these entries have, in their order.
pub fn called_in(entries: &[Entry]) -> Vec<usize> {
    let called = entries.iter().filter_map(|entry| match &entry.change {
        Change::Called { number, .. } => Some(*number),
        _ => None,
    });
    called.collect()
}
