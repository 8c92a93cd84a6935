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
mod data;
mod determinism;
mod folder;
mod fs;
mod http;
mod kv;
mod limits;
mod log;
mod manifest;
mod postgres;
mod request;
mod schema;
mod secrets;
mod server;
mod sql;
mod time;
mod tools;
mod values;
mod web;
