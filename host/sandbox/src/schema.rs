use serde_json::{Map, Value, json};

use crate::name::Name;
use crate::shape::{Case, Field, Shape, Title};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Returns the JSON Schema of an object with these members, as a document of its own.
pub(crate) fn of_members(fields: &[Field]) -> Value {
    document(object(fields))
}

/// Returns the JSON Schema of a shape, or of null, as a document of its own.
pub(crate) fn of(shape: Option<&Shape>) -> Value {
    document(shape.map_or_else(|| json!({"type": "null"}), schema))
}

fn document(mut schema: Value) -> Value {
    if let Value::Object(members) = &mut schema {
        members.insert("$schema".into(), DIALECT.into());
    }
    schema
}

fn schema(shape: &Shape) -> Value {
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
        Shape::F32 | Shape::F64 => json!({"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}),
        Shape::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
        Shape::String => json!({"type": "string"}),
        Shape::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        Shape::List(item) => json!({"type": "array", "items": schema(item)}),
        Shape::Tuple(items) => tuple(items),
        Shape::Option(some) => json!({"anyOf": [option(some), {"type": "null"}]}),
        Shape::Result(ok, err) => json!({"oneOf": [tagged("ok", ok.as_deref()), tagged("err", err.as_deref())]}),
        Shape::Record(title, fields) => titled(object(fields), title),
        Shape::Variant(title, cases) => titled(json!({"oneOf": cases.iter().map(case).collect::<Vec<_>>()}), title),
        Shape::Enum(title, names) => titled(json!({"enum": words(names)}), title),
        Shape::Flags(title, names) => {
            titled(json!({"type": "array", "items": {"enum": words(names)}, "uniqueItems": true}), title)
        }
    }
}

fn integer(minimum: impl Into<Value>, maximum: impl Into<Value>) -> Value {
    json!({"type": "integer", "minimum": minimum.into(), "maximum": maximum.into()})
}

fn tuple(items: &[Shape]) -> Value {
    let schemas: Vec<_> = items.iter().map(schema).collect();
    json!({"type": "array", "prefixItems": schemas, "items": false, "minItems": items.len()})
}

/// An option in an option is wrapped, because null cannot be told from null.
fn option(some: &Shape) -> Value {
    match some {
        Shape::Option(_) => tagged("some", Some(some)),
        plain => schema(plain),
    }
}

fn tagged(tag: &str, payload: Option<&Shape>) -> Value {
    let payload = payload.map_or_else(|| json!({"type": "null"}), schema);
    json!({"type": "object", "properties": {tag: payload}, "required": [tag], "additionalProperties": false})
}

fn case(case: &Case) -> Value {
    match &case.payload {
        Some(payload) => tagged(&case.name.json, Some(payload)),
        None => json!({"const": case.name.json}),
    }
}

fn object(fields: &[Field]) -> Value {
    let properties: Map<_, _> = fields.iter().map(|field| (field.name.json.clone(), schema(&field.shape))).collect();
    let required = fields.iter().filter(|field| !field.is_optional()).map(|field| field.name.json.as_str());
    let required: Vec<_> = required.collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn words(names: &[Name]) -> Vec<&str> {
    names.iter().map(|name| name.json.as_str()).collect()
}

fn titled(mut schema: Value, title: &Title) -> Value {
    if let (Value::Object(members), Some(name)) = (&mut schema, title) {
        members.insert("title".into(), name.json.clone().into());
    }
    schema
}
