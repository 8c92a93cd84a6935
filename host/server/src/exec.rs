//! Code of agents, as a run of its own.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use stockade::{Code, ExecReport, NewRun, Principal, Started, exec_budget};

use crate::amounts::{self, Amounts};
use crate::body::Given;
use crate::guard::Room;
use crate::key::key;
use crate::problem::Answer;
use crate::runs::{self, report, status};
use crate::service::Service;
use crate::written;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exec {
    language: String,
    code: String,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    budget: Amounts,
    session: Option<String>,
    /// The files in its private directory, by their names, in base64.
    files: Option<BTreeMap<String, String>>,
}

/// Runs a piece of code, and answers once it stands still: with what it returned, wrote and called. Code that takes longer
/// than an answer may is answered with its run, which goes on. Who asks for events gets what the code writes line by line.
pub(crate) async fn exec(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    Given(exec): Given<Exec>,
) -> Answer<Response> {
    let code = Code::new(&exec.language, &exec.code).input(exec.input).tools(exec.tools);
    let code = Code { session: exec.session, files: exec.files, ..code };
    if !wants_events(&headers) {
        return answer(&service, begin(&service, &principal, code, &exec.budget, key(&headers)?).await?).await;
    }
    let pass = service.0.streams.enter(&principal.name).await?;
    let room = Room::new(&service, &headers, pass);
    let started = begin(&service, &principal, code, &exec.budget, key(&headers)?).await?;
    written::follow(service, room, started).await
}

/// Returns whether a client asks for a stream of events.
fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter().filter_map(|accepted| accepted.to_str().ok());
    let kinds = accepted.flat_map(|accepted| accepted.split(','));
    let mut kinds = kinds.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.any(|kind| kind.eq_ignore_ascii_case("text/event-stream"))
}

/// Starts a run of a piece of code, if the principal may.
pub(crate) async fn begin(
    service: &Service,
    principal: &Principal,
    code: Code,
    budget: &Amounts,
    key: Option<String>,
) -> Answer<Started> {
    let host = service.host();
    code.tools.iter().try_for_each(|tool| principal.check_tool(tool))?;
    let budget = amounts::of_start(principal, budget, exec_budget(host.code_limits()))?;
    let new = host.code_run(code)?.budget(budget);
    runs::begin(service, principal, key.into_iter().fold(new, NewRun::key)).await
}

async fn answer(service: &Service, started: Started) -> Answer<Response> {
    let (status, run) = (status(&started), started.id());
    let place = [(header::LOCATION, format!("/v1/runs/{run}"))];
    Ok(match settled(service, started).await? {
        Some(ran) => (status, place, Json(ran)).into_response(),
        None => (StatusCode::ACCEPTED, place, report(service, run).await?).into_response(),
    })
}

/// Waits for the end of a piece of code as long as an answer may. `None`: the run goes on.
pub(crate) async fn settled(service: &Service, started: Started) -> Answer<Option<ExecReport>> {
    match runs::settled(service, started.settled_state()).await? {
        Some(state) => Ok(Some(service.host().exec_report(state).await?)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_accepts_events_gets_them() {
        let wants = |accepted: &str| wants_events(&[(header::ACCEPT, accepted.parse().unwrap())].into_iter().collect());
        assert!(wants("text/event-stream") && wants("application/json, Text/Event-Stream;q=0.9"));
        assert!(!wants("application/json") && !wants("*/*") && !wants_events(&HeaderMap::new()));
    }
}
