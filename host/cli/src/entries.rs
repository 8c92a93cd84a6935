//! Reads the entries of a run page by page.

use stockade::{Entry, Host, RunState};

/// Passes on the entries of a run after the number `seq`, up to the last one of its state. Only one page is in memory.
pub(crate) async fn each(
    host: &Host,
    state: &RunState,
    mut seq: u64,
    mut take: impl FnMut(&Entry),
) -> stockade::Result<()> {
    while seq < state.seq() {
        let page = host.entries_after(state.run(), seq).await?;
        page.iter().filter(|entry| entry.seq <= state.seq()).for_each(&mut take);
        // A page is empty if the run has been removed.
        seq = page.last().map_or(state.seq(), |entry| entry.seq);
    }
    Ok(())
}
