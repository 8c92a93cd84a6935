//! What stands around all views: sessions before them, and behind them errors as pages and what browsers are told.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use stockade::Fault;

use super::html::{el, of};
use super::{frame, session};
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
    let (asked, uri) = (request.headers().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        response = refused(&asked, &uri, response.status(), &fault);
    }
    let told = response.headers_mut();
    for (name, value) in headers() {
        told.insert(name, HeaderValue::from_static(value));
    }
    told.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
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
