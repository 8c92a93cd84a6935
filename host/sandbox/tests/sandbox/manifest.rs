//! What a component says of itself: read, written, and believed only where it is true.

use std::path::Path;

use serde_json::{Value, json};
use stockade_sandbox::{Docs, Example, Limits, Manifest, Tool};
use stockade_workflow::{Capability, Grant, Kind};

use crate::common::{ENGINE, built, call, guest_source, tool};

/// The component of a guest that asks for databases and says so.
fn purchases() -> Vec<u8> {
    built("purchases")
}

fn manifest() -> Manifest {
    Manifest::new("purchases", "1.0.0", "Finds what a customer has bought.")
}

fn asking(capability: Capability) -> Manifest {
    let mut manifest = manifest();
    manifest.asks.insert(capability, "to look purchases up".into());
    manifest
}

/// A component with this custom section, for what `pack` would refuse to write.
fn with_section(component: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
    let leb = |mut number: usize| {
        let mut bytes = Vec::new();
        while number > 127 {
            bytes.push((number & 127) as u8 | 128);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    };
    let content = [leb(name.len()), name.into(), data.to_vec()].concat();
    [component.to_vec(), vec![0], leb(content.len()), content].concat()
}

/// The same component without a manifest.
fn bare(component: &[u8]) -> Vec<u8> {
    let packed = manifest().pack(component).unwrap();
    let name = b"stockade:tool";
    // `pack` puts the section at the end: a zero, its length in one to three bytes, the length of its name, its name.
    let at = packed.windows(name.len()).rposition(|window| window == name).unwrap();
    let mut start = at - 2;
    while packed[start] != 0 {
        start -= 1;
    }
    packed[..start].to_vec()
}

fn refusal(component: &[u8]) -> String {
    let fault = ENGINE.load(component).unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("component")));
    fault.message
}

#[tokio::test]
async fn what_is_packed_is_read_back_and_the_tool_still_works() {
    let mut said = asking(Capability::Sql);
    said.examples.push(serde_json::from_value(json!({"function": "find", "arguments": {"user_id": "x"}})).unwrap());
    let packed = said.pack(&purchases()).unwrap();
    let component = ENGINE.load(&packed).unwrap();
    assert_eq!(component.manifest(), Some(&said));
    assert_eq!(component.asks(), [Capability::Sql].into());
    let fault =
        call(&tool(component, &[]), "find", json!({"user_id": "x"}), Limits::default()).await.result.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied);

    let again = manifest().pack(&packed).unwrap();
    assert_eq!(Manifest::read(&again).unwrap(), Some(manifest()), "a second manifest takes the place of the first");
    assert_eq!(ENGINE.load(&bare(&packed)).unwrap().manifest(), None);
}

#[tokio::test]
async fn what_is_not_asked_for_is_of_no_effect_although_imported_and_granted() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let shop = Grant::sql("shop", format!("sqlite:{}", file.path().display())).writable();
    let silent = ENGINE.load(&manifest().pack(&purchases()).unwrap()).unwrap();
    assert_eq!(silent.asks(), [].into());
    let silent = Tool::new(&ENGINE, "quiet", silent, &[shop]).unwrap();
    assert!(silent.is_repeatable());
    let fault = call(&silent, "find", json!({"user_id": "x"}), Limits::default()).await.result.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied);
    assert_eq!(
        fault.message,
        "tool \"quiet\" asked for sql \"shop\", but its manifest does not ask for sql; sql = \"WHY\" under [asks] there, \
         and a grant, would allow it"
    );
}

