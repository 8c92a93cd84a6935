//! `stockade:host/sql` against a guest that may say anything.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::{Access, Fault, Grant, Kind};
use tempfile::NamedTempFile;

use crate::common::{call, case, denial, guest, tool};

struct Shop {
    file: NamedTempFile,
    tool: Tool,
}

impl Shop {
    fn new(access: Access) -> Self {
        let file = NamedTempFile::new().unwrap();
        let schema = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE, price REAL, photo BLOB);
                      INSERT INTO items VALUES (1, 'lamp', 149.5, x'00ff'), (2, NULL, NULL, NULL);";
        Connection::open(file.path()).unwrap().execute_batch(schema).unwrap();
        let grant = Grant::sql("shop", format!("sqlite:{}", file.path().display()));
        let grant = if access == Access::ReadWrite { grant.writable() } else { grant };
        let tool = tool(guest("sql"), &[grant]);
        Self { file, tool }
    }

    async fn run(&self, function: &str, statement: &str, parameters: Value) -> Result<Value, Fault> {
        self.run_within(function, statement, parameters, Limits::default()).await
    }

    async fn run_within(
        &self,
        function: &str,
        statement: &str,
        parameters: Value,
        limits: Limits,
    ) -> Result<Value, Fault> {
        let arguments = json!({"connection": "shop", "statement": statement, "parameters": parameters});
        call(&self.tool, function, arguments, limits).await.result
    }

    async fn query(&self, statement: &str) -> Result<Value, Fault> {
        self.run("query", statement, json!([])).await
    }

    async fn execute(&self, statement: &str) -> Result<Value, Fault> {
        self.run("execute", statement, json!([])).await
    }

    fn items(&self) -> u32 {
        let connection = Connection::open(self.file.path()).unwrap();
        connection.query_row("SELECT count(*) FROM items", [], |row| row.get(0)).unwrap()
    }
}

fn reader() -> Shop {
    Shop::new(Access::ReadOnly)
}

fn writer() -> Shop {
    Shop::new(Access::ReadWrite)
}

#[tokio::test]
async fn rows_keep_their_types() {
    let answer = reader().query("SELECT * FROM items ORDER BY id").await.unwrap();
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

#[tokio::test]
async fn parameters_are_bound_and_must_fit() {
    let shop = reader();
    let hostile = json!([{"text": "x'; DROP TABLE items; --"}]);
    let answer = shop.run("query", "SELECT ?1", hostile).await.unwrap();
    assert_eq!(answer["rows"], json!([[{"text": "x'; DROP TABLE items; --"}]]));
    for parameters in [json!([]), json!(["null", "null"])] {
        let (case, text) = case(shop.run("query", "SELECT ?1", parameters).await);
        assert_eq!((case.as_str(), &text[..28]), ("invalid", "the statement has 1 paramete"));
    }
}

#[tokio::test]
async fn another_name_is_denied() {
    let arguments = json!({"connection": "ledger\u{1b}", "statement": "SELECT 1", "parameters": []});
    let message = denial(call(&reader().tool, "query", arguments, Limits::default()).await.result);
    let expected = "tool \"test\" asked for sql \"ledger\\u{1b}\", which is not granted; in stockade.toml, \
                    under [tool.test.grants], sql = [{ name = \"ledger\\u{1b}\", url = \"sqlite:PATH\" }] would allow it";
    assert!(message.starts_with(expected), "{message}");
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let shop = reader();
    for statement in ["DELETE FROM items", "INSERT INTO items (name) VALUES ('x')", "UPDATE items SET name = 'x'"] {
        for function in ["execute", "query"] {
            let message = denial(shop.run(function, statement, json!([])).await);
            assert!(message.contains("but the grant is read-only; a writable grant would allow it"), "{message}");
        }
    }
    assert_eq!(shop.items(), 2);
}

#[tokio::test]
async fn a_writer_writes_and_is_told_how_much() {
    let shop = writer();
    assert_eq!(shop.execute("INSERT INTO items (name) VALUES ('a'), ('b')").await, Ok(json!(2)));
    assert_eq!(shop.items(), 4);
    let (case, text) = case(shop.execute("INSERT INTO items (name) VALUES ('a')").await);
    assert_eq!((case.as_str(), text.as_str()), ("constraint", "UNIQUE constraint failed: items.name"));
}

#[tokio::test]
async fn reading_and_writing_are_two_doors() {
    let shop = writer();
    assert_eq!(case(shop.query("DELETE FROM items").await).0, "invalid");
    assert_eq!(case(shop.execute("SELECT 1").await).0, "invalid");
    assert_eq!(shop.items(), 2);
}

/// A statement that changes rows and returns them returns rows: "query" runs it, whole or not at all.
#[tokio::test]
async fn what_was_changed_is_returned() {
    let shop = writer();
    let insert = "INSERT INTO items (name) VALUES ('a'), ('b') RETURNING name";
    let (name, text) = case(shop.execute(insert).await);
    assert!(name == "invalid" && text.contains("run it with \"query\""), "{text}");
    assert_eq!(shop.items(), 2);
    let rows = json!([[{"text": "a"}], [{"text": "b"}]]);
    assert_eq!(shop.query(insert).await.unwrap()["rows"], rows);
    assert_eq!(shop.items(), 4);
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) \
                INSERT INTO items (price) SELECT i FROM n RETURNING id";
    assert_eq!(case(shop.query(many).await).0, "limit");
    assert_eq!(case(shop.query("INSERT INTO items (name) VALUES ('c'), ('a') RETURNING id").await).0, "constraint");
    assert_eq!(shop.items(), 4, "nothing is left of what was not answered");
    assert_eq!(shop.execute("DELETE FROM items WHERE name = 'a'").await, Ok(json!(1)));
    assert!(denial(reader().query(insert).await).contains("the grant is read-only"));
}

