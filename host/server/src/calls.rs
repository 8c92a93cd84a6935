//! Calls of tools outside of any run, and which tools a principal may use.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use serde_json::Value;
use stockade::{AllowedEffect, Call, Fault, Graph, Host, Kind, Principal, ToolAnswer};
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

/// Checks that a principal which may call some tools alone does not start a workflow whose input names the tools that it calls,
/// itself or in the runs that it starts.
pub(crate) fn check_workflow(host: &Host, principal: &Principal, workflow: &str) -> Answer<()> {
    if principal.tools.is_none() || !takes_tools(host, host.workflow(workflow)?.graph(), &mut BTreeSet::new()) {
        return Ok(());
    }
    let message = format!(
        "the token of \"{}\" has a list of tools, and workflow \"{workflow}\" calls those that its input names",
        principal.name
    );
    Err(Fault::new(Kind::Denied, message).detail("tool").into())
}

fn takes_tools(host: &Host, graph: &Graph, seen: &mut BTreeSet<String>) -> bool {
    graph.states.iter().any(|state| {
        state.wants.iter().any(|want| wants_tools(host, want, seen))
            || state.inner.iter().any(|(_, graph)| takes_tools(host, graph, seen))
    })
}

/// Returns whether an effect may be a call of a tool that an input names. A workflow that was seen is not looked at again.
fn wants_tools(host: &Host, want: &AllowedEffect, seen: &mut BTreeSet<String>) -> bool {
    match want {
        AllowedEffect::AnyTool | AllowedEffect::CodeWithAnyTool => true,
        AllowedEffect::Runs(name) => {
            let started = host.workflow(name).ok().filter(|_| seen.insert(name.clone()));
            started.is_some_and(|workflow| takes_tools(host, workflow.graph(), seen))
        }
        AllowedEffect::Tool(_)
        | AllowedEffect::ApprovalOf(_)
        | AllowedEffect::Code(_)
        | AllowedEffect::Model
        | AllowedEffect::Recall
        | AllowedEffect::ReadResult
        | AllowedEffect::Remember
        | AllowedEffect::Sleep
        | AllowedEffect::Signal(_) => false,
    }
}
