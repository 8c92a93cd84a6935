//! JSON to the component model's values and back, by [`Shape`].
//!
//! | WIT | JSON |
//! |---|---|
//! | integers | a number, all 64 bits of it; `1.0` is 1, as in JSON Schema |
//! | `f32`, `f64` | a number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `char`, `string` | a string |
//! | `list<u8>` | a base64 string |
//! | `list`, `tuple` | an array |
//! | `option` | null or the value; in a record or among the arguments it may be absent |
//! | `option<option<t>>` | null or `{"some": …}` |
//! | `result` | `{"ok": …}` or `{"err": …}` |
//! | `record` | an object with exactly the members |
//! | `variant` | `"case"`, or `{"case": …}` where it carries something |
//! | `enum` | a string |
//! | `flags` | an array of strings, each once |

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Number, Value};
use stockade_workflow::{Fault, Kind};
use wasmtime::component::Val;

use crate::Result;
use crate::name::Name;
use crate::quote::beginning;
use crate::schema::F32_END;
use crate::shape::{Case, Field, Payload, Shape, joined, short};

/// What a value costs beside its text, so that a list of a million nulls is not free.
const NODE_BYTES: u64 = 8;

/// The longest piece of a caller's text that an error repeats.
const QUOTE_CHARS: usize = 40;

/// Reads the arguments of a function.
///
/// # Errors
///
/// The arguments do not fit the parameters, or are more than `bytes_max`; the message names the argument and its path.
pub(crate) fn arguments(params: &[Field], given: &Value, bytes_max: u64) -> Result<Vec<Val>> {
    let mut reader = Reader { left: bytes_max };
    reader.members(params, given).map_err(|misfit| misfit.fault(params, bytes_max))
}

/// Writes a result as JSON.
///
/// # Errors
///
/// It is more than `bytes_max`.
pub(crate) fn json(shape: &Shape, value: Val, bytes_max: u64) -> Result<Value> {
    Writer { left: bytes_max, bytes_max }.value(shape, value)
}

/// Why a JSON value does not fit a shape, and where.
struct Misfit {
    /// The steps from the offending value back up to the arguments.
    steps: Vec<String>,
    problem: Problem,
}

enum Problem {
    Wrong { expected: String, got: String },
    Missing,
    Unknown,
    TooLarge,
}

type Fit<T> = std::result::Result<T, Misfit>;

impl Misfit {
    fn new(problem: Problem) -> Self {
        Self { steps: Vec::new(), problem }
    }

    fn wrong(expected: impl Into<String>, got: &Value) -> Self {
        Self::new(Problem::Wrong { expected: expected.into(), got: described(got) })
    }

