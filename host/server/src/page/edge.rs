//! What stands around all views: sessions before them, and behind them errors as pages and what browsers are told.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use stockade::Fault;

use super::html::{el, of};
use super::{frame, session};
use crate::access::is_loopback;
use crate::peer::Peer;
use crate::problem::{title, words};

/// What browsers may load, and from where: all is of this server, and no script or style stands in a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Returns the headers of every answer. With another policy of referrers, a form would not say of which origin it is.
fn headers() -> [(HeaderName, &'static str); 6] {
    [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ]
}

pub(crate) async fn edge(mut request: Request, next: Next) -> Response {
    session::take_on(request.headers_mut());
    let transport = transport(&request);
    let (asked, uri) = (request.headers().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        response = refused(&asked, &uri, response.status(), &fault);
    }
    let told = response.headers_mut();
    for (name, value) in headers() {
        told.insert(name, HeaderValue::from_static(value));
    }
    if let Some(transport) = transport {
        told.insert(header::STRICT_TRANSPORT_SECURITY, transport);
    }
    told.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Returns for how long a browser that has come over https is to come over nothing else: for a year. The names of this machine
/// itself are left out, for they are those of its other servers too.
fn transport(request: &Request) -> Option<HeaderValue> {
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let is_tls = Peer::of(request.extensions()).is_some_and(|peer| peer.is_tls);
    (is_tls && !is_loopback(host)).then(|| HeaderValue::from_static("max-age=31536000"))
}

/// Shows an error as a page; without a session, a person is asked to log in.
fn refused(headers: &HeaderMap, uri: &Uri, status: StatusCode, fault: &Fault) -> Response {
    if status == StatusCode::UNAUTHORIZED {
        return session::ask(headers, uri);
    }
    let limit = fault.breach.as_ref().map(|breach| {
        el("p").text(format!("limit \"{}\": {} allowed, {} used", breach.limit, breach.allowed, breach.used))
    });
    let main = el("main")
        .attr("id", "main")
        .with(el("h1").text(capital(title(fault.kind))))
        .with(of("p", "bad").attr("role", "alert").text(words(fault)))
        .all(limit)
        .with(el("p").with(el("a").attr("href", "/").text("To the runs")));
    frame::bare(status, "Refused", main)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::body::Body;

    use super::*;

    #[test]
    fn a_browser_that_has_come_over_https_is_to_come_over_nothing_else_but_on_this_machine() {
        let is_told = |host: &'static str, is_tls| {
            let mut request = Request::new(Body::empty());
            request.headers_mut().insert(header::HOST, HeaderValue::from_static(host));
            request.extensions_mut().insert(Peer { address: IpAddr::from([10, 0, 0, 7]), is_tls });
            transport(&request).is_some()
        };
        assert!(is_told("stockade.example.com:7700", true) && !is_told("stockade.example.com:7700", false));
        assert!(!is_told("localhost:7700", true) && !is_told("127.0.0.1", true));
    }
}
