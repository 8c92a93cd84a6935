-- The second version of the functions: what many runs want at the same moment is one statement, and its plan is kept by the
-- connection, where the server planned a query anew each time. A plan that was made while a table was empty must be as good
-- later: no table is read from end to end.

-- Rows of the index, of several places: those of a space from a first key on and before an end. They are in the order of the
-- places, and of the keys of each.
CREATE FUNCTION stockade.find_places(p_spaces text[], p_firsts bytea[], p_ends bytea[])
RETURNS TABLE (space text, key bytea, run text, needed boolean, due_ms bigint, value bytea, place bigint)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT r.space, r.key, r.run::text, r.needed, r.due_ms, r.value, p.place
    FROM unnest(p_spaces, p_firsts, p_ends) WITH ORDINALITY AS p(space, first_key, end_key, place)
    JOIN stockade.index_rows r ON r.space = p.space AND r.key >= p.first_key AND r.key < p.end_key
    ORDER BY p.place, r.key;
END
$$;

-- Rows of entries of a run behind a number, until their JSON has so many bytes together, and before them those to which they are
-- differences.
CREATE FUNCTION stockade.page(p_run uuid, p_after bigint, p_rows bigint, p_bytes bigint)
RETURNS TABLE (seq bigint, format integer, at_ms bigint, change bytea, json_bytes bigint)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    -- What is read from its beginning has nothing before it; most is.
    IF p_after = 0 THEN
        RETURN QUERY SELECT seq, format, at_ms, change, json_bytes FROM (
            SELECT seq, format, at_ms, change, json_bytes,
                sum(json_bytes) OVER (ORDER BY seq) - json_bytes AS bytes_before
            FROM (SELECT * FROM stockade.entries WHERE run = p_run ORDER BY seq LIMIT p_rows) AS next
        ) AS summed WHERE bytes_before < p_bytes ORDER BY seq;
        RETURN;
    END IF;
    RETURN QUERY WITH RECURSIVE page AS (
        SELECT seq, format, at_ms, change, json_bytes, base FROM (
            SELECT seq, format, at_ms, change, json_bytes, base,
                sum(json_bytes) OVER (ORDER BY seq) - json_bytes AS bytes_before
            FROM (
                SELECT * FROM stockade.entries WHERE run = p_run AND seq > p_after ORDER BY seq LIMIT p_rows
            ) AS next
        ) AS summed WHERE bytes_before < p_bytes
    ), bases AS (
        SELECT p.base AS seq FROM page p WHERE p.base <= p_after
        UNION
        SELECT e.base FROM bases b JOIN stockade.entries e ON e.run = p_run AND e.seq = b.seq WHERE e.base < e.seq
    )
    SELECT e.seq, e.format, e.at_ms, e.change, e.json_bytes
    FROM bases b JOIN stockade.entries e ON e.run = p_run AND e.seq = b.seq
    UNION ALL SELECT seq, format, at_ms, change, json_bytes FROM page ORDER BY seq;
END
$$;

