//! What is admitted, what is not, and what is read from a component.

use serde_json::json;
use stockade_sandbox::{Component, Config, Engine, Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind};

use crate::common::{ENGINE, built, call, guest, tool};

fn refused(bytes: &[u8]) -> Fault {
    let fault = ENGINE.load(bytes).expect_err("a refusal");
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("component")), "{fault}");
    fault
}

#[test]
fn a_core_module_is_refused_by_name() {
    assert!(
        refused(&wat::parse_str("(module)").unwrap())
            .message
            .starts_with("the file is a core module; make a component")
    );
}

#[test]
fn machine_code_is_never_taken_from_outside() {
    let elf = [b"\x7fELF\x02\x01\x01\x00".as_slice(), &[0; 4_000]].concat();
    refused(&elf);
    let dir = tempfile::tempdir().unwrap();
    let config = Config { cache_dir: Some(dir.path().to_owned()), concurrency: 1, ..Config::default() };
    Engine::new(config).unwrap().load(&built("policy")).unwrap();
    let mut files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
    let file = files.find(|path| path.extension().is_some()).unwrap();
    let fault = refused(&std::fs::read(file).unwrap());
    assert!(fault.message.starts_with("the file is machine code"), "{fault}");
}

#[test]
fn what_is_cut_off_or_changed_is_refused_or_harmless() {
    assert!(refused(b"").message.contains("is not WebAssembly"));
    assert!(refused(b"(component)").message.contains("is not WebAssembly"));
    let whole = built("policy");
    for length in 0..whole.len() {
        // A few cuts fall where the rest is custom sections, which a component need not have.
        if let Err(fault) = ENGINE.load(&whole[..length]) {
            assert_eq!(fault.kind, Kind::Invalid, "{length}: {fault}");
        }
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x41;
        if let Err(fault) = ENGINE.load(&changed) {
            assert_eq!(fault.kind, Kind::Invalid, "{at}: {fault}");
        }
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let fault = refused(&vec![0; (64 << 20) + 1]);
    assert_eq!(fault.breach.map(|breach| breach.limit).as_deref(), Some("component_bytes"));
    let fault = refused(&wat::parse_str(include_str!("../guests/too-large.wat")).unwrap());
    assert!(fault.message.contains("memory"), "{fault}");
    let engine = Engine::new(Config { concurrency: 1, ..Config::default() }).unwrap();
    let fault = engine.load(&wat::parse_str(include_str!("../guests/two-memories.wat")).unwrap()).unwrap_err();
    assert!(fault.message.contains("takes 2 slots and \"concurrency\" allows 1"), "{fault}");
}

#[test]
fn proposals_that_are_off_are_refused() {
    for module in [
        "(memory i64 1)",
        "(memory 1 2 shared)",
        "(memory 1) (memory 1)",
        "(tag)",
        "(type (struct))",
        "(func (param f32) (result v128) (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 0 0 0 0)))",
    ] {
        let component = format!("(component (core module $m {module}) (core instance (instantiate $m)))");
        refused(&wat::parse_str(&component).unwrap());
    }
}

#[test]
fn imports_that_are_not_offered_are_listed() {
    let wat = include_str!("../guests/network.wat");
    let fault = ENGINE.load(&wat::parse_str(wat).unwrap()).unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Denied, Some("component")));
    assert_eq!(
        fault.message,
        "the component imports what this host does not offer: wasi:http/incoming-handler@0.2.0, \
         wasi:clocks/wall-clock@0.3.0, run; it is built for WASI 0.3; build it for wasm32-wasip2"
    );
}

/// A world's own types are imports of its component, which ask for nothing; a resource is something of the host's.
#[test]
fn a_type_is_not_something_to_offer() {
    let load = |import: &str| {
        let component = format!("(component (type $point (record (field \"x\" u32))) {import})");
        ENGINE.load(&wat::parse_str(component).unwrap())
    };
    let named = load(r#"(import "point" (type (eq $point)))"#).unwrap();
    assert!(Tool::new(&ENGINE, "test", named, &[]).is_ok());
    let fault = load(r#"(import "socket" (type (sub resource)))"#).unwrap_err();
    assert_eq!(fault.message, "the component imports what this host does not offer: socket");
}

#[test]
fn an_import_of_another_type_is_refused() {
    let component =
        r#"(component (import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result string))))))"#;
    let component = ENGINE.load(&wat::parse_str(component).unwrap()).unwrap();
    let fault = Tool::new(&ENGINE, "odd", component, &[]).unwrap_err();
    assert_eq!(fault.detail.as_deref(), Some("component"), "{fault}");
}

#[test]
fn a_grant_of_what_does_not_exist_is_refused() {
    let fault = |url: &str| Tool::new(&ENGINE, "test", guest("sql"), &[Grant::sql("shop", url)]).unwrap_err().message;
    assert!(
        fault("sqlite:/nowhere/shop.db")
            .starts_with("grant of sql \"shop\" to tool \"test\": \"sqlite:/nowhere/shop.db\"")
    );
    assert!(fault("sqlite:/").ends_with("is not a file"));
    let message = fault("mysql://me:secret@host/shop");
    assert!(message.contains("\"mysql:…\" is not a database that this host can open") && !message.contains("secret"));
}

#[tokio::test]
async fn functions_are_found_by_any_of_their_names() {
    let tool = tool(guest("signatures"), &[]);
    let names: Vec<_> = tool.component().functions().iter().map(|function| function.signature()).collect();
    assert_eq!(names, ["count_all() -> u32", "count_all() -> u32", "either() -> bool"]);
    let fault = tool.function("count_all").unwrap_err();
    assert_eq!(fault.message, "\"count_all\" is ambiguous: call \"one.count_all\" or \"two.count_all\"");
    assert_eq!(tool.function("two.count-all").unwrap().interface(), Some("test:shop/two@1.2.3"));
    let fault = tool.function("either.").unwrap_err();
    assert_eq!(fault.kind, Kind::NotFound);
    assert_eq!(
        fault.message,
        "there is no function \"either.\"; the component has one.count_all, two.count_all, either"
    );
    let outcome = call(&tool, "one.take", json!({"thing": 1}), Limits::default()).await;
    let message = outcome.result.unwrap_err().message;
    assert!(message.starts_with("function \"one.take\" cannot be called: its signature has a resource"), "{message}");
}

/// One function that the host cannot call leaves the others as they are.
#[tokio::test]
async fn what_cannot_be_called_is_listed_with_its_reason() {
    let component = guest("newer");
    let listed: Vec<_> = component.unsupported().iter().map(|one| (one.name(), one.reason())).collect();
    assert_eq!(listed, [("take", "its signature has a resource, for which JSON has no counterpart")]);
    assert_eq!(component.functions().len(), 5);
    let outcome = call(&tool(component, &[]), "take", json!({"x": 1}), Limits::default()).await;
    let fault = outcome.result.unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("function")), "{fault}");
}

