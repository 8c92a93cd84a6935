-- One statement does all of a commit: it is a transaction of its own, in one message there and one back, and needs nothing
-- of a session. What is refused ends in an error of these codes, which undoes all of it:
-- SK001 fenced, SK002 taken, SK003 a row is there (its number), SK004 a row is not as it was seen (its number), SK005 needed.
--
-- A commit has an id, which it leaves where it writes: one that is sent again, for its connection broke before the answer,
-- finds its own id there and does nothing.

-- The time of leases: the database's, unless a test says another.
CREATE FUNCTION stockade.now_ms(p_now bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(p_now, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;

-- Changes rows of the index, one after the other. Kinds are a(dd), e(nsure), p(ut), c(hange), r(emove).
CREATE FUNCTION stockade.change_rows(
    p_commit uuid, p_kinds text[], p_spaces text[], p_keys bytea[], p_runs uuid[], p_needed boolean[], p_dues bigint[],
    p_values bytea[], p_new_dues bigint[], p_new_values bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    FOR i IN 1 .. cardinality(p_kinds) LOOP
        IF p_needed[i] THEN
            -- Until this is committed, the run is not removed.
            PERFORM 1 FROM stockade.leases l WHERE l.run = p_runs[i] FOR SHARE;
        END IF;
        IF p_kinds[i] IN ('a', 'e') THEN
            INSERT INTO stockade.index_rows (space, key, run, needed, due_ms, value, commit_id)
            VALUES (p_spaces[i], p_keys[i], p_runs[i], p_needed[i], p_dues[i], p_values[i], p_commit)
            ON CONFLICT (space, key) DO NOTHING;
            GET DIAGNOSTICS changed = ROW_COUNT;
            IF changed = 0 AND p_kinds[i] = 'a' THEN
                RAISE EXCEPTION USING ERRCODE = 'SK003', MESSAGE = i::text;
            END IF;
        ELSIF p_kinds[i] = 'p' THEN
            INSERT INTO stockade.index_rows (space, key, run, needed, due_ms, value, commit_id)
            VALUES (p_spaces[i], p_keys[i], p_runs[i], p_needed[i], p_dues[i], p_values[i], p_commit)
            ON CONFLICT (space, key) DO UPDATE SET run = excluded.run, needed = excluded.needed, due_ms = excluded.due_ms,
                value = excluded.value, commit_id = excluded.commit_id;
        ELSIF p_kinds[i] = 'c' THEN
            UPDATE stockade.index_rows r SET due_ms = p_new_dues[i], value = p_new_values[i], commit_id = p_commit
            WHERE r.space = p_spaces[i] AND r.key = p_keys[i] AND r.run IS NOT DISTINCT FROM p_runs[i]
                AND r.needed = p_needed[i] AND r.due_ms IS NOT DISTINCT FROM p_dues[i] AND r.value = p_values[i];
            GET DIAGNOSTICS changed = ROW_COUNT;
            IF changed = 0 THEN
                RAISE EXCEPTION USING ERRCODE = 'SK004', MESSAGE = i::text;
            END IF;
        ELSE
            DELETE FROM stockade.index_rows r WHERE r.space = p_spaces[i] AND r.key = p_keys[i];
        END IF;
    END LOOP;
END
$$;

-- Whether a commit has written one of these rows of the index.
CREATE FUNCTION stockade.has_written(p_commit uuid, p_spaces text[], p_keys bytea[]) RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (
        SELECT 1 FROM unnest(p_spaces, p_keys) AS w(space, key)
        JOIN stockade.index_rows r ON r.space = w.space AND r.key = w.key WHERE r.commit_id = p_commit
    )
$$;

-- Keeps what a run's entries name. Digests are in their order, so that of two commits none waits for the other in a circle.
CREATE FUNCTION stockade.keep_blobs(p_run uuid, p_digests bytea[], p_blobs bytea[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_digests) LOOP
        INSERT INTO stockade.blob_runs (run, digest) VALUES (p_run, p_digests[i]) ON CONFLICT DO NOTHING;
        CONTINUE WHEN NOT FOUND;
        LOOP
            INSERT INTO stockade.blobs (digest, bytes) VALUES (p_digests[i], p_blobs[i]) ON CONFLICT DO NOTHING;
            EXIT WHEN FOUND;
            -- Until this is committed, it is not removed; if another has just removed it, it is written again.
            PERFORM 1 FROM stockade.blobs b WHERE b.digest = p_digests[i] FOR KEY SHARE;
            EXIT WHEN FOUND;
        END LOOP;
    END LOOP;
END
$$;

-- Removes what the entries of a run alone name.
CREATE FUNCTION stockade.drop_blobs(p_run uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    named bytea[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'the journal needs transactions that are READ COMMITTED, and these are %; set default_transaction_isolation of '
            'the role or the database', upper(current_setting('transaction_isolation'));
    END IF;
    -- A commit that begins to name one waits until this is committed; what others have committed by now, the next
    -- statements see.
    SELECT array_agg(locked.digest) INTO named FROM (
        SELECT b.digest FROM stockade.blobs b JOIN stockade.blob_runs r ON r.digest = b.digest WHERE r.run = p_run
        ORDER BY b.digest FOR UPDATE OF b
    ) AS locked;
    DELETE FROM stockade.blob_runs r WHERE r.run = p_run;
    DELETE FROM stockade.blobs b WHERE b.digest = ANY (named)
        AND NOT EXISTS (SELECT 1 FROM stockade.blob_runs r WHERE r.digest = b.digest);
END
$$;

-- Writes all of a commit: a run's entries and its line, its lease, and the index.
CREATE FUNCTION stockade.write_commit(
    p_commit uuid, p_run uuid, p_epoch bigint, p_owner uuid, p_releases boolean, p_now bigint, p_lease_ms bigint,
    p_format integer, p_first bigint, p_seqs bigint[], p_bases bigint[], p_ats bigint[], p_json_bytes bigint[],
    p_changes bytea[], p_digests bytea[], p_blobs bytea[],
    p_workflow text, p_status text, p_state text, p_updated bigint, p_start_key text, p_labels text[], p_waiting_for text[],
    p_kinds text[], p_spaces text[], p_keys bytea[], p_runs uuid[], p_needed boolean[], p_dues bigint[], p_values bytea[],
    p_new_dues bigint[], p_new_values bytea[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    held stockade.leases;
    is_first boolean;
    packed integer := cardinality(p_seqs);
BEGIN
    IF p_run IS NULL THEN
        -- No row of a lease tells whether it was made before: a first attempt may still be on its way.
        PERFORM pg_advisory_xact_lock(hashtextextended(p_commit::text, 0));
        IF NOT stockade.has_written(p_commit, p_spaces, p_keys) THEN
            PERFORM stockade.change_rows(p_commit, p_kinds, p_spaces, p_keys, p_runs, p_needed, p_dues, p_values,
                p_new_dues, p_new_values);
        END IF;
        RETURN true;
    END IF;
    SELECT * INTO held FROM stockade.leases l WHERE l.run = p_run FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO stockade.leases (run, epoch, until_ms, seq) VALUES (p_run, 0, 0, 0) ON CONFLICT (run) DO NOTHING;
        SELECT * INTO held FROM stockade.leases l WHERE l.run = p_run FOR UPDATE;
    END IF;
    IF held.commit_id = p_commit THEN
        RETURN true;
    END IF;
    -- The first entries of a run take its lease.
    is_first := held.epoch = 0 AND p_epoch = 1 AND packed > 0;
    IF p_epoch IS NULL THEN
        IF held.owner IS NOT NULL AND held.until_ms > stockade.now_ms(p_now) THEN
            RAISE EXCEPTION USING ERRCODE = 'SK001', MESSAGE = 'fenced';
        END IF;
    ELSIF NOT is_first AND (held.epoch <> p_epoch OR held.owner IS DISTINCT FROM p_owner) THEN
        RAISE EXCEPTION USING ERRCODE = 'SK001', MESSAGE = 'fenced';
    END IF;
    IF packed > 0 AND p_first <> held.seq + 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'SK002', MESSAGE = 'taken';
    END IF;
    INSERT INTO stockade.entries (run, seq, base, format, at_ms, json_bytes, change)
    SELECT p_run, e.seq, e.base, p_format, e.at_ms, e.json_bytes, e.change
    FROM unnest(p_seqs, p_bases, p_ats, p_json_bytes, p_changes) AS e(seq, base, at_ms, json_bytes, change);
    PERFORM stockade.keep_blobs(p_run, p_digests, p_blobs);
    IF p_workflow IS NOT NULL THEN
        INSERT INTO stockade.runs (run, workflow, status, state, updated_ms, start_key, labels, waiting_for)
        VALUES (p_run, p_workflow, p_status, p_state, p_updated, p_start_key, p_labels, p_waiting_for)
        ON CONFLICT (run) DO UPDATE SET status = excluded.status, state = excluded.state,
            updated_ms = excluded.updated_ms, waiting_for = excluded.waiting_for;
    END IF;
    PERFORM stockade.change_rows(p_commit, p_kinds, p_spaces, p_keys, p_runs, p_needed, p_dues, p_values, p_new_dues,
        p_new_values);
    UPDATE stockade.leases l SET
        seq = CASE WHEN packed > 0 THEN p_seqs[packed] ELSE held.seq END,
        commit_id = p_commit,
        epoch = coalesce(p_epoch, held.epoch),
        owner = CASE WHEN p_epoch IS NULL THEN held.owner WHEN p_releases THEN NULL ELSE p_owner END,
        until_ms = CASE
            WHEN p_epoch IS NULL THEN held.until_ms
            WHEN p_releases THEN 0
            WHEN is_first THEN stockade.now_ms(p_now) + p_lease_ms
            ELSE held.until_ms
        END
    WHERE l.run = p_run;
    RETURN true;
END
$$;

-- Removes a run with all that is about it, unless a row of the index needs it.
CREATE FUNCTION stockade.remove_run(
    p_commit uuid, p_run uuid, p_epoch bigint, p_owner uuid,
    p_kinds text[], p_spaces text[], p_keys bytea[], p_runs uuid[], p_needed boolean[], p_dues bigint[], p_values bytea[],
    p_new_dues bigint[], p_new_values bytea[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM stockade.leases l WHERE l.run = p_run AND l.epoch = p_epoch AND l.owner = p_owner FOR UPDATE;
    IF NOT FOUND THEN
        IF stockade.has_written(p_commit, p_spaces, p_keys) THEN
            RETURN true;
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'SK001', MESSAGE = 'fenced';
    END IF;
    IF EXISTS (SELECT 1 FROM stockade.index_rows r WHERE r.run = p_run AND r.needed) THEN
        RAISE EXCEPTION USING ERRCODE = 'SK005', MESSAGE = 'needed';
    END IF;
    PERFORM stockade.change_rows(p_commit, p_kinds, p_spaces, p_keys, p_runs, p_needed, p_dues, p_values, p_new_dues,
        p_new_values);
    PERFORM stockade.drop_blobs(p_run);
    DELETE FROM stockade.entries e WHERE e.run = p_run;
    DELETE FROM stockade.runs r WHERE r.run = p_run;
    DELETE FROM stockade.index_rows r WHERE r.run = p_run;
    DELETE FROM stockade.leases l WHERE l.run = p_run;
    RETURN true;
END
$$;
