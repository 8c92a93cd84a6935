//! The one thread that writes.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, named_params, params};
use stockade_workflow::{FORMAT, Fault, RunId};
use tokio::sync::{mpsc, oneshot};

use super::driven::Driven;
use super::leases::Right;
use super::{blobs, failed, json, leases, removal, rows, stopped};
use crate::codec::Packed;
use crate::owner::Owner;
use crate::wait::Place;
use crate::{Lease, Result, RowChange, Summary, refusal};

/// How many commits share one transaction, so that the first of them does not wait for ever more others.
const GROUP_MAX: usize = 256;

/// Which part of the driven runs makes a group that waits for no more commits.
const PART: usize = 4;

/// Something to be written, on its way to the writer.
pub(super) struct Request {
    pub(super) work: Work,
    pub(super) now_ms: u64,
    pub(super) done: oneshot::Sender<Result<Done>>,
}

/// What is to be written.
pub(super) enum Work {
    Append(Box<Append>),
    Claim(RunId),
    Renew(Lease),
    Release(Lease),
    Remove(Lease, Vec<RowChange>),
}

/// A commit. Its entries are packed before, where it is committed: there is one writer for all.
pub(super) struct Append {
    pub(super) run: Option<RunId>,
    pub(super) lease: Option<Lease>,
    pub(super) releases: bool,
    pub(super) rows: Vec<Packed>,
    pub(super) summary: Option<Summary>,
    pub(super) index: Vec<RowChange>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Written,
    Claimed(Lease),
}

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) owner: Arc<Owner>,
}

impl Writer {
    /// Takes what waits, writes it in one transaction, answers each.
    pub(super) fn write(mut self, mut inbox: mpsc::Receiver<Request>) {
        let mut driven = Driven::default();
        while let Some((first, is_behind)) = next(&mut inbox) {
            let group = gathered(first, &mut inbox, driven.count(), is_behind);
            let answers = self.write_group(&mut driven, &group);
            for (request, answer) in group.into_iter().zip(answers) {
                // The one who asked may have gone away meanwhile.
                let _ = request.done.send(answer);
            }
        }
    }

    /// Writes a group; a refusal is of its own request only, any other failure of the whole group.
    fn write_group(&mut self, driven: &mut Driven, group: &[Request]) -> Vec<Result<Done>> {
        let all = |fault: Fault| group.iter().map(|_| Err(fault.clone())).collect();
        if let Err(error) = self.owner.show() {
            return all(stopped(&self.path, &error));
        }
        let owner = &self.owner;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let written = transaction.and_then(|mut transaction| {
            driven.look(&transaction)?;
            let mut answers = Vec::with_capacity(group.len());
            for request in group {
                let answer = whole(&mut transaction, owner, driven, request)?;
                driven.note(&request.work, &answer);
                answers.push(answer);
            }
            transaction.commit().map(|()| answers)
        });
        written.unwrap_or_else(|error| {
            driven.forget();
            all(failed(&self.path, &error))
        })
    }
}

impl Request {
    /// Whether a run begins with it: then a client waits for it, who has waited for nothing of the run yet.
    fn is_first(&self) -> bool {
        matches!(&self.work, Work::Append(append) if append.rows.first().is_some_and(|row| row.first == 1))
    }
}

/// Waits for the next request, and says whether it was there already when the group before was written: then the writer is behind.
/// One that is not writes at once what comes while nothing else wants the processor, however many runs there are.
fn next(inbox: &mut mpsc::Receiver<Request>) -> Option<(Request, bool)> {
    match inbox.try_recv() {
        Ok(first) => Some((first, true)),
        Err(_) => inbox.blocking_recv().map(|first| (first, false)),
    }
}

/// Takes what waits behind a first request. Where many runs are driven and few of them have a commit here, others are waited for,
/// but with no run that begins.
fn gathered(first: Request, inbox: &mut mpsc::Receiver<Request>, driven: usize, is_behind: bool) -> Vec<Request> {
    let mut group = vec![first];
    Place { driven, part: PART, may_sleep: is_behind }.wait(|| {
        fill(&mut group, inbox);
        (!group.iter().any(Request::is_first)).then_some(group.len())
    });
    fill(&mut group, inbox);
    group
}

fn fill(group: &mut Vec<Request>, inbox: &mut mpsc::Receiver<Request>) {
    while group.len() < GROUP_MAX
        && let Ok(next) = inbox.try_recv()
    {
        group.push(next);
    }
}

