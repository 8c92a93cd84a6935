//! Calls of tools outside of any run.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use serde_json::Value;
use stockade::{Call, Fault, Kind, Principal, ToolAnswer};
use uuid::Uuid;

use crate::audit::named;
use crate::body::Given;
use crate::key::key;
use crate::names::Names;
use crate::problem::Answer;
use crate::service::Service;

/// Calls a function once, within the limits of its tool, and charges no run for it. A call under the key of another one is
/// the same call, where the tool knows it again.
pub(crate) async fn call(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    headers: HeaderMap,
    Given(arguments): Given<Value>,
) -> Answer<Json<ToolAnswer>> {
    let key = key(&headers)?.unwrap_or_else(|| format!("call/{}", Uuid::now_v7()));
    Ok(Json(called(&service, &principal, (names.text("name"), names.text("function")), &key, &arguments).await?))
}

/// Calls a function of a tool under a key, if the principal may.
pub(crate) async fn called(
    service: &Service,
    principal: &Principal,
    (name, function): (&str, &str),
    key: &str,
    arguments: &Value,
) -> Answer<ToolAnswer> {
    let host = service.host();
    named("tool", format_args!("{name}.{function}"));
    principal.check_tool(name)?;
    let tool = host.component(name)?.clone();
    if host.promoted(&tool, function, arguments)?.is_some() {
        let message = format!("tool \"{name}\" is code, which runs in a run of its own; start one with POST /v1/exec");
        return Err(Fault::new(Kind::Conflict, message).detail("code").into());
    }
    host.calls_outside(name, key).await?;
    let limits = host.limits(name).clone();
    let outcome = tool.call(Call { function, arguments, idempotency_key: key, seed: 0, limits }).await;
    Ok(ToolAnswer::new(&tool, function, key, outcome)?)
}
