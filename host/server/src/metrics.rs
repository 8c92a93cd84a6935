//! The meters, for Prometheus.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use stockade::meters::Exposition;

use crate::service::Service;

/// Returns the meters as Prometheus reads them, or as OpenMetrics where a client takes that. Of a journal that fails, the meters
/// say so.
pub(crate) async fn show(State(service): State<Service>, headers: HeaderMap) -> Response {
    service.host().observe().await;
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let exposition = Exposition::accepted(accept);
    ([(header::CONTENT_TYPE, exposition.content_type())], service.host().meters().page(exposition)).into_response()
}