-- Writes several commits, each of a run of its own, that change nothing in the index and name no blobs, as `write_commit` writes
-- one: each statement is for all of them. The parts of a commit are lists; rows of entries say of which run they are, and of
-- labels and waits it is said how many are the next commit's.
--
-- Says of each commit whether it is made, now or by an attempt before. Of the others nothing is written, and each is then to be
-- made by itself: one that `write_commit` would refuse, and one whose run another transaction has locked. So none waits for the
-- run of another, and no such statement waits in a circle.
CREATE FUNCTION stockade.write_commits(
    p_owner uuid, p_now bigint, p_lease_ms bigint, p_format integer,
    p_commits uuid[], p_runs uuid[], p_epochs bigint[], p_releases boolean[], p_firsts bigint[], p_lasts bigint[],
    p_entry_runs uuid[], p_seqs bigint[], p_bases bigint[], p_ats bigint[], p_json_bytes bigint[], p_changes bytea[],
    p_workflows text[], p_statuses text[], p_states text[], p_updated bigint[], p_start_keys text[],
    p_label_counts integer[], p_labels text[], p_waiting_counts integer[], p_waiting_for text[]
) RETURNS boolean[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    -- Of which runs the commit was made before, and of which it can be made now.
    made uuid[];
    fit uuid[];
    labels_end integer := 0;
    waiting_end integer := 0;
BEGIN
    -- Of a run that is new here, only a commit that will be taken leaves a row.
    IF 1 = ANY (p_firsts) THEN
        INSERT INTO stockade.leases (run, epoch, until_ms, seq)
        SELECT c.run, 0, 0, 0 FROM unnest(p_runs, p_epochs, p_firsts) AS c(run, epoch, first)
        WHERE c.first = 1 AND coalesce(c.epoch, 1) = 1 ORDER BY c.run
        ON CONFLICT (run) DO NOTHING;
    END IF;
    WITH locked AS MATERIALIZED (
        SELECT l.* FROM stockade.leases l WHERE l.run = ANY (p_runs) ORDER BY l.run FOR UPDATE SKIP LOCKED
    )
    SELECT array_agg(c.run) FILTER (WHERE l.commit_id = c.commit_id),
        array_agg(c.run) FILTER (WHERE l.commit_id IS DISTINCT FROM c.commit_id AND CASE
            WHEN c.epoch IS NULL THEN l.owner IS NULL OR l.until_ms <= stockade.now_ms(p_now)
            -- The first entries of a run take its lease.
            WHEN l.epoch = 0 AND c.epoch = 1 AND c.first IS NOT NULL THEN true
            ELSE l.epoch = c.epoch AND l.owner = p_owner
        END AND (c.first IS NULL OR c.first = l.seq + 1))
    INTO made, fit
    FROM unnest(p_commits, p_runs, p_epochs, p_firsts) AS c(commit_id, run, epoch, first) JOIN locked l ON l.run = c.run;
    INSERT INTO stockade.entries (run, seq, base, format, at_ms, json_bytes, change)
    SELECT e.run, e.seq, e.base, p_format, e.at_ms, e.json_bytes, e.change
    FROM unnest(p_entry_runs, p_seqs, p_bases, p_ats, p_json_bytes, p_changes)
        AS e(run, seq, base, at_ms, json_bytes, change)
    WHERE e.run = ANY (fit);
    FOR i IN 1 .. cardinality(p_commits) LOOP
        IF p_workflows[i] IS NOT NULL AND p_runs[i] = ANY (fit) THEN
            INSERT INTO stockade.runs (run, workflow, status, state, updated_ms, start_key, labels, waiting_for)
            VALUES (p_runs[i], p_workflows[i], p_statuses[i], p_states[i], p_updated[i], p_start_keys[i],
                p_labels[labels_end + 1 : labels_end + p_label_counts[i]],
                p_waiting_for[waiting_end + 1 : waiting_end + p_waiting_counts[i]])
            ON CONFLICT (run) DO UPDATE SET status = excluded.status, state = excluded.state,
                updated_ms = excluded.updated_ms, waiting_for = excluded.waiting_for;
        END IF;
        labels_end := labels_end + p_label_counts[i];
        waiting_end := waiting_end + p_waiting_counts[i];
    END LOOP;
    UPDATE stockade.leases l SET
        seq = coalesce(c.last, l.seq),
        commit_id = c.commit_id,
        epoch = coalesce(c.epoch, l.epoch),
        owner = CASE WHEN c.epoch IS NULL THEN l.owner WHEN c.releases THEN NULL ELSE p_owner END,
        until_ms = CASE
            WHEN c.epoch IS NULL THEN l.until_ms
            WHEN c.releases THEN 0
            WHEN l.epoch = 0 AND c.epoch = 1 AND c.first IS NOT NULL THEN stockade.now_ms(p_now) + p_lease_ms
            ELSE l.until_ms
        END
    FROM unnest(p_commits, p_runs, p_epochs, p_releases, p_firsts, p_lasts)
        AS c(commit_id, run, epoch, releases, first, last)
    WHERE l.run = c.run AND c.run = ANY (fit);
    RETURN ARRAY(
        SELECT coalesce(c.run = ANY (fit), false) OR coalesce(c.run = ANY (made), false)
        FROM unnest(p_runs) WITH ORDINALITY AS c(run, number) ORDER BY c.number
    );
END
$$;

-- Takes leases that are free or over, each of a run of its own. Returns the runs that were taken with their epochs, and with none
-- those that another holds. One that is not returned is locked by another transaction, and is then to be claimed by itself.
CREATE FUNCTION stockade.claim_runs(p_owner uuid, p_now bigint, p_lease_ms bigint, p_claims uuid[], p_runs uuid[])
RETURNS TABLE (run text, epoch bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO stockade.leases (run, epoch, owner, until_ms, seq, commit_id)
    SELECT c.run, 1, p_owner, stockade.now_ms(p_now) + p_lease_ms, 0, c.claim
    FROM unnest(p_claims, p_runs) AS c(claim, run) ORDER BY c.run
    ON CONFLICT (run) DO NOTHING;
    -- One that this very claim has taken, just now or before the connection broke, is taken already.
    RETURN QUERY WITH free AS MATERIALIZED (
        SELECT l.run, c.claim FROM unnest(p_claims, p_runs) AS c(claim, run) JOIN stockade.leases l ON l.run = c.run
        WHERE l.owner IS NULL OR l.until_ms <= stockade.now_ms(p_now) OR l.commit_id = c.claim
        ORDER BY l.run FOR UPDATE OF l SKIP LOCKED
    )
    UPDATE stockade.leases l SET
        epoch = l.epoch + CASE WHEN l.commit_id IS NOT DISTINCT FROM free.claim THEN 0 ELSE 1 END,
        owner = p_owner, until_ms = stockade.now_ms(p_now) + p_lease_ms, commit_id = free.claim
    FROM free WHERE l.run = free.run RETURNING l.run::text, l.epoch;
    RETURN QUERY SELECT l.run::text, NULL::bigint
        FROM unnest(p_claims, p_runs) AS c(claim, run) JOIN stockade.leases l ON l.run = c.run
        WHERE l.commit_id IS DISTINCT FROM c.claim AND l.owner IS NOT NULL AND l.until_ms > stockade.now_ms(p_now);
END
$$;
