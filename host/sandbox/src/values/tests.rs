use proptest::prelude::*;
use serde_json::json;

use super::number::NOT_A_FLOAT;
use super::*;
use crate::name::Name;
use crate::schema::F32_END;
use crate::shape::{Case, Payload};

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
    assert_eq!(refusal(Shape::String, json!(5)), "argument \"user_id\" (at $.user_id): expected string, got number 5");
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
        refusal(rights, json!(["n_1", "n_1"])).ends_with(".user_id[1]): expected each flag once, got string \"n_1\"")
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
    assert_eq!(message(json!({})), "argument \"a\" (at $.a): is missing; the function takes (a: u8, b: option<u8>)");
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

/// A schema cannot say this, for it knows no difference between two ways to write a number.
#[test]
fn a_float_is_an_integer_where_it_is_exact() {
    let read = |shape, given| arguments(&[field("x", shape)], &json!({"x": given}), 100);
    for given in [json!(1e2), json!(-0.0), json!(9_007_199_254_740_991.0), json!(i64::MIN), json!(i64::MAX)] {
        assert!(read(Shape::S64, given.clone()).is_ok(), "{given}");
    }
    // The second one is what 2^53 + 1 is read as, written with a point.
    for given in [json!(-9_223_372_036_854_775_808.0), json!(9_007_199_254_740_992.0), json!(0.5)] {
        assert!(read(Shape::S64, given.clone()).is_err(), "{given}");
    }
    assert!(read(Shape::U64, json!(1e19)).is_err() && read(Shape::F64, json!(1e19)).is_ok());
    assert!(refusal(Shape::U64, json!(1e19)).contains("expected u64 in digits alone"));
}

/// A whole number that was rounded without a word is not what was written.
#[test]
fn a_whole_number_is_a_float_where_it_is_exact() {
    let read_as = |shape, given| arguments(&[field("x", shape)], &json!({"x": given}), 100);
    let read = |given| read_as(Shape::F64, given);
    for given in [json!(1_u64 << 60), json!(-7), json!(i64::MIN), json!(9_007_199_254_740_993.0), json!(1e300)] {
        assert!(read(given.clone()).is_ok(), "{given}");
    }
    for given in [json!(9_007_199_254_740_993_u64), json!(i64::MAX), json!(u64::MAX), json!(i64::MIN + 1)] {
        assert!(read(given.clone()).is_err(), "{given}");
    }
    for given in [json!(16_777_216), json!(-16_777_218), json!(1_u64 << 60), json!(16_777_217.0), json!(0.1)] {
        assert!(read_as(Shape::F32, given.clone()).is_ok(), "{given}");
    }
    for given in [json!(16_777_217), json!(-16_777_219), json!(u64::MAX)] {
        let refused = refusal(Shape::F32, given);
        assert!(refused.contains("expected a whole number that a float of 32 bits can have"), "{refused}");
    }
    assert!(refusal(Shape::F64, json!(u64::MAX)).contains("expected a whole number that a float of 64 bits can have"));
    let list = Shape::List(boxed(Shape::Option(boxed(Shape::F64))));
    assert!(refusal(list, json!([1, u64::MAX])).contains("$.user_id[1]"));
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

fn keys() -> impl Strategy<Value = Shape> {
    prop_oneof![Just(Shape::String), Just(Shape::Bool), Just(Shape::S64), Just(Shape::U8), Just(Shape::Char)]
}

fn shapes() -> impl Strategy<Value = Shape> {
    leaves().prop_recursive(4, 24, 4, |inner| {
        let payload = prop::option::of(inner.clone().prop_map(Box::new));
        prop_oneof![
            inner.clone().prop_map(|shape| Shape::List(boxed(shape))),
            (inner.clone(), 1..4_u32).prop_map(|(shape, length)| Shape::FixedList(boxed(shape), length)),
            (keys(), inner.clone()).prop_map(|(key, value)| Shape::Map(boxed(key), boxed(value))),
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
        Shape::FixedList(item, length) => Val::FixedLengthList((0..*length).map(|_| some(item, bytes)).collect()),
        Shape::Map(key, value) => {
            let key = |at: u8, bytes: &mut _| match **key {
                Shape::String => Val::String(format!("n_{at}")),
                ref other => some(other, bytes),
            };
            Val::Map((0..byte % 3).map(|at| (key(at, bytes), some(value, bytes))).collect())
        }
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
        "", "a", "ab", "e\u{301}", "🦀", "n_0", "n-0", "NaN", "nan", "Infinity", "AA==", "AB==", "AAA", "AAA=", "AAB=",
        "AAAA\n", "AA A", "null",
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
        let schema = stockade_workflow::schema::Schema::new(&crate::schema::of_members(&params, None)).unwrap();
        prop_assert!(schema.accepts(&value), "{value}");
        for _ in 0..8 {
            spoil(&mut value, &mut bytes);
            let read = arguments(&params, &value, u64::MAX);
            // A schema knows no difference between two ways to write a number.
            let is_rounded = read.as_ref().is_err_and(|fault| fault.message.contains(NOT_A_FLOAT));
            let agree = schema.accepts(&value) == read.is_ok();
            prop_assert!(agree || is_rounded, "{} as {}: {:?}", value, &params[0], read);
        }
    }

    /// What a guest answers fits the schema of answers.
    #[test]
    fn results_fit_their_schema(shape in shapes(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let schema = stockade_workflow::schema::Schema::new(&crate::schema::of(Some(&shape))).unwrap();
        let written = json(&shape, some(&shape, &mut bytes.into_iter()), u64::MAX).unwrap();
        prop_assert!(schema.accepts(&written), "{written}");
    }

    /// No JSON makes the reader panic, whatever the shape.
    #[test]
    fn any_json_is_read_or_refused(shape in shapes(), text in "[\\[\\]{}\":,a-c0-9n_-]{0,30}") {
        let given = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let _ = arguments(&[field("x", shape)], &json!({"x": given}), 1_000);
    }
}
