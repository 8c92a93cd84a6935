use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;

use crate::shape::{Field, Shape};

/// How the values of a function are written for code and by it, where a language has more than JSON.
///
/// NaN and the infinities of a float are the bare words that they are in an answer, for a text "NaN" could be any tool's
/// text. Bytes of a language are an array of numbers in arguments, for a text could be any text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spelling {
    /// The parameters, where they have bytes in them.
    params: Vec<Field>,
    /// The type of the answer, where it has a float in it.
    answer: Option<Shape>,
}

impl Spelling {
    pub(crate) fn of(params: &[Field], answer: Option<&Shape>) -> Self {
        let params = params.iter().filter(|field| has(&field.shape, is_bytes)).cloned().collect();
        Self { params, answer: answer.filter(|shape| has(shape, is_float)).cloned() }
    }

    /// Takes arguments from code.
    pub(crate) fn read(&self, mut arguments: Value) -> Value {
        for field in &self.params {
            arguments.get_mut(&field.name.json).into_iter().for_each(|given| read(Some(&field.shape), given));
        }
        arguments
    }

    /// Writes an answer.
    pub(crate) fn text(&self, value: &Value) -> String {
        let Some(shape) = &self.answer else { return value.to_string() };
        let mut text = String::new();
        write(Some(shape), value, &mut text);
        text
    }
}

fn is_float(shape: &Shape) -> bool {
    matches!(shape, Shape::F32 | Shape::F64)
}

fn is_bytes(shape: &Shape) -> bool {
    matches!(shape, Shape::Bytes)
}

/// Returns whether a type is one, or has one in it. Neither a float nor bytes are a key of a map.
fn has(shape: &Shape, one: fn(&Shape) -> bool) -> bool {
    let has = |shape: &Shape| has(shape, one);
    match shape {
        Shape::List(item) | Shape::FixedList(item, _) | Shape::Option(item) | Shape::Map(_, item) => has(item),
        Shape::Tuple(items) => items.iter().any(has),
        Shape::Result(ok, err) => [ok, err].into_iter().flatten().any(|shape| has(shape)),
        Shape::Record(_, fields) => fields.iter().any(|field| has(&field.shape)),
        Shape::Variant(_, cases) => cases.iter().filter_map(|case| case.payload.as_deref()).any(has),
        plain => one(plain),
    }
}

/// Recursion is as deep as the value, which was parsed.
fn read(shape: Option<&Shape>, given: &mut Value) {
    match (shape, given) {
        (Some(Shape::Bytes), given) => *given = base64(given.take()),
        (Some(Shape::Option(some)), given) if !matches!(**some, Shape::Option(_)) => read(Some(some), given),
        (Some(Shape::Map(_, shape)), Value::Array(pairs)) => {
            pairs.iter_mut().filter_map(|pair| pair.get_mut(1)).for_each(|given| read(Some(shape), given));
        }
        (shape, Value::Array(items)) => {
            items.iter_mut().enumerate().for_each(|(at, given)| read(item_of(shape, at), given));
        }
        (shape, Value::Object(members)) => {
            members.iter_mut().for_each(|(name, given)| read(member_of(shape, name), given));
        }
        _ => {}
    }
}

/// What is no array of bytes is left for the reader to refuse.
fn base64(given: Value) -> Value {
    let byte = |item: &Value| item.as_u64().and_then(|byte| u8::try_from(byte).ok());
    let bytes: Option<Vec<u8>> = given.as_array().and_then(|items| items.iter().map(byte).collect());
    bytes.map_or(given, |bytes| BASE64.encode(bytes).into())
}

/// Recursion is as deep as the value, which was written by its type.
fn write(shape: Option<&Shape>, value: &Value, text: &mut String) {
    match (shape, value) {
        (Some(Shape::F32 | Shape::F64), Value::String(word)) => text.push_str(word),
        (Some(Shape::Option(some)), value) if !matches!(**some, Shape::Option(_)) => write(Some(some), value, text),
        (Some(Shape::Map(_, shape)), Value::Array(pairs)) => {
            list(['[', ']'], pairs, text, |pair, text| write_pair(shape, pair, text));
        }
        (shape, Value::Array(items)) => {
            let items = items.iter().enumerate();
            list(['[', ']'], items, text, |(at, item), text| write(item_of(shape, at), item, text));
        }
        (shape, Value::Object(members)) => list(['{', '}'], members, text, |(name, value), text| {
            text.push_str(&Value::from(name.as_str()).to_string());
            text.push(':');
            write(member_of(shape, name), value, text);
        }),
        (_, value) => text.push_str(&value.to_string()),
    }
}

