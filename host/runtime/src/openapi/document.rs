use serde_json::{Map, Value};

use super::{OPERATIONS_MAX, Operation, address};
use crate::identifier::identifier;

/// How deep a schema is shown; what is deeper is shown as anything.
const DEPTH_MAX: usize = 32;

/// How many values a schema may have once its references are followed: they can double at each step.
const NODES_MAX: usize = 5_000;

/// The methods of operations. The others are for proxies.
const METHODS: [&str; 7] = ["get", "head", "options", "post", "put", "patch", "delete"];

/// A document that describes a service.
pub(crate) struct Document<'a> {
    root: &'a Value,
}

impl<'a> Document<'a> {
    /// Takes a document of OpenAPI 3.
    ///
    /// # Errors
    ///
    /// It is of another kind; the text says so.
    pub(crate) fn new(root: &'a Value) -> Result<Self, String> {
        match root.get("openapi").and_then(Value::as_str) {
            Some(version) if version.starts_with("3.") => Ok(Self { root }),
            Some(version) => Err(format!("it is of OpenAPI \"{version}\", and 3.0 and 3.1 are read")),
            None => {
                Err("it has no \"openapi\", which says its version: documents of Swagger 2 are not read".to_owned())
            }
        }
    }

    /// Returns where the service is: what the operator says, or the document's first server.
    ///
    /// # Errors
    ///
    /// That is not an address of http or https without a question mark.
    pub(crate) fn base(&self, said: Option<&str>) -> Result<String, String> {
        let own = || self.root.pointer("/servers/0/url").and_then(Value::as_str);
        let base = said.or_else(own).unwrap_or_default();
        if address::is_base(base) {
            return Ok(base.trim_end_matches('/').to_owned());
        }
        Err(format!(
            "the address of the service is \"{}\", which is not https://HOST/PATH; `base_url` says another",
            address::shown(base)
        ))
    }

    /// Returns the operations, those that are named or else all.
    ///
    /// # Errors
    ///
    /// An operation cannot be called, two have one name, or one that is named is not there.
    pub(crate) fn operations(&self, named: Option<&[String]>) -> Result<Vec<Operation>, String> {
        let mut operations: Vec<Operation> = Vec::new();
        for (path, item) in self.root.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let item = self.resolved(item)?;
            for method in METHODS {
                let Some(value) = item.get(method) else { continue };
                let name = Operation::name_of(value, method, path);
                if named.is_some_and(|named| !named.contains(&name)) {
                    continue;
                }
                let operation = Operation::read(self, &name, method, path, item, value);
                let hint = if named.is_none() { "; `operations` says which are wanted" } else { "" };
                operations.push(
                    operation.map_err(|why| format!("the operation \"{}\": {why}{hint}", address::shown(&name)))?,
                );
            }
        }
        check(&operations, named.unwrap_or_default())?;
        Ok(operations)
    }

    /// Follows a reference to its end.
    ///
    /// # Errors
    ///
    /// It leads out of the document, nowhere, or in a circle.
    pub(super) fn resolved(&self, value: &'a Value) -> Result<&'a Value, String> {
        let mut value = value;
        for _ in 0..DEPTH_MAX {
            match value.get("$ref").and_then(Value::as_str) {
                Some(reference) => value = self.at(reference)?,
                None => return Ok(value),
            }
        }
        Err("a reference leads in a circle".to_owned())
    }

    fn at(&self, reference: &str) -> Result<&'a Value, String> {
        let shown = address::shown(reference);
        let pointer = reference
            .strip_prefix('#')
            .ok_or_else(|| format!("the reference \"{shown}\" leads out of the document, and nothing is loaded"))?;
        self.root.pointer(pointer).ok_or_else(|| format!("the reference \"{shown}\" leads nowhere"))
    }

    /// Returns a schema with all its references replaced by what they lead to. Where one leads back to itself, anything fits.
    ///
    /// # Errors
    ///
    /// As [`Document::resolved`]; or it has too many values.
    pub(super) fn schema(&self, schema: &'a Value) -> Result<Value, String> {
        let mut inlining = Inlining { document: self, open: Vec::new(), left: NODES_MAX };
        inlining.value(schema, 0)
    }
}

fn check(operations: &[Operation], named: &[String]) -> Result<(), String> {
    if let Some(missing) = named.iter().find(|name| !operations.iter().any(|operation| operation.name() == *name)) {
        return Err(format!("there is no operation \"{missing}\""));
    }
    if operations.is_empty() || operations.len() > OPERATIONS_MAX {
        return Err(format!(
            "it has \"{}\" operations, and 1 to {OPERATIONS_MAX} may be; `operations` says which",
            operations.len()
        ));
    }
    let mut names: Vec<String> = operations.iter().map(|operation| identifier(operation.name())).collect();
    names.sort();
    match names.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[String]>::first) {
        Some(twice) => Err(format!("two operations would be \"{twice}\" in code")),
        None => Ok(()),
    }
}

/// A schema that is being written out.
struct Inlining<'d, 'a> {
    document: &'d Document<'a>,
    /// The references that are being followed.
    open: Vec<&'a str>,
    left: usize,
}

impl<'a> Inlining<'_, 'a> {
    fn value(&mut self, value: &'a Value, depth: usize) -> Result<Value, String> {
        self.left = self.left.checked_sub(1).ok_or_else(|| format!("a schema has more than {NODES_MAX} values"))?;
        if depth > DEPTH_MAX {
            return Ok(anything());
        }
        match value {
            Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
                Some(reference) => self.reference(reference, depth),
                None => self.object(members, depth),
            },
            Value::Array(items) => {
                Ok(Value::Array(items.iter().map(|item| self.value(item, depth + 1)).collect::<Result<_, _>>()?))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
        }
    }

    fn reference(&mut self, reference: &'a str, depth: usize) -> Result<Value, String> {
        if self.open.contains(&reference) {
            return Ok(anything());
        }
        let target = self.document.at(reference)?;
        self.open.push(reference);
        let value = self.value(target, depth + 1);
        self.open.pop();
        value
    }

    /// What version 3.0 says by booleans is said as JSON Schema does, or left out.
    fn object(&mut self, members: &'a Map<String, Value>, depth: usize) -> Result<Value, String> {
        let mut object = Map::new();
        for (name, value) in members {
            // A property may have one of these names, and is a schema then.
            let is_old =
                matches!(name.as_str(), "nullable" | "exclusiveMinimum" | "exclusiveMaximum") && value.is_boolean();
            if !is_old {
                object.insert(name.clone(), self.value(value, depth + 1)?);
            }
        }
        if members.get("nullable") == Some(&Value::Bool(true))
            && let Some(Value::String(kind)) = object.get("type").cloned()
        {
            object.insert("type".to_owned(), Value::from(vec![kind, "null".to_owned()]));
        }
        Ok(Value::Object(object))
    }
}

fn anything() -> Value {
    Value::Object(Map::new())
}
