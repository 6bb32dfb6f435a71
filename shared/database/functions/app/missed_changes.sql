-- A change that a trigger on the app's tables could not record is kept here. The next sweep takes it up (I7, I16).

CREATE OR REPLACE FUNCTION certification.touched_query(p_table text, p_operation text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('SELECT array_agg(DISTINCT r.%1$I::uuid) FROM (%2$s) AS r',
                  x.id, CASE p_operation WHEN 'INSERT' THEN format('SELECT n.%I FROM new_rows AS n', x.id)
                                         WHEN 'DELETE' THEN format('SELECT o.%I FROM old_rows AS o', x.id)
                        ELSE format('SELECT n.%1$I FROM new_rows AS n UNION ALL SELECT o.%1$I FROM old_rows AS o',
                                    x.id) END)
      FROM (SELECT CASE p_table WHEN 'peer_mentors' THEN 'id' ELSE 'mentor_id' END AS id) AS x
$$;
COMMENT ON FUNCTION certification.touched_query IS
    'Return the query by which a trigger finds every mentor that its statement touched.';

CREATE OR REPLACE FUNCTION certification.record_missed_change(p_table text, p_mentor_ids uuid[],
                                                            p_sqlstate text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO certification.missed_changes (table_name, mentor_ids, sqlstate)
    VALUES (p_table, p_mentor_ids, p_sqlstate);
    RAISE WARNING 'certification: a change of % was not recorded, SQLSTATE %; the next sweep takes it up',
        p_table, p_sqlstate;
END
$$;
COMMENT ON FUNCTION certification.record_missed_change IS
    'Write down that a trigger could not record a change of these mentors; null means that the mentors are unknown '
    '(I16). The table is append-only, so the insert never waits for a lock.';

CREATE OR REPLACE FUNCTION certification.take_up_missed_changes(p_limit integer)
RETURNS TABLE (mentor_id uuid, version bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '10s' AS $$
#variable_conflict use_column
DECLARE
    v_missed bigint[];
    v_ids uuid[];
BEGIN
    DELETE FROM certification.missed_changes AS c WHERE c.taken_up_at < clock_timestamp() - interval '14 days';
    v_missed := ARRAY(SELECT c.id FROM certification.missed_changes AS c
                       WHERE c.taken_up_at IS NULL ORDER BY c.id LIMIT p_limit FOR UPDATE SKIP LOCKED);
    IF v_missed = '{}' THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT 1 FROM certification.missed_changes AS c
                WHERE c.id = ANY (v_missed) AND c.mentor_ids IS NULL) THEN
        v_ids := ARRAY(SELECT m.id FROM public.peer_mentors AS m WHERE m.id IS NOT NULL
                       UNION SELECT l.mentor_id FROM certification.listings AS l);
    ELSE
        v_ids := ARRAY(SELECT DISTINCT u.id FROM certification.missed_changes AS c
                        CROSS JOIN unnest(c.mentor_ids) AS u (id)
                        WHERE c.id = ANY (v_missed) AND u.id IS NOT NULL);
    END IF;
    PERFORM certification.bump_listing_version(v_ids);
    INSERT INTO certification.mentors_to_recheck (step, mentor_id)
    SELECT s.step, u.id FROM unnest(v_ids) AS u (id)
     CROSS JOIN (VALUES ('remind'), ('expire'), ('reactivate')) AS s (step);
    UPDATE certification.missed_changes AS c SET taken_up_at = clock_timestamp() WHERE c.id = ANY (v_missed);
    RETURN QUERY
    SELECT l.mentor_id, l.desired_version FROM certification.listings AS l
     WHERE l.mentor_id = ANY (v_ids) AND l.synced_version < l.desired_version ORDER BY l.mentor_id;
END
$$;
COMMENT ON FUNCTION certification.take_up_missed_changes IS
    'Record now the changes that triggers could not record: raise the desired versions and have the nightly check '
    'recheck the mentors (I7). Return the mentors to sync and their versions. Delete what was taken up more than two '
    'weeks ago.';

REVOKE ALL ON FUNCTION
    certification.touched_query, certification.record_missed_change, certification.take_up_missed_changes
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.take_up_missed_changes
TO certification_reconciliation;
