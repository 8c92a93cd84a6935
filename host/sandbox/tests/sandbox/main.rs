//! Hostile and ordinary guests against the sandbox, in one program and mostly on one engine.
#![cfg(test)]

mod admission;
mod bench;
mod cache;
mod commands;
mod common;
mod compiler;
mod components;
mod config;
mod determinism;
mod fs;
mod http;
mod kv;
mod limits;
mod log;
mod manifest;
mod postgres;
mod schema;
mod secrets;
mod server;
mod sql;
mod tools;
mod values;
