//! Runs: started, listed, read, and told what to do.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use stockade::{
    Budget, Fault, Filter, Kind, Listed, NewRun, NewSignal, PageEnd, Principal, Report, RunId, RunState, Started, Stop,
    Trace, unknown_run,
};
use tokio::time::timeout;

use crate::amounts::{self, Amounts};
use crate::audit::named;
use crate::body::Given;
use crate::key::key;
use crate::links;
use crate::names::Names;
use crate::problem::Answer;
use crate::query;
use crate::service::Service;

/// How long what is in flight may take to end where a request does not say so, and at most: an answer is waited for no longer.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
const GRACE_MAX: Duration = Duration::from_secs(20);

/// A run has up to 32 labels, and its trace is one of them: those of the client go first.
const LABELS_BESIDE_TRACE: usize = 32;

/// The place in a trace: of the client in a request, and of the run in the answer.
const TRACEPARENT: &str = "traceparent";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    workflow: String,
    input: Value,
    #[serde(default)]
    budget: Amounts,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    deadline_ms: Option<u64>,
}

pub(crate) async fn start(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    Given(start): Given<Start>,
) -> Answer<Response> {
    named("workflow", &start.workflow);
    service.host().check_workflow(&principal, &start.workflow)?;
    let budget = amounts::of_start(&principal, &start.budget, Budget::default())?;
    let trace = traced(&headers).filter(|_| start.labels.len() < LABELS_BESIDE_TRACE);
    let new = NewRun::new(start.workflow, start.input).budget(budget).labels(start.labels);
    let new = start.deadline_ms.into_iter().fold(new, |new, ms| new.deadline(Duration::from_millis(ms)));
    let new = key(&headers)?.into_iter().fold(new, NewRun::key);
    let new = trace.into_iter().fold(new, |new, trace| new.label(Trace::LABEL, trace.to_string()));
    answer(&service, begin(&service, &principal, new).await?).await
}

/// Answers with a run that was asked for: where it is, its span, and all about it.
pub(crate) async fn answer(service: &Service, started: Started) -> Answer<Response> {
    let (status, run) = (status(&started), started.id());
    let report = report_of(service, started).await?;
    let (location, trace) = (format!("/v1/runs/{run}"), Trace::of(run, &report.labels).to_string());
    Ok((status, [(header::LOCATION, location), (HeaderName::from_static(TRACEPARENT), trace)], report).into_response())
}

/// Returns the place in a trace that a client names, if it names one that can be read: no request is refused for its trace.
fn traced(headers: &HeaderMap) -> Option<Trace> {
    headers.get(TRACEPARENT)?.to_str().ok()?.parse().ok()
}

/// Starts a run for a principal, whose keys are its own: a run that another one has started under the key is not returned.
pub(crate) async fn begin(service: &Service, principal: &Principal, new: NewRun) -> Answer<Started> {
    let started = service.host().start_run(new.by(&principal.name)).await?;
    named("run", started.id());
    let before = match &started {
        Started::New { .. } => None,
        Started::Before(run) => Some(run.id()),
    };
    if let Some(run) = before {
        check_starter(&service.host().state(run).await?, principal)?;
    }
    Ok(started)
}

/// Refuses a run of another principal in the words of the host, which refuses one with another input: the answer does not tell
/// whether an input was guessed.
fn check_starter(state: &RunState, principal: &Principal) -> Answer<()> {
    if state.origin().by.as_deref() == Some(principal.name.as_str()) {
        return Ok(());
    }
    let key = state.origin().start_key.as_deref().unwrap_or_default();
    let message = format!("start key \"{key}\" is of a run that another principal has started; use another key");
    Err(Fault::new(Kind::Conflict, message).detail("start_key").into())
}

/// Returns the status of an answer to a start.
pub(crate) fn status(started: &Started) -> StatusCode {
    match started {
        Started::New { .. } => StatusCode::CREATED,
        Started::Before(_) => StatusCode::OK,
    }
}

/// Waits until a run stands still, for as long as an answer may take. `None`: the run goes on.
pub(crate) async fn settled(
    service: &Service,
    settling: impl Future<Output = stockade::Result<RunState>>,
) -> Answer<Option<RunState>> {
    // Some of the time of an answer is for what is done around this.
    match timeout(service.limits().answer_time.mul_f32(0.8), settling).await {
        Ok(Err(fault)) if fault.is_interrupted() => Ok(None),
        Ok(state) => Ok(Some(state?)),
        Err(_) => Ok(None),
    }
}

