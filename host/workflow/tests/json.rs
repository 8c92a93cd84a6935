//! What `json::measured` says of a text against the memory that its value really takes.

#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use proptest::prelude::*;
use serde_json::Value;
use stockade_workflow::json::{Bounds, measured, memory_bytes, parse};

struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let _ = HELD.try_with(|held| held.set(held.get() + bytes));
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BOUNDS: Bounds = Bounds { depth: 127, memory_bytes: u64::MAX };

/// What is measured in the text, what is measured in the value, and what the value takes.
fn memory(text: &str) -> [u64; 3] {
    let before = HELD.get();
    let value = parse(text, &BOUNDS).unwrap();
    let held = (HELD.get() - before) as u64 + size_of::<Value>() as u64;
    [measured(text, &BOUNDS).unwrap(), memory_bytes(&value), held]
}

fn check(text: &str) {
    for said in [memory(text)[0], memory(text)[1]] {
        let held = memory(text)[2];
        assert!(held <= said && said <= held * 2 + 100, "{said} is said and {held} taken by {text:.99}");
    }
}

#[test]
fn the_measure_is_what_the_value_takes() {
    let nest = |open: &str, close: &str| format!("{}1{}", open.repeat(60), close.repeat(60));
    for text in ["1", "[]", "{}", "\"\"", "\"some words of a text\"", "[ ]", "[1]", "{\"a\": null}", "[[],[],[],[],[]]"]
    {
        check(text);
    }
    for text in [nest("[", "]"), nest("{\"\":", "}"), nest("[{\"key\":", "}]")] {
        check(&text);
    }
    for members in 1..70 {
        check(&format!("[{}]", vec!["1"; members].join(",")));
        let members: Vec<_> = (0..members).map(|key| format!("\"{key}\": {{}}")).collect();
        check(&format!("{{{}}}", members.join(", ")));
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), ".{0,40}".prop_map(Value::from)];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(".{0,9}", inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Escapes are longer in the text than in memory, so it may be said to take more, and never less.
    #[test]
    fn the_measure_is_never_too_small(value in values(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let [measured, of_value, held] = memory(&text);
        prop_assert!(held <= measured && held <= of_value, "{measured} {of_value} {held} {text}");
    }
}
