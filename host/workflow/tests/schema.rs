//! JSON Schema against the tests of json-schema.org, and against schemas and values that mean no good.
//!
//! `schema/suite.json` is its suite for drafts 2020-12 and 7 (<https://github.com/json-schema-org/JSON-Schema-Test-Suite>,
//! under the MIT licence), a group a list: what it is of, the schema, and values with whether each fits.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stockade_workflow::schema::Schema;

const SUITE: &str = include_str!("schema/suite.json");

type Group = (String, Value, Vec<(Value, bool)>);

/// Why a schema of the suite may be refused: what it wants is not known here.
const REASONS: [&str; 4] =
    ["outside of the schema", "a document within the document", "of \"$schema\" is not known", "unrecognized escape"];

/// The groups whose schema is read, of 677.
const READ: usize = 598;

#[test]
fn a_schema_is_right_of_every_value_or_is_refused() {
    let suite: BTreeMap<String, Vec<Group>> = serde_json::from_str(SUITE).unwrap();
    let mut read = 0;
    for (file, (name, schema, values)) in
        suite.iter().flat_map(|(file, groups)| groups.iter().map(move |group| (file, group)))
    {
        let schema = match Schema::new(&of_its_draft(file, schema)) {
            Ok(schema) => schema,
            Err(why) => {
                assert!(REASONS.iter().any(|reason| why.contains(reason)), "{file}: {name}: {why}");
                continue;
            }
        };
        read += 1;
        for (value, fits) in values {
            assert_eq!(schema.accepts(value), *fits, "{file}: {name}: {value}");
            assert_eq!(schema.misfits(value, 3).is_empty(), *fits, "{file}: {name}: {value}");
        }
    }
    assert_eq!(read, READ);
}

fn of_its_draft(file: &str, schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(members) = schema.as_object_mut().filter(|_| file.starts_with("draft7")) {
        members.entry("$schema").or_insert_with(|| "http://json-schema.org/draft-07/schema#".into());
    }
    schema
}

fn misfits(schema: &Value, value: &Value) -> Vec<String> {
    let schema = Schema::new(schema).unwrap();
    schema.misfits(value, 9).iter().map(|misfit| format!("{}: {misfit}", misfit.pointer())).collect()
}

#[test]
fn a_misfit_says_where_and_what() {
    for (schema, value, says) in [
        (json!({"type": "integer"}), json!(1.5), "1.5 is not of type \"integer\""),
        (json!({"type": ["string", "null"]}), json!(1), "1 is not of types \"string\", \"null\""),
        (json!({"required": ["n"]}), json!({}), "\"n\" is a required property"),
        (
            json!({"additionalProperties": false}),
            json!({"a": 1}),
            "Additional properties are not allowed ('a' was unexpected)",
        ),
        (
            json!({"additionalProperties": false}),
            json!({"a": 1, "b": 2}),
            "Additional properties are not allowed ('a', 'b' were unexpected)",
        ),
        (json!({"enum": ["a", "b"]}), json!("c"), "\"c\" is not one of \"a\" or \"b\""),
        (json!({"enum": [1, 2, 3, 4]}), json!(5), "5 is not one of 1, 2 or 2 other candidates"),
        (json!({"const": "a"}), json!("b"), "\"a\" was expected"),
        (json!({"minimum": 3}), json!(1), "1 is less than the minimum of 3"),
        (json!({"exclusiveMaximum": 3}), json!(3), "3 is greater than or equal to the maximum of 3"),
        (json!({"minLength": 2}), json!("a"), "\"a\" is shorter than 2 characters"),
        (json!({"maxItems": 1}), json!([1, 2]), "[1,2] has more than 1 item"),
        (json!({"pattern": "^b"}), json!("a"), "\"a\" does not match \"^b\""),
        (json!({"multipleOf": 2}), json!(3), "3 is not a multiple of 2"),
        (json!({"uniqueItems": true}), json!([1, 1.0]), "[1,1.0] has non-unique elements"),
        (json!({"anyOf": [false]}), json!(1), "1 is not valid under any of the schemas listed in the 'anyOf' keyword"),
        (
            json!({"oneOf": [true, true]}),
            json!(1),
            "1 is valid under more than one of the schemas listed in the 'oneOf' keyword",
        ),
        (json!({"not": {"type": "null"}}), json!(null), "{\"type\":\"null\"} is not allowed for null"),
        (
            json!({"propertyNames": {"maxLength": 1}}),
            json!({"ab": 1}),
            "Properties of such a name are not allowed ('ab' was unexpected)",
        ),
    ] {
        assert_eq!(misfits(&schema, &value), [format!(": {says}")], "{schema}");
    }
    let schema = json!({"properties": {"a/b": {"items": {"$ref": "#/$defs/n"}}}, "$defs": {"n": {"maximum": 3}}});
    assert_eq!(
        misfits(&schema, &json!({"a/b": [1, 4, 5]})),
        ["/a~1b/1: 4 is greater than the maximum of 3", "/a~1b/2: 5 is greater than the maximum of 3"]
    );
    let long = misfits(&json!({"type": "null"}), &json!("é".repeat(1 << 20))).concat();
    assert!(long.len() < 1_100 && long.ends_with("…\u{20}is not of type \"null\""), "{}", long.len());
}

