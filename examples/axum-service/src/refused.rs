//! A fault as an answer over HTTP.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use stockade::{Fault, Kind};

/// What a client can mend is told in full. Anything else is for the operator's log, for it may tell of the inside.
const TOLD: [(Kind, StatusCode); 3] = [
    (Kind::NotFound, StatusCode::NOT_FOUND),
    (Kind::Conflict, StatusCode::CONFLICT),
    (Kind::Invalid, StatusCode::BAD_REQUEST),
];

pub(crate) type Answer<T> = Result<T, Refused>;

pub(crate) struct Refused(Fault);

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(fault) = self;
        if let Some((_, status)) = TOLD.iter().find(|(kind, _)| *kind == fault.kind) {
            return (*status, Json(fault)).into_response();
        }
        tracing::error!(kind = ?fault.kind, "{fault}");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}