/// Such tables ask their own database for pragmas.
#[tokio::test]
async fn tables_of_full_text_and_space_are_tables() {
    for shop in [reader(), writer()] {
        let schema = "CREATE VIRTUAL TABLE five USING fts5(text); INSERT INTO five VALUES ('a red lamp'), ('a chair');
                      CREATE VIRTUAL TABLE three USING fts3(text); INSERT INTO three VALUES ('a red lamp');
                      CREATE VIRTUAL TABLE space USING rtree(id, x0, x1); INSERT INTO space VALUES (1, 0, 2);";
        Connection::open(shop.file.path()).unwrap().execute_batch(schema).unwrap();
        for (statement, answer) in [
            ("SELECT text FROM five WHERE five MATCH 'lamp' ORDER BY rank", json!([[{"text": "a red lamp"}]])),
            ("SELECT highlight(five, 0, '<', '>') FROM five('chair')", json!([[{"text": "a <chair>"}]])),
            ("SELECT text FROM three WHERE text MATCH 'red'", json!([[{"text": "a red lamp"}]])),
            ("SELECT id FROM space WHERE x0 < 1", json!([[{"integer": 1}]])),
        ] {
            assert_eq!(shop.query(statement).await.unwrap()["rows"], answer, "{statement}");
        }
    }
    let shop = writer();
    let schema = "CREATE VIRTUAL TABLE five USING fts5(text)";
    Connection::open(shop.file.path()).unwrap().execute_batch(schema).unwrap();
    assert_eq!(shop.execute("INSERT INTO five VALUES ('a lamp')").await, Ok(json!(1)));
    assert_eq!(shop.query("SELECT count(*) FROM five('lamp')").await.unwrap()["rows"], json!([[{"integer": 1}]]));
}

/// Nothing of this is SQL that a tool needs; each is a way out of the database or into its workings.
#[tokio::test]
async fn the_ways_out_are_closed_to_both() {
    let target = tempfile::tempdir().unwrap();
    let target = target.path().join("out.db");
    let statements = [
        format!("ATTACH '{}' AS other", target.display()),
        format!("VACUUM INTO '{}'", target.display()),
        "ATTACH ':memory:' AS m".into(),
        "VACUUM".into(),
        "DETACH main".into(),
        "PRAGMA writable_schema = ON".into(),
        "PRAGMA query_only = OFF".into(),
        "PRAGMA journal_mode = DELETE".into(),
        "SELECT * FROM pragma_database_list".into(),
        "SELECT load_extension('/lib/x.so')".into(),
        "SELECT LOAD_EXTENSION('/lib/x.so')".into(),
        "SELECT fts3_tokenizer('simple')".into(),
        "BEGIN".into(),
        "BEGIN EXCLUSIVE".into(),
        "COMMIT".into(),
        "SAVEPOINT s".into(),
        "CREATE TABLE t (a)".into(),
        "CREATE TEMP TABLE t (a)".into(),
        "CREATE TRIGGER t AFTER INSERT ON items BEGIN DELETE FROM items; END".into(),
        "CREATE VIRTUAL TABLE t USING fts5(a)".into(),
        "DROP TABLE items".into(),
        "ALTER TABLE items ADD COLUMN x".into(),
        "UPDATE sqlite_master SET sql = ''".into(),
        "DELETE FROM sqlite_schema".into(),
        "ANALYZE".into(),
        "REINDEX".into(),
    ];
    for shop in [reader(), writer()] {
        for statement in &statements {
            for function in ["query", "execute"] {
                let answer = shop.run(function, statement, json!([])).await;
                let fault = answer.expect_err(statement);
                let denied = fault.kind == Kind::Denied;
                assert!(denied || fault.message.starts_with("{\"invalid\":"), "{function} {statement}: {fault}");
            }
        }
        assert!(
            denial(shop.execute("PRAGMA user_version = 1").await).contains("for PRAGMA, which no grant of sql allows")
        );
        assert_eq!(shop.items(), 2);
    }
    assert!(!target.exists());
}

