//! Compilation in a process of its own, and what it may take there.

use std::ffi::OsString;
use std::path::Path;
use std::{fs, thread};

use serde_json::json;
use stockade_sandbox::{Call, Compiler, Config, Engine, Limits, Tool};
use stockade_workflow::{Fault, Kind};
use wasm_encoder::{
    BlockType, CodeSection, Component, Function, FunctionSection, Module, ModuleSection, TypeSection, ValType,
};

use crate::common::{PORTABLE_NAN, bits_of_nan, built};

fn worker() -> Compiler {
    Compiler::Process { program: env!("CARGO_BIN_EXE_stockade-compile-worker").into(), arguments: Vec::new() }
}

fn engine(config: Config) -> Engine {
    Engine::new(Config { concurrency: 1, ..config }).unwrap()
}

fn processes(config: Config) -> Engine {
    engine(Config { compiler: worker(), ..config })
}

/// Passes admission, and is nothing but work: functions of many blocks, in which everything depends on everything.
fn bomb(functions: u32, blocks: u32) -> Vec<u8> {
    let (mut types, mut section, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([ValType::I64; 2], [ValType::I64]);
    let mut body = Function::new([(200, ValType::I64)]);
    for block in 0..blocks {
        let local = |step: u32| (block * 7 + step * 13) % 202;
        body.instructions().block(BlockType::Empty).local_get(local(1)).i64_eqz().br_if(0);
        for step in 0..8 {
            let mut instructions = body.instructions();
            instructions.local_get(local(step)).local_get(local(step + 3)).i64_mul().local_get(local(step + 5));
            instructions.i64_add().local_set(local(step + 1));
        }
        body.instructions().end();
    }
    body.instructions().local_get(0).end();
    for _ in 0..functions {
        section.function(0);
        code.function(&body);
    }
    let mut module = Module::new();
    module.section(&types).section(&section).section(&code);
    let mut component = Component::new();
    component.section(&ModuleSection(&module));
    component.finish()
}

fn limit(fault: Fault) -> String {
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("component")), "{fault}");
    fault.breach.unwrap_or_else(|| panic!("no limit: {}", fault.message)).limit
}

async fn fuel(engine: &Engine) -> u64 {
    let tool = Tool::new(engine, "policy", engine.load(&built("policy")).unwrap(), &[]).unwrap();
    let arguments = json!({"days_ago": 3, "window_days": 30});
    let call = Call {
        function: "within_window",
        arguments: &arguments,
        idempotency_key: "a",
        seed: 0,
        limits: Limits::default(),
    };
    let outcome = tool.call(call).await;
    assert_eq!(outcome.result.unwrap(), true);
    outcome.usage.fuel
}

#[tokio::test]
async fn a_worker_makes_the_code_that_this_process_would() {
    let dir = tempfile::tempdir().unwrap();
    let cache = || Config { cache_dir: Some(dir.path().to_owned()), ..Config::default() };
    let here = fuel(&engine(Config::default())).await;
    assert_eq!(fuel(&processes(cache())).await, here);
    // The settings that it is filed under are the same, too.
    assert!(engine(cache()).load(&built("policy")).unwrap().was_cached());
}

#[tokio::test]
async fn a_worker_makes_portable_floats_where_that_is_chosen() {
    let portable = processes(Config { portable_floats: true, ..Config::default() });
    assert_eq!(bits_of_nan(&portable).await, PORTABLE_NAN);
    let of_machine = processes(Config::default());
    assert_eq!(bits_of_nan(&of_machine).await, bits_of_nan(&engine(Config::default())).await);
}

/// Case 58, for what no cap sees coming.
#[tokio::test]
async fn a_compile_bomb_is_killed_at_its_time() {
    let engine = processes(Config { compile_us: 200_000, ..Config::default() });
    let bombing = thread::spawn({
        let engine = engine.clone();
        move || engine.load(&bomb(40, 4_000)).unwrap_err()
    });
    // A neighbour of it is called meanwhile.
    let other = processes(Config::default());
    assert!(fuel(&other).await > 0);
    let fault = bombing.join().unwrap();
    assert!(fault.breach.as_ref().is_some_and(|breach| breach.used >= 200_000), "{fault:?}");
    assert_eq!(limit(fault), "compile_us");
}

#[test]
fn a_compile_bomb_is_stopped_at_its_memory() {
    let engine = processes(Config { compile_bytes: 40 << 20, ..Config::default() });
    assert_eq!(limit(engine.load(&bomb(40, 4_000)).unwrap_err()), "compile_bytes");
    // And the next has all of it again.
    engine.load(&built("policy")).unwrap();
}

