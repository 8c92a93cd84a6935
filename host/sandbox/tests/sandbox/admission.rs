//! What is refused before anything is compiled: bombs, and what no component of ours could be.

use serde_json::json;
use stockade_sandbox::Limits;
use stockade_workflow::{Fault, Kind};
use wasm_encoder::{
    Alias, CodeSection, Component, ComponentAliasSection, ComponentOuterAliasKind, ComponentTypeSection,
    ComponentValType, ConstExpr, CustomSection, DataSection, Function, FunctionSection, InstanceSection, MemorySection,
    MemoryType, Module, ModuleSection, PrimitiveValType, RefType, TableSection, TableType, TypeSection, ValType,
};

use crate::common::{ENGINE, built_tool, call};

fn refused(bytes: &[u8]) -> Fault {
    let fault = ENGINE.load(bytes).expect_err("a refusal");
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("component")), "{fault}");
    fault
}

/// Returns the name of the limit that a component is over.
fn over(bytes: &[u8]) -> String {
    let fault = refused(bytes);
    let breach = fault.breach.unwrap_or_else(|| panic!("no limit fired: {}", fault.message));
    assert!(breach.used > breach.allowed, "{breach:?}");
    breach.limit
}

fn of_text(text: &str) -> String {
    over(&wat::parse_str(text).unwrap())
}

/// A component of one core module, which is never instantiated.
fn component(module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    component.finish()
}

/// A module of functions of type `() -> ()`.
fn functions(bodies: impl IntoIterator<Item = Function>) -> Module {
    let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], []);
    for body in bodies {
        functions.function(0);
        code.function(&body);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    module
}

/// Case 58: each kind of compile bomb falls to the cap that is for it, and a neighbour's calls go on.
#[tokio::test]
async fn compile_bombs_are_refused_before_they_are_compiled() {
    let mut long = Function::new([]);
    for _ in 0..3_500_000 {
        long.instructions().nop();
    }
    long.instructions().end();
    assert_eq!(over(&component(&functions([long]))), "function_bytes");

    let mut locals = Function::new([(49_999, ValType::I64)]);
    locals.instructions().end();
    assert_eq!(over(&component(&functions([locals]))), "locals");

    let mut table = Function::new([]);
    table.instructions().i32_const(0).br_table(vec![0; 700_000], 0).end();
    assert_eq!(over(&component(&functions([table]))), "br_table_targets");

    let empty = || {
        let mut body = Function::new([]);
        body.instructions().end();
        body
    };
    assert_eq!(over(&component(&functions((0..100_001).map(|_| empty())))), "functions");

    let mut types = TypeSection::new();
    (0..1_000_000).for_each(|_| types.ty().function([], []));
    let mut module = Module::new();
    module.section(&types);
    assert_eq!(over(&component(&module)), "types");

    let mut types = TypeSection::new();
    types.ty().function(vec![ValType::I32; 1_000], []);
    let mut module = Module::new();
    module.section(&types);
    assert_eq!(over(&component(&module)), "parameters");

    let (mut memories, mut data) = (MemorySection::new(), DataSection::new());
    memories.memory(memory(1));
    for _ in 0..32_768 {
        data.active(0, &ConstExpr::i32_const(0), [0]);
    }
    let mut module = Module::new();
    module.section(&memories).section(&data);
    assert_eq!(over(&component(&module)), "data_segments");

    let arguments = json!({"days_ago": 3, "window_days": 30});
    let neighbour = call(&built_tool("policy"), "within_window", arguments, Limits::default()).await;
    assert_eq!(neighbour.result.unwrap(), true);
}

fn memory(minimum: u64) -> MemoryType {
    MemoryType { minimum, maximum: None, memory64: false, shared: false, page_size_log2: None }
}

/// Case 9: refused by what it declares, so that nothing is ever mapped for it.
#[test]
fn a_huge_minimum_is_refused() {
    let of = |section: &str| of_text(&format!("(component (core module {section}))"));
    assert_eq!(of("(memory 65536)"), "memory_bytes");
    assert_eq!(of("(memory 1025)"), "memory_bytes");
    assert_eq!(of("(table 10000000 funcref)"), "table_elements");
    // Beyond what is a component at all for us.
    let huge = wat::parse_str("(component (core module (memory i64 0x1000000000000)))").unwrap();
    refused(&huge);
    refused(&wat::parse_str("(component (core module (table i64 10 funcref)))").unwrap());
    refused(&wat::parse_str("(component (core module (memory 1 1 shared)))").unwrap());
}

/// Case 13.
#[test]
fn many_tables_are_refused() {
    let mut tables = TableSection::new();
    let ty = TableType { element_type: RefType::FUNCREF, minimum: 1, maximum: None, table64: false, shared: false };
    for _ in 0..100_000 {
        tables.table(ty);
    }
    let mut module = Module::new();
    module.section(&tables);
    assert_eq!(over(&component(&module)), "tables");
    let memories = "(core module (memory 0))".repeat(17);
    assert_eq!(of_text(&format!("(component {memories})")), "memories");
}

