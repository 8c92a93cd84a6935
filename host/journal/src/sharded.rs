//! A journal in several databases.

mod placing;
mod set;
mod shard;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use stockade_system::Clock;
use stockade_workflow::{Entry, Fault, Kind, RunId};
use uuid::Uuid;

use self::placing::Reach;
use self::shard::Shard;
use crate::{Beside, Commit, Filter, Journal, KeyUse, Lease, Result, Room, Row, RowChange, Summary};

/// How often an id for a new run is drawn at most. Of 16 databases, the chance that no draw lies in the right one is less
/// than one in 10^100.
const DRAWS_MAX: usize = 4_096;

/// How many rows that all databases have are remembered as such.
const SPREAD_MAX: usize = 65_536;

/// The space of the runs that were removed, and whose rows in other databases are to be: the key is the run.
const REMOVED_ELSEWHERE: &str = "removed_elsewhere";

/// How many of them are looked at in one go.
const REMOVED_LOOKED_AT: usize = 1_000;

/// A journal in several journals, each in a database of its own: a run lies in the one that a hash of its id names, with all that
/// is written with it.
///
/// A commit is one transaction of one database. What must be in one with a run is so because the run's id is
/// [drawn](Journal::new_run) until it lies there: a start key, a schedule, a session of code, the run that has started it. A
/// commit of what lies in two databases is refused, with kind [`Invalid`](Kind::Invalid) and detail `databases`; it never is
/// two transactions. But for two things:
///
/// - What runs left in stores (`mark`) is in all databases before a commit that says so is made. If that is not made then, too
///   much is marked, and never too little.
/// - What a removed run has in other databases (the tokens of later results) is removed after the run, which a row beside the
///   run's place asks for until it is done: it is begun again when the journal is opened or [compacted](Journal::compact).
///
/// A database that fails keeps no run of another from going on: [`Journal::due`], and [`Journal::runs`] where the filter says
/// so, leave out one that cannot be reached, and [`Journal::unreachable`] names it. All else that needs it fails as it does.
pub struct ShardedJournal {
    shards: Vec<Shard>,
    clock: Clock,
    /// The rows of which it is known that all databases have them.
    spread: Mutex<BTreeSet<(String, String)>>,
}

impl ShardedJournal {
    /// Opens a journal in these, in this order, which they keep: opened in another one, or with others, it is refused. Empty ones
    /// become a journal. The clock says how long one that fails is left alone.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `databases` where they are not those of one journal, in their order, or are fewer than
    /// 2 or more than 16; one of them fails.
    pub async fn open(journals: Vec<Arc<dyn Journal>>, clock: Clock) -> Result<Self> {
        set::join(&journals).await?;
        let journal = Self::over(journals, clock);
        journal.sweep().await?;
        Ok(journal)
    }

    /// Checks that a journal that is opened alone is not one of several.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `databases` where it is; the journal fails.
    pub async fn check_alone(journal: &dyn Journal) -> Result<()> {
        set::check_alone(journal).await
    }

    fn over(journals: Vec<Arc<dyn Journal>>, clock: Clock) -> Self {
        Self { shards: journals.into_iter().map(Shard::new).collect(), clock, spread: Mutex::default() }
    }

    fn journal(&self, number: usize) -> Result<&dyn Journal> {
        let shard = self.shards.get(number);
        shard.map(Shard::journal).ok_or_else(|| Fault::new(Kind::HostBug, format!("there is no database {number}")))
    }

    fn named(&self, name: &str) -> usize {
        placing::place(name, self.shards.len())
    }

    fn of_name(&self, name: &str) -> Result<&dyn Journal> {
        self.journal(self.named(name))
    }

    fn place_of_run(&self, run: RunId) -> usize {
        self.named(&run.to_string())
    }

    fn of_run(&self, run: RunId) -> Result<&dyn Journal> {
        self.journal(self.place_of_run(run))
    }