    fn under(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    fn fault(self, params: &[Field], bytes_max: u64) -> Fault {
        let path: String = self.steps.iter().rev().map(String::as_str).collect();
        let name = self.steps.last().map_or("", |step| step.trim_start_matches('.'));
        let subject = if name.is_empty() { "arguments".into() } else { format!("argument \"{name}\" (at ${path})") };
        let takes = short(&joined(params));
        let message = match self.problem {
            Problem::Wrong { expected, got } => format!("{subject}: expected {expected}, got {got}"),
            Problem::Missing => format!("{subject}: is missing; the function takes ({takes})"),
            Problem::Unknown => format!("{subject}: is not known; the function takes ({takes})"),
            Problem::TooLarge => {
                let message =
                    format!("the arguments are more than the {bytes_max} bytes that \"argument_bytes\" allows");
                let fault =
                    Fault::limit(Kind::Invalid, "argument_bytes", bytes_max, bytes_max.saturating_add(1), message);
                return fault.detail("schema");
            }
        };
        Fault::invalid("schema", message)
    }
}

struct Reader {
    left: u64,
}

impl Reader {
    /// Recursion is as deep as the type, which is not recursive, whatever the depth of the JSON.
    fn value(&mut self, shape: &Shape, given: &Value) -> Fit<Val> {
        self.spend(NODE_BYTES)?;
        let wrong = || Misfit::wrong(shape.word(), given);
        Ok(match shape {
            Shape::Bool => Val::Bool(given.as_bool().ok_or_else(wrong)?),
            Shape::S8 => Val::S8(signed(given).ok_or_else(wrong)?),
            Shape::U8 => Val::U8(unsigned(given).ok_or_else(wrong)?),
            Shape::S16 => Val::S16(signed(given).ok_or_else(wrong)?),
            Shape::U16 => Val::U16(unsigned(given).ok_or_else(wrong)?),
            Shape::S32 => Val::S32(signed(given).ok_or_else(wrong)?),
            Shape::U32 => Val::U32(unsigned(given).ok_or_else(wrong)?),
            Shape::S64 => Val::S64(signed(given).ok_or_else(wrong)?),
            Shape::U64 => Val::U64(unsigned(given).ok_or_else(wrong)?),
            Shape::F32 => Val::Float32(float(given).and_then(narrow).ok_or_else(wrong)?),
            Shape::F64 => Val::Float64(float(given).ok_or_else(wrong)?),
            Shape::Char => Val::Char(given.as_str().and_then(only_char).ok_or_else(wrong)?),
            Shape::String => Val::String(self.text(given.as_str().ok_or_else(wrong)?)?.to_owned()),
            Shape::Bytes => bytes(self.text(given.as_str().ok_or_else(wrong)?)?).ok_or_else(wrong)?,
            Shape::List(item) => Val::List(self.items(|_| Some(item), given.as_array().ok_or_else(wrong)?)?),
            Shape::Tuple(items) => self.tuple(items, given)?,
            Shape::Option(some) => Val::Option(self.option(some, given)?.map(Box::new)),
            Shape::Result(ok, err) => Val::Result(self.result(ok, err, given)?),
            Shape::Record(_, fields) => {
                let names = fields.iter().map(|field| field.name.wit.clone());
                Val::Record(names.zip(self.members(fields, given)?).collect())
            }
            Shape::Variant(_, cases) => self.variant(cases, given)?,
            Shape::Enum(_, names) => Val::Enum(self.text(&named(names, given)?.wit)?.to_owned()),
            Shape::Flags(_, names) => self.flags(names, given)?,
        })
    }

