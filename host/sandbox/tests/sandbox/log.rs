//! `wasi:logging` for a guest that writes what it likes.

use serde_json::{Value, json};
use stockade_sandbox::{Limits, LogLevel, LogLine, Outcome, Tool};
use stockade_workflow::{Grant, Kind};

use crate::common::{call, denial, guest, tool};

fn granted() -> Tool {
    tool(guest("log"), &[Grant::Log])
}

async fn write(tool: &Tool, level: &str, context: &str, message: &str) -> Outcome {
    let arguments = json!({"level": level, "context": context, "message": message});
    call(tool, "write", arguments, Limits::default()).await
}

/// Catalogue, case 23: what a terminal or a reader of lines would obey is data here, which the printer escapes.
#[tokio::test]
async fn a_line_is_kept_as_it_is() {
    let message = "a\r\n2026-11-24 critical: all is lost\u{1b}]52;c;eA==\u{7}\u{202e}\u{0}";
    let outcome = write(&granted(), "warn", "shop", message).await;
    let line = LogLine { level: LogLevel::Warn, context: "shop".into(), message: message.into() };
    assert_eq!((outcome.result, &outcome.log), (Ok(Value::Null), &vec![line]));
    let text = serde_json::to_string(&outcome.log).unwrap();
    assert!(text.starts_with(r#"[{"level":"warn","context":"shop","message":"a\r\n2026"#), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[tokio::test]
async fn a_log_that_is_not_granted_is_dropped_and_nothing_breaks() {
    let tool = tool(guest("log"), &[]);
    let outcome = write(&tool, "info", "", "nobody hears").await;
    assert_eq!((outcome.result, outcome.log), (Ok(Value::Null), Vec::new()));
    let message = denial(call(&tool, "fail", json!({}), Limits::default()).await.result);
    let expected = "tool \"test\" asked for log, which is not granted; in stockade.toml, under [tool.test.grants], \
                    log = true would allow it; the tool said: gave up";
    assert_eq!(message, expected);
    let outcome = call(&granted(), "fail", json!({}), Limits::default()).await;
    assert_eq!((outcome.result.unwrap_err().kind, outcome.log.len()), (Kind::GuestError, 1));
    assert!(super::common::tool(guest("echo"), &[Grant::Log]).component().asks().is_empty());
}

/// Catalogue, cases 17 and 18: lines without end, of many bytes or of none.
#[tokio::test]
async fn a_flood_is_cut_off() {
    let flood = async |lines: u32, bytes: u32, limits: Limits| {
        let outcome = call(&granted(), "flood", json!({"lines": lines, "bytes": bytes}), limits).await;
        let fault = outcome.result.unwrap_err();
        (fault.kind, fault.breach.unwrap().limit, outcome.log.len())
    };
    let wide = Limits::default().host_calls(u64::MAX);
    assert_eq!(flood(1_000, 10_000, Limits::default()).await, (Kind::Output, "log_bytes".to_owned(), 6));
    assert_eq!(flood(u32::MAX, 0, wide).await, (Kind::Output, "log_bytes".to_owned(), 4_096));
    let few = Limits::default().host_calls(10);
    assert_eq!(flood(u32::MAX, 0, few).await.0, Kind::HostCalls);
    let none = Limits::default().log_bytes(0);
    assert_eq!(flood(1, 0, none).await, (Kind::Output, "log_bytes".to_owned(), 0));
    // Lines that are not kept cost as much as those that are.
    let limits = Limits::default().host_bytes(100_000);
    let unheard = call(&tool(guest("log"), &[]), "flood", json!({"lines": 1_000, "bytes": 10_000}), limits).await;
    assert_eq!(unheard.result.unwrap_err().kind, Kind::HostcallBytes);
}
