-- The first version of the tables. All names are written in full: no setting of a session is relied on.

CREATE TABLE stockade_memory.namespaces (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text COLLATE "C" NOT NULL, person text COLLATE "C" NOT NULL,
    agent text COLLATE "C" NOT NULL, memories bigint NOT NULL DEFAULT 0, UNIQUE (tenant, person, agent)
);

-- `words` are those of the text in the form in which they are looked for, and the word `#N` of its namespace, so that the words
-- of others are left out before anything is ranked.
CREATE TABLE stockade_memory.memories (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, namespace bigint NOT NULL REFERENCES stockade_memory.namespaces (id),
    text text NOT NULL, digest text COLLATE "C" NOT NULL, words tsvector NOT NULL, labels text[] NOT NULL, run uuid, key bytea,
    at_ms bigint NOT NULL, expires_ms bigint NOT NULL, UNIQUE (namespace, digest)
);
CREATE INDEX memories_by_word ON stockade_memory.memories USING gin (words);
CREATE INDEX memories_by_run ON stockade_memory.memories (run) WHERE run IS NOT NULL;
CREATE INDEX memories_by_expiry ON stockade_memory.memories (expires_ms);

-- All the sources that a text is of; the empty one stands for what was kept without a source.
CREATE TABLE stockade_memory.sources (
    source text COLLATE "C" NOT NULL, memory bigint NOT NULL REFERENCES stockade_memory.memories (id) ON DELETE CASCADE,
    PRIMARY KEY (memory, source)
);
CREATE INDEX sources_by_name ON stockade_memory.sources USING hash (source);

-- The embeddings of which there are vectors: one that is searched, and one that is to be.
CREATE TABLE stockade_memory.embeddings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, dimension integer NOT NULL, searched boolean NOT NULL
);
CREATE UNIQUE INDEX embeddings_once ON stockade_memory.embeddings (searched);
