//! Runs that a budget cuts: they stop there, are given more, and end as if they had had enough.

use stockade::{Budget, Currency, Exceeded, Host, Outcome, Run};

/// A run is given more so often at most: one that needs more still is in a loop.
const TIMES_MAX: usize = 500;

/// How a run ended, and which limits were in its way until then.
pub struct Played {
    /// What of its end does not differ from run to run.
    pub said: String,
    /// The limits, one after the other.
    pub limits: Vec<Exceeded>,
}

/// Returns more than any of these runs needs.
pub fn plenty() -> Budget {
    let budget = Budget::default().fuel(1 << 40).steps(500).with(Currency::Memory, 256 << 20);
    budget.with(Currency::Wall, 600_000_000).with(Currency::Tokens, 1 << 20).with(Currency::Journal, 64 << 20)
}

/// Plays a run with plenty, and then with nothing of each of these currencies: that one alone cuts it, and it ends the same.
pub async fn cut_by_each(currencies: &[Currency], play: impl AsyncFn(Budget) -> Played) {
    let whole = play(plenty()).await;
    assert_eq!(whole.limits, []);
    for currency in currencies {
        let cut = play(plenty().with(*currency, 0)).await;
        assert_eq!(cut.said, whole.said, "cut by {}", currency.name());
        let is_cut = !cut.limits.is_empty() && cut.limits.iter().all(|exceeded| exceeded.limit == *currency);
        assert!(is_cut, "cut by {}: {:?}", currency.name(), cut.limits);
    }
}

/// Gives a run more of what it lacks until it is done, and returns with what, and which limits were in its way. Where it waits for
/// something else, `help` goes on with it.
pub async fn to_the_end(host: &Host, run: Run, help: impl AsyncFn(Outcome) -> Outcome) -> (Outcome, Vec<Exceeded>) {
    let (id, mut limits) = (run.id(), Vec::new());
    let mut outcome = run.settled().await.unwrap();
    loop {
        assert!(limits.len() < TIMES_MAX, "{outcome}");
        outcome = match outcome {
            Outcome::Done(_) => return (outcome, limits),
            Outcome::Suspended(exceeded) => {
                limits.push(exceeded);
                let more = Budget::NONE.with(exceeded.limit, more(exceeded.limit));
                host.extend(id, more).await.unwrap().settled().await.unwrap()
            }
            Outcome::Waiting(_) | Outcome::InDoubt(_) | Outcome::Parked(_) => help(outcome).await,
            Outcome::Paused(_) | Outcome::Failed(_) | Outcome::Stopped(_) => panic!("{outcome}"),
        };
    }
}

/// How much is added: little of what is counted piece by piece, and enough of the rest, in the middle of which a call would be
/// cut.
fn more(currency: Currency) -> u64 {
    match currency {
        Currency::Steps | Currency::ToolCalls | Currency::ModelCalls => 1,
        Currency::Tokens => 10_000,
        Currency::Money => 1_000_000,
        Currency::Journal => 16 << 10,
        Currency::Fuel => 1 << 40,
        Currency::Memory => 256 << 20,
        Currency::Wall => 600_000_000,
    }
}

/// What a call of a tool takes.
pub const OF_CALLS: [Currency; 6] =
    [Currency::Fuel, Currency::Memory, Currency::Wall, Currency::Steps, Currency::ToolCalls, Currency::Journal];
