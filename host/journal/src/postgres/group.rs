//! Commits of several runs in one statement.

use stockade_system::postgres::{Failed, Parameter, Pool};
use stockade_workflow::FORMAT;
use tokio_postgres::types::Type;

use super::leases::lease_ms;
use super::numbers::stored;
use super::write::Write;

const WRITE: &str = "
    SELECT stockade.write_commits(
        $1::text::uuid, $2, $3, $4, $5::text[]::uuid[], $6::text[]::uuid[], $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
        $18, $19, $20, $21, $22, $23, $24)";

/// Makes commits that [may share](Write::may_share) one transaction: all of them, or none.
pub(super) async fn send(pool: &Pool, own: &str, group: &[Write]) -> Result<(), Failed> {
    let (now_ms, lease_ms) = (pool.database().now_ms(), lease_ms());
    let format = i32::try_from(FORMAT).unwrap_or(i32::MAX);
    let columns = Columns::of(group);
    let mut parameters: Vec<Parameter<'_>> =
        vec![(&own, Type::TEXT), (&now_ms, Type::INT8), (&lease_ms, Type::INT8), (&format, Type::INT4)];
    parameters.extend(columns.parameters());
    pool.query(WRITE, &parameters).await.map(drop)
}

/// Commits, each of their parts a list.
#[derive(Default)]
struct Columns<'a> {
    commits: Vec<&'a str>,
    runs: Vec<Option<String>>,
    epochs: Vec<Option<i64>>,
    releases: Vec<bool>,
    firsts: Vec<Option<i64>>,
    rows: Vec<i32>,
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
    /// In the order of the runs: so no two statements wait for each other.
    fn of(group: &'a [Write]) -> Self {
        let (mut columns, mut writes) = (Self::default(), group.iter().collect::<Vec<_>>());
        writes.sort_by_key(|write| write.run);
        writes.into_iter().for_each(|write| columns.add(write));
        columns
    }

    fn add(&mut self, write: &'a Write) {
        let Write { id, run, lease, releases, entries, line, .. } = write;
        self.commits.push(id);
        self.runs.push(run.map(|run| run.to_string()));
        self.epochs.push(lease.as_ref().map(|lease| stored(lease.epoch)));
        self.releases.push(*releases);
        self.firsts.push(entries.first);
        self.rows.push(count(entries.seqs.len()));
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
    fn parameters(&self) -> [Parameter<'_>; 20] {
        [
            (&self.commits, Type::TEXT_ARRAY),
            (&self.runs, Type::TEXT_ARRAY),
            (&self.epochs, Type::INT8_ARRAY),
            (&self.releases, Type::BOOL_ARRAY),
            (&self.firsts, Type::INT8_ARRAY),
            (&self.rows, Type::INT4_ARRAY),
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
    use std::sync::Arc;

    use stockade_workflow::RunId;
    use tokio::task::JoinHandle;

    use crate::postgres::PostgresJournal;
    use crate::postgres::tests::{Place, commit, run};
    use crate::{Filter, Journal as _, Result};

    /// Does something with each run at the same moment, and returns what became of it.
    async fn each<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
        journal: &Arc<PostgresJournal>,
        runs: &[RunId],
        act: impl Fn(Arc<PostgresJournal>, RunId) -> F,
    ) -> Vec<Result<T>> {
        let all: Vec<JoinHandle<_>> = runs.iter().map(|run| tokio::spawn(act(Arc::clone(journal), *run))).collect();
        let mut answers = Vec::new();
        for one in all {
            answers.push(one.await.unwrap());
        }
        answers
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_run_that_is_refused_keeps_no_other_of_its_group_from_what_it_wants() {
        let (place, there) = (Place::new().await, run());
        let journal = Arc::new(place.open().await);
        journal.commit(&commit(there, 1)).await.unwrap();
        let runs: Vec<_> = (0..40).map(|number| if number % 10 == 3 { there } else { run() }).collect();
        let begun = each(&journal, &runs, |journal, run| async move { journal.commit(&commit(run, 1)).await }).await;
        for (run, begun) in runs.iter().zip(begun) {
            let detail = begun.err().and_then(|fault| fault.detail);
            assert_eq!(detail.as_deref(), (*run == there).then_some("taken"));
        }
        assert_eq!(journal.runs(&Filter::default()).await.unwrap().len(), 37);
        let claimed = each(&journal, &runs, |journal, run| async move { journal.claim(run).await }).await;
        let (claimed, refused): (Vec<_>, Vec<_>) = claimed.into_iter().partition(Result::is_ok);
        assert_eq!((claimed.len(), refused.len()), (37, 3), "the one that is named four times is claimed once");
        assert!(refused.into_iter().all(|refused| refused.unwrap_err().detail.as_deref() == Some("busy")));
    }
}
