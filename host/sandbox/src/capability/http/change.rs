use http::Request;

use crate::origin::Origin;

/// Names a request that may change something, as one that is repeated is named again: with its idempotency key.
pub(super) fn change<T>(request: &Request<T>, origin: &Origin) -> Option<String> {
    if request.method().is_safe() {
        return None;
    }
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    Some(format!("{} to {} {key}", request.method(), origin.authority()))
}

/// The name without the key.
pub(super) fn named(change: &str) -> &str {
    change.rsplit_once(' ').map_or(change, |(name, _)| name)
}
