//! What the functions of the database refuse, in the words of every journal.

use stockade_system::postgres::{Failed, Pool};
use stockade_workflow::{Fault, RunId};

use super::rows::{self, Columns};
use crate::refusal;

/// Says why a commit was not made, or why it is not known whether it was.
pub(super) async fn fault(pool: &Pool, failed: &Failed, run: Option<RunId>, rows: &Columns) -> Fault {
    let place = || failed.place().and_then(|place| rows.place(place));
    match (failed.code(), run) {
        (Some("SK001"), Some(run)) => refusal::fenced(run),
        (Some("SK002"), Some(run)) => refusal::taken(run),
        (Some("SK005"), Some(run)) => {
            let (space, key) = rows::needing(pool, run).await.unwrap_or_default();
            refusal::needed(run, &space, &key)
        }
        (Some("SK003"), _) => place().map_or_else(|| pool.fault(failed), |(space, key)| refusal::there(space, &key)),
        (Some("SK004"), _) => place().map_or_else(|| pool.fault(failed), |(space, key)| refusal::changed(space, &key)),
        (Some(_) | None, _) => pool.fault(failed),
    }
}
