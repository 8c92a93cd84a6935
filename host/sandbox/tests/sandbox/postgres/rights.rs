//! What a grant of a database allows, and what no grant allows.

use serde_json::json;
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::{Grant, Kind};

use super::{ENGINE, Shop, run, tool};
use crate::common::{case, denial, guest_source};

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
    assert_eq!(shop.count(&connected).await, 0, "no tool asked, and yet the host connected");
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
    // What was changed is returned by "query", whole or not at all.
    let insert = "INSERT INTO items SELECT n, 'x' || n FROM generate_series(3, 4) AS n RETURNING name";
    assert_eq!(shop.query(insert).await.unwrap()["rows"], json!([[{"text": "x3"}], [{"text": "x4"}]]));
    let with = "WITH old AS (SELECT 4 AS id) DELETE FROM items USING old WHERE items.id = old.id RETURNING items.id";
    assert_eq!(shop.query(with).await.unwrap()["rows"], json!([[{"integer": 4}]]));
    let many = "INSERT INTO items SELECT n FROM generate_series(10, 2000) AS n RETURNING id";
    assert_eq!(case(shop.query(many).await).0, "limit");
    assert_eq!(shop.items().await, 3);
}

/// The server lets any role do this, in a transaction that only reads too.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn what_no_transaction_takes_back_is_denied() {
    let (reader, writer) = (Shop::reader().await, Shop::writer().await);
    writer.admin.batch_execute(&format!("GRANT CREATE ON SCHEMA public TO {}", writer.role)).await.unwrap();
    let written = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8";
    let before = reader.count(written).await;
    for statement in [
        "SELECT pg_logical_emit_message(false, 'a', repeat('x', 1000000))",
        "SELECT \"pg_logical_emit_message\"(false, 'a', repeat('x', 1000000))",
        "SELECT U&\"pg\\005flogical_emit_message\"(false, 'a', repeat('x', 1000000))",
        "SELECT query_to_xml('SELECT pg_logical_' || 'emit_message(false, ''a'', repeat(''x'', 1000000))', true, true, '')",
        "SELECT lo_from_bytea(0, repeat('x', 1000000)::bytea)",
    ] {
        assert!(denial(reader.query(statement).await).contains("which no grant of sql allows"), "{statement}");
    }
    assert!(reader.count(written).await - before < 1_000_000);
    for statement in [
        "WITH a AS (SELECT 1 AS b) SELECT b INTO made FROM a",
        "WITH a AS (SELECT 1 AS b) SELECT b INTO TEMP made FROM a",
        "SELECT 1 AS b INTO made",
    ] {
        writer.execute(statement).await.expect_err(statement);
        writer.query(statement).await.expect_err(statement);
    }
    assert_eq!(writer.count("SELECT count(*) FROM pg_class WHERE relname = 'made'").await, 0);
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
