//! Components that a client sends, to be tools.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use stockade::{Fault, Principal};

use crate::names::Names;
use crate::problem::{Answer, Problem};
use crate::service::Service;

const COMPONENT: &str = "application/wasm";

/// Registers a component as a tool that is granted nothing.
pub(crate) async fn upload(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    headers: HeaderMap,
    component: Bytes,
) -> Answer<Response> {
    let name = names.text("name");
    principal.check_tool(name)?;
    check_kind(&headers)?;
    let uploaded = service.host().upload(name, component.into()).await?;
    let status = if uploaded.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(service.host().describe(&uploaded.tool))).into_response())
}

fn check_kind(headers: &HeaderMap) -> Answer<()> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.trim().eq_ignore_ascii_case(COMPONENT) {
        return Ok(());
    }
    let message = format!("the body is not said to be a component; send \"Content-Type: {COMPONENT}\"");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Fault::invalid("body", message)))
}
