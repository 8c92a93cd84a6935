use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value};
use wasmtime::component::Val;

use super::misfit::{Fit, Misfit, Problem};
use super::number::{expected, float, float32, signed, unsigned};
use super::{Carried, NODE_BYTES};
use crate::name::Name;
use crate::quote::excerpt;
use crate::shape::{Case, Field, Payload, Shape, joined, short};

/// Reads JSON as values of the component model.
pub(super) struct Reader {
    left: u64,
}

impl Reader {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { left: bytes_max }
    }

    /// Recursion is as deep as the type, which is not recursive, whatever the depth of the JSON.
    fn value(&mut self, shape: &Shape, given: &Value) -> Fit<Val> {
        self.spend(NODE_BYTES)?;
        let wrong = || Misfit::wrong(expected(shape, given), given);
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
            Shape::F32 => Val::Float32(float32(given).ok_or_else(wrong)?),
            Shape::F64 => Val::Float64(float(given).ok_or_else(wrong)?),
            Shape::Char => Val::Char(given.as_str().and_then(only_char).ok_or_else(wrong)?),
            Shape::String => Val::String(self.text(given.as_str().ok_or_else(wrong)?)?.to_owned()),
            Shape::Bytes => bytes(self.text(given.as_str().ok_or_else(wrong)?)?).ok_or_else(wrong)?,
            Shape::List(item) => Val::List(self.items(|_| Some(item), given.as_array().ok_or_else(wrong)?)?),
            Shape::FixedList(item, length) => self.fixed_list(item, *length, given)?,
            Shape::Map(key, value) => Val::Map(self.map(key, value, given)?),
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
        let items = so_many(given, shapes.len())?;
        Ok(Val::Tuple(self.items(|index| shapes.get(index), items)?))
    }

    fn fixed_list(&mut self, item: &Shape, length: u32, given: &Value) -> Fit<Val> {
        let items = so_many(given, length as usize)?;
        Ok(Val::FixedLengthList(self.items(|_| Some(item), items)?))
    }

    fn map(&mut self, key: &Shape, value: &Shape, given: &Value) -> Fit<Vec<(Val, Val)>> {
        match (key, given) {
            (Shape::String, Value::Object(members)) => {
                members.iter().map(|(name, given)| self.entry(name, value, given)).collect()
            }
            (Shape::String, _) => Err(Misfit::wrong("object", given)),
            (_, Value::Array(pairs)) => {
                let pairs = pairs.iter().enumerate();
                let pairs = pairs
                    .map(|(at, pair)| self.pair(key, value, pair).map_err(|misfit| misfit.under(format!("[{at}]"))));
                pairs.collect()
            }
            _ => Err(Misfit::wrong("array of pairs", given)),
        }
    }

    fn entry(&mut self, name: &str, value: &Shape, given: &Value) -> Fit<(Val, Val)> {
        let key = Val::String(self.text(name)?.to_owned());
        Ok((key, self.value(value, given).map_err(|misfit| misfit.under(step(name)))?))
    }

    fn pair(&mut self, key: &Shape, value: &Shape, given: &Value) -> Fit<(Val, Val)> {
        let items = so_many(given, 2)?;
        let mut items = self.items(|at| Some(if at == 0 { key } else { value }), items)?.into_iter();
        let pair = items.next().zip(items.next());
        pair.ok_or_else(|| Misfit::wrong("array of 2", given))
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

    fn result(&mut self, ok: &Payload, err: &Payload, given: &Value) -> Fit<Result<Carried, Carried>> {
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

    pub(super) fn members(&mut self, fields: &[Field], given: &Value) -> Fit<Vec<Val>> {
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

fn so_many(given: &Value, length: usize) -> Fit<&[Value]> {
    let items = given.as_array().filter(|items| items.len() == length);
    Ok(items.ok_or_else(|| Misfit::wrong(format!("array of {length}"), given))?)
}

fn step(member: &str) -> String {
    format!(".{}", excerpt(member))
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