    fn spend(&mut self, bytes: u64) -> Fit<()> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| Misfit::new(Problem::TooLarge))?;
        Ok(())
    }

    fn text<'a>(&mut self, text: &'a str) -> Fit<&'a str> {
        self.spend(text.len() as u64)?;
        Ok(text)
    }

    fn items<'a>(&mut self, shape: impl Fn(usize) -> Option<&'a Shape>, given: &[Value]) -> Fit<Vec<Val>> {
        let items = given.iter().enumerate().map(|(index, item)| {
            let shape = shape(index).ok_or_else(|| Misfit::new(Problem::Unknown));
            shape.and_then(|shape| self.value(shape, item)).map_err(|misfit| misfit.under(format!("[{index}]")))
        });
        items.collect()
    }

    fn tuple(&mut self, shapes: &[Shape], given: &Value) -> Fit<Val> {
        match given.as_array() {
            Some(items) if items.len() == shapes.len() => Ok(Val::Tuple(self.items(|index| shapes.get(index), items)?)),
            _ => Err(Misfit::wrong(format!("array of {}", shapes.len()), given)),
        }
    }

    fn option(&mut self, some: &Shape, given: &Value) -> Fit<Option<Val>> {
        match (some, given) {
            (_, Value::Null) => Ok(None),
            (Shape::Option(_), _) => {
                let inner = only_member(given).filter(|(tag, _)| *tag == "some");
                let (tag, inner) = inner.ok_or_else(|| Misfit::wrong("null or {\"some\": …}", given))?;
                self.value(some, inner).map(Some).map_err(|misfit| misfit.under(step(tag)))
            }
            _ => self.value(some, given).map(Some),
        }
    }

    fn result(&mut self, ok: &Payload, err: &Payload, given: &Value) -> Fit<std::result::Result<Carried, Carried>> {
        let wrong = || Misfit::wrong("{\"ok\": …} or {\"err\": …}", given);
        let (tag, payload) = only_member(given).ok_or_else(wrong)?;
        match tag {
            "ok" => Ok(Ok(self.payload(ok, tag, payload)?)),
            "err" => Ok(Err(self.payload(err, tag, payload)?)),
            _ => Err(wrong()),
        }
    }

    fn payload(&mut self, shape: &Payload, tag: &str, given: &Value) -> Fit<Carried> {
        let value = match shape {
            Some(shape) => self.value(shape, given).map(|value| Some(Box::new(value))),
            None if given.is_null() => Ok(None),
            None => Err(Misfit::wrong("null", given)),
        };
        value.map_err(|misfit| misfit.under(step(tag)))
    }

    fn members(&mut self, fields: &[Field], given: &Value) -> Fit<Vec<Val>> {
        let members = given.as_object().ok_or_else(|| Misfit::wrong("object", given))?;
        if fields.iter().filter(|field| members.contains_key(&field.name.json)).count() != members.len() {
            let known: HashSet<&str> = fields.iter().map(|field| field.name.json.as_str()).collect();
            let unknown = members.keys().find(|key| !known.contains(key.as_str()));
            return Err(Misfit::new(Problem::Unknown).under(unknown.map(|key| step(key)).unwrap_or_default()));
        }
        fields.iter().map(|field| self.member(field, members)).collect()
    }

    fn member(&mut self, field: &Field, members: &Map<String, Value>) -> Fit<Val> {
        // Of an absent member too, the guest is given the name.
        self.spend(field.name.json.len() as u64)?;
        let value = match members.get(&field.name.json) {
            Some(given) => self.value(&field.shape, given),
            None if field.is_optional() => self.spend(NODE_BYTES).map(|()| Val::Option(None)),
            None => Err(Misfit::new(Problem::Missing)),
        };
        value.map_err(|misfit| misfit.under(step(&field.name.json)))
    }

    fn variant(&mut self, cases: &[Case], given: &Value) -> Fit<Val> {
        let (tag, payload) = match given {
            Value::String(tag) => (tag.as_str(), None),
            _ => only_member(given).map(|(tag, payload)| (tag, Some(payload))).unwrap_or_default(),
        };
        let case = cases.iter().find(|case| case.name.json == tag && case.payload.is_some() == payload.is_some());
        let case = case.ok_or_else(|| Misfit::wrong(format!("one of {}", short(&joined(cases))), given))?;
        let payload = payload.map(|payload| self.payload(&case.payload, tag, payload)).transpose()?;
        Ok(Val::Variant(self.text(&case.name.wit)?.to_owned(), payload.flatten()))
    }

    fn flags(&mut self, names: &[Name], given: &Value) -> Fit<Val> {
        let items = given.as_array().ok_or_else(|| Misfit::wrong("array of strings", given))?;
        let set = items.iter().enumerate().map(|(index, item)| {
            let flag = named(names, item).map_err(|misfit| misfit.under(format!("[{index}]")))?;
            self.spend(NODE_BYTES.saturating_add(flag.wit.len() as u64))?;
            let is_new = items.iter().take(index).all(|before| before != item);
            let twice = || Misfit::wrong("each flag once", item).under(format!("[{index}]"));
            if is_new { Ok(flag) } else { Err(twice()) }
        });
        let set: Vec<_> = set.collect::<Fit<_>>()?;
        // In the order of the type, so that equal flags are equal values.
        let set = names.iter().filter(|name| set.contains(name)).map(|name| name.wit.clone());
        Ok(Val::Flags(set.collect()))
    }
}

/// What a case of a [`Val`] carries.
type Carried = Option<Box<Val>>;

fn step(member: &str) -> String {
    format!(".{}", quoted(member))
}

fn signed<T: TryFrom<i64>>(given: &Value) -> Option<T> {
    given.as_i64().or_else(|| whole(given)?.try_into().ok())?.try_into().ok()
}

fn unsigned<T: TryFrom<u64>>(given: &Value) -> Option<T> {
    given.as_u64().or_else(|| whole(given)?.try_into().ok())?.try_into().ok()
}

/// Returns the integer that a number with a point or an exponent is. None that fits 64 bits is rounded here.
fn whole(given: &Value) -> Option<i128> {
    let float = given.as_f64().filter(|_| given.is_f64())?;
    (float.fract() == 0.0 && float.abs() < TWO_POW_65).then_some(float as i128)
}

/// Beyond all 64-bit integers, and far within what an `i128` holds.
const TWO_POW_65: f64 = 36_893_488_147_419_103_232.0;

fn float(given: &Value) -> Option<f64> {
    match given.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => given.as_f64(),
    }
}

