//! What is said where a journal in PostgreSQL cannot be opened: what it waited for, and why its server was not reached.

use std::time::Duration;

use stockade::journal::postgres::Database;
use stockade::journal::{Commit, PostgresJournal, Row, RowChange};
use stockade::{Journal as _, Kind};
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

/// How long an answer may take that is not waited for: less than for as long as a statement is sent again.
const AT_ONCE: Duration = Duration::from_secs(5);

/// It was once sent again for ten seconds, as to a server that fails over.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_server_that_only_reads_is_told_at_once_as_one_and_is_read() {
    let database = OwnDatabase::new().await;
    let only_reads = format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name());
    database.execute(&only_reads).await;
    let empty = timeout(AT_ONCE, refused(hasty(&database))).await.unwrap();
    database.execute(&format!("BEGIN READ WRITE; {}; COMMIT", only_reads.replace("= on", "= off"))).await;
    drop(PostgresJournal::open(hasty(&database)).await.unwrap());
    database.execute(&only_reads).await;
    let journal = PostgresJournal::open(hasty(&database)).await.unwrap();
    assert!(journal.find("a", "", None, 9).await.unwrap().is_empty());
    let row = Commit::of_index(vec![RowChange::Add(Row::new("a", "k", ""))]);
    let written = timeout(AT_ONCE, journal.commit(&row)).await.unwrap().unwrap_err();
    assert!(written.is_of_storage(), "{written:?}");
    for message in [empty, written.message] {
        let allows = format!("`ALTER DATABASE \"{}\" SET default_transaction_read_only = off`", database.name());
        assert!(message.contains(database.server()) && message.contains("its server only reads"), "{message}");
        assert!(message.contains("a standby") && message.contains(&allows), "{message}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_database_that_cannot_hold_every_text_is_refused_before_it_has_tables() {
    let database = OwnDatabase::new().await;
    for encoding in ["LATIN1", "EUC_JP", "SQL_ASCII"] {
        let name = format!("{}_{}", database.name(), encoding.to_lowercase());
        let made = format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        database.execute(&made).await;
        let url = format!("postgres://postgres@{}/{name}", database.server());
        let there = || Database::parse(&url, Some(database.password())).unwrap();
        for fault in
            [PostgresJournal::open(there()).await.err().unwrap(), PostgresJournal::migrate(there()).await.unwrap_err()]
        {
            assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Journal, Some("encoding")), "{fault}");
            assert!(fault.message.contains(encoding) && fault.message.contains("ENCODING 'UTF8'"), "{fault}");
        }
        assert_eq!(database.count("SELECT count(*) FROM pg_namespace WHERE nspname = 'stockade'").await, 0);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_journal_that_does_not_say_its_version_is_refused_with_what_it_says() {
    let database = OwnDatabase::new().await;
    drop(PostgresJournal::open(hasty(&database)).await.unwrap());
    let version = "ALTER TABLE stockade.version DROP COLUMN version; ALTER TABLE stockade.version ADD COLUMN version";
    for (change, found) in [
        ("INSERT INTO stockade.version VALUES (2)".to_owned(), "has several rows"),
        ("TRUNCATE stockade.version".to_owned(), "has no row"),
        ("INSERT INTO stockade.version VALUES (-1)".to_owned(), "has \"-1\""),
        (format!("{version} text DEFAULT 'two'"), "has \"two\""),
        (format!("{version} bigint DEFAULT 99999999999"), "has \"99999999999\""),
        (format!("{version} integer"), "has NULL"),
    ] {
        database.execute(&change).await;
        for fault in [
            PostgresJournal::open(hasty(&database)).await.err().unwrap(),
            PostgresJournal::migrate(hasty(&database)).await.unwrap_err(),
        ] {
            assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Journal, Some("version")), "{fault}");
            assert!(
                fault.message.contains("\"stockade.version\"") && fault.message.contains(found),
                "{change}: {fault}"
            );
        }
    }
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
