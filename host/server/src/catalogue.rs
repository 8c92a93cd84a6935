//! What the host has: tools, workflows, shared budgets.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde_json::Value;
use stockade::{Graph, Machine};

use crate::links;
use crate::names::Names;
use crate::problem::Answer;
use crate::query;
use crate::service::Service;

pub(crate) async fn tools(State(service): State<Service>, uri: Uri) -> Answer<Json<Vec<Value>>> {
    query::none(&uri)?;
    Ok(Json(service.host().tools().map(|tool| service.host().describe_registered(tool)).collect()))
}

pub(crate) async fn tool(State(service): State<Service>, names: Names) -> Answer<Json<Value>> {
    let tool = service.host().tool(names.text("name"))?;
    Ok(Json(service.host().describe_registered(tool)))
}

pub(crate) async fn workflows(State(service): State<Service>, uri: Uri) -> Answer<Json<Vec<String>>> {
    query::none(&uri)?;
    Ok(Json(service.host().workflows().map(Machine::name).map(str::to_owned).collect()))
}

pub(crate) async fn workflow(State(service): State<Service>, names: Names) -> Answer<Json<Graph>> {
    Ok(Json(service.host().workflow(names.text("name"))?.graph().clone()))
}

pub(crate) async fn budgets(State(service): State<Service>, uri: Uri) -> Answer<Response> {
    let (mut after, mut limit) = (None, None);
    for (name, value) in query::parameters(&uri, &query::OF_BUDGETS)? {
        match &*name {
            "cursor" => after = Some(value.into_owned()),
            "limit" => limit = Some(query::parsed(&name, &value)?),
            _ => return Err(query::unknown(&name, &query::OF_BUDGETS).into()),
        }
    }
    let page = service.host().shared_budgets(after.as_deref(), service.page(limit)).await?;
    page.unreadable.iter().for_each(|left_out| service.tell(&left_out.error));
    Ok(links::page(page.found, &uri, "cursor", page.next.as_deref()))
}
