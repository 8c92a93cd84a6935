use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Returns a value in the encodings that one meets: as it is, percent-encoded, as JSON, as HTML, in hexadecimal and in
/// base64, also as a part of something longer. The forms of a value's beginning are the beginnings of its forms.
pub(super) fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = serde_json::Value::from(value).to_string();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // As Go and others write it, lest a browser take it for HTML.
    let json_in_html = json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let texts = [
        value.to_owned(),
        value.to_ascii_lowercase(),
        value.to_ascii_uppercase(),
        value.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        value.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        html.replace('"', "&quot;").replace('\'', "&#39;"),
        html.replace('"', "&#34;").replace('\'', "&#39;"),
        html.replace('"', "&quot;").replace('\'', "&#x27;"),
        html,
        json_in_html.replace('\'', "\\u0027"),
        json_in_html,
        json.to_owned(),
        json.replace('/', "\\/"),
        hex.to_ascii_uppercase(),
        hex,
    ];
    let base64 = [STANDARD_NO_PAD, URL_SAFE_NO_PAD].into_iter().flat_map(|base64| {
        let at = move |offset| base64_at(value, offset, &base64);
        [at(0), at(1), at(2)]
    });
    texts.into_iter().chain(in_urls(value)).map(String::into_bytes).chain(base64).collect()
}

/// A value as those write it into addresses who keep no marks, those of the standard, or those of JavaScript.
fn in_urls(value: &str) -> impl Iterator<Item = String> {
    let marks: [&[u8]; 3] = [b"", b"-._~", b"-._~!*'()"];
    marks.into_iter().flat_map(move |marks| {
        let form = |blank, lower| escaped(value, marks, blank, lower);
        [form("%20", false), form("%20", true), form("+", false), form("+", true)]
    })
}

fn escaped(value: &str, marks: &[u8], blank: &str, lower: bool) -> String {
    let mut escaped = String::new();
    for byte in value.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || marks.contains(&byte) => escaped.push(char::from(byte)),
            b' ' => escaped.push_str(blank),
            _ if lower => escaped.push_str(&format!("%{byte:02x}")),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// Returns the base64 of a value that stands so many bytes after a multiple of three: the letters in which nothing of
/// what is before or after it has a part.
fn base64_at(value: &str, offset: usize, base64: &impl Engine) -> Vec<u8> {
    let mut bytes = vec![0; offset];
    bytes.extend(value.bytes());
    let letters = base64.encode(&bytes).into_bytes();
    let whole = bytes.len() * 8 / 6;
    let shared = (offset * 8).div_ceil(6);
    letters.get(shared..whole).unwrap_or_default().to_vec()
}
