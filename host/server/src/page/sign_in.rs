//! Logging in through a provider of OpenID Connect: a browser goes there and comes back.
//!
//! Meanwhile it keeps a ticket in a cookie of its own, which it sends to this server alone, and, other than that of a session,
//! also where another site leads it here.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use stockade::{Fault, Kind};
use url::form_urlencoded::byte_serialize;

use super::cookies::{self, is_secure, set_cookie, with_cookie};
use super::frame;
use super::html::{El, el};
use super::own_path::{is_own_path, next};
use crate::audit::Asked;
use crate::oidc::{LoggedIn, Login, Oidc};
use crate::peer::Peer;
use crate::problem::{Answer, Problem};
use crate::service::Service;

const COOKIE: &str = "stockade-login";

/// What holds for that cookie: a provider leads back here.
const RULES: &str = "Path=/login/oidc; HttpOnly; SameSite=Lax";

/// How long a browser keeps it, which is a little longer than a login may take: one that comes late is told so.
const TIME: Duration = Duration::from_secs(900);

/// Leads to the provider, where people log in through one. It leads over the address of the page that the provider knows, so that
/// the browser keeps the cookie for that one.
pub(crate) fn link(service: &Service, next: &str) -> Option<El> {
    let (oidc, login) = provider(service).ok()?;
    let next: String = byte_serialize(next.as_bytes()).collect();
    let address = format!("{}/login/oidc?next={next}", login.page());
    Some(el("p").with(el("a").attr("href", address).text(format!("Sign in with {}", oidc.host()))))
}

/// Sends a browser to the provider.
pub(crate) async fn begin(State(service): State<Service>, request: Request) -> Answer<Response> {
    let (parts, _) = request.into_parts();
    let (oidc, login) = provider(&service)?;
    let (address, ticket) = oidc.begin(login, &next(&parts.uri)).await?;
    let ticket = set_cookie(COOKIE, &ticket, RULES, TIME, is_secure(&parts))?;
    Ok(with_cookie(frame::see_other(&address), ticket))
}

/// Begins the session of a person whom the provider sends back. It is noted in the log of changes, for a token is given out.
pub(crate) async fn finish(State(service): State<Service>, request: Request) -> Answer<Response> {
    let (parts, _) = request.into_parts();
    let (oidc, login) = provider(&service)?;
    let peer = Peer::of(&parts.extensions);
    let (key, query) = (peer.map(Peer::key).unwrap_or_default(), parts.uri.query().unwrap_or_default());
    let finished = oidc.finish(login, cookies::sent(&parts.headers, COOKIE), query, &key);
    let logged_in = service.counted(peer, finished).await.map_err(shown)?;
    let answer = async { begun(&parts, &logged_in).unwrap_or_else(Problem::into_response) };
    let Some(audit) = service.audit() else { return Ok(answer.await) };
    let asked = Asked::new(&logged_in.principal, &parts, None);
    Ok(audit.around(asked, service.told(), answer).await)
}

/// Makes the token that of the session, and leads on. The request comes from another site: with a mere redirect, the browser
/// would not send the cookie that it was just given.
fn begun(parts: &Parts, LoggedIn { token, time, next, .. }: &LoggedIn) -> Answer<Response> {
    let response = frame::lead_on(if is_own_path(next) { next.as_str() } else { "/" });
    let is_secure = is_secure(parts);
    let response = with_cookie(response, cookies::session(token, *time, is_secure)?);
    Ok(with_cookie(response, set_cookie(COOKIE, "", RULES, Duration::ZERO, is_secure)?))
}

/// Returns the provider, where people log in through one.
fn provider(service: &Service) -> Answer<(&Arc<Oidc>, &Login)> {
    let oidc = service.0.settings.oidc.as_ref().filter(|_| !service.is_open());
    oidc.and_then(|oidc| Some((oidc, oidc.login()?))).ok_or_else(|| {
        let message = "people do not log in to this page through a provider; client_id under [server.oidc] lets them";
        Fault::new(Kind::NotFound, message).detail("oidc").into()
    })
}

/// Returns a refusal as it is shown: one without a token would ask the browser to log in, and lead to itself.
fn shown(problem: Problem) -> Problem {
    if problem.is_unauthorized() { problem.fault.detail("login").into() } else { problem }
}
