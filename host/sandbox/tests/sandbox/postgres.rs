//! `stockade:host/sql` on a real PostgreSQL, which `tests/postgres` starts, against a guest that may say anything.

mod connections;
mod data;
mod limits;
mod rights;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use stockade_sandbox::{Config, Engine, Limits, Tool};
use stockade_workflow::{Fault, Grant};
use tokio_postgres::{Client, NoTls};

use crate::common::{call, case, guest_source};

const PASSWORD: &str = "p@ss/word:not-in-any-text";
const SCHEMA: &str = "
    CREATE TYPE mood AS ENUM ('calm', 'cross');
    CREATE DOMAIN cents AS int8 CHECK (VALUE >= 0);
    CREATE TABLE items (id int PRIMARY KEY, name text UNIQUE, price float8, photo bytea);
    INSERT INTO items VALUES (1, 'lamp', 149.5, '\\x00ff'), (2, NULL, NULL, NULL);
    CREATE TABLE lines (item int NOT NULL REFERENCES items DEFERRABLE INITIALLY DEFERRED);
    CREATE SEQUENCE tickets;
    CREATE TABLE secrets (text text);";

/// One engine for all, as in a host; it knows the password of the role that each test makes.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let secrets = [("shop".to_owned(), PASSWORD.to_owned()), ("wrong".to_owned(), "wrong".to_owned())];
    Engine::new(Config { concurrency: 32, secrets: secrets.into_iter().collect(), ..Config::default() }).unwrap()
});

/// A database of the test's own, with a role of its own that may read and write the items.
struct Shop {
    url: String,
    role: String,
    tool: Tool,
    admin: Client,
}

impl Shop {
    async fn new(grant: impl Fn(Grant) -> Grant) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let role = format!("shop_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let url = server();
        let base = url.strip_suffix("/postgres").unwrap();
        let server = connect(&url).await;
        server.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")).await.unwrap();
        server.batch_execute(&format!("CREATE DATABASE {role}")).await.unwrap();
        let admin = connect(&format!("{base}/{role}")).await;
        admin.batch_execute(SCHEMA).await.unwrap();
        let rights = format!("GRANT ALL ON items, lines TO {role}; GRANT ALL ON SEQUENCE tickets TO {role}");
        admin.batch_execute(&rights).await.unwrap();
        let url = format!("postgres://{role}@{}/{role}", base.split_once('@').unwrap().1);
        let tool = tool(&[grant(Grant::sql("shop", &url).password("shop"))]).unwrap();
        Self { url, role, tool, admin }
    }

    async fn reader() -> Self {
        Self::new(|grant| grant).await
    }

    async fn writer() -> Self {
        Self::new(Grant::writable).await
    }

    async fn run(&self, function: &str, statement: &str, parameters: Value) -> Result<Value, Fault> {
        run(&self.tool, function, statement, parameters, Limits::default()).await
    }

    async fn query(&self, statement: &str) -> Result<Value, Fault> {
        self.run("query", statement, json!([])).await
    }

    async fn execute(&self, statement: &str) -> Result<Value, Fault> {
        self.run("execute", statement, json!([])).await
    }

    async fn count(&self, query: &str) -> i64 {
        self.admin.query_one(query, &[]).await.unwrap().get(0)
    }

    async fn items(&self) -> i64 {
        self.count("SELECT count(*) FROM items").await
    }

    /// Waits until the server does nothing more for the tool's role: no statement, no open transaction.
    async fn is_quiet(&self) {
        let busy = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND (state <> 'idle' OR xact_start IS NOT NULL)",
            self.role
        );
        let quiet = async {
            while self.count(&busy).await > 0 {
                self.admin.batch_execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.01)").await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), quiet).await.expect("the server goes on without its call");
    }
}

async fn run(tool: &Tool, function: &str, statement: &str, parameters: Value, limits: Limits) -> Result<Value, Fault> {
    let arguments = json!({"connection": "shop", "statement": statement, "parameters": parameters});
    call(tool, function, arguments, limits).await.result
}

fn tool(grants: &[Grant]) -> Result<Tool, Fault> {
    Tool::new(&ENGINE, "test", ENGINE.load(&guest_source("sql")).unwrap(), grants)
}

/// The superuser's URL, with its password.
fn server() -> String {
    std::env::var("STOCKADE_TEST_POSTGRES").expect("STOCKADE_TEST_POSTGRES; run the tests by tests/postgres")
}

