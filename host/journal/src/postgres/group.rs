//! Commits of several runs in one statement.

use stockade_system::postgres::{Failed, Parameter, Pool, stored};
use stockade_workflow::FORMAT;
use tokio::time::Instant;
use tokio_postgres::types::Type;

use super::leases::lease_ms;
use super::write::Write;

/// The most bytes of the commits of a group together.
const BYTES_MAX: usize = 512 << 10;

const WRITE: &str = "
    SELECT stockade.write_commits(
        $1::text::uuid, $2, $3, $4, $5::text[]::uuid[], $6::text[]::uuid[], $7, $8, $9, $10, $11::text[]::uuid[], $12, $13, $14,
        $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)";

/// Whether a commit may be in a group with these: none of them is of its run, so that those of a run keep their order.
pub(super) fn fits(group: &[Write], one: &Write) -> bool {
    let bytes = group.iter().map(Write::bytes).sum::<usize>() + one.bytes();
    bytes <= BYTES_MAX && group.iter().all(|other| other.run != one.run)
}

/// Makes commits of different runs that [may share](Write::may_share) a transaction. Returns of each whether it is made; one that
/// is not is to be made by itself, and nothing of it is there. The last of them waits since this moment.
pub(super) async fn send(pool: &Pool, own: &str, group: &[Write], since: Instant) -> Result<Vec<bool>, Failed> {
    let (now_ms, lease_ms) = (pool.database().now_ms(), lease_ms());
    let format = i32::try_from(FORMAT).unwrap_or(i32::MAX);
    let columns = Columns::of(group);
    let mut parameters: Vec<Parameter<'_>> =
        vec![(&own, Type::TEXT), (&now_ms, Type::INT8), (&lease_ms, Type::INT8), (&format, Type::INT4)];
    parameters.extend(columns.parameters());
    let row = pool.query_since(since, WRITE, &parameters).await?.pop();
    row.map_or(Ok(Vec::new()), |row| row.try_get(0).map_err(Failed::Refused))
}

/// Commits, each of their parts a list.
#[derive(Default)]
struct Columns<'a> {
    commits: Vec<&'a str>,
    runs: Vec<Option<String>>,
    epochs: Vec<Option<i64>>,
    releases: Vec<bool>,
    firsts: Vec<Option<i64>>,
    lasts: Vec<Option<i64>>,
    entry_runs: Vec<Option<String>>,
    seqs: Vec<i64>,
    bases: Vec<Option<i64>>,
    ats: Vec<i64>,
    json_bytes: Vec<i64>,
    changes: Vec<&'a [u8]>,
    workflows: Vec<Option<&'a str>>,
    statuses: Vec<Option<&'a str>>,
    states: Vec<Option<&'a str>>,
    updated: Vec<Option<i64>>,
    start_keys: Vec<Option<&'a str>>,
    label_counts: Vec<i32>,
    labels: Vec<&'a str>,
    waiting_counts: Vec<i32>,
    waiting_for: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(group: &'a [Write]) -> Self {
        let mut columns = Self::default();
        group.iter().for_each(|write| columns.add(write));
        columns
    }

    fn add(&mut self, write: &'a Write) {
        let Write { id, run, lease, releases, entries, line, rows: _ } = write;
        let run = run.map(|run| run.to_string());
        self.commits.push(id);
        self.entry_runs.extend(entries.seqs.iter().map(|_| run.clone()));
        self.runs.push(run);
        self.epochs.push(lease.as_ref().map(|lease| stored(lease.epoch)));
        self.releases.push(*releases);
        self.firsts.push(entries.first);
        self.lasts.push(entries.seqs.last().copied());
        self.seqs.extend(&entries.seqs);
        self.bases.extend(&entries.bases);
        self.ats.extend(&entries.ats);
        self.json_bytes.extend(&entries.json_bytes);
        self.changes.extend(entries.changes.iter().map(Vec::as_slice));
        self.workflows.push(line.workflow.as_deref());
        self.statuses.push(line.status.as_deref());
        self.states.push(line.state.as_deref());
        self.updated.push(line.updated_ms);
        self.start_keys.push(line.start_key.as_deref());
        self.label_counts.push(count(line.labels.len()));
        self.labels.extend(line.labels.iter().map(String::as_str));
        self.waiting_counts.push(count(line.waiting_for.len()));
        self.waiting_for.extend(line.waiting_for.iter().map(String::as_str));
    }

    /// The values of the places of the function, in their order.
    fn parameters(&self) -> [Parameter<'_>; 21] {
        [
            (&self.commits, Type::TEXT_ARRAY),
            (&self.runs, Type::TEXT_ARRAY),
            (&self.epochs, Type::INT8_ARRAY),
            (&self.releases, Type::BOOL_ARRAY),
            (&self.firsts, Type::INT8_ARRAY),
            (&self.lasts, Type::INT8_ARRAY),
            (&self.entry_runs, Type::TEXT_ARRAY),
            (&self.seqs, Type::INT8_ARRAY),
            (&self.bases, Type::INT8_ARRAY),
            (&self.ats, Type::INT8_ARRAY),
            (&self.json_bytes, Type::INT8_ARRAY),
            (&self.changes, Type::BYTEA_ARRAY),
            (&self.workflows, Type::TEXT_ARRAY),
            (&self.statuses, Type::TEXT_ARRAY),
            (&self.states, Type::TEXT_ARRAY),
            (&self.updated, Type::INT8_ARRAY),
            (&self.start_keys, Type::TEXT_ARRAY),
            (&self.label_counts, Type::INT4_ARRAY),
            (&self.labels, Type::TEXT_ARRAY),
            (&self.waiting_counts, Type::INT4_ARRAY),
            (&self.waiting_for, Type::TEXT_ARRAY),
        ]
    }
}

