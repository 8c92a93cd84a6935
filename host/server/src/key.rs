//! The key under which a request that comes twice does one thing.

use axum::http::HeaderMap;
use stockade::Fault;

use crate::problem::Answer;

const KEY: &str = "idempotency-key";

/// The longest key, in bytes: that of a run.
const BYTES_MAX: usize = 256;

/// Returns the key of a request, if it has one; the draft of the header puts it into quotes, and most clients do not.
pub(crate) fn key(headers: &HeaderMap) -> Answer<Option<String>> {
    let Some(key) = headers.get(KEY) else { return Ok(None) };
    let key = key.to_str().map_err(|error| Fault::invalid("start_key", format!("the key cannot be read: {error}")))?;
    let bare = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    if bare.is_empty() || bare.len() > BYTES_MAX {
        let message = format!("the key has {} bytes; a key has 1 to {BYTES_MAX}", bare.len());
        return Err(Fault::invalid("start_key", message).into());
    }
    Ok(Some(bare.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_with_its_quotes_or_without() {
        let headers = |key: &str| [(KEY.parse().unwrap(), key.parse().unwrap())].into_iter().collect::<HeaderMap>();
        for written in ["order-7", "\"order-7\""] {
            assert_eq!(key(&headers(written)).unwrap().as_deref(), Some("order-7"));
        }
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
        for wrong in [String::new(), "\"\"".to_owned(), "k".repeat(BYTES_MAX + 1)] {
            assert_eq!(key(&headers(&wrong)).unwrap_err().fault.detail.as_deref(), Some("start_key"), "{wrong}");
        }
    }
}
