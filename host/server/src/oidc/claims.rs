//! What a token claims (RFC 7519), once its signature was checked.

use serde_json::{Map, Value};

use super::jwt::parsed;

/// How much clocks may differ, in seconds.
const LEEWAY_S: u64 = 60;

/// The longest subject, as OpenID Connect has it, in bytes.
const SUBJECT_BYTES_MAX: usize = 255;

/// The claims of a token.
#[derive(Debug)]
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        parsed(bytes).map(Self).map_err(|why| format!("its claims cannot be read: {why}"))
    }

    /// Checks that it is of an issuer, for one of some audiences, and within its time.
    pub(super) fn check(&self, issuer: &str, audiences: &[&str], now_s: u64) -> Result<(), String> {
        if self.text("iss") != Some(issuer) {
            return Err(format!("it is not of \"{issuer}\" (claim \"iss\")"));
        }
        if !self.texts("aud").iter().any(|audience| audiences.contains(audience)) {
            return Err(format!("it is not for \"{}\" (claim \"aud\")", audiences.join("\" or \"")));
        }
        let end_s = self.time("exp")?.ok_or("it has no end (claim \"exp\")")?;
        if end_s.saturating_add(LEEWAY_S) <= now_s {
            return Err(format!("its time is over since {} s (claim \"exp\")", now_s.saturating_sub(end_s)));
        }
        for begin in ["nbf", "iat"] {
            if self.time(begin)?.is_some_and(|begin_s| begin_s > now_s.saturating_add(LEEWAY_S)) {
                return Err(format!("its time has not begun (claim \"{begin}\")"));
            }
        }
        self.check_subject()
    }

    /// Checks that it answers a login that a client has begun, as OpenID Connect Core has it in 3.1.3.7.
    pub(super) fn check_login(&self, client_id: &str, nonce: &str) -> Result<(), String> {
        let audiences = self.texts("aud");
        if !audiences.contains(&client_id) {
            return Err(format!("it is not for the client \"{client_id}\" (claim \"aud\")"));
        }
        match self.text("azp") {
            Some(party) if party != client_id => Err(format!("it was made for \"{party}\" (claim \"azp\")")),
            None if audiences.len() > 1 => {
                Err("it is for several, and does not say for whom it was made (claim \"azp\")".to_owned())
            }
            Some(_) | None if self.text("nonce") != Some(nonce) => {
                Err("it is not of the login that was begun (claim \"nonce\")".to_owned())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Returns how long it holds still, in seconds.
    pub(super) fn left_s(&self, now_s: u64) -> u64 {
        self.time("exp").ok().flatten().unwrap_or_default().saturating_sub(now_s)
    }

    fn check_subject(&self) -> Result<(), String> {
        let subject = self.subject();
        if subject.trim().is_empty() || subject.len() > SUBJECT_BYTES_MAX || subject.chars().any(char::is_control) {
            let what = format!("1 to {SUBJECT_BYTES_MAX} bytes without a control character");
            return Err(format!("its subject is not a text of {what} (claim \"sub\")"));
        }
        Ok(())
    }

    /// Returns who it is of; an empty text where it does not say so.
    pub(super) fn subject(&self) -> &str {
        self.text("sub").unwrap_or_default()
    }

    /// Returns the texts of a claim that is a text or a list of texts. A name with points may be that of a claim within a claim.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        match self.0.get(name).or_else(|| self.within(name)) {
            Some(Value::String(text)) => vec![text.as_str()],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
        }
    }

    fn within(&self, path: &str) -> Option<&Value> {
        let (first, rest) = path.split_once('.')?;
        rest.split('.').try_fold(self.0.get(first)?, |value, name| value.get(name))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Returns a time in seconds since the Unix epoch. Some issuers write fractions.
    fn time(&self, name: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let whole = value.as_u64().or_else(|| value.as_f64().filter(|time| *time >= 0.0).map(|time| time as u64));
        whole.map(Some).ok_or_else(|| format!("its claim \"{name}\" is not a time"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW_S: u64 = 1_800_000_000;

    fn claims(more: &Value) -> Claims {
        let mut claims = json!({"iss": "https://a", "aud": ["b", "c"], "exp": NOW_S, "sub": "dana"});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        Claims::read(claims.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn claims_are_taken_of_their_issuer_for_their_audience_and_in_their_time() {
        for more in [
            json!({}),
            json!({"aud": "b"}),
            json!({"exp": NOW_S - 59, "nbf": NOW_S + 60, "iat": NOW_S + 60}),
            json!({"exp": 1.9e9, "sub": "s".repeat(255)}),
        ] {
            assert_eq!(claims(&more).check("https://a", &["b", "d"], NOW_S), Ok(()), "{more}");
        }
        for (more, says) in [
            (json!({"iss": "https://a/"}), "iss"),
            (json!({"iss": null}), "iss"),
            (json!({"aud": "B"}), "aud"),
            (json!({"aud": []}), "aud"),
            (json!({"exp": NOW_S - 60}), "over since 60 s"),
            (json!({"exp": "soon"}), "exp"),
            (json!({"exp": null}), "exp"),
            (json!({"exp": -1}), "exp"),
            (json!({"nbf": NOW_S + 61}), "nbf"),
            (json!({"iat": NOW_S + 61}), "iat"),
            (json!({"sub": ""}), "sub"),
            (json!({"sub": "a\nb"}), "sub"),
            (json!({"sub": 7}), "sub"),
            (json!({"sub": "s".repeat(256)}), "sub"),
        ] {
            let why = claims(&more).check("https://a", &["b", "d"], NOW_S).unwrap_err();
            assert!(why.contains(says), "{more}: {why}");
        }
        assert!(Claims::read(b"[]").is_err() && Claims::read(b"{\"exp\": 1").is_err());
    }

    #[test]
    fn a_token_of_a_login_is_of_the_client_and_of_the_very_login() {
        let of = |more: Value| claims(&more).check_login("c", "7");
        for more in [
            json!({"aud": "c", "nonce": "7"}),
            json!({"aud": "c", "nonce": "7", "azp": "c"}),
            json!({"nonce": "7", "azp": "c"}),
        ] {
            assert_eq!(of(more), Ok(()));
        }
        for (more, says) in [
            (json!({"aud": "b", "nonce": "7"}), "aud"),
            (json!({"aud": "c", "nonce": "7", "azp": "b"}), "azp"),
            (json!({"nonce": "7"}), "azp"),
            (json!({"aud": "c", "nonce": "8"}), "nonce"),
            (json!({"aud": "c"}), "nonce"),
        ] {
            let why = of(more).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
        assert_eq!((claims(&json!({})).left_s(NOW_S - 7), claims(&json!({})).left_s(NOW_S + 7)), (7, 0));
    }

    #[test]
    fn groups_may_stand_within_another_claim() {
        let claims = claims(&json!({"realm_access": {"roles": ["a", 7, "b"]}, "https://x.example/groups": "c"}));
        assert_eq!(claims.texts("realm_access.roles"), ["a", "b"]);
        assert_eq!(claims.texts("https://x.example/groups"), ["c"]);
        assert!(
            ["roles", "realm_access", "realm_access.x", "iss.x", ""].iter().all(|name| claims.texts(name).is_empty())
        );
    }
}
