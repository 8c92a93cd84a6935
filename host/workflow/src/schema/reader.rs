//! Reads the parts of a schema. It keeps a list of the parts that are still to be read, so that no depth and no circle of
//! references is a danger.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Number, Value};

use super::number;
use super::pattern::Pattern;
use super::rule::{Bound, End, Id, Of, Rule, Type};

type Result<T> = std::result::Result<T, String>;

/// Returns the parts of a schema; the first one is the whole.
pub(super) fn read(schema: &Value) -> Result<Vec<Vec<Rule>>> {
    let mut reader = Reader::new(schema)?;
    reader.part(String::new(), schema);
    while let Some((id, at, value)) = reader.waiting.pop_front() {
        let rules = reader.rules(id, &at, value).map_err(|why| format!("at ${at}: {why}"))?;
        if let Some(node) = reader.nodes.get_mut(id) {
            *node = rules;
        }
    }
    Ok(reader.nodes)
}

/// What the drafts before 2020-12 have otherwise.
#[derive(Clone, Copy, Default)]
struct Dialect {
    /// `items` may be a list, before what `additionalItems` says of.
    lists: bool,
    /// What stands beside a `$ref` says nothing.
    alone: bool,
}

impl Dialect {
    fn of(schema: &Value) -> Result<Self> {
        let Some(name) = schema.get("$schema") else { return Ok(Self::default()) };
        let name = name.as_str().unwrap_or_default();
        match name.trim_end_matches('#').trim_start_matches("https://").trim_start_matches("http://") {
            "json-schema.org/draft/2020-12/schema" => Ok(Self::default()),
            "json-schema.org/draft/2019-09/schema" => Ok(Self { lists: true, alone: false }),
            "json-schema.org/draft-07/schema" | "json-schema.org/draft-06/schema" => {
                Ok(Self { lists: true, alone: true })
            }
            _ => Err(format!(
                "the dialect {} of \"$schema\" is not known; \"https://json-schema.org/draft/2020-12/schema\" is, and so \
                 are drafts 2019-09, 07 and 06",
                quoted(schema.get("$schema"))
            )),
        }
    }
}

struct Reader<'a> {
    document: &'a Value,
    dialect: Dialect,
    /// The name of the document, which references may begin with.
    name: &'a str,
    parts: HashMap<String, Id>,
    waiting: VecDeque<(Id, String, &'a Value)>,
    nodes: Vec<Vec<Rule>>,
}

impl<'a> Reader<'a> {
    fn new(document: &'a Value) -> Result<Self> {
        let name = document.get("$id").and_then(Value::as_str).unwrap_or_default().trim_end_matches('#');
        let (parts, waiting, nodes) = Default::default();
        Ok(Self { document, dialect: Dialect::of(document)?, name, parts, waiting, nodes })
    }

    /// Returns the part at a place of the document, which will be read if it is not yet.
    fn part(&mut self, at: String, value: &'a Value) -> Id {
        if let Some(id) = self.parts.get(&at) {
            return *id;
        }
        let id = self.nodes.len();
        self.nodes.push(Vec::new());
        self.parts.insert(at.clone(), id);
        self.waiting.push_back((id, at, value));
        id
    }

    fn rules(&mut self, id: Id, at: &str, value: &'a Value) -> Result<Vec<Rule>> {
        match value {
            Value::Bool(true) => Ok(Vec::new()),
            Value::Bool(false) => Ok(vec![Rule::Never]),
            Value::Object(members) => self.keywords(id, at, members),
            other => Err(format!("{} is neither an object nor a boolean", quoted(Some(other)))),
        }
    }

    fn keywords(&mut self, id: Id, at: &str, members: &'a Map<String, Value>) -> Result<Vec<Rule>> {
        if self.dialect.alone
            && let Some(to) = members.get("$ref")
        {
            let part = self.reference(to).map_err(|why| format!("\"$ref\" {why}"))?;
            return Ok(vec![Rule::Same(part)]);
        }
        let mut rules = Vec::new();
        for (key, value) in members {
            let place = Place { at, key, value, members };
            let rule = self.keyword(id, &place);
            rules.extend(rule.map_err(|why| format!("\"{key}\" {why}"))?);
        }
        // What is said of the others looks at them all.
        rules.sort_by_key(|rule| matches!(rule, Rule::OtherItems { .. } | Rule::OtherMembers { .. }));
        Ok(rules)
    }

