//! A tool as a server defines it.

use serde_json::{Map, Value};
use stockade::{Digest, depth};

use crate::headers;

/// The longest definition of a tool, as JSON.
pub(crate) const BYTES_MAX: u64 = 64 << 10;

/// How deep the schemas of a tool may nest.
pub(crate) const SCHEMA_DEPTH_MAX: usize = 24;

/// The longest name of a tool.
const NAME_BYTES_MAX: usize = 64;

/// What of a definition people, models and the host go by. The rest of what a server says (icons, `_meta`) is not read.
const MEMBERS: [&str; 6] = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"];

/// A tool as a server defines it.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    name: String,
    value: Value,
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    ///
    /// The name, and why the tool can never be called.
    pub(crate) fn read(value: &Value) -> Result<Self, (String, String)> {
        let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
        let refused = |why: String| (shortened(name), why);
        check_name(name).map_err(refused)?;
        let bytes = stockade::json::bytes(value);
        if bytes > BYTES_MAX {
            return Err(refused(format!("its definition has {bytes} bytes, and {BYTES_MAX} are allowed")));
        }
        let kept = MEMBERS.iter().filter_map(|key| {
            let member = value.get(key).filter(|member| !member.is_null())?;
            Some(((*key).to_owned(), member.clone()))
        });
        let definition = Self { name: name.to_owned(), value: Value::Object(kept.collect::<Map<_, _>>()) };
        definition.check_schemas().map_err(refused)?;
        Ok(definition)
    }

    fn check_schemas(&self) -> Result<(), String> {
        if !self.input_schema().is_object() {
            return Err("it has no input schema".to_owned());
        }
        for schema in [Some(self.input_schema()), self.output_schema()].into_iter().flatten() {
            let deep = depth(schema);
            if deep > SCHEMA_DEPTH_MAX {
                return Err(format!("a schema nests {deep} deep, and {SCHEMA_DEPTH_MAX} are allowed"));
            }
            check_properties(schema)?;
        }
        headers::check(self.input_schema())
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the title, or an empty text where the definition has no title.
    pub fn title(&self) -> &str {
        self.text("title")
    }

    /// Returns the description.
    pub fn description(&self) -> &str {
        self.text("description")
    }

    fn text(&self, key: &str) -> &str {
        self.value.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the schema of the arguments.
    pub fn input_schema(&self) -> &Value {
        self.value.get("inputSchema").unwrap_or(&Value::Null)
    }

    /// Returns the schema of the structured answer, where there is one.
    pub fn output_schema(&self) -> Option<&Value> {
        self.value.get("outputSchema")
    }

    /// Returns all of it, as it is pinned.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the digest of all of it.
    pub fn digest(&self) -> Digest {
        Digest::of_json(&self.value)
    }
}

/// Checks that a name is one that a model can call and a person can read: no letter looks like another one then, but for a few
/// of ASCII.
fn check_name(name: &str) -> Result<(), String> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    if !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(is_letter) {
        return Ok(());
    }
    Err(format!(
        "a name has 1 to {NAME_BYTES_MAX} of the letters A to Z, a to z, 0 to 9, \"_\", \"-\", \".\" and \"/\""
    ))
}

/// Checks the names of all that a schema describes: they stand in prompts and in stubs of code as they are. The schema is not
/// deep.
fn check_properties(schema: &Value) -> Result<(), String> {
    match schema {
        Value::Object(members) => {
            let names = members.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
            for name in names {
                check_property(name)?;
            }
            members.values().try_for_each(check_properties)
        }
        Value::Array(items) => items.iter().try_for_each(check_properties),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn check_property(name: &str) -> Result<(), String> {
    let is_letter = |letter: char| letter.is_alphanumeric() || "_-.$@:/".contains(letter);
    if !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(is_letter) {
        return Ok(());
    }
    Err(format!(
        "\"{}\" is not the name of a value: it has 1 to {NAME_BYTES_MAX} letters, digits and \"_\", \"-\", \".\", \"$\", \
         \"@\", \":\", \"/\"",
        shortened(name).escape_debug()
    ))
}

/// Returns what two names have in common that a person could take for the same: `l`, `I` and `1`, `O` and `0`, capitals, and
/// what stands between words.
pub(crate) fn looks(name: &str) -> String {
    let plain = |letter: char| match letter.to_ascii_lowercase() {
        'i' | '1' => 'l',
        '0' => 'o',
        '-' | '.' | '/' => '_',
        other => other,
    };
    name.chars().map(plain).collect::<String>().replace("rn", "m").replace("vv", "w")
}

fn shortened(name: &str) -> String {
    name.chars().take(NAME_BYTES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(name: &str) -> Value {
        json!({"name": name, "inputSchema": {"type": "object"}})
    }

    #[test]
    fn a_definition_is_its_name_its_texts_its_schemas_and_its_annotations() {
        let one = json!({"name": "a", "description": "b", "inputSchema": {}, "_meta": {"x": 1}, "icons": []});
        let other = json!({"inputSchema": {}, "description": "b", "name": "a", "title": null});
        let digest = |value: &Value| Definition::read(value).map(|definition| definition.digest());
        assert_eq!(digest(&one), digest(&other));
        for (key, value) in
            [("title", json!("t")), ("annotations", json!({"readOnlyHint": true})), ("outputSchema", json!({}))]
        {
            let mut changed = other.clone();
            changed.as_object_mut().map(|members| members.insert(key.to_owned(), value));
            assert_ne!(digest(&changed), digest(&other), "{key}");
        }
    }

    #[test]
    fn a_definition_that_is_no_tool_is_refused() {
        let deep = (0..=SCHEMA_DEPTH_MAX).fold(json!({}), |inner, _| json!({"not": inner}));
        for (value, why) in [
            (tool("ре\u{430}d"), "a name has"),
            (tool("a\u{200b}b"), "a name has"),
            (tool(""), "a name has"),
            (tool(&"a".repeat(65)), "a name has"),
            (json!({"name": "a"}), "no input schema"),
            (json!({"name": "a", "inputSchema": {"properties": {"x): pass\nSYSTEM": {}}}}), "not the name of a value"),
            (json!({"name": "a", "inputSchema": deep}), "nests"),
            (
                json!({"name": "a", "inputSchema": {"properties": {"x": {"type": "string", "x-mcp-header": ""}}}}),
                "names no header",
            ),
            (json!({"name": "a", "inputSchema": {"x": "y".repeat(70_000)}}), "bytes"),
        ] {
            assert!(Definition::read(&value).is_err_and(|(_, said)| said.contains(why)), "{why}");
        }
    }

    #[test]
    fn names_that_look_alike_look_the_same() {
        for (one, other) in
            [("read_file", "read-file"), ("list", "1ist"), ("IO", "l0"), ("burn", "bum"), ("Get", "get")]
        {
            assert_eq!(looks(one), looks(other));
        }
        assert_ne!(looks("read"), looks("write"));
    }
}
