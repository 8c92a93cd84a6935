use std::fs;
use std::sync::Arc;

use crate::bombs::refused;
use crate::cache::{entries, load};
use crate::world::World;

/// Machine code that this very program has made, whole, in parts, and with what a component begins with before it.
pub(crate) async fn run(world: Arc<World>) {
    let dir = tempfile::tempdir().unwrap();
    load(dir.path(), "neighbour.wat");
    let entry = fs::read(&entries(dir.path())[0]).unwrap();
    let begin = entry.windows(4).position(|bytes| bytes == b"\x7fELF").unwrap();
    let code = &entry[begin..];
    for artefact in [code, &entry, &code[..100], &code[..4]] {
        let fault = refused(&world, artefact);
        let says = |text| fault.message.contains(text);
        assert!(says("is not WebAssembly") || says("is machine code"), "{fault}");
    }
    refused(&world, &[b"\0asm\x0d\0\x01\0", code].concat());
    // Machine code under the name of WebAssembly text.
    refused(&world, &[b"(component)", code].concat());
}
