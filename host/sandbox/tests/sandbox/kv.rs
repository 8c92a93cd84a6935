//! `wasi:keyvalue` against a guest that may say anything.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::{Access, Fault, Grant, Kind};
use tempfile::TempDir;

use crate::common::{call, case, denial, guest, tool};

struct Bucket {
    dir: TempDir,
    tool: Tool,
}

impl Bucket {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tool = tool(guest("kv"), &[grant(&dir, Access::ReadWrite)]);
        Self { dir, tool }
    }

    /// The same file, which may only be read.
    fn reader(&self) -> Tool {
        tool(guest("kv"), &[grant(&self.dir, Access::ReadOnly)])
    }

    async fn run(&self, function: &str, arguments: Value) -> Result<Value, Fault> {
        run(&self.tool, function, arguments).await
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<Value, Fault> {
        self.run("set", json!({"key": key, "value": BASE64_STANDARD.encode(value)})).await
    }

    async fn get(&self, key: &str) -> Result<Value, Fault> {
        self.run("get", json!({"key": key})).await
    }
}

fn grant(dir: &TempDir, access: Access) -> Grant {
    let grant = Grant::kv("cart", dir.path().join("cart.kv").to_str().unwrap());
    if access == Access::ReadWrite { grant.writable() } else { grant }
}

async fn run(tool: &Tool, function: &str, mut arguments: Value) -> Result<Value, Fault> {
    arguments["bucket"] = json!("cart");
    call(tool, function, arguments, Limits::default()).await.result
}

#[tokio::test]
async fn what_is_set_is_there_until_it_is_deleted() {
    let bucket = Bucket::new();
    assert_eq!(bucket.get("lamp").await, Ok(json!(null)));
    assert_eq!(bucket.set("lamp", &[0, 255]).await, Ok(json!(null)));
    assert_eq!(bucket.get("lamp").await, Ok(json!("AP8=")));
    assert_eq!(bucket.set("lamp", b"").await, Ok(json!(null)));
    assert_eq!(bucket.get("lamp").await, Ok(json!("")));
    assert_eq!(bucket.run("exists", json!({"key": "lamp"})).await, Ok(json!(true)));
    for _ in 0..2 {
        assert_eq!(bucket.run("delete", json!({"key": "lamp"})).await, Ok(json!(null)));
    }
    assert_eq!(bucket.run("exists", json!({"key": "lamp"})).await, Ok(json!(false)));
}

#[tokio::test]
async fn a_batch_is_done_whole_or_not_at_all() {
    let bucket = Bucket::new();
    let pairs = json!([["a", "AQ=="], ["b", "Ag=="], ["a", "Aw=="]]);
    assert_eq!(bucket.run("set-many", json!({"key_values": pairs})).await, Ok(json!(null)));
    let found = bucket.run("get-many", json!({"keys": ["b", "none", "a"]})).await;
    assert_eq!(found, Ok(json!([["b", "Ag=="], null, ["a", "Aw=="]])));
    let long = "k".repeat(1_025);
    let (name, text) = case(bucket.run("set-many", json!({"key_values": [["c", ""], [long, ""]]})).await);
    assert_eq!((name.as_str(), text.as_str()), ("other", "the limit of 1024 bytes for the key is reached"));
    assert_eq!(bucket.get("c").await, Ok(json!(null)));
    assert_eq!(bucket.run("delete-many", json!({"keys": ["a", "none"]})).await, Ok(json!(null)));
    assert_eq!(bucket.run("list-keys", json!({"cursor": null})).await, Ok(json!({"keys": ["b"], "cursor": null})));
    let keys = vec!["k"; 1_001];
    assert_eq!(
        case(bucket.run("get-many", json!({"keys": keys})).await).1,
        "the limit of 1000 keys for the batch is reached"
    );
}