/// Rounds to the nearest `f32`, and refuses a finite number that only infinity is near to.
fn narrow(wide: f64) -> Option<f32> {
    (!wide.is_finite() || wide.abs() < F32_END).then_some(wide as f32)
}

fn bytes(text: &str) -> Option<Val> {
    Some(Val::List(BASE64.decode(text).ok()?.into_iter().map(Val::U8).collect()))
}

fn only_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn only_member(given: &Value) -> Option<(&str, &Value)> {
    let mut members = given.as_object()?.iter();
    let (tag, payload) = members.next()?;
    members.next().is_none().then_some((tag.as_str(), payload))
}

fn named<'a>(names: &'a [Name], given: &Value) -> Fit<&'a Name> {
    let name = given.as_str().and_then(|given| names.iter().find(|name| name.json == given));
    name.ok_or_else(|| Misfit::wrong(format!("one of {}", short(&joined(names))), given))
}

/// Describes a JSON value in a few words, of whatever size it is.
pub(crate) fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => format!("boolean {value}"),
        Value::Number(value) => format!("number {}", quoted(&value.to_string())),
        Value::String(value) => format!("string \"{}\"", quoted(value)),
        Value::Array(items) => format!("array of {}", items.len()),
        Value::Object(members) => format!("object of {}", members.len()),
    }
}

/// Returns the beginning of a caller's text, without control characters.
pub(crate) fn quoted(text: &str) -> String {
    beginning(text, QUOTE_CHARS)
}

struct Writer {
    left: u64,
    bytes_max: u64,
}

impl Writer {
    fn value(&mut self, shape: &Shape, value: Val) -> Result<Value> {
        self.spend(NODE_BYTES)?;
        Ok(match (shape, value) {
            (_, Val::Bool(value)) => value.into(),
            (_, Val::S8(value)) => value.into(),
            (_, Val::U8(value)) => value.into(),
            (_, Val::S16(value)) => value.into(),
            (_, Val::U16(value)) => value.into(),
            (_, Val::S32(value)) => value.into(),
            (_, Val::U32(value)) => value.into(),
            (_, Val::S64(value)) => value.into(),
            (_, Val::U64(value)) => value.into(),
            (_, Val::Float32(value)) => number(f64::from(value)),
            (_, Val::Float64(value)) => number(value),
            (_, Val::Char(value)) => value.to_string().into(),
            (_, Val::String(value)) => self.text(value)?,
            (Shape::Bytes, Val::List(items)) => self.bytes(&items)?,
            (Shape::List(item), Val::List(items)) => self.items(|_| Some(item), items)?,
            (Shape::Tuple(shapes), Val::Tuple(items)) => self.items(|index| shapes.get(index), items)?,
            (Shape::Option(some), Val::Option(value)) => self.option(some, value)?,
            (Shape::Result(ok, _), Val::Result(Ok(value))) => self.tagged("ok", ok, value)?,
            (Shape::Result(_, err), Val::Result(Err(value))) => self.tagged("err", err, value)?,
            (Shape::Record(_, fields), Val::Record(members)) => self.record(fields, members)?,
            (Shape::Variant(_, cases), Val::Variant(tag, payload)) => self.variant(cases, &tag, payload)?,
            (Shape::Enum(_, names), Val::Enum(name)) => json_name(names, &name)?.into(),
            (Shape::Flags(_, names), Val::Flags(set)) => {
                set.iter().map(|name| json_name(names, name)).collect::<Result<Vec<_>>>()?.into()
            }
            _ => return Err(mismatch()),
        })
    }

    fn spend(&mut self, bytes: u64) -> Result<()> {
        let over = bytes.saturating_sub(self.left);
        if over > 0 {
            return Err(too_large("output_bytes", self.bytes_max, self.bytes_max.saturating_add(over)));
        }
        self.left -= bytes;
        Ok(())
    }

    fn text(&mut self, text: String) -> Result<Value> {
        self.spend(text.len() as u64)?;
        Ok(Value::String(text))
    }

    fn bytes(&mut self, items: &[Val]) -> Result<Value> {
        self.spend((items.len() as u64).div_ceil(3).saturating_mul(4))?;
        let bytes = items.iter().map(|item| if let Val::U8(byte) = item { Ok(*byte) } else { Err(mismatch()) });
        Ok(BASE64.encode(bytes.collect::<Result<Vec<_>>>()?).into())
    }

