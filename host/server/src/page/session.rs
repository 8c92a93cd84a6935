//! Who looks at the page: the browser keeps a token of the server in a cookie that no script reads and that no other site sends.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use stockade::Fault;
use tokio::time::timeout;
use url::form_urlencoded::{byte_serialize, parse};

use super::form::{Fields, check_same_origin};
use super::frame;
use super::html::{El, el, of};
use crate::access::{is_loopback, said_token};
use crate::peer::Peer;
use crate::problem::Answer;
use crate::service::Service;

const COOKIE: &str = "stockade";

/// How long a browser keeps a session: a working day.
const SESSION: Duration = Duration::from_secs(12 * 3_600);

/// The longest body of a login, in bytes: a token and a path.
const LOGIN_BYTES_MAX: usize = 8 << 10;

/// Takes the token of the cookie for that of the request, where it has none itself. What the token may is found out by the
/// guard, as for every other client.
pub(crate) fn take_on(headers: &mut HeaderMap) {
    if said_token(headers).is_some() {
        return;
    }
    if let Some(bearer) = cookie(headers).and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok()) {
        headers.insert(header::AUTHORIZATION, bearer);
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == COOKIE && !value.is_empty()).then_some(value))
}

pub(crate) async fn show(State(service): State<Service>, headers: HeaderMap, uri: Uri) -> Response {
    if service.is_open() {
        return frame::see_other("/");
    }
    let query = parse(uri.query().unwrap_or_default().as_bytes());
    let mut next = "/".to_owned();
    let mut was_refused = false;
    for (name, value) in query {
        match &*name {
            "next" if is_own_path(&value) => next = value.into_owned(),
            "refused" => was_refused = true,
            _ => {}
        }
    }
    frame::bare(StatusCode::OK, "Log in", form(&headers, &next, was_refused))
}

fn form(headers: &HeaderMap, next: &str, was_refused: bool) -> El {
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
    let is_secure = is_remote(&parts.headers) || peer.is_some_and(|peer| peer.is_tls);
    with_cookie(frame::see_other(next), token, SESSION, is_secure)
}

pub(crate) async fn end(_: Fields) -> Answer<Response> {
    with_cookie(frame::see_other("/login"), "", Duration::ZERO, false)
}

/// Returns whether a browser is elsewhere. A proxy before this server may name another host than the browser did, and then the
/// page was read over https.
fn is_remote(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !is_loopback(text(header::HOST)) || text(header::ORIGIN).starts_with("https://")
}

fn with_cookie(mut response: Response, token: &str, time: Duration, is_secure: bool) -> Answer<Response> {
    // Over plain HTTP from another machine, a token would be read on the way; the browser does not keep it then.
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}", time.as_secs());
    let cookie = HeaderValue::try_from(text)
        .map_err(|_| Fault::invalid("token", "the token has letters that no token of this server has"))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Returns whether a path leads to this server, wherever a browser is.
fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
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

    #[test]
    fn a_cookie_is_for_https_alone_but_where_the_browser_is_on_this_machine() {
        let is_remote = |host: &str, origin: &str| {
            let pairs = [(header::HOST, host), (header::ORIGIN, origin)];
            is_remote(&pairs.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect())
        };
        assert!(!is_remote("localhost:7700", "http://localhost:7700") && !is_remote("localhost:7700", ""));
        assert!(is_remote("stockade.example", "") && is_remote("127.0.0.1:7700", "https://stockade.example"));
    }

    #[test]
    fn a_login_leads_to_no_other_site() {
        assert!(["/", "/runs/7?at=3", "/inbox#a"].into_iter().all(is_own_path));
        assert!(
            !["", "//evil.example", "https://evil.example", "/\\evil.example", "/a b", "/\n"]
                .into_iter()
                .any(is_own_path)
        );
    }
}
