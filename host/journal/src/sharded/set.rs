//! Which databases are one journal, and in which order: each of them says so itself.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stockade_workflow::Fault;
use uuid::Uuid;

use super::placing::RULE;
use crate::{Commit, Filter, Journal, Result, Row, RowChange, index};

/// How many databases a journal may be in: lists ask all of them.
const DATABASES_MAX: usize = 16;

/// The space and the key of the row that says it.
const SPACE: &str = "database";
const KEY: &str = "place";

/// What the row says of a database whose mark was taken back.
const NONE: &str = "null";

/// What makes a database empty again that has a mark and nothing else.
const UNMARK: &str = "DELETE FROM stockade.index_rows WHERE space = 'database' AND key = 'place'";

/// The spaces of a host that have rows of no run: a database with one of them is not empty.
const SPACES: [&str; 9] =
    ["budget", "breaker", "later", "mark", "removed", "schedule", "session", "start_key", "token"];

/// The place of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The databases that are one journal.
    set: String,
    /// Its number among them, from 1.
    number: usize,
    /// How many they are.
    of: usize,
    /// By which rule runs lie in them.
    rule: u32,
    /// Whether all of them have their places.
    is_whole: bool,
}

/// Checks that these databases, in this order, are one journal; empty ones become one. All are looked at before the first one is
/// marked. Where one is marked otherwise meanwhile, by another host or because it is another one of them under a second name, the
/// marks that were made here are taken back.
///
/// # Errors
///
/// Kind [`Invalid`](stockade_workflow::Kind::Invalid) with detail `databases` where they are not, or too few or too many; a
/// database fails.
pub(super) async fn join(journals: &[Arc<dyn Journal>]) -> Result<()> {
    let of = journals.len();
    if !(2..=DATABASES_MAX).contains(&of) {
        return Err(refused(format!("a journal in several databases is in 2 to {DATABASES_MAX}, and {of} are named")));
    }
    let mut places = Vec::new();
    for journal in journals {
        places.push(read(&**journal).await?);
    }
    check_new(journals, &places).await?;
    let set = known(&places)?;
    let mut marks = Marks { journals, set, made: Vec::new() };
    let marked = marks.make().await;
    if marked.is_err() {
        // What made it fail says more than a failure of this.
        let _ = marks.take_back().await;
    }
    marked
}

/// Returns the set that the databases with a place are, or a new one, where each has the place that it has in the list.
fn known(places: &[Option<Place>]) -> Result<String> {
    let known = places.iter().flatten().next().map(|place| place.set.clone());
    let set = known.unwrap_or_else(|| Uuid::now_v7().to_string());
    for (number, place) in (1..).zip(places) {
        place.iter().try_for_each(|place| check(place, &Place::new(&set, number, places.len())))?;
    }
    Ok(set)
}

/// The marks that databases get which have none.
struct Marks<'a> {
    journals: &'a [Arc<dyn Journal>],
    set: String,
    /// The databases that were marked here, from 1, with what was written.
    made: Vec<(usize, Place)>,
}

