//! The question for a list of runs.

use std::collections::{BTreeMap, BTreeSet};

use stockade_system::postgres::{Failed, Parameter, Pool, stored};
use stockade_workflow::{Fault, Kind, RunId, Status, WaitingFor};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::labels;
use super::text::{escaped, unescaped};
use crate::filter::first_created_at;
use crate::summary::part;
use crate::{Filter, PageEnd, Result, Sort, Summary};

/// The columns of a summary. Whether a run is interrupted is not written, but seen: by whether its lease is held.
const SELECT: &str = "
    SELECT run::text, workflow, seen, state, updated_ms, start_key, labels, waiting_for FROM (
        SELECT r.*, CASE
            WHEN r.status = 'running' AND NOT (l.owner IS NOT NULL AND l.until_ms >
                coalesce($1::int8, (extract(epoch FROM now()) * 1000)::int8)) THEN 'interrupted'
            ELSE r.status
        END AS seen
        FROM stockade.runs AS r LEFT JOIN stockade.leases AS l USING (run)
    ) AS runs";

/// A statement, and the values of its places.
struct Select {
    sql: String,
    values: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

/// Returns the summaries of the runs that a filter lets through, in its order.
pub(super) async fn runs(pool: &Pool, filter: &Filter) -> Result<Vec<Row>, Failed> {
    let Select { sql, values } = Select::of(filter, pool.database().now_ms());
    let parameters: Vec<Parameter<'_>> = values.iter().map(|(value, kind)| parameter(&**value, kind)).collect();
    pool.query(&sql, &parameters).await
}

fn parameter<'a>(value: &'a (dyn ToSql + Sync + Send), kind: &Type) -> Parameter<'a> {
    (value, kind.clone())
}

impl Select {
    fn of(filter: &Filter, now_ms: Option<i64>) -> Self {
        let mut select = Self { sql: SELECT.to_owned(), values: vec![(Box::new(now_ms), Type::INT8)] };
        let wheres = [select.what(filter), select.origin(filter), select.times(filter)].concat();
        if !wheres.is_empty() {
            select.sql += &format!(" WHERE {}", wheres.join(" AND "));
        }
        select.sql += order(filter);
        if let Some(limit) = filter.limit {
            let limit = select.value(i64::try_from(limit).unwrap_or(i64::MAX), Type::INT8);
            select.sql += &format!(" LIMIT {limit}");
        }
        select
    }

    /// Adds a value, and returns its place.
    fn value(&mut self, value: impl ToSql + Sync + Send + 'static, kind: Type) -> String {
        self.values.push((Box::new(value), kind));
        format!("${}", self.values.len())
    }

    fn what(&mut self, filter: &Filter) -> Vec<String> {
        let mut wheres = Vec::new();
        if !filter.status.is_empty() {
            let seen: Vec<_> = filter.status.iter().map(Status::to_string).collect();
            let seen = self.value(seen, Type::TEXT_ARRAY);
            // What is written is found by an index.
            let written: Vec<_> = filter.status.iter().map(|status| written(*status).to_string()).collect();
            let written = self.value(written, Type::TEXT_ARRAY);
            wheres.push(format!("status = ANY ({written}) AND seen = ANY ({seen})"));
        }
        if let Some(runs) = &filter.runs {
            let runs = self.value(runs.iter().map(RunId::to_string).collect::<Vec<_>>(), Type::TEXT_ARRAY);
            wheres.push(format!("run = ANY ({runs}::text[]::uuid[])"));
        }
        if !filter.waiting_for.is_empty() {
            let what: Vec<_> = filter.waiting_for.iter().map(WaitingFor::to_string).collect();
            wheres.push(format!("waiting_for && {}", self.value(what, Type::TEXT_ARRAY)));
        }
        wheres
    }