fn list<T>(ends: [char; 2], items: impl IntoIterator<Item = T>, text: &mut String, write: impl Fn(T, &mut String)) {
    let [begin, end] = ends;
    text.push(begin);
    for (at, item) in items.into_iter().enumerate() {
        text.push_str(if at == 0 { "" } else { "," });
        write(item, text);
    }
    text.push(end);
}

/// A float is no key.
fn write_pair(shape: &Shape, pair: &Value, text: &mut String) {
    let items = pair.as_array().into_iter().flatten().enumerate();
    list(['[', ']'], items, text, |(at, item), text| write((at == 1).then_some(shape), item, text));
}

fn item_of(shape: Option<&Shape>, at: usize) -> Option<&Shape> {
    match shape? {
        Shape::List(item) | Shape::FixedList(item, _) => Some(item),
        Shape::Tuple(items) => items.get(at),
        _ => None,
    }
}

fn member_of<'a>(shape: Option<&'a Shape>, name: &str) -> Option<&'a Shape> {
    match shape? {
        Shape::Map(_, value) => Some(value),
        Shape::Option(some) => Some(some),
        Shape::Result(ok, err) => if name == "ok" { ok } else { err }.as_deref(),
        Shape::Record(_, fields) => fields.iter().find(|field| field.name.json == name).map(|field| &field.shape),
        Shape::Variant(_, cases) => cases.iter().find(|case| case.name.json == name)?.payload.as_deref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::name::Name;
    use crate::shape::{Case, Field};

    fn spelt(shape: &Shape, value: &Value) -> String {
        Spelling::of(&[], Some(shape)).text(value)
    }

    #[test]
    fn bytes_of_code_are_base64_where_the_type_is_bytes() {
        let field = |name: &str, shape| Field { name: Name::new(name), shape };
        let boxed = || Box::new(Shape::Bytes);
        let params = [
            field("a-b", Shape::Bytes),
            field("some", Shape::Option(boxed())),
            field("list", Shape::List(boxed())),
            field("map", Shape::Map(Box::new(Shape::U8), boxed())),
            field("numbers", Shape::FixedList(Box::new(Shape::U8), 1)),
        ];
        let spelling = Spelling::of(&params, None);
        let given = json!({"a_b": [1, 2, 255], "some": [], "list": [[1]], "map": [[7, [1]]], "numbers": [1]});
        let read = json!({"a_b": "AQL/", "some": "", "list": ["AQ=="], "map": [[7, "AQ=="]], "numbers": [1]});
        assert_eq!(spelling.read(given), read);
        for odd in [json!({"a_b": [256]}), json!({"a_b": "AQ==", "some": null}), json!({"a_b": [1.5]}), json!([])] {
            assert_eq!(spelling.read(odd.clone()), odd);
        }
    }

    #[test]
    fn a_float_that_is_no_number_is_a_word_where_the_type_is_a_float() {
        let float = || Box::new(Shape::F64);
        let field = |name: &str, shape| Field { name: Name::new(name), shape };
        let record = Shape::Record(None, vec![field("a-b", Shape::F32), field("text", Shape::String)]);
        let variant = Shape::Variant(None, vec![Case { name: Name::new("x"), payload: Some(float()) }]);
        for (shape, value, text) in [
            (Shape::F64, json!("NaN"), "NaN"),
            (Shape::F64, json!(1.5), "1.5"),
            (Shape::String, json!("NaN"), "\"NaN\""),
            (Shape::Option(float()), json!("-Infinity"), "-Infinity"),
            (Shape::Option(float()), json!(null), "null"),
            (Shape::Option(Box::new(Shape::Option(float()))), json!({"some": "NaN"}), "{\"some\":NaN}"),
            (Shape::List(float()), json!([1.0, "Infinity"]), "[1.0,Infinity]"),
            (Shape::FixedList(float(), 1), json!(["NaN"]), "[NaN]"),
            (Shape::Tuple(vec![Shape::String, Shape::F32]), json!(["NaN", "NaN"]), "[\"NaN\",NaN]"),
            (Shape::Map(Box::new(Shape::String), float()), json!({"NaN": "NaN"}), "{\"NaN\":NaN}"),
            (
                Shape::Map(Box::new(Shape::Char), Box::new(Shape::List(float()))),
                json!([["N", ["NaN"]]]),
                "[[\"N\",[NaN]]]",
            ),
            (Shape::Result(Some(float()), None), json!({"ok": "NaN"}), "{\"ok\":NaN}"),
            (record, json!({"a_b": "NaN", "text": "NaN"}), "{\"a_b\":NaN,\"text\":\"NaN\"}"),
            (variant, json!({"x": "NaN"}), "{\"x\":NaN}"),
        ] {
            assert_eq!(spelt(&shape, &value), text, "{shape}");
        }
    }
}
