//! The components that are built from Rust, called as a host calls them.

use crate::common::{ENGINE, built, built_tool, call, tool};
use rusqlite::Connection;
use serde_json::json;
use stockade_sandbox::{Call, Limits, Tool};
use stockade_workflow::{Access, Capability, Grant, Kind};
use tempfile::NamedTempFile;

fn shop() -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    let schema = "
        CREATE TABLE purchases (user_id TEXT, item TEXT, price_cents INTEGER, days_ago INTEGER);
        CREATE TABLE refunds (id INTEGER PRIMARY KEY, idempotency_key TEXT UNIQUE, user_id TEXT, amount_cents INTEGER);
        INSERT INTO purchases VALUES ('user_1', 'lamp', 14900, 12);";
    Connection::open(file.path()).unwrap().execute_batch(schema).unwrap();
    file
}

fn granted(name: &str, shop: &NamedTempFile, access: Access) -> Tool {
    let grant = Grant::sql("shop", format!("sqlite:{}", shop.path().display()));
    let grant = if access == Access::ReadWrite { grant.writable() } else { grant };
    tool(ENGINE.load(&built(name)).unwrap(), &[grant])
}

#[tokio::test]
async fn policy_answers() {
    let tool = built_tool("policy");
    assert_eq!(tool.component().imports(), [""; 0]);
    assert!(tool.is_repeatable());
    let function = tool.function("policy.within-window").unwrap();
    assert_eq!(function.signature(), "within_window(days_ago: u32, window_days: u32) -> bool");
    assert_eq!(function.interface(), Some("stockade:policy/policy@0.1.0"));
    let outcome = call(&tool, "within_window", json!({"days_ago": 3, "window_days": 30}), Limits::default()).await;
    assert_eq!(outcome.result.unwrap(), json!(true));
    assert!(outcome.usage.fuel > 0 && outcome.usage.memory_bytes_peak > 0 && outcome.usage.tool_calls == 1);
}

#[tokio::test]
async fn letters_takes_a_variant() {
    let tool = built_tool("letters");
    let outcome = call(&tool, "write", json!({"outcome": {"too_old": 30}}), Limits::default()).await;
    assert!(outcome.result.unwrap().as_str().unwrap().contains("30"));
    let outcome = call(&tool, "write", json!({"outcome": "declined"}), Limits::default()).await;
    assert!(outcome.result.is_ok());
    let fault = call(&tool, "write", json!({"outcome": "too_old"}), Limits::default()).await.result.unwrap_err();
    assert_eq!(
        fault.message,
        "argument \"outcome\" (at $.outcome): expected one of unknown_customer, too_old(u32), declined, \
         processed(u64), got string \"too_old\""
    );
}

#[tokio::test]
async fn purchases_reads_what_it_was_granted() {
    let shop = shop();
    let tool = granted("purchases", &shop, Access::ReadOnly);
    assert_eq!(tool.component().asks(), [Capability::Sql].into());
    assert_eq!(
        tool.function("find").unwrap().signature(),
        "find(user_id: string) -> result<option<purchase{item: string, price_cents: u64, days_ago: u32}>, string>"
    );
    let outcome = call(&tool, "find", json!({"user_id": "user_1"}), Limits::default()).await;
    assert_eq!(outcome.result.unwrap(), json!({"item": "lamp", "price_cents": 14900, "days_ago": 12}));
    let outcome = call(&tool, "find", json!({"user_id": "' OR 1=1 --"}), Limits::default()).await;
    assert_eq!(outcome.result.unwrap(), json!(null));
}

#[tokio::test]
async fn without_a_grant_the_denial_is_the_answer() {
    let outcome = call(&built_tool("purchases"), "find", json!({"user_id": "user_1"}), Limits::default()).await;
    let fault = outcome.result.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied);
    assert_eq!(
        fault.message,
        "tool \"test\" asked for sql \"shop\", which is not granted; in stockade.toml, under [tool.test.grants], \
         sql = [{ name = \"shop\", url = \"sqlite:PATH\" }] would allow it"
    );
    assert_eq!((fault.tool.as_deref(), fault.call_id.as_deref()), (Some("test"), Some("run-1/key")));
}

#[tokio::test]
async fn payments_books_once_and_only_where_it_may_write() {
    let shop = shop();
    let payment = || json!({"user_id": "user_1", "amount_cents": 14900});
    let reader = granted("payments", &shop, Access::ReadOnly);
    assert!(reader.is_repeatable());
    let fault = call(&reader, "refund", payment(), Limits::default()).await.result.unwrap_err();
    assert_eq!(fault.kind, Kind::Denied);
    assert!(fault.message.contains("read-only"), "{fault}");

    let writer = granted("payments", &shop, Access::ReadWrite);
    assert!(!writer.is_repeatable());
    let first = call(&writer, "refund", payment(), Limits::default()).await.result.unwrap();
    let again = call(&writer, "refund", payment(), Limits::default()).await.result.unwrap();
    assert_eq!(first, json!({"reference": "re_1", "amount_cents": 14900}));
    assert_eq!(first, again);
}

/// By such a key, one refund would be a repetition of another one's.
#[tokio::test]
async fn a_key_without_a_letter_is_refused_before_anything_runs() {
    let tool = built_tool("policy");
    let arguments = json!({"days_ago": 3, "window_days": 30});
    for idempotency_key in ["", " ", "\n\t"] {
        let limits = Limits::default();
        let call = Call { function: "within_window", arguments: &arguments, idempotency_key, seed: 7, limits };
        let outcome = tool.call(call).await;
        let fault = outcome.result.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("idempotency_key")), "{fault}");
        assert_eq!(outcome.usage.fuel, 0);
    }
}

#[tokio::test]
async fn an_ordinary_guest_sees_nothing_of_the_machine() {
    let tool = built_tool("probe");
    let answer = async |function, arguments| call(&tool, function, arguments, Limits::default()).await.result;
    assert_eq!(answer("echo", json!({"text": "é🦀\0"})).await.unwrap(), json!("é🦀\0"));
    assert_eq!(answer("env", json!({"name": "PATH"})).await.unwrap(), json!(null));
    assert_eq!(answer("read_file", json!({"path": "/etc/passwd"})).await.unwrap_err().kind, Kind::Denied);
    assert_eq!(answer("now", json!({})).await.unwrap(), json!(1_767_225_600));
    assert_eq!(answer("random", json!({})).await, answer("random", json!({})).await);
}

#[tokio::test]
async fn what_a_guest_prints_is_kept_and_capped() {
    let tool = built_tool("probe");
    let outcome = call(&tool, "print", json!({"bytes": 10}), Limits::default()).await;
    assert_eq!(outcome.result, Ok(json!(null)));
    assert_eq!(outcome.stdout.len(), 10);
    let outcome = call(&tool, "print", json!({"bytes": 1_000_000}), Limits::default()).await;
    let fault = outcome.result.unwrap_err();
    assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::Output, "stdio_bytes"));
    assert_eq!(outcome.stdout.len(), 64 << 10);
}
