//! Addresses, put together from what a caller gives.

use std::fmt::Write as _;

/// Escapes all that has a meaning in an address.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// Returns whether paths can be put behind an address.
pub(super) fn is_base(base: &str) -> bool {
    let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && base.bytes().all(|byte| byte.is_ascii_graphic())
        && !base.contains(['?', '#', '{', '}', '@', '\\'])
}

/// Returns the beginning of a text of a document, for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(100).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_an_address_cannot_leave_its_place() {
        assert_eq!(escaped("a b/../ä?x=1&y#z"), "a%20b%2F..%2F%C3%A4%3Fx%3D1%26y%23z");
        for base in ["https://api.example.com", "http://127.0.0.1:8080/v1/"] {
            assert!(is_base(base), "{base}");
        }
        for base in [
            "",
            "/v1",
            "ftp://a",
            "https://",
            "https:///a",
            "https://a?b",
            "https://{host}/",
            "https://a@b",
            "https://a b",
        ] {
            assert!(!is_base(base), "{base}");
        }
    }
}
