//! The bearer token of a server: a secret, or what client credentials are exchanged for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Url};
use serde_json::Value;
use stockade::config::{Mcp, OAuth};
use stockade::json::{self, Bounds};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::body::body;
use crate::settings::Secrets;

/// The longest answer of a place that gives out tokens.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// How long that place may take.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// How many seconds a token holds where the answer does not say it.
const DEFAULT_S: u64 = 300;

/// How many seconds before its end a token is given up.
const MARGIN_S: u64 = 10;

/// Where the token of a server comes from.
pub(crate) enum Token {
    /// The server wants none.
    None,
    /// The secret of this name.
    Secret(String),
    /// Client credentials, and the token that they were last exchanged for.
    Exchanged { oauth: OAuth, got: Mutex<Option<Got>> },
}

/// A token, and until when it is used.
pub(crate) struct Got {
    token: String,
    until: Instant,
}

impl Token {
    pub(crate) fn of(config: &Mcp) -> Self {
        match (&config.token, &config.oauth) {
            (Some(secret), _) => Self::Secret(secret.clone()),
            (None, Some(oauth)) => Self::Exchanged { oauth: oauth.clone(), got: Mutex::new(None) },
            (None, None) => Self::None,
        }
    }

    /// Returns the token for a server at this address, if it wants one.
    ///
    /// # Errors
    ///
    /// A secret has no value, or no token is given out.
    pub(crate) async fn get(&self, http: &Client, secrets: &Secrets, resource: &Url) -> Result<Option<String>, String> {
        let secret = |name: &str| secrets(name).map_err(|fault| fault.message);
        match self {
            Self::None => Ok(None),
            Self::Secret(name) => secret(name).map(Some),
            Self::Exchanged { oauth, got } => {
                let mut got = got.lock().await;
                if let Some(Got { token, .. }) = got.as_ref().filter(|got| got.until > Instant::now()) {
                    return Ok(Some(token.clone()));
                }
                let new = exchange(http, oauth, &secret(&oauth.secret)?, resource).await?;
                let token = new.token.clone();
                *got = Some(new);
                Ok(Some(token))
            }
        }
    }

    /// Forgets a token that the server did not take.
    pub(crate) async fn forget(&self) {
        if let Self::Exchanged { got, .. } = self {
            *got.lock().await = None;
        }
    }
}

/// Exchanges client credentials for a token, as RFC 6749, section 4.4, and RFC 8707 say.
async fn exchange(http: &Client, oauth: &OAuth, secret: &str, resource: &Url) -> Result<Got, String> {
    let OAuth { token_url, client_id, scope, .. } = oauth;
    let url = Url::parse(token_url).map_err(|_| "`token_url` is not an address".to_owned())?;
    let scope = scope.as_deref().map(|scope| ("scope", scope));
    let fields = [("grant_type", "client_credentials"), ("resource", resource.as_str())].into_iter().chain(scope);
    let credentials = STANDARD.encode(format!("{}:{}", escaped(client_id), escaped(secret)));
    let request = http
        .post(url)
        .header(AUTHORIZATION, format!("Basic {credentials}"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(form(&fields.collect::<Vec<_>>()));
    let answered = async {
        let answer = request.send().await.map_err(|_| "the place that gives out tokens was not reached".to_owned())?;
        let status = answer.status();
        let text = body(answer, ANSWER_BYTES_MAX).await?;
        // What stands in a refusal may have the secret in it.
        if !status.is_success() {
            return Err(format!("no token is given out: status {}", status.as_u16()));
        }
        Ok(text)
    };
    let text = timeout(ANSWER_TIME, answered).await.map_err(|_| "the place that gives out tokens took too long")??;
    let bounds = Bounds::OUTSIDE.memory_bytes(1 << 20);
    let answer = json::parse(&text, &bounds).map_err(|_| "the answer with the token is not JSON".to_owned())?;
    let token = answer.get("access_token").and_then(Value::as_str).filter(|token| is_header(token));
    let token = token.ok_or_else(|| "the answer has no token".to_owned())?.to_owned();
    let seconds = answer.get("expires_in").and_then(Value::as_u64).unwrap_or(DEFAULT_S).min(86_400);
    Ok(Got { token, until: Instant::now() + Duration::from_secs(seconds.saturating_sub(MARGIN_S)) })
}

fn is_header(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Writes fields as a form.
fn form(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

/// Escapes all that has a meaning in a form.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(form(&[("a", "b c&d"), ("e", "é")]), "a=b%20c%26d&e=%C3%A9");
        assert_eq!(escaped("x:y"), "x%3Ay");
    }
}