    fn keyword(&mut self, node: Id, place: &Place<'_, 'a>) -> Result<Vec<Rule>> {
        let value = place.value;
        let rule = match place.key {
            "type" => Rule::Types(types(value)?),
            "enum" => Rule::Enum(array(value)?.clone()),
            "const" => Rule::Const(value.clone()),
            "minimum" => Rule::Bound(Bound::Minimum, number(value)?),
            "maximum" => Rule::Bound(Bound::Maximum, number(value)?),
            "exclusiveMinimum" => Rule::Bound(Bound::ExclusiveMinimum, number(value)?),
            "exclusiveMaximum" => Rule::Bound(Bound::ExclusiveMaximum, number(value)?),
            "multipleOf" => Rule::MultipleOf(divisor(value)?),
            "minLength" => Rule::Size(Of::Characters, End::Min, count(value)?),
            "maxLength" => Rule::Size(Of::Characters, End::Max, count(value)?),
            "minItems" => Rule::Size(Of::Items, End::Min, count(value)?),
            "maxItems" => Rule::Size(Of::Items, End::Max, count(value)?),
            "minProperties" => Rule::Size(Of::Members, End::Min, count(value)?),
            "maxProperties" => Rule::Size(Of::Members, End::Max, count(value)?),
            "pattern" => Rule::Pattern(Pattern::new(text(value)?)?),
            "uniqueItems" if boolean(value)? => Rule::Unique,
            "required" => return Ok(texts(value)?.map(Rule::Required).collect()),
            "dependentRequired" => return needs(value),
            "dependentSchemas" => return self.whens(place),
            "dependencies" if self.dialect.lists => return self.dependencies(place),
            "properties" | "patternProperties" | "additionalProperties" if place.is_first_of(&MEMBERS) => {
                self.members(place)?
            }
            "propertyNames" => Rule::Names(self.child(place, place.key)?),
            "prefixItems" | "items" | "additionalItems" if place.is_first_of(&ITEMS) => self.items(place)?,
            "contains" => Rule::Contains {
                item: self.child(place, place.key)?,
                min: place.beside("minContains").map_or(Ok(1), count)?,
                max: place.beside("maxContains").map(count).transpose()?,
            },
            "$ref" | "$dynamicRef" | "$recursiveRef" => Rule::Same(self.reference(value)?),
            "allOf" => Rule::All(self.list(place)?),
            "anyOf" => Rule::Any(self.list(place)?),
            "oneOf" => Rule::One(self.list(place)?),
            "not" => Rule::Not(self.child(place, place.key)?, value.clone()),
            "if" => Rule::If {
                test: self.child(place, "if")?,
                then: self.optional(place, "then")?,
                or: self.optional(place, "else")?,
            },
            "unevaluatedItems" => Rule::OtherItems { node, rest: self.child(place, place.key)? },
            "unevaluatedProperties" => Rule::OtherMembers { node, rest: self.child(place, place.key)? },
            // They are read though nothing may refer to them: what is not a schema there is a mistake too.
            "$defs" | "definitions" => return self.children(place, place.key).map(|_| Vec::new()),
            "$id" if !place.at.is_empty() && !text(value)?.starts_with('#') => {
                return Err("makes a document within the document, which is not known here".into());
            }
            // What is said of values, and what no keyword of ours is.
            _ => return Ok(Vec::new()),
        };
        Ok(vec![rule])
    }

    fn members(&mut self, place: &Place<'_, 'a>) -> Result<Rule> {
        let mut named = self.children(place, "properties")?;
        named.sort_unstable();
        let matching = self.children(place, "patternProperties")?.into_iter();
        let matching = matching.map(|(source, id)| Ok((Pattern::new(&source)?, id))).collect::<Result<_>>()?;
        Ok(Rule::Members { named, matching, rest: self.optional(place, "additionalProperties")? })
    }