async fn connect(url: &str) -> Client {
    let (client, traffic) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(traffic);
    client
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn rows_keep_their_types() {
    let shop = Shop::reader().await;
    let answer = shop.query("SELECT * FROM items ORDER BY id").await.unwrap();
    assert_eq!(
        answer,
        json!({
            "columns": ["id", "name", "price", "photo"],
            "rows": [
                [{"integer": 1}, {"text": "lamp"}, {"real": 149.5}, {"blob": "AP8="}],
                [{"integer": 2}, "null", "null", "null"]
            ]
        })
    );
}

/// Each value goes to the server in one row and comes back as it is in PostgreSQL's own writing.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn every_type_with_a_counterpart_goes_both_ways() {
    let shop = Shop::reader().await;
    let cases = [
        ("int2", json!({"integer": -32768}), json!({"integer": -32768})),
        ("int4", json!({"integer": 2147483647}), json!({"integer": 2147483647})),
        ("int8", json!({"integer": i64::MIN}), json!({"integer": i64::MIN})),
        ("oid", json!({"integer": 4294967295u32}), json!({"integer": 4294967295u32})),
        ("float4", json!({"real": 0.5}), json!({"real": 0.5})),
        ("float8", json!({"real": -1e300}), json!({"real": -1e300})),
        ("float8", json!({"integer": 3}), json!({"real": 3.0})),
        ("bool", json!({"integer": 1}), json!({"integer": 1})),
        ("bool", json!({"text": "false"}), json!({"integer": 0})),
        ("text", json!({"text": "x'; DROP TABLE items; --"}), json!({"text": "x'; DROP TABLE items; --"})),
        ("text", json!({"integer": 7}), json!({"text": "7"})),
        ("varchar(3)", json!({"text": "abc"}), json!({"text": "abc"})),
        ("name", json!({"text": "n"}), json!({"text": "n"})),
        ("bytea", json!({"blob": "AP8="}), json!({"blob": "AP8="})),
        (
            "uuid",
            json!({"text": "018F0000-1234-7ABC-8DEF-0123456789AB"}),
            json!({"text": "018f0000-1234-7abc-8def-0123456789ab"}),
        ),
        ("json", json!({"text": "{\"a\": 1}"}), json!({"text": "{\"a\": 1}"})),
        ("jsonb", json!({"text": "{\"a\":1}"}), json!({"text": "{\"a\": 1}"})),
        ("mood", json!({"text": "calm"}), json!({"text": "calm"})),
        ("cents", json!({"integer": 5}), json!({"integer": 5})),
        ("numeric", json!({"text": "-12345678901234567890.0500"}), json!({"text": "-12345678901234567890.0500"})),
        ("numeric", json!({"text": "0.00012"}), json!({"text": "0.00012"})),
        ("numeric", json!({"text": "120000"}), json!({"text": "120000"})),
        ("numeric", json!({"integer": 0}), json!({"text": "0"})),
        ("numeric", json!({"text": "NaN"}), json!({"text": "NaN"})),
        ("date", json!({"text": "2024-02-29"}), json!({"text": "2024-02-29"})),
        ("date", json!({"text": "1999-12-31"}), json!({"text": "1999-12-31"})),
        ("date", json!({"text": "1600-03-01"}), json!({"text": "1600-03-01"})),
        ("date", json!({"text": "infinity"}), json!({"text": "infinity"})),
        ("time", json!({"text": "23:59:59.5"}), json!({"text": "23:59:59.5"})),
        ("timestamp", json!({"text": "1969-12-31 23:59:59.000001"}), json!({"text": "1969-12-31T23:59:59.000001"})),
        ("timestamptz", json!({"text": "2026-11-24 16:00:00+01"}), json!({"text": "2026-11-24T15:00:00Z"})),
        ("int4", json!("null"), json!("null")),
    ];
    for (ty, given, expected) in cases {
        let answer = shop.run("query", &format!("SELECT $1::{ty}"), json!([given])).await;
        assert_eq!(answer.as_ref().map(|answer| &answer["rows"]), Ok(&json!([[expected]])), "{ty} {given}");
    }
    // Ten bytes of the server, and 131,072 of ours.
    let large =
        async |rows: u32| shop.query(&format!("SELECT 1e131071::numeric FROM generate_series(1, {rows})")).await;
    assert_eq!(large(1).await.unwrap()["rows"][0][0]["text"].as_str().map(str::len), Some(131_072));
    assert_eq!(case(large(8).await).0, "limit");
    let (name, text) = case(shop.query("SELECT '1 day'::interval AS wait").await);
    let expected = "column \"wait\" is of type \"interval\", which has no counterpart; cast it to text";
    assert_eq!((name.as_str(), text.as_str()), ("invalid", expected));
    for (statement, parameters) in [
        ("SELECT $1::int4", json!([{"text": "many"}])),
        ("SELECT $1::int2", json!([{"integer": 40000}])),
        ("SELECT $1::text", json!([{"blob": "AP8="}])),
        ("SELECT $1::text", json!([{"text": "a\u{0}b"}])),
        ("SELECT $1::int4", json!([])),
        ("SELECT 1", json!(["null"])),
    ] {
        assert_eq!(case(shop.run("query", statement, parameters).await).0, "invalid", "{statement}");
    }
}