#[test]
fn a_thread_is_not_waited_for_longer_than_its_time() {
    let engine = engine(Config { compile_us: 2_000, ..Config::default() });
    assert_eq!(limit(engine.load(&bomb(1, 200)).unwrap_err()), "compile_us");
    // It goes on all the same, and the next has to wait for it.
    let fault = engine.load(&built("policy")).unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Deadline, Some("compile")), "{fault}");
}

#[test]
fn nothing_allowed_is_nothing_compiled() {
    for config in [Config { compile_us: 0, ..Config::default() }, Config { compile_bytes: 0, ..Config::default() }] {
        processes(config).load(&built("policy")).unwrap_err();
    }
}

#[test]
fn a_worker_that_is_none_is_the_operators_mistake() {
    for program in ["/nowhere/worker", "/bin/true", "/bin/false", "/bin/cat"] {
        let compiler = Compiler::Process { program: program.into(), arguments: Vec::new() };
        let engine = engine(Config { compiler, ..Config::default() });
        let fault = engine.load(&built("policy")).unwrap_err();
        assert_eq!(fault.kind, Kind::Invalid, "{program}: {fault}");
        assert_eq!(fault.breach, None, "{program}: {fault}");
    }
}

#[test]
fn a_worker_that_does_not_listen_is_killed_at_its_time() {
    let program = std::path::PathBuf::from("/bin/sh");
    let worker =
        |script: &str| Compiler::Process { program: program.clone(), arguments: vec!["-c".into(), script.into()] };
    // More than a pipe holds, so that the writer waits.
    let large = wat::parse_str(format!(
        "(component (core module (memory 1) (data (i32.const 0) \"{}\")))",
        "x".repeat(1 << 20)
    ));
    let config = Config { compile_us: 200_000, compiler: worker("exec >&-; exec sleep 60"), ..Config::default() };
    assert_eq!(limit(engine(config).load(&large.unwrap()).unwrap_err()), "compile_us");
    // What fails of itself has not taken too much.
    let fault = engine(Config { compiler: worker("cat; exit 101"), ..Config::default() }).load(&built("policy"));
    assert_eq!(fault.unwrap_err().breach, None);
}

/// Counts how often it is started.
fn counted(runs: &Path, config: Config) -> Engine {
    let arguments = ["-c", "echo >> $1; exec $0", env!("CARGO_BIN_EXE_stockade-compile-worker")].map(OsString::from);
    let arguments = arguments.into_iter().chain([runs.into()]).collect();
    engine(Config { compiler: Compiler::Process { program: "/bin/sh".into(), arguments }, ..config })
}

fn count(runs: &Path) -> usize {
    fs::read_to_string(runs).unwrap_or_default().lines().count()
}

/// A refused component was once compiled again by everybody who offered it again.
#[test]
fn a_refusal_is_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let runs = dir.path().join("runs");
    let engine = counted(&runs, Config::default());
    // What no look at the bytes tells: the pool has one slot.
    let two =
        "(component (core module $m (memory 1)) (core instance (instantiate $m)) (core instance (instantiate $m)))";
    let two = wat::parse_str(two).unwrap();
    let (first, second) = (engine.load(&two).unwrap_err(), engine.load(&two).unwrap_err());
    assert_eq!(first.message, "the component takes 2 slots and \"concurrency\" allows 1");
    assert_eq!((first, count(&runs)), (second, 1));
    // Another is another.
    engine.load(&built("policy")).unwrap();
    assert_eq!(count(&runs), 2);
}

#[test]
fn what_the_machine_was_too_slow_for_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let runs = dir.path().join("runs");
    let engine = counted(&runs, Config { compile_us: 100_000, ..Config::default() });
    for tries in 1..3 {
        assert_eq!(limit(engine.load(&bomb(40, 4_000)).unwrap_err()), "compile_us");
        assert_eq!(count(&runs), tries);
    }
}

#[test]
fn many_who_want_one_component_have_it_compiled_once() {
    let dir = tempfile::tempdir().unwrap();
    let runs = dir.path().join("runs");
    let engine = counted(&runs, Config::default());
    let load = || engine.load(&built("purchases")).unwrap();
    let loaded: Vec<_> = thread::scope(|scope| {
        let loading: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        loading.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(count(&runs), 1);
    assert_eq!(loaded.iter().filter(|component| !component.was_cached()).count(), 1);
}
