use stockade_journal::{Beside, Commit, Journal, Row, RowChange};
use stockade_workflow::{Currency, Exceeded, Kind, RunId, RunState, Usage};

use super::Exhausted;
use super::account::{self, Account, Seen};
use super::kept::{self, Kept};
use super::standing::{SPACE, Standing, key};
use crate::Result;
use crate::config::SharedBudget;
use crate::config::shared_budget::{Limit, Per};

/// What one run has drawn of one shared budget.
pub(crate) struct Allotment {
    budget: String,
    limit: Limit,
    per: Per,
    group: String,
    run: RunId,
    pub(super) key: String,
    standing: Standing,
    warn_at: u8,
    /// The limits whose share for a warning the last draw has passed, as the first one in the period.
    warnings: Vec<Exceeded>,
}

impl Allotment {
    pub(super) async fn read(
        journal: &dyn Journal,
        name: &str,
        budget: &SharedBudget,
        state: &RunState,
    ) -> Result<Self> {
        let key = key(state.run(), name);
        kept::settle_all(journal, &key).await?;
        if let Some(row) = journal.row(SPACE, &key).await? {
            // From here on the account counts just what was drawn, and no other host has anything to give back.
            give_back(journal, row).await?;
        }
        let standing =
            journal.row(SPACE, &key).await?.as_ref().map(Row::read::<Standing>).transpose()?.unwrap_or_default();
        // The runs from before the budget was by what they do not say share one.
        let group = budget.by.and_then(|by| by.group(state.workflow(), state.origin())).unwrap_or_default().to_owned();
        let (limit, per, warn_at, run) = (budget.limit.clone(), budget.per, budget.warn_at, state.run());
        Ok(Self { budget: name.to_owned(), limit, per, group, run, key, standing, warn_at, warnings: Vec::new() })
    }

    pub(super) fn allows(&self, taken: &Usage, amount: &Usage) -> bool {
        self.limit.keys().all(|currency| self.left(*currency, taken) >= amount.get(*currency))
    }

    fn left(&self, currency: Currency, taken: &Usage) -> u64 {
        let Standing { base, drawn, .. } = &self.standing;
        base.get(currency).saturating_add(drawn.get(currency)).saturating_sub(taken.get(currency))
    }

    /// Draws what an amount needs, as far as the account has it.
    pub(super) async fn draw(
        &mut self,
        journal: &dyn Journal,
        now_ms: u64,
        taken: &Usage,
        amount: &Usage,
    ) -> Result<Result<(), Exhausted>> {
        loop {
            let seen = journal.row(SPACE, &self.key).await?;
            self.standing = seen.as_ref().map(Row::read::<Standing>).transpose()?.unwrap_or_default();
            let mut changes = self.turn(journal, now_ms, taken).await?;
            let mut account = Seen::read(journal, &self.standing.account).await?;
            let drawn = self.drawn(&account.account.taken, taken, amount);
            account.account.recount(&self.standing.counted, &drawn);
            let (used, warnings) = (account.account.taken, self.passed(&account.account));
            account.account.warned.extend(warnings.iter().map(|warning| (warning.limit, warning.allowed)));
            let draws = self.standing.draws.saturating_add(1);
            self.standing = Standing { drawn, counted: drawn, again_ms: None, draws, ..self.standing.clone() };
            changes.extend([account.written()?, self.row(seen, None)?]);
            match journal.commit(&Commit::of_index(changes)).await {
                Err(refused) if refused.kind == Kind::Conflict => {}
                Err(fault) => return Err(fault),
                Ok(()) => {
                    self.warnings = warnings;
                    return Ok(self.judged(&used, taken, amount));
                }
            }
        }
    }

    /// Turns to the account of this period, and settles with the one before.
    async fn turn(&mut self, journal: &dyn Journal, now_ms: u64, taken: &Usage) -> Result<Vec<RowChange>> {
        let key = account::key(&self.budget, &self.per.period(now_ms), &self.group);
        if self.standing.account == key {
            return Ok(Vec::new());
        }
        let mut changes = Vec::new();
        if !self.standing.account.is_empty() {
            let mut before = Seen::read(journal, &self.standing.account).await?;
            before.account.recount(&self.standing.counted, &beyond(taken, &self.standing.base));
            changes.push(before.written()?);
        }
        let base = if self.standing.account.is_empty() { Usage::NONE } else { *taken };
        self.standing = Standing { account: key, base, draws: self.standing.draws, ..Standing::default() };
        Ok(changes)
    }

    /// Returns what the run will have drawn: what it has taken and what it needs more, as far as the account has it, and
    /// no less than it has taken.
    fn drawn(&self, account: &Usage, taken: &Usage, amount: &Usage) -> Usage {
        let Standing { base, drawn, counted, .. } = &self.standing;
        Currency::ALL.into_iter().fold(Usage::NONE, |sum, currency| {
            let own = taken.get(currency).saturating_sub(base.get(currency));
            let wanted = own.saturating_add(amount.get(currency)).max(drawn.get(currency));
            let others = account.get(currency).saturating_sub(counted.get(currency));
            let room = self.limit.get(&currency).map_or(u64::MAX, |limit| limit.saturating_sub(others));
            sum.with(currency, wanted.min(room).max(own))
        })
    }

