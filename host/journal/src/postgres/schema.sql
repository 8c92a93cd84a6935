-- The first version of the tables. All names are written in full: no setting of a session is relied on.

-- A run's entries, those of a commit in one row under the number of the last, packed. A row may be a difference to another one,
-- its base. They are only ever appended, and are compressed already.
CREATE TABLE stockade.entries (
    run uuid NOT NULL, seq bigint NOT NULL, base bigint, format integer NOT NULL, at_ms bigint NOT NULL,
    json_bytes bigint NOT NULL, change bytea NOT NULL,
    PRIMARY KEY (run, seq)
);
ALTER TABLE stockade.entries ALTER COLUMN change SET STORAGE EXTERNAL;

-- What is long in entries, once by its digest, and the runs whose entries name it. There is no count of them: runs that name the
-- same would wait for each other at each step.
CREATE TABLE stockade.blobs (digest bytea PRIMARY KEY, bytes bytea NOT NULL);
ALTER TABLE stockade.blobs ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE stockade.blob_runs (run uuid NOT NULL, digest bytea NOT NULL, PRIMARY KEY (run, digest));
CREATE INDEX blob_runs_by_digest ON stockade.blob_runs (digest);

-- One line about each run. Texts are written so that none has U+0000.
CREATE TABLE stockade.runs (
    run uuid PRIMARY KEY, workflow text NOT NULL, status text NOT NULL, state text NOT NULL, updated_ms bigint NOT NULL,
    start_key text, labels text[] NOT NULL, waiting_for text[] NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX runs_by_status ON stockade.runs (status);
CREATE INDEX runs_by_change ON stockade.runs (updated_ms, run);
CREATE INDEX runs_by_start_key ON stockade.runs (start_key) WHERE start_key IS NOT NULL;
CREATE INDEX runs_by_label ON stockade.runs USING gin (labels);

-- Who may write to a run, and the number of its last entry. Each commit of a run changes this row, and no index of it.
CREATE TABLE stockade.leases (
    run uuid PRIMARY KEY, epoch bigint NOT NULL, owner uuid, until_ms bigint NOT NULL, seq bigint NOT NULL, commit_id uuid
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- The index. Keys are bytes, and so in their order.
CREATE TABLE stockade.index_rows (
    space text COLLATE "C" NOT NULL, key bytea NOT NULL, run uuid, needed boolean NOT NULL, due_ms bigint,
    value bytea NOT NULL, commit_id uuid NOT NULL,
    PRIMARY KEY (space, key)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX index_rows_by_run ON stockade.index_rows (run) WHERE run IS NOT NULL;
CREATE INDEX index_rows_by_time ON stockade.index_rows (space, due_ms, key) WHERE due_ms IS NOT NULL;
