//! The token that many registries want even of anonymous clients.
//!
//! Where to get it is what the registry says, and a registry that is trusted in that can send this machine anywhere: so it is one
//! of the registry's own hosts, it is asked over TLS where the registry is, and it cannot send us on. Of what it answers
//! a bounded part is read, and nothing is shown.

use http_auth::{ChallengeRef, parse_challenges};
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::{Response, StatusCode, Url};
use stockade_workflow::Kind;

use super::{Address, Registry};
use crate::Result;

/// Tokens have a few KiB at most.
const TOKEN_BYTES_MAX: u64 = 64 << 10;

impl Registry<'_> {
    /// Gets a token to pull with, if the registry wants one.
    pub(super) async fn token(&self) -> Result<Option<String>> {
        let (scheme, registry) = (self.address.scheme(), self.address.reference.resolve_registry());
        let response = self.visit(&format!("{scheme}://{registry}/v2/")).await?;
        let Some(url) = self.token_url(&response)? else { return Ok(None) };
        let response = self.visit(url.as_str()).await?;
        if response.status() != StatusCode::OK {
            let why = format!("the token service of the registry answered {}", response.status());
            return Err(self.address.failed(Kind::NotFound, why));
        }
        let body = self.body(response, TOKEN_BYTES_MAX, |_| {}).await?;
        let token = token(&body).ok_or_else(|| self.address.lied("the token service of the registry sent no token"))?;
        Ok(Some(token))
    }

    pub(super) async fn visit(&self, url: &str) -> Result<Response> {
        self.straight.get(url).send().await.map_err(|error| self.unsent(&error))
    }

    /// Finds where tokens are in a registry's answer. Without such a challenge the registry wants none, or something that
    /// we have not; then its own refusal says so.
    fn token_url(&self, response: &Response) -> Result<Option<Url>> {
        let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let challenges = challenge.and_then(|text| parse_challenges(text).ok()).unwrap_or_default();
        let Some(bearer) = challenges.iter().find(|one| one.scheme.eq_ignore_ascii_case("bearer")) else {
            return Ok(None);
        };
        let realm = parameter(bearer, "realm").unwrap_or_default();
        let realm = realm.parse().ok().filter(|realm| self.address.owns(realm));
        let mut url: Url = realm.ok_or_else(|| {
            self.address.lied("the registry sends for a token to what is not its own host or one beside it, over TLS")
        })?;
        let scope = format!("repository:{}:pull", self.address.reference.repository());
        url.query_pairs_mut().append_pair("scope", &scope);
        if let Some(service) = parameter(bearer, "service") {
            url.query_pairs_mut().append_pair("service", &service);
        }
        Ok(Some(url))
    }
}

impl Address {
    /// Whether an address is on the registry's host, below it, or beside it: `auth.docker.io` of `index.docker.io`,
    /// `gitlab.com` of `registry.gitlab.com`.
    fn owns(&self, realm: &Url) -> bool {
        let is_safe = realm.scheme() == "https" || realm.scheme() == self.scheme();
        let own = format!("{}://{}", self.scheme(), self.reference.resolve_registry()).parse::<Url>();
        let (Ok(own), Some(realm)) = (own, realm.host_str()) else { return false };
        let host = own.host_str().unwrap_or_default();
        let is_below = |domain: &str| realm == domain || realm.ends_with(&format!(".{domain}"));
        // What has no point in it is a top level, where everybody has names; of an address every part is a number.
        let beside = own.domain().and_then(|host| host.split_once('.')).map(|(_, domain)| domain);
        is_safe
            && (realm == host
                || own.domain().is_some_and(is_below)
                || beside.filter(|d| d.contains('.')).is_some_and(is_below))
    }
}

/// Reads what a token service answers: some use the one name, some the other, some both.
fn token(body: &[u8]) -> Option<String> {
    let body: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).ok()?;
    let token = body.get("token").or_else(|| body.get("access_token"))?;
    token.as_str().map(str::to_owned)
}

fn parameter(challenge: &ChallengeRef<'_>, name: &str) -> Option<String> {
    let found = challenge.params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_unescaped())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_service_is_one_of_the_registrys_own_hosts() {
        let owns = |registry: &str, realm: &str| {
            let address: Address = format!("oci://{registry}/acme/tool:1").parse().unwrap();
            address.owns(&realm.parse().unwrap())
        };
        for (registry, realm) in [
            ("ghcr.io", "https://ghcr.io/token"),
            ("docker.io", "https://auth.docker.io/token"),
            ("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
            ("acme.io", "https://auth.acme.io:8443/token"),
            ("10.0.0.7:5000", "https://10.0.0.7/token"),
            ("localhost:5000", "http://localhost:5001/token"),
            ("127.0.0.1:5000", "http://127.0.0.1:5001/token"),
        ] {
            assert!(owns(registry, realm), "{registry} {realm}");
        }
        for (registry, realm) in [
            ("ghcr.io", "http://ghcr.io/token"),
            ("ghcr.io", "https://evil.io/token"),
            ("ghcr.io", "https://notghcr.io/token"),
            ("ghcr.io", "https://169.254.169.254/latest"),
            ("ghcr.io", "https://[::1]/token"),
            ("ghcr.io", "http://localhost:8080/admin"),
            ("ghcr.io", "file:///etc/passwd"),
            ("registry.gitlab.com", "https://notgitlab.com/"),
            ("10.0.0.7:5000", "https://10.0.0.8/token"),
            ("10.0.0.7:5000", "https://x.10.0.0.7/token"),
            ("127.0.0.1:5000", "http://169.254.169.254/latest"),
            ("127.0.0.1:5000", "http://127.0.0.2/"),
        ] {
            let parsed = realm.parse::<Url>();
            assert!(parsed.is_err() || !owns(registry, realm), "{registry} {realm}");
        }
    }

    #[test]
    fn a_token_has_one_of_two_names() {
        for body in
            [r#"{"token": "t"}"#, r#"{"access_token": "t", "expires_in": 3}"#, r#"{"token": "t", "access_token": "t"}"#]
        {
            assert_eq!(token(body.as_bytes()).as_deref(), Some("t"), "{body}");
        }
        for body in ["", "{}", r#"{"token": 3}"#, "<html>"] {
            assert_eq!(token(body.as_bytes()), None, "{body}");
        }
    }
}
