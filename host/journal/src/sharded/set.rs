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

/// Checks that these databases, in this order, are one journal; empty ones become one.
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
    let known = places.iter().flatten().next().map(|place| place.set.clone());
    let mut set = known.unwrap_or_else(|| Uuid::now_v7().to_string());
    for (number, (journal, place)) in (1..).zip(journals.iter().zip(places)) {
        let own = Place { set: set.clone(), number, of, rule: RULE, is_whole: false };
        let place = match place {
            Some(place) => place,
            None => take(&**journal, own.clone()).await?,
        };
        if number == 1 {
            // Of several hosts that begin a journal at once, the first to write to the first database has named it.
            set.clone_from(&place.set);
        }
        check(&place, &Place { set: set.clone(), ..own })?;
    }
    for journal in journals {
        make_whole(&**journal).await?;
    }
    Ok(())
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
    journal.row(SPACE, KEY).await?.as_ref().map(Row::read).transpose()
}

/// Gives a database its place, unless another host was faster; returns the one that it has.
async fn take(journal: &dyn Journal, place: Place) -> Result<Place> {
    let row = Row::new(SPACE, KEY, Row::text(&place)?);
    journal.commit(&Commit::of_index(vec![RowChange::Ensure(row)])).await?;
    Ok(read(journal).await?.unwrap_or(place))
}

/// Says that all databases of the journal have their places.
async fn make_whole(journal: &dyn Journal) -> Result<()> {
    let Some(row) = journal.row(SPACE, KEY).await? else { return Ok(()) };
    let place: Place = row.read()?;
    if place.is_whole {
        return Ok(());
    }
    let value = Row::text(&Place { is_whole: true, ..place })?;
    // Another host may be faster.
    index::replace(journal, row, None, value).await.map(drop)
}

/// Checks that a database without a place may be given one: it has nothing, for that would lie in the wrong one, and the
/// journal has not begun without it.
async fn check_new(journals: &[Arc<dyn Journal>], places: &[Option<Place>]) -> Result<()> {
    let has_begun = places.iter().flatten().any(|place| place.is_whole);
    for (number, (journal, place)) in (1..).zip(journals.iter().zip(places)) {
        if place.is_some() {
            continue;
        }
        let is = format!("database {number} of the journal's list");
        if has_begun {
            return Err(refused(format!(
                "{is} is no part of it, and others are; name all of its databases, in their order: a journal takes in no further \
                 database, and no empty one in the place of another"
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
    Err(refused(if found.rule != *rule {
        format!(
            "{is} was written by another stockade, which looks for runs elsewhere (rule {}, this one knows {rule})",
            found.rule
        )
    } else if found.set != *set {
        format!("{is} is of another journal than the first one; name the databases of one journal")
    } else {
        format!(
            "{is} is number {} of {} in its journal; name all of its databases, in the order in which they were named first: a \
             run is looked for where its id says",
            found.number, found.of
        )
    }))
}

fn refused(message: String) -> Fault {
    Fault::invalid("databases", message)
}
