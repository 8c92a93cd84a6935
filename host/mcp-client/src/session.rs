//! What is spoken with a server: which revision, what it offers, and calls.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::failure::Failure;
use crate::headers::{encoded, of_arguments};
use crate::link::Link;
use crate::listing::{Listing, Reading};
use crate::message::Refused;

/// The revision without a handshake.
const MODERN: &str = "2026-07-28";

/// The revisions with one, the newest first.
const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// How long a server may think about a method that it may not know.
const PROBE_TIME: Duration = Duration::from_secs(5);

/// The error codes that a server of the newer revision answers the probe with, and no older one.
const MODERN_ERRORS: std::ops::RangeInclusive<i64> = -32022..=-32020;

/// A server with which a revision was agreed.
pub(crate) struct Session {
    link: Link,
    version: String,
}

/// How the probe for the newer revision has ended.
enum Probed {
    Modern,
    Legacy,
}

impl Session {
    /// Agrees with a server on a revision. `is_known_old` leaves out the probe.
    ///
    /// # Errors
    ///
    /// They have none in common, or the server does not answer.
    pub(crate) async fn begin(link: Link, is_known_old: bool) -> Result<Self, Failure> {
        let probed = if is_known_old { Probed::Legacy } else { probe(&link).await? };
        let version = match probed {
            Probed::Modern => MODERN.to_owned(),
            Probed::Legacy => shake_hands(&link).await?,
        };
        link.speaks(&version);
        if version != MODERN {
            link.notify("notifications/initialized", &json!({})).await;
        }
        Ok(Self { link, version })
    }

    /// Returns the revision.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn is_over(&self) -> bool {
        self.link.is_over()
    }

    pub(crate) fn take_changed(&self) -> bool {
        self.link.take_changed()
    }

    /// Reads all that the server offers.
    ///
    /// # Errors
    ///
    /// What the server lists has no end, or is not a list.
    pub(crate) async fn list(&self) -> Result<Listing, Failure> {
        let (mut reading, mut cursor) = (Reading::default(), None);
        loop {
            let params = cursor.map_or_else(|| json!({}), |cursor: String| json!({"cursor": cursor}));
            let page = self.request("tools/list", params, None, Vec::new()).await?;
            cursor = reading.page(&page).map_err(Failure::Unsent)?;
            if cursor.is_none() {
                return Ok(reading.end());
            }
        }
    }

    /// Calls a tool. The schema of its arguments says which of them are in headers.
    ///
    /// # Errors
    ///
    /// The server has not answered, or with an error of the protocol.
    pub(crate) async fn call(&self, tool: &str, schema: &Value, arguments: &Value) -> Result<Value, Failure> {
        let params = json!({"name": tool, "arguments": arguments});
        self.request("tools/call", params, Some(tool), of_arguments(schema, arguments)).await
    }

    async fn request(
        &self,
        method: &str,
        mut params: Value,
        name: Option<&str>,
        mut headers: Vec<(String, String)>,
    ) -> Result<Value, Failure> {
        if self.version != MODERN {
            return self.link.request(method, &params, &[]).await;
        }
        if let Some(params) = params.as_object_mut() {
            params.insert("_meta".to_owned(), meta());
        }
        headers.extend(modern_headers(method, name));
        self.link.request(method, &params, &headers).await
    }
}

/// What each request of the newer revision says of its sender. The client has no capabilities: it answers no questions.
fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": client(),
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

fn client() -> Value {
    json!({"name": "stockade", "version": env!("CARGO_PKG_VERSION")})
}

fn modern_headers(method: &str, name: Option<&str>) -> Vec<(String, String)> {
    let name = name.map(|name| ("mcp-name".to_owned(), encoded(name)));
    [("mcp-method".to_owned(), method.to_owned())].into_iter().chain(name).collect()
}

/// Asks whether a server speaks the newer revision. One that does not know the question speaks an older one.
async fn probe(link: &Link) -> Result<Probed, Failure> {
    link.speaks(MODERN);
    let headers = modern_headers("server/discover", None);
    let params = json!({"_meta": meta()});
    match timeout(PROBE_TIME, link.request("server/discover", &params, &headers)).await {
        Ok(Ok(found)) => discovered(&found),
        Ok(Err(Failure::Refused(refused))) if MODERN_ERRORS.contains(&refused.code) => rejected(refused),
        // An older server may answer with any error or status, or not at all. One that is over has ended because of it.
        Ok(Err(Failure::Unsent(why) | Failure::Lost(why))) if link.is_over() => Err(Failure::Lost(why)),
        Ok(Err(_)) | Err(_) => Ok(Probed::Legacy),
    }
}

fn discovered(found: &Value) -> Result<Probed, Failure> {
    match found.get("supportedVersions").and_then(Value::as_array) {
        Some(all) if all.iter().any(|version| version == MODERN) => Ok(Probed::Modern),
        Some(all) if has_legacy(all) => Ok(Probed::Legacy),
        Some(_) => Err(in_common(found)),
        // An older server may answer with anything.
        None => Ok(Probed::Legacy),
    }
}

/// A newer server that does not take the probe may still name a revision with a handshake.
fn rejected(Refused { code, message, data }: Refused) -> Result<Probed, Failure> {
    match data.get("supported").and_then(Value::as_array) {
        // It is asked once more, by the next request.
        Some(all) if all.iter().any(|version| version == MODERN) => Ok(Probed::Modern),
        Some(all) if has_legacy(all) => Ok(Probed::Legacy),
        Some(_) => Err(in_common(&data)),
        None => Err(Failure::Refused(Refused { code, message, data })),
    }
}

fn has_legacy(versions: &[Value]) -> bool {
    versions.iter().filter_map(Value::as_str).any(|version| LEGACY.contains(&version))
}

fn in_common(said: &Value) -> Failure {
    let said = crate::words::cut(&said.to_string(), 200);
    Failure::Unsent(format!("it speaks none of the revisions {MODERN}, {}: {said}", LEGACY.join(", ")))
}

/// Makes the handshake of the older revisions, and returns which one the server has chosen.
async fn shake_hands(link: &Link) -> Result<String, Failure> {
    let [newest, ..] = LEGACY;
    link.speaks(newest);
    let params = json!({"protocolVersion": newest, "capabilities": Map::new(), "clientInfo": client()});
    let begun = link.request("initialize", &params, &[]).await?;
    match begun.get("protocolVersion").and_then(Value::as_str) {
        Some(version) if LEGACY.contains(&version) => Ok(version.to_owned()),
        _ => Err(in_common(begun.get("protocolVersion").unwrap_or(&Value::Null))),
    }
}