#[tokio::test]
async fn functions_that_reach_files_do_not_exist() {
    for statement in ["SELECT readfile('/etc/passwd')", "SELECT writefile('/tmp/x', 'x')", "SELECT edit('x')"] {
        let fault = reader().query(statement).await.unwrap_err();
        assert!(matches!(fault.kind, Kind::Denied | Kind::GuestError), "{fault}");
    }
}

#[tokio::test]
async fn one_statement_at_a_time() {
    let shop = writer();
    for statement in
        ["SELECT 1; DELETE FROM items", "INSERT INTO items (name) VALUES ('x'); DELETE FROM items", "", ";", "--"]
    {
        for function in ["query", "execute"] {
            assert_eq!(case(shop.run(function, statement, json!([])).await).0, "invalid", "{statement}");
        }
    }
    let semicolons = format!("SELECT 1{}", ";".repeat(60_000));
    let _ = shop.query(&semicolons).await;
    let comments = format!("SELECT 1{}", "; -- \n".repeat(10_000));
    let _ = shop.query(&comments).await;
    assert_eq!(shop.items(), 2);
}

#[tokio::test]
async fn a_query_that_never_ends_ends_with_the_call() {
    let shop = reader();
    let bomb = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let limits = Limits::default().deadline(Duration::from_millis(50));
    let started = Instant::now();
    let fault = shop.run_within("query", bomb, json!([]), limits).await.unwrap_err();
    assert!(matches!(fault.kind, Kind::Deadline | Kind::GuestError), "{fault}");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(shop.query("SELECT 1").await.unwrap()["rows"], json!([[{"integer": 1}]]));
}

/// What takes as long as two lengths multiplied is one instruction, which nothing stops.
#[tokio::test]
async fn no_function_is_slow() {
    let shop = reader();
    let started = Instant::now();
    for call in [
        "instr(a.t, substr(a.t, 500000) || 'b')",
        "instr(replace(a.t, substr(a.t, 500000) || 'b', 'c'), 'c')",
        "length(trim(a.t, hex(zeroblob(200000)) || 'a'))",
        "a.t LIKE '%' || substr(a.t, 1, 190) || 'b'",
    ] {
        let statement = format!("WITH a(t) AS (SELECT replace(hex(zeroblob(500000)), '0', 'a')) SELECT {call} FROM a");
        let answer = shop.query(&statement).await;
        assert_eq!(answer.unwrap()["rows"], json!([[{"integer": 0}]]), "{call}");
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    for call in ["json_patch('{}', '{}')", "unhex('00', '-')", "last_insert_rowid()", "changes()", "total_changes()"] {
        let (name, text) = case(shop.query(&format!("SELECT {call}")).await);
        assert!(name == "invalid" && text.contains("not authorized to use function"), "{call}: {text}");
    }
    assert_eq!(case(shop.query("SELECT replace(hex(zeroblob(9999)), '0', hex(zeroblob(99)))").await).0, "invalid");
    assert_eq!(case(shop.query("SELECT instr(1.5, '.')").await).0, "invalid");
}

/// A thread that went on after its call would keep this test, and the program, from ending.
#[test]
fn a_query_whose_caller_left_frees_its_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let bomb = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    runtime.block_on(async {
        let shop = reader();
        let limits = Limits::default().deadline(Duration::from_secs(3_600));
        let query = shop.run_within("query", bomb, json!([]), limits);
        assert!(tokio::time::timeout(Duration::from_millis(50), query).await.is_err());
    });
    let started = Instant::now();
    drop(runtime);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn answers_are_capped() {
    let shop = reader();
    let rows = |count: u32| {
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n")
    };
    assert_eq!(shop.query(&rows(1_000)).await.unwrap()["rows"].as_array().unwrap().len(), 1_000);
    assert_eq!(case(shop.query(&rows(1_001)).await).0, "limit");
    assert_eq!(case(shop.query("SELECT zeroblob(2000000)").await).0, "limit");
    let large = format!("SELECT hex(zeroblob(100000)) FROM ({})", rows(20));
    assert_eq!(case(shop.query(&large).await).0, "limit");
}

#[tokio::test]
async fn a_busy_database_is_an_error_and_not_a_wait() {
    let shop = writer();
    let other = Connection::open(shop.file.path()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let locked = async || case(shop.execute("DELETE FROM items").await);
    assert_eq!(locked().await, ("failed".into(), "sql \"shop\" is locked".into()));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(shop.execute("DELETE FROM items").await, Ok(json!(2)));
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(locked().await, ("failed".into(), "database is locked".into()));
}

#[tokio::test]
async fn a_database_that_went_away_is_an_error_without_its_path() {
    let shop = reader();
    std::fs::remove_file(shop.file.path()).unwrap();
    let (case, text) = case(shop.query("SELECT 1").await);
    assert_eq!((case.as_str(), text.as_str()), ("failed", "sql \"shop\" cannot be opened"));
    assert!(!shop.file.path().exists());
}

#[tokio::test]
async fn the_guest_is_told_the_key_of_its_call() {
    assert_eq!(call(&reader().tool, "key", json!({}), Limits::default()).await.result, Ok(json!("run-1/key")));
}
