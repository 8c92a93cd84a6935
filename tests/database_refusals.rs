//! What is said where a journal in PostgreSQL cannot be opened: what it waited for, and why its server was not reached.

use std::time::Duration;

use stockade::Kind;
use stockade::journal::PostgresJournal;
use stockade::journal::postgres::Database;
use stockade_tests::database::OwnDatabase;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// How long a test waits for an answer that must come.
const WAITED_MAX: Duration = Duration::from_secs(60);

fn hasty(database: &OwnDatabase) -> Database {
    let parsed = Database::parse(&database.url(), Some(database.password())).unwrap();
    parsed.statement_timeout(Duration::from_millis(300))
}

/// Opens a journal that must be refused, and returns why.
async fn refused(database: Database) -> String {
    let opened = timeout(WAITED_MAX, PostgresJournal::open(database)).await.unwrap();
    let fault = opened.err().unwrap();
    assert_eq!(fault.kind, Kind::Journal, "{fault}");
    assert!(!fault.message.contains("hunter2"), "{fault}");
    fault.message
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_journal_whose_tables_are_locked_says_what_it_waited_for() {
    let database = OwnDatabase::new().await;
    drop(PostgresJournal::open(hasty(&database)).await.unwrap());
    let other = database.inside().await;
    other.batch_execute("BEGIN; LOCK TABLE stockade.version IN ACCESS EXCLUSIVE MODE").await.unwrap();
    for message in [refused(hasty(&database)).await, migration_refused(&database).await] {
        assert!(message.contains("\"stockade\"") && message.contains("pg_locks"), "{message}");
        assert!(message.contains("300 ms"), "{message}");
    }
    other.batch_execute("ROLLBACK").await.unwrap();
    PostgresJournal::open(hasty(&database)).await.unwrap();
}

async fn migration_refused(database: &OwnDatabase) -> String {
    let migrated = timeout(WAITED_MAX, PostgresJournal::migrate(hasty(database))).await;
    migrated.unwrap().unwrap_err().message
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_journal_whose_tables_another_host_makes_says_what_it_waited_for() {
    let database = OwnDatabase::new().await;
    let other = database.inside().await;
    // As `stockade migrate` holds it.
    other.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(1398033220)").await.unwrap();
    for message in [refused(hasty(&database)).await, migration_refused(&database).await] {
        assert!(message.contains("advisory lock") && message.contains("pg_locks"), "{message}");
    }
    other.batch_execute("ROLLBACK").await.unwrap();
    PostgresJournal::open(hasty(&database)).await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_role_without_the_right_to_make_tables_is_told_what_to_grant() {
    let database = OwnDatabase::new().await;
    let (role, name) = (format!("guest_of_{}", database.name()), database.name().to_owned());
    let made = format!("CREATE ROLE {role} LOGIN PASSWORD 'hunter2'; REVOKE CREATE ON DATABASE {name} FROM PUBLIC");
    database.execute(&made).await;
    let url = format!("postgres://{role}@{}/{name}", database.server());
    let guest = || Database::parse(&url, Some("hunter2")).unwrap();
    let message = refused(guest()).await;
    assert!(message.contains(&format!("GRANT CONNECT, CREATE ON DATABASE \"{name}\" TO \"{role}\"")), "{message}");
    database.execute(&format!("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")).await;
    let message = refused(guest()).await;
    assert!(message.contains(&format!("GRANT CONNECT, CREATE ON DATABASE \"{name}\" TO \"{role}\"")), "{message}");
}

#[tokio::test]
async fn a_server_that_is_not_reached_is_told_with_the_cause() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    for (server, mode, why) in [
        (closed.to_string(), "disable", "Connection refused"),
        (closed.to_string(), "require", "Connection refused"),
        ("nowhere.invalid:5432".to_owned(), "disable", "lookup address"),
    ] {
        let url = format!("postgres://u@{server}/d?sslmode={mode}");
        let message = refused(Database::parse(&url, Some("hunter2")).unwrap()).await;
        assert!(message.contains(why) && !message.contains("certificate"), "{message}");
    }
}

/// Its certificate was once blamed.
#[tokio::test]
async fn a_server_without_tls_is_told_as_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://u@{}/d?sslmode=require", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut asked = [0; 8];
            client.read_exact(&mut asked).await.unwrap();
            client.write_all(b"N").await.unwrap();
        }
    });
    let message = refused(Database::parse(&url, Some("hunter2")).unwrap()).await;
    assert!(message.contains("does not speak TLS") && message.contains("sslmode=disable"), "{message}");
    assert!(!message.contains("certificate"), "{message}");
}
