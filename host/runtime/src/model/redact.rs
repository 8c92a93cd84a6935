use std::borrow::Cow;

use serde_json::Value;

/// What stands for a secret.
const REDACTED: &str = "[redacted]";
/// A shorter text is found in too much that is none.
const SECRET_BYTES_MIN: usize = 8;
/// Names under which secrets travel, in lower case and without marks.
const SECRET_NAMES: [&str; 9] = [
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "apikey",
    "xapikey",
    "xgoogapikey",
    "password",
    "secret",
];

/// Puts a mark in place of secrets.
pub(super) fn text<'a>(text: &'a str, secrets: &[String]) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    for secret in secrets.iter().filter(|secret| secret.len() >= SECRET_BYTES_MIN) {
        if text.contains(secret.as_str()) {
            text = Cow::Owned(text.replace(secret.as_str(), REDACTED));
        }
    }
    text
}

/// Puts a mark in place of secrets in every text and name of a value, and of what stands under a name for secrets.
pub(super) fn value(value: &mut Value, secrets: &[String]) {
    walk(value, secrets, &is_secret);
}

/// Puts a mark in place of secrets in every text and name of a value.
pub(super) fn secrets(value: &mut Value, secrets: &[String]) {
    walk(value, secrets, &|_| false);
}

fn walk(value: &mut Value, secrets: &[String], is_secret: &dyn Fn(&str) -> bool) {
    match value {
        Value::String(said) => {
            if let Cow::Owned(redacted) = text(said, secrets) {
                *said = redacted;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, secrets, is_secret)),
        Value::Object(members) => {
            if members.keys().any(|name| matches!(text(name, secrets), Cow::Owned(_))) {
                let named = |(name, member): (String, Value)| (text(&name, secrets).into_owned(), member);
                *members = std::mem::take(members).into_iter().map(named).collect();
            }
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(said) if is_secret(name) => REDACTED.clone_into(said),
                    member => walk(member, secrets, is_secret),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    SECRET_NAMES.contains(&plain.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_found_in_texts_and_under_their_names() {
        let mut found =
            json!({"a": ["say sk-12345678!"], "sk-12345678": 2, "X-Api-Key": "short", "b": {"password": "x", "n": 1}});
        value(&mut found, &["sk-12345678".to_owned()]);
        assert_eq!(
            found,
            json!({"a": ["say [redacted]!"], "[redacted]": 2, "X-Api-Key": REDACTED, "b": {"password": REDACTED, "n": 1}})
        );
        assert_eq!(text("a cat", &["a".to_owned()]), "a cat", "too short to be told from a text");
    }
}
