-- The counts of a nightly check: every measure of every step, zeros included (I12).

CREATE OR REPLACE FUNCTION certification.measures(p_step text, p_thresholds smallint[])
RETURNS TABLE (measure text, detail text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'reminders_' || x.outcome, t.day::text
      FROM unnest(p_thresholds) AS t (day)
     CROSS JOIN unnest('{due,claimed,collapsed,unreachable,already,skipped}'::text[]) AS x (outcome)
     WHERE p_step = 'remind'
    UNION ALL
    SELECT 'reminders_braked', '' WHERE p_step = 'remind'
    UNION ALL
    SELECT 'expiries_' || x.outcome, ''
      FROM unnest('{due,changed,already,unreachable,skipped_busy,skipped_manual_edit,braked}'::text[]) AS x (outcome)
     WHERE p_step = 'expire'
    UNION ALL
    SELECT 'reactivations_' || x.outcome, ''
      FROM unnest('{due,changed,already,unreachable,skipped_busy,skipped_manual_edit,skipped_setting}'::text[])
           AS x (outcome)
     WHERE p_step = 'reactivate'
    UNION ALL
    SELECT 'notices_written', k.kind
      FROM certification.notice_kinds() AS k
     WHERE p_step = ANY (k.steps)
    UNION ALL
    SELECT x.measure, p_step FROM unnest('{step_failures,unnotified,days_overtaken}'::text[]) AS x (measure)
$$;
COMMENT ON FUNCTION certification.measures IS
    'Return every count that a step reports, so that zeros are reported too (I12).';

CREATE OR REPLACE FUNCTION certification.counts_of(p_step text, p_organisation_id uuid, p_run_id uuid)
RETURNS TABLE (measure text, detail text, n bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.measure, c.detail, c.n
      FROM certification.run_counts AS c
      JOIN certification.measures(p_step, certification.effective_thresholds(p_organisation_id)) AS z
        ON z.measure = c.measure AND z.detail = c.detail
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id
     ORDER BY 1, 2
$$;
COMMENT ON FUNCTION certification.counts_of IS
    'Return the counts of this run for a step so far (I12).';

-- Zeros are counts too (I12). `due` is what was done plus what was skipped; `already` is what earlier runs did for the
-- same day.
CREATE OR REPLACE FUNCTION certification.complete_counts(
    p_step text, p_organisation_id uuid, p_as_of date, p_run_id uuid, p_thresholds smallint[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_prefix text := (SELECT s.measure FROM certification.nightly_steps() AS s WHERE s.step = p_step);
    v_done text := v_prefix || CASE p_step WHEN 'remind' THEN '_due' ELSE '_changed' END;
BEGIN
    INSERT INTO certification.run_counts (run_id, organisation_id, measure, detail, n)
    SELECT p_run_id, p_organisation_id, z.measure, z.detail, 0
      FROM certification.measures(p_step, p_thresholds) AS z
    ON CONFLICT ON CONSTRAINT run_counts_pkey DO NOTHING;
    UPDATE certification.run_counts AS c
       SET n = (SELECT coalesce(sum(e.n), 0)
                  FROM certification.run_organisations AS ro
                  JOIN certification.runs AS r ON r.id = ro.run_id AND r.undone_at IS NULL
                  JOIN certification.run_counts AS e ON e.run_id = ro.run_id AND e.organisation_id = ro.organisation_id
                 WHERE ro.organisation_id = p_organisation_id AND ro.as_of = p_as_of AND ro.run_id <> p_run_id
                   AND e.measure = v_done AND e.detail = c.detail)
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id AND c.measure = v_prefix || '_already';
    UPDATE certification.run_counts AS c
       SET n = (SELECT sum(e.n) FROM certification.run_counts AS e
                 WHERE e.run_id = p_run_id AND e.organisation_id = p_organisation_id
                   AND (e.measure = v_done OR e.measure LIKE v_prefix || '\_skipped\_%'))
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id
       AND p_step <> 'remind' AND c.measure = v_prefix || '_due';
END
$$;
COMMENT ON FUNCTION certification.complete_counts IS
    'Write the zeros and the sums of a step (I12).';

REVOKE ALL ON FUNCTION
    certification.measures, certification.counts_of, certification.complete_counts
FROM PUBLIC;
