//! Who a request is of.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, header};
use stockade::{Fault, Host, Kind, Principal, Role};

use crate::oidc::Oidc;
use crate::problem::{Answer, Problem};

/// How a server knows who a request is of.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Access {
    /// By its token: `Authorization: Bearer …`, of those that [`Host::create_token`] has made, or of the provider of OpenID
    /// Connect that the server has, if it has one.
    #[default]
    Tokens,
    /// Every request is of this principal. Only requests to this machine's own address are taken, and none that a page of
    /// another origin has made; [`Server::serve`](crate::Server::serve) listens on no other address then.
    Open(Principal),
}

impl Access {
    /// Everything is open, and done under this name.
    pub fn open(name: impl Into<String>) -> Self {
        Self::Open(Principal::new(name, Role::Admin))
    }
}

/// Returns the token of a request.
pub(crate) fn token(headers: &HeaderMap) -> Answer<&str> {
    let message = "the request has no token; send \"Authorization: Bearer TOKEN\" with one of `stockade token create`";
    said_token(headers).ok_or_else(|| Problem::unauthorized(message))
}

/// Returns whose a token is: one of the journal, or else of the provider, where there is one.
pub(crate) async fn of_token(host: &Host, oidc: Option<&Arc<Oidc>>, token: &str) -> Answer<Principal> {
    match (host.principal(token).await?, oidc) {
        (Some(principal), _) => Ok(principal),
        // A token of OpenID Connect has three parts, and one of a journal has no point in it.
        (None, Some(oidc)) if token.contains('.') => oidc.principal(token).await,
        (None, _) => Err(Problem::unauthorized("the token is not one of this journal, or was removed")),
    }
}

/// Returns the token that a request says it is of.
pub(crate) fn said_token(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer)
}

/// Returns the token of a header's value.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Checks that a request comes from a program of this machine. A page of another origin could make the person's browser send
/// one: such a request names that origin, or, where the page's name leads to this machine, another host. What a page takes in, as
/// a script or a picture, names no origin; a browser says then that another site asks. A link of another site leads here.
pub(crate) fn check_own(headers: &HeaderMap) -> Answer<()> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST).unwrap_or_default();
    if !is_loopback(host) {
        let message =
            format!("without tokens, only requests to this machine's own address are taken, and not to \"{host}\"");
        return Err(Fault::new(Kind::Denied, message).detail("host").into());
    }
    let of_other = |page: &str| -> Answer<()> {
        let message = format!("without tokens, a page of \"{page}\" may not use this server");
        Err(Fault::new(Kind::Denied, message).detail("origin").into())
    };
    let [site, wanted] = ["sec-fetch-site", "sec-fetch-dest"].map(|name| text(HeaderName::from_static(name)));
    match (text(header::ORIGIN), site) {
        (Some(origin), _) if !is_of(origin, host) => of_other(origin),
        (_, Some(site @ ("cross-site" | "same-site"))) if wanted != Some("document") => of_other(site),
        _ => Ok(()),
    }
}

/// Returns whether an origin is that of a host: this server speaks one of the two.
fn is_of(origin: &str, host: &str) -> bool {
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
}

/// Returns whether an authority, as in `localhost:7700`, is this machine.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => authority,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_request_without_a_token_is_taken_only_to_this_machine_and_of_no_other_page() {
        for own in ["localhost", "localhost:7700", "127.0.0.1:7700", "[::1]:7700", "127.0.0.9"] {
            assert!(check_own(&headers(&[(header::HOST, own)])).is_ok(), "{own}");
        }
        for other in
            ["", "evil.example", "evil.example:7700", "10.0.0.1:7700", "localhost.evil.example", "127.0.0.1.evil:80"]
        {
            let refused = check_own(&headers(&[(header::HOST, other)])).unwrap_err();
            assert_eq!(refused.fault.detail.as_deref(), Some("host"), "{other}");
        }
        let of_page = |origin| check_own(&headers(&[(header::HOST, "localhost:7700"), (header::ORIGIN, origin)]));
        assert!(of_page("http://localhost:7700").is_ok() && of_page("https://localhost:7700").is_ok());
        for other in ["null", "https://evil.example", "http://localhost:8080"] {
            assert_eq!(of_page(other).unwrap_err().fault.detail.as_deref(), Some("origin"), "{other}");
        }
        let of_site = |site, wanted| {
            let [of, to] = ["sec-fetch-site", "sec-fetch-dest"].map(HeaderName::from_static);
            check_own(&headers(&[(header::HOST, "localhost:7700"), (of, site), (to, wanted)])).is_ok()
        };
        assert!(of_site("same-origin", "empty") && of_site("none", "document") && of_site("cross-site", "document"));
        assert!(!["image", "script", "iframe", "empty"].into_iter().any(|wanted| of_site("cross-site", wanted)));
        assert!(!of_site("same-site", "image"));
    }

    #[test]
    fn a_bearer_token_is_read_whatever_the_case_of_its_scheme() {
        assert_eq!(["Bearer stk_1", "bearer  stk_1 "].map(bearer), [Some("stk_1"); 2]);
        assert_eq!(["stk_1", "Basic stk_1", ""].map(bearer), [None; 3]);
    }
}
