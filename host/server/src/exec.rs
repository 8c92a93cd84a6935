//! Code of agents, as a run of its own.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use stockade::{Code, NewRun, Principal, RunId, Started, exec_budget};
use tokio::time::timeout;

use crate::amounts::{self, Amounts};
use crate::body::Given;
use crate::key::key;
use crate::problem::Answer;
use crate::runs::{self, report, status};
use crate::service::Service;

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
/// than an answer may is answered with its run, which goes on.
pub(crate) async fn exec(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    Given(exec): Given<Exec>,
) -> Answer<Response> {
    let code = Code::new(&exec.language, &exec.code).input(exec.input).tools(exec.tools);
    let code = Code { session: exec.session, files: exec.files, ..code };
    answer(&service, begin(&service, &principal, code, &exec.budget, key(&headers)?).await?).await
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
    // Some of the time of an answer is for what is done around this.
    let time = service.limits().answer_time.mul_f32(0.8);
    match timeout(time, started.settled_state()).await {
        // A process that drove it has ended; a server takes it up.
        Ok(Err(fault)) if fault.detail.as_deref() == Some("interrupted") => going_on(service, run).await,
        Ok(state) => Ok((status, place(run), Json(service.host().exec_report(state?).await?)).into_response()),
        Err(_) => going_on(service, run).await,
    }
}

/// The answer for a run that has not come to stand still.
async fn going_on(service: &Service, run: RunId) -> Answer<Response> {
    Ok((StatusCode::ACCEPTED, place(run), report(service, run).await?).into_response())
}

fn place(run: RunId) -> [(HeaderName, String); 1] {
    [(header::LOCATION, format!("/v1/runs/{run}"))]
}