impl Marks<'_> {
    /// Marks those that have no mark, in their order, and then says of each that all have theirs.
    async fn make(&mut self) -> Result<()> {
        let of = self.journals.len();
        for (number, journal) in (1..).zip(self.journals) {
            let own = Place::new(&self.set, number, of);
            let (place, is_ours) = take(&**journal, own).await?;
            if is_ours {
                self.made.push((number, place));
                continue;
            }
            if number == 1 {
                // Of several hosts that begin a journal at once, the first to write to the first database has named it.
                self.set.clone_from(&place.set);
            }
            self.check_met(&place, &Place::new(&self.set, number, of))?;
        }
        for (number, journal) in (1..).zip(self.journals) {
            make_whole(&**journal, &Place::new(&self.set, number, of)).await?;
        }
        Ok(())
    }

    /// Checks the place that another has given to a database.
    fn check_met(&self, met: &Place, wanted: &Place) -> Result<()> {
        if let Some((first, _)) = self.made.iter().find(|(_, made)| made == met) {
            return Err(refused(format!(
                "databases {first} and {} of the journal's list are one database under two names; name each once",
                wanted.number
            )));
        }
        check(met, wanted)
    }

    /// Takes back what was marked here, in order: the first one that another host has confirmed since keeps the rest.
    async fn take_back(self) -> Result<()> {
        for (number, place) in self.made {
            let Some(journal) = self.journals.get(number - 1) else { continue };
            let Some(row) = journal.row(SPACE, KEY).await? else { return Ok(()) };
            if placed(&row)?.is_none_or(|found| found != place) {
                return Ok(());
            }
            if index::replace(&**journal, row, None, NONE.to_owned()).await?.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Place {
    fn new(set: &str, number: usize, of: usize) -> Self {
        Self { set: set.to_owned(), number, of, rule: RULE, is_whole: false }
    }
}

/// Checks that a journal is not one database of several.
///
/// # Errors
///
/// Kind [`Invalid`](stockade_workflow::Kind::Invalid) with detail `databases` where it is; the journal fails.
pub(super) async fn check_alone(journal: &dyn Journal) -> Result<()> {
    let Some(Place { number, of, .. }) = read(journal).await? else { return Ok(()) };
    Err(refused(format!(
        "the database has a part of a journal: it is database {number} of {of}; name all of them, in their order, as in urls = \
         [\"postgres://…\", \"postgres://…\"] under [journal]"
    )))
}

async fn read(journal: &dyn Journal) -> Result<Option<Place>> {
    Ok(journal.row(SPACE, KEY).await?.as_ref().map(placed).transpose()?.flatten())
}

/// Reads a mark; none where it was taken back.
fn placed(row: &Row) -> Result<Option<Place>> {
    row.read()
}

/// Gives a database its place, unless it has one; returns the one that it has, and whether it was given here.
async fn take(journal: &dyn Journal, place: Place) -> Result<(Place, bool)> {
    journal.commit(&Commit::of_index(vec![RowChange::Ensure(Row::new(SPACE, KEY, NONE))])).await?;
    loop {
        let Some(row) = journal.row(SPACE, KEY).await? else { return Err(taken_back()) };
        if let Some(found) = placed(&row)? {
            return Ok((found, false));
        }
        // Where another host is faster, it has given a place.
        if index::replace(journal, row, None, Row::text(&place)?).await?.is_some() {
            return Ok((place, true));
        }
    }
}

/// Says of a database that all of the journal have their places.
async fn make_whole(journal: &dyn Journal, wanted: &Place) -> Result<()> {
    let Some(row) = journal.row(SPACE, KEY).await? else { return Err(taken_back()) };
    let place = placed(&row)?.ok_or_else(taken_back)?;
    check(&place, wanted)?;
    if place.is_whole {
        return Ok(());
    }
    let value = Row::text(&Place { is_whole: true, ..place })?;
    match index::replace(journal, row, None, value).await? {
        Some(_) => Ok(()),
        // Another host has said so, or has taken the mark back.
        None => read(journal).await?.filter(|place| place.is_whole).map(drop).ok_or_else(taken_back),
    }
}

fn taken_back() -> Fault {
    let why =
        "another host began a journal in these databases at the same time, in another order, and took its marks back";
    refused(format!("{why}; open it again, by all hosts in one order"))
}

/// Checks that a database without a place may be given one: it has nothing, for that would lie in the wrong one, and the
/// journal has not begun without it.
async fn check_new(journals: &[Arc<dyn Journal>], places: &[Option<Place>]) -> Result<()> {
    let begun = places.iter().flatten().find(|place| place.is_whole);
    for (number, (journal, place)) in (1..).zip(journals.iter().zip(places)) {
        if place.is_some() {
            continue;
        }
        let is = format!("database {number} of the journal's list");
        if let Some(begun) = begun {
            return Err(refused(format!(
                "{is} is no part of it, and others are; name all of its databases, in their order: a journal takes in no further \
                 database, and no empty one in the place of another; of each of the others: {}",
                undone(begun)
            )));
        }
        if !is_empty(&**journal).await? {
            return Err(refused(format!(
                "{is} has runs or rows already; a journal in several databases begins with empty ones"
            )));
        }
    }
    Ok(())
}

async fn is_empty(journal: &dyn Journal) -> Result<bool> {
    if !journal.runs(&Filter { limit: Some(1), ..Filter::default() }).await?.is_empty() {
        return Ok(false);
    }
    for space in SPACES {
        if !journal.find(space, "", None, 1).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn check(found: &Place, wanted: &Place) -> Result<()> {
    let Place { set, number, of, rule, is_whole: _ } = wanted;
    if (&found.set, found.number, found.of, found.rule) == (set, *number, *of, *rule) {
        return Ok(());
    }
    let is = format!("database {number} of the journal's list of {of}");
    let why = if found.rule != *rule {
        format!(
            "{is} was written by another stockade, which looks for runs elsewhere (rule {}, this one knows {rule})",
            found.rule
        )
    } else if found.set != *set {
        format!(
            "{is} is of another journal than the first one, or another host begins one in them; name the databases of one \
             journal"
        )
    } else {
        format!(
            "{is} is number {} of {} in its journal; name all of its databases, in the order in which they were named first: a \
             run is looked for where its id says",
            found.number, found.of
        )
    };
    Err(refused(format!("{why}; {}", undone(found))))
}

/// Says how a wrong mark is undone.
fn undone(found: &Place) -> String {
    let state =
        if found.is_whole { "once no run is in its journal that is needed" } else { "which no host has confirmed" };
    format!("its mark, {state}, is undone in the database by: {UNMARK}")
}

fn refused(message: String) -> Fault {
    Fault::invalid("databases", message)
}
