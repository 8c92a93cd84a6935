use serde_json::Value;

use super::{Document, NAME_BYTES_MAX, address};

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// A parameter of an operation.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// Its name in the request.
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) is_required: bool,
    pub(super) schema: Value,
}

impl Parameter {
    /// Reads a parameter; none where it is a header that the host sets itself, or an optional cookie.
    ///
    /// # Errors
    ///
    /// It cannot be sent; the text says why.
    pub(super) fn read<'a>(document: &Document<'a>, value: &'a Value) -> Result<Option<Self>, String> {
        let value = document.resolved(value)?;
        let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
        let is_required = value.get("required").and_then(Value::as_bool).unwrap_or_default();
        let wrong = |why: &str| Err(format!("its parameter \"{}\" {why}", address::shown(name)));
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return wrong("has no usable name");
        }
        let place = match value.get("in").and_then(Value::as_str) {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header")
                if ["accept", "content-type", "authorization", "idempotency-key"]
                    .contains(&&*name.to_ascii_lowercase()) =>
            {
                return Ok(None);
            }
            Some("header") => Place::Header,
            Some("cookie") if !is_required => return Ok(None),
            _ => return wrong("goes neither into the path, nor the query, nor a header"),
        };
        let Some(schema) = value.get("schema") else { return wrong("has no schema") };
        let mut schema = document.schema(schema)?;
        if let (Some(docs), Some(members)) = (value.get("description").and_then(Value::as_str), schema.as_object_mut())
            && !members.contains_key("description")
        {
            members.insert("description".to_owned(), docs.chars().take(300).collect::<String>().into());
        }
        Ok(Some(Self { name: name.to_owned(), place, is_required: is_required || place == Place::Path, schema }))
    }

    /// Returns the texts that a value is sent as: one, or of an array, one for each.
    ///
    /// # Errors
    ///
    /// It is an object, or has one in it.
    pub(super) fn texts(&self, value: &Value) -> Result<Vec<String>, String> {
        match value {
            Value::Array(items) => items.iter().map(|item| self.text(item)).collect(),
            value => Ok(vec![self.text(value)?]),
        }
    }

    fn text(&self, value: &Value) -> Result<String, String> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(is_so) => Ok(is_so.to_string()),
            Value::Null => Ok(String::new()),
            Value::Array(_) | Value::Object(_) => {
                Err(format!("\"{}\" has an object or a list in it, which cannot stand in an address", self.name))
            }
        }
    }
}
