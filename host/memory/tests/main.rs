//! The tests of the crate from outside, a file each, in one program: each further one would be linked anew.
#![cfg(test)]

mod home;
mod memory;
mod postgres;
mod retrieval;
