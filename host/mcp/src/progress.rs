//! What a client is told of a call while it waits.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;

use futures_util::StreamExt as _;
use rmcp::RoleServer;
use rmcp::model::ProgressNotificationParam;
use rmcp::service::RequestContext;
use stockade::{Host, RunId};

/// Tells a client that asked for it of each entry of a run, for as long as this is waited for.
pub(crate) async fn tell(host: &Host, run: RunId, context: &RequestContext<RoleServer>) -> Infallible {
    if let Some(token) = context.meta.get_progress_token() {
        let mut events = pin!(host.run(run).events(0));
        while let Some(Ok(entry)) = events.next().await {
            let told = ProgressNotificationParam::new(token.clone(), entry.seq as f64);
            let told = told.with_message(format!("run {run}: entry {}", entry.seq));
            if context.peer.notify_progress(told).await.is_err() {
                break;
            }
        }
    }
    pending().await
}
