//! In which database a run and a row lie.

use stockade_workflow::{Fault, RunId};

use crate::{Beside, Result, RowChange, Tie};

/// The version of the rule, which the databases of a journal keep.
pub(super) const RULE: u32 = 1;

/// How many bytes the text of a run's id has.
const RUN_BYTES: usize = 36;

/// How it is known in which database the rows of a space lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placing {
    /// By the first part of the key; a row whose key begins with a run lies with that run.
    FirstPart,
    /// By the second part of the key.
    SecondPart,
    /// By the whole key, which is a text that others have chosen.
    WholeKey,
    /// In each: such rows are only ever ensured, and all databases have one before a commit that ensures it is made.
    Everywhere,
    /// With the run of the commit that writes them: no two commits write the same one.
    WithRun,
}

/// Where rows of a space are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach<'a> {
    /// In the database of this name.
    One(&'a str),
    /// In any one.
    Any,
    /// In all.
    All,
}

impl Placing {
    /// The spaces of a host that do not go by the first part of their keys.
    fn of(space: &str) -> Self {
        match space {
            // What a run has drawn of a budget lies with the budget: the key is the run and the budget.
            "allotment" => Self::SecondPart,
            "start_key" | "later" => Self::WholeKey,
            "mark" => Self::Everywhere,
            "removed" => Self::WithRun,
            _ => Self::FirstPart,
        }
    }
}

/// Returns the number, from 0, of the database of so many in which what has this name lies: FNV-1a of 64 bits over the bytes of
/// the name, its upper half added to its lower one without carry, modulo their number. Another rule would need another
/// [version](RULE).
pub(super) fn place(name: &str, databases: usize) -> usize {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash = name.bytes().fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    let folded = (hash ^ (hash >> 32)) & u64::from(u32::MAX);
    usize::try_from(folded % (databases.max(1) as u64)).unwrap_or_default()
}

/// Returns the name by which a row lies where it does; none where its key does not say it.
pub(super) fn name<'a>(space: &str, key: &'a str) -> Option<&'a str> {
    match Placing::of(space) {
        Placing::FirstPart => Some(run_of(key).unwrap_or_else(|| key.split_once('/').map_or(key, |(first, _)| first))),
        Placing::SecondPart => Some(key.split('/').nth(1).unwrap_or(key)),
        Placing::WholeKey => Some(key),
        Placing::Everywhere | Placing::WithRun => None,
    }
}

/// The id of a run with which a key begins.
fn run_of(key: &str) -> Option<&str> {
    key.get(..RUN_BYTES).filter(|id| id.parse::<RunId>().is_ok())
}

/// Returns where the rows of a space are whose keys begin with a prefix.
pub(super) fn reach<'a>(space: &str, prefix: &'a str) -> Reach<'a> {
    match Placing::of(space) {
        Placing::FirstPart => {
            let first = run_of(prefix).or_else(|| prefix.split_once('/').map(|(first, _)| first));
            first.map_or(Reach::All, Reach::One)
        }
        Placing::SecondPart | Placing::WholeKey | Placing::WithRun => Reach::All,
        Placing::Everywhere => Reach::Any,
    }
}

/// Whether a change is of a row that each database has.
pub(super) fn is_everywhere(change: &RowChange) -> bool {
    Placing::of(change.place().0) == Placing::Everywhere
}

/// Checks that a row without a database of its own is not changed in a way that takes one.
///
/// # Errors
///
/// Kind [`Invalid`](stockade_workflow::Kind::Invalid) with detail `databases`.
pub(super) fn check(change: &RowChange) -> Result<()> {
    let (space, key) = change.place();
    match (Placing::of(space), change) {
        (Placing::FirstPart | Placing::SecondPart | Placing::WholeKey, _)
        | (Placing::Everywhere, RowChange::Ensure(_))
        | (Placing::WithRun, RowChange::Ensure(_) | RowChange::Put(_)) => Ok(()),
        (Placing::Everywhere | Placing::WithRun, _) => {
            let row = Beside::Row { space, key };
            Err(Fault::invalid(
                "databases",
                format!("{row} is in no one database, and cannot be changed so in several"),
            ))
        }
    }
}

/// Returns what a change must be in one database with: its row, and the run that a new row needs.
pub(super) fn things(change: &RowChange) -> impl Iterator<Item = Beside<'_>> {
    let (space, key) = change.place();
    let needed = match change {
        RowChange::Add(row) | RowChange::Ensure(row) | RowChange::Put(row) => match row.tie {
            Tie::Needs(run) => Some(Beside::Run(run)),
            Tie::None | Tie::Of(_) => None,
        },
        // The row that is there has its tie already.
        RowChange::Replace { .. } | RowChange::Remove { .. } => None,
    };
    [Beside::Row { space, key }].into_iter().chain(needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal could not be read any more by a program that gave others.
    #[test]
    fn the_database_of_a_name_never_changes() {
        let run = "01890a5d-ac96-774b-bcce-b302099a8057";
        let places = ["", "a", "order-7", run].map(|name| [2, 3, 16].map(|databases| place(name, databases)));
        assert_eq!(places, [[1, 2, 1], [0, 1, 0], [0, 1, 4], [0, 2, 12]]);
        assert_eq!((place("a", 1), place("a", 0)), (0, 0));
    }

    #[test]
    fn a_row_lies_by_the_part_of_its_key_that_many_rows_have() {
        let run = "01890a5d-ac96-774b-bcce-b302099a8057";
        for key in [run.to_owned(), format!("{run}/a/0001"), format!("{run}~1a/3")] {
            assert_eq!((name("child", &key), reach("child", &key)), (Some(run), Reach::One(run)), "{key}");
        }
        assert_eq!((name("session", "s/0001"), name("schedule", "nightly")), (Some("s"), Some("nightly")));
        assert_eq!((name("budget", "b/2027-01-01/"), name("allotment", &format!("{run}/b"))), (Some("b"), Some("b")));
        assert_eq!((name("start_key", "a/b"), name("later", "pay/7")), (Some("a/b"), Some("pay/7")));
        assert_eq!((name("mark", "db/secret"), name("removed", "17/run")), (None, None));
        assert_eq!([reach("session", "s/"), reach("session", "s")], [Reach::One("s"), Reach::All]);
        assert_eq!(
            [reach("mark", ""), reach("removed", ""), reach("later", "pay/")],
            [Reach::Any, Reach::All, Reach::All]
        );
    }
}
