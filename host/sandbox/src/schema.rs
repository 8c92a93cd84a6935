use std::cell::Cell;

use serde_json::{Map, Value, json};

use crate::TypeDocs;
use crate::name::Name;
use crate::shape::{Case, Field, Shape, Title};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Base64 as it is decoded: padded, and with no bit set that carries nothing.
const BASE64: &str = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";
/// Half way from the largest `f32` to what would be the next one: from here on, infinity is nearest. 2^128 - 2^103.
pub(crate) const F32_END: f64 = 3.402_823_567_797_336_6e38;

/// Returns the JSON Schema of an object with these members, as a document of its own.
///
/// It accepts exactly what is then read (`values.rs`); a test compares the two.
pub(crate) fn of_members(fields: &[Field], docs: Option<&str>) -> Value {
    let mut schema = Text::default().object(fields, None);
    docs.iter().for_each(|text| insert(&mut schema, "description", text));
    document(schema)
}

/// Returns the JSON Schema of a shape, or of null, as a document of its own.
pub(crate) fn of(shape: Option<&Shape>) -> Value {
    document(shape.map_or_else(|| json!({"type": "null"}), |shape| Text::default().schema(shape)))
}

fn document(mut schema: Value) -> Value {
    insert(&mut schema, "$schema", DIALECT);
    schema
}

/// What is said of a type stands wherever the type does. Past so many bytes in one schema, no more is said.
const TEXT_BYTES_MAX: usize = 256 << 10;

/// How much text a schema may still have.
struct Text {
    left: Cell<usize>,
}

impl Default for Text {
    fn default() -> Self {
        Self { left: Cell::new(TEXT_BYTES_MAX) }
    }
}

impl Text {
    fn schema(&self, shape: &Shape) -> Value {
        match shape {
            Shape::Bool => json!({"type": "boolean"}),
            Shape::S8 => integer(i8::MIN, i8::MAX),
            Shape::U8 => integer(u8::MIN, u8::MAX),
            Shape::S16 => integer(i16::MIN, i16::MAX),
            Shape::U16 => integer(u16::MIN, u16::MAX),
            Shape::S32 => integer(i32::MIN, i32::MAX),
            Shape::U32 => integer(u32::MIN, u32::MAX),
            Shape::S64 => integer(i64::MIN, i64::MAX),
            Shape::U64 => integer(u64::MIN, u64::MAX),
            Shape::F32 => float(json!({"type": "number", "exclusiveMinimum": -F32_END, "exclusiveMaximum": F32_END})),
            Shape::F64 => float(json!({"type": "number"})),
            Shape::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
            Shape::String => json!({"type": "string"}),
            Shape::Bytes => json!({"type": "string", "contentEncoding": "base64", "pattern": BASE64}),
            Shape::List(item) => json!({"type": "array", "items": self.schema(item)}),
            Shape::FixedList(item, length) => {
                json!({"type": "array", "items": self.schema(item), "minItems": length, "maxItems": length})
            }
            Shape::Map(key, value) => self.map(key, value),
            Shape::Tuple(items) => self.tuple(items.iter()),
            Shape::Option(some) => json!({"anyOf": [self.option(some), {"type": "null"}]}),
            Shape::Result(ok, err) => {
                json!({"oneOf": [self.tagged("ok", ok.as_deref()), self.tagged("err", err.as_deref())]})
            }
            Shape::Record(title, fields) => self.titled(self.object(fields, docs(title)), title),
            Shape::Variant(title, cases) => {
                let cases = cases.iter().map(|case| self.described(self.case(case), member(docs(title), &case.name)));
                self.titled(json!({"oneOf": cases.collect::<Vec<_>>()}), title)
            }
            Shape::Enum(title, names) => self.titled(self.word(names, docs(title)), title),
            Shape::Flags(title, names) => self
                .titled(json!({"type": "array", "items": self.word(names, docs(title)), "uniqueItems": true}), title),
        }
    }

