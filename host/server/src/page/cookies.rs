//! What a browser keeps for this server.

use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use stockade::Fault;

use crate::access::is_loopback;
use crate::peer::Peer;
use crate::problem::Answer;

/// The name of the cookie of a session.
pub(super) const NAME: &str = "stockade";

/// How long a browser keeps a session: a working day.
pub(super) const SESSION: Duration = Duration::from_secs(12 * 3_600);

/// The longest cookie that browsers keep, in bytes: the name with the value.
const COOKIE_BYTES_MAX: usize = 4_096;

/// Returns the value of a cookie that a browser has sent.
pub(super) fn sent<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == wanted && !value.is_empty()).then_some(value))
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
    set_cookie(NAME, token, "Path=/; HttpOnly; SameSite=Strict", time.min(SESSION), is_secure)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_https_alone_but_where_the_browser_is_on_this_machine() {
        let is_remote = |host: &str, origin: &str| {
            let pairs = [(header::HOST, host), (header::ORIGIN, origin)];
            is_remote(&pairs.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect())
        };
        assert!(!is_remote("localhost:7700", "http://localhost:7700") && !is_remote("localhost:7700", ""));
        assert!(is_remote("stockade.example", "") && is_remote("127.0.0.1:7700", "https://stockade.example"));
    }
}
