//! The tables of the memory's file.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::Vector;
use super::fault::{Broken, other_dimension, other_embedding};

/// The version of the tables; a file of a newer one is refused.
pub(super) const SCHEMA: u32 = 2;

/// "STKM", so that `file` and we can tell a memory from any other SQLite database.
pub(super) const APPLICATION_ID: u32 = 0x5354_4b4d;

/// How many vectors SQLite keeps in one piece, which belongs to one namespace: many have a few memories only.
const PIECE: usize = 64;

/// The index of words has no text of its own; the triggers keep it as the memories are, and count those. `scope` is the namespace as a
/// word, so that the words of others are left out before anything is ranked.
pub(super) const TABLES: &str = "
    CREATE TABLE namespaces (
        id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, user TEXT NOT NULL, agent TEXT NOT NULL,
        memories INTEGER NOT NULL DEFAULT 0, UNIQUE (tenant, user, agent)
    );
    CREATE TABLE memories (
        id INTEGER PRIMARY KEY AUTOINCREMENT, namespace INTEGER NOT NULL REFERENCES namespaces (id),
        text TEXT NOT NULL, digest TEXT NOT NULL, source TEXT, labels TEXT NOT NULL, run BLOB, key TEXT,
        at_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX memories_once ON memories (namespace, digest);
    CREATE INDEX memories_by_source ON memories (source, namespace) WHERE source IS NOT NULL;
    CREATE INDEX memories_by_run ON memories (run) WHERE run IS NOT NULL;
    CREATE INDEX memories_by_expiry ON memories (expires_ms);
    CREATE VIEW indexed AS SELECT id, 'n' || namespace AS scope, text FROM memories;
    CREATE VIRTUAL TABLE words USING fts5 (
        scope, text, content = 'indexed', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
    );
    INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
    CREATE TRIGGER new_memory AFTER INSERT ON memories BEGIN
        UPDATE namespaces SET memories = memories + 1 WHERE id = new.namespace;
        INSERT INTO words (rowid, scope, text) VALUES (new.id, 'n' || new.namespace, new.text);
    END;
    CREATE TRIGGER old_memory AFTER DELETE ON memories BEGIN
        UPDATE namespaces SET memories = memories - 1 WHERE id = old.namespace;
        INSERT INTO words (words, rowid, scope, text) VALUES ('delete', old.id, 'n' || old.namespace, old.text);
    END;
    CREATE TABLE embeddings (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, dimension INTEGER NOT NULL, searched INTEGER NOT NULL
    );";

/// What the second version added: the form of a text that is searched, where it is another than the text, and all the sources
/// that a text is of; the empty one stands for what was kept without a source.
pub(super) const FORMS_AND_SOURCES: &str = "
    CREATE TABLE sources (
        source TEXT NOT NULL, memory INTEGER NOT NULL REFERENCES memories (id), PRIMARY KEY (source, memory)
    ) WITHOUT ROWID;
    CREATE INDEX sources_by_memory ON sources (memory);
    INSERT INTO sources SELECT coalesce(source, ''), id FROM memories;
    DROP INDEX memories_by_source;
    DROP TRIGGER new_memory;
    DROP TRIGGER old_memory;
    DROP TABLE words;
    DROP VIEW indexed;
    ALTER TABLE memories DROP COLUMN source;
    ALTER TABLE memories ADD COLUMN form TEXT;
    UPDATE memories SET form = nullif(indexed_form(text), text);
    CREATE VIEW indexed AS SELECT id, 'n' || namespace AS scope, coalesce(form, text) AS text FROM memories;
    CREATE VIRTUAL TABLE words USING fts5 (
        scope, text, content = 'indexed', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
    );
    INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
    INSERT INTO words (words) VALUES ('rebuild');
    CREATE TRIGGER new_memory AFTER INSERT ON memories BEGIN
        UPDATE namespaces SET memories = memories + 1 WHERE id = new.namespace;
        INSERT INTO words (rowid, scope, text) VALUES (new.id, 'n' || new.namespace, coalesce(new.form, new.text));
    END;
    CREATE TRIGGER old_memory AFTER DELETE ON memories BEGIN
        UPDATE namespaces SET memories = memories - 1 WHERE id = old.namespace;
        INSERT INTO words (words, rowid, scope, text)
        VALUES ('delete', old.id, 'n' || old.namespace, coalesce(old.form, old.text));
        DELETE FROM sources WHERE memory = old.id;
    END;";

/// An embedding of which there are vectors, in a table of their own.
pub(super) struct Embedding {
    pub(super) id: u32,
    pub(super) name: String,
    dimension: usize,
}

impl Embedding {
    /// The table of its vectors.
    pub(super) fn table(&self) -> String {
        format!("vectors_{}", self.id)
    }

    /// Refuses a vector of another embedding.
    pub(super) fn check(&self, vector: &Vector) -> Result<(), Broken> {
        if self.name != vector.embedding {
            return Err(other_embedding(&self.name, &vector.embedding).into());
        }
        let (kept, given) = (self.dimension, vector.values.len());
        if kept == given { Ok(()) } else { Err(other_dimension(&self.name, kept, given).into()) }
    }
}

/// Returns the embedding that is searched.
pub(super) fn searched(connection: &Connection) -> rusqlite::Result<Option<Embedding>> {
    Ok(all(connection)?.into_iter().find_map(|(embedding, searched)| searched.then_some(embedding)))
}

/// Returns the embedding that is to be searched later.
pub(super) fn staged(connection: &Connection) -> rusqlite::Result<Option<Embedding>> {
    Ok(all(connection)?.into_iter().find_map(|(embedding, searched)| (!searched).then_some(embedding)))
}

/// Returns all embeddings, and of each whether it is searched.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<(Embedding, bool)>> {
    let mut select = connection.prepare_cached("SELECT id, name, dimension, searched FROM embeddings ORDER BY id")?;
    let rows = select.query_map([], |row| {
        Ok((Embedding { id: row.get(0)?, name: row.get(1)?, dimension: row.get(2)? }, row.get(3)?))
    })?;
    rows.collect()
}

/// Adds an embedding, and its table, for vectors such as this one.
pub(super) fn add(transaction: &Transaction<'_>, like: &Vector, searched: bool) -> rusqlite::Result<Embedding> {
    let (name, dimension) = (like.embedding.clone(), like.values.len());
    let insert = "INSERT INTO embeddings (name, dimension, searched) VALUES (?1, ?2, ?3) RETURNING id";
    let id = transaction.query_row(insert, params![name, dimension, searched], |row| row.get(0))?;
    let embedding = Embedding { id, name, dimension };
    transaction.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {} USING vec0 (
            namespace INTEGER PARTITION KEY, expires_ms INTEGER, vector FLOAT[{dimension}] distance_metric=cosine,
            chunk_size={PIECE}
        )",
        embedding.table()
    ))?;
    Ok(embedding)
}

/// Removes an embedding with all of its vectors.
pub(super) fn drop(transaction: &Transaction<'_>, embedding: &Embedding) -> rusqlite::Result<()> {
    transaction.execute_batch(&format!("DROP TABLE {}", embedding.table()))?;
    transaction.execute("DELETE FROM embeddings WHERE id = ?1", [embedding.id]).map(|_| ())
}

/// Returns whether nothing is kept.
pub(super) fn nothing(connection: &Connection) -> rusqlite::Result<bool> {
    let first = connection.query_row("SELECT 1 FROM memories LIMIT 1", [], |_| Ok(()));
    first.optional().map(|first| first.is_none())
}