#[test]
fn what_is_no_schema_is_refused_with_its_place() {
    for (schema, says) in [
        (json!(3), "at $: 3 is neither an object nor a boolean"),
        (
            json!({"properties": {"n": {"type": "strnig"}}}),
            "at $/properties/n: \"type\" is \"strnig\", which is not a type",
        ),
        (json!({"type": "object", "required": "n"}), "\"required\" is \"n\" and not a list"),
        (json!({"$defs": {"unused": {"minLength": -1}}}), "at $/$defs/unused: \"minLength\" is -1, and not a count"),
        (json!({"pattern": "("}), "the expression \"(\" cannot be used: error: unclosed group"),
        (json!({"pattern": "^(?=a)"}), "look-around"),
        (json!({"$ref": "#/$defs/n"}), "\"$ref\" leads to \"#/$defs/n\", where there is nothing"),
        (json!({"$ref": "http://localhost:1/s.json"}), "outside of the schema, and nothing is loaded"),
        (json!({"$ref": "file:///etc/passwd"}), "outside of the schema, and nothing is loaded"),
        (json!({"items": [{}]}), "which draft 2020-12 calls \"prefixItems\""),
        (json!({"multipleOf": 0}), "is 0, and not more than 0"),
        (json!({"$schema": "http://json-schema.org/draft-04/schema#"}), "is not known"),
        (json!({"allOf": [{"$id": "http://a/b", "type": "null"}]}), "a document within the document"),
    ] {
        let error = Schema::new(&schema).unwrap_err();
        assert!(error.contains(says), "{schema}: {error}");
    }
}

#[test]
fn numbers_are_compared_exactly() {
    let schema = Schema::new(&json!({"minimum": i64::MIN, "maximum": u64::MAX})).unwrap();
    for (text, fits) in [
        ("18446744073709551615", true),
        ("18446744073709551616", false),
        ("-9223372036854775808", true),
        ("-9223372036854775809", true), // it is read as the nearest f64, which is the minimum
        ("-9223372036854777856", false),
        ("1e300", false),
    ] {
        assert_eq!(schema.accepts(&serde_json::from_str(text).unwrap()), fits, "{text}");
    }
    let odd = Schema::new(&json!({"multipleOf": 3})).unwrap();
    assert!(odd.accepts(&json!(u64::MAX)) && !odd.accepts(&json!(u64::MAX - 1)) && odd.accepts(&json!(3e20)));
}

/// Each would take for ever, or all of the stack.
#[test]
fn no_schema_makes_a_check_endless() {
    let chain = |count: usize| {
        let next = |at: usize| json!({"$ref": format!("#/$defs/{}", at + 1)});
        let twice = |at: usize| (at.to_string(), json!({"allOf": [next(at), next(at)]}));
        let mut defs: serde_json::Map<_, _> = (0..count).map(twice).collect();
        defs.insert(count.to_string(), json!(true));
        json!({"$ref": "#/$defs/0", "$defs": defs})
    };
    let deep = (0..120).fold(json!(1), |value, _| json!([value]));
    for (schema, value) in [
        (json!({"$ref": "#"}), json!(1)),
        (json!({"not": {"$ref": "#"}}), json!(1)),
        (
            json!({"anyOf": [{"items": {"$ref": "#"}, "maxItems": 0}, {"items": {"$ref": "#"}, "minItems": 2}]}),
            deep.clone(),
        ),
        (chain(100), json!(1)),
        (chain(100_000), json!(1)),
        (json!({"$ref": "#", "unevaluatedProperties": false}), json!({"a": 1})),
    ] {
        let says = misfits(&schema, &value);
        assert!(says.len() == 1 && says.concat().contains("takes too many steps"), "{says:?}");
    }
    let tree = json!({"type": ["array", "integer"], "items": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}});
    assert!(Schema::new(&tree).unwrap().accepts(&deep));
}

/// An expression that would take years in an engine that tries all ways, and one that would take all of the memory.
#[test]
fn no_expression_makes_a_check_slow() {
    let schema = Schema::new(&json!({"pattern": "^(a|a)*b$"})).unwrap();
    assert!(!schema.accepts(&json!("a".repeat(100_000))));
    assert!(Schema::new(&json!({"pattern": "((a{1000}){1000}){1000}"})).unwrap_err().contains("exceeds size limit"));
}
