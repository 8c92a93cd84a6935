//! The order to perform an effect, and how an attempt at it went.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use stockade::{Ending, Host, RunId};

use crate::Told;
use crate::kept::Kept;

/// An effect of a run that is to be performed.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) key: String,
    /// The number of the entry that is its intent: an effect that is tried again has another one.
    pub(crate) intent: u64,
    /// How many attempts at this order have begun before, and may have been made.
    #[serde(default)]
    attempt: u32,
}

/// How an attempt went.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Made {
    /// It began in a process that is gone: it may have been made, and how the run stood is long ago. Another attempt asks anew.
    Left,
    /// It has ended so; or not begun, for the effect is in flight no more.
    Made(Option<Box<Ending>>),
}

impl Order {
    pub(crate) fn new(key: String, intent: u64) -> Self {
        Self { key, intent, attempt: 0 }
    }

    pub(crate) fn idempotency_key(&self) -> String {
        format!("{}/{}/{}", self.key, self.intent, self.attempt)
    }

    pub(crate) fn next(&self) -> Self {
        Self { attempt: self.attempt.saturating_add(1), ..self.clone() }
    }

    /// Returns how long the next attempt waits: what one cannot do, the next ones may not either for a while.
    pub(crate) fn wait(&self) -> Duration {
        Duration::from_millis(100_u64 << self.attempt.min(6))
    }
}

/// Performs an effect as its run now stands, or leaves it where that is not known.
pub(crate) async fn made(
    host: Host,
    run: RunId,
    kept: Kept,
    order: Order,
    begins_here: Arc<AtomicBool>,
    told: Told,
) -> HandlerResult<Json<Made>> {
    if !begins_here.load(Ordering::SeqCst) {
        return Ok(Json(Made::Left));
    }
    let journal = kept.journal(run, &[]).await?;
    let ending = host.planning(journal)?.perform(run, &order.key, order.attempt == 0).await;
    let ending = ending.inspect_err(|fault| told(run, fault))?;
    Ok(Json(Made::Made(ending.map(Box::new))))
}
