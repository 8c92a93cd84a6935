//! The service that performs effects.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stockade::{Ending, Host, RunId};

use crate::asked::Happened;
use crate::kept::Kept;

/// An effect that is to be performed.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) run: RunId,
    pub(crate) key: String,
    /// The number of the entry that is its intent: an effect that is tried again has another one.
    pub(crate) intent: u64,
}

impl Order {
    pub(crate) fn idempotency_key(&self) -> String {
        format!("{}/{}/{}", self.run, self.key, self.intent)
    }
}

/// Performs effects, and tells their runs how they ended.
pub struct Effects {
    host: Host,
}

impl Effects {
    pub(crate) fn new(host: Host) -> Self {
        Self { host }
    }
}

#[restate_sdk::service(
    client_visibility = "pub(crate)",
    ingress_private,
    inactivity_timeout = "1h",
    abort_timeout = "10m",
    // For ever: the server's own number of attempts is gone within minutes, and its run waits for an effect that is paused.
    invocation_retry_policy(
        initial_interval = "100ms",
        factor = 2.0,
        max_interval = "5s",
        max_attempts = 1000000000
    )
)]
impl Effects {
    /// Performs an effect, unless its run has ended or goes on without it.
    #[handler]
    async fn perform(&self, ctx: Context<'_>, order: Json<Order>) -> HandlerResult<()> {
        let Order { run, key, intent } = order.into_inner();
        let Json(kept) = ctx.request::<(), Json<Kept>>(of_run(run, "history"), ()).call().await?;
        if kept.intent(run, &key)? != Some(intent) {
            // The effect was lost to a pause, and another order of it is out.
            return Ok(());
        }
        // That an attempt begins is in Restate's log before it does. Only the process that has written that knows that it is
        // the first.
        let begins_here = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begins_here);
        ctx.run(move || async move {
            begins.store(true, Ordering::SeqCst);
            Ok::<_, HandlerError>(())
        })
        .name("begin")
        .await?;
        let (host, is_first) = (self.host.clone(), begins_here.load(Ordering::SeqCst));
        let ended = ctx.run(move || performed(host, run, kept, key, is_first)).name("perform").await?;
        if let Some(ending) = ended.into_inner() {
            let happened = Json(Happened::Ended { intent, ending });
            drop(ctx.request::<_, Json<Value>>(of_run(run, "event"), happened).send());
        }
        Ok(())
    }
}

/// A handler of the virtual object that the run is.
fn of_run(run: RunId, handler: &str) -> RequestTarget {
    RequestTarget::object("Run", run.to_string(), handler)
}

async fn performed(
    host: Host,
    run: RunId,
    kept: Kept,
    key: String,
    is_first: bool,
) -> HandlerResult<Json<Option<Ending>>> {
    let journal = kept.journal(run, &[]).await?;
    Ok(Json(host.planning(journal)?.perform(run, &key, is_first).await?))
}
