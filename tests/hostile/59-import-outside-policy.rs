use std::sync::Arc;

use crate::world::{World, typed};

const IMPORTS: [&str; 9] = [
    "wasi:nn/tensor@0.2.0",                // an interface that is not offered
    "stockade:host/refunds@0.1.0",         // a tool that does not exist
    "stockade:host/sql@0.2.0",             // another version
    "stockade:host/sql@0.10.0",            // a version that only looks alike
    "stockade:host/sql",                   // none
    "wasi:clocks/monotonic-clock@0.3.0",   // of another WASI
    "evil:clocks/monotonic-clock@0.2.0",   // another owner's
    "wasi:clocks/monotonic-clock-x@0.2.0", // a longer name
    "sql",                                 // a plain one
];

/// Refused before anything is compiled, whichever part of the name is wrong, and all of them are listed.
pub(crate) async fn run(world: Arc<World>) {
    let refusal = |imports: &[&str]| {
        let imports = imports.iter().map(|import| format!("(import \"{import}\" (instance))")).collect::<String>();
        let fault = world.load(&wat::parse_str(format!("(component {imports})")).unwrap(), &[]).unwrap_err();
        assert_eq!(typed(&fault), ("denied".to_owned(), "component".to_owned()), "{fault:?}");
        fault.message
    };
    for import in IMPORTS {
        let message = refusal(&[import]);
        let is_newer = import.ends_with("@0.3.0");
        let advice = if is_newer { "; it is built for WASI 0.3; build it for wasm32-wasip2" } else { "" };
        assert!(message.ends_with(&format!("does not offer: {import}{advice}")), "{message}");
    }
    let message = refusal(&[IMPORTS[1], "wasi:clocks/monotonic-clock@0.2.0", IMPORTS[6]]);
    assert!(message.contains(IMPORTS[1]) && message.contains(IMPORTS[6]), "{message}");
    assert!(!message.contains("wasi:clocks/monotonic-clock@0.2.0,"), "{message}");
    // A name that is there twice shadows nothing: it is no component.
    let twice = "(component (import \"wasi:io/aaaaa@0.2.0\" (instance)) (import \"wasi:io/error@0.2.0\" (instance)))";
    let mut twice = wat::parse_str(twice).unwrap();
    let at = twice.windows(5).position(|name| name == b"aaaaa").unwrap();
    twice[at..at + 5].copy_from_slice(b"error");
    assert_eq!(typed(&world.load(&twice, &[]).unwrap_err()).0, "invalid");
}
