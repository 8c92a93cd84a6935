use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use stockade_sandbox::{Compiler, Config, Engine};
use stockade_tests::Place;
use wasm_encoder::{
    BlockType, ConstExpr, DataSection, Function, MemorySection, MemoryType, Module, TypeSection, ValType,
};

use crate::bombs::{component, functions, over};
use crate::world::{TOOL, World, folder, typed};

/// Each with the cap that is for it. Made once, for making them takes longer than refusing them.
static BOMBS: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    vec![
        (
            "function_bytes",
            functions(
                0,
                [body(|body| {
                    (0..3_500_000).for_each(|_| {
                        body.instructions().nop();
                    })
                })],
            ),
        ),
        ("locals", functions(0, [locals()])),
        (
            "br_table_targets",
            functions(
                0,
                [body(|body| {
                    body.instructions().i32_const(0).br_table(vec![0; 700_000], 0);
                })],
            ),
        ),
        ("functions", functions(0, (0..100_001).map(|_| body(|_| ())))),
        ("types", component(Module::new().section(&types(1_000_000)))),
        ("parameters", functions(1_000, [])),
        ("data_segments", segments()),
    ]
});
/// Passes admission, and is nothing but work.
static WORK: LazyLock<Vec<u8>> = LazyLock::new(|| functions(2, (0..8).map(|_| tangle(2_000))));

/// What is a bomb by its structure is refused before it is compiled; what is one by its work is stopped at its time, and
/// at its memory, in a process of its own.
pub(crate) async fn run(world: Arc<World>) {
    tokio::task::spawn_blocking(move || {
        for (limit, bomb) in &*BOMBS {
            assert_eq!(over(&world, bomb), *limit);
        }
        // Both are there before the time is taken: the program may have to be built.
        let _ = (Place::new().command(&[]), WORK.len());
        let started = Instant::now();
        stopped(Config { compile_us: 1_000_000, ..Config::default() }, "compile_us");
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        stopped(Config { compile_bytes: 48 << 20, ..Config::default() }, "compile_bytes");
    })
    .await
    .unwrap();
}

fn stopped(config: Config, limit: &str) {
    let program = Place::new().command(&[]).get_program().into();
    let compiler = Compiler::Process { program, arguments: vec!["compile-worker".into()] };
    let engine = Engine::new(Config { concurrency: 1, compiler, ..config }).unwrap();
    let fault = engine.load(&WORK).unwrap_err().tool(TOOL);
    assert_eq!(typed(&fault), ("invalid".to_owned(), limit.to_owned()), "{fault:?}");
    assert_eq!(fault.detail.as_deref(), Some("component"));
    // The next has all of the time and memory again, and it is enough.
    engine.load(&wat::parse_file(folder().join("neighbour.wat")).unwrap()).unwrap();
}

fn body(fill: impl FnOnce(&mut Function)) -> Function {
    let mut body = Function::new([]);
    fill(&mut body);
    body.instructions().end();
    body
}

fn locals() -> Function {
    let mut body = Function::new([(49_999, ValType::I64)]);
    body.instructions().end();
    body
}

fn types(count: usize) -> TypeSection {
    let mut types = TypeSection::new();
    (0..count).for_each(|_| types.ty().function([], []));
    types
}

fn segments() -> Vec<u8> {
    let (mut memories, mut data) = (MemorySection::new(), DataSection::new());
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    for _ in 0..32_768 {
        data.active(0, &ConstExpr::i32_const(0), [0]);
    }
    component(Module::new().section(&memories).section(&data))
}

/// Many blocks, in which everything depends on everything.
fn tangle(blocks: u32) -> Function {
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
    body
}
