//! What the fuzz targets of `fuzz/` call, and what the tests replay on their corpora.
//!
//! Each function takes any bytes and must neither panic nor break what it asserts.

#[cfg(test)]
mod corpora;
mod imports;

use serde_json::{Value, json};
use url::Url;
use wasmtime::component::Val;

use crate::capability::http::Rule;
use crate::manifest::Manifest;
use crate::name::Name;
use crate::shape::{Case, Field, Payload, Shape};
use crate::{admission, values};

pub use imports::imports;

/// Types that are deeper or longer than this teach nothing new.
const DEPTH_MAX: u32 = 6;
const ITEMS_MAX: u8 = 4;
/// What a value may take, in JSON.
const BYTES_MAX: u64 = 1 << 16;

/// Reads the rest of the bytes as JSON of a type that the first of them describe, and writes it back.
pub fn values(bytes: &[u8]) {
    let mut bytes = bytes;
    let field = Field { name: Name::new("x"), shape: shape(&mut bytes, DEPTH_MAX) };
    let given: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let params = [field];
    let Ok(read) = values::arguments(&params, &json!({ "x": given }), BYTES_MAX) else { return };
    let [Field { shape, .. }] = &params;
    let Some(value) = read.into_iter().next() else { return };
    round_trip(shape, value);
}

/// Takes the bytes for a component, as they stand and with the beginning of one.
pub fn admission(bytes: &[u8]) {
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    for bytes in [bytes, &[COMPONENT, bytes].concat()] {
        if let Err(fault) = admission::glance(bytes).and_then(|()| admission::admit(bytes, 64 << 20)) {
            assert_eq!(fault.detail.as_deref(), Some("component"), "{fault:?}");
        }
    }
}

/// Takes the bytes for a manifest, as TOML and as the section of a component, and reads back what was read.
pub fn manifest(bytes: &[u8]) {
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(manifest) = Manifest::from_toml(text)
        && let Ok(packed) = manifest.pack(COMPONENT)
    {
        assert_eq!(Manifest::read(&packed).ok().flatten().as_ref(), Some(&manifest));
    }
    let _ = Manifest::read(&[COMPONENT, bytes].concat());
}

/// Takes the first line for a grant of requests, and the next four for the method, scheme, authority and path of one.
pub fn http_rule(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n');
    let Ok(rule) = lines.next().unwrap_or_default().parse::<Rule>() else { return };
    assert_eq!(rule.to_string().parse::<Rule>().ok().map(|rule| rule.to_string()), Some(rule.to_string()));
    let mut next = || lines.next().unwrap_or_default();
    let (method, scheme, authority, path) = (next(), next(), next(), next());
    if rule.allows(method, scheme, authority, path) {
        // What was allowed has one reading only: a server that reads it in its own way reads the same.
        let levels = |path: &str| path.split('/').count();
        let parsed = Url::parse(&format!("http://a{path}")).map(|url| levels(url.path()));
        assert_eq!(parsed, Ok(levels(path)), "{rule} allows {path:?}");
        assert!(!path.contains('\\') && !path.contains("//") && !path.contains("/..;"), "{rule} allows {path:?}");
        assert!(!authority.contains('@') && rule.to_string().contains(method), "{rule} allows {method} {authority}");
    }
}

fn round_trip(shape: &Shape, value: Val) {
    let before = format!("{value:?}");
    let written = match values::json(shape, value, u64::MAX) {
        Ok(written) => written,
        Err(fault) => unreachable!("{shape}: {fault}"),
    };
    let field = Field { name: Name::new("x"), shape: shape.clone() };
    let again = values::arguments(&[field], &json!({ "x": written }), u64::MAX);
    let again = again.ok().and_then(|read| read.into_iter().next());
    assert_eq!(again.map(|value| format!("{value:?}")), Some(before), "{shape}");
}

fn byte(bytes: &mut &[u8]) -> u8 {
    let Some((first, rest)) = bytes.split_first() else { return 0 };
    *bytes = rest;
    *first
}

fn shape(bytes: &mut &[u8], depth: u32) -> Shape {
    let choice = byte(bytes);
    if depth == 0 {
        return Shape::Bool;
    }
    // What came later has choices of its own, so that the corpora mean what they did.
    match if choice < 242 { choice % 22 } else { choice } {
        0 => Shape::Bool,
        1 => Shape::S8,
        2 => Shape::U8,
        3 => Shape::S16,
        4 => Shape::U16,
        5 => Shape::S32,
        6 => Shape::U32,
        7 => Shape::S64,
        8 => Shape::U64,
        9 => Shape::F32,
        10 => Shape::F64,
        11 => Shape::Char,
        12 => Shape::String,
        13 => Shape::Bytes,
        14 => Shape::List(Box::new(shape(bytes, depth - 1))),
        15 => Shape::Option(Box::new(shape(bytes, depth - 1))),
        16 => Shape::Tuple(several(bytes, |bytes, _| shape(bytes, depth - 1))),
        17 => Shape::Result(payload(bytes, depth), payload(bytes, depth)),
        18 => Shape::Record(None, several(bytes, |bytes, name| Field { name, shape: shape(bytes, depth - 1) })),
        19 => Shape::Variant(None, several(bytes, |bytes, name| Case { name, payload: payload(bytes, depth) })),
        242..=248 => Shape::FixedList(Box::new(shape(bytes, depth - 1)), u32::from(byte(bytes) % ITEMS_MAX) + 1),
        249..=255 => Shape::Map(Box::new(key(bytes)), Box::new(shape(bytes, depth - 1))),
        20 => Shape::Enum(None, several(bytes, |_, name| name)),
        _ => Shape::Flags(None, several(bytes, |_, name| name)),
    }
}

fn key(bytes: &mut &[u8]) -> Shape {
    match byte(bytes) % 3 {
        0 => Shape::String,
        1 => Shape::U64,
        _ => Shape::Char,
    }
}

fn payload(bytes: &mut &[u8], depth: u32) -> Payload {
    (byte(bytes) > 127).then(|| Box::new(shape(bytes, depth - 1)))
}

fn several<T>(bytes: &mut &[u8], mut one: impl FnMut(&mut &[u8], Name) -> T) -> Vec<T> {
    let count = byte(bytes) % ITEMS_MAX + 1;
    (0..count).map(|index| one(bytes, Name::new(&format!("n-{index}")))).collect()
}