#[test]
fn a_manifest_that_is_not_true_is_not_packed_and_not_loaded() {
    let component = bare(&purchases());
    let says = |manifest: Manifest, why: &str| {
        let refused = manifest.pack(&component).unwrap_err().message;
        assert_eq!(refused, format!("the component's manifest is not valid: {why}"));
        let forged = with_section(&component, "stockade:tool", &serde_json::to_vec(&manifest).unwrap());
        assert_eq!(refusal(&forged), refused);
    };
    says(asking(Capability::Http), "it asks for \"http\", which the component does not import");
    says(
        Manifest { name: "a b".into(), ..manifest() },
        "its name \"a b\" is not one of 1 to 64 letters, digits, -, _, . and +",
    );
    says(
        Manifest { version: String::new(), ..manifest() },
        "its version \"\" is not one of 1 to 64 letters, digits, -, _, . and +",
    );
    says(Manifest { description: " ".into(), ..manifest() }, "its description is blank");
    says(
        Manifest { description: "x".repeat(9_000), ..manifest() },
        "its description has 9000 bytes and 8192 are allowed",
    );
    let example: Example = serde_json::from_value(json!({"function": "f", "output": 1, "error": "e"})).unwrap();
    says(
        Manifest { examples: vec![example.clone()], ..manifest() },
        "its example of \"f\" has both an output and an error",
    );
    says(Manifest { examples: vec![example; 101], ..manifest() }, "it has 101 examples and 100 are allowed");
}