    /// Returns the limits whose share for a warning is passed, but for those of which one was given in this period: what is given
    /// back and drawn again passes it again.
    fn passed(&self, Account { taken, warned }: &Account) -> Vec<Exceeded> {
        let passed = self.limit.iter().filter_map(|(currency, allowed)| {
            let (share, used) = (u128::from(*allowed) * u128::from(self.warn_at), taken.get(*currency));
            let is_past = used > 0 && u128::from(used) * 100 >= share;
            let is_new = warned.get(currency) != Some(allowed);
            (is_past && is_new).then_some(Exceeded { limit: *currency, allowed: *allowed, used })
        });
        passed.collect()
    }

    /// Returns what the last draw gives warnings of, once.
    pub(super) fn warnings(&mut self) -> impl Iterator<Item = (&str, Exceeded)> {
        let budget = self.budget.as_str();
        std::mem::take(&mut self.warnings).into_iter().map(move |warning| (budget, warning))
    }

    fn judged(&self, account: &Usage, taken: &Usage, amount: &Usage) -> Result<(), Exhausted> {
        let is_short = |(currency, _): &(&Currency, &u64)| self.left(**currency, taken) < amount.get(**currency);
        self.limit.iter().find(is_short).map_or(Ok(()), |(currency, allowed)| {
            let used = account.get(*currency).saturating_add(amount.get(*currency) - self.left(*currency, taken));
            Err(Exhausted::of(&self.budget, *currency, *allowed, used))
        })
    }

    /// Returns the change with which the run keeps what it has taken, if it has drawn more, or waits for the next period. Where its
    /// allotment is in another database, the change is a row beside the run that says so.
    pub(super) fn kept(
        &self,
        journal: &dyn Journal,
        state: &RunState,
        now_ms: u64,
        suspended_by: Option<&str>,
        taken: &Usage,
    ) -> Result<Option<RowChange>> {
        if self.standing.account.is_empty() {
            return Ok(None);
        }
        let again_ms = self.per.next(now_ms).filter(|_| suspended_by == Some(&*self.budget));
        let drawn = beyond(taken, &self.standing.base);
        if again_ms.is_none() && drawn == self.standing.drawn {
            return Ok(None);
        }
        let standing = Standing { drawn, again_ms, ..self.standing.clone() };
        let own = Beside::Row { space: SPACE, key: &self.key };
        let row = match journal.check_together(&[Beside::Run(self.run), own]) {
            Ok(()) => Row::new(SPACE, self.key.clone(), Row::text(&standing)?),
            Err(_) => Kept { before: self.standing.clone(), after: standing }.row(&self.key, state.seq())?,
        };
        Ok(Some(RowChange::Put(row.of(self.run).due(now_ms))))
    }

    fn row(&self, seen: Option<Row>, due_ms: Option<u64>) -> Result<RowChange> {
        let value = Row::text(&self.standing)?;
        Ok(match seen {
            Some(seen) => RowChange::Replace { seen, due_ms, value },
            None => RowChange::Add(Row::new(SPACE, self.key.clone(), value).of(self.run)),
        })
    }
}

/// Gives back to its account what an allotment does not keep, and returns its row as it then is, due when its run goes on if the
/// run waits for that; none where another host has taken the run up.
pub(crate) async fn give_back(journal: &dyn Journal, mut seen: Row) -> Result<Option<Row>> {
    loop {
        let standing: Standing = seen.read()?;
        let mut account = Seen::read(journal, &standing.account).await?;
        account.account.recount(&standing.counted, &standing.drawn);
        let given = Standing { counted: standing.drawn, ..standing };
        let (due_ms, value) = (given.again_ms, Row::text(&given)?);
        let now = Row { due_ms, value: value.clone(), ..seen.clone() };
        let change = RowChange::Replace { seen: seen.clone(), due_ms, value };
        match journal.commit(&Commit::of_index(vec![account.written()?, change])).await {
            Ok(()) => return Ok(Some(now)),
            Err(refused) if refused.kind == Kind::Conflict => {}
            Err(fault) => return Err(fault),
        }
        // Another host has changed the account, or taken the run up.
        match journal.row(SPACE, &seen.key).await? {
            Some(now) if now.value == seen.value => seen = now,
            Some(_) | None => return Ok(None),
        }
    }
}

/// Returns whether the period has begun for which a run waits that a shared budget has suspended.
pub(crate) async fn begins_anew(journal: &dyn Journal, now_ms: u64, state: &RunState) -> Result<bool> {
    let Some(budget) = state.suspended_by() else { return Ok(false) };
    let key = key(state.run(), budget);
    kept::settle_all(journal, &key).await?;
    let row = journal.row(SPACE, &key).await?;
    let again_ms = row.as_ref().map(Row::read::<Standing>).transpose()?.and_then(|standing| standing.again_ms);
    Ok(again_ms.is_some_and(|again_ms| again_ms <= now_ms))
}

/// What of `taken` is beyond `base`.
fn beyond(taken: &Usage, base: &Usage) -> Usage {
    Currency::ALL
        .into_iter()
        .fold(Usage::NONE, |sum, currency| sum.with(currency, taken.get(currency).saturating_sub(base.get(currency))))
}
