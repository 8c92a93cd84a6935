//! The provider: where its keys are, and what they are.

use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stockade::http::{cause, is_safe};
use stockade::{Fault, Kind};
use tokio::time::timeout;
use url::Url;

use super::jwk::{Jwks, Keys};
use super::jwt::parsed;

/// Where a provider says where its keys are, beneath its address.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The longest document, in bytes.
const BYTES_MAX: usize = 256 << 10;

/// How long it may take to get the keys, which clients wait for.
const TIME: Duration = Duration::from_secs(5);

/// A provider of OpenID Connect.
pub(super) struct Issuer {
    name: String,
    http: Client,
}

/// What of the discovery document is of use here.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    pub(super) fn new(name: &str) -> stockade::Result<Self> {
        let url = Url::parse(name).ok().filter(|url| url.query().is_none() && url.fragment().is_none() && is_safe(url));
        if url.is_none() {
            let message = format!("\"{name}\" is not the address of an issuer; write https://… without ? and #");
            return Err(Fault::invalid("oidc", message));
        }
        Ok(Self { name: name.to_owned(), http: stockade::http::client()? })
    }

    /// Asks for the keys.
    pub(super) async fn keys(&self) -> stockade::Result<Keys> {
        let keys = timeout(TIME, self.found()).await;
        keys.unwrap_or_else(|_| Err(self.unavailable(&format!("it takes longer than {TIME:?}"))))
    }

    async fn found(&self) -> stockade::Result<Keys> {
        let discovery: Discovery = self.get(&format!("{}{DISCOVERY}", self.name.trim_end_matches('/'))).await?;
        if discovery.issuer != self.name {
            return Err(self.unavailable(&format!("it calls itself \"{}\"", discovery.issuer)));
        }
        let jwks_uri = Url::parse(&discovery.jwks_uri).ok().filter(is_safe);
        let jwks_uri = jwks_uri.ok_or_else(|| self.unavailable("its keys are not at an address with https"))?;
        let keys = Keys::of(self.get::<Jwks>(jwks_uri.as_str()).await?);
        if keys.is_empty() {
            return Err(self.unavailable("it publishes no key of RS256, ES256 or EdDSA"));
        }
        Ok(keys)
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> stockade::Result<T> {
        let lost = |error: reqwest::Error| self.unavailable(&format!("{url}: {}", cause(&error)));
        let mut response = self.http.get(url).send().await.map_err(lost)?;
        if !response.status().is_success() {
            return Err(self.unavailable(&format!("{url} answers {}", response.status())));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if bytes.len().saturating_add(chunk.len()) > BYTES_MAX {
                return Err(self.unavailable(&format!("{url} answers more than {BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        parsed(&bytes).map_err(|why| self.unavailable(&format!("the answer of {url} cannot be read: {why}")))
    }

    /// Says that tokens of it cannot be checked now.
    pub(super) fn unavailable(&self, why: &str) -> Fault {
        let message = format!("the keys of the issuer \"{}\" are not known now: {why}", self.name);
        Fault::new(Kind::Unavailable, message).detail("oidc")
    }
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
