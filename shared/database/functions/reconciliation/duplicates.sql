-- The search for anything that was done twice, in the logs themselves (I1, I3, I4).

-- Indexes are off: a scan through a unique index would only repeat what its constraint claims.
CREATE OR REPLACE FUNCTION certification.found_twice()
RETURNS TABLE (kind text, mentor_id uuid, certification_expiry_date date, detail text, n bigint)
LANGUAGE sql STABLE SET work_mem = '64MB' SET jit = off
    SET enable_indexscan = off SET enable_indexonlyscan = off SET enable_bitmapscan = off
    SET search_path = pg_catalog, pg_temp AS $$
    -- A transition of a run that was undone does not count (certification.undo_run).
    SELECT 'transition', l.mentor_id, l.certification_expiry_date::date, t.made, sum(t.n)::bigint
      FROM public.mentor_status_log AS l
     CROSS JOIN LATERAL (SELECT CASE l.reason::text WHEN 'run_undone' THEN l.from_status::text
                                     ELSE l.to_status::text END AS made,
                                CASE l.reason::text WHEN 'run_undone' THEN -1 ELSE 1 END AS n) AS t
     WHERE l.actor::text = 'system:expiry_check' OR l.reason::text = 'run_undone'
     GROUP BY l.mentor_id, l.certification_expiry_date, t.made
    HAVING sum(t.n) > 1
    UNION ALL
    SELECT 'reminder', r.mentor_id, r.certification_expiry_date, r.threshold_day::text, count(*)
      FROM certification.cert_expiry_reminders AS r
     GROUP BY r.mentor_id, r.certification_expiry_date, r.threshold_day
    HAVING count(*) > 1
    UNION ALL
    -- A superseded or written-off notice reached no recipient.
    SELECT 'notice', n.mentor_id, n.certification_expiry_date, concat_ws(' ', n.kind, n.threshold_day), count(*)
      FROM certification.notices AS n
     WHERE n.mentor_id IS NOT NULL AND n.state NOT IN ('superseded', 'undeliverable')
     GROUP BY n.mentor_id, n.certification_expiry_date, n.kind, n.threshold_day
    HAVING count(*) > 1
    UNION ALL
    SELECT 'notice', n.coordinator_id, NULL, 'digest ' || n.run_id, count(*)
      FROM certification.notices AS n
     WHERE n.kind = 'digest' AND n.fallback_of IS NULL AND n.state NOT IN ('superseded', 'undeliverable')
     GROUP BY n.coordinator_id, n.run_id
    HAVING count(*) > 1
$$;
COMMENT ON FUNCTION certification.found_twice IS
    'Return every transition of ours, reminder and notice that its log holds more than once for one mentor and '
    'certification, and every digest that exists more than once for one run and coordinator (I1, I3, I4).';

CREATE OR REPLACE FUNCTION certification.find_duplicates(p_run_id uuid) RETURNS TABLE (measure text, n bigint)
-- row_security is off because a row hidden from us by a policy would hide a duplicate.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '10s' AS $$
BEGIN
    PERFORM certification.own_run(p_run_id);
    LOCK TABLE certification.duplicates IN SHARE ROW EXCLUSIVE MODE; -- of two concurrent runs, the later knows more
    WITH found AS MATERIALIZED (
        -- The app's log may still have a person who was forgotten here.
        SELECT t.* FROM certification.found_twice() AS t WHERE NOT certification.is_forgotten(t.mentor_id)
    ), gone AS (
        DELETE FROM certification.duplicates AS d
         WHERE NOT EXISTS (
            SELECT 1 FROM found AS f
             WHERE (f.kind, f.mentor_id, f.detail) = (d.kind, d.mentor_id, d.detail)
               AND f.certification_expiry_date IS NOT DISTINCT FROM d.certification_expiry_date)
    )
    INSERT INTO certification.duplicates AS d (kind, mentor_id, certification_expiry_date, detail, n, found_in)
    SELECT f.kind, f.mentor_id, f.certification_expiry_date, f.detail, f.n, p_run_id FROM found AS f
    ON CONFLICT ON CONSTRAINT duplicate_once DO UPDATE
       SET n = excluded.n, seen_at = excluded.seen_at,
           reviewed_at = CASE WHEN excluded.n <= d.n THEN d.reviewed_at END,
           reviewed_by = CASE WHEN excluded.n <= d.n THEN d.reviewed_by END,
           review_reason = CASE WHEN excluded.n <= d.n THEN d.review_reason END;
    RETURN QUERY
    SELECT 'duplicate_' || k.kind || 's', count(d.kind)
      FROM unnest('{transition,reminder,notice}'::text[]) AS k (kind)
      LEFT JOIN certification.duplicates AS d ON d.kind = k.kind AND d.reviewed_at IS NULL
     GROUP BY k.kind
     ORDER BY 1;
END
$$;
COMMENT ON FUNCTION certification.find_duplicates IS
    'Look for duplicates in the logs, write them down, and return how many of each kind are unreviewed, zeros '
    'included (I1, I3, I4).';

CREATE OR REPLACE FUNCTION certification.review_duplicates(p_kind text, p_mentor_id uuid, p_actor text,
                                                           p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30s' AS $$
DECLARE
    v_n bigint;
BEGIN
    UPDATE certification.duplicates AS d
       SET reviewed_at = clock_timestamp(), reviewed_by = p_actor, review_reason = p_reason
     WHERE d.reviewed_at IS NULL AND d.kind = p_kind AND (p_mentor_id IS NULL OR d.mentor_id = p_mentor_id);
    GET DIAGNOSTICS v_n = ROW_COUNT;
    IF v_n > 0 THEN
        INSERT INTO certification.audit (action, actor, reason, mentor_id, facts)
        VALUES ('review_duplicates', p_actor, p_reason, p_mentor_id, jsonb_build_object('kind', p_kind, 'n', v_n));
    END IF;
    RETURN v_n;
END
$$;
COMMENT ON FUNCTION certification.review_duplicates IS
    'Record that a person has reviewed these duplicates of one mentor, or of all mentors (null). They are not '
    'reported again unless they grow. Return how many.';

REVOKE ALL ON FUNCTION
    certification.found_twice, certification.find_duplicates, certification.review_duplicates
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.find_duplicates
TO certification_reconciliation;
GRANT EXECUTE ON FUNCTION
    certification.review_duplicates
TO certification_operations;