#[tokio::test]
async fn a_listing_comes_in_pages_and_no_cursor_breaks_it() {
    let bucket = Bucket::new();
    for first in ["a", "b", "c"] {
        let pairs: Vec<_> = (0..500).map(|number| json!([format!("{first}{number}"), ""])).collect();
        bucket.run("set-many", json!({"key_values": pairs})).await.unwrap();
    }
    let mut keys = Vec::new();
    let mut cursor = json!(null);
    loop {
        let page = bucket.run("list-keys", json!({"cursor": cursor})).await.unwrap();
        let found = page["keys"].as_array().unwrap();
        assert!(found.len() <= 1_000);
        keys.extend(found.iter().map(|key| key.as_str().unwrap().to_owned()));
        cursor = page["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!((keys.len(), keys[0].as_str(), keys[1_499].as_str()), (1_500, "a0", "c499"));
    for cursor in [1_500_u64, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let page = bucket.run("list-keys", json!({"cursor": cursor})).await;
        assert_eq!(page, Ok(json!({"keys": [], "cursor": null})), "{cursor}");
    }
}

/// Two tools on one file are as two processes: each has a connection of its own.
#[tokio::test]
async fn no_increment_is_lost() {
    let bucket = Bucket::new();
    let other = tool(guest("kv"), &[grant(&bucket.dir, Access::ReadWrite)]);
    let calls: Vec<_> = (0..20)
        .map(|number| {
            let tool = if number % 2 == 0 { bucket.tool.clone() } else { other.clone() };
            tokio::spawn(async move { run(&tool, "increment", json!({"key": "n", "delta": 3})).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(bucket.get("n").await, Ok(json!(BASE64_STANDARD.encode("60"))));
    let increment = async |delta: u64| bucket.run("increment", json!({"key": "n", "delta": delta})).await;
    assert_eq!(case(increment(u64::MAX).await), ("other".into(), "the sum is over 64 bits".into()));
    assert_eq!(increment(0).await, Ok(json!(60)));
    bucket.set("n", b"sixty").await.unwrap();
    assert_eq!(case(increment(1).await).0, "other");
}

#[tokio::test]
async fn a_bucket_that_is_not_granted_is_denied() {
    let bucket = Bucket::new();
    let name = format!("led{}ger\u{1b}", "g".repeat(100_000));
    for (function, arguments) in [
        ("get", json!({"bucket": name, "key": "a"})),
        ("list-keys", json!({"bucket": name, "cursor": null})),
        ("increment", json!({"bucket": name, "key": "a", "delta": 1})),
    ] {
        let fault = call(&bucket.tool, function, arguments, Limits::default()).await.result.unwrap_err();
        assert_eq!(fault.kind, Kind::Denied);
        let expected = "tool \"test\" asked for kv \"ledgggg";
        assert!(fault.message.starts_with(expected) && fault.message.len() < 500, "{fault}");
        assert!(fault.message.ends_with("would allow it; the tool said: access_denied"), "{fault}");
    }
    let message = denial(run(&tool(guest("kv"), &[]), "get", json!({"key": "a"})).await);
    let expected = "tool \"test\" asked for kv \"cart\", which is not granted; in stockade.toml, under \
                    [tool.test.grants], kv = [{ bucket = \"cart\", path = \"PATH\" }] would allow it";
    assert!(message.starts_with(expected), "{message}");
}

/// A component that does not ask for buckets gets none, and no file is made for it.
#[test]
fn what_is_not_asked_for_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let tool = tool(guest("echo"), &[grant(&dir, Access::ReadWrite)]);
    assert!(tool.component().asks().is_empty());
    assert!(!dir.path().join("cart.kv").exists());
}

#[tokio::test]
async fn a_reader_reads_and_the_database_itself_refuses_the_rest() {
    let bucket = Bucket::new();
    bucket.set("lamp", b"x").await.unwrap();
    let reader = bucket.reader();
    assert_eq!(run(&reader, "get", json!({"key": "lamp"})).await, Ok(json!("eA==")));
    assert_eq!(run(&reader, "list-keys", json!({"cursor": null})).await.unwrap()["keys"], json!(["lamp"]));
    for (function, arguments) in [
        ("set", json!({"key": "lamp", "value": ""})),
        ("delete", json!({"key": "lamp"})),
        ("increment", json!({"key": "n", "delta": 1})),
        ("set-many", json!({"key_values": [["lamp", ""]]})),
        ("delete-many", json!({"keys": ["lamp"]})),
    ] {
        let message = denial(run(&reader, function, arguments).await);
        assert!(message.contains("asked for a change of kv \"cart\", which is not granted"), "{function}: {message}");
        assert!(message.contains("access = \"read-write\" in its line of kv would allow it"), "{function}: {message}");
    }
    assert_eq!(bucket.get("lamp").await, Ok(json!("eA==")));
}

#[tokio::test]
async fn the_file_is_its_owners_alone_and_no_other_file_is_taken() {
    let bucket = Bucket::new();
    bucket.set("a", b"").await.unwrap();
    for file in std::fs::read_dir(bucket.dir.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
    let path = bucket.dir.path().join("shop.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE items (id)").unwrap();
    for (name, says) in [("shop.db", "is the file of something else"), ("no/where.kv", "No such file")] {
        let path = bucket.dir.path().join(name);
        let grant = Grant::kv("cart", path.to_str().unwrap());
        let fault = Tool::new(&crate::common::ENGINE, "test", guest("kv"), &[grant]).unwrap_err();
        assert!(fault.kind == Kind::Invalid && fault.message.contains(says), "{fault}");
    }
}

#[tokio::test]
async fn values_and_keys_are_capped() {
    let bucket = Bucket::new();
    let mebibyte = vec![7; 1 << 20];
    let limits = Limits::default().argument_bytes(4 << 20).hostcall_bytes(64 << 20);
    let set = async |value: &[u8]| {
        let arguments = json!({"bucket": "cart", "key": "a", "value": BASE64_STANDARD.encode(value)});
        call(&bucket.tool, "set", arguments, limits.clone()).await.result
    };
    assert_eq!(set(&mebibyte).await, Ok(json!(null)));
    let (_, text) = case(set(&[&mebibyte[..], b"x"].concat()).await);
    assert_eq!(text, "the limit of 1048576 bytes for the value is reached");
    assert_eq!(bucket.set(&"k".repeat(1_024), b"").await, Ok(json!(null)));
    assert_eq!(case(bucket.set(&"k".repeat(1_025), b"").await).1, "the limit of 1024 bytes for the key is reached");
}

/// Catalogue, cases 17, 18 and 51: many calls, many bytes, many handles.
#[tokio::test]
async fn a_guest_that_goes_on_and_on_is_stopped() {
    let bucket = Bucket::new();
    let pump = async |bytes: u32, times: u32, limits: Limits| {
        let arguments = json!({"bucket": "cart", "bytes": bytes, "times": times});
        call(&bucket.tool, "pump", arguments, limits).await.result.unwrap_err()
    };
    let limit = |fault: &Fault| fault.breach.as_ref().unwrap().limit.clone();
    let fault = pump(1, 100, Limits::default().host_calls(50)).await;
    assert_eq!((fault.kind, limit(&fault)), (Kind::HostCalls, "host_calls".to_owned()));
    let fault = pump(100_000, 100, Limits::default().host_bytes(500_000)).await;
    assert_eq!((fault.kind, limit(&fault)), (Kind::HostcallBytes, "host_bytes".to_owned()));
    let arguments = json!({"bucket": "cart", "times": 100_000});
    let fault = call(&bucket.tool, "hoard", arguments, Limits::default()).await.result.unwrap_err();
    assert_eq!((fault.kind, limit(&fault)), (Kind::Handles, "resources".to_owned()));
    assert_eq!(bucket.get("none").await, Ok(json!(null)));
}
