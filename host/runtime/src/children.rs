//! What the journal's index has for runs that other runs have started: which those are, and how they ended.
//!
//! The row of a start is written with the first record of the run, so a crash starts no run twice. The row of an end is written
//! with the last one, and is due at once, so that the run that waits for it hears of it whichever process looks first.

use std::collections::BTreeSet;

use stockade_journal::{Journal, Row, RowChange, index};
use stockade_workflow::{
    CHILD_OUTPUT_BYTES_MAX, ChildEnd, DEPTH_MAX, End, EndedChild, Json, Label, Parent, RunId, RunState, unheard_output,
};

use crate::Result;

/// The space of the starts: the key is the run that starts, the key of its effect, and the number of the run there.
pub(crate) const STARTED: &str = "child";

/// The space of the ends, with the same keys. The value is the end.
pub(crate) const ENDED: &str = "child_end";

/// How many digits the number has in a key, so that keys are in the order of the numbers.
const DIGITS: usize = 4;

pub(crate) fn key(parent: RunId, key: &str, number: usize) -> String {
    index::key([&*parent.to_string(), key, &format!("{number:0DIGITS$}")])
}

/// Says that a run was started for another one; refused where one was before.
pub(crate) fn started(parent: &Parent, child: RunId) -> RowChange {
    RowChange::Add(Row::new(STARTED, key(parent.run, &parent.key, parent.number), "").of(child))
}

/// Returns the run that was started so, if one was.
pub(crate) async fn find(journal: &dyn Journal, parent: RunId, effect: &str, number: usize) -> Result<Option<RunId>> {
    Ok(journal.row(STARTED, &key(parent, effect, number)).await?.and_then(|row| row.tie.run()))
}

/// Returns the runs that a run has started and that the journal still has.
pub(crate) async fn all(journal: &dyn Journal, parent: RunId) -> Result<Vec<RunId>> {
    let rows = journal.find(STARTED, &format!("{parent}/"), None, usize::MAX).await?;
    Ok(rows.iter().filter_map(|row| row.tie.run()).collect())
}

/// Returns the runs that a run has started, each with the key of the effect and its number there.
pub(crate) async fn begun(journal: &dyn Journal, parent: RunId) -> Result<Vec<(String, usize, RunId)>> {
    let rows = journal.find(STARTED, &format!("{parent}/"), None, usize::MAX).await?;
    Ok(rows.iter().filter_map(place).collect())
}

fn place(row: &Row) -> Option<(String, usize, RunId)> {
    let [_, key, number] = <[String; 3]>::try_from(index::parts(&row.key)).ok()?;
    Some((key, number.parse().ok()?, row.tie.run()?))
}

/// Tells the run that has started another one how that one ended.
pub(crate) fn ended(parent: &Parent, ended: &EndedChild, now_ms: u64) -> Result<RowChange> {
    let row = Row::new(ENDED, key(parent.run, &parent.key, parent.number), Row::text(ended)?);
    Ok(RowChange::Put(row.of(parent.run).due(now_ms)))
}

/// Removes a row that tells of an end.
pub(crate) fn heard(row: &Row) -> RowChange {
    RowChange::Remove { space: ENDED.to_owned(), key: row.key.clone() }
}

/// Returns what a run is told of another one that it has started, and that ends so.
pub(crate) fn told(parent: &Parent, state: &RunState, end: ChildEnd, labels: BTreeSet<Label>) -> EndedChild {
    let (key, number, run) = (parent.key.clone(), parent.number, Some(state.run()));
    EndedChild { key, number, run, end, used: *state.ledger().spent(), carried: state.carried(labels) }
}

/// Returns how a run ended, for the one that has started it; none if it has not ended.
pub(crate) fn end(state: &RunState) -> Option<ChildEnd> {
    Some(match (state.end()?, state.stopped()) {
        (End::Done(output), _) => done(state.run(), output),
        (End::Failed(_), Some(stop)) => ChildEnd::Stopped(stop.clone()),
        (End::Failed(fault), None) => ChildEnd::Failed(fault.clone()),
    })
}

/// An output that is too large is not handed on: the run that waits keeps those of all its runs.
fn done(run: RunId, output: &Json) -> ChildEnd {
    let (bytes, depth) = (output.text().len(), output.depth());
    let over =
        |limit: &str, max: usize, used: usize| ChildEnd::Failed(unheard_output(run, limit, max as u64, used as u64));
    if bytes > CHILD_OUTPUT_BYTES_MAX {
        over("child_output_bytes", CHILD_OUTPUT_BYTES_MAX, bytes)
    } else if depth > DEPTH_MAX {
        over("depth", DEPTH_MAX, depth)
    } else {
        ChildEnd::Done(output.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_output_that_is_too_large_is_not_handed_on() {
        let run = RunId::from_bytes([7; 16]);
        let fits = Json::from(json!({"a": 1}));
        assert_eq!(done(run, &fits), ChildEnd::Done(fits));
        let deep = (0..=DEPTH_MAX).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        for (output, limit) in [("x".repeat(CHILD_OUTPUT_BYTES_MAX).into(), "child_output_bytes"), (deep, "depth")] {
            let ChildEnd::Failed(fault) = done(run, &output.into()) else { panic!("{limit}") };
            assert_eq!(fault.breach.map(|breach| breach.limit).as_deref(), Some(limit));
        }
    }

    #[test]
    fn keys_are_in_the_order_of_the_numbers() {
        let run = RunId::from_bytes([7; 16]);
        assert!(key(run, "a/b", 9) < key(run, "a/b", 10) && key(run, "a", 1) != key(run, "a/0001", 1));
    }
}