#[test]
fn what_is_asynchronous_is_refused_with_advice() {
    let message = |text: &str| refused(&wat::parse_str(format!("(component {text})")).unwrap()).message;
    let wasi = message(r#"(import "wasi:cli/stdout@0.3.0" (instance (export "write" (func async))))"#);
    assert!(wasi.starts_with("the component is built for WASI 0.3; build it for wasm32-wasip2 ("), "{wasi}");
    for part in ["(type (func async))", "(type (stream u8))", "(type (future u8))", "(type error-context)"] {
        let own = message(part);
        assert!(own.starts_with("the component uses async functions, streams, futures or error contexts"), "{own}");
    }
}

#[test]
fn what_a_tool_chain_leaves_behind_is_not_offered() {
    let source = |parameters: &str| {
        format!(
            r#"(component
                (core module $m (memory (export "m") 1)
                    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
                    (func (export "f") (param i32 i32 i32) (result i32) (i32.const 7)))
                (core instance $i (instantiate $m))
                (func $init {parameters} (param "stub-wasi" bool) (result u32)
                    (canon lift (core func $i "f") (memory (core memory $i "m")) (realloc (core func $i "realloc"))))
                (instance $exports (export "init" (func $init)))
                (export "exports" (instance $exports)))"#
        )
    };
    let load = |parameters| ENGINE.load(&wat::parse_str(source(parameters)).unwrap()).unwrap();
    assert!(load(r#"(param "app-name" u32) (param "symbols" u32)"#).functions().is_empty());
    // A tool may have an `init` of its own.
    assert_eq!(load(r#"(param "name" u32) (param "symbols" u32)"#).functions().len(), 1);
}

#[tokio::test]
async fn an_operator_chooses_what_is_offered() {
    let chosen = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        guest("signatures").offering(&names)
    };
    let component = chosen(&["two.count_all"]).unwrap();
    assert_eq!(component.functions().len(), 1);
    let tool = tool(component, &[]);
    assert_eq!(call(&tool, "count_all", json!({}), Limits::default()).await.result.unwrap(), json!(3));
    let fault = call(&tool, "either", json!({}), Limits::default()).await.result.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied);
    assert_eq!(fault.message, "function \"either\" is not offered; \"functions\" of its tool leaves it out");
    assert_eq!(
        chosen(&["eiter"]).unwrap_err().message,
        "there is no function \"eiter\"; the component has one.count_all, two.count_all, either"
    );
    assert!(chosen(&["count_all"]).unwrap_err().message.contains("is ambiguous"));
    assert!(chosen(&["one.take"]).unwrap_err().message.contains("its signature has a resource"));
}

#[test]
fn the_schema_is_the_type() {
    let component: Component = guest("sql");
    let function = &component.functions()[1];
    assert_eq!(
        function.signature(),
        "execute(connection: string, statement: string, parameters: list<value{null, integer(s64), real(f64), \
         text(string), blob(list<u8>)}>) -> result<u64, error{denied(string), invalid(string), constraint(string), \
         limit(string), failed(string)}>"
    );
    assert_eq!(
        function.output_schema(),
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "integer", "minimum": 0, "maximum": u64::MAX
        })
    );
    let purchases = ENGINE.load(&built("purchases")).unwrap();
    let function = &purchases.functions()[0];
    assert_eq!(
        function.input_schema(),
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "description": function.docs(),
            "type": "object", "properties": {"user_id": {"type": "string"}},
            "required": ["user_id"], "additionalProperties": false
        })
    );
    assert_eq!(function.output_schema()["anyOf"][0]["title"], "purchase");
}

#[test]
fn an_engine_of_no_slots_or_too_many_is_refused() {
    for concurrency in [0, 10_001] {
        let fault = Engine::new(Config { concurrency, ..Config::default() }).unwrap_err();
        assert!(fault.message.contains(&format!("concurrency \"{concurrency}\"")), "{fault}");
    }
}

/// Below 48.0.8 there are holes in the isolation: a native stack overflow, and handles that are not counted.
#[test]
fn wasmtime_is_not_below_the_floor() {
    let lock = include_str!("../../../../Cargo.lock");
    for name in ["wasmtime", "wasmtime-wasi", "wasmtime-wasi-http"] {
        let (_, package) = lock.split_once(&format!("name = \"{name}\"\nversion = \"")).expect("a locked version");
        let (version, _) = package.split_once('"').expect("a version");
        let version: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
        assert!(version >= vec![48, 0, 8], "{name}: {version:?}");
    }
}
