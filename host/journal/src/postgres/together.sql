-- The second version of the functions: what many runs want at the same moment is one statement, and its plan is kept by the
-- connection. Of each, the bounds are parameters, so that a plan that was made while a table was empty is as good later: no table
-- is read from end to end.

-- Rows of the index, of several places: those of a space from a first key on and before an end.
CREATE FUNCTION stockade.find_places(p_spaces text[], p_firsts bytea[], p_ends bytea[])
RETURNS TABLE (space text, key bytea, run text, needed boolean, due_ms bigint, value bytea, place integer)
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_spaces) LOOP
        RETURN QUERY SELECT r.space, r.key, r.run::text, r.needed, r.due_ms, r.value, i FROM stockade.index_rows r
            WHERE r.space = p_spaces[i] AND r.key >= p_firsts[i] AND r.key < p_ends[i] ORDER BY r.key;
    END LOOP;
END
$$;

-- Rows of entries of a run behind a number, until their JSON has so many bytes together, and before them those to which they are
-- differences.
CREATE FUNCTION stockade.page(p_run uuid, p_after bigint, p_rows bigint, p_bytes bigint)
RETURNS TABLE (seq bigint, format integer, at_ms bigint, change bytea, json_bytes bigint)
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH RECURSIVE page AS (
        SELECT seq, format, at_ms, change, json_bytes, base FROM (
            SELECT seq, format, at_ms, change, json_bytes, base,
                sum(json_bytes) OVER (ORDER BY seq) - json_bytes AS bytes_before
            FROM (
                SELECT * FROM stockade.entries WHERE run = p_run AND seq > p_after ORDER BY seq LIMIT p_rows
            ) AS next
        ) AS summed WHERE bytes_before < p_bytes
    ), bases AS (
        SELECT e.seq, e.format, e.at_ms, e.change, e.json_bytes, e.base FROM stockade.entries e
        WHERE e.run = p_run AND e.seq IN (SELECT p.base FROM page p WHERE p.base <= p_after)
        UNION ALL
        SELECT e.seq, e.format, e.at_ms, e.change, e.json_bytes, e.base FROM stockade.entries e
        JOIN bases b ON e.seq = b.base AND e.seq < b.seq WHERE e.run = p_run
    )
    SELECT seq, format, at_ms, change, json_bytes FROM bases
    UNION ALL SELECT seq, format, at_ms, change, json_bytes FROM page ORDER BY seq;
END
$$;

-- Writes several commits of runs that change nothing in the index and name no blobs, in the order of their runs, so that of two
-- such statements none waits for the other in a circle. Where one is refused, nothing of all is written. The parts of each are
-- lists; of what a commit has several of, it is said how many.
CREATE FUNCTION stockade.write_commits(
    p_owner uuid, p_now bigint, p_lease_ms bigint, p_format integer,
    p_commits uuid[], p_runs uuid[], p_epochs bigint[], p_releases boolean[], p_firsts bigint[], p_rows integer[],
    p_seqs bigint[], p_bases bigint[], p_ats bigint[], p_json_bytes bigint[], p_changes bytea[],
    p_workflows text[], p_statuses text[], p_states text[], p_updated bigint[], p_start_keys text[],
    p_label_counts integer[], p_labels text[], p_waiting_counts integer[], p_waiting_for text[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    e integer := 0;
    l integer := 0;
    w integer := 0;
    rows_end integer;
    labels_end integer;
    waiting_end integer;
BEGIN
    FOR i IN 1 .. cardinality(p_commits) LOOP
        rows_end := e + p_rows[i];
        labels_end := l + p_label_counts[i];
        waiting_end := w + p_waiting_counts[i];
        PERFORM stockade.write_commit(
            p_commits[i], p_runs[i], p_epochs[i], p_owner, p_releases[i], p_now, p_lease_ms,
            p_format, p_firsts[i], p_seqs[e + 1 : rows_end], p_bases[e + 1 : rows_end], p_ats[e + 1 : rows_end],
            p_json_bytes[e + 1 : rows_end], p_changes[e + 1 : rows_end], '{}'::bytea[], '{}'::bytea[],
            p_workflows[i], p_statuses[i], p_states[i], p_updated[i], p_start_keys[i],
            p_labels[l + 1 : labels_end], p_waiting_for[w + 1 : waiting_end],
            '{}'::text[], '{}'::text[], '{}'::bytea[], '{}'::uuid[], '{}'::boolean[], '{}'::bigint[], '{}'::bytea[],
            '{}'::bigint[], '{}'::bytea[]
        );
        e := rows_end;
        l := labels_end;
        w := waiting_end;
    END LOOP;
    RETURN true;
END
$$;
