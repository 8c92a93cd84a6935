//! Tells a view that something has changed; it is then drawn anew.

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::StreamExt as _;
use stockade::{Clock, Fault, Filter, RunId};
use url::form_urlencoded::parse;

use crate::changes::Changes;
use crate::events::{live, problem};
use crate::guard::Room;
use crate::problem::Answer;
use crate::service::Service;

/// Sends the id of each run that changes, or that one run has changed which the request names. A view is a little older than
/// the stream that it begins.
pub(crate) async fn changes(
    State(service): State<Service>,
    Extension(room): Extension<Room>,
    uri: Uri,
) -> Answer<Response> {
    let filter = Filter { runs: run(&uri)?.map(|run| vec![run]), ..Filter::default() };
    let since_ms = Clock::default().now_ms().saturating_sub(VIEW_MS);
    let told = service.clone();
    let changes = Changes::new(service.clone(), filter, since_ms).stream().map(move |line| match line {
        Ok(line) => Event::default().event("changed").data(line.run_id.to_string()),
        Err(fault) => problem(&told, fault),
    });
    Ok(live(service, room, changes))
}

/// How much older than its stream a view may be.
const VIEW_MS: u64 = 2_000;

fn run(uri: &Uri) -> Result<Option<RunId>, Fault> {
    let mut query = parse(uri.query().unwrap_or_default().as_bytes());
    query.find(|(name, _)| name == "run").map(|(_, run)| run.parse::<RunId>()).transpose()
}
