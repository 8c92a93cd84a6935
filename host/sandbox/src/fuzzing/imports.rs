#![expect(clippy::indexing_slicing, reason = "what WIT names is in its own arena")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::json;
use stockade_workflow::{Grant, Kind};
use tokio::runtime::{Builder, Runtime};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::WasmType;
use wit_parser::{
    Function, LiftLowerAbi, ManglingAndAbi, PackageId, Resolve, ResourceIntrinsic, TypeDefKind, WasmImport, WorldId,
    WorldItem, WorldKey,
};

use crate::{Call, Config, Engine, Limits, Tool};

const NAMES: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// Calls any function of any interface that a component may import, in any order, with any numbers, as the bytes say.
///
/// The guest is a small machine: a byte chooses the function, and the bytes after it are its arguments, most of them small
/// numbers, so that they are often a handle that there is, a case, or a good address.
pub fn imports(script: &[u8]) {
    let world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    let arguments = json!({ "script": BASE64.encode(script) });
    let limits = Limits::default().fuel(1_000_000).deadline(Duration::from_millis(50));
    let call = Call { function: "run", arguments: &arguments, idempotency_key: "fuzz/1", seed: 7, limits };
    let outcome = world.runtime.block_on(world.tool.call(call));
    if let Err(fault) = outcome.result {
        assert!(!matches!(fault.kind, Kind::HostBug | Kind::Invalid), "{fault:?}");
        assert_eq!(fault.call_id.as_deref(), Some("fuzz/1"));
    }
}

struct World {
    tool: Tool,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

static WORLD: LazyLock<Mutex<World>> = LazyLock::new(|| Mutex::new(World::new()));

impl World {
    #[expect(clippy::expect_used, reason = "without its world there is nothing to fuzz")]
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let secrets = BTreeMap::from([("key".to_owned(), "very-secret".to_owned())]);
        let config = Config { concurrency: 4, secrets: secrets.into_iter().collect(), ..Config::default() };
        let engine = Engine::new(config).expect("an engine");
        let component = engine.load(&component()).expect("a component");
        let tool = Tool::new(&engine, "fuzz", component, &grants(folder.path())).expect("a tool");
        Self { tool, runtime, _folder: folder }
    }
}

/// All there is, on things of its own.
#[expect(clippy::expect_used, reason = "without its world there is nothing to fuzz")]
fn grants(folder: &std::path::Path) -> Vec<Grant> {
    let at = |name: &str| folder.join(name).display().to_string();
    rusqlite::Connection::open(at("shop.db")).expect("a database");
    std::fs::create_dir(at("data")).expect("a folder");
    vec![
        Grant::sql("a", format!("sqlite:{}", at("shop.db"))).writable(),
        Grant::fs(at("data"), "/a").writable(),
        Grant::http("GET http://localhost:9/a").addresses(["127.0.0.1"]),
        Grant::secret("key", "localhost", "authorization"),
        Grant::kv("a", at("kv.db")).writable(),
        Grant::config("a", "b"),
        Grant::Log,
    ]
}

/// Builds the guest from the WIT of all that is offered.
#[expect(clippy::expect_used, reason = "the WIT is ours")]
fn component() -> Vec<u8> {
    let (mut resolve, package) = interfaces();
    let world = world(&mut resolve, package);
    let mut module = wat::parse_str(module(&resolve, world)).expect("a module");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
    let encoder = ComponentEncoder::default().module(&module).expect("a module");
    encoder.validate(true).encode().expect("a component")
}

#[expect(clippy::expect_used, reason = "the WIT is ours")]
fn interfaces() -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/wit");
    let (package, _) = resolve.push_dir(root).expect("the WIT of WASI");
    (resolve, package)
}

#[expect(clippy::expect_used, reason = "the WIT is ours")]
fn world(resolve: &mut Resolve, package: PackageId) -> WorldId {
    resolve.select_world(&[package], Some("everything")).expect("the world")
}

