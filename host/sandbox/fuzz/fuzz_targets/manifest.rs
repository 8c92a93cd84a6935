//! The manifest in a component.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stockade_sandbox::fuzzing::manifest(bytes));
