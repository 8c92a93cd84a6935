//! The tests of the crate from outside, a file each, in one program: each further one would be linked anew.
#![cfg(test)]

mod children;
mod decided_in_time;
mod fold;
mod golden;
mod json;
mod machine;
mod properties;
mod schema;
mod support;
mod thread;
mod waits;
