//! What a form of the page sends. There is no way to its fields but past the check that the form is ours.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, header};
use serde_json::Value;
use stockade::json::{self, Bounds};
use stockade::{Digest, Fault, Kind};
use url::form_urlencoded::parse;
use uuid::Uuid;

use super::form_token::{FIELD, form_token};
use crate::problem::{Answer, Problem};
use crate::service::Service;

/// The field with the key that a form was drawn with.
pub(crate) const KEY: &str = "key";

/// The fields of a form, in their order.
pub(crate) struct Fields(Vec<(String, String)>);

impl FromRequest<Service> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Service) -> Answer<Self> {
        check_same_origin(request.headers())?;
        let expected = form_token(request.headers());
        // The guard has read the body, and bounded it.
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error| Fault::invalid("body", format!("the form cannot be read: {error}")))?;
        let fields = Self(parse(&bytes).into_owned().collect());
        // Digests are compared, so that the time of a comparison tells nothing.
        if Digest::of(fields.text(FIELD).as_bytes()) != Digest::of(expected.as_bytes()) {
            let message = "the form is not one of this session; go back, read the page anew, and send it again";
            return Err(Fault::new(Kind::Denied, message).detail("form").into());
        }
        Ok(fields)
    }
}

impl Fields {
    /// Returns the first field of a name, or an empty text if the form lacks it.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Returns the first field of a name that a person has filled in.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.all(name).map(str::trim).find(|text| !text.is_empty())
    }

    /// Returns all fields of a name.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Returns the key that the form was drawn with.
    pub(crate) fn key(&self) -> Answer<Uuid> {
        let key = self.text(KEY);
        let wrong = |_| Fault::invalid("key", format!("\"{key}\" is not the key of a form; read the page anew"));
        Ok(key.parse::<Uuid>().map_err(wrong)?)
    }

    /// Reads a field as JSON.
    pub(crate) fn json(&self, name: &str) -> Answer<Value> {
        let read = json::parse(self.text(name), &Bounds::OUTSIDE);
        Ok(read.map_err(|fault| fault.reworded(|why| format!("the field \"{name}\" is not JSON: {why}")))?)
    }
}

/// Checks that a page of this very server has sent a request that changes something. Browsers say which one did; other
/// programs do not, and have no cookie.
pub(crate) fn check_same_origin(headers: &HeaderMap) -> Answer<()> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST).unwrap_or_default();
    let of_other = |name: &str| -> Answer<()> {
        Err(Fault::new(Kind::Denied, format!("a page of \"{name}\" may not use this one")).detail("origin").into())
    };
    match (text(HeaderName::from_static("sec-fetch-site")), text(header::ORIGIN)) {
        (Some("same-origin" | "none"), _) | (None, None) => Ok(()),
        (Some(site), _) => of_other(site),
        (None, Some(origin)) if origin.split_once("://").is_some_and(|(_, place)| place == host) => Ok(()),
        (None, Some(origin)) => of_other(origin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_another_site_is_refused() {
        let is_taken = |pairs: &[(&'static str, &str)]| {
            let host = [("host", "stockade.example")];
            let pairs =
                host.iter().chain(pairs).map(|&(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
            check_same_origin(&pairs.collect()).is_ok()
        };
        assert!(is_taken(&[]));
        assert!(is_taken(&[("sec-fetch-site", "same-origin")]));
        assert!(is_taken(&[("origin", "https://stockade.example")]));
        for other in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "null"),
            ("origin", "https://evil.example"),
        ] {
            assert!(!is_taken(&[other]), "{other:?}");
        }
    }
}
