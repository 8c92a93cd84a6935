//! The entries of the log.

use axum::body::Bytes;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use stockade::{Digest, Principal, Role};
use uuid::Uuid;

use super::named::short;

/// The version of the format.
pub(super) const FORMAT: u32 = 1;

/// The longest path that is kept, in bytes; of a longer one, its beginning is.
const PATH_BYTES_MAX: usize = 512;

/// The longest method, in bytes: a client may make one up.
const METHOD_BYTES_MAX: usize = 32;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version of the format, which is 1.
    pub format: u32,
    /// Its number, from 1 on.
    pub seq: u64,
    /// When it was written, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The digest of the line before; of nothing, for the first one.
    pub previous: Digest,
    /// What it says.
    #[serde(flatten)]
    pub event: Event,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A server has begun to serve.
    Began {
        /// Its version.
        version: String,
    },
    /// A principal asks for a change, which is made after this is written.
    Asked(Asked),
    /// What became of it, also where its client has gone. A change without this was under way when the server ended.
    Answered(Answered),
    /// A principal asks for a change that its role does not allow.
    Refused(Refused),
    /// A principal has asked for further changes that its role does not allow: more in ten minutes than are written one by one.
    RefusedMore {
        /// The name of the principal.
        principal: String,
        /// How many they were.
        requests: u64,
    },
    /// A token was made; this is written before it is shown.
    TokenCreated {
        /// The id of the token.
        id: String,
        /// The name of the person or the program that it is for.
        name: String,
        /// What it may do.
        role: Role,
        /// Who made it.
        by: String,
    },
    /// A token is removed; this is written before.
    TokenRemoved {
        /// The id of the token.
        id: String,
        /// Who removed it.
        by: String,
    },
    /// A crash had cut the last line, and it was removed.
    Mended {
        /// How many bytes of it there were.
        bytes: u64,
        /// The digest of those bytes.
        digest: Digest,
    },
}

/// A change that a principal asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The id of the request: its answer has it too.
    pub request: String,
    /// The name of the principal.
    pub principal: String,
    /// The id of its token; empty where it has none of this journal.
    pub token: String,
    /// Its role.
    pub role: Role,
    /// The method of HTTP.
    pub method: String,
    /// The path, which names the run, the question or the tool; without what is behind the question mark.
    pub path: String,
    /// The digest of the body, which may have secrets in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Digest>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The id of the request.
    pub request: String,
    /// The status of the answer; 499 where the client had gone before there was one.
    pub status: u16,
    /// What it was about, as in `run 0198…`, `workflow refund`, `approval refund`, `decision approved`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<String>,
}

/// A change that was not allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What was asked for.
    #[serde(flatten)]
    pub asked: Asked,
    /// Why it was refused, as the member `reason` of the problem.
    pub reason: String,
}

impl Event {
    /// A server of this version has begun to serve.
    pub fn began() -> Self {
        Self::Began { version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

impl Asked {
    pub(crate) fn new(principal: &Principal, parts: &Parts, body: Option<&Bytes>) -> Self {
        Self {
            request: Uuid::now_v7().to_string(),
            principal: principal.name.clone(),
            token: principal.id.clone(),
            role: principal.role,
            method: short(parts.method.as_str(), METHOD_BYTES_MAX),
            path: short(parts.uri.path(), PATH_BYTES_MAX),
            body: body.filter(|body| !body.is_empty()).map(|body| Digest::of(body)),
        }
    }
}

impl Answered {
    pub(super) fn new(request: String, response: &Response, mut named: Vec<String>) -> Self {
        let location = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
        let place = location.and_then(|place| place.split('?').next()).filter(|place| place.starts_with('/'));
        named.extend(place.map(|place| format!("place {}", short(place, PATH_BYTES_MAX))));
        Self { request, status: response.status().as_u16(), named }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_a_client_has_made_up_is_cut() {
        let request = axum::http::Request::builder().method("A".repeat(65_400).as_str()).uri("/mcp").body(()).unwrap();
        let asked = Asked::new(&Principal::new("mia", Role::Viewer), &request.into_parts().0, None);
        assert!(asked.method.len() < 64, "{}", asked.method.len());
    }
}