fn module(resolve: &Resolve, world: WorldId) -> String {
    let mut functions = Vec::new();
    let mut text = String::from("(module\n");
    for (key, item) in &resolve.worlds[world].imports {
        let WorldItem::Interface { id, .. } = item else { continue };
        let interface = &resolve.interfaces[*id];
        functions.extend(interface.functions.values().map(|function| imported(resolve, key, function)));
        let types = interface.types.values().filter(|ty| matches!(resolve.types[**ty].kind, TypeDefKind::Resource));
        functions.extend(types.map(|ty| {
            let intrinsic = ResourceIntrinsic::ImportedDrop;
            let import = WasmImport::ResourceIntrinsic { interface: Some(key), resource: *ty, intrinsic };
            (resolve.wasm_import_name(NAMES, import), vec![WasmType::I32], Vec::new())
        }));
    }
    for (index, ((module, name), params, results)) in functions.iter().enumerate() {
        let (params, results) = (words("param", params), words("result", results));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "(import {module:?} {name:?} (func $import{index} {params} {results}))");
    }
    for (index, (_, params, results)) in functions.iter().enumerate() {
        let pulled = params.iter().map(pulled).collect::<String>();
        let dropped = "(drop)".repeat(results.len());
        let _ = writeln!(text, "(func $case{index} {pulled} (call $import{index}) {dropped})");
    }
    let openers =
        functions.iter().enumerate().filter(|(_, (_, params, _))| matches!(params[..], [] | [WasmType::Pointer]));
    let openers = openers.map(|(index, _)| format!("(call $case{index})")).collect::<String>();
    let cases = (0..functions.len()).map(|index| format!(" $case{index}")).collect::<String>();
    let _ = writeln!(text, "(table funcref (elem{cases}))");
    text + &MACHINE.replace("COUNT", &functions.len().to_string()).replace("OPENERS", &openers)
}

type Imported = ((String, String), Vec<WasmType>, Vec<WasmType>);

fn imported(resolve: &Resolve, key: &WorldKey, function: &Function) -> Imported {
    let signature = resolve.wasm_signature(NAMES.import_variant(), function);
    let import = WasmImport::Func { interface: Some(key), func: function };
    (resolve.wasm_import_name(NAMES, import), signature.params, signature.results)
}

fn words(keyword: &str, types: &[WasmType]) -> String {
    types.iter().map(|ty| format!("({keyword} {})", word(ty))).collect()
}

fn word(ty: &WasmType) -> &'static str {
    match ty {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
    }
}

/// Takes an argument from the script: mostly a plausible one, or no call would get past wasmtime's own checks.
fn pulled(ty: &WasmType) -> &'static str {
    match (ty, word(ty)) {
        (WasmType::Pointer, _) => "(i32.and (call $short) (i32.const 0xfff8))",
        (WasmType::Length, _) => "(call $byte)",
        (_, "i64") => "(call $long)",
        (_, "f32") => "(f32.reinterpret_i32 (call $short))",
        (_, "f64") => "(f64.reinterpret_i64 (call $long))",
        _ => "(call $small)",
    }
}

/// Calls all that takes nothing (so that there are a few handles), then reads the script byte by byte; results that need memory go round and round in the second page.
const MACHINE: &str = r#"
    (memory (export "memory") 16)
    (global $next (mut i32) (i32.const 0))
    (global $end (mut i32) (i32.const 0))
    (global $free (mut i32) (i32.const 65536))
    (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
        (if (i32.gt_u (i32.add (global.get $free) (local.get $size)) (i32.const 1000000))
            (then (global.set $free (i32.const 65536))))
        (global.get $free)
        (global.set $free (i32.and (i32.add (global.get $free) (i32.add (local.get $size) (i32.const 15))) (i32.const -16))))
    (func $byte (result i32)
        (if (i32.ge_u (global.get $next) (global.get $end)) (then (return (i32.const 0))))
        (i32.load8_u (global.get $next))
        (global.set $next (i32.add (global.get $next) (i32.const 1))))
    (func $short (result i32) (i32.or (call $byte) (i32.shl (call $byte) (i32.const 8))))
    (func $small (result i32) (local $byte i32)
        (local.set $byte (call $byte))
        (if (i32.ge_u (local.get $byte) (i32.const 240)) (then (return (call $short))))
        (i32.and (local.get $byte) (i32.const 15)))
    (func $long (result i64)
        (i64.or (i64.extend_i32_u (call $small)) (i64.shl (i64.extend_i32_u (call $small)) (i64.const 48))))
    (func (export "run") (param $ptr i32) (param $len i32)
        OPENERS
        (global.set $next (local.get $ptr))
        (global.set $end (i32.add (local.get $ptr) (local.get $len)))
        (loop $again
            (if (i32.lt_u (global.get $next) (global.get $end)) (then
                (call_indirect (i32.rem_u (call $byte) (i32.const COUNT)))
                (br $again)))))
)"#;
