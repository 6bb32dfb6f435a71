-- One step of the nightly check: all mentors of an organisation in one statement, or one by one if a record makes that
-- statement fail.

CREATE OR REPLACE FUNCTION certification.apply_step(
    p_step text, p_organisation_id uuid, p_as_of date, p_run_id uuid, p_thresholds smallint[],
    p_again uuid[], p_beyond boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_step = 'remind' THEN
        PERFORM certification.remind_set(p_organisation_id, p_as_of, p_run_id, p_thresholds, p_again, p_beyond);
    ELSE
        PERFORM certification.transition_set(p_step, p_organisation_id, p_as_of, p_run_id, p_again, p_beyond,
            p_step = 'expire' OR (SELECT s.reactivate_renewed FROM certification.organisation_settings AS s
                                   WHERE s.organisation_id = p_organisation_id));
    END IF;
END
$$;
COMMENT ON FUNCTION certification.apply_step IS
    'Carry out one step for all mentors of an organisation, or for the given ones, in one statement.';

-- The slow path for a record that makes the set-based statement fail: one mentor at a time, so that only that record
-- fails (I13).
CREATE OR REPLACE FUNCTION certification.apply_step_one_by_one(
    p_step text, p_organisation_id uuid, p_as_of date, p_run_id uuid, p_thresholds smallint[], p_again uuid[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_zone text := certification.zone_of(p_organisation_id);
    v_mentor uuid;
    v_state text;
    v_constraint text;
BEGIN
    FOR v_mentor IN
        SELECT m.id
          FROM public.peer_mentors AS m
          JOIN public.certifications AS c ON c.mentor_id = m.id
         WHERE m.organisation_id = p_organisation_id
           AND (m.id = ANY (p_again)
                OR p_step = 'remind' AND certification.is_status(m.status::text, 'active')
                   AND certification.day_of(c.expires_on, v_zone) <= p_as_of + p_thresholds[1]
                OR p_step = 'expire' AND certification.is_status(m.status::text, 'active')
                   AND certification.day_of(c.expires_on, v_zone) < p_as_of
                OR p_step = 'reactivate' AND certification.is_status(m.status::text, 'certification_expired'))
         ORDER BY m.id
    LOOP
        BEGIN
            PERFORM certification.apply_step(p_step, p_organisation_id, p_as_of, p_run_id, p_thresholds,
                                             ARRAY[v_mentor], false);
        EXCEPTION WHEN OTHERS OR assert_failure THEN
            GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_constraint = CONSTRAINT_NAME;
            IF NOT certification.is_a_records_fault(v_state) THEN
                RAISE;
            END IF;
            INSERT INTO certification.step_failures AS s (mentor_id, step, certification_expiry_date, organisation_id,
                                                      reason, first_run_id, last_run_id)
            SELECT c.mentor_id, p_step, certification.day_of(c.expires_on, v_zone), p_organisation_id,
                   coalesce(nullif(v_constraint, ''), v_state), p_run_id, p_run_id
              FROM public.certifications AS c WHERE c.mentor_id = v_mentor
            ON CONFLICT (mentor_id, step, certification_expiry_date) DO UPDATE
               SET nightly_checks = s.nightly_checks + (s.last_run_id <> excluded.last_run_id)::integer,
                   last_run_id = excluded.last_run_id, reason = excluded.reason;
            INSERT INTO certification.mentors_to_recheck (step, mentor_id) VALUES (p_step, v_mentor);
            PERFORM certification.add_count(p_run_id, p_organisation_id, 'step_failures', p_step, 1);
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION certification.apply_step_one_by_one IS
    'Carry out the same step mentor by mentor. A record that fails becomes a step failure with its reason and stops '
    'no other (I13).';

CREATE OR REPLACE FUNCTION certification.is_a_records_fault(p_sqlstate text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT left(p_sqlstate, 2) NOT IN ('08', '25', '40', '53', '55', '57', '58', 'XX')
$$;
COMMENT ON FUNCTION certification.is_a_records_fault IS
    'Return whether this SQLSTATE concerns one record (I13). Faults of a whole transaction do not: rollback, '
    'resources, locks, an operator, the system, the connection.';

CREATE OR REPLACE FUNCTION certification.run_step(
    p_step text, p_organisation_id uuid, p_as_of date, p_run_id uuid, p_everyone boolean)
RETURNS TABLE (measure text, detail text, n bigint)
-- lock_timeout: a transaction that holds the settings or the app's log must not hold up the whole nightly check. The
-- run tries again.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
DECLARE
    v_thresholds smallint[];
    v_again uuid[];
BEGIN
    PERFORM certification.own_run(p_run_id);
    -- A deferred constraint of the app would otherwise fail at commit because of one mentor, and undo the step for all.
    SET CONSTRAINTS ALL IMMEDIATE;
    INSERT INTO certification.organisation_settings AS s (organisation_id) VALUES (p_organisation_id)
    ON CONFLICT (organisation_id) DO NOTHING;
    PERFORM 1 FROM certification.organisation_settings AS s
      WHERE s.organisation_id = p_organisation_id FOR NO KEY UPDATE;
    v_thresholds := certification.effective_thresholds(p_organisation_id); -- read once: the HLF standard is not locked

    -- A run may recheck the mentors that it skipped and meets them again, so only the final counts are kept.
    UPDATE certification.run_counts AS c SET n = 0
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id
       AND (c.measure, c.detail) IN (
           SELECT z.measure, z.detail FROM certification.measures(p_step, v_thresholds) AS z
            WHERE z.measure = 'step_failures' OR z.measure LIKE '%\_skipped\_%');
    DELETE FROM certification.progress AS p
     WHERE p.organisation_id = p_organisation_id AND p.step = p_step
       AND (p_everyone OR p_step = 'remind' AND p.threshold_day <> ALL (v_thresholds)
            -- A later day got as far as this and was then braked or broke off. That progress does not count.
            OR p.through > p_as_of + CASE p_step WHEN 'remind' THEN p.threshold_day ELSE -1 END);
    WITH gone AS (
        DELETE FROM certification.mentors_to_recheck AS a
         USING certification.mentors_to_recheck AS b LEFT JOIN public.peer_mentors AS m ON m.id = b.mentor_id
         WHERE a.id = b.id AND b.step = p_step AND (m.id IS NULL OR m.organisation_id = p_organisation_id)
        RETURNING a.mentor_id
    )
    SELECT coalesce(array_agg(DISTINCT g.mentor_id), '{}') INTO v_again FROM gone AS g;

    BEGIN
        PERFORM certification.apply_step(p_step, p_organisation_id, p_as_of, p_run_id, v_thresholds, v_again, true);
    EXCEPTION WHEN OTHERS OR assert_failure THEN
        IF NOT certification.is_a_records_fault(SQLSTATE) THEN
            RAISE;
        END IF;
        PERFORM certification.apply_step_one_by_one(p_step, p_organisation_id, p_as_of, p_run_id,
                                                    v_thresholds, v_again);
    END;

    INSERT INTO certification.progress AS p (organisation_id, step, threshold_day, through)
    SELECT p_organisation_id, p_step, t.day, p_as_of + t.day
      FROM unnest(v_thresholds) AS t (day)
     WHERE p_step = 'remind'
    UNION ALL
    SELECT p_organisation_id, p_step, 0, p_as_of - 1
     WHERE p_step <> 'remind'
    ON CONFLICT ON CONSTRAINT progress_pkey DO UPDATE SET through = greatest(p.through, excluded.through);

    PERFORM certification.complete_counts(p_step, p_organisation_id, p_as_of, p_run_id, v_thresholds);
    RETURN QUERY
    SELECT c.measure, c.detail, c.n
      FROM certification.run_counts AS c
      JOIN certification.measures(p_step, v_thresholds) AS z ON z.measure = c.measure AND z.detail = c.detail
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id
     ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION certification.run_step IS
    'Carry out one step of the nightly check for one organisation and return every count of it, zeros included (I12). '
    'Overlapping nightly checks take turns, and repeating the step changes nothing (I1, I3).';

REVOKE ALL ON FUNCTION
    certification.apply_step, certification.apply_step_one_by_one, certification.is_a_records_fault,
    certification.run_step
FROM PUBLIC;