#[test]
fn a_damaged_manifest_is_an_error_and_not_ignored() {
    let component = bare(&purchases());
    let good = serde_json::to_value(manifest()).unwrap();
    let says = |data: &[u8], why: &str| {
        let message = refusal(&with_section(&component, "stockade:tool", data));
        assert!(message.contains(why), "{message}");
    };
    let with = |key: &str, value: Value| {
        let mut other = good.clone();
        other[key] = value;
        other.to_string().into_bytes()
    };
    says(b"", "EOF");
    says(b"\xff", "invalid utf-8");
    says(&good.to_string().as_bytes()[..40], "EOF");
    says(&with("format", json!(2)), "its format is \"2\", and this host reads format \"1\"");
    says(&with("formal", json!(1)), "unknown field `formal`");
    says(&with("asks", json!({"telepathy": "why not"})), "unknown variant `telepathy`");
    says(br#"{"format": 1, "format": 1}"#, "the key \"format\" stands twice");
    says(&with("description", json!("x".repeat(300_000))), "bytes and 262144 are allowed");
    says(format!("{}{}", "[".repeat(200), "]".repeat(200)).as_bytes(), "nested more than 64 deep");

    let one = with_section(&component, "stockade:tool", good.to_string().as_bytes());
    let two = with_section(&one, "stockade:tool", good.to_string().as_bytes());
    assert!(refusal(&two).ends_with("there are two"));
    assert!(
        ENGINE.load(&with_section(&component, "stockade:tools", b"anything")).is_ok(),
        "other sections are not ours"
    );
}

#[test]
fn a_manifest_inside_of_a_part_says_nothing_of_the_whole() {
    let section = "(@custom \"stockade:tool\" \"{}\")";
    let text = format!("(component (core module {section}) (component {section}))");
    assert_eq!(Manifest::read(&wat::parse_str(text).unwrap()).unwrap(), None);
    let fault = Manifest::read(&wat::parse_str("(module)").unwrap()).unwrap_err();
    assert_eq!(fault.message, "the file is a core module, and a tool is a component");
}

/// Whatever the bytes, reading them ends in a value or a fault.
#[test]
fn a_cut_component_is_refused() {
    let packed = asking(Capability::Sql).pack(&purchases()).unwrap();
    for length in (0..packed.len()).step_by(97) {
        assert!(Manifest::read(&packed[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_tool_file_is_read_with_its_lines() {
    let text = "[tool]\nname = \"a\"\nversion = \"1\"\ndescription = \"d\"\n[asks]\nsql = \"why\"\n\
                [[examples]]\nfunction = \"f\"\noutput = { a = 1 }\n";
    let manifest = Manifest::from_toml(text).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.asks.len(), manifest.examples.len()), ("a", 1, 1));
    let refusal = |text: &str| Manifest::from_toml(text).unwrap_err().message;
    assert_eq!(
        refusal(&text.replace("output", "outptu")),
        "line 9: unknown field `outptu`, expected one of `function`, `arguments`, `output`, `error`"
    );
    assert!(refusal(&text.replace("sql", "sqll")).starts_with("line 6: unknown variant `sqll`"));
    assert!(refusal("[tool]\nname = \"a\"\n").contains("missing field `version`"));
}

#[test]
fn an_example_is_met_by_what_it_shows() {
    let example = |value: Value| serde_json::from_value::<Example>(value).unwrap();
    let fault = || Err(stockade_workflow::Fault::new(Kind::GuestError, "nobody to greet"));
    let shown = example(json!({"function": "f", "output": {"a": [1, {"b": 2.0}]}}));
    assert!(shown.is_met_by(&Ok(json!({"a": [1, {"b": 2, "c": null}], "d": null}))), "what is left out may be null");
    for other in [json!({"a": [1, {"b": 3}]}), json!({"a": [1]}), json!({"a": [1, {"b": 2}], "d": 0}), json!(null)] {
        assert!(!shown.is_met_by(&Ok(other.clone())), "{other}");
    }
    assert!(!shown.is_met_by(&fault()));
    assert!(example(json!({"function": "f"})).is_met_by(&Ok(json!(null))));
    assert!(!example(json!({"function": "f"})).is_met_by(&Ok(json!(1))));
    let failing = example(json!({"function": "f", "error": "nobody"}));
    assert!(failing.is_met_by(&fault()) && !failing.is_met_by(&Ok(json!(null))));
    assert!(!example(json!({"function": "f", "error": "somebody"})).is_met_by(&fault()));
}

fn wit(guest: &str) -> Vec<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    vec![root.join("wit"), root.join("guest-tools").join(guest).join("wit")]
}

#[test]
fn the_comments_of_wit_become_descriptions() {
    let mut said = manifest();
    said.docs = Docs::read(&purchases(), &wit("purchases")).unwrap();
    let component = ENGINE.load(&said.pack(&bare(&purchases())).unwrap()).unwrap();
    let find = component.functions().iter().find(|function| function.name() == "find").unwrap();
    assert!(find.docs().unwrap().starts_with("Returns the latest purchase of the user"));
    assert_eq!(find.input_schema()["description"], find.docs().unwrap());
    let answer = &find.output_schema()["anyOf"][0];
    assert_eq!(answer["title"], "purchase");
    assert_eq!(answer["description"], "One purchase of a customer.");
    assert_eq!(answer["properties"]["price_cents"]["description"], "What was paid for it, in cents.");

    let docs = Docs::read(&built("letters"), &wit("letters")).unwrap();
    let cases = &docs.interfaces["stockade:letters/letters@0.1.0"].types["outcome"].members;
    assert_eq!(cases["declined"], "A manager declined the request.");
    let docs = Docs::read(&built("probe"), &wit("probe")).unwrap();
    assert_eq!(docs.world.functions["spin"], "Never returns.");

    let fault = Docs::read(&purchases(), &wit("letters")).unwrap_err();
    assert!(fault.message.contains("describes none of what the component exports"), "{fault}");
}

/// `rustc` and `wit-bindgen` keep no comments: where no WIT is given there are none to find.
#[test]
fn a_component_of_rust_has_no_comments_of_its_own() {
    assert!(Docs::read(&built("probe"), &[""; 0]).unwrap().is_empty());
}

#[test]
fn the_interface_is_written_as_wit() {
    let text = stockade_sandbox::wit::text(&purchases()).unwrap();
    for part in ["import stockade:host/sql@0.1.0;", "export stockade:purchases/purchases@0.1.0;", "record purchase"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(stockade_sandbox::wit::text(b"\0asm").is_err());
    // A world's own types may be exported as well as imported.
    let text = stockade_sandbox::wit::text(&guest_source("newer")).unwrap();
    for part in ["record point {", "resource thing", "export rows: func(x: list<list<point, 2>>)", "map<u32, string>"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
