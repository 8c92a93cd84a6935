//! The object that keeps what runs left in stores, for the runs that read them later.

use std::collections::BTreeMap;

use restate_sdk::prelude::*;

use crate::row::KeptRow;

/// The one key of the object.
pub(crate) const STORES: &str = "all";

const ROWS: &str = "rows";

/// What runs left in databases, files and buckets: labels that are there until the end, and few.
pub struct Stores;

#[restate_sdk::object(
    client_visibility = "pub(crate)",
    ingress_private,
    // For ever: the server's own number of attempts is gone within minutes, and all runs wait for a handler that it then pauses.
    invocation_retry_policy(
        initial_interval = "100ms",
        factor = 2.0,
        max_interval = "5s",
        max_attempts = 1000000000
    )
)]
impl Stores {
    /// Returns all of it.
    #[handler]
    async fn read(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<Json<Vec<KeptRow>>> {
        let rows = ctx.get::<Json<BTreeMap<String, KeptRow>>>(ROWS).await?.unwrap_or_default();
        Ok(Json(rows.into_inner().into_values().collect()))
    }

    /// Adds to it; the first source of a label stays.
    #[handler]
    async fn add(&self, ctx: ObjectContext<'_>, new: Json<Vec<KeptRow>>) -> HandlerResult<()> {
        let mut rows = ctx.get::<Json<BTreeMap<String, KeptRow>>>(ROWS).await?.unwrap_or_default().into_inner();
        for row in new.into_inner() {
            rows.entry(row.place()).or_insert(row);
        }
        ctx.set(ROWS, Json(rows));
        Ok(())
    }
}
