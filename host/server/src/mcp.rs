//! The door for agents: the Model Context Protocol at `/mcp`, behind the same tokens and limits as all others.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use stockade::Right;
use stockade_mcp::Http;
use url::Url;

use crate::access::is_loopback;
use crate::events::over;
use crate::guard::{Admitted, Entry, Incoming, Room, in_time};
use crate::problem::Answer;
use crate::service::Service;

const PATH: &str = "/mcp";

/// Where clients read what protects [`PATH`] (RFC 9728): for the whole server, and for the path.
const METADATA: [&str; 2] = ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"];

/// What the handlers share.
#[derive(Clone)]
struct Agents {
    service: Service,
    http: Arc<Http>,
}

/// Returns the routes of the door.
pub(crate) fn routes(service: Service, http: Arc<Http>) -> Router {
    let routes = Router::new().route(PATH, any(answer));
    let routes = METADATA.into_iter().fold(routes, |routes, path| routes.route(path, get(metadata)));
    // What is admitted is bounded before it is looked at.
    routes.layer(DefaultBodyLimit::disable()).with_state(Agents { service, http })
}

/// Answers a request, or says where a client learns what is missing for it.
async fn answer(State(agents): State<Agents>, request: Request) -> Response {
    let place = place(request.headers());
    let mut incoming = Incoming::new(request.method().clone(), PATH);
    let answer = answered(&agents, request, &mut incoming.who).await;
    let mut response = incoming.told(&agents.service, answer);
    if response.status() == StatusCode::UNAUTHORIZED
        && let Some(challenge) = place.as_deref().and_then(challenge)
    {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Other than what other doors are asked for, a call ends with its client: the handler is dropped where it has gone, and the run
/// of the call is ended.
async fn answered(agents: &Agents, request: Request, who: &mut Option<String>) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    let admitted = Admitted::of(&agents.service, Entry::Follows(Right::Read), parts, body, who).await?;
    let Admitted { parts, body, audited, passes } = admitted;
    let room = parts.extensions.get::<Room>().cloned();
    let limits = agents.service.limits();
    // The log has an answer that was late as well.
    let answer = async move {
        let answer = async { agents.http.answer(parts, body).await.map(Body::new) };
        in_time(limits, answer).await.unwrap_or_else(IntoResponse::into_response)
    };
    let answer = audited.around(&agents.service, answer).await;
    drop(passes);
    let (head, body) = answer.into_parts();
    let Some(room) = room else { return Ok(Response::from_parts(head, body)) };
    let pieces = body.into_data_stream().take_until(over(agents.service.clone(), room.clone()));
    let pieces = pieces.map(move |piece| {
        // The stream takes its room for as long as it lasts.
        let _ = &room;
        piece
    });
    Ok(Response::from_parts(head, Body::from_stream(pieces)))
}

/// Says what protects the door: tokens of this server, which an operator makes.
async fn metadata(headers: HeaderMap) -> Response {
    let Some(place) = place(&headers) else { return StatusCode::BAD_REQUEST.into_response() };
    Json(described(&place)).into_response()
}

fn described(place: &str) -> Value {
    json!({
        "resource": format!("{place}{PATH}"),
        "resource_name": "Stockade",
        "bearer_methods_supported": ["header"],
    })
}

fn challenge(place: &str) -> Option<HeaderValue> {
    let [_, metadata] = METADATA;
    HeaderValue::from_str(&format!("Bearer realm=\"stockade\", resource_metadata=\"{place}{metadata}\"")).ok()
}

/// Returns the address at which the client has reached the server, as in `https://stockade.example.com`. Other machines reach it
/// by what encrypts, which stands before it.
fn place(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let scheme = if is_loopback(host) { "http" } else { "https" };
    let address = Url::parse(&format!("{scheme}://{host}")).ok()?;
    let is_plain = address.path() == "/" && address.username().is_empty() && address.query().is_none();
    is_plain.then(|| address.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_the_host_and_of_nothing_that_a_client_adds() {
        let place = |host: &str| place(&[(header::HOST, host.parse().unwrap())].into_iter().collect());
        assert_eq!(place("127.0.0.1:7700").as_deref(), Some("http://127.0.0.1:7700"));
        assert_eq!(place("stockade.example.com").as_deref(), Some("https://stockade.example.com"));
        for wrong in ["", "a/b", "eve@a", "a?b", "a\" b"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
