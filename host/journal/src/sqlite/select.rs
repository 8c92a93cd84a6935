//! The question for a list of runs.

use rusqlite::types::Value;
use stockade_workflow::Status;

use super::rows::stored as stored_ms;
use crate::filter::first_created_at;
use crate::{Filter, PageEnd, Sort};

/// A statement, and the values of its places.
pub(super) struct Select {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Select {
    /// Lists what may be meant: whether a run is interrupted is not written, but seen, so those need a second look.
    pub(super) fn of(filter: &Filter) -> Self {
        let mut select = Self { sql: SELECT.to_owned(), values: Vec::new() };
        let wheres = [select.what(filter), select.origin(filter), select.times(filter)].concat();
        if !wheres.is_empty() {
            select.sql += &format!(" WHERE {}", wheres.join(" AND "));
        }
        select.sql += &order(filter);
        if let Some(limit) = filter.limit.filter(|_| !needs_a_look(&filter.status)) {
            select.sql += " LIMIT ?";
            select.values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        }
        select
    }

    fn what(&mut self, filter: &Filter) -> Vec<String> {
        let mut wheres = Vec::new();
        if !filter.status.is_empty() {
            wheres.push(format!("status IN ({})", vec!["?"; filter.status.len()].join(", ")));
            self.values.extend(filter.status.iter().map(|status| stored(*status).to_string().into()));
        }
        if let Some(runs) = &filter.runs {
            wheres.push(format!("run IN ({})", vec!["?"; runs.len()].join(", ")));
            self.values.extend(runs.iter().map(|run| run.as_bytes().to_vec().into()));
        }
        if !filter.waiting_for.is_empty() {
            let one = format!("EXISTS (SELECT 1 FROM json_each({}) WHERE value = ?)", readable("waiting_for"));
            wheres.push(format!("({})", vec![&*one; filter.waiting_for.len()].join(" OR ")));
            self.values.extend(filter.waiting_for.iter().map(|what| what.to_string().into()));
        }
        wheres
    }

    fn origin(&mut self, filter: &Filter) -> Vec<String> {
        let mut wheres = Vec::new();
        for (column, value) in [("workflow", &filter.workflow), ("start_key", &filter.start_key)] {
            if let Some(value) = value {
                wheres.push(format!("{column} = ?"));
                self.values.push(value.clone().into());
            }
        }
        for (name, value) in &filter.labels {
            let labels = readable("labels");
            wheres.push(format!("EXISTS (SELECT 1 FROM json_each({labels}) WHERE key = ? AND value = ?)"));
            self.values.extend([name.clone().into(), value.clone().into()]);
        }
        for (name, values) in filter.labels_besides.iter().filter(|(_, values)| !values.is_empty()) {
            let (labels, places) = (readable("labels"), vec!["?"; values.len()].join(", "));
            let value = format!("COALESCE((SELECT value FROM json_each({labels}) WHERE key = ?), '')");
            wheres.push(format!("{value} NOT IN ({places})"));
            self.values.push(name.clone().into());
            self.values.extend(values.iter().map(|value| value.clone().into()));
        }
        wheres
    }

    fn times(&mut self, filter: &Filter) -> Vec<String> {
        let mut wheres = Vec::new();
        if let Some(since_ms) = filter.since_ms {
            wheres.push("run >= ?".to_owned());
            self.values.push(first_created_at(since_ms).to_vec().into());
        }
        for (compared, at_ms) in [(">=", filter.changed_since_ms), ("<=", filter.unchanged_since_ms)] {
            if let Some(at_ms) = at_ms {
                wheres.push(format!("updated_ms {compared} ?"));
                self.values.push(stored_ms(at_ms).into());
            }
        }
        if let Some(PageEnd { run, updated_ms }) = filter.after {
            let compared = if filter.reverse { "<" } else { ">" };
            match filter.sort {
                Sort::Started => wheres.push(format!("run {compared} ?")),
                Sort::Changed => {
                    wheres.push(format!("(updated_ms, run) {compared} (?, ?)"));
                    self.values.push(stored_ms(updated_ms).into());
                }
            }
            self.values.push(run.as_bytes().to_vec().into());
        }
        wheres
    }
}

/// The columns of a summary, and of the lease behind it.
const SELECT: &str =
    "SELECT run, workflow, status, state, updated_ms, start_key, labels, waiting_for, epoch, owner, until_ms
     FROM runs LEFT JOIN leases USING (run)";

/// Which of the selected columns is the first one of the lease.
pub(super) const LEASE_COLUMN: usize = 8;

/// The JSON of a column; what cannot be read has nothing in it.
fn readable(column: &str) -> String {
    format!("CASE WHEN json_valid({column}) THEN {column} ELSE '[]' END")
}

fn order(filter: &Filter) -> String {
    let direction = if filter.reverse { " DESC" } else { "" };
    match filter.sort {
        Sort::Started => format!(" ORDER BY run{direction}"),
        Sort::Changed => format!(" ORDER BY updated_ms{direction}, run{direction}"),
    }
}

fn stored(status: Status) -> Status {
    if status == Status::Interrupted { Status::Running } else { status }
}

fn needs_a_look(status: &[Status]) -> bool {
    status.iter().any(|status| stored(*status) == Status::Running)
}