    fn items<'a>(&mut self, shape: impl Fn(usize) -> Option<&'a Shape>, items: Vec<Val>) -> Result<Value> {
        let items = items.into_iter().enumerate();
        let items = items.map(|(index, item)| self.value(shape(index).ok_or_else(mismatch)?, item));
        Ok(Value::Array(items.collect::<Result<_>>()?))
    }

    fn option(&mut self, some: &Shape, value: Carried) -> Result<Value> {
        match (some, value) {
            (_, None) => Ok(Value::Null),
            (Shape::Option(_), Some(value)) => Ok(tagged("some", self.value(some, *value)?)),
            (_, Some(value)) => self.value(some, *value),
        }
    }

    fn tagged(&mut self, tag: &str, shape: &Payload, value: Carried) -> Result<Value> {
        Ok(tagged(tag, self.payload(shape, value)?))
    }

    fn payload(&mut self, shape: &Payload, value: Carried) -> Result<Value> {
        match (shape, value) {
            (None, None) => Ok(Value::Null),
            (Some(shape), Some(value)) => self.value(shape, *value),
            _ => Err(mismatch()),
        }
    }

    fn record(&mut self, fields: &[Field], members: Vec<(String, Val)>) -> Result<Value> {
        let members = fields.iter().zip(members);
        let members = members.map(|(field, (_, value))| {
            self.spend(field.name.json.len() as u64)?;
            Ok((field.name.json.clone(), self.value(&field.shape, value)?))
        });
        Ok(Value::Object(members.collect::<Result<_>>()?))
    }

    fn variant(&mut self, cases: &[Case], tag: &str, payload: Carried) -> Result<Value> {
        let case = cases.iter().find(|case| case.name.wit == tag).ok_or_else(mismatch)?;
        match payload {
            None => Ok(case.name.json.clone().into()),
            payload => self.tagged(&case.name.json, &case.payload, payload),
        }
    }
}

fn tagged(tag: &str, payload: Value) -> Value {
    Value::Object(Map::from_iter([(tag.to_owned(), payload)]))
}

