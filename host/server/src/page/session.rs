//! Who looks at the page: the browser keeps a token of the server in a cookie that no script reads and that no other site sends.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use stockade::Fault;
use tokio::time::timeout;
use url::form_urlencoded::{byte_serialize, parse};

use super::cookies::{self, SESSION, is_secure, with_cookie};
use super::form::{Fields, check_same_origin};
use super::html::{El, el, of};
use super::own_path::{is_own_path, next};
use super::{frame, sign_in};
use crate::access::{is_loopback, said_token};
use crate::peer::Peer;
use crate::problem::Answer;
use crate::service::Service;

/// The longest body of a login, in bytes: a token and a path.
const LOGIN_BYTES_MAX: usize = 8 << 10;

/// Takes the token of the cookie for that of the request, where it has none itself. What the token may is found out by the
/// guard, as for every other client.
pub(crate) fn take_on(headers: &mut HeaderMap) {
    if said_token(headers).is_some() {
        return;
    }
    let token = cookies::sent(headers, cookies::NAME);
    if let Some(bearer) = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok()) {
        headers.insert(header::AUTHORIZATION, bearer);
    }
}

pub(crate) async fn show(State(service): State<Service>, headers: HeaderMap, uri: Uri) -> Response {
    if service.is_open() {
        return frame::see_other("/");
    }
    let was_refused = parse(uri.query().unwrap_or_default().as_bytes()).any(|(name, _)| name == "refused");
    let next = next(&uri);
    let link = sign_in::link(&service, &next);
    frame::bare(StatusCode::OK, "Log in", form(&headers, &next, was_refused, link))
}

fn form(headers: &HeaderMap, next: &str, was_refused: bool, link: Option<El>) -> El {
    let refused = was_refused.then(|| {
        let message = "This is not a token of this server, or it was removed, or its time is over.";
        of("p", "bad").attr("role", "alert").text(message)
    });
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let remote = (!is_loopback(host)).then(|| {
        of("p", "hint")
            .text("From another machine, the browser keeps a session only where this page is read over https.")
    });
    let token = el("input").attr("id", "token").attr("name", "token").attr("type", "password");
    let token = token.attr("autocomplete", "current-password").flag("required", true).flag("autofocus", true);
    el("main")
        .attr("id", "main")
        .with(el("h1").text("Log in"))
        .all(refused)
        .all(link)
        .with(
            of("form", "card")
                .attr("method", "post")
                .attr("action", "/login")
                .with(el("label").attr("for", "token").text("Token"))
                .with(token)
                .with(el("input").attr("type", "hidden").attr("name", "next").value(next))
                .with(of("button", "primary").text("Log in")),
        )
        .with(of("p", "hint").text("`stockade token create NAME --role ROLE` makes one, and prints it once."))
        .all(remote)
}

/// Begins a session. The body is bounded here, for this door is open.
pub(crate) async fn begin(State(service): State<Service>, request: Request) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    check_same_origin(&parts.headers)?;
    let unreadable = || Fault::invalid("body", format!("a login has up to {LOGIN_BYTES_MAX} bytes, which come soon"));
    let read = timeout(service.limits().body_time, to_bytes(body, LOGIN_BYTES_MAX)).await.map_err(|_| unreadable())?;
    let bytes = read.map_err(|_| unreadable())?;
    let field = |wanted: &str| parse(&bytes).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    let (token, next) = (field("token").unwrap_or_default(), field("next").unwrap_or_default());
    let (token, next) = (token.trim(), if is_own_path(&next) { &*next } else { "/" });
    let peer = Peer::of(&parts.extensions);
    match service.of_token(token, peer).await {
        Ok(_) => {}
        Err(problem) if problem.is_unauthorized() => {
            let next: String = byte_serialize(next.as_bytes()).collect();
            return Ok(frame::see_other(&format!("/login?refused&next={next}")));
        }
        Err(problem) => return Err(problem),
    }
    Ok(with_cookie(frame::see_other(next), cookies::session(token, SESSION, is_secure(&parts))?))
}

pub(crate) async fn end(_: Fields) -> Answer<Response> {
    Ok(with_cookie(frame::see_other("/login"), cookies::session("", Duration::ZERO, false)?))
}

/// What a request without a session is answered. A link on another site leads here without the cookie, which the browser
/// sends once this page itself leads on. Without a cookie even then, the person logs in.
pub(crate) fn ask(headers: &HeaderMap, uri: &Uri) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let text = |name: &'static str| headers.get(HeaderName::from_static(name)).and_then(|value| value.to_str().ok());
    if text("sec-fetch-site") == Some("cross-site") && is_own_path(path) {
        return frame::lead_on(path);
    }
    let next: String = byte_serialize(path.as_bytes()).collect();
    let login = format!("/login?next={next}");
    if text("hx-request").is_none() {
        return frame::see_other(&login);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(login) = HeaderValue::try_from(login) {
        response.headers_mut().insert(HeaderName::from_static("hx-redirect"), login);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_the_cookie_is_that_of_the_request_where_it_has_none() {
        let with = |pairs: &[(HeaderName, &str)]| {
            let mut headers: HeaderMap =
                pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
            take_on(&mut headers);
            said_token(&headers).map(str::to_owned)
        };
        assert_eq!(with(&[(header::COOKIE, "a=b; stockade=stk_1")]).as_deref(), Some("stk_1"));
        assert_eq!(
            with(&[(header::COOKIE, "stockade=stk_1"), (header::AUTHORIZATION, "Bearer stk_2")]).as_deref(),
            Some("stk_2")
        );
        assert_eq!(with(&[(header::COOKIE, "stockadee=stk_1; stockade=")]), None);
    }
}