/// PostgreSQL counts with 32 bits; a group has far less.
fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stockade_workflow::RunId;
    use uuid::Uuid;

    use super::*;
    use crate::codec;
    use crate::keyring::Keyring;
    use crate::testing::{run, stepped};
    use crate::{Commit, Row, RowChange};

    /// A state of so many short texts: too short for blobs, and no two alike.
    fn texts(count: usize) -> Value {
        (0..count).map(|_| Uuid::now_v7().to_string()).collect::<Vec<_>>().into()
    }

    /// A commit of a step of a run to this state.
    fn write(run: RunId, state: &Value, index: Vec<RowChange>) -> Write {
        let commit = Commit { entries: vec![stepped(run, 1, state.clone())], index, ..Commit::default() };
        let (rows, _) = codec::encode(&commit.entries, None, &Keyring::default()).unwrap();
        Write::of(&commit, rows)
    }

    #[test]
    fn a_group_has_one_commit_of_a_run_and_no_more_bytes_than_it_may() {
        let (one, other, short, long) = (run(), run(), json!(1), texts(2_000));
        let group = [write(one, &short, vec![])];
        assert!(fits(&group, &write(other, &short, vec![])) && !fits(&group, &write(one, &short, vec![])));
        let all: Vec<_> = (0..64).map(|_| write(run(), &long, vec![])).collect();
        assert!(all[0].may_share());
        let count = (1..all.len()).find(|count| !fits(&all[..*count], &all[*count])).unwrap();
        let bytes = |writes: &[Write]| writes.iter().map(Write::bytes).sum::<usize>();
        assert!(bytes(&all[..count]) <= BYTES_MAX && bytes(&all[..=count]) > BYTES_MAX);
    }

    #[test]
    fn a_commit_that_is_long_or_that_concerns_others_goes_by_itself() {
        let short = json!(1);
        assert!(write(run(), &short, vec![]).may_share());
        let row = RowChange::Add(Row::new("a", "k", ""));
        assert!(!write(run(), &short, vec![row.clone()]).may_share());
        assert!(!write(run(), &json!("a line, ".repeat(9_000)), vec![]).may_share(), "it names a blob");
        assert!(!write(run(), &texts(20_000), vec![]).may_share());
        assert!(!Write::of(&Commit::of_index(vec![row]), vec![]).may_share());
    }
}
