//! What is admitted before it is compiled.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stockade_sandbox::fuzzing::admission(bytes));
