//! Who looks at the page: the browser keeps a token of the server in a cookie that no script reads and that no other site sends.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use stockade::Fault;
use tokio::time::timeout;
use url::form_urlencoded::{byte_serialize, parse};

use super::form::{Fields, check_same_origin};
use super::html::{El, el, of};
use super::{frame, sign_in};
use crate::access::{is_loopback, said_token};
use crate::peer::Peer;
use crate::problem::Answer;
use crate::service::Service;

const COOKIE: &str = "stockade";

/// How long a browser keeps a session: a working day.
const SESSION: Duration = Duration::from_secs(12 * 3_600);

/// The longest body of a login, in bytes: a token and a path.
const LOGIN_BYTES_MAX: usize = 8 << 10;

/// The longest cookie that browsers keep, in bytes: the name with the value.
const COOKIE_BYTES_MAX: usize = 4_096;

/// Takes the token of the cookie for that of the request, where it has none itself. What the token may is found out by the
/// guard, as for every other client.
pub(crate) fn take_on(headers: &mut HeaderMap) {
    if said_token(headers).is_some() {
        return;
    }
    if let Some(bearer) =
        cookie(headers, COOKIE).and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok())
    {
        headers.insert(header::AUTHORIZATION, bearer);
    }
}

/// Returns the value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == wanted && !value.is_empty()).then_some(value))
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

/// Returns where a login leads that is asked for at an address.
pub(super) fn next(uri: &Uri) -> String {
    let mut query = parse(uri.query().unwrap_or_default().as_bytes());
    let next = query.find(|(name, value)| name == "next" && is_own_path(value));
    next.map_or("/".to_owned(), |(_, next)| next.into_owned())
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
    Ok(with_cookie(frame::see_other(next), session(token, SESSION, is_secure(&parts))?))
}

pub(crate) async fn end(_: Fields) -> Answer<Response> {
    Ok(with_cookie(frame::see_other("/login"), session("", Duration::ZERO, false)?))
}

/// Returns whether a browser is to send a cookie over https alone.
pub(super) fn is_secure(parts: &Parts) -> bool {
    is_remote(&parts.headers) || Peer::of(&parts.extensions).is_some_and(|peer| peer.is_tls)
}

/// Returns whether a browser is elsewhere. A proxy before this server may name another host than the browser did, and then the
/// page was read over https.
fn is_remote(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !is_loopback(text(header::HOST)) || text(header::ORIGIN).starts_with("https://")
}

/// Lets a browser keep a cookie.
pub(super) fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// Returns the cookie of a session, which lasts so long, but no longer than any session does.
pub(super) fn session(token: &str, time: Duration, is_secure: bool) -> Answer<HeaderValue> {
    set_cookie(COOKIE, token, "Path=/; HttpOnly; SameSite=Strict", time.min(SESSION), is_secure)
}

/// Returns the header by which a browser keeps a cookie for a while.
pub(super) fn set_cookie(name: &str, value: &str, rules: &str, time: Duration, is_secure: bool) -> Answer<HeaderValue> {
    let bytes_max = COOKIE_BYTES_MAX.saturating_sub(name.len().saturating_add(1));
    if value.len() > bytes_max {
        let message = format!(
            "the token has {} bytes, and a browser keeps one of {bytes_max}; its provider may put less into it",
            value.len()
        );
        return Err(Fault::invalid("token", message).into());
    }
    // Over plain HTTP from another machine, a token would be read on the way; the browser does not keep it then.
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; {rules}; Max-Age={}{secure}", time.as_secs());
    let cookie = HeaderValue::try_from(text)
        .map_err(|_| Fault::invalid("token", "the token has letters that no token of this server has"))?;
    Ok(cookie)
}

/// Returns whether a path leads to this server, wherever a browser is.
pub(super) fn is_own_path(path: &str) -> bool {
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
