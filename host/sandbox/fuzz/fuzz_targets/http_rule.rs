//! What a grant of requests allows.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stockade_sandbox::fuzzing::http_rule(bytes));
