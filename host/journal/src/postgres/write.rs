//! A commit, as the functions of the database take it.

use stockade_system::postgres::{Failed, Parameter, Pool, stored};
use stockade_workflow::{FORMAT, RunId};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::leases::lease_ms;
use super::rows::Columns;
use super::text::escaped;
use super::{entries, labels};
use crate::codec::Packed;
use crate::{Commit, Lease, Result, RowChange, Summary};

const WRITE: &str = "
    SELECT stockade.write_commit(
        $1::text::uuid, $2::text::uuid, $3, $4::text::uuid, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
        $19, $20, $21, $22, $23, $24, $25, $26, $27::text[]::uuid[], $28, $29, $30, $31, $32)";

const REMOVE: &str = "
    SELECT stockade.remove_run(
        $1::text::uuid, $2::text::uuid, $3, $4::text::uuid, $5, $6, $7, $8::text[]::uuid[], $9, $10, $11, $12, $13)";

/// The most bytes of a commit that shares its transaction with others.
const SHARED_BYTES_MAX: usize = 64 << 10;

/// A commit that is to be made. It has an id, by which it is known again where it is sent twice.
pub(super) struct Write {
    pub(super) id: String,
    pub(super) run: Option<RunId>,
    /// The lease under which it is made, and whether that is given back.
    pub(super) lease: Option<Lease>,
    pub(super) releases: bool,
    pub(super) entries: entries::Columns,
    pub(super) line: Line,
    pub(super) rows: Columns,
}

/// A run's summary, absent where it stays as it is.
#[derive(Default)]
pub(super) struct Line {
    pub(super) workflow: Option<String>,
    pub(super) status: Option<String>,
    pub(super) state: Option<String>,
    pub(super) updated_ms: Option<i64>,
    pub(super) start_key: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) waiting_for: Vec<String>,
}

impl Write {
    /// Returns what a commit writes, whose entries are packed as these rows.
    pub(super) fn of(commit: &Commit, rows: Vec<Packed>) -> Self {
        let Commit { lease, releases, entries: _, summary, index } = commit;
        Self {
            id: Uuid::now_v7().to_string(),
            run: commit.run(),
            lease: lease.clone(),
            releases: *releases,
            entries: entries::Columns::of(rows),
            line: summary.as_ref().map(Line::of).unwrap_or_default(),
            rows: Columns::of(index),
        }
    }

    /// Whether it may share a transaction with those of other runs: it is short, and writes nothing but what is its run's own, so
    /// that it waits for no other commit, and no other commit waits for it.
    pub(super) fn may_share(&self) -> bool {
        let is_own = self.run.is_some() && self.rows.is_empty() && self.entries.name_nothing();
        is_own && self.bytes() <= SHARED_BYTES_MAX
    }

    /// Whether a run begins with it: then a client waits for it, who has waited for nothing of the run yet.
    pub(super) fn is_first(&self) -> bool {
        self.entries.first == Some(1)
    }

    /// How long its entries and its summary are together.
    pub(super) fn bytes(&self) -> usize {
        self.entries.bytes() + self.line.bytes()
    }

    /// Makes the commit.
    pub(super) async fn send(&self, pool: &Pool, own: &str) -> Result<(), Failed> {
        let Self { id, run, lease, releases, entries, line, rows } = self;
        let (run, epoch) = (run.map(|run| run.to_string()), lease.as_ref().map(|lease| stored(lease.epoch)));
        let (now_ms, lease_ms) = (pool.database().now_ms(), lease_ms());
        let format = i32::try_from(FORMAT).unwrap_or(i32::MAX);
        let mut parameters: Vec<Parameter<'_>> = vec![
            (id, Type::TEXT),
            (&run, Type::TEXT),
            (&epoch, Type::INT8),
            (&own, Type::TEXT),
            (releases, Type::BOOL),
            (&now_ms, Type::INT8),
            (&lease_ms, Type::INT8),
            (&format, Type::INT4),
        ];
        parameters.extend(entries.parameters());
        parameters.extend(line.parameters());
        parameters.extend(rows.parameters());
        pool.query(WRITE, &parameters).await.map(drop)
    }
}

impl Line {
    fn of(summary: &Summary) -> Self {
        Self {
            workflow: Some(escaped(&summary.workflow)),
            status: Some(summary.status.to_string()),
            state: Some(escaped(&summary.state)),
            updated_ms: Some(stored(summary.updated_ms)),
            start_key: summary.start_key.as_deref().map(escaped),
            labels: summary.labels.iter().map(|(name, value)| labels::written(name, value)).collect(),
            waiting_for: summary.waiting_for.iter().map(ToString::to_string).collect(),
        }
    }

    fn bytes(&self) -> usize {
        let texts = [&self.workflow, &self.status, &self.state, &self.start_key].into_iter().flatten();
        texts.chain(&self.labels).chain(&self.waiting_for).map(String::len).sum()
    }

    /// The values of the places of the function, in their order.
    fn parameters(&self) -> [Parameter<'_>; 7] {
        [
            (&self.workflow, Type::TEXT),
            (&self.status, Type::TEXT),
            (&self.state, Type::TEXT),
            (&self.updated_ms, Type::INT8),
            (&self.start_key, Type::TEXT),
            (&self.labels, Type::TEXT_ARRAY),
            (&self.waiting_for, Type::TEXT_ARRAY),
        ]
    }
}

/// A removal that is to be made.
pub(super) struct Removal {
    id: String,
    pub(super) lease: Lease,
    pub(super) rows: Columns,
}

impl Removal {
    pub(super) fn of(lease: &Lease, index: &[RowChange]) -> Self {
        Self { id: Uuid::now_v7().to_string(), lease: lease.clone(), rows: Columns::of(index) }
    }

    /// Removes the run.
    pub(super) async fn send(&self, pool: &Pool, own: &str) -> Result<(), Failed> {
        let (run, epoch) = (self.lease.run.to_string(), stored(self.lease.epoch));
        let mut parameters: Vec<Parameter<'_>> =
            vec![(&self.id, Type::TEXT), (&run, Type::TEXT), (&epoch, Type::INT8), (&own, Type::TEXT)];
        parameters.extend(self.rows.parameters());
        pool.query(REMOVE, &parameters).await.map(drop)
    }
}
