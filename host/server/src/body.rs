//! A body of JSON, read by the reader that knows the memory first.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use stockade::json::{self, Bounds};
use stockade::{Fault, Kind};

use crate::problem::{Answer, Problem};

/// A body of JSON. One that is empty is an empty object.
pub(crate) struct Given<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Given<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let is_json = is_json(request.headers());
        let unreadable = |why: String| Problem::from(Fault::invalid("body", format!("the body cannot be read: {why}")));
        let bytes = Bytes::from_request(request, state).await.map_err(|error| unreadable(error.to_string()))?;
        if bytes.is_empty() {
            return Ok(Self(json::read("{}", &Bounds::OUTSIDE)?));
        }
        if !is_json {
            let fault =
                Fault::invalid("body", "the body is not said to be JSON; send \"Content-Type: application/json\"");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, fault));
        }
        let text = std::str::from_utf8(&bytes).map_err(|error| unreadable(error.to_string()))?;
        Ok(Self(json::read(text, &Bounds::OUTSIDE).map_err(unfit)?))
    }
}

/// A value that takes more memory than it may have does not fit later either: its client is not told to come again.
fn unfit(fault: Fault) -> Problem {
    match fault.kind {
        Kind::HostMemory => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, fault),
        _ => fault.into(),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
