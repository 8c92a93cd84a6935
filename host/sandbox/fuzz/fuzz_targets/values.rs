//! Values: JSON to WIT and back.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stockade_sandbox::fuzzing::values(bytes));
