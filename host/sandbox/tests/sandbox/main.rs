//! Hostile and ordinary guests against the sandbox, in one program and mostly on one engine.
#![cfg(test)]

mod bench;
mod cache;
mod common;
mod components;
mod determinism;
mod limits;
mod sql;
mod tools;
mod values;
