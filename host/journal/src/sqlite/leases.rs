//! Who may write to a run: one row for each run that was ever claimed.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use stockade_workflow::RunId;

use crate::owner::Owner;
use crate::{LEASE, Lease, Result, refusal};

/// A lease as it is written.
pub(super) struct Held {
    epoch: u64,
    /// None where it was given back.
    owner: Option<String>,
    until_ms: u64,
}

impl Held {
    /// Reads the three columns that begin at this one; none where the run has no lease.
    pub(super) fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Option<Self>> {
        let Some(epoch) = row.get(from)? else { return Ok(None) };
        Ok(Some(Self { epoch, owner: row.get(from + 1)?, until_ms: row.get(from + 2)? }))
    }

    /// Whether its holder lives, and was heard of lately.
    pub(super) fn is_live(&self, own: &Owner, now_ms: u64) -> bool {
        self.until_ms > now_ms && self.owner.as_ref().is_some_and(|owner| own.is_alive(owner))
    }

    fn is_of(&self, own: &Owner, epoch: u64) -> bool {
        self.epoch == epoch && self.owner.as_deref() == Some(own.id())
    }
}

pub(super) fn held(connection: &Connection, run: RunId) -> rusqlite::Result<Option<Held>> {
    let mut select = connection.prepare_cached("SELECT epoch, owner, until_ms FROM leases WHERE run = ?1")?;
    select.query_row([run.as_bytes()], |row| Held::read(row, 0)).optional().map(Option::flatten)
}

/// Takes the lease of a run, unless another, or this opener itself, holds it.
pub(super) fn claim(connection: &Connection, own: &Owner, now_ms: u64, run: RunId) -> rusqlite::Result<Result<Lease>> {
    let held = held(connection, run)?;
    if held.as_ref().is_some_and(|held| held.is_live(own, now_ms)) {
        return Ok(Err(refusal::busy(run)));
    }
    let lease = Lease { run, epoch: held.map_or(0, |held| held.epoch).saturating_add(1) };
    put(connection, own, now_ms, &lease)?;
    Ok(Ok(lease))
}

/// Writes that this opener holds a lease from now on.
pub(super) fn put(
    connection: &Connection,
    own: &Owner,
    now_ms: u64,
    Lease { run, epoch }: &Lease,
) -> rusqlite::Result<()> {
    let mut put = connection
        .prepare_cached("INSERT OR REPLACE INTO leases (run, epoch, owner, until_ms) VALUES (?1, ?2, ?3, ?4)")?;
    put.execute(params![run.as_bytes(), epoch, own.id(), end(now_ms)]).map(drop)
}

/// Puts the end of a lease off. One that is over and that no other took is still its holder's.
pub(super) fn renew(
    connection: &Connection,
    own: &Owner,
    now_ms: u64,
    Lease { run, epoch }: &Lease,
) -> rusqlite::Result<Result<()>> {
    let mut renew =
        connection.prepare_cached("UPDATE leases SET until_ms = ?4 WHERE run = ?1 AND epoch = ?2 AND owner = ?3")?;
    let renewed = renew.execute(params![run.as_bytes(), epoch, own.id(), end(now_ms)])?;
    Ok(if renewed == 1 { Ok(()) } else { Err(refusal::fenced(*run)) })
}

pub(super) fn release(connection: &Connection, own: &Owner, Lease { run, epoch }: &Lease) -> rusqlite::Result<()> {
    let mut release = connection
        .prepare_cached("UPDATE leases SET owner = NULL, until_ms = 0 WHERE run = ?1 AND epoch = ?2 AND owner = ?3")?;
    release.execute(params![run.as_bytes(), epoch, own.id()]).map(drop)
}

/// Returns whether this opener holds a lease.
pub(super) fn is_ours(connection: &Connection, own: &Owner, lease: &Lease) -> rusqlite::Result<bool> {
    Ok(held(connection, lease.run)?.is_some_and(|held| held.is_of(own, lease.epoch)))
}

/// By what right a run is written to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Its lease is held, or it is brought here whole and no process drives it.
    There,
    /// Its first entries take its first lease.
    First,
    /// The run may not be written to: another holds its lease, or its lease was never taken.
    Fenced,
}

/// Returns by what right a run may be written to under a lease, or without one. Nothing is written.
pub(super) fn right(
    connection: &Connection,
    own: &Owner,
    now_ms: u64,
    run: RunId,
    lease: Option<&Lease>,
    has_entries: bool,
) -> rusqlite::Result<Right> {
    Ok(match (held(connection, run)?, lease) {
        (Some(held), Some(lease)) if held.is_of(own, lease.epoch) => Right::There,
        (Some(_), Some(_)) => Right::Fenced,
        (Some(held), None) if held.is_live(own, now_ms) => Right::Fenced,
        (Some(_) | None, None) => Right::There,
        (None, Some(lease)) if has_entries && *lease == Lease::first(run) => Right::First,
        (None, Some(_)) => Right::Fenced,
    })
}

fn end(now_ms: u64) -> u64 {
    now_ms.saturating_add(u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX))
}
