//! The service that performs effects.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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
    /// How many attempts at this order have begun before, and may have been made.
    #[serde(default)]
    pub(crate) attempt: u32,
}

/// How an attempt went.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Made {
    /// It began in a process that is gone: it may have been made, and how the run stood is long ago. Another attempt asks anew.
    Left,
    /// It has ended so; or not begun, for the effect is in flight no more.
    Made(Option<Box<Ending>>),
}

impl Order {
    pub(crate) fn idempotency_key(&self) -> String {
        format!("{}/{}/{}/{}", self.run, self.key, self.intent, self.attempt)
    }

    fn next(&self) -> Self {
        Self { attempt: self.attempt.saturating_add(1), ..self.clone() }
    }

    /// Returns how long the next attempt waits: what one cannot do, the next ones may not either for a while.
    fn wait(&self) -> Duration {
        Duration::from_millis(100_u64 << self.attempt.min(6))
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
        let order = order.into_inner();
        // That an attempt begins is in Restate's log before it does. Only the process that has written that knows that it is
        // the first, and that the history which it then reads is not of long ago.
        let begins_here = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begins_here);
        ctx.run(move || async move {
            begins.store(true, Ordering::SeqCst);
            Ok::<_, HandlerError>(())
        })
        .name("begin")
        .await?;
        let Json(kept) = ctx.request::<(), Json<Kept>>(of_run(order.run, "history"), ()).call().await?;
        if !kept.is_in_flight(order.run, &order.key, order.intent)? {
            // It was lost to a pause, and another order of it may be out; or its run has ended, whose workflow may be gone.
            return Ok(());
        }
        let (host, now) = (self.host.clone(), order.clone());
        let made = ctx.run(move || made(host, kept, now, begins_here)).name("perform").await?;
        match made.into_inner() {
            Made::Made(Some(ending)) => {
                let happened = Json(Happened::Ended { intent: order.intent, ending });
                drop(ctx.request::<_, Json<Value>>(of_run(order.run, "event"), happened).send());
            }
            Made::Made(None) => {}
            Made::Left => {
                let (wait, next) = (order.wait(), order.next());
                let request = ctx.service_client::<EffectsClient>().perform(Json(next.clone()));
                drop(request.idempotency_key(next.idempotency_key()).send_after(wait));
            }
        }
        Ok(())
    }
}

/// A handler of the virtual object that the run is.
pub(crate) fn of_run(run: RunId, handler: &str) -> RequestTarget {
    RequestTarget::object("Run", run.to_string(), handler)
}

/// Performs an effect as its run now stands, or leaves it where that is not known.
async fn made(host: Host, kept: Kept, order: Order, begins_here: Arc<AtomicBool>) -> HandlerResult<Json<Made>> {
    if !begins_here.load(Ordering::SeqCst) {
        return Ok(Json(Made::Left));
    }
    let journal = kept.journal(order.run, &[]).await?;
    let ending = host.planning(journal)?.perform(order.run, &order.key, order.attempt == 0).await?;
    Ok(Json(Made::Made(ending.map(Box::new))))
}
