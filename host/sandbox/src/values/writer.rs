use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value};
use stockade_workflow::{Fault, Kind};
use wasmtime::component::Val;

use super::number::number;
use super::{Carried, NODE_BYTES, too_large};
use crate::Result;
use crate::name::Name;
use crate::quote::excerpt;
use crate::shape::{Case, Field, Payload, Shape};

/// Writes values of the component model as JSON.
pub(super) struct Writer {
    left: u64,
    bytes_max: u64,
}

impl Writer {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { left: bytes_max, bytes_max }
    }

    pub(super) fn value(&mut self, shape: &Shape, value: Val) -> Result<Value> {
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
            (Shape::FixedList(item, _), Val::FixedLengthList(items)) => self.items(|_| Some(item), items)?,
            (Shape::Map(key, value), Val::Map(pairs)) => self.map(key, value, pairs)?,
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

    fn map(&mut self, key: &Shape, value: &Shape, pairs: Vec<(Val, Val)>) -> Result<Value> {
        if matches!(key, Shape::String) {
            return self.object(value, pairs);
        }
        let pairs =
            pairs.into_iter().map(|pair| Ok(Value::Array(vec![self.value(key, pair.0)?, self.value(value, pair.1)?])));
        Ok(Value::Array(pairs.collect::<Result<_>>()?))
    }

    /// A map of a guest may have a key twice, which an object would lose.
    fn object(&mut self, shape: &Shape, pairs: Vec<(Val, Val)>) -> Result<Value> {
        let mut members = Map::new();
        for (key, value) in pairs {
            let Val::String(key) = key else { return Err(mismatch()) };
            self.spend(key.len() as u64)?;
            if members.contains_key(&key) {
                let key = excerpt(&key);
                let message = format!("the result is a map with the key \"{key}\" twice");
                return Err(Fault::new(Kind::Output, message).detail("map"));
            }
            members.insert(key, self.value(shape, value)?);
        }
        Ok(Value::Object(members))
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

fn json_name(names: &[Name], wit: &str) -> Result<String> {
    let name = names.iter().find(|name| name.wit == wit).ok_or_else(mismatch)?;
    Ok(name.json.clone())
}

fn mismatch() -> Fault {
    Fault::new(Kind::HostBug, "a value is not of the type that wasmtime gave it")
}
