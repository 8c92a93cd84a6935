//! The question for a list of runs.

use rusqlite::types::Value;
use stockade_workflow::Status;

use crate::{Filter, first_created_at};

/// A statement, and the values of its places.
pub(super) struct Select {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Select {
    /// Lists what may be meant: whether a run is interrupted is not written, but seen, so those need a second look.
    pub(super) fn of(filter: &Filter) -> Self {
        let mut select = Self { sql: SELECT.to_owned(), values: Vec::new() };
        let mut wheres = Vec::new();
        if !filter.status.is_empty() {
            wheres.push(format!("status IN ({})", vec!["?"; filter.status.len()].join(", ")));
            select.values.extend(filter.status.iter().map(|status| stored(*status).to_string().into()));
        }
        if let Some(runs) = &filter.runs {
            wheres.push(format!("run IN ({})", vec!["?"; runs.len()].join(", ")));
            select.values.extend(runs.iter().map(|run| run.as_bytes().to_vec().into()));
        }
        if let Some(workflow) = &filter.workflow {
            wheres.push("workflow = ?".to_owned());
            select.values.push(workflow.clone().into());
        }
        if let Some(since_ms) = filter.since_ms {
            wheres.push("run >= ?".to_owned());
            select.values.push(first_created_at(since_ms).to_vec().into());
        }
        if let Some(after) = filter.after {
            wheres.push("run > ?".to_owned());
            select.values.push(after.as_bytes().to_vec().into());
        }
        if !wheres.is_empty() {
            select.sql += &format!(" WHERE {}", wheres.join(" AND "));
        }
        select.sql += " ORDER BY run";
        if let Some(limit) = filter.limit.filter(|_| !needs_a_look(&filter.status)) {
            select.sql += " LIMIT ?";
            select.values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        }
        select
    }
}

const SELECT: &str = "SELECT run, workflow, status, state, updated_ms, epoch, owner, until_ms
     FROM runs LEFT JOIN leases USING (run)";

fn stored(status: Status) -> Status {
    if status == Status::Interrupted { Status::Running } else { status }
}

fn needs_a_look(status: &[Status]) -> bool {
    status.iter().any(|status| stored(*status) == Status::Running)
}