    fn origin(&mut self, filter: &Filter) -> Vec<String> {
        let mut wheres = Vec::new();
        for (column, value) in [("workflow", &filter.workflow), ("start_key", &filter.start_key)] {
            if let Some(value) = value {
                wheres.push(format!("{column} = {}", self.value(escaped(value), Type::TEXT)));
            }
        }
        if !filter.labels.is_empty() {
            let labels: Vec<_> = filter.labels.iter().map(|(name, value)| labels::written(name, value)).collect();
            wheres.push(format!("labels @> {}", self.value(labels, Type::TEXT_ARRAY)));
        }
        for (name, values) in &filter.labels_besides {
            let labels: Vec<_> = values.iter().map(|value| labels::written(name, value)).collect();
            wheres.push(format!("NOT labels && {}", self.value(labels, Type::TEXT_ARRAY)));
            if values.contains("") {
                // A label begins with its name and what is between it and the value.
                let beginning = self.value(labels::written(name, ""), Type::TEXT);
                wheres.push(format!("EXISTS (SELECT 1 FROM unnest(labels) AS l WHERE starts_with(l, {beginning}))"));
            }
        }
        wheres
    }

    fn times(&mut self, filter: &Filter) -> Vec<String> {
        let mut wheres = Vec::new();
        if let Some(since_ms) = filter.since_ms {
            let first = RunId::from_bytes(first_created_at(since_ms));
            wheres.push(format!("run >= {}", self.run(first)));
        }
        for (compared, at_ms) in [(">=", filter.changed_since_ms), ("<=", filter.unchanged_since_ms)] {
            if let Some(at_ms) = at_ms {
                wheres.push(format!("updated_ms {compared} {}", self.value(stored(at_ms), Type::INT8)));
            }
        }
        if let Some(PageEnd { run, updated_ms }) = filter.after {
            let compared = if filter.reverse { "<" } else { ">" };
            let run = self.run(run);
            wheres.push(match filter.sort {
                Sort::Started => format!("run {compared} {run}"),
                Sort::Changed => {
                    format!("(updated_ms, run) {compared} ({}, {run})", self.value(stored(updated_ms), Type::INT8))
                }
            });
        }
        wheres
    }

    fn run(&mut self, run: RunId) -> String {
        format!("{}::text::uuid", self.value(run.to_string(), Type::TEXT))
    }
}

/// By the column: the selected text of the same name has no index.
fn order(filter: &Filter) -> &'static str {
    match (filter.sort, filter.reverse) {
        (Sort::Started, false) => " ORDER BY runs.run",
        (Sort::Started, true) => " ORDER BY runs.run DESC",
        (Sort::Changed, false) => " ORDER BY updated_ms, runs.run",
        (Sort::Changed, true) => " ORDER BY updated_ms DESC, runs.run DESC",
    }
}

fn written(status: Status) -> Status {
    if status == Status::Interrupted { Status::Running } else { status }
}

/// Reads a summary.
pub(super) fn read(pool: &Pool, row: &Row) -> Result<Summary> {
    columns(row).map_err(|why| {
        let message = format!("the line of a run in \"{}\" cannot be read: {why}", pool.database());
        Fault::new(Kind::Journal, message).detail("run")
    })
}

fn columns(row: &Row) -> Result<Summary, Box<dyn std::error::Error + Send + Sync>> {
    let (mut damaged, status) = (None, row.try_get::<_, &str>(2)?);
    let (labels, waiting_for): (Vec<&str>, Vec<&str>) = (row.try_get(6)?, row.try_get(7)?);
    let labels = labels.into_iter().map(|label| labels::read(label).ok_or("one has no value"));
    let waiting_for = waiting_for.into_iter().map(str::parse::<WaitingFor>);
    Ok(Summary {
        run_id: row.try_get::<_, &str>(0)?.parse()?,
        workflow: unescaped(row.try_get(1)?),
        status: part("status", status.parse::<Status>().map(Some), &mut damaged).unwrap_or(Status::Running),
        state: unescaped(row.try_get(3)?),
        updated_ms: u64::try_from(row.try_get::<_, i64>(4)?)?,
        start_key: row.try_get::<_, Option<&str>>(5)?.map(unescaped),
        labels: part("labels", labels.collect::<Result<BTreeMap<_, _>, _>>(), &mut damaged),
        waiting_for: part("waits", waiting_for.collect::<Result<BTreeSet<_>, _>>(), &mut damaged),
        damaged,
    })
}
