//! Messages of JSON-RPC 2.0. A message of a server is a stranger's: how much memory it takes is known before it is read.

use serde_json::{Value, json};
use stockade::Fault;
use stockade::json::{self as strict, Bounds};

/// The longest message of a server. A result of the default `output_bytes` fits several times.
pub(crate) const MESSAGE_BYTES_MAX: usize = 8 << 20;

/// Bytes of an error's text that are kept.
const ERROR_BYTES_MAX: usize = 2 << 10;

/// The error code of a method that the receiver does not have.
const NO_METHOD: i64 = -32601;

/// The notification that a server sends when its tools have changed.
pub(crate) const TOOLS_CHANGED: &str = "notifications/tools/list_changed";

/// What a server sent.
#[derive(Debug)]
pub(crate) enum Message {
    /// An answer to the request of this number.
    Answer(u64, Result<Value, Refused>),
    /// An answer that cannot be to any request: its id is no number of ours.
    Stray,
    /// A request of the server.
    Asked { id: Value, method: String },
    /// A notification of the server.
    Told { method: String },
}

/// An error that a server answered with.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) code: i64,
    pub(crate) message: String,
    pub(crate) data: Value,
}

/// Reads one message.
///
/// # Errors
///
/// It is not JSON, takes too much memory, or is not a message of JSON-RPC 2.0.
pub(crate) fn read(text: &str) -> Result<Message, Fault> {
    let mut message = strict::parse(text, &Bounds::OUTSIDE)?;
    let taken = |message: &mut Value, key: &str| message.get_mut(key).map(Value::take);
    let id = taken(&mut message, "id").filter(|id| !id.is_null());
    if let Some(method) = message.get("method").and_then(Value::as_str).map(str::to_owned) {
        return Ok(id.map_or(Message::Told { method: method.clone() }, |id| Message::Asked { id, method }));
    }
    let result = match (taken(&mut message, "result"), taken(&mut message, "error")) {
        (Some(result), None) => Ok(result),
        (None, Some(error)) => Err(refused(error)),
        _ => return Err(Fault::invalid("mcp", "a message has neither a method nor one of a result and an error")),
    };
    Ok(match id.as_ref().and_then(Value::as_u64) {
        Some(id) => Message::Answer(id, result),
        None => Message::Stray,
    })
}

fn refused(mut error: Value) -> Refused {
    let mut message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    message.truncate(message.floor_char_boundary(ERROR_BYTES_MAX));
    Refused {
        code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
        message,
        data: error.get_mut("data").map(Value::take).unwrap_or_default(),
    }
}

/// Writes a request.
pub(crate) fn request(id: u64, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

/// Writes a notification.
pub(crate) fn notification(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string()
}

/// Writes the answer to a request of a server: a ping is answered, and everything else is declined. This host has no roots, lets
/// no server ask its models, and lets none ask a person in its name.
pub(crate) fn reply(id: &Value, method: &str) -> String {
    let result = match method {
        "ping" => json!({}),
        "elicitation/create" => json!({"action": "decline"}),
        _ => {
            let error = json!({"code": NO_METHOD, "message": "this client does not answer requests of servers"});
            return json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string();
        }
    };
    json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_an_answer_a_request_or_a_notification() {
        assert!(matches!(read(r#"{"id": 1, "result": 2}"#), Ok(Message::Answer(1, Ok(_)))));
        let refused = read(r#"{"id": 1, "error": {"code": -32601, "message": "no"}}"#);
        assert!(matches!(refused, Ok(Message::Answer(1, Err(Refused { code: -32601, .. })))));
        assert!(matches!(read(r#"{"id": "a", "result": 2}"#), Ok(Message::Stray)));
        assert!(matches!(read(r#"{"id": "a", "method": "ping"}"#), Ok(Message::Asked { .. })));
        assert!(matches!(read(r#"{"method": "ping"}"#), Ok(Message::Told { .. })));
    }

    #[test]
    fn a_text_that_is_no_message_is_refused() {
        for text in ["", "[]", "{}", r#"{"id": 1}"#, r#"{"id": 1, "id": 2, "result": 1}"#, "{\"id\": 1, \"result\":"] {
            assert!(read(text).is_err(), "{text}");
        }
        let deep = format!("{{\"id\": 1, \"result\": {}{}}}", "[".repeat(100), "]".repeat(100));
        assert!(read(&deep).is_err());
    }

    #[test]
    fn a_request_of_a_server_is_declined_but_for_a_ping() {
        let id = json!("x");
        assert!(reply(&id, "ping").contains("\"result\":{}"));
        assert!(reply(&id, "elicitation/create").contains("decline"));
        for method in ["sampling/createMessage", "roots/list", "anything"] {
            assert!(reply(&id, method).contains("-32601"), "{method}");
        }
    }
}
