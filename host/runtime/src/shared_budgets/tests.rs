//! Whatever runs do at the same time, and wherever a host stops, they do not overspend together.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use proptest::prelude::*;
use stockade_journal::{Beside, Commit, Filter, Journal, Lease, MemoryJournal, Row, ShardedJournal, Summary};
use stockade_workflow::{Budget, Change, Currency, Entry, Origin, RunId, RunState, Usage};

use super::*;
use crate::Clock;
use crate::config::Per;

const LIMIT: u64 = 50;
const RUNS: usize = 4;
const DAY_MS: u64 = 86_400_000;
/// More operations of the journal than a run takes to read what it has drawn, and to draw more.
const OPERATIONS: usize = 16;

/// What one of several runs does next.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// It sets so much aside, if it is allowed.
    Reserve(u64),
    /// Its host ends while it is to set so much aside, or before that is written.
    ReserveAndCrash(u64, Cut),
    /// What it has set aside is over: it has used a part of it.
    Settle(u64),
    /// It stops, and gives back.
    Stand,
    /// It stops, and its host ends before all is given back.
    StandAndCrash(Cut),
    /// Its host ends, and another one takes it up.
    Crash,
    /// A day passes.
    Day,
}

/// Where a host ends: after so many operations of its journal, or one more whose answer it does not hear.
#[derive(Clone, Copy, Debug)]
struct Cut {
    operations: usize,
    is_one_unheard: bool,
}

impl Move {
    /// Where the host of the run ends.
    fn cut(self) -> Option<Cut> {
        match self {
            Self::ReserveAndCrash(_, cut) | Self::StandAndCrash(cut) => Some(cut),
            Self::Crash => Some(Cut { operations: 0, is_one_unheard: false }),
            Self::Reserve(_) | Self::Settle(_) | Self::Stand | Self::Day => None,
        }
    }
}

fn moves() -> impl Strategy<Value = Vec<(usize, Move)>> {
    let cut = || {
        let cut = (0..OPERATIONS, any::<bool>());
        cut.prop_map(|(operations, is_one_unheard)| Cut { operations, is_one_unheard })
    };
    let one = prop_oneof![
        4 => (1..20_u64).prop_map(Move::Reserve),
        3 => (1..20_u64, cut()).prop_map(|(amount, cut)| Move::ReserveAndCrash(amount, cut)),
        3 => (0..20_u64).prop_map(Move::Settle),
        2 => Just(Move::Stand),
        2 => cut().prop_map(Move::StandAndCrash),
        1 => Just(Move::Crash),
        1 => Just(Move::Day),
    ];
    prop::collection::vec((0..RUNS, one), 1..60)
}

/// A journal of whose operations a host may not hear, since it ends.
struct Failing {
    journal: Box<dyn Journal>,
    cut: Mutex<Option<Cut>>,
}

/// What becomes of an operation.
enum Answer {
    Comes,
    IsUnheard,
    /// It is not even done.
    IsMissing,
}

impl Failing {
    fn cut(&self, cut: Option<Cut>) {
        *self.cut.lock().unwrap() = cut;
    }

    fn next(&self) -> Answer {
        match &mut *self.cut.lock().unwrap() {
            None => Answer::Comes,
            Some(Cut { operations: 0, is_one_unheard }) => {
                if std::mem::take(is_one_unheard) {
                    Answer::IsUnheard
                } else {
                    Answer::IsMissing
                }
            }
            Some(Cut { operations, .. }) => {
                *operations -= 1;
                Answer::Comes
            }
        }
    }

    async fn answer<T>(&self, operation: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let gone = Fault::of_storage("the host is gone");
        match self.next() {
            Answer::Comes => operation.await,
            Answer::IsUnheard => operation.await.and(Err(gone)),
            Answer::IsMissing => Err(gone),
        }
    }
}

#[async_trait]
impl Journal for Failing {
    async fn commit(&self, commit: &Commit) -> Result<()> {
        self.answer(self.journal.commit(commit)).await
    }

    async fn claim(&self, run: RunId) -> Result<Lease> {
        self.answer(self.journal.claim(run)).await
    }

    async fn renew(&self, lease: &Lease) -> Result<()> {
        self.answer(self.journal.renew(lease)).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.answer(self.journal.release(lease)).await
    }

    async fn remove(&self, lease: &Lease, index: &[RowChange]) -> Result<()> {
        self.answer(self.journal.remove(lease, index)).await
    }

    async fn is_held(&self, run: RunId) -> Result<bool> {
        self.answer(self.journal.is_held(run)).await
    }

    async fn read_after(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>> {
        self.answer(self.journal.read_after(run, seq, bytes_max)).await
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        self.answer(self.journal.runs(filter)).await
    }

    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        self.answer(self.journal.find(space, prefix, after, limit)).await
    }

    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>> {
        self.answer(self.journal.due(space, within, after, limit)).await
    }