/// Case 16: a value within a value, and a type within a type.
#[test]
fn deep_types_are_refused() {
    let lists = |depth: u32| {
        let mut types = ComponentTypeSection::new();
        types.defined_type().list(ComponentValType::Primitive(PrimitiveValType::U8));
        (1..depth).for_each(|inner| types.defined_type().list(ComponentValType::Type(inner - 1)));
        let mut component = Component::new();
        component.section(&types);
        component.finish()
    };
    ENGINE.load(&lists(90)).unwrap();
    assert!(refused(&lists(200)).message.contains("too deep"));
    assert_eq!(over(&lists(100_000)), "types");
}

/// wasmparser, and so every host that compiles what it is given in its own process, calls itself for each type that begins
/// within a type. Here are two million beginnings in six megabytes, over which we walk with a stack of our own; by its source,
/// wasmparser would overflow that of the process.
#[test]
fn types_within_types_do_not_overflow_the_stack() {
    for kind in [0x41, 0x42] {
        let depth = 2_000_000;
        let mut section = vec![1];
        section.extend([kind, 1, 1].repeat(depth));
        section.extend([0x42, 0]);
        let mut bytes = Component::HEADER.to_vec();
        bytes.push(7);
        leb128(section.len(), &mut bytes);
        bytes.extend(section);
        assert_eq!(over(&bytes), "type_nesting");
    }
}

fn leb128(mut value: usize, bytes: &mut Vec<u8>) {
    while value > 0x7f {
        bytes.push(0x80 | (value & 0x7f) as u8);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Case 60.
#[test]
fn structural_bombs_are_refused() {
    let module = "(core module $m)";
    assert_eq!(of_text(&format!("(component {})", "(core module)".repeat(1_000))), "core_modules");
    let instances = "(core instance (instantiate $m))".repeat(4_096);
    assert_eq!(of_text(&format!("(component {module} {instances})")), "core_instances");
    let components = "(component)".repeat(1_000);
    assert_eq!(of_text(&format!("(component {components})")), "components");
    let instances = "(instance (instantiate $c))".repeat(600);
    assert_eq!(of_text(&format!("(component (component $c) {instances})")), "component_instances");
    let (open, close) = ("(component ".repeat(10), ")".repeat(10));
    assert_eq!(of_text(&format!("{open}{close}")), "nesting");
    let bags = "(core instance)".repeat(30_000);
    assert_eq!(of_text(&format!("(component {bags})")), "instance_arguments");

    let mut inner = Component::new();
    let mut aliases = ComponentAliasSection::new();
    for _ in 0..20_001 {
        aliases.alias(Alias::Outer { kind: ComponentOuterAliasKind::CoreModule, count: 1, index: 0 });
    }
    inner.section(&aliases);
    let mut outer = Component::new();
    outer.section(&ModuleSection(&Module::new())).section(&InstanceSection::new());
    outer.section(&wasm_encoder::NestedComponentSection(&inner));
    assert_eq!(over(&outer.finish()), "aliases");
}

/// Case 57: sections that the host does not read cost nothing, and their number is limited.
#[test]
fn custom_section_bombs_and_long_names_are_refused() {
    let custom = |count: usize, bytes: usize| {
        let data = vec![0; bytes];
        let mut component = Component::new();
        for _ in 0..count {
            component.section(&CustomSection { name: "bomb".into(), data: data.as_slice().into() });
        }
        component.finish()
    };
    ENGINE.load(&custom(10, 1_000)).unwrap();
    assert_eq!(over(&custom(2_000, 1)), "custom_sections");
    assert_eq!(over(&custom(17, 1 << 20)), "custom_bytes");
    let name = "a".repeat(2_000);
    assert_eq!(of_text(&format!("(component (import \"{name}\" (func)))")), "name_bytes");
    let nameless = wat::parse_str("(component (import \"A b!\" (func)))");
    nameless.map_or_else(|_| (), |bytes| drop(refused(&bytes)));
}

/// Case 59: refused before anything is compiled, whichever part of the name is wrong.
#[test]
fn imports_outside_of_the_policy_are_refused() {
    for import in [
        "wasi:http/incoming-handler@0.2.6",    // an interface that is not offered
        "stockade:host/refunds@0.1.0",         // a tool that does not exist
        "stockade:host/sql@0.2.0",             // another version
        "stockade:host/sql@0.10.0",            // a version that only looks alike
        "stockade:host/sql",                   // none
        "wasi:clocks/monotonic-clock@0.3.0",   // of another WASI
        "evil:clocks/monotonic-clock@0.2.0",   // another owner's
        "wasi:clocks/monotonic-clock-x@0.2.0", // a longer name
        "sql",                                 // a plain one
    ] {
        let text = format!("(component (import \"{import}\" (instance)))");
        let fault = ENGINE.load(&wat::parse_str(text).unwrap()).unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Denied, Some("component")), "{fault}");
        assert!(fault.message.contains(&format!("does not offer: {import}")), "{fault}");
    }
    let twice = "(component (import \"wasi:io/error@0.2.0\" (instance)) (import \"wasi:io/error@0.2.0\" (instance)))";
    wat::parse_str(twice).map_or_else(|_| (), |bytes| drop(refused(&bytes)));
}

/// Case 61: machine code under any disguise that a loader would see through.
#[test]
fn precompiled_artefacts_are_refused() {
    let elf = [b"\x7fELF\x02\x01\x01\x00".as_slice(), &[0; 4_000]].concat();
    assert!(refused(&elf).message.contains("is not WebAssembly"));
}