    /// Returns the number of the database of a thing, if it has one.
    fn number(&self, thing: &Beside<'_>) -> Option<usize> {
        match thing {
            Beside::Run(run) => Some(self.place_of_run(*run)),
            Beside::Row { space, key } => placing::name(space, key).map(|name| self.named(name)),
        }
    }

    /// Returns the number of the one database in which all of these lie; none where none of them has one.
    fn together<'a>(&self, things: impl IntoIterator<Item = Beside<'a>>) -> Result<Option<usize>> {
        let mut first: Option<(usize, Beside<'a>)> = None;
        for thing in things {
            let Some(number) = self.number(&thing) else { continue };
            match &first {
                None => first = Some((number, thing)),
                Some((there, _)) if *there == number => {}
                Some((there, other)) => return Err(apart((*there, other), (number, &thing))),
            }
        }
        Ok(first.map(|(number, _)| number))
    }

    /// Returns the number of the database to which something is written.
    fn place_of(&self, run: Option<RunId>, index: &[RowChange]) -> Result<usize> {
        index.iter().try_for_each(placing::check)?;
        let things = run.map(Beside::Run).into_iter().chain(index.iter().flat_map(placing::things));
        Ok(self.together(things)?.unwrap_or_default())
    }

    /// Writes to all databases what each of them is to have.
    async fn spread(&self, index: &[RowChange]) -> Result<()> {
        let everywhere = index.iter().filter(|change| placing::is_everywhere(change));
        let new: Vec<_> = everywhere.filter(|change| !self.is_spread(change)).cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        let commit = Commit::of_index(new);
        for shard in &self.shards {
            shard.journal().commit(&commit).await?;
        }
        let mut known = self.known();
        if known.len().saturating_add(commit.index.len()) > SPREAD_MAX {
            known.clear();
        }
        known.extend(commit.index.iter().map(owned));
        Ok(())
    }

    fn is_spread(&self, change: &RowChange) -> bool {
        self.known().contains(&owned(change))
    }

    fn known(&self) -> MutexGuard<'_, BTreeSet<(String, String)>> {
        self.spread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes what a run that was removed has in other databases than its own.
    async fn remove_elsewhere(&self, number: usize, run: RunId) -> Result<()> {
        for (place, other) in self.shards.iter().enumerate() {
            if place != number {
                let lease = other.journal().claim(run).await?;
                other.journal().remove(&lease, &[]).await?;
            }
        }
        let done = RowChange::Remove { space: REMOVED_ELSEWHERE.to_owned(), key: run.to_string() };
        self.journal(number)?.commit(&Commit::of_index(vec![done])).await
    }

    /// Does what a host has left that was gone, or could not reach a database, after it had removed a run.
    async fn sweep(&self) -> Result<()> {
        for (number, shard) in self.shards.iter().enumerate() {
            for row in shard.journal().find(REMOVED_ELSEWHERE, "", None, REMOVED_LOOKED_AT).await? {
                if let Ok(run) = row.key.parse::<RunId>() {
                    // Another host may be at it; what is not done now is done the next time.
                    let _ = self.remove_elsewhere(number, run).await;
                }
            }
        }
        Ok(())
    }

    /// Returns those that are asked where one that cannot be reached is left out.
    fn asked(&self) -> Vec<&Shard> {
        let now_ms = self.clock.now_ms();
        let near: Vec<_> = self.shards.iter().filter(|shard| !shard.is_away(now_ms)).collect();
        if near.is_empty() { self.shards.iter().collect() } else { near }
    }

    /// Fails where no database was reached.
    fn check_reached(&self, is_reached: bool) -> Result<()> {
        match self.unreachable().into_iter().next() {
            Some(fault) if !is_reached => Err(fault),
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the number of the only database in which the rows of these places are; none where there is no such one.
    fn only(&self, places: &[(&str, &str)]) -> Option<usize> {
        let mut only = None;
        for (space, prefix) in places {
            match placing::reach(space, prefix) {
                Reach::Any => {}
                Reach::All => return None,
                Reach::One(name) => {
                    let number = self.named(name);
                    if only.is_some_and(|only| only != number) {
                        return None;
                    }
                    only = Some(number);
                }
            }
        }
        only
    }

    /// Returns rows that all databases have from one that answers.
    async fn find_any(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        for shard in self.asked() {
            let found = shard.journal().find(space, prefix, after, limit).await;
            if let Some(rows) = shard.heard(found, self.clock.now_ms())? {
                return Ok(rows);
            }
        }
        self.check_reached(false).map(|()| Vec::new())
    }

    async fn find_in_all(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for shard in &self.shards {
            rows.extend(shard.journal().find(space, prefix, after, limit).await?);
        }
        rows.sort_by(|one, other| one.key.cmp(&other.key));
        rows.truncate(limit);
        Ok(rows)
    }

    /// Returns a filter for the runs of one database; nothing if the filter names no run of it.
    fn narrowed(&self, number: usize, filter: &Filter) -> Option<Filter> {
        let Some(runs) = &filter.runs else { return Some(filter.clone()) };
        let own: Vec<_> = runs.iter().copied().filter(|run| self.place_of_run(*run) == number).collect();
        (!own.is_empty()).then(|| Filter { runs: Some(own), ..filter.clone() })
    }

    /// Returns whether a database is not asked for runs now.
    fn is_left_out(&self, shard: &Shard, filter: &Filter) -> bool {
        filter.reachable && !self.asked().iter().any(|asked| std::ptr::eq(*asked, shard))
    }
}

fn owned(change: &RowChange) -> (String, String) {
    let (space, key) = change.place();
    (space.to_owned(), key.to_owned())
}

/// The refusal of what would be in two databases.
fn apart((number, one): (usize, &Beside<'_>), (other_number, other): (usize, &Beside<'_>)) -> Fault {
    let (number, other_number) = (number + 1, other_number + 1);
    Fault::invalid(
        "databases",
        format!(
            "{one} lies in database {number} of the journal, and {other} in database {other_number}; what is written together \
             must lie in one; leave one of them away, or keep the journal in one database"
        ),
    )
}

#[async_trait]
impl Journal for ShardedJournal {
    async fn commit(&self, commit: &Commit) -> Result<()> {
        let number = self.place_of(commit.run(), &commit.index)?;
        self.spread(&commit.index).await?;
        if commit.run().is_none() && commit.index.iter().all(placing::is_everywhere) {
            return Ok(());
        }
        self.journal(number)?.commit(commit).await
    }

    async fn claim(&self, run: RunId) -> Result<Lease> {
        self.of_run(run)?.claim(run).await
    }

    async fn renew(&self, lease: &Lease) -> Result<()> {
        self.of_run(lease.run)?.renew(lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.of_run(lease.run)?.release(lease).await
    }

    async fn remove(&self, lease: &Lease, index: &[RowChange]) -> Result<()> {
        let number = self.place_of(Some(lease.run), index)?;
        self.spread(index).await?;
        let elsewhere = RowChange::Put(Row::new(REMOVED_ELSEWHERE, lease.run.to_string(), ""));
        let changes: Vec<_> = index.iter().cloned().chain([elsewhere]).collect();
        self.journal(number)?.remove(lease, &changes).await?;
        // The run is gone. What cannot be done now is done when the journal is swept.
        let _ = self.remove_elsewhere(number, lease.run).await;
        Ok(())
    }

    async fn compact(&self) -> Result<Room> {
        self.sweep().await?;
        let mut all = Room::default();
        for shard in &self.shards {
            let room = shard.journal().compact().await?;
            all.freed_bytes = all.freed_bytes.saturating_add(room.freed_bytes);
            all.reusable_bytes = all.reusable_bytes.saturating_add(room.reusable_bytes);
        }
        Ok(all)
    }

    async fn reseal(&self, told: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<u64> {
        let mut changed = 0;
        for shard in &self.shards {
            changed += shard.journal().reseal(told).await?;
        }
        Ok(changed)
    }

    async fn keys_in_use(&self) -> Result<Vec<KeyUse>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(shard.journal().keys_in_use().await?);
        }
        Ok(KeyUse::together(all))
    }

    async fn is_held(&self, run: RunId) -> Result<bool> {
        self.of_run(run)?.is_held(run).await
    }

    async fn read_after(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>> {
        self.of_run(run)?.read_after(run, seq, bytes_max).await
    }

    async fn read_page(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<(Vec<Entry>, bool)> {
        self.of_run(run)?.read_page(run, seq, bytes_max).await
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        let (mut found, mut is_reached) = (Vec::new(), !filter.reachable);
        for (number, shard) in self.shards.iter().enumerate() {
            let Some(own) = self.narrowed(number, filter) else { continue };
            if self.is_left_out(shard, filter) {
                continue;
            }
            let runs = shard.journal().runs(&own).await;
            if !filter.reachable {
                found.extend(runs?);
            } else if let Some(runs) = shard.heard(runs, self.clock.now_ms())? {
                is_reached = true;
                found.extend(runs);
            }
        }
        self.check_reached(is_reached)?;
        found.sort_by(|one, other| filter.order(one.into(), other.into()));
        found.truncate(filter.limit.unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        match placing::reach(space, prefix) {
            Reach::One(name) => self.of_name(name)?.find(space, prefix, after, limit).await,
            Reach::Any => self.find_any(space, prefix, after, limit).await,
            Reach::All => self.find_in_all(space, prefix, after, limit).await,
        }
    }

    async fn find_each(&self, places: &[(&str, &str)]) -> Result<Vec<Row>> {
        if let Some(number) = self.only(places) {
            return self.journal(number)?.find_each(places).await;
        }
        let mut rows = Vec::new();
        for (space, prefix) in places {
            rows.extend(self.find(space, prefix, None, usize::MAX).await?);
        }
        Ok(rows)
    }

    async fn row(&self, space: &str, key: &str) -> Result<Option<Row>> {
        match placing::name(space, key) {
            Some(name) => self.of_name(name)?.row(space, key).await,
            // The key itself is the first of those that begin with it.
            None => Ok(self.find(space, key, None, 1).await?.pop().filter(|row| row.key == key)),
        }
    }

    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>> {
        let (mut due, mut is_reached) = (Vec::new(), false);
        for shard in self.asked() {
            let rows = shard.journal().due(space, within, after, limit).await;
            if let Some(rows) = shard.heard(rows, self.clock.now_ms())? {
                is_reached = true;
                due.extend(rows);
            }
        }
        self.check_reached(is_reached)?;
        due.sort_by(|one, other| (one.due_ms, &one.key).cmp(&(other.due_ms, &other.key)));
        due.truncate(limit);
        Ok(due)
    }

    fn new_run(&self, beside: &[Beside<'_>]) -> Result<RunId> {
        let (there, now_ms) = (self.together(beside.iter().copied())?, self.clock.now_ms());
        let all_away = self.shards.iter().all(|shard| shard.is_away(now_ms));
        let fits = |run: &RunId| {
            let number = self.place_of_run(*run);
            match there {
                Some(there) => number == there,
                // Without a place of its own, a run does not begin where it cannot.
                None => all_away || self.shards.get(number).is_some_and(|shard| !shard.is_away(now_ms)),
            }
        };
        let drawn = (0..DRAWS_MAX).map(|_| RunId::from(Uuid::now_v7())).find(fits);
        drawn.ok_or_else(|| {
            Fault::new(Kind::HostBug, format!("none of {DRAWS_MAX} ids lies in the database of the run"))
        })
    }

    fn check_together(&self, things: &[Beside<'_>]) -> Result<()> {
        self.together(things.iter().copied()).map(drop)
    }

    fn unreachable(&self) -> Vec<Fault> {
        self.shards.iter().filter_map(Shard::failure).collect()
    }

    fn databases(&self) -> usize {
        self.shards.len()
    }
}
