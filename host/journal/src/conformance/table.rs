//! What came of scenarios: how many were played, and what went wrong in them.

use std::collections::BTreeMap;
use std::fmt;

/// How many failures are told; the first ones say enough.
const TOLD_MAX: usize = 20;

/// What went wrong in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Something happened twice.
    Duplicated,
    /// Something that happened is not there any more.
    Lost,
    /// No host can go on.
    Stuck,
    /// An answer was another one than is promised.
    Wrong,
}

/// How a scenario ended: well, or with a flaw, and what that was.
pub type Verdict = Result<(), (Flaw, String)>;

/// What came of the scenarios of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many were played.
    pub scenarios: u64,
    /// In how many something happened twice.
    pub duplicated: u64,
    /// In how many something was lost.
    pub lost: u64,
    /// In how many no host could go on.
    pub stuck: u64,
    /// In how many an answer was wrong.
    pub wrong: u64,
}

/// What came of all scenarios, a row for each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    rows: BTreeMap<String, Tally>,
    failures: Vec<String>,
}

impl Tally {
    fn count(&mut self, verdict: &Verdict) {
        self.scenarios += 1;
        match verdict {
            Ok(()) => {}
            Err((Flaw::Duplicated, _)) => self.duplicated += 1,
            Err((Flaw::Lost, _)) => self.lost += 1,
            Err((Flaw::Stuck, _)) => self.stuck += 1,
            Err((Flaw::Wrong, _)) => self.wrong += 1,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            scenarios: self.scenarios + other.scenarios,
            duplicated: self.duplicated + other.duplicated,
            lost: self.lost + other.lost,
            stuck: self.stuck + other.stuck,
            wrong: self.wrong + other.wrong,
        }
    }
}

impl Table {
    /// Counts a scenario of a kind; `name` tells it from the others of its kind.
    pub fn count(&mut self, kind: &str, name: impl FnOnce() -> String, verdict: &Verdict) {
        self.rows.entry(kind.to_owned()).or_default().count(verdict);
        if let Err((flaw, why)) = verdict
            && self.failures.len() < TOLD_MAX
        {
            self.failures.push(format!("{kind}, {}: {flaw:?}: {why}", name()));
        }
    }

    /// Adds the scenarios of another table.
    pub fn merge(&mut self, other: Self) {
        for (kind, tally) in other.rows {
            let row = self.rows.entry(kind).or_default();
            *row = row.plus(tally);
        }
        self.failures.extend(other.failures);
    }

    /// Returns what came of the scenarios of all kinds together.
    pub fn all(&self) -> Tally {
        self.rows.values().copied().fold(Tally::default(), Tally::plus)
    }

    /// Checks that nothing went wrong.
    ///
    /// # Panics
    ///
    /// Something did; the message names the scenarios.
    pub fn assert_flawless(&self) {
        let Tally { scenarios, .. } = self.all();
        let is_flawless = self.all() == Tally { scenarios, ..Tally::default() };
        assert!(is_flawless && scenarios > 0, "{self}\n{}", self.failures.join("\n"));
    }
}

/// The table as the documents show it.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| scenarios | played | duplicated effects | lost steps | stuck runs | wrong answers |")?;
        writeln!(f, "|---|---:|---:|---:|---:|---:|")?;
        let rows = self.rows.iter().map(|(kind, tally)| (kind.as_str(), *tally));
        for (kind, Tally { scenarios, duplicated, lost, stuck, wrong }) in rows.chain([("all", self.all())]) {
            writeln!(f, "| {kind} | {scenarios} | {duplicated} | {lost} | {stuck} | {wrong} |")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_counts_what_went_wrong_and_names_it() {
        let (mut table, mut other) = (Table::default(), Table::default());
        table.count("cuts", || "after 1".to_owned(), &Ok(()));
        table.assert_flawless();
        other.count("cuts", || "after 2".to_owned(), &Err((Flaw::Lost, "entry 3".to_owned())));
        table.merge(other);
        assert_eq!(table.all(), Tally { scenarios: 2, lost: 1, ..Tally::default() });
        assert!(table.to_string().contains("| cuts | 2 | 0 | 1 | 0 | 0 |\n| all | 2 |"), "{table}");
        assert_eq!(table.failures, ["cuts, after 2: Lost: entry 3"]);
    }
}
