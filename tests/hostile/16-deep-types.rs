use std::sync::Arc;

use serde_json::{Value, json};
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::Fault;

use crate::world::{World, call, ended, typed};

/// Types as deep as they can be written, values as deep as their types, and the one that seems to have no end.
pub(crate) async fn run(world: Arc<World>) {
    for depth in [101, 500] {
        let refused = nested(&world, depth).map(drop).unwrap_err();
        assert_eq!(typed(&refused), ("invalid".into(), "component".into()), "{depth}: {refused}");
    }
    // As deep as wasmtime takes: the function can be called, or it cannot and the fault says so.
    let deep = nested(&world, 90).unwrap();
    let outcome = call(&deep, "echo", json!({"value": value(90)}), Limits::default()).await;
    let ended_well = outcome.result.as_ref() == Ok(&value(90));
    assert!(ended_well || typed(outcome.result.as_ref().unwrap_err()).0 == "invalid", "{outcome:?}");
    // Each list's one item is the list itself, so that the value is as deep as its type and as wide as the limits.
    let wide = world.tool("16-deep-types.wat").unwrap();
    ended(&call(&wide, "wide", json!({}), Limits::default()).await, "output", "hostcall_bytes");
}

fn value(depth: usize) -> Value {
    (0..depth).fold(json!(7), |value, _| json!([value]))
}

fn nested(world: &World, depth: usize) -> Result<Tool, Fault> {
    let types: String = (1..depth).map(|n| format!("(type $t{n} (list $t{}))\n", n - 1)).collect();
    let ty = format!("$t{}", depth - 1);
    let text = format!(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (global $top (mut i32) (i32.const 64))
                (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
                    (global.get $top)
                    (global.set $top (i32.add (global.get $top) (local.get $size))))
                (func (export "echo") (param i32 i32) (result i32)
                    (i32.store (i32.const 0) (local.get 0))
                    (i32.store (i32.const 4) (local.get 1))
                    (i32.const 0)))
            (core instance $i (instantiate $m))
            (type $t0 (list u32))
            {types}
            (func (export "echo") (param "value" {ty}) (result {ty})
                (canon lift (core func $i "echo") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#
    );
    world.load(&wat::parse_str(text).unwrap(), &[])
}
