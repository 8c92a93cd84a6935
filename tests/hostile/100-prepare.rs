use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind};
use tokio::task::JoinSet;

use crate::world::{World, call};

/// A few hundred bytes of SQL, read-only and on two rows, that SQLite writes out into millions of references, columns or
/// subqueries while it prepares them.
pub(crate) async fn run(world: Arc<World>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let schema = "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2), (3, 4); CREATE VIEW v AS SELECT a FROM t";
    Connection::open(file.path()).unwrap().execute_batch(schema).unwrap();
    let grant = Grant::sql("shop", format!("sqlite:{}", file.path().display()));
    let tool = world.granted("host/sandbox/tests/guests/sql.wat", &[grant]);
    // All at once: the grant lets in eight.
    let mut answers = JoinSet::new();
    for statement in statements() {
        let tool = tool.clone();
        answers.spawn(async move { (query(&tool, &statement).await, statement) });
    }
    for (answer, statement) in answers.join_all().await {
        let fault = answer.expect_err(&statement);
        assert_eq!(fault.kind, Kind::GuestError, "{statement}: {fault}");
        assert!(fault.message.contains("bytes of memory to be prepared"), "{statement}: {fault}");
    }
    let rows = query(&tool, "WITH c AS (SELECT a FROM t) SELECT count(*) FROM c, c AS d, v").await.unwrap();
    assert_eq!(rows["rows"], json!([[{"integer": 8}]]));
}

/// Each names the step before it more than once, so often that what is written out has no end.
fn statements() -> Vec<String> {
    let steps: [fn(usize) -> String; 6] = [
        |n| format!("SELECT x.a FROM c{n} x, c{n} y"),
        |n| format!("SELECT a FROM c{n} UNION ALL SELECT a FROM c{n}"),
        |n| format!("SELECT (SELECT a FROM c{n}) + (SELECT a FROM c{n}) AS a"),
        |n| format!("SELECT a + a + a AS a FROM c{n}"),
        |n| format!("SELECT a FROM c{n} x WHERE EXISTS (SELECT 1 FROM c{n} y WHERE y.a = x.a)"),
        |n| format!("SELECT a FROM v WHERE a IN (SELECT a FROM c{n}) OR a IN c{n}"),
    ];
    let all = |step: &fn(usize) -> String| {
        let rest = (0..20).map(|n| format!(", c{} AS ({})", n + 1, step(n))).collect::<String>();
        format!("WITH c0 AS (SELECT 1 AS a){rest} SELECT a FROM c20")
    };
    steps.iter().map(all).collect()
}

async fn query(tool: &Tool, statement: &str) -> Result<Value, Fault> {
    let arguments = json!({"connection": "shop", "statement": statement, "parameters": []});
    call(tool, "query", arguments, Limits::default().deadline(Duration::from_secs(60))).await.result
}