/// Does what a request asks for, or nothing of it where it is refused. For a savepoint, SQLite keeps a copy of each page that is
/// changed: most requests need none.
fn whole(
    transaction: &mut Transaction<'_>,
    owner: &Owner,
    driven: &Driven,
    request: &Request,
) -> rusqlite::Result<Result<Done>> {
    if !is_refused_late(&request.work) {
        return one(transaction, owner, driven, request);
    }
    let savepoint = transaction.savepoint()?;
    let answer = one(&savepoint, owner, driven, request)?;
    if answer.is_ok() {
        savepoint.commit()?
    } else {
        savepoint.finish()?
    }
    Ok(answer)
}

/// Whether a request may be refused when something of it was written.
fn is_refused_late(work: &Work) -> bool {
    match work {
        Work::Append(append) => rows::may_be_refused(&append.index),
        Work::Remove(..) => true,
        Work::Claim(_) | Work::Renew(_) | Work::Release(_) => false,
    }
}

fn one(
    connection: &Connection,
    owner: &Owner,
    driven: &Driven,
    Request { work, now_ms, .. }: &Request,
) -> rusqlite::Result<Result<Done>> {
    let written = match work {
        Work::Append(append) => append_leased(connection, owner, driven, *now_ms, append)?,
        Work::Claim(run) => return Ok(leases::claim(connection, owner, *now_ms, *run)?.map(Done::Claimed)),
        Work::Renew(lease) => leases::renew(connection, owner, *now_ms, lease)?,
        Work::Release(lease) => Ok(leases::release(connection, owner, lease)?),
        Work::Remove(lease, index) => removal::remove(connection, owner, lease, index)?,
    };
    Ok(written.map(|()| Done::Written))
}

/// Writes a commit. Nothing is written before the run's part of it is allowed.
fn append_leased(
    connection: &Connection,
    owner: &Owner,
    driven: &Driven,
    now_ms: u64,
    append: &Append,
) -> rusqlite::Result<Result<()>> {
    let Append { run, lease, releases, rows: packed, summary, index } = append;
    let Some(run) = *run else { return rows::change(connection, index) };
    let right = match lease {
        Some(lease) if driven.holds(lease) => Right::There,
        lease => leases::right(connection, owner, now_ms, run, lease.as_ref(), !packed.is_empty())?,
    };
    if right == Right::Fenced {
        return Ok(Err(refusal::fenced(run)));
    }
    if !is_next(connection, driven, run, packed)? {
        return Ok(Err(refusal::taken(run)));
    }
    if right == Right::First {
        leases::put(connection, owner, now_ms, &Lease::first(run))?;
    }
    add(connection, run, packed)?;
    summary.as_ref().map_or(Ok(()), |summary| upsert(connection, summary))?;
    lease.as_ref().filter(|_| *releases).map_or(Ok(()), |lease| leases::release(connection, owner, lease))?;
    rows::change(connection, index)
}

/// Whether the run's next entry has the number of the first; then the rest of them are free by construction.
fn is_next(connection: &Connection, driven: &Driven, run: RunId, rows: &[Packed]) -> rusqlite::Result<bool> {
    let Some(Packed { first, .. }) = rows.first() else { return Ok(true) };
    if driven.last(run).is_some_and(|last| last + 1 == *first) {
        return Ok(true);
    }
    let mut last = connection.prepare_cached("SELECT seq FROM entries WHERE run = ?1 ORDER BY seq DESC LIMIT 1")?;
    let last: Option<u64> = last.query_row([run.as_bytes()], |row| row.get(0)).optional()?;
    Ok(last.unwrap_or(0) + 1 == *first)
}

fn add(connection: &Connection, run: RunId, rows: &[Packed]) -> rusqlite::Result<()> {
    let mut insert = connection
        .prepare_cached("INSERT INTO entries (run, seq, format, at_ms, change) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for Packed { seq, at_ms, bytes, blobs, .. } in rows {
        insert.execute(params![run.as_bytes(), seq, FORMAT, at_ms, bytes])?;
        blobs::add(connection, blobs)?;
    }
    Ok(())
}

fn upsert(connection: &Connection, summary: &Summary) -> rusqlite::Result<()> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO runs (run, workflow, status, state, updated_ms, start_key, labels, waiting_for)
         VALUES (:run, :workflow, :status, :state, :at, :start_key, :labels, :waiting_for)
         ON CONFLICT (run) DO UPDATE SET
             status = :status, state = :state, updated_ms = :at, waiting_for = :waiting_for",
    )?;
    upsert.execute(named_params! {
        ":run": summary.run_id.as_bytes(), ":workflow": summary.workflow, ":status": summary.status.to_string(),
        ":state": summary.state, ":at": summary.updated_ms, ":start_key": summary.start_key,
        ":labels": json(&summary.labels)?, ":waiting_for": json(&summary.waiting_for)?,
    })?;
    Ok(())
}