    fn tuple<'a>(&self, items: impl Iterator<Item = &'a Shape>) -> Value {
        let schemas: Vec<_> = items.map(|item| self.schema(item)).collect();
        let length = schemas.len();
        json!({"type": "array", "prefixItems": schemas, "items": false, "minItems": length})
    }

    /// JSON has texts for keys alone, so that a map with other keys is its pairs.
    fn map(&self, key: &Shape, value: &Shape) -> Value {
        match key {
            Shape::String => json!({"type": "object", "additionalProperties": self.schema(value)}),
            _ => json!({"type": "array", "items": self.tuple([key, value].into_iter())}),
        }
    }

    /// An option in an option is wrapped, because null cannot be told from null.
    fn option(&self, some: &Shape) -> Value {
        match some {
            Shape::Option(_) => self.tagged("some", Some(some)),
            plain => self.schema(plain),
        }
    }

    fn tagged(&self, tag: &str, payload: Option<&Shape>) -> Value {
        let payload = payload.map_or_else(|| json!({"type": "null"}), |payload| self.schema(payload));
        json!({"type": "object", "properties": {tag: payload}, "required": [tag], "additionalProperties": false})
    }

    fn case(&self, case: &Case) -> Value {
        match &case.payload {
            Some(payload) => self.tagged(&case.name.json, Some(payload)),
            None => json!({"const": case.name.json}),
        }
    }

    fn object(&self, fields: &[Field], docs: Option<&TypeDocs>) -> Value {
        let property = |field: &Field| {
            (field.name.json.clone(), self.described(self.schema(&field.shape), member(docs, &field.name)))
        };
        let properties: Map<_, _> = fields.iter().map(property).collect();
        let required = fields.iter().filter(|field| !field.is_optional()).map(|field| field.name.json.as_str());
        let required: Vec<_> = required.collect();
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    }

    /// One of several words; `enum` has no room for what each means.
    fn word(&self, names: &[Name], docs: Option<&TypeDocs>) -> Value {
        if docs.is_none_or(|docs| docs.members.is_empty()) {
            return json!({"enum": names.iter().map(|name| name.json.as_str()).collect::<Vec<_>>()});
        }
        let words = names.iter().map(|name| self.described(json!({"const": name.json}), member(docs, name)));
        json!({"oneOf": words.collect::<Vec<_>>()})
    }

    fn titled(&self, mut schema: Value, title: &Title) -> Value {
        if let Some(title) = title {
            insert(&mut schema, "title", &title.name.json);
            return self.described(schema, title.docs.docs.as_deref());
        }
        schema
    }

    /// What is said of a member takes the place of what is said of its type.
    fn described(&self, mut schema: Value, docs: Option<&str>) -> Value {
        if let Some((text, left)) = docs.and_then(|text| Some((text, self.left.get().checked_sub(text.len())?))) {
            self.left.set(left);
            insert(&mut schema, "description", text);
        }
        schema
    }
}

fn integer(minimum: impl Into<Value>, maximum: impl Into<Value>) -> Value {
    json!({"type": "integer", "minimum": minimum.into(), "maximum": maximum.into()})
}

fn float(number: Value) -> Value {
    json!({"anyOf": [number, {"enum": ["NaN", "Infinity", "-Infinity"]}]})
}

fn docs(title: &Title) -> Option<&TypeDocs> {
    title.as_ref().map(|title| &title.docs)
}

fn member<'a>(docs: Option<&'a TypeDocs>, name: &Name) -> Option<&'a str> {
    docs.and_then(|docs| docs.members.get(&name.wit)).map(String::as_str)
}

fn insert(schema: &mut Value, key: &str, text: &str) {
    if let Value::Object(members) = schema {
        members.insert(key.into(), text.into());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::shape::Named;

    #[test]
    fn what_is_said_of_a_type_is_not_said_forever() {
        let docs = TypeDocs { docs: Some("x".repeat(8 << 10)), ..TypeDocs::default() };
        let title = Some(Arc::new(Named { name: Name::new("t"), docs }));
        let shape = Shape::Tuple(vec![Shape::Enum(title, vec![Name::new("a")]); 1_000]);
        let text = of(Some(&shape)).to_string();
        assert_eq!(text.matches("description").count(), 32);
        assert_eq!(text.matches("\"title\"").count(), 1_000);
    }
}
