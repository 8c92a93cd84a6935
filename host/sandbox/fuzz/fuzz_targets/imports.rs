//! Every import of a component.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stockade_sandbox::fuzzing::imports(bytes));
