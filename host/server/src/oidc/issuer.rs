//! The provider: where its keys are, what they are, and where people log in.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stockade::http::{Unread, body, cause, is_safe};
use stockade::{Fault, Kind};
use tokio::time::timeout;
use url::Url;

use super::jwk::{Jwks, Keys};
use super::jwt::parsed;

/// Where a provider says where its keys are, beneath its address.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The longest document, in bytes.
const BYTES_MAX: usize = 256 << 10;

/// How long it may take to get the keys, or the answer to a code, which clients wait for.
const TIME: Duration = Duration::from_secs(5);

/// A provider of OpenID Connect.
pub(super) struct Issuer {
    name: String,
    /// The name of its machine.
    pub(super) host: String,
    http: Client,
}

/// What of the discovery document is of use here.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// What a provider publishes of itself.
#[derive(Default)]
pub(super) struct Published {
    pub(super) keys: Keys,
    /// `None` where the provider does not name them: then people cannot log in.
    pub(super) endpoints: Option<Endpoints>,
}

/// Where people log in.
#[derive(Clone)]
pub(super) struct Endpoints {
    /// Where a browser is sent.
    pub(super) authorization: Url,
    /// Where a code is exchanged for a token.
    pub(super) token: Url,
    /// Whether the secret of a client is taken in a header, and not only in the form.
    pub(super) takes_header: bool,
}

impl Discovery {
    fn endpoints(&self) -> Option<Endpoints> {
        let endpoints = [&self.authorization_endpoint, &self.token_endpoint].map(|url| safe(url.as_deref()?));
        let [Some(authorization), Some(token)] = endpoints else { return None };
        // A provider that does not list them takes a header.
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        let takes_header = methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        Some(Endpoints { authorization, token, takes_header })
    }
}

impl Issuer {
    pub(super) fn new(name: &str) -> stockade::Result<Self> {
        let url = safe(name).filter(|url| url.query().is_none() && url.fragment().is_none());
        let host = url.and_then(|url| url.host_str().map(str::to_owned)).ok_or_else(|| {
            let message = format!("\"{name}\" is not the address of an issuer; write https://… without ? and #");
            Fault::invalid("oidc", message)
        })?;
        Ok(Self { name: name.to_owned(), host, http: stockade::http::client()? })
    }

    /// Asks for what it publishes.
    pub(super) async fn published(&self) -> stockade::Result<Published> {
        self.timely(self.found()).await
    }

    async fn found(&self) -> stockade::Result<Published> {
        let discovery: Discovery = self.get(&format!("{}{DISCOVERY}", self.name.trim_end_matches('/'))).await?;
        if discovery.issuer != self.name {
            return Err(self.unavailable(&format!("it calls itself \"{}\"", discovery.issuer)));
        }
        let jwks_uri = safe(&discovery.jwks_uri);
        let jwks_uri = jwks_uri.ok_or_else(|| self.unavailable("its keys are not at an address with https"))?;
        let keys = Keys::of(self.get::<Jwks>(jwks_uri.as_str()).await?);
        if keys.is_empty() {
            return Err(self.unavailable("it publishes no key of RS256, ES256 or EdDSA"));
        }
        Ok(Published { keys, endpoints: discovery.endpoints() })
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> stockade::Result<T> {
        let (status, bytes) = self.sent(url, self.http.get(url)).await?;
        if !status.is_success() {
            return Err(self.unavailable(&format!("{url} answers {status}")));
        }
        self.read(url, &bytes)
    }

    /// Sends a form, and returns the status and the body of the answer. `basic` is the name of a client with its secret.
    pub(super) async fn post(
        &self,
        url: &Url,
        basic: Option<(String, String)>,
        form: String,
    ) -> stockade::Result<(StatusCode, Vec<u8>)> {
        let request = self.http.post(url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.header(ACCEPT, "application/json").body(form);
        let request = match basic {
            Some((name, secret)) => request.basic_auth(name, Some(secret)),
            None => request,
        };
        self.timely(self.sent(url.as_str(), request)).await
    }

    /// Sends a request, and returns the status and the body of the answer, which is bounded.
    async fn sent(&self, url: &str, request: RequestBuilder) -> stockade::Result<(StatusCode, Vec<u8>)> {
        let lost = |error: reqwest::Error| self.unavailable(&format!("{url}: {}", cause(&error)));
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        let bytes = body(response, BYTES_MAX).await.map_err(|unread| match unread {
            Unread::TooLong => self.unavailable(&format!("{url} answers more than {BYTES_MAX} bytes")),
            Unread::BrokenOff(error) => lost(error),
        })?;
        Ok((status, bytes))
    }

    /// Reads an answer.
    pub(super) fn read<T: DeserializeOwned>(&self, url: &str, bytes: &[u8]) -> stockade::Result<T> {
        parsed(bytes).map_err(|why| self.unavailable(&format!("the answer of {url} cannot be read: {why}")))
    }

    async fn timely<T>(&self, answer: impl Future<Output = stockade::Result<T>>) -> stockade::Result<T> {
        let late = |_| Err(self.unavailable(&format!("it takes longer than {TIME:?}")));
        timeout(TIME, answer).await.unwrap_or_else(late)
    }

    /// Says that it cannot be asked now.
    pub(super) fn unavailable(&self, why: &str) -> Fault {
        let message = format!("the issuer \"{}\" does not answer as it should: {why}", self.name);
        Fault::new(Kind::Unavailable, message).detail("oidc")
    }
}

/// Returns an address of which the answer cannot be changed on the way.
pub(super) fn safe(url: &str) -> Option<Url> {
    Url::parse(url).ok().filter(is_safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_asked_over_https_or_on_this_machine() {
        for name in
            ["https://login.example.com", "https://login.example.com/realms/a", "http://127.0.0.1:8080", "http://[::1]"]
        {
            assert!(Issuer::new(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "login.example.com",
            "http://login.example.com",
            "https://a/?b",
            "https://a/#b",
            "https://me:pw@a",
            "file:///a",
        ] {
            let refused = Issuer::new(name).err().unwrap();
            assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("oidc")), "{name}");
        }
    }
}
