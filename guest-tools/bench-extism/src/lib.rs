//! The bench's tool as an Extism plugin, with the lean guests' allocator. It speaks to Extism's kernel itself, as
//! Extism's own kit for Rust would, for that brings forty crates with it.

use lean as _; // the allocator

#[link(wasm_import_module = "extism:host/env")]
unsafe extern "C" {
    safe fn alloc(bytes: u64) -> u64;
    safe fn input_length() -> u64;
    safe fn input_load_u8(offset: u64) -> u32;
    safe fn input_load_u64(offset: u64) -> u64;
    safe fn store_u8(at: u64, byte: u32);
    safe fn store_u64(at: u64, bytes: u64);
    safe fn output_set(at: u64, bytes: u64);
}

/// Takes the order that is the plugin's input, and leaves the quote as its output. Returns 0, or 1 where it failed.
#[unsafe(no_mangle)]
pub extern "C" fn quote() -> i32 {
    let Ok(order) = String::from_utf8(input()) else { return 1 };
    match bench_tool::call("quote", &order) {
        Ok(quote) => {
            output(quote.as_bytes());
            0
        }
        Err(_) => 1,
    }
}

/// Reads the input, eight bytes a call where there are so many.
fn input() -> Vec<u8> {
    let length = input_length();
    let mut bytes = Vec::with_capacity(length as usize);
    let words = length / 8;
    (0..words).for_each(|word| bytes.extend(input_load_u64(word * 8).to_le_bytes()));
    (words * 8..length).for_each(|offset| bytes.push(input_load_u8(offset) as u8));
    bytes
}

/// Writes the output, eight bytes a call.
fn output(bytes: &[u8]) {
    let at = alloc(bytes.len() as u64);
    let (words, rest) = bytes.as_chunks::<8>();
    for (word, place) in words.iter().zip((at..).step_by(8)) {
        store_u64(place, u64::from_le_bytes(*word));
    }
    let end = at + bytes.len() as u64;
    for (byte, place) in rest.iter().zip(end - rest.len() as u64..) {
        store_u8(place, u32::from(*byte));
    }
    output_set(at, bytes.len() as u64);
}
