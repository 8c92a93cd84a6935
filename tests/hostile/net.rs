use std::time::Duration;

use serde_json::{Value, json};
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind};

use crate::server::Server;
use crate::world::{CALL_ID, World, call, typed};

/// A guest that sends any request, the wrong ones too.
pub(crate) fn fetch(world: &World, grants: &[Grant]) -> Tool {
    world.granted("guest-tools/dist/fetch.wasm", grants)
}

/// Grants requests to loopback.
pub(crate) fn local(allow: &str) -> Grant {
    Grant::http(allow).addresses(["127.0.0.1"])
}

/// Returns the grant, and so also the request, of a server's root.
pub(crate) fn place(method: &str, server: &Server) -> String {
    format!("{method} http://127.0.0.1:{}/", server.port)
}

/// A request, from `METHOD scheme://authority/path`.
pub(crate) fn request(text: &str) -> Value {
    let (method, url) = text.split_once(' ').unwrap();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    json!({
        "method": method, "scheme": scheme, "authority": authority, "path": path,
        "headers": [], "body": [], "trailers": [], "timeout": null, "secret": null
    })
}

pub(crate) fn with(mut request: Value, field: &str, value: Value) -> Value {
    request[field] = value;
    request
}

/// What is above the longest wait of the host's own.
pub(crate) fn patient() -> Limits {
    Limits::default().deadline(Duration::from_secs(30))
}

pub(crate) async fn send(tool: &Tool, request: Value) -> Result<Value, Fault> {
    send_within(tool, request, patient()).await
}

pub(crate) async fn send_within(tool: &Tool, request: Value, limits: Limits) -> Result<Value, Fault> {
    let answer = call(tool, "send", json!({"request": request}), limits).await.result;
    answer.inspect_err(|fault| {
        typed(fault);
        assert_eq!(fault.call_id.as_deref(), Some(CALL_ID));
    })
}

/// Checks that a call was denied, and returns the denial's text.
#[track_caller]
pub(crate) fn denied(answer: Result<Value, Fault>) -> String {
    let fault = answer.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied, "{fault}");
    fault.message
}

/// Returns what the guest said of an error that is not a denial.
#[track_caller]
pub(crate) fn said(answer: Result<Value, Fault>) -> String {
    let fault = answer.unwrap_err();
    assert_eq!(fault.kind, Kind::GuestError, "{fault}");
    fault.message
}
