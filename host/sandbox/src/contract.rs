use std::sync::OnceLock;

use serde_json::Value;
use stockade_workflow::schema::{Schema, Step};
use stockade_workflow::{Fault, Kind};

use crate::Result;
use crate::quote::{described, excerpt};

/// The values that a schema may be made of to be compiled, which takes some 5 µs for each: a component of a hundred
/// bytes can describe types so large that the first caller would wait for seconds. Beyond that the reader, which
/// accepts exactly the same, is alone.
const PARTS_MAX: usize = 10_000;

/// The JSON Schema of one side of a function, ready to be checked against. It is made when the first call needs it, in
/// some 30 µs; a check of a small value takes 0.1 to 0.3 µs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contract {
    schema: OnceLock<Result<Option<Schema>>>,
}

impl Contract {
    /// Checks a value; `what` names it in the refusal. A schema has at least as many values as its types have parts, so
    /// that one of too many is not even made.
    pub(crate) fn check(
        &self,
        what: &str,
        value: &Value,
        parts: impl FnOnce() -> usize,
        written: impl FnOnce() -> Value,
    ) -> Result<()> {
        let schema = self
            .schema
            .get_or_init(|| if parts() > PARTS_MAX { Ok(None) } else { compiled(&written()) })
            .as_ref()
            .map_err(Clone::clone)?;
        match schema {
            Some(schema) if !schema.accepts(value) => explain(schema, what, value),
            _ => Ok(()),
        }
    }
}

fn compiled(schema: &Value) -> Result<Option<Schema>> {
    if parts(schema) > PARTS_MAX {
        return Ok(None);
    }
    let compiled = Schema::new(schema).map(Some);
    compiled.map_err(|error| Fault::new(Kind::HostBug, format!("a schema of ours is not valid: {error}")))
}

fn parts(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(parts).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(parts).sum::<usize>(),
        _ => 1,
    }
}

fn explain(schema: &Schema, what: &str, value: &Value) -> Result<()> {
    let Some(misfit) = schema.misfits(value, 1).pop() else { return Ok(()) };
    let path: String = misfit.path.iter().map(step).collect();
    let (expected, got) = (misfit.says_of("it"), described(misfit.value));
    Err(Fault::invalid("schema", format!("{what} (at ${path}): {expected}, got {got}")))
}

fn step(step: &Step<'_>) -> String {
    match step {
        Step::Member(name) => format!(".{}", excerpt(name)),
        Step::Item(index) => format!("[{index}]"),
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
