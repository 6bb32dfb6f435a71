-- Findings and proofs: what a comparison found, whether it was repaired, and what it proved.

CREATE OR REPLACE FUNCTION certification.record_findings(p_run_id uuid, p_comparison_id uuid, p_mentor_ids uuid[])
RETURNS TABLE (measure text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_before timestamptz;
BEGIN
    PERFORM certification.own_run(p_run_id);
    PERFORM certification.use_comparison(p_comparison_id, 0);
    SELECT c.at - c.settling INTO v_before FROM certification.comparisons AS c WHERE c.id = p_comparison_id;
    -- Two concurrent runs would lock the same findings in different orders. The lock is held for moments, until the
    -- transaction ends.
    LOCK TABLE certification.findings IN SHARE ROW EXCLUSIVE MODE;
    RETURN QUERY
    WITH difference AS MATERIALIZED (
        SELECT d.* FROM certification.comparison_differences AS d WHERE d.comparison_id = p_comparison_id
    ), believed AS MATERIALIZED (
        SELECT d.mentor_id, d.row_id, d.organisation_id, s.website_table, d.class, d.cause, d.fields, d.version
          FROM difference AS d
          JOIN certification.comparison_sites AS s ON s.comparison_id = p_comparison_id AND s.site = d.site
         WHERE d.verified AND d.cause NOT IN ('in_flight', 'day_turns')
           AND NOT EXISTS ( -- changed since the comparison
               SELECT 1 FROM certification.listings AS l
                WHERE l.mentor_id = d.mentor_id
                  AND (l.desired_version IS DISTINCT FROM d.version
                       OR d.cause IN ('manual_edit', 'waiting')
                          AND (l.changed_at >= v_before OR l.synced_at >= v_before OR l.state = 'sending')))
         ORDER BY d.mentor_id, d.row_id
    ), again AS (
        UPDATE certification.findings AS f
           SET class = b.class, cause = b.cause, fields = b.fields, version = b.version, row_id = b.row_id,
               organisation_id = b.organisation_id, seen_in = p_run_id, seen_at = clock_timestamp()
          FROM believed AS b
         WHERE f.closed_at IS NULL AND (f.mentor_id = b.mentor_id AND f.website_table = b.website_table
                                        OR f.mentor_id IS NULL AND b.mentor_id IS NULL AND f.row_id = b.row_id)
        RETURNING f.id
    ), fresh AS (
        -- The sweep that found a change past the triggers has already requested its repair.
        INSERT INTO certification.findings AS f
            (mentor_id, row_id, organisation_id, website_table, class, cause, fields, version, opened_in, seen_in,
             repairs, repaired_at)
        SELECT b.mentor_id, b.row_id, b.organisation_id, b.website_table, b.class, b.cause, b.fields,
               b.version, p_run_id, p_run_id,
               (b.cause = 'past_triggers' AND b.version IS NOT NULL)::integer,
               CASE WHEN b.cause = 'past_triggers' AND b.version IS NOT NULL THEN clock_timestamp() END
          FROM believed AS b
        ON CONFLICT DO NOTHING -- already open
        RETURNING f.id
    ), over AS (
        UPDATE certification.findings AS f
           SET closed_at = clock_timestamp(), closed_in = p_run_id,
               outcome = CASE WHEN f.repairs > 0 THEN 'confirmed' ELSE 'superseded' END
         WHERE f.closed_at IS NULL AND (p_mentor_ids IS NULL OR f.mentor_id = ANY (p_mentor_ids))
           AND NOT EXISTS (SELECT 1 FROM difference AS d WHERE d.mentor_id = f.mentor_id)
           AND NOT EXISTS (SELECT 1 FROM difference AS d
                            WHERE d.mentor_id IS NULL AND f.mentor_id IS NULL AND d.row_id = f.row_id)
           -- A repair that is on its way, or has just arrived, is compared again later.
           AND NOT EXISTS (SELECT 1 FROM certification.listings AS l
                            WHERE l.mentor_id = f.mentor_id
                              AND (l.synced_version < l.desired_version OR l.changed_at >= v_before
                                   OR l.synced_at >= v_before))
        RETURNING f.outcome
    ), seen AS (
        UPDATE certification.listings AS l SET verified_version = e.version, verified_at = clock_timestamp()
          FROM (SELECT k.mentor_id, q.version FROM certification.comparison_equal AS q
                  JOIN certification.listings AS k ON k.mentor_id = q.mentor_id AND k.synced_version = q.version
                 WHERE q.comparison_id = p_comparison_id
                   FOR NO KEY UPDATE OF k SKIP LOCKED) AS e
         WHERE l.mentor_id = e.mentor_id
        RETURNING 1
    )
    SELECT 'findings_opened', (SELECT count(*) FROM fresh)
    UNION ALL SELECT 'findings_seen_again', (SELECT count(*) FROM again)
    UNION ALL SELECT 'findings_confirmed', (SELECT count(*) FROM over AS o WHERE o.outcome = 'confirmed')
    UNION ALL SELECT 'findings_superseded', (SELECT count(*) FROM over AS o WHERE o.outcome = 'superseded')
    UNION ALL SELECT 'listings_verified', (SELECT count(*) FROM seen);
END
$$;
COMMENT ON FUNCTION certification.record_findings IS
    'Record the differences that were read twice, and close the findings that are over: of all mentors (null) or of '
    'these (I14). Return the counts.';

CREATE OR REPLACE FUNCTION certification.write_proof(
    p_run_id uuid, p_at timestamptz, p_reason text, p_app_listed bigint, p_website_listed bigint, p_equal bigint,
    p_app_hash text, p_website_hash text, p_counts jsonb, p_facts jsonb DEFAULT '{}') RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.proofs (run_id, at, complete, reason, app_listed, website_listed, equal, app_hash,
                                      website_hash, counts, facts)
    VALUES (certification.own_run(p_run_id, '{reconciliation_full}'),
            certification.readable_time(least(p_at, clock_timestamp())), p_reason IS NULL,
            certification.plain(p_reason, 500), p_app_listed, p_website_listed, p_equal, p_app_hash,
            p_website_hash, p_counts, p_facts)
$$;
COMMENT ON FUNCTION certification.write_proof IS
    'Write down what a full comparison has shown, or why it was incomplete (I14). The proof is kept for good and '
    'holds no personal data (I11).';

CREATE OR REPLACE FUNCTION certification.record_acceptance(p_run_id uuid, p_actor text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('accept_small_result', p_actor, p_reason,
            jsonb_build_object('run_id', certification.own_run(p_run_id, '{reconciliation_full}')))
$$;
COMMENT ON FUNCTION certification.record_acceptance IS
    'Record in the audit that an operator confirms that the website really returned this few rows.';

REVOKE ALL ON FUNCTION
    certification.record_findings, certification.write_proof, certification.record_acceptance
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.record_findings, certification.write_proof, certification.record_acceptance
TO certification_reconciliation;