pub(crate) async fn list(State(service): State<Service>, uri: Uri) -> Answer<Response> {
    let filter = query::filter(&uri, &query::OF_RUNS)?;
    let limit = service.page(filter.limit);
    // One run more tells whether there is another page.
    let mut runs = service.host().runs(&Filter { limit: Some(limit.saturating_add(1)), ..filter }).await?;
    let has_more = runs.len() > limit;
    runs.truncate(limit);
    let end = runs.last().filter(|_| has_more).map(PageEnd::from);
    let mut listed = Vec::new();
    for summary in runs {
        // A run that cannot be read is listed all the same.
        let waits_for = service.host().waits_for(&summary).await.unwrap_or_else(|fault| {
            service.tell(&fault);
            Vec::new()
        });
        listed.push(Listed { summary, waits_for });
    }
    Ok(links::page(listed, &uri, "cursor", end.map(query::cursor).as_deref()))
}

pub(crate) async fn show(State(service): State<Service>, names: Names) -> Answer<Json<Report>> {
    report(&service, names.run()?).await
}

pub(crate) async fn entries(State(service): State<Service>, names: Names, uri: Uri) -> Answer<Response> {
    let (run, after) = (names.run()?, query::after(&uri)?);
    check_exists(&service, run).await?;
    let entries = service.host().entries_after(run, after).await?;
    let last = entries.last().map(|entry| entry.seq.to_string());
    Ok(links::page(entries, &uri, "after", last.as_deref()))
}

/// Checks that there is a run, without reading it whole.
async fn check_exists(service: &Service, run: RunId) -> Answer<()> {
    let only = Filter { runs: Some(vec![run]), limit: Some(1), ..Filter::default() };
    let found = service.host().runs(&only).await?;
    if found.is_empty() { Err(unknown_run(run).into()) } else { Ok(()) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    reason: Option<String>,
    grace_ms: Option<u64>,
}

impl Order {
    fn stop(&self, principal: &Principal) -> Answer<(Stop, Duration)> {
        let grace = self.grace_ms.map_or(GRACE, Duration::from_millis);
        if grace > GRACE_MAX {
            let message = format!("the grace is {} ms, and {} are allowed", grace.as_millis(), GRACE_MAX.as_millis());
            return Err(Fault::invalid("grace_ms", message).into());
        }
        Ok((Stop::by(&principal.name).reason(self.reason.clone()), grace))
    }
}

pub(crate) async fn stop(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    Given(order): Given<Order>,
) -> Answer<Json<Report>> {
    let (run, (stop, grace)) = (names.run()?, order.stop(&principal)?);
    service.host().run(run).stop(stop, grace).await?;
    report(&service, run).await
}

pub(crate) async fn pause(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    Given(order): Given<Order>,
) -> Answer<Json<Report>> {
    let (run, (stop, grace)) = (names.run()?, order.stop(&principal)?);
    service.host().run(run).pause(stop, grace).await?;
    report(&service, run).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

pub(crate) async fn resume(
    State(service): State<Service>,
    names: Names,
    Given(Nothing {}): Given<Nothing>,
) -> Answer<Json<Report>> {
    let run = names.run()?;
    service.host().resume(run).await?;
    report(&service, run).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    #[serde(default)]
    payload: Value,
}

pub(crate) async fn signal(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    headers: HeaderMap,
    Given(sent): Given<Sent>,
) -> Answer<Json<Report>> {
    let run = names.run()?;
    let signal = NewSignal::new(names.text("name"), sent.payload).by(principal.name);
    let signal = key(&headers)?.into_iter().fold(signal, NewSignal::key);
    service.host().signal(run, signal).await?;
    report(&service, run).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct More {
    add: Amounts,
}

pub(crate) async fn extend(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    Given(More { add }): Given<More>,
) -> Answer<Json<Report>> {
    let run = names.run()?;
    add_to_budget(&service, &principal, run, add.onto(Budget::NONE)?).await?;
    report(&service, run).await
}

/// Adds to the budget of a run, if its principal may give it so much in all.
pub(crate) async fn add_to_budget(service: &Service, principal: &Principal, run: RunId, more: Budget) -> Answer<()> {
    service.host().extend_if(run, more, |whole| amounts::check(principal, whole)).await?;
    Ok(())
}

/// Returns all about a run that was asked for: as it began, where it is new. To read it anew would take longer than its start,
/// for what goes on with it wants the processor and the journal at that moment.
async fn report_of(service: &Service, started: Started) -> Answer<Json<Report>> {
    match started {
        Started::New { begun, .. } => Ok(Json(Report::from(&*begun))),
        Started::Before(run) => report(service, run.id()).await,
    }
}

/// Returns all about a run, as it stands now.
pub(crate) async fn report(service: &Service, run: RunId) -> Answer<Json<Report>> {
    Ok(Json(service.host().report(run).await?))
}
