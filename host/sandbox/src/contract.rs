use std::sync::OnceLock;

use jsonschema::Validator;
use jsonschema::paths::LocationSegment;
use serde_json::Value;
use stockade_workflow::{Fault, Kind};

use crate::Result;
use crate::values::{described, quoted};

/// The JSON Schema of one side of a function, ready to be checked against. It is made when the first call needs it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contract {
    validator: OnceLock<Result<Validator>>,
}

impl Contract {
    /// Checks a value; `what` names it in the refusal.
    pub(crate) fn check(&self, what: &str, value: &Value, schema: impl FnOnce() -> Value) -> Result<()> {
        let validator = self.validator.get_or_init(|| compiled(&schema())).as_ref().map_err(Clone::clone)?;
        if validator.is_valid(value) {
            return Ok(());
        }
        validator.validate(value).map_err(|error| {
            let path: String = error.instance_path().segments().map(step).collect();
            let (expected, got) = (error.masked_with("it"), described(error.instance()));
            Fault::invalid("schema", format!("{what} (at ${path}): {expected}, got {got}"))
        })
    }
}

fn compiled(schema: &Value) -> Result<Validator> {
    let compiled = jsonschema::draft202012::new(schema);
    compiled.map_err(|error| Fault::new(Kind::HostBug, format!("a schema of ours is not valid: {error}")))
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
        assert!(contract.check("result", &json!({"a": [1, 2]}), schema).is_ok());
        let fault = contract.check("result", &json!({"a": [1, 4]}), schema).unwrap_err();
        assert_eq!(fault.message, "result (at $.a[1]): it is greater than the maximum of 3, got number 4");
        assert_eq!(fault.detail.as_deref(), Some("schema"));
    }
}
