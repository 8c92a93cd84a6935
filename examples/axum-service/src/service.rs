//! The service: what a client asks over HTTP is one call of the library each.

use std::error::Error;
use std::path::Path as Folder;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stockade::model::{Price, Settings};
use stockade::{
    ApprovalId, ApprovalView, Budget, Decision, Digest, Filter, Host, Journal, PageEnd, Report, RunId, Status, Stop,
    Summary,
};
use stockade_refund::{Letter, Refund, shop};
use tokio::net::TcpListener;

use crate::model::Writer;
use crate::refused::Answer;
use crate::spans::Spans;

/// How long what is in flight may take to end when its run is stopped, or the service is.
const GRACE: Duration = Duration::from_secs(10);
/// The most runs of one page.
const PAGE_MAX: usize = 100;

/// A host of the refund workflow, with this journal. The shop's database is in the folder.
pub(crate) async fn host(journal: impl Journal + 'static, folder: &Folder) -> stockade::Result<Host> {
    let database = folder.join("shop.db");
    shop::create(&database)?;
    let free = Settings { price: Some(Price::Free), ..Settings::default() };
    Host::builder()
        .with_journal(journal)
        .scratch(folder)
        .tools(shop::tools(&database))
        .idempotent(shop::IDEMPOTENT)
        .with_model("writer", Writer, free)
        .workflow(Refund { letter: Some(Letter::default()), ..Refund::default() })
        .hooks(Spans::default())
        .build()
        .await
}

/// Goes on with the runs that were interrupted, and serves until it is told to stop. Returns the runs that were late then.
pub(crate) async fn serve(
    listener: TcpListener,
    host: Host,
    stop: impl Future<Output = ()>,
) -> Result<Vec<RunId>, Box<dyn Error + Send + Sync>> {
    for run in host.unfinished().await? {
        // Another process may have taken it up since.
        host.resume(run).await.map_or_else(|fault| tracing::warn!(%run, "{fault}"), drop);
    }
    tokio::select! {
        served = axum::serve(listener, router(host.clone())).into_future() => served?,
        () = stop => {}
    }
    Ok(host.shutdown(GRACE).await)
}

fn router(host: Host) -> Router {
    Router::new()
        .route("/runs", get(runs).post(start))
        .route("/runs/{run}/settled", get(settled))
        .route("/runs/{run}/events", get(events))
        .route("/runs/{run}/stop", post(stop))
        .route("/approvals", get(approvals))
        .route("/approvals/{run}/{*key}", post(decide))
        .with_state(host)
}

#[derive(Deserialize)]
struct NewRun {
    /// The client's own key: the same request twice starts one run.
    key: String,
    workflow: String,
    input: Value,
}

async fn start(State(host): State<Host>, Json(new): Json<NewRun>) -> Answer<(StatusCode, Json<RunId>)> {
    let run = host.start_once(&new.key, &new.workflow, new.input, Budget::default()).await?;
    Ok((StatusCode::ACCEPTED, Json(run.id())))
}

#[derive(Deserialize)]
struct Page {
    status: Option<Status>,
    workflow: Option<String>,
    after: Option<RunId>,
    limit: Option<usize>,
}

async fn runs(State(host): State<Host>, Query(page): Query<Page>) -> Answer<Json<Vec<Summary>>> {
    let Page { status, workflow, after, limit } = page;
    let limit = Some(limit.unwrap_or(PAGE_MAX).min(PAGE_MAX));
    // Where runs are listed in the order of their starts, the time is not looked at.
    let after = after.map(|run| PageEnd { run, updated_ms: 0 });
    let filter = Filter { status: status.into_iter().collect(), workflow, after, limit, ..Filter::default() };
    Ok(Json(host.runs(&filter).await?))
}

/// Answers once the run has ended or waits.
async fn settled(State(host): State<Host>, Path(run): Path<RunId>) -> Answer<Json<Report>> {
    Ok(Json(Report::from(&host.run(run).settled_state().await?)))
}

/// Sends the entries of a run as they are committed. A client that was cut off says which it had last, as browsers do.
async fn events(
    State(host): State<Host>,
    Path(run): Path<RunId>,
    headers: HeaderMap,
) -> Answer<Sse<impl Stream<Item = Result<sse::Event, axum::Error>>>> {
    // So that an unknown run is refused, and is not a stream that breaks off.
    host.state(run).await?;
    let after = headers.get("last-event-id").and_then(|seq| seq.to_str().ok()?.parse().ok()).unwrap_or(0);
    let events = host.run(run).events(after).map(|entry| {
        let entry = entry.map_err(axum::Error::new)?;
        sse::Event::default().id(entry.seq.to_string()).json_data(entry)
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

async fn stop(State(host): State<Host>, Path(run): Path<RunId>, Json(stop): Json<Stop>) -> Answer<StatusCode> {
    host.run(run).stop(stop, GRACE).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct Open {
    run: RunId,
    #[serde(flatten)]
    approval: ApprovalView,
}

async fn approvals(State(host): State<Host>) -> Answer<Json<Vec<Open>>> {
    let pending = host.pending().await?;
    for left_out in &pending.unreadable {
        tracing::error!(run = ?left_out.run_id, "{}", left_out.error);
    }
    let open = pending.found.into_iter();
    Ok(Json(open.map(|(id, approval)| Open { run: id.run, approval: ApprovalView::from(&approval) }).collect()))
}

#[derive(Deserialize)]
struct Decided {
    /// The digest of what the person saw, so that nothing else is approved.
    seen: Digest,
    #[serde(flatten)]
    decision: Decision,
}

async fn decide(
    State(host): State<Host>,
    Path((run, key)): Path<(RunId, String)>,
    Json(Decided { seen, decision }): Json<Decided>,
) -> Answer<StatusCode> {
    host.decide(&ApprovalId { run, key }, &seen, decision).await?;
    Ok(StatusCode::ACCEPTED)
}
