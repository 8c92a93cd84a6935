//! Two configurations side by side.

use std::fmt;

use serde::Serialize;

use super::{CaseResult, Evaluation};

/// What a second configuration does to the cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// How many cases passed more often.
    pub better: usize,
    /// How many passed less often: the regressions.
    pub worse: usize,
    /// How many passed as often.
    pub same: usize,
    /// How many regressions are allowed.
    pub max_regressions: usize,
    /// The one line to read.
    pub verdict: String,
    /// The cases, in their order.
    pub cases: Vec<Pair>,
}

/// One case under both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The case.
    pub name: String,
    /// How the second compares to the first.
    pub change: Change,
    /// How many of a hundred runs passed, under each.
    pub pass_rate: [u8; 2],
    /// The scores, of 100; absent if an outcome is unknown.
    pub score: [Option<u8>; 2],
    /// The tokens.
    pub tokens: [u64; 2],
    /// The money, in millionths of a dollar.
    pub money_micros: [u64; 2],
    /// The time, in microseconds.
    pub wall_us: [u64; 2],
}

/// How a case changed. A score alone changes nothing, because the scores of judges vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// More of its runs pass.
    Better,
    /// Fewer of its runs pass.
    Worse,
    /// As many of its runs pass.
    Same,
}

impl Comparison {
    /// Compares two evaluations of the same cases.
    pub fn new(first: &Evaluation, second: &Evaluation, max_regressions: usize) -> Self {
        let cases: Vec<_> =
            first.cases.iter().zip(&second.cases).map(|(first, second)| Pair::new(first, second)).collect();
        let count = |change: Change| cases.iter().filter(|case| case.change == change).count();
        let [better, worse, same] = [Change::Better, Change::Worse, Change::Same].map(count);
        let verdict = verdict(first, second, [better, worse], max_regressions);
        Self { better, worse, same, max_regressions, verdict, cases }
    }

    /// Returns whether no more cases became worse than are allowed.
    pub fn is_passed(&self) -> bool {
        self.worse <= self.max_regressions
    }
}

impl Pair {
    fn new(first: &CaseResult, second: &CaseResult) -> Self {
        let both = [first, second];
        let change = match passed(second).cmp(&passed(first)) {
            std::cmp::Ordering::Greater => Change::Better,
            std::cmp::Ordering::Less => Change::Worse,
            std::cmp::Ordering::Equal => Change::Same,
        };
        Self {
            name: first.name.clone(),
            change,
            pass_rate: both.map(|case| case.pass_rate),
            score: both.map(|case| case.score),
            tokens: both.map(|case| case.usage.tokens),
            money_micros: both.map(|case| case.usage.money_micros),
            wall_us: both.map(|case| case.usage.wall_us),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Same => "same",
        })
    }
}

fn passed(case: &CaseResult) -> u8 {
    case.pass_rate
}

fn verdict(first: &Evaluation, second: &Evaluation, [better, worse]: [usize; 2], max_regressions: usize) -> String {
    let names = format!("\"{}\"", second.config);
    let sum = match (better, worse) {
        (0, 0) => "is as good".to_owned(),
        (better, 0) => format!("is better in {better}, and worse in none"),
        (0, worse) => format!("is worse in {worse}, and better in none"),
        (better, worse) => format!("is better in {better} and worse in {worse}"),
    };
    let cost = change("tokens", first.usage.tokens, second.usage.tokens);
    let money = change("money", first.usage.money_micros, second.usage.money_micros);
    let allowed = if worse > max_regressions { format!("; {max_regressions} may be worse") } else { String::new() };
    format!("{names} {sum}{allowed}; {cost}, {money}")
}

/// How much more or less of something the second took, in percent.
fn change(what: &str, first: u64, second: u64) -> String {
    let difference = i128::from(second) - i128::from(first);
    match (difference * 100).checked_div(i128::from(first)) {
        _ if difference == 0 => format!("as much {what}"),
        Some(percent) if percent != 0 => format!("{percent:+}% {what}"),
        _ => format!("{difference:+} {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::result::tests::{case, run};
    use super::super::{Attempt, check::tests::evidence};
    use super::*;

    /// An evaluation of three cases with two runs each, of which so many passed.
    fn evaluation(passed: [usize; 3], tokens: u64) -> Evaluation {
        let (good, bad) = (case(""), case("  expect: {status: failed}"));
        let cases = passed.map(|passed| {
            let which = |n| if n < passed { &good } else { &bad };
            let mut attempts: Vec<_> = (0..2).map(|n| Attempt::checked(which(n), run(), &evidence())).collect();
            attempts.iter_mut().for_each(|attempt| attempt.usage.tokens = tokens);
            CaseResult::new(&case(""), attempts)
        });
        Evaluation::new("cases.yaml", "new.toml", cases.into())
    }

    #[test]
    fn a_case_that_passes_less_often_is_a_regression() {
        for (first, second, counts, verdict) in [
            ([2, 1, 0], [2, 1, 0], [0, 0, 3], "\"new.toml\" is as good; as much tokens, as much money"),
            (
                [2, 1, 0],
                [2, 2, 1],
                [2, 0, 1],
                "\"new.toml\" is better in 2, and worse in none; as much tokens, as much money",
            ),
            (
                [2, 1, 0],
                [1, 1, 0],
                [0, 1, 2],
                "\"new.toml\" is worse in 1, and better in none; 0 may be worse; as much tokens, as much money",
            ),
            (
                [2, 1, 0],
                [1, 2, 0],
                [1, 1, 1],
                "\"new.toml\" is better in 1 and worse in 1; 0 may be worse; as much tokens, as much money",
            ),
        ] {
            let comparison = Comparison::new(&evaluation(first, 7), &evaluation(second, 7), 0);
            assert_eq!([comparison.better, comparison.worse, comparison.same], counts);
            assert_eq!(comparison.verdict, verdict);
            assert_eq!(comparison.is_passed(), counts[1] == 0);
        }
    }

    #[test]
    fn an_allowed_number_of_regressions_passes() {
        let (first, second) = (evaluation([2, 2, 2], 7), evaluation([1, 1, 2], 7));
        assert!(!Comparison::new(&first, &second, 1).is_passed());
        assert!(Comparison::new(&first, &second, 2).is_passed());
    }

    #[test]
    fn the_cost_is_compared() {
        for (first, second, says) in [
            (100, 80, "-20% tokens"),
            (100, 250, "+150% tokens"),
            (0, 7, "+42 tokens"),
            (1_000, 1_001, "+6 tokens"),
            (u64::MAX, 0, "-100% tokens"),
        ] {
            let comparison = Comparison::new(&evaluation([2, 2, 2], first), &evaluation([2, 2, 2], second), 0);
            assert!(comparison.verdict.contains(says), "{}", comparison.verdict);
        }
    }
}
