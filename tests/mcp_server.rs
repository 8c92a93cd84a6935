//! Stockade as a server of the Model Context Protocol, asked by lines and requests that are written by hand: `tests/mcp/run` has
//! the clients that others wrote.

mod agent;
mod elicitation;
mod http;
mod skills;
mod stdio;

use serde_json::{Value, json};

pub(crate) const NEWEST: &str = "2026-07-28";
pub(crate) const BEFORE: &str = "2025-11-25";

/// What each request of the newest revision carries; `capabilities` are those of the client.
pub(crate) fn meta(capabilities: Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": NEWEST,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

/// A client that opens addresses for a person.
pub(crate) fn opens_addresses() -> Value {
    json!({"elicitation": {"url": {}}})
}

/// The parameters of a call.
pub(crate) fn call(name: &str, arguments: Value) -> Value {
    json!({"name": name, "arguments": arguments})
}

/// Adds what the newest revision carries.
pub(crate) fn newest(mut params: Value, capabilities: Value) -> Value {
    params["_meta"] = meta(capabilities);
    params
}

pub(crate) fn request(id: u64, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// The first request of a client of the revision before.
pub(crate) fn initialize(capabilities: Value) -> Value {
    let client = json!({"name": "test", "version": "1"});
    json!({"protocolVersion": BEFORE, "capabilities": capabilities, "clientInfo": client})
}

pub(crate) fn names(tools: &Value) -> Vec<&str> {
    tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

/// Returns the tool of a name.
pub(crate) fn tool<'a>(tools: &'a Value, name: &str) -> &'a Value {
    tools.as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("no {name}: {tools}"))
}
