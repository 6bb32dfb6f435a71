-- Repairs: sync requests for the differences that were found.

CREATE OR REPLACE FUNCTION certification.request_repairs(p_run_id uuid, p_comparison_id uuid, p_everybody boolean)
RETURNS TABLE (mentor_id uuid, version bigint, braked bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v record;
    v_held uuid[] := '{}';
    v_braked bigint := 0;
BEGIN
    PERFORM certification.own_run(p_run_id);
    PERFORM certification.use_comparison(p_comparison_id, 0);
    FOR v IN
        SELECT o.id, count(r.mentor_id) FILTER (WHERE NOT r.at_once) AS n
          FROM (SELECT DISTINCT u.id FROM certification.comparison_sites AS s
                 CROSS JOIN unnest(s.organisations) AS u (id)
                 WHERE s.comparison_id = p_comparison_id) AS o
          LEFT JOIN certification.repairs_of(p_comparison_id, p_everybody) AS r ON r.organisation_id = o.id
         GROUP BY o.id
         ORDER BY o.id
    LOOP
        IF NOT p_everybody AND EXISTS (SELECT 1 FROM certification.brakes AS b
                                        WHERE b.organisation_id = v.id AND b.kind = 'repair'
                                          AND b.closed_at IS NULL) THEN
            v_held := v_held || v.id; -- the next full comparison decides
        ELSIF (p_everybody OR v.n > 0)
           AND certification.brake_holds(v.id, 'repair', v.n, CASE WHEN v.n = 0 THEN 0 ELSE greatest(v.n, (
                SELECT count(*) FROM certification.listings AS l
                 WHERE l.organisation_id = v.id AND l.state = 'live')) END, p_run_id) THEN
            v_held := v_held || v.id;
            v_braked := v_braked + v.n;
        END IF;
    END LOOP;
    RETURN QUERY
    WITH repair AS MATERIALIZED (
        SELECT r.* FROM certification.repairs_of(p_comparison_id, p_everybody) AS r
         WHERE r.at_once OR NOT r.organisation_id = ANY (v_held)
    ), held AS (
        SELECT l.mentor_id, r.class, r.target
          FROM repair AS r
          JOIN certification.listings AS l ON l.mentor_id = r.mentor_id
         WHERE l.synced_version = l.desired_version AND (l.desired_version = r.version OR r.version IS NULL)
         ORDER BY l.mentor_id
           FOR NO KEY UPDATE OF l SKIP LOCKED
    ), raised AS (
        UPDATE certification.listings AS l
           SET desired_version = l.desired_version + 1, state = 'waiting', reason = NULL,
               changed_at = clock_timestamp(),
               -- A row that is to be hidden or emptied needs a place to send to, if our record knows of no row there.
               website = CASE WHEN h.class IN ('listed_but_invalid', 'orphan', 'unpublished_field')
                                   AND (l.website IS NULL
                                     OR (l.website ->> 'table', l.website ->> 'key')
                                        <> (h.target ->> 'table', h.target ->> 'key'))
                              THEN h.target ELSE l.website END
          FROM held AS h
         WHERE l.mentor_id = h.mentor_id
        RETURNING l.mentor_id, l.desired_version
    ), taken_over AS (
        INSERT INTO certification.listings AS l (mentor_id, organisation_id, state, website)
        SELECT r.mentor_id, r.organisation_id, 'waiting',
               CASE WHEN r.class IN ('orphan', 'listed_but_invalid') THEN r.target END
          FROM repair AS r
         WHERE r.version IS NULL
         ORDER BY r.mentor_id
        ON CONFLICT ON CONSTRAINT listings_pkey DO NOTHING
        RETURNING l.mentor_id, l.desired_version
    ), asked AS (
        SELECT * FROM raised UNION ALL SELECT * FROM taken_over
    ), counted AS (
        UPDATE certification.findings AS f SET repairs = f.repairs + 1, repaired_at = clock_timestamp()
          FROM asked AS a
         WHERE f.mentor_id = a.mentor_id AND f.closed_at IS NULL
    )
    SELECT a.mentor_id, a.desired_version, NULL::bigint FROM asked AS a
    UNION ALL
    SELECT NULL, NULL, v_braked;
END
$$;
COMMENT ON FUNCTION certification.request_repairs IS
    'Raise the listings of the differences that were found, except in organisations whose brake holds. Return the '
    'mentors to sync and their versions, and one row more with the number that the brake holds back.';

CREATE OR REPLACE FUNCTION certification.repairs_of(p_comparison_id uuid, p_everybody boolean)
RETURNS TABLE (mentor_id uuid, organisation_id uuid, class text, version bigint, target jsonb, at_once boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.mentor_id, d.organisation_id, d.class, d.version,
           jsonb_build_object('table', s.mapping -> 'table', 'key', s.mapping -> 'key', 'hide', s.mapping -> 'hide',
                              'columns', to_jsonb(s.columns || CASE d.class WHEN 'unpublished_field' THEN d.fields
                                                                            ELSE '{}' END)),
           -- A mentor that does not consent is hidden even while the brake holds (I5).
           d.class = 'listed_but_invalid' AND NOT d.consenting
      FROM certification.comparison_differences AS d
      JOIN certification.comparison_sites AS s ON s.comparison_id = p_comparison_id AND s.site = d.site
     WHERE d.comparison_id = p_comparison_id AND d.verified AND d.mentor_id IS NOT NULL
       AND CASE WHEN d.cause = 'manual_edit' THEN true
                WHEN d.cause = 'past_triggers' THEN d.version IS NULL -- the others are raised already
                -- the table is ours only if every organisation that uses it says so
                WHEN d.cause = 'unknown_mentor' THEN NOT EXISTS (
                    SELECT 1 FROM certification.comparison_sites AS t CROSS JOIN unnest(t.organisations) AS u (id)
                      LEFT JOIN certification.organisation_settings AS g ON g.organisation_id = u.id
                     WHERE t.comparison_id = p_comparison_id AND t.website_table = s.website_table
                       AND NOT coalesce(g.table_is_ours, false))
                ELSE false END
       -- A difference that two repairs did not cure is left to a person. A full comparison still tries again, and a
       -- listing that must not be shown is always tried.
       AND (p_everybody OR d.class = 'listed_but_invalid' OR NOT EXISTS (
           SELECT 1 FROM certification.findings AS f
            WHERE f.mentor_id = d.mentor_id AND f.closed_at IS NULL AND f.repairs >= 2))
$$;
COMMENT ON FUNCTION certification.repairs_of IS
    'Return the differences that a sync of the listing should cure, and the target to send it to. at_once marks those '
    'that the brake must not hold (I5).';

REVOKE ALL ON FUNCTION
    certification.request_repairs, certification.repairs_of
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.request_repairs
TO certification_reconciliation;
