//! What concerns the memory in a PostgreSQL database alone.

use std::sync::Arc;

use stockade_memory::postgres::Migrated;
use stockade_memory::{Embed, Embedded, Forget, LongTerm, MEMORIES_MAX, PostgresArchive, Result};
use stockade_workflow::{Hint, Namespace, NewMemory, Query, Remembered};

use crate::home::{Home, OwnDatabase};

/// An embedding that must not be asked.
struct Dear;

#[async_trait::async_trait]
impl Embed for Dear {
    fn name(&self) -> &str {
        "dear"
    }

    async fn embed(&self, _: &[String]) -> Result<Embedded> {
        panic!("nothing is paid for a vector that has no place")
    }
}

async fn place() -> OwnDatabase {
    match Home::postgresql().await {
        Home::Server(database) => database,
        Home::File(_) => panic!("it is a server"),
    }
}

fn note(text: &str) -> NewMemory {
    NewMemory { text: text.to_owned(), ..NewMemory::default() }
}

/// Eight hosts of a new version start at the same moment.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn migrations_at_once_make_the_tables_of_the_memory_once() {
    let place = place().await;
    let all: Vec<_> = (0..8).map(|_| tokio::spawn(PostgresArchive::migrate(place.database()))).collect();
    let mut made = 0;
    for one in all {
        made += u32::from(one.await.unwrap().unwrap().from.is_none());
    }
    assert_eq!(made, 1);
    assert_eq!(place.number("SELECT count(*) FROM stockade_memory.version").await, 1);
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn newer_tables_of_the_memory_are_refused_and_older_ones_wait_for_a_migration() {
    let place = place().await;
    let Migrated { from, to, has_vectors } = PostgresArchive::migrate(place.database()).await.unwrap();
    assert_eq!(from, None);
    let again = PostgresArchive::migrate(place.database()).await.unwrap();
    assert_eq!(again, Migrated { from: Some(to), to, has_vectors });
    place.execute(&format!("UPDATE stockade_memory.version SET version = {}", to + 1)).await;
    let refused = [
        PostgresArchive::open(place.database()).await.err().unwrap(),
        PostgresArchive::migrate(place.database()).await.err().unwrap(),
    ];
    assert_eq!(refused.map(|fault| fault.detail), [Some("version".to_owned()), Some("version".to_owned())]);
    place.execute(&format!("UPDATE stockade_memory.version SET version = {}", to - 1)).await;
    let refused = PostgresArchive::open(place.database()).await.err().unwrap();
    assert_eq!((refused.detail.as_deref(), refused.hint.as_deref()), (Some("schema"), Some(&Hint::MigrateJournal)));
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_database_without_a_place_for_vectors_finds_by_words_and_pays_for_no_vector() {
    let place = place().await;
    drop(PostgresArchive::open(place.database()).await.unwrap());
    place.execute("DROP TABLE IF EXISTS stockade_memory.vectors").await;
    let archive = Arc::new(PostgresArchive::open(place.database()).await.unwrap());
    let memory = LongTerm::open(archive.clone(), Arc::new(Dear), 0).await.unwrap();
    let kept = memory.remember(&note("Goods can be returned within 30 days."), None, 1, &[]).await.unwrap();
    assert_eq!((kept.value, kept.tokens), (Remembered::Kept(1), 0));
    let query = Query { namespace: Namespace::default(), text: "how long can I return things".to_owned(), limit: 5 };
    let found = memory.recall(&query, 1).await.unwrap().value;
    assert_eq!(found.iter().map(|memory| (memory.id, memory.score)).collect::<Vec<_>>(), [(1, 333_333)]);
    let fault = LongTerm::reembed(archive, Arc::new(Dear), 1, &|_, _| {}).await.err().unwrap();
    assert!(fault.message.contains("pgvector") && fault.detail.as_deref() == Some("embedding"), "{fault}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL with pgvector; tests/postgres starts one"]
async fn a_place_for_vectors_is_made_when_the_extension_is_there() {
    let Some(Home::Server(place)) = Home::pgvector().await else { return };
    assert!(PostgresArchive::migrate(place.database()).await.unwrap().has_vectors);
    place
        .execute("DROP EXTENSION vector CASCADE; CREATE SCHEMA elsewhere; CREATE EXTENSION vector SCHEMA elsewhere")
        .await;
    let archive = Arc::new(PostgresArchive::open(place.database()).await.unwrap());
    LongTerm::open(archive, Arc::new(Dear), 0).await.unwrap().remember(&note("a cat"), None, 1, &[]).await.unwrap();
    assert!(PostgresArchive::migrate(place.database()).await.unwrap().has_vectors);
    let archive = Arc::new(PostgresArchive::open(place.database()).await.unwrap());
    let lexical = Arc::new(stockade_memory::Lexical);
    let memory = LongTerm::reembed(archive, lexical, 1, &|_, _| {}).await.unwrap().value;
    memory.remember(&note("a dog"), None, 1, &[]).await.unwrap();
    assert_eq!(place.number("SELECT count(*) FROM stockade_memory.vectors").await, 2);
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_namespace_of_a_database_has_an_end() {
    let place = place().await;
    let archive = Arc::new(PostgresArchive::open(place.database()).await.unwrap());
    let memory = LongTerm::open(archive, Arc::new(stockade_memory::Lexical), 0).await.unwrap();
    for text in ["one", "two", "three"] {
        memory.remember(&note(text), None, 1, &[]).await.unwrap();
    }
    memory.forget(None, Forget::Ids(vec![2])).await.unwrap();
    assert_eq!(place.number("SELECT memories FROM stockade_memory.namespaces").await, 2);
    place.execute(&format!("UPDATE stockade_memory.namespaces SET memories = {MEMORIES_MAX}")).await;
    let fault = memory.remember(&note("one too many"), None, 2, &[]).await.unwrap_err();
    assert_eq!(fault.breach.unwrap().limit, "memories");
    assert_eq!(memory.remember(&note("one"), None, 2, &[]).await.unwrap().value, Remembered::Known(1));
    memory.forget(None, Forget::Ids(vec![3])).await.unwrap();
    assert!(matches!(memory.remember(&note("room again"), None, 2, &[]).await.unwrap().value, Remembered::Kept(_)));
}

/// All of a source, and all that a run wrote, is gone from all tables.
#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn all_of_a_source_or_of_a_run_is_forgotten_in_a_database() {
    let place = place().await;
    let archive = Arc::new(PostgresArchive::open(place.database()).await.unwrap());
    let memory = LongTerm::open(archive, Arc::new(stockade_memory::Lexical), 0).await.unwrap();
    let [one, two] = [0; 2].map(|_| uuid::Uuid::now_v7().into());
    let of = |source: &str, text: &str| NewMemory { source: Some(source.into()), ..note(text) };
    for (note, run) in [(of("page", "xylophones"), one), (of("page", "zithers"), two), (of("mail", "oboes"), two)] {
        memory.remember(&note, Some((run, "k\0".into())), 1, &[]).await.unwrap();
    }
    assert_eq!(memory.forget(None, Forget::Source("page".into())).await.unwrap(), 2);
    assert_eq!(memory.forget(None, Forget::Run(one)).await.unwrap(), 0);
    let query = Query { namespace: Namespace::default(), text: "oboes".to_owned(), limit: 5 };
    assert_eq!(memory.recall(&query, 1).await.unwrap().value[0].written_by, Some((two, "k\0".to_owned())));
    assert_eq!(memory.forget(None, Forget::Run(two)).await.unwrap(), 1);
    let left =
        "SELECT (SELECT count(*) FROM stockade_memory.memories) + (SELECT count(*) FROM stockade_memory.sources)";
    assert_eq!(place.number(left).await, 0);
}
