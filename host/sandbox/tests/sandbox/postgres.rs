//! `stockade:host/sql` on a real PostgreSQL, which `tests/postgres` starts, against a guest that may say anything.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use stockade_sandbox::{Config, Engine, Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind};
use tokio_postgres::{Client, NoTls};

use crate::common::{call, case, denial, guest_source};

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

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn what_is_not_granted_is_denied() {
    let message = denial(run(&tool(&[]).unwrap(), "query", "SELECT 1", json!([]), Limits::default()).await);
    assert!(message.contains("tool \"test\" asked for sql \"shop\", which is not granted"), "{message}");
    let echo = ENGINE.load(&guest_source("echo")).unwrap();
    let shop = Shop::reader().await;
    let tool = Tool::new(&ENGINE, "echo", echo, &[Grant::sql("shop", &shop.url).password("shop")]).unwrap();
    assert!(tool.component().asks().is_empty() && tool.is_repeatable());
    let connected = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'", shop.role);
    assert_eq!(shop.count(&connected).await, 0, "nobody asked, and yet the host connected");
}

/// The first words are refused by us, what is within a query by the server: both must hold for a read-only grant.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_reader_cannot_write() {
    let shop = Shop::reader().await;
    for statement in [
        "DELETE FROM items",
        "INSERT INTO items VALUES (3)",
        "UPDATE items SET name = 'x'",
        "WITH gone AS (DELETE FROM items RETURNING id) SELECT * FROM gone",
        "WITH gone AS (DELETE FROM items RETURNING id) SELECT set_config('transaction_read_only', 'off', false) FROM gone",
    ] {
        for function in ["execute", "query"] {
            let answer = shop.run(function, statement, json!([])).await.unwrap_err();
            let read_only = answer.message.contains("but the grant is read-only; a writable grant would allow it");
            assert!(read_only || answer.message.contains("invalid"), "{function} {statement}: {answer}");
        }
    }
    assert_eq!(shop.items().await, 2);
    // Nothing that a query leaves in its session is there for the next, which has the same connection.
    for statement in [
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT set_config('transaction_read_only', 'off', true), nextval('tickets')",
        "SELECT nextval('tickets')",
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT set_config('search_path', 'nowhere', false)",
        "SELECT set_config('statement_timeout', '0', false)",
        "SELECT pg_advisory_lock(7)",
        "SELECT pg_notify('channel', 'text')",
    ] {
        let _ = shop.query(statement).await;
        assert_eq!(shop.query("SELECT count(*) FROM items").await.unwrap()["rows"], json!([[{"integer": 2}]]));
    }
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    assert_eq!(shop.count(locks).await, 0);
    let denied = denial(shop.query("SELECT nextval('tickets')").await);
    assert!(denied.contains("but the grant is read-only"), "{denied}");
    assert_eq!(shop.count("SELECT last_value FROM tickets").await, 1);
    assert_eq!(shop.count(&format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'", shop.role)).await, 1);
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_writer_writes_and_is_told_how_much() {
    let shop = Shop::writer().await;
    let answer =
        shop.run("execute", "INSERT INTO items VALUES ($1, $2), (4, 'b')", json!([{"integer": 3}, {"text": "a"}]));
    assert_eq!(answer.await, Ok(json!(2)));
    assert_eq!(shop.items().await, 4);
    let (name, text) = case(shop.execute("INSERT INTO items VALUES (5, 'a')").await);
    assert_eq!(name, "constraint");
    assert!(text.contains("items_name_key"), "{text}");
    // A constraint that is checked when the transaction ends is checked before the answer.
    assert_eq!(case(shop.execute("INSERT INTO lines VALUES (99)").await).0, "constraint");
    assert_eq!(
        shop.execute("WITH old AS (SELECT 4 AS id) DELETE FROM items USING old WHERE items.id = old.id").await,
        Ok(json!(1))
    );
    assert_eq!(shop.items().await, 3);
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn reading_and_writing_are_two_doors() {
    let shop = Shop::writer().await;
    for statement in ["DELETE FROM items", "WITH gone AS (DELETE FROM items RETURNING id) SELECT * FROM gone"] {
        let (name, text) = case(shop.query(statement).await);
        assert_eq!((name.as_str(), text.as_str()), ("invalid", "the statement changes rows; run it with \"execute\""));
    }
    assert_eq!(case(shop.execute("SELECT 1").await).0, "invalid");
    assert_eq!(case(shop.execute("DELETE FROM items RETURNING id").await).0, "invalid");
    assert_eq!(shop.items().await, 2);
}

/// Nothing of this is SQL that a tool needs; each is a way out of its rows.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn the_ways_out_are_closed_to_both() {
    let statements = [
        "SET TRANSACTION READ WRITE",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET ROLE postgres",
        "RESET ALL",
        "BEGIN",
        "COMMIT",
        "COMMIT AND CHAIN",
        "ROLLBACK",
        "SAVEPOINT s",
        "PREPARE TRANSACTION 'x'",
        "PREPARE s AS SELECT 1",
        "DO $$ BEGIN DELETE FROM items; END $$",
        "CALL nothing()",
        "COPY items TO '/tmp/stockade-items'",
        "COPY (SELECT 1) TO PROGRAM 'touch /tmp/stockade-items'",
        "COPY items TO STDOUT",
        "COPY items FROM STDIN",
        "LISTEN channel",
        "NOTIFY channel",
        "LOCK TABLE items",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "CREATE TABLE t (a int)",
        "CREATE TEMP TABLE t (a int)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE items",
        "ALTER TABLE items ADD COLUMN x int",
        "TRUNCATE items",
        "GRANT ALL ON items TO PUBLIC",
        "VACUUM",
        "EXPLAIN ANALYZE SELECT 1",
        "SHOW ALL",
        "/* a comment */ DELETE FROM items",
        "-- a comment\nDELETE FROM items",
        "\u{a0}SELECT 1",
        "SELECT 1 INTO t",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_export(1, '/tmp/stockade-items')",
        "SELECT pg_ls_dir('/')",
        "SELECT text FROM secrets",
        "SELECT set_config('role', 'postgres', false)",
        "SELECT set_config('session_authorization', 'postgres', false)",
        "SELECT 1; DELETE FROM items",
        "DELETE FROM items; SELECT 1",
        "",
        ";",
        "--",
    ];
    for shop in [Shop::reader().await, Shop::writer().await] {
        for statement in statements {
            for function in ["query", "execute"] {
                let fault = shop.run(function, statement, json!([])).await.expect_err(statement);
                let denied = fault.kind == Kind::Denied;
                assert!(denied || fault.message.starts_with("{\"invalid\":"), "{function} {statement}: {fault}");
            }
        }
        let copy = denial(shop.execute("copy items TO STDOUT").await);
        assert!(copy.contains("asked sql \"shop\" for COPY, which no grant of sql allows"), "{copy}");
        let secrets = denial(shop.query("SELECT text FROM secrets").await);
        assert!(secrets.contains("for what its role may not do: permission denied for table secrets"), "{secrets}");
        assert_eq!(shop.items().await, 2);
    }
    assert!(!std::path::Path::new("/tmp/stockade-items").exists());
}

/// A role that reaches the server's files or programs is no role for a guest, whatever its transaction.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_role_that_could_leave_the_database_is_refused() {
    let shop = Shop::reader().await;
    let rights = [
        ("GRANT pg_read_server_files TO", "REVOKE pg_read_server_files FROM", "a member of pg_read_server_files"),
        ("GRANT postgres TO", "REVOKE postgres FROM", "a member of postgres"),
        (
            "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO",
            "REVOKE EXECUTE ON FUNCTION pg_read_file(text) FROM",
            "allowed to call pg_read_file",
        ),
    ];
    for (grant, revoke, right) in rights {
        shop.admin.batch_execute(&format!("{grant} {}", shop.role)).await.unwrap();
        let (name, text) = case(shop.query("SELECT 1").await);
        let expected = format!("sql \"shop\" is granted as a role that is {right}; give a role that is not");
        assert_eq!((name.as_str(), text), ("failed", expected));
        shop.admin.batch_execute(&format!("{revoke} {}", shop.role)).await.unwrap();
    }
    assert!(shop.query("SELECT 1").await.is_ok());
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn answers_are_capped_while_they_arrive() {
    let shop = Shop::reader().await;
    let rows = |count: u64| format!("SELECT generate_series(1, {count})");
    assert_eq!(shop.query(&rows(1_000)).await.unwrap()["rows"].as_array().unwrap().len(), 1_000);
    assert_eq!(case(shop.query(&rows(1_001)).await).0, "limit");
    // Nobody waits for the thousand million.
    assert_eq!(case(shop.query(&rows(1_000_000_000)).await).0, "limit");
    assert_eq!(case(shop.query("SELECT repeat('x', 2000000)").await).0, "limit");
    assert_eq!(case(shop.query("SELECT repeat('x', 100000) FROM generate_series(1, 20)").await).0, "limit");
    // A row of a hundred megabytes is not read to its end.
    let before = peak_kib();
    let limits = Limits::default().deadline(Duration::from_secs(60));
    let row = run(&shop.tool, "query", "SELECT repeat('x', 100000000)", json!([]), limits).await;
    assert_eq!(case(row).0, "limit");
    assert!(peak_kib() - before < 60_000, "{} KiB", peak_kib() - before);
    let columns = |count: u32| format!("SELECT {}", vec!["1"; count as usize].join(", "));
    assert!(shop.query(&columns(200)).await.is_ok());
    assert_eq!(case(shop.query(&columns(201)).await).0, "limit");
    assert_eq!(case(shop.query(&format!("SELECT 1 {}", " ".repeat(70_000))).await).0, "limit");
    assert!(shop.query("SELECT 1").await.is_ok());
    shop.is_quiet().await;
}

/// The most memory that this process ever had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn what_a_call_carries_is_counted_over_all_its_statements() {
    let shop = Shop::reader().await;
    let limits = Limits { host_bytes: 50_000, ..Limits::default() };
    let fault = run(&shop.tool, "query", "SELECT repeat('x', 60000)", json!([]), limits).await.unwrap_err();
    assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::HostcallBytes, "host_bytes"));
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_query_that_never_ends_ends_with_the_call() {
    let shop = Shop::reader().await;
    for statement in [
        "SELECT pg_sleep(3600)",
        "SELECT set_config('statement_timeout', '0', false), pg_sleep(3600)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n",
    ] {
        let limits = Limits::default().deadline(Duration::from_millis(300));
        let fault = run(&shop.tool, "query", statement, json!([]), limits).await.unwrap_err();
        assert!(matches!(fault.kind, Kind::Deadline | Kind::GuestError), "{fault}");
        shop.is_quiet().await;
    }
    assert!(shop.query("SELECT 1").await.is_ok());
}