    fn items(&mut self, place: &Place<'_, 'a>) -> Result<Rule> {
        match place.beside("items") {
            Some(Value::Array(_)) if self.dialect.lists => {
                let prefix =
                    self.list(&Place { key: "items", value: place.beside("items").unwrap_or(&Value::Null), ..*place })?;
                Ok(Rule::Items { prefix, rest: self.optional(place, "additionalItems")? })
            }
            Some(Value::Array(_)) => Err("is a list, which draft 2020-12 calls \"prefixItems\"".into()),
            _ => {
                let prefix =
                    place.beside("prefixItems").map(|value| self.list(&Place { key: "prefixItems", value, ..*place }));
                Ok(Rule::Items {
                    prefix: prefix.transpose()?.unwrap_or_default(),
                    rest: self.optional(place, "items")?,
                })
            }
        }
    }

    fn whens(&mut self, place: &Place<'_, 'a>) -> Result<Vec<Rule>> {
        Ok(self.children(place, place.key)?.into_iter().map(|(name, id)| Rule::When(name, id)).collect())
    }

    fn dependencies(&mut self, place: &Place<'_, 'a>) -> Result<Vec<Rule>> {
        let mut rules = Vec::new();
        for (name, value) in object(place.value)? {
            if value.is_array() {
                rules.extend(texts(value)?.map(|needed| Rule::Needs(name.clone(), needed)));
            } else {
                rules.push(Rule::When(name.clone(), self.part(place.within(&[place.key, name]), value)));
            }
        }
        Ok(rules)
    }

    fn child(&mut self, place: &Place<'_, 'a>, key: &str) -> Result<Id> {
        self.optional(place, key)?.ok_or_else(|| "is missing".to_owned())
    }

    fn optional(&mut self, place: &Place<'_, 'a>, key: &str) -> Result<Option<Id>> {
        Ok(place.beside(key).map(|value| self.part(place.within(&[key]), value)))
    }

    fn children(&mut self, place: &Place<'_, 'a>, key: &str) -> Result<Vec<(String, Id)>> {
        let Some(value) = place.beside(key) else { return Ok(Vec::new()) };
        Ok(object(value)?
            .iter()
            .map(|(name, value)| (name.clone(), self.part(place.within(&[key, name]), value)))
            .collect())
    }

    fn list(&mut self, place: &Place<'_, 'a>) -> Result<Vec<Id>> {
        let items = array(place.value)?;
        if items.is_empty() {
            return Err("is empty".into());
        }
        let ids =
            items.iter().enumerate().map(|(at, item)| self.part(place.within(&[place.key, &at.to_string()]), item));
        Ok(ids.collect())
    }

    fn reference(&mut self, to: &Value) -> Result<Id> {
        let text = text(to)?;
        let (document, place) = text.split_once('#').unwrap_or((text, ""));
        if !document.is_empty() && document != self.name {
            return Err(format!("leads to {}, outside of the schema, and nothing is loaded", quoted(Some(to))));
        }
        let place = decoded(place);
        let found = if place.is_empty() || place.starts_with('/') {
            self.document.pointer(&place).map(|value| (place, value))
        } else {
            anchored(self.document, &place)
        };
        let (at, value) = found.ok_or_else(|| format!("leads to {}, where there is nothing", quoted(Some(to))))?;
        Ok(self.part(at, value))
    }
}

const MEMBERS: [&str; 3] = ["properties", "patternProperties", "additionalProperties"];
const ITEMS: [&str; 3] = ["prefixItems", "items", "additionalItems"];

/// A keyword, where it stands, and what stands beside it.
#[derive(Clone, Copy)]
struct Place<'p, 'a> {
    at: &'p str,
    key: &'p str,
    value: &'a Value,
    members: &'a Map<String, Value>,
}

