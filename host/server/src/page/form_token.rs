//! What each form of a session has in it, and what a page of another site does not know.

use std::sync::OnceLock;

use axum::http::HeaderMap;
use stockade::Digest;
use uuid::Uuid;

use crate::access::said_token;

/// The name of the field.
pub(crate) const FIELD: &str = "form_token";

/// Returns what the forms of a session have in that field. It follows from the token of the session, so that every server of
/// the journal knows it, and does not tell the token.
pub(crate) fn form_token(headers: &HeaderMap) -> String {
    static WITHOUT_TOKENS: OnceLock<String> = OnceLock::new();
    match said_token(headers) {
        Some(token) => Digest::of(format!("forms of {token}").as_bytes()).hex().to_owned(),
        None => WITHOUT_TOKENS.get_or_init(|| Uuid::new_v4().simple().to_string()).clone(),
    }
}
