//! The tests of the crate from outside, in one program: each further one would be linked anew.
#![cfg(test)]

mod letter;
mod paths;
