//! The schemas that callers are shown, and what they refuse.

use serde_json::{Value, json};
use stockade_sandbox::{Docs, Limits, Manifest};
use stockade_workflow::json::{self as careful, Bounds};

use crate::common::{ENGINE, call, guest, tool};

async fn echo(function: &str, value: Value) -> stockade_sandbox::Result<Value> {
    call(&tool(guest("echo"), &[]), function, json!({"value": value}), Limits::default()).await.result
}

#[tokio::test]
async fn numbers_keep_all_their_bits() {
    let numbers = tool(guest("numbers"), &[]);
    let cases: [(&str, &[Value]); 10] = [
        ("s8", &[json!(i8::MIN), json!(i8::MAX)]),
        ("u8", &[json!(0), json!(u8::MAX)]),
        ("s16", &[json!(i16::MIN), json!(i16::MAX)]),
        ("u16", &[json!(u16::MAX)]),
        ("s32", &[json!(i32::MIN), json!(i32::MAX)]),
        ("u32", &[json!(u32::MAX)]),
        ("s64", &[json!(i64::MIN), json!(i64::MAX), json!(-9_007_199_254_740_993_i64)]),
        ("u64", &[json!(u64::MAX), json!(9_007_199_254_740_993_u64)]),
        ("f32", &[json!(0.5), json!(f64::from(f32::MAX)), json!("NaN"), json!("-Infinity")]),
        ("f64", &[json!(0.1), json!(f64::MAX), json!(5e-324), json!(-0.0), json!("Infinity")]),
    ];
    for (function, values) in cases {
        for value in values {
            let outcome = call(&numbers, function, json!({"x": value}), Limits::default()).await;
            assert_eq!(outcome.result.as_ref(), Ok(value), "{function}");
        }
    }
    let refusal = async |function, value: Value| {
        call(&numbers, function, json!({"x": value}), Limits::default()).await.result.unwrap_err().message
    };
    assert_eq!(refusal("u8", json!(256)).await, "argument \"x\" (at $.x): expected u8, got number 256");
    assert_eq!(
        refusal("s64", json!(u64::MAX)).await,
        "argument \"x\" (at $.x): expected s64, got number 18446744073709551615"
    );
    assert_eq!(refusal("f32", json!(3.5e38)).await, "argument \"x\" (at $.x): expected f32, got number 3.5e+38");
    assert_eq!(refusal("u32", json!(0.5)).await, "argument \"x\" (at $.x): expected u32, got number 0.5");
    assert_eq!(call(&numbers, "u32", json!({"x": 7.0}), Limits::default()).await.result, Ok(json!(7)));
}

/// Case 71 of the catalogue, the sandbox's half of it: each is refused with its place, and no guest runs.
#[tokio::test]
async fn what_breaks_a_schema_is_refused_before_the_guest_runs() {
    let tool = tool(guest("echo"), &[]);
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let cases = [
        (json!({}), "argument \"value\" (at $.value): is missing"),
        (json!({"value": "x", "more": 1}), "argument \"more\" (at $.more): is not known"),
        (json!({"value": {"$ref": "#"}}), "argument \"value\" (at $.value): expected string, got object of 1"),
        (json!({"value": deep}), "argument \"value\" (at $.value): expected string, got array of 1"),
        (json!({"value": null}), "argument \"value\" (at $.value): expected string, got null"),
        (json!([]), "arguments: expected object, got array of 0"),
        (json!("$ref"), "arguments: expected object, got string \"$ref\""),
    ];
    for (arguments, says) in cases {
        let outcome = call(&tool, "text", arguments, Limits::default()).await;
        let fault = outcome.result.unwrap_err();
        assert!(fault.message.starts_with(says), "{fault}");
        assert_eq!((fault.detail.as_deref(), outcome.usage.fuel), (Some("schema"), 0));
    }
    for text in
        ["{\"value\": \"a\", \"value\": \"b\"}", "{\"value\": 1e400}", "{\"value\": NaN}", "{\"value\": \"\\udc00\"}"]
    {
        assert!(careful::parse(text, &Bounds::OUTSIDE).is_err(), "{text}");
    }
}

#[tokio::test]
async fn base64_is_refused_as_the_schema_says() {
    for wrong in ["AB==", "AA=", "AA", "A", "AAA\n", "-_==", "AAAA=AAA"] {
        assert!(echo("bytes", json!(wrong)).await.is_err(), "{wrong}");
    }
    assert_eq!(echo("bytes", json!("AAECAw==")).await, Ok(json!("AAECAw==")));
}

#[test]
fn a_schema_is_worded_for_its_reader() {
    let echo = guest("echo");
    let function = echo.functions().iter().find(|function| function.name() == "things").unwrap();
    let item = &function.input_schema()["properties"]["value"]["items"];
    assert_eq!(item["properties"]["letter"], json!({"type": "string", "minLength": 1, "maxLength": 1}));
    assert_eq!(item["properties"]["big_number"], json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}));
    assert_eq!(item["properties"]["color"]["enum"], json!(["dark_red", "blue"]));
    assert_eq!(item["additionalProperties"], json!(false));
    assert_eq!(function.output_schema()["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

/// The words of an enum that are commented on become a choice, in which each has its comment; it accepts the same.
#[tokio::test]
async fn what_is_said_of_a_case_is_shown_with_it() {
    let wat =
        std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/documented.wat")).unwrap();
    let component = wat::parse_bytes(&wat).unwrap();
    let mut manifest = Manifest::new("documented", "1", "Picks colors.");
    let said = json!({"interfaces": {"test:docs/colors": {
        "functions": {"pick": "Returns its argument."},
        "types": {"color": {"docs": "A color.", "members": {"dark-blue": "The better one."}}},
    }}});
    manifest.docs = serde_json::from_value::<Docs>(said).unwrap();
    let tool = tool(ENGINE.load(&manifest.pack(&component).unwrap()).unwrap(), &[]);
    assert_eq!(
        tool.function("pick").unwrap().input_schema()["properties"]["color"],
        json!({
            "title": "color", "description": "A color.",
            "oneOf": [{"const": "red"}, {"const": "dark_blue", "description": "The better one."}],
        })
    );
    let answer = async |color| call(&tool, "pick", json!({"color": color}), Limits::default()).await.result;
    assert_eq!(answer("dark_blue").await, Ok(json!("dark_blue")));
    assert!(
        answer("green").await.unwrap_err().message.ends_with("expected one of red, dark_blue, got string \"green\"")
    );
}
