//! `application/x-www-form-urlencoded`, the one way.

/// Writes pairs as the body of a form.
pub fn encode(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    pairs.join("&")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn nothing_in_a_value_ends_it() {
        let pairs = [("amount", "14900"), ("metadata[user_id]", "a&amount=1 é")];
        assert_eq!(encode(&pairs), "amount=14900&metadata%5Buser_id%5D=a%26amount%3D1%20%C3%A9");
    }
}