    fn check_together(&self, things: &[Beside<'_>]) -> Result<()> {
        self.journal.check_together(things)
    }

    fn databases(&self) -> usize {
        self.journal.databases()
    }
}

struct Actor {
    state: RunState,
    allotments: Allotments,
    spent: u64,
    reserved: u64,
    /// What it had taken when this day began.
    before: u64,
}

impl Actor {
    fn taken(&self) -> Usage {
        Usage::NONE.steps(self.spent + self.reserved)
    }
}

fn budgets() -> SharedBudgets {
    let limit = [(Currency::Steps, LIMIT)].into();
    let budget = SharedBudget { limit, per: Per::Day, by: None, workflows: [].into(), warn_at: 80 };
    [("daily".to_owned(), budget)].into()
}

fn actor() -> Actor {
    let change = Change::Created {
        workflow: "w".into(),
        version: 1,
        input: serde_json::Value::Null.into(),
        budget: Budget::NONE,
        origin: Origin::default(),
    };
    let entry = Entry { run: uuid::Uuid::now_v7().into(), seq: 1, at_ms: 0, change };
    let state = RunState::create(&entry).unwrap();
    Actor { state, allotments: Allotments::default(), spent: 0, reserved: 0, before: 0 }
}

impl Actor {
    /// Does one of its moves.
    async fn act(&mut self, journal: &Failing, budgets: &SharedBudgets, now_ms: u64, next: Move) -> Result<()> {
        self.allotments.read(journal, budgets, &self.state).await?;
        match next {
            Move::Reserve(amount) | Move::ReserveAndCrash(amount, _) => {
                let is_allowed = self.is_allowed(journal, now_ms, amount).await?;
                // What a host that ends has been allowed, it did not write down.
                self.reserved += if is_allowed && next.cut().is_none() { amount } else { 0 };
            }
            Move::Settle(used) => {
                self.spent += used.min(self.reserved);
                self.reserved = 0;
            }
            Move::Stand | Move::StandAndCrash(_) => {
                let index = self.allotments.kept(journal, &self.state, now_ms, None, &self.taken())?;
                journal.commit(&Commit::of_index(index)).await?;
                self.allotments.give_back(journal).await;
                self.allotments = Allotments::default();
            }
            Move::Crash | Move::Day => {}
        }
        Ok(())
    }

    async fn is_allowed(&mut self, journal: &Failing, now_ms: u64, amount: u64) -> Result<bool> {
        let (taken, amount) = (self.taken(), Usage::NONE.steps(amount));
        if self.allotments.allow(&taken, &amount) {
            return Ok(true);
        }
        let is_allowed = self.allotments.draw(journal, now_ms, &taken, &amount).await?.is_ok();
        assert_eq!(is_allowed, self.allotments.allow(&taken, &amount));
        Ok(is_allowed)
    }
}

fn memory() -> MemoryJournal {
    MemoryJournal::new(Clock::default())
}

/// A journal in two databases: a run's allotment lies in another one than the run, or in the same.
async fn sharded() -> ShardedJournal {
    let databases = [(), ()].map(|()| Arc::new(memory()) as Arc<dyn Journal>);
    ShardedJournal::open(databases.into(), Clock::default()).await.unwrap()
}

async fn play(moves: Vec<(usize, Move)>, journal: impl Journal + 'static) {
    let journal = Failing { journal: Box::new(journal), cut: Mutex::default() };
    let (budgets, mut now_ms) = (budgets(), 0);
    let mut actors: Vec<_> = (0..RUNS).map(|_| actor()).collect();
    for (number, next) in moves {
        if matches!(next, Move::Day) {
            now_ms += DAY_MS;
            actors.iter_mut().for_each(|actor| actor.before = actor.taken().steps);
        }
        let actor = &mut actors[number];
        journal.cut(next.cut());
        let acted = actor.act(&journal, &budgets, now_ms, next).await;
        journal.cut(None);
        match next.cut() {
            // Another host takes the run up.
            Some(_) => actor.allotments = Allotments::default(),
            None => acted.unwrap(),
        }
        for row in journal.find(ACCOUNTS, "", None, usize::MAX).await.unwrap() {
            assert!(row.read::<Account>().unwrap().taken.steps <= LIMIT, "{row:?}");
        }
        let today: u64 = actors.iter().map(|actor| actor.taken().steps.saturating_sub(actor.before)).sum();
        // What was drawn the day before may be used today: it was counted then.
        assert!(today <= 2 * LIMIT && (now_ms > 0 || today <= LIMIT), "{today}");
    }
}

/// What is given back and drawn again, by whichever run, gives no second warning in its period; a larger limit gives one.
#[tokio::test]
async fn a_share_is_warned_of_once_in_a_period() {
    let (journal, mut budgets) = (MemoryJournal::new(Clock::default()), budgets());
    let mut warned = Vec::new();
    for (now_ms, limit, amount) in
        [(0, 50, 39), (0, 50, 40), (0, 50, 45), (0, 60, 48), (DAY_MS, 60, 48), (DAY_MS, 60, 60)]
    {
        budgets.values_mut().for_each(|budget| budget.limit = [(Currency::Steps, limit)].into());
        let mut actor = actor();
        actor.allotments.read(&journal, &budgets, &actor.state).await.unwrap();
        let drawn = actor.allotments.draw(&journal, now_ms, &Usage::NONE, &Usage::NONE.steps(amount)).await.unwrap();
        assert_eq!(drawn, Ok(()));
        warned.push(actor.allotments.warnings().map(|(_, used)| (used.used, used.allowed)).collect::<Vec<_>>());
        let index = actor.allotments.kept(&journal, &actor.state, now_ms, None, &Usage::NONE).unwrap();
        journal.commit(&Commit::of_index(index)).await.unwrap();
        actor.allotments.give_back(&journal).await;
    }
    assert_eq!(warned, [vec![], vec![(40, 50)], vec![], vec![(48, 60)], vec![(48, 60)], vec![]]);
}

proptest! {
    #[test]
    fn runs_do_not_overspend_together(moves in moves()) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(play(moves, memory()));
    }

    #[test]
    fn runs_of_two_databases_do_not_overspend_together(moves in moves()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { play(moves, sharded().await).await });
    }
}
