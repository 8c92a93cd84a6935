//! Tools in Python and JavaScript, as the stock tool chains of those languages make components of them.
//!
//! `tests/run` makes the components, and runs these tests with `--include-ignored`.

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use stockade::{Call, Fault, Host, Kind, Limits, Source, Tool};
use stockade_tests::{Place, root};

/// What an interpreter needs beyond the default.
fn limits() -> Limits {
    Limits::default().fuel(500_000_000).memory_bytes(256 << 20).table_elements(60_000)
}

/// Compiling an interpreter takes seconds on all cores. One test at a time does it: the next one finds it compiled.
static LOADING: Mutex<()> = Mutex::new(());

/// The tool of `languages-guests/wit` in some language, with nothing granted.
struct Words {
    tool: Tool,
    _host: Host,
    _place: Place,
}

impl Words {
    async fn new(language: &str) -> Self {
        let (place, built) = (Place::new(), root().join("target/languages"));
        let host = place.host().cache(built.join("cache")).limits(limits()).build().await.unwrap();
        let source = Source::from(built.join(language).with_extension("wasm"));
        let tool = {
            let _turn = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
            host.load(language, &source, &[]).unwrap()
        };
        Self { tool, _host: host, _place: place }
    }

    async fn call(&self, function: &str, arguments: Value) -> Result<Value, Fault> {
        self.limited(function, arguments, limits()).await
    }

    async fn limited(&self, function: &str, arguments: Value, limits: Limits) -> Result<Value, Fault> {
        let arguments = &arguments;
        self.tool.call(Call { function, arguments, idempotency_key: "x", seed: 7, limits }).await.result
    }

    async fn fault(&self, function: &str, arguments: Value) -> Fault {
        self.call(function, arguments).await.unwrap_err()
    }
}

async fn answers(language: &str) {
    let words = Words::new(language).await;
    let measured = words.call("measure", json!({"text": "so very  good!!"})).await.unwrap();
    assert_eq!(measured, json!({"words": 3, "longest": "good!!", "mood": {"loud": 2}}));
    let measured = words.call("words.measure", json!({"text": "é🦀"})).await.unwrap();
    assert_eq!(measured, json!({"words": 1, "longest": "é🦀", "mood": "calm"}));
    let listed = json!({"words": ["b", "a", "b"]});
    assert_eq!(words.call("count", listed).await.unwrap(), json!([["b", 2], ["a", 1]]));
    let listed = json!({"words": ["b", "a", "b"], "at_least": 2});
    assert_eq!(words.call("count", listed).await.unwrap(), json!([["b", 2]]));
    // Its own error is its answer; an uncaught exception ends it, and what it was about is told.
    let fault = words.fault("measure", json!({"text": " "})).await;
    assert_eq!((fault.kind, fault.message.as_str()), (Kind::GuestError, "there are no words"));
    let fault = words.fault("crash", json!({"why": "on purpose"})).await;
    assert_eq!(fault.kind, Kind::Trap, "{fault}");
    assert!(fault.message.contains("; it said: "), "{fault}");
    // Fuel is exact even for an interpreter, where nothing real is granted.
    let call =
        || Call { function: "measure", arguments: &Value::Null, idempotency_key: "x", seed: 7, limits: limits() };
    let arguments = json!({"text": "again"});
    let mut fuel = Vec::new();
    for _ in 0..3 {
        fuel.push(words.tool.call(Call { arguments: &arguments, ..call() }).await.usage.fuel);
    }
    assert!(fuel.iter().all(|used| *used == fuel[0]), "{fuel:?}");
}

async fn refuses_bad_input(language: &str) {
    let words = Words::new(language).await;
    for (function, arguments) in [
        ("measure", json!({})),
        ("measure", json!({"text": 7})),
        ("measure", json!({"text": "x", "more": 1})),
        ("count", json!({"words": ["a", null]})),
        ("count", json!({"words": [], "at_least": -1})),
        ("count", json!({"words": [], "at_least": 4_294_967_296_u64})),
    ] {
        let fault = words.fault(function, arguments).await;
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("schema")), "{fault}");
    }
    assert_eq!(words.fault("walk", json!({})).await.kind, Kind::NotFound);
}

async fn is_held(language: &str) {
    let words = Words::new(language).await;
    assert_eq!(words.call("env", json!({"name": "PATH"})).await.unwrap(), json!(null));
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let fault = words.fault("read_file", json!({"path": "/etc/passwd"})).await;
    assert!(
        matches!(fault.kind, Kind::GuestError | Kind::Denied)
            && !fault.message.contains(passwd.lines().next().unwrap()),
        "{fault}"
    );

    let fault = words.limited("spin", json!({}), limits().fuel(20_000_000)).await.unwrap_err();
    assert_eq!(fault.kind, Kind::Fuel, "{fault}");
    let brief = limits().fuel(u64::MAX).deadline(Duration::from_millis(300));
    let fault = words.limited("spin", json!({}), brief).await.unwrap_err();
    assert_eq!(fault.kind, Kind::Deadline, "{fault}");
    // Whatever happened to the calls before it, the next one is fresh.
    assert!(words.call("measure", json!({"text": "fine"})).await.is_ok());
}

macro_rules! languages {
    ($($language:ident)*) => {$(
        mod $language {
            #[tokio::test]
            #[ignore = "needs target/languages/*.wasm; tests/run makes them"]
            async fn answers() {
                super::answers(stringify!($language)).await;
            }

            #[tokio::test]
            #[ignore = "needs target/languages/*.wasm; tests/run makes them"]
            async fn refuses_bad_input() {
                super::refuses_bad_input(stringify!($language)).await;
            }

            #[tokio::test]
            #[ignore = "needs target/languages/*.wasm; tests/run makes them"]
            async fn is_held() {
                super::is_held(stringify!($language)).await;
            }
        }
    )*};
}

languages!(python javascript);