/// JSON has no word for the numbers that are none, so they are written as ProtoJSON writes them.
fn number(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

fn json_name(names: &[Name], wit: &str) -> Result<String> {
    let name = names.iter().find(|name| name.wit == wit).ok_or_else(mismatch)?;
    Ok(name.json.clone())
}

/// Returns the fault of a result that is larger than allowed.
pub(crate) fn too_large(limit: &str, allowed: u64, used: u64) -> Fault {
    let message = format!("the result is larger than the {allowed} bytes that \"{limit}\" allows");
    Fault::limit(Kind::Output, limit, allowed, used, message)
}

fn mismatch() -> Fault {
    Fault::new(Kind::HostBug, "a value is not of the type that wasmtime gave it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn field(name: &str, shape: Shape) -> Field {
        Field { name: Name::new(name), shape }
    }

    fn boxed(shape: Shape) -> Box<Shape> {
        Box::new(shape)
    }

    fn refusal(shape: Shape, given: Value) -> String {
        arguments(&[field("user-id", shape)], &json!({"user_id": given}), 1 << 20).unwrap_err().message
    }

    #[test]
    fn a_refusal_says_where_and_what() {
        assert_eq!(
            refusal(Shape::String, json!(5)),
            "argument \"user_id\" (at $.user_id): expected string, got number 5"
        );
        let list = Shape::List(boxed(Shape::Record(None, vec![field("a-b", Shape::U8)])));
        assert_eq!(
            refusal(list.clone(), json!([{"a_b": 1}, {"a_b": 256}])),
            "argument \"user_id\" (at $.user_id[1].a_b): expected u8, got number 256"
        );
        assert_eq!(
            refusal(list.clone(), json!([{}])),
            "argument \"user_id\" (at $.user_id[0].a_b): is missing; the function takes (user_id: list<record{a_b: u8}>)"
        );
        assert!(refusal(list, json!([{"a_b": 1, "x": 2}])).contains("(at $.user_id[0].x): is not known"));
        assert!(refusal(Shape::U64, json!(-1)).ends_with("expected u64, got number -1"));
        assert!(refusal(Shape::U64, json!(1.5)).ends_with("expected u64, got number 1.5"));
        let rights = Shape::Flags(None, names(2));
        assert!(
            refusal(rights, json!(["n_1", "n_1"]))
                .ends_with(".user_id[1]): expected each flag once, got string \"n_1\"")
        );
        assert!(refusal(Shape::Bytes, json!("!")).ends_with("expected base64 string, got string \"!\""));
        assert!(refusal(Shape::Char, json!("ab")).ends_with("expected char, got string \"ab\""));
        assert!(refusal(Shape::F32, json!(1e300)).ends_with("expected f32, got number 1e+300"));
        assert!(refusal(Shape::Tuple(vec![Shape::Bool]), json!([])).ends_with("expected array of 1, got array of 0"));
    }

    #[test]
    fn hostile_text_is_cut_and_escaped() {
        let text = format!("\u{1b}[2J{}", "x".repeat(1_000));
        let message = refusal(Shape::Bool, json!(text));
        assert!(message.len() < 200 && !message.contains('\u{1b}'), "{message}");
    }

    #[test]
    fn a_refusal_is_short_however_long_the_names() {
        let fields: Vec<_> = (0..1_000).map(|at| field(&format!("{}{at}", "n".repeat(1_000)), Shape::U8)).collect();
        let shape = Shape::Record(None, fields);
        assert!(refusal(shape.clone(), json!({})).contains("…"));
        assert!(refusal(shape, json!({})).len() < 4_000);
        let many: Vec<_> = (0..1_000).map(|at| Name::new(&format!("{}{at}", "n".repeat(1_000)))).collect();
        assert!(refusal(Shape::Enum(None, many), json!("x")).len() < 4_000);
    }

    #[test]
    fn arguments_are_exactly_the_parameters() {
        let params = [field("a", Shape::U8), field("b", Shape::Option(boxed(Shape::U8)))];
        assert!(arguments(&params, &json!({"a": 1}), 100).is_ok());
        let message = |given| arguments(&params, &given, 100).unwrap_err().message;
        assert_eq!(
            message(json!({})),
            "argument \"a\" (at $.a): is missing; the function takes (a: u8, b: option<u8>)"
        );
        assert!(message(json!({"a": 1, "c": 1})).starts_with("argument \"c\" (at $.c): is not known"));
        assert_eq!(message(json!([1])), "arguments: expected object, got array of 1");
    }

    #[test]
    fn too_much_is_refused_both_ways() {
        let given = json!({"a": "x".repeat(100)});
        let fault = arguments(&[field("a", Shape::String)], &given, 64).unwrap_err();
        assert_eq!(fault.breach.unwrap().limit, "argument_bytes");
        // A list of records without any of their members is small only in JSON.
        let members = names(10).into_iter().map(|name| Field { name, shape: Shape::Option(boxed(Shape::U8)) });
        let list = field("a", Shape::List(boxed(Shape::Record(None, members.collect()))));
        let given = json!({"a": vec![json!({}); 10]});
        let bytes = 1 + 8 + 10 * (8 + 10 * (3 + 8));
        assert!(arguments(std::slice::from_ref(&list), &given, bytes).is_ok());
        assert!(arguments(&[list], &given, bytes - 1).is_err());
        let fault = json(&Shape::String, Val::String("x".repeat(100)), 64).unwrap_err();
        assert_eq!((fault.kind, fault.breach.unwrap().used), (Kind::Output, 108));
    }

    #[test]
    fn numbers_that_are_none_have_words() {
        assert_eq!(json(&Shape::F64, Val::Float64(f64::NAN), 100).unwrap(), json!("NaN"));
        assert_eq!(json(&Shape::F32, Val::Float32(f32::NEG_INFINITY), 100).unwrap(), json!("-Infinity"));
    }

    fn names(count: usize) -> Vec<Name> {
        (0..count).map(|index| Name::new(&format!("n-{index}"))).collect()
    }

    fn leaves() -> impl Strategy<Value = Shape> {
        prop_oneof![
            Just(Shape::Bool),
            Just(Shape::S8),
            Just(Shape::U8),
            Just(Shape::S16),
            Just(Shape::U16),
            Just(Shape::S32),
            Just(Shape::U32),
            Just(Shape::S64),
            Just(Shape::U64),
            Just(Shape::F32),
            Just(Shape::F64),
            Just(Shape::Char),
            Just(Shape::String),
            Just(Shape::Bytes),
            Just(Shape::Enum(None, names(3))),
            Just(Shape::Flags(None, names(3))),
        ]
    }

    fn shapes() -> impl Strategy<Value = Shape> {
        leaves().prop_recursive(4, 24, 4, |inner| {
            let payload = prop::option::of(inner.clone().prop_map(Box::new));
            prop_oneof![
                inner.clone().prop_map(|shape| Shape::List(boxed(shape))),
                inner.clone().prop_map(|shape| Shape::Option(boxed(shape))),
                prop::collection::vec(inner.clone(), 1..4).prop_map(Shape::Tuple),
                (payload.clone(), payload.clone()).prop_map(|(ok, err)| Shape::Result(ok, err)),
                prop::collection::vec(inner, 1..4).prop_map(|shapes| {
                    let fields = shapes.into_iter().zip(names(4));
                    Shape::Record(None, fields.map(|(shape, name)| Field { name, shape }).collect())
                }),
                prop::collection::vec(payload, 1..4).prop_map(|payloads| {
                    let cases = payloads.into_iter().zip(names(4));
                    Shape::Variant(None, cases.map(|(payload, name)| Case { name, payload }).collect())
                }),
            ]
        })
    }

    /// Makes a value of a shape out of a few random bytes.
    fn some(shape: &Shape, bytes: &mut impl Iterator<Item = u8>) -> Val {
        let byte = bytes.next().unwrap_or_default();
        let picked = |count: usize| usize::from(byte) % count;
        let mut payload = |payload: &Payload| payload.as_ref().map(|shape| Box::new(some(shape, bytes)));
        match shape {
            Shape::Bool => Val::Bool(byte > 127),
            Shape::S8 => Val::S8(byte.cast_signed()),
            Shape::U8 => Val::U8(byte),
            Shape::S16 => Val::S16(i16::from(byte.cast_signed()) << 8),
            Shape::U16 => Val::U16(u16::from(byte) << 8),
            Shape::S32 => Val::S32(i32::MIN + i32::from(byte)),
            Shape::U32 => Val::U32(u32::MAX - u32::from(byte)),
            Shape::S64 => Val::S64(i64::MIN + i64::from(byte)),
            Shape::U64 => Val::U64(u64::MAX - u64::from(byte)),
            Shape::F32 => Val::Float32(f32::from(byte) / 3.0),
            Shape::F64 => Val::Float64(f64::from(byte) / 7.0),
            Shape::Char => Val::Char(['a', 'é', '🦀', '\0'][picked(4)]),
            Shape::String => Val::String("🦀 \"\\".repeat(picked(4))),
            Shape::Bytes => Val::List((0..byte % 5).map(Val::U8).collect()),
            Shape::Enum(_, names) => Val::Enum(names[picked(names.len())].wit.clone()),
            Shape::Flags(_, names) => Val::Flags(names[picked(names.len())..].iter().map(|n| n.wit.clone()).collect()),
            Shape::List(item) => Val::List((0..byte % 3).map(|_| some(item, bytes)).collect()),
            Shape::Option(item) => Val::Option((byte > 99).then(|| Box::new(some(item, bytes)))),
            Shape::Tuple(items) => Val::Tuple(items.iter().map(|item| some(item, bytes)).collect()),
            Shape::Result(ok, _) if byte > 127 => Val::Result(Ok(payload(ok))),
            Shape::Result(_, err) => Val::Result(Err(payload(err))),
            Shape::Record(_, fields) => {
                Val::Record(fields.iter().map(|f| (f.name.wit.clone(), some(&f.shape, bytes))).collect())
            }
            Shape::Variant(_, cases) => {
                let case = &cases[picked(cases.len())];
                Val::Variant(case.name.wit.clone(), payload(&case.payload))
            }
        }
    }

    /// Replaces a part of a value, or adds one, by what is likely to be nearly right.
    fn spoil(value: &mut Value, bytes: &mut impl Iterator<Item = u8>) {
        let byte = bytes.next().unwrap_or_default();
        match value {
            Value::Array(items) if byte > 64 && !items.is_empty() => {
                let index = usize::from(byte) % items.len();
                if byte > 230 {
                    let twin = items[index].clone();
                    items.push(twin);
                } else {
                    spoil(&mut items[index], bytes);
                }
            }
            Value::Object(members) if byte > 64 && !members.is_empty() => {
                let key = members.keys().nth(usize::from(byte) % members.len()).unwrap().clone();
                match byte {
                    231.. => drop(members.remove(&key)),
                    220..231 => drop(members.insert("n_1".into(), json!(1))),
                    _ => spoil(&mut members[&key], bytes),
                }
            }
            value => *value = strays()[usize::from(bytes.next().unwrap_or_default()) % strays().len()].clone(),
        }
    }

    fn strays() -> Vec<Value> {
        let mut strays = vec![
            json!(null),
            json!(true),
            json!(0),
            json!(-0.0),
            json!(-1),
            json!(1.0),
            json!(1.5),
            json!(127),
            json!(128),
            json!(-129),
            json!(256.0),
            json!(65_536),
            json!(i32::MIN),
            json!(1_u64 << 32),
            json!(i64::MIN),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1e15),
            json!(18_446_744_073_709_551_616.0),
            json!(-9_223_372_036_854_775_808.0),
            json!(1e300),
            json!(F32_END),
            json!(-F32_END),
            json!(F32_END.next_down()),
            json!(3.5e38),
            json!([]),
            json!([1]),
            json!([[]]),
            json!(["n_0", "n_0"]),
            json!({}),
            json!({"some": null}),
            json!({"some": 1}),
            json!({"ok": null}),
            json!({"err": 1}),
            json!({"n_0": 1}),
            json!({"n_0": null}),
            json!({"$ref": "#"}),
            json!({"ok": null, "err": null}),
        ];
        let texts = [
            "", "a", "ab", "e\u{301}", "🦀", "n_0", "n-0", "NaN", "nan", "Infinity", "AA==", "AB==", "AAA", "AAA=",
            "AAB=", "AAAA\n", "AA A", "null",
        ];
        strays.extend(texts.map(Value::from));
        strays
    }

    proptest! {
        /// What a guest returns can be handed to a guest again, and is the same.
        #[test]
        fn values_survive_the_round_trip(shape in shapes(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let value = some(&shape, &mut bytes.into_iter());
            let written = json(&shape, value.clone(), u64::MAX).unwrap();
            let text: Value = serde_json::from_str(&written.to_string()).unwrap();
            let read = arguments(&[field("x", shape)], &json!({"x": text}), u64::MAX).unwrap();
            prop_assert_eq!(format!("{:?}", read), format!("{:?}", [value]));
        }

        /// The schema that a caller is shown accepts what is read, and nothing else.
        #[test]
        fn the_schema_and_the_reader_agree(shape in shapes(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut bytes = bytes.into_iter();
            let mut value = json!({"x": json(&shape, some(&shape, &mut bytes), u64::MAX).unwrap()});
            let params = [field("x", shape)];
            let schema = jsonschema::draft202012::new(&crate::schema::of_members(&params, None)).unwrap();
            prop_assert!(schema.is_valid(&value), "{value}");
            for _ in 0..8 {
                spoil(&mut value, &mut bytes);
                let read = arguments(&params, &value, u64::MAX);
                prop_assert_eq!(schema.is_valid(&value), read.is_ok(), "{} as {}: {:?}", value, &params[0], read);
            }
        }

        /// What a guest answers fits the schema of answers.
        #[test]
        fn results_fit_their_schema(shape in shapes(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let schema = jsonschema::draft202012::new(&crate::schema::of(Some(&shape))).unwrap();
            let written = json(&shape, some(&shape, &mut bytes.into_iter()), u64::MAX).unwrap();
            prop_assert!(schema.is_valid(&written), "{written}");
        }

        /// No JSON makes the reader panic, whatever the shape.
        #[test]
        fn any_json_is_read_or_refused(shape in shapes(), text in "[\\[\\]{}\":,a-c0-9n_-]{0,30}") {
            let given = serde_json::from_str(&text).unwrap_or(Value::String(text));
            let _ = arguments(&[field("x", shape)], &json!({"x": given}), 1_000);
        }
    }
}
