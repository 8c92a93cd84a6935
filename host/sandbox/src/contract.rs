use std::sync::OnceLock;

use jsonschema::Validator;
use jsonschema::paths::LocationSegment;
use serde_json::Value;
use stockade_workflow::{Fault, Kind};

use crate::Result;
use crate::values::{described, quoted};

/// The values that a schema may be made of to be compiled, which takes some 5 µs for each: a component of a hundred
/// bytes can describe types so large that the first caller would wait for seconds. Beyond that the reader, which
/// accepts exactly the same, is alone.
const PARTS_MAX: usize = 10_000;

/// The JSON Schema of one side of a function, ready to be checked against. It is made when the first call needs it, in
/// some 30 µs; a check of a small value takes 0.1 to 0.3 µs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contract {
    validator: OnceLock<Result<Option<Validator>>>,
}

impl Contract {
    /// Checks a value; `what` names it in the refusal. A schema has at least as many values as its types have parts, so
    /// that one of too many is not even made.
    pub(crate) fn check(
        &self,
        what: &str,
        value: &Value,
        parts: impl FnOnce() -> usize,
        schema: impl FnOnce() -> Value,
    ) -> Result<()> {
        let validator = self
            .validator
            .get_or_init(|| if parts() > PARTS_MAX { Ok(None) } else { compiled(&schema()) })
            .as_ref()
            .map_err(Clone::clone)?;
        match validator {
            Some(validator) if !validator.is_valid(value) => explain(validator, what, value),
            _ => Ok(()),
        }
    }
}

fn compiled(schema: &Value) -> Result<Option<Validator>> {
    if parts(schema) > PARTS_MAX {
        return Ok(None);
    }
    let compiled = jsonschema::draft202012::new(schema).map(Some);
    compiled.map_err(|error| Fault::new(Kind::HostBug, format!("a schema of ours is not valid: {error}")))
}

fn parts(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(parts).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(parts).sum::<usize>(),
        _ => 1,
    }
}

fn explain(validator: &Validator, what: &str, value: &Value) -> Result<()> {
    validator.validate(value).map_err(|error| {
        let path: String = error.instance_path().segments().map(step).collect();
        let (expected, got) = (error.masked_with("it"), described(error.instance()));
        Fault::invalid("schema", format!("{what} (at ${path}): {expected}, got {got}"))
    })
}

fn step(segment: LocationSegment<'_>) -> String {
    match segment {
        LocationSegment::Property(name) => format!(".{}", quoted(&name)),
        LocationSegment::Index(index) => format!("[{index}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_of_the_schema_says_where_and_what() {
        let contract = Contract::default();
        let schema = || json!({"type": "object", "properties": {"a": {"type": "array", "items": {"maximum": 3}}}});
        assert!(contract.check("result", &json!({"a": [1, 2]}), || 1, schema).is_ok());
        let fault = contract.check("result", &json!({"a": [1, 4]}), || 1, schema).unwrap_err();
        assert_eq!(fault.message, "result (at $.a[1]): it is greater than the maximum of 3, got number 4");
        assert_eq!(fault.detail.as_deref(), Some("schema"));
    }

    #[test]
    fn a_schema_too_large_to_compile_is_left_to_the_reader() {
        let of = |count: usize| json!({"enum": vec![json!("a"); count]});
        assert!(Contract::default().check("result", &json!("b"), || 1, || of(PARTS_MAX)).is_ok());
        assert!(Contract::default().check("result", &json!("b"), || 1, || of(PARTS_MAX / 2)).is_err());
        let never = || panic!("it is made");
        assert!(Contract::default().check("result", &json!("b"), || PARTS_MAX + 1, never).is_ok());
    }
}
