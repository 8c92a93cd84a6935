-- One statement does all of a method: it is a transaction of its own, and needs nothing of a session. Those that write wait for
-- each other, as the writers of a file do. What is refused ends in an error of these codes, which undoes all of it: SM001 another
-- embedding (its name), SM002 another number of numbers (the one before), SM003 the namespace is full (how many it has), SM004 no
-- such memory (its number).

-- Waits until no other writes. Migrations, which lock "STKM", may wait for each other besides.
CREATE FUNCTION stockade_memory.begin_write() RETURNS void LANGUAGE sql AS $$
    SELECT pg_catalog.pg_advisory_xact_lock(1398033228)
$$;

-- A word without its ending. What English says too often to mean anything is a word like any other here: who asks leaves it out.
CREATE FUNCTION stockade_memory.stem(p_word text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce((pg_catalog.ts_lexize('pg_catalog.english_stem', p_word))[1], p_word)
$$;

-- Words, with a space between each and the next, as an index takes them, in their order.
CREATE FUNCTION stockade_memory.indexed(p_words text, p_namespace bigint) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT array_to_tsvector(ARRAY['#' || p_namespace]) || coalesce(
        string_agg(quote_literal(stockade_memory.stem(w.word)) || ':' || w.place, ' '), '')::tsvector
    FROM unnest(string_to_array(p_words, ' ')) WITH ORDINALITY AS w(word, place) WHERE w.word <> ''
$$;

-- Words that are looked for one after the other, in a namespace.
CREATE FUNCTION stockade_memory.phrase(p_words text, p_namespace bigint) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT ((quote_literal('#' || p_namespace) || ' & (' ||
        string_agg(quote_literal(stockade_memory.stem(w.word)), ' <-> ' ORDER BY w.place)) || ')')::tsquery
    FROM unnest(string_to_array(p_words, ' ')) WITH ORDINALITY AS w(word, place) WHERE w.word <> ''
$$;

-- The number of a namespace; none where it never had a memory.
CREATE FUNCTION stockade_memory.place(p_tenant text, p_person text, p_agent text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT n.id FROM stockade_memory.namespaces n WHERE n.tenant = p_tenant AND n.person = p_person AND n.agent = p_agent
$$;

-- Removes memories with all that belongs to them, and returns how many.
CREATE FUNCTION stockade_memory.erase(p_ids bigint[]) RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM stockade_memory.memories m WHERE m.id = ANY (p_ids) RETURNING m.namespace),
    counted AS (SELECT g.namespace, count(*) AS memories FROM gone g GROUP BY g.namespace),
    told AS (
        UPDATE stockade_memory.namespaces n SET memories = n.memories - c.memories FROM counted c WHERE n.id = c.namespace
    )
    SELECT count(*) FROM gone
$$;

CREATE FUNCTION stockade_memory.erase_expired(p_now bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT stockade_memory.erase(ARRAY(SELECT m.id FROM stockade_memory.memories m WHERE m.expires_ms <= p_now))
$$;

-- Takes a source's name off its memories, and removes those that are of no other. Returns how many were of it.
CREATE FUNCTION stockade_memory.erase_source(p_place bigint, p_source text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    WITH gone AS (
        DELETE FROM stockade_memory.sources s USING stockade_memory.memories m
        WHERE s.source = p_source AND m.id = s.memory AND (p_place IS NULL OR m.namespace = p_place) RETURNING s.memory
    ) SELECT array_agg(g.memory) INTO ids FROM gone g;
    PERFORM stockade_memory.erase(ARRAY(
        SELECT i.id FROM unnest(ids) AS i(id)
        WHERE NOT EXISTS (SELECT 1 FROM stockade_memory.sources s WHERE s.memory = i.id)
    ));
    RETURN coalesce(cardinality(ids), 0);
END
$$;

-- Refuses vectors of another embedding, and returns the number of the one that is searched or, where `p_searched` is false,
-- staged; there is one afterwards. Where nothing is kept, it becomes the one that is searched.
CREATE FUNCTION stockade_memory.embedding_for(p_name text, p_dimension integer, p_searched boolean) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    kept stockade_memory.embeddings;
BEGIN
    SELECT * INTO kept FROM stockade_memory.embeddings e WHERE e.searched = p_searched;
    IF FOUND AND p_searched AND (kept.name <> p_name OR kept.dimension <> p_dimension)
        AND NOT EXISTS (SELECT 1 FROM stockade_memory.memories)
    THEN
        DELETE FROM stockade_memory.embeddings e WHERE e.id = kept.id;
        kept := NULL;
    END IF;
    IF kept.id IS NULL THEN
        INSERT INTO stockade_memory.embeddings (name, dimension, searched) VALUES (p_name, p_dimension, p_searched)
        RETURNING * INTO kept;
    ELSIF kept.name <> p_name THEN
        RAISE EXCEPTION USING ERRCODE = 'SM001', MESSAGE = kept.name;
    ELSIF kept.dimension <> p_dimension THEN
        RAISE EXCEPTION USING ERRCODE = 'SM002', MESSAGE = kept.dimension::text;
    END IF;
    RETURN kept.id;
END
$$;

-- Keeps texts in a namespace, each of its parts a list, in place of what there was of `p_replaced` where that is a source. Vectors
-- are one after the other in `p_numbers`, `p_dimension` numbers for each text that has one. Returns the number of each, and whether
-- it is new.
CREATE FUNCTION stockade_memory.keep(
    p_tenant text, p_person text, p_agent text, p_now bigint, p_replaced text, p_max bigint, p_texts text[], p_digests text[],
    p_words text[], p_sources text[], p_labels text[], p_runs uuid[], p_keys bytea[], p_expiries bigint[],
    p_embedding text, p_dimension integer, p_has_vector boolean[], p_numbers real[]
) RETURNS TABLE (id bigint, is_new boolean) LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
    embedding bigint;
    had bigint;
    before integer := 0;
    marks text[];
BEGIN
    PERFORM stockade_memory.begin_write();
    PERFORM stockade_memory.erase_expired(p_now);
    INSERT INTO stockade_memory.namespaces (tenant, person, agent) VALUES (p_tenant, p_person, p_agent) ON CONFLICT DO NOTHING;
    place := stockade_memory.place(p_tenant, p_person, p_agent);
    IF p_replaced IS NOT NULL THEN
        PERFORM stockade_memory.erase_source(place, p_replaced);
    END IF;
    IF p_embedding IS NOT NULL THEN
        embedding := stockade_memory.embedding_for(p_embedding, p_dimension, true);
    END IF;
    FOR i IN 1 .. cardinality(p_texts) LOOP
        marks := string_to_array(p_labels[i], ',');
        -- What is said again is kept as long as either, is of the sources of both, and has the marks of both.
        UPDATE stockade_memory.memories m SET expires_ms = greatest(m.expires_ms, p_expiries[i]),
            labels = ARRAY(SELECT DISTINCT l.label FROM unnest(m.labels || marks) AS l(label) ORDER BY 1)
        WHERE m.namespace = place AND m.digest = p_digests[i] RETURNING m.id INTO id;
        is_new := NOT FOUND;
        IF is_new THEN
            SELECT n.memories INTO had FROM stockade_memory.namespaces n WHERE n.id = place;
            IF had >= p_max THEN
                RAISE EXCEPTION USING ERRCODE = 'SM003', MESSAGE = had::text;
            END IF;
            INSERT INTO stockade_memory.memories (namespace, text, digest, words, labels, run, key, at_ms, expires_ms)
            VALUES (place, p_texts[i], p_digests[i], stockade_memory.indexed(p_words[i], place), marks, p_runs[i], p_keys[i],
                p_now, p_expiries[i])
            RETURNING memories.id INTO id;
            UPDATE stockade_memory.namespaces n SET memories = n.memories + 1 WHERE n.id = place;
            IF p_has_vector[i] THEN
                INSERT INTO stockade_memory.vectors (embedding, memory, namespace, vector)
                VALUES (embedding, keep.id, place, p_numbers[before + 1 : before + p_dimension]);
            END IF;
        END IF;
        IF p_has_vector[i] THEN
            before := before + p_dimension;
        END IF;
        INSERT INTO stockade_memory.sources (source, memory) VALUES (p_sources[i], keep.id) ON CONFLICT DO NOTHING;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Forgets by exactly one of: numbers, all of which must be there; a source; a run; or, without any, everything.
CREATE FUNCTION stockade_memory.forget(
    p_everywhere boolean, p_tenant text, p_person text, p_agent text, p_ids bigint[], p_source text, p_run uuid
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    -- No namespace has the number 0.
    place bigint := CASE WHEN p_everywhere THEN NULL ELSE coalesce(stockade_memory.place(p_tenant, p_person, p_agent), 0) END;
    missing bigint;
BEGIN
    PERFORM stockade_memory.begin_write();
    IF p_source IS NOT NULL THEN
        RETURN stockade_memory.erase_source(place, p_source);
    END IF;
    SELECT i.id INTO missing FROM unnest(p_ids) AS i(id) WHERE NOT EXISTS (
        SELECT 1 FROM stockade_memory.memories m WHERE m.id = i.id AND (place IS NULL OR m.namespace = place)
    ) ORDER BY i.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'SM004', MESSAGE = missing::text;
    END IF;
    RETURN stockade_memory.erase(ARRAY(
        SELECT m.id FROM stockade_memory.memories m
        WHERE (place IS NULL OR m.namespace = place) AND (p_ids IS NULL OR m.id = ANY (p_ids)) AND (p_run IS NULL OR m.run = p_run)
    ));
END
$$;

CREATE FUNCTION stockade_memory.expire(p_now bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stockade_memory.begin_write();
    RETURN stockade_memory.erase_expired(p_now);
END
$$;

-- The memories of a namespace that have most of the terms, those first that few have: BM25 for terms that a text has or has not
-- (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009), counted within the namespace.
CREATE FUNCTION stockade_memory.by_words(
    p_tenant text, p_person text, p_agent text, p_now bigint, p_terms text[], p_limit integer
) RETURNS TABLE (id bigint) LANGUAGE sql STABLE AS $$
    WITH place AS MATERIALIZED (
        SELECT n.id, n.memories FROM stockade_memory.namespaces n
        WHERE n.tenant = p_tenant AND n.person = p_person AND n.agent = p_agent
    ), terms AS MATERIALIZED (
        SELECT t.term, stockade_memory.phrase(t.term, p.id) AS query, p.memories FROM place p, unnest(p_terms) AS t(term)
    ), hits AS MATERIALIZED (
        SELECT t.term, t.memories, m.id, length(m.words)::double precision AS words
        FROM terms t JOIN stockade_memory.memories m ON m.words @@ t.query WHERE m.expires_ms > p_now
    ), rare AS (
        SELECT h.term, ln(1 + (max(h.memories) - count(*) + 0.5) / (count(*) + 0.5)) AS weight FROM hits h GROUP BY h.term
    )
    SELECT h.id FROM hits h JOIN rare r ON r.term = h.term
    GROUP BY h.id, h.words
    ORDER BY sum(r.weight) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * h.words / (SELECT avg(words) FROM hits))) DESC, h.id DESC
    LIMIT p_limit
$$;

-- These memories, with how many of the terms each has, in the order of their numbers' list.
CREATE FUNCTION stockade_memory.these(p_ids bigint[], p_terms text[], p_now bigint)
RETURNS TABLE (id bigint, has bigint) LANGUAGE sql STABLE AS $$
    SELECT m.id, (
        SELECT count(*) FROM unnest(p_terms) AS t(term) WHERE m.words @@ stockade_memory.phrase(t.term, m.namespace)
    ) FROM unnest(p_ids) WITH ORDINALITY AS i(id, place) JOIN stockade_memory.memories m ON m.id = i.id
    WHERE m.expires_ms > p_now ORDER BY i.place
$$;

-- Puts vectors of another embedding beside those that are searched. What was forgotten meanwhile has none.
CREATE FUNCTION stockade_memory.stage(p_ids bigint[], p_embedding text, p_dimension integer, p_numbers real[], p_first boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    chosen bigint;
BEGIN
    PERFORM stockade_memory.begin_write();
    IF p_first THEN
        DELETE FROM stockade_memory.embeddings e WHERE NOT e.searched;
    END IF;
    IF cardinality(p_ids) = 0 THEN
        RETURN;
    END IF;
    chosen := stockade_memory.embedding_for(p_embedding, p_dimension, false);
    FOR i IN 1 .. cardinality(p_ids) LOOP
        INSERT INTO stockade_memory.vectors (embedding, memory, namespace, vector)
        SELECT chosen, m.id, m.namespace, p_numbers[(i - 1) * p_dimension + 1 : i * p_dimension]
        FROM stockade_memory.memories m WHERE m.id = p_ids[i]
        ON CONFLICT DO NOTHING;
    END LOOP;
END
$$;

-- Searches the vectors of this embedding from now on, and drops all others; or returns that it did not, for there are memories
-- later than the last that was staged. If it is sent again, it changes nothing.
CREATE FUNCTION stockade_memory.adopt(p_embedding text, p_last bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stockade_memory.begin_write();
    IF EXISTS (SELECT 1 FROM stockade_memory.memories m WHERE m.id > p_last) THEN
        RETURN false;
    END IF;
    DELETE FROM stockade_memory.embeddings e WHERE e.name <> p_embedding OR e.searched AND EXISTS (
        SELECT 1 FROM stockade_memory.embeddings s WHERE NOT s.searched AND s.name = p_embedding
    );
    UPDATE stockade_memory.embeddings e SET searched = true WHERE NOT e.searched;
    RETURN true;
END
$$;

-- Makes the table of vectors where the server has the extension and the role may install it, or it is there; returns whether there
-- is that table now. The extension may be in any schema, so that what names its type is written once that is known.
CREATE FUNCTION stockade_memory.add_vectors() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    home text;
BEGIN
    PERFORM stockade_memory.begin_write();
    IF EXISTS (
        SELECT 1 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'stockade_memory' AND c.relname = 'vectors' AND a.attname = 'vector' AND NOT a.attisdropped
    ) THEN
        RETURN true;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_extension e WHERE e.extname = 'vector')
        AND EXISTS (SELECT 1 FROM pg_catalog.pg_available_extensions a WHERE a.name = 'vector')
    THEN
        BEGIN
            CREATE EXTENSION vector;
        EXCEPTION WHEN insufficient_privilege OR invalid_schema_name OR feature_not_supported OR undefined_file THEN
            RETURN false;
        END;
    END IF;
    SELECT n.nspname INTO home FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'vector';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- One whose extension was removed has lost its column.
    DROP TABLE IF EXISTS stockade_memory.vectors;
    -- The numbers are in the rows, as far as a page takes them: each search reads all of a namespace.
    EXECUTE format($table$
        CREATE TABLE stockade_memory.vectors (
            embedding bigint NOT NULL REFERENCES stockade_memory.embeddings (id) ON DELETE CASCADE,
            memory bigint NOT NULL REFERENCES stockade_memory.memories (id) ON DELETE CASCADE,
            namespace bigint NOT NULL, vector %I.vector NOT NULL, PRIMARY KEY (embedding, memory)
        ) WITH (toast_tuple_target = 8160)
    $table$, home);
    CREATE INDEX vectors_by_namespace ON stockade_memory.vectors (namespace, embedding);
    CREATE INDEX vectors_by_memory ON stockade_memory.vectors (memory);
    -- The nearest vectors of a namespace, all of which are looked at: none is missed for what is elsewhere or has expired.
    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION stockade_memory.by_vector(
            p_tenant text, p_person text, p_agent text, p_now bigint, p_embedding text, p_numbers real[], p_floor real,
            p_limit integer
        ) RETURNS TABLE (id bigint, similarity real) LANGUAGE plpgsql STABLE AS $body$
        DECLARE
            kept stockade_memory.embeddings;
            wanted %1$I.vector := p_numbers;
        BEGIN
            SELECT * INTO kept FROM stockade_memory.embeddings e WHERE e.searched;
            IF NOT FOUND THEN
                RETURN;
            ELSIF kept.name <> p_embedding THEN
                RAISE EXCEPTION USING ERRCODE = 'SM001', MESSAGE = kept.name;
            ELSIF kept.dimension <> cardinality(p_numbers) THEN
                RAISE EXCEPTION USING ERRCODE = 'SM002', MESSAGE = kept.dimension::text;
            END IF;
            RETURN QUERY SELECT n.memory, (1 - n.away)::real FROM (
                SELECT v.memory, v.vector OPERATOR(%1$I.<=>) wanted AS away
                FROM stockade_memory.vectors v JOIN stockade_memory.memories m ON m.id = v.memory
                WHERE v.namespace = stockade_memory.place(p_tenant, p_person, p_agent) AND v.embedding = kept.id
                    AND m.expires_ms > p_now
                ORDER BY away, v.memory LIMIT p_limit
            ) AS n WHERE 1 - n.away >= p_floor ORDER BY n.away, n.memory;
        END
        $body$
    $function$, home);
    RETURN true;
END
$$;
