//! Whatever runs do at the same time, and wherever a host stops, they do not overspend together.

use proptest::prelude::*;
use stockade_journal::{Commit, Journal as _, MemoryJournal};
use stockade_workflow::{Budget, Change, Currency, Entry, Origin, RunState, Usage};

use super::*;
use crate::Clock;
use crate::config::Per;

const LIMIT: u64 = 50;
const RUNS: usize = 4;
const DAY_MS: u64 = 86_400_000;

/// What one of several runs does next.
#[derive(Clone, Debug)]
enum Move {
    /// It sets so much aside, if it is allowed.
    Reserve(u64),
    /// What it has set aside is over: it has used a part of it.
    Settle(u64),
    /// It stops, and gives back.
    Stand,
    /// It stops, and its host ends before it has given back.
    StandAndCrash,
    /// Its host ends, and another one takes it up.
    Crash,
    /// A day passes.
    Day,
}

fn moves() -> impl Strategy<Value = Vec<(usize, Move)>> {
    let one = prop_oneof![
        4 => (1..20_u64).prop_map(Move::Reserve),
        3 => (0..20_u64).prop_map(Move::Settle),
        2 => Just(Move::Stand),
        1 => Just(Move::StandAndCrash),
        1 => Just(Move::Crash),
        1 => Just(Move::Day),
    ];
    prop::collection::vec((0..RUNS, one), 1..60)
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

async fn play(moves: Vec<(usize, Move)>) {
    let (journal, budgets, mut now_ms) = (MemoryJournal::new(Clock::default()), budgets(), 0);
    let mut actors: Vec<_> = (0..RUNS).map(|_| actor()).collect();
    for (number, next) in moves {
        let actor = &mut actors[number];
        actor.allotments.read(&journal, &budgets, &actor.state).await.unwrap();
        match next {
            Move::Reserve(amount) => {
                let (taken, amount) = (actor.taken(), Usage::NONE.steps(amount));
                let mut is_allowed = actor.allotments.allow(&taken, &amount);
                if !is_allowed {
                    is_allowed = actor.allotments.draw(&journal, now_ms, &taken, &amount).await.unwrap().is_ok();
                    assert_eq!(is_allowed, actor.allotments.allow(&taken, &amount));
                }
                actor.reserved += if is_allowed { amount.steps } else { 0 };
            }
            Move::Settle(used) => {
                actor.spent += used.min(actor.reserved);
                actor.reserved = 0;
            }
            Move::Stand | Move::StandAndCrash => {
                let index = actor.allotments.kept(now_ms, &actor.taken(), None).unwrap();
                journal.commit(&Commit::of_index(index)).await.unwrap();
                if matches!(next, Move::Stand) {
                    actor.allotments.give_back(&journal).await;
                }
                actor.allotments = Allotments::default();
            }
            Move::Crash => actor.allotments = Allotments::default(),
            Move::Day => {
                now_ms += DAY_MS;
                actors.iter_mut().for_each(|actor| actor.before = actor.taken().steps);
            }
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
        let index = actor.allotments.kept(now_ms, &Usage::NONE, None).unwrap();
        journal.commit(&Commit::of_index(index)).await.unwrap();
        actor.allotments.give_back(&journal).await;
    }
    assert_eq!(warned, [vec![], vec![(40, 50)], vec![], vec![(48, 60)], vec![(48, 60)], vec![]]);
}

proptest! {
    #[test]
    fn runs_do_not_overspend_together(moves in moves()) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(play(moves));
    }
}
