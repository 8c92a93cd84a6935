//! The states of a workflow as a picture, with the path that a run took.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::names::Names;
use crate::page::picture;
use crate::problem::Answer;
use crate::service::Service;

/// A picture that is opened by itself loads nothing and runs nothing; its style stands in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

pub(crate) async fn of_run(State(service): State<Service>, names: Names) -> Answer<Response> {
    let picture = picture(service.host(), names.run()?).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, picture).into_response())
}