/// Catalogue, case 29: a call that is dropped leaves no statement, no transaction and no connection that another gets.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_call_that_is_dropped_takes_its_statement_with_it() {
    let shop = Shop::writer().await;
    let limits = Limits::default().deadline(Duration::from_secs(3_600));
    let statement = "INSERT INTO items SELECT 3 FROM pg_sleep(3600)";
    let running =
        format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND query LIKE 'INSERT%'", shop.role);
    let begun = async { while shop.count(&running).await == 0 {} };
    tokio::select! {
        answer = run(&shop.tool, "execute", statement, json!([]), limits) => panic!("{answer:?}"),
        () = begun => {}
    }
    shop.is_quiet().await;
    assert_eq!(shop.execute("DELETE FROM items").await, Ok(json!(2)));
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_locked_row_is_an_error_and_not_a_wait() {
    let shop = Shop::writer().await;
    shop.admin.batch_execute("BEGIN; LOCK TABLE items").await.unwrap();
    let locked = ("failed".to_owned(), "sql \"shop\" is locked".to_owned());
    assert_eq!(case(shop.execute("DELETE FROM items").await), locked);
    shop.admin.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(shop.execute("DELETE FROM items").await, Ok(json!(2)));
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_connection_that_the_server_ends_is_replaced() {
    let shop = Shop::reader().await;
    let fault = shop.query("SELECT pg_terminate_backend(pg_backend_pid())").await.unwrap_err();
    assert!(fault.message.starts_with("{\"failed\":"), "{fault}");
    assert!(shop.query("SELECT 1").await.is_ok());
}

/// Sixty-four at once, of whom sixteen are served at a time.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn calls_at_once_share_few_connections() {
    let shop = std::sync::Arc::new(Shop::reader().await);
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let shop = shop.clone();
            tokio::spawn(async move { shop.query("SELECT count(*) FROM items, pg_sleep(0.001)").await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap()["rows"], json!([[{"integer": 2}]]));
    }
    let connections = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'", shop.role);
    assert!((1..=16).contains(&shop.count(&connections).await));
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn no_error_names_an_address_or_a_password() {
    let shop = Shop::reader().await;
    let port = shop.url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0;
    let grants = [
        (Grant::sql("shop", &shop.url).password("wrong"), "does not let in the role, or not with this password"),
        (Grant::sql("shop", &shop.url), "does not let in the role, or not with this password"),
        (Grant::sql("shop", shop.url.replace(port, "1")).password("shop"), "cannot be reached"),
        (
            Grant::sql("shop", format!("postgres://{}@127.0.0.1:{port}/none", shop.role)).password("shop"),
            "has no such database",
        ),
    ];
    for (grant, why) in grants {
        let (name, text) = case(run(&tool(&[grant]).unwrap(), "query", "SELECT 1", json!([]), Limits::default()).await);
        // Without a password the driver itself gives up.
        let unasked = text == "sql \"shop\" cannot be reached";
        assert!(name == "failed" && (text == format!("sql \"shop\" {why}") || unasked), "{text}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn tls_is_checked_or_not_spoken() {
    let shop = Shop::reader().await;
    let authority = std::env::var("STOCKADE_TEST_POSTGRES_CA").unwrap();
    let encrypted = "SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let asked = async |options: &str| {
        let tool = tool(&[Grant::sql("shop", format!("{}{options}", shop.url)).password("shop")]).unwrap();
        run(&tool, "query", encrypted, json!([]), Limits::default()).await
    };
    for (options, is_encrypted) in [
        ("", 0),
        ("?sslmode=disable", 0),
        (&format!("?sslrootcert={authority}"), 1),
        (&format!("?sslmode=require&sslrootcert={authority}"), 1),
    ] {
        assert_eq!(asked(options).await.unwrap()["rows"], json!([[{"integer": is_encrypted}]]), "{options}");
    }
    // A certificate that nobody vouches for is as good as none.
    let (name, text) = case(asked("?sslmode=require").await);
    assert_eq!(name, "failed");
    assert!(text.contains("cannot be reached over TLS with a certificate that is valid for it"), "{text}");
}

#[test]
fn a_grant_that_cannot_be_honoured_is_refused_without_its_secrets() {
    let cases = [
        ("postgres://u:hunter2@localhost/shop", "the URL holds a password; name a secret instead"),
        ("postgres://u@localhost/shop?password=hunter2", "the URL has an option \"password\" that is not known"),
        ("postgres://u@localhost/shop?sslmode=prefer", "sslmode is neither \"require\" nor \"disable\""),
        ("postgres://u@localhost/shop?sslrootcert=/nowhere/hunter", "the certificates of \"/nowhere/hunter\""),
        ("postgres://localhost/shop", "the URL is not \"postgres://USER@HOST:PORT/DATABASE\""),
        ("postgres://u@localhost", "the URL is not \"postgres://USER@HOST:PORT/DATABASE\""),
        ("postgres://u@%2Fvar%2Frun/shop", "the URL is not \"postgres://USER@HOST:PORT/DATABASE\""),
        ("mysql://u:hunter2@localhost/shop", "\"mysql:…\" is not a database that this host can open"),
    ];
    for (url, says) in cases {
        let fault = tool(&[Grant::sql("shop", url)]).unwrap_err();
        assert!(fault.message.contains(says) && !fault.message.contains("hunter2"), "{url}: {fault}");
    }
    let fault = tool(&[Grant::sql("shop", "postgres://u@localhost/shop").password("nothing")]).unwrap_err();
    assert!(fault.message.ends_with("the secret \"nothing\" has no value"), "{fault}");
}