impl<'a> Place<'_, 'a> {
    fn beside(&self, key: &str) -> Option<&'a Value> {
        self.members.get(key)
    }

    /// Whether it is the first one there of several keywords that make one rule.
    fn is_first_of(&self, keys: &[&str]) -> bool {
        keys.iter().find(|key| self.members.contains_key(**key)) == Some(&self.key)
    }

    fn within(&self, steps: &[&str]) -> String {
        let steps = steps.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1")));
        std::iter::once(self.at.to_owned()).chain(steps).collect()
    }
}

fn types(value: &Value) -> Result<Vec<Type>> {
    let one = |value: &Value| {
        let named = |(name, _): &&(&str, Type)| value.as_str() == Some(name);
        let found = Type::ALL.iter().find(named).map(|(_, one)| *one);
        found.ok_or_else(|| format!("is {}, which is not a type", quoted(Some(value))))
    };
    match value {
        Value::Array(all) if all.is_empty() => Err("is empty".into()),
        Value::Array(all) => all.iter().map(one).collect(),
        single => Ok(vec![one(single)?]),
    }
}

fn needs(value: &Value) -> Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for (name, needed) in object(value)? {
        rules.extend(texts(needed)?.map(|needed| Rule::Needs(name.clone(), needed)));
    }
    Ok(rules)
}

fn number(value: &Value) -> Result<Number> {
    value.as_number().cloned().ok_or_else(|| format!("is {} and not a number", quoted(Some(value))))
}

fn divisor(value: &Value) -> Result<Number> {
    let number = number(value)?;
    if number.as_f64().is_some_and(|number| number > 0.0) {
        Ok(number)
    } else {
        Err(format!("is {number}, and not more than 0"))
    }
}

fn count(value: &Value) -> Result<u64> {
    let whole = value.as_number().and_then(number::integer).and_then(|count| u64::try_from(count).ok());
    whole.ok_or_else(|| format!("is {}, and not a count", quoted(Some(value))))
}

fn boolean(value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| format!("is {}, and neither true nor false", quoted(Some(value))))
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| format!("is {} and not a text", quoted(Some(value))))
}

fn texts(value: &Value) -> Result<impl Iterator<Item = String>> {
    let texts: Result<Vec<_>> = array(value)?.iter().map(|one| text(one).map(str::to_owned)).collect();
    Ok(texts?.into_iter())
}

fn array(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().ok_or_else(|| format!("is {} and not a list", quoted(Some(value))))
}

fn object(value: &Value) -> Result<&Map<String, Value>> {
    value.as_object().ok_or_else(|| format!("is {} and not an object", quoted(Some(value))))
}

/// The most of a value that a text repeats.
const SHOWN_CHARS_MAX: usize = 100;

fn quoted(value: Option<&Value>) -> String {
    let text = value.map(ToString::to_string).unwrap_or_default();
    if text.chars().count() <= SHOWN_CHARS_MAX {
        text
    } else {
        text.chars().take(SHOWN_CHARS_MAX).chain(['…']).collect()
    }
}

/// Returns the object that has an anchor of this name, and its place.
fn anchored<'a>(document: &'a Value, name: &str) -> Option<(String, &'a Value)> {
    let mut waiting = vec![(String::new(), document)];
    while let Some((at, value)) = waiting.pop() {
        let is = |key: &str| value.get(key).and_then(Value::as_str) == Some(name);
        let is_old = || value.get("$id").and_then(Value::as_str).and_then(|id| id.strip_prefix('#')) == Some(name);
        if is("$anchor") || is("$dynamicAnchor") || is_old() {
            return Some((at, value));
        }
        match value {
            Value::Array(items) => {
                waiting.extend(items.iter().enumerate().map(|(index, item)| (format!("{at}/{index}"), item)))
            }
            Value::Object(members) => waiting.extend(
                members
                    .iter()
                    .map(|(name, member)| (format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), member)),
            ),
            _ => {}
        }
    }
    None
}

/// Reads what a fragment of a URL has written with `%`.
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = byte.and_then(|_| after.get(2..)).unwrap_or(after);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
