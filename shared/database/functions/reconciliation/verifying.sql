-- A difference is believed only after its row was read a second time, by its key.

CREATE OR REPLACE FUNCTION certification.differences_to_verify(p_comparison_id uuid, p_limit integer)
RETURNS TABLE (mentor_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- At most a thousand in flight are read again. With more than that on their way the proof is "not yet" whatever
    -- they hold.
    WITH unread AS MATERIALIZED (
        (SELECT d.mentor_id, d.class, d.cause FROM certification.comparison_differences AS d
          WHERE d.comparison_id = p_comparison_id AND NOT d.verified AND d.cause <> 'in_flight')
        UNION ALL
        (SELECT d.mentor_id, d.class, d.cause FROM certification.comparison_differences AS d
          WHERE d.comparison_id = p_comparison_id AND NOT d.verified AND d.cause = 'in_flight'
            AND (SELECT count(*) FROM (SELECT 1 FROM certification.comparison_differences AS e
                  WHERE e.comparison_id = p_comparison_id AND e.cause = 'in_flight' LIMIT 1001) AS x) <= 1000)
    )
    SELECT u.mentor_id FROM unread AS u
     GROUP BY u.mentor_id
     ORDER BY bool_and(u.cause = 'in_flight'), bool_and(u.class <> 'listed_but_invalid'),
              bool_and(u.class <> 'orphan'), u.mentor_id
     LIMIT p_limit
$$;
COMMENT ON FUNCTION certification.differences_to_verify IS
    'Return the mentors to read once more by key, those that must not be listed first (I14).';

-- A unique key on the website makes second rows impossible. Without one, visitors see both rows.
CREATE OR REPLACE FUNCTION certification.disown_second_rows(p_comparison_id uuid, p_mentor_ids uuid[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.comparison_rows AS w SET mentor_id = NULL
      FROM (SELECT r.site, r.row_id,
                   row_number() OVER (PARTITION BY r.site, r.mentor_id ORDER BY r.shown, r.row_id) AS place
              FROM (SELECT DISTINCT k.site, k.mentor_id, k.row_id, k.shown FROM certification.comparison_rows AS k
                     WHERE k.comparison_id = p_comparison_id AND k.mentor_id IS NOT NULL
                       AND (p_mentor_ids IS NULL OR k.mentor_id = ANY (p_mentor_ids))) AS r) AS o
     WHERE w.comparison_id = p_comparison_id AND w.site = o.site AND w.row_id = o.row_id AND o.place > 1
$$;
COMMENT ON FUNCTION certification.disown_second_rows IS
    'Leave the mentor only the less visible of two rows with the same mentor''s key in one table; the other row then '
    'belongs to no mentor and is an orphan if it is shown. For all mentors (null) or for these.';

CREATE OR REPLACE FUNCTION certification.forget_rows(p_comparison_id uuid, p_mentor_ids uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT certification.disown_second_rows(p_comparison_id, p_mentor_ids);
    DELETE FROM certification.comparison_rows AS w
     WHERE w.comparison_id = p_comparison_id AND w.mentor_id = ANY (p_mentor_ids)
$$;
COMMENT ON FUNCTION certification.forget_rows IS
    'Delete the rows of these mentors, which are about to be read again.';

CREATE OR REPLACE FUNCTION certification.forget_repeated_rows(p_comparison_id uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_n bigint;
BEGIN
    DELETE FROM certification.comparison_rows AS w USING certification.comparison_rows AS other
     WHERE w.comparison_id = p_comparison_id AND other.comparison_id = p_comparison_id
       AND other.site = w.site AND other.row_id = w.row_id AND other.ctid < w.ctid;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    PERFORM certification.disown_second_rows(p_comparison_id, NULL);
    RETURN v_n;
END
$$;
COMMENT ON FUNCTION certification.forget_repeated_rows IS
    'Delete rows that paging returned twice because rows came and went meanwhile. Return how many.';

REVOKE ALL ON FUNCTION
    certification.differences_to_verify, certification.disown_second_rows, certification.forget_rows,
    certification.forget_repeated_rows
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.differences_to_verify, certification.forget_rows, certification.forget_repeated_rows
TO certification_reconciliation;
