-- Undo: an operator takes back what one nightly check did (I15).

-- A notice that was sent cannot be taken back. Its record stays, so that it is not sent twice (I1, I4). Everything else
-- becomes as if the run had never been, and the next nightly check does what is due then (I2, I3). The function and the
-- app's own triggers on peer_mentors run with the owner's rights, as in the nightly check.
CREATE OR REPLACE FUNCTION certification.undo_run(p_run_id uuid, p_actor text, p_reason text,
                                                  OUT outcome text, OUT counts jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '30s' SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_run certification.runs;
    v_organisation record;
BEGIN
    -- The app's status log names the actor, and undo itself tells the functions' own changes apart by it.
    IF lower(btrim(p_actor)) LIKE 'system:%' THEN
        RAISE EXCEPTION 'an actor is a person, not %', p_actor USING ERRCODE = 'check_violation';
    END IF;
    SELECT r.* INTO v_run FROM certification.runs AS r WHERE r.id = p_run_id FOR UPDATE;
    outcome := CASE
        WHEN v_run.id IS NULL THEN 'unknown_run'
        WHEN v_run.function <> 'expiry_check' THEN 'no_nightly_check'
        WHEN v_run.undone_at IS NOT NULL THEN 'already_undone'
        -- No function may run for twenty minutes. A run that was cut off could not record its own end.
        WHEN v_run.state = 'running' AND v_run.started_at > clock_timestamp() - interval '20 minutes'
        THEN 'still_running'
        ELSE 'undone' END;
    IF outcome <> 'undone' THEN
        RETURN;
    END IF;
    -- Nightly checks of these organisations wait here, so they see either all of the undo or none of it.
    PERFORM 1 FROM certification.organisation_settings AS s
      WHERE s.organisation_id IN (SELECT ro.organisation_id FROM certification.run_organisations AS ro
                                   WHERE ro.run_id = p_run_id)
      ORDER BY s.organisation_id FOR NO KEY UPDATE;
    UPDATE certification.runs AS r
       SET undone_at = clock_timestamp(), state = CASE r.state WHEN 'running' THEN 'failed' ELSE r.state END,
           reason = CASE r.state WHEN 'running' THEN 'never_ended' ELSE r.reason END,
           ended_at = coalesce(r.ended_at, clock_timestamp())
     WHERE r.id = p_run_id;

    counts := certification.undo_notices_and_reminders(p_run_id)
           || certification.undo_transitions(p_run_id, p_actor)
           || jsonb_build_object('days_put_back', 0, 'days_kept', 0);
    DELETE FROM certification.step_failures AS s WHERE s.first_run_id = p_run_id;
    FOR v_organisation IN
        SELECT ro.organisation_id AS id, ro.day_was, ro.day_became FROM certification.run_organisations AS ro
         WHERE ro.run_id = p_run_id ORDER BY ro.organisation_id
    LOOP
        -- The next nightly check scans every mentor, whatever changed meanwhile.
        DELETE FROM certification.progress AS p WHERE p.organisation_id = v_organisation.id;
        UPDATE certification.brakes AS b SET closed_at = clock_timestamp(), closed_in = p_run_id
         WHERE b.organisation_id = v_organisation.id AND b.run_id = p_run_id AND b.closed_at IS NULL
           AND b.released_at IS NULL;
        IF v_organisation.day_became IS NOT NULL THEN
            counts := certification.add_to(counts, CASE WHEN certification.undo_day(
                v_organisation.id, v_organisation.day_was, v_organisation.day_became) THEN 'days_put_back'
                ELSE 'days_kept' END);
        END IF;
    END LOOP;
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('undo_run', p_actor, p_reason, counts || jsonb_build_object('run_id', p_run_id));
END
$$;
COMMENT ON FUNCTION certification.undo_run IS
    'Take back what this run of expiry_check did (I15). Return undone, with the counts of what was taken back and '
    'what could not be. Otherwise do nothing and return already_undone, unknown_run, still_running or '
    'no_nightly_check.';

CREATE OR REPLACE FUNCTION certification.add_to(p_counts jsonb, p_name text) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_counts || jsonb_build_object(p_name, coalesce((p_counts ->> p_name)::bigint, 0) + 1)
$$;
COMMENT ON FUNCTION certification.add_to IS
    'Return the counts with the named one raised by one.';

-- A notice that was sent, or may have been, stays, and so does its reminder. The others are deleted, because the unique
-- constraints allow a new one only then. A digest reads its contents when it is sent; a digest that has nothing left to
-- report is superseded.
CREATE OR REPLACE FUNCTION certification.undo_notices_and_reminders(p_run_id uuid) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_removed bigint;
    v_reminders bigint;
    v_kept bigint;
    v_digests bigint;
    v_sent bigint;
    v_outcome_unknown bigint;
BEGIN
    DELETE FROM certification.notices AS n
     WHERE n.run_id = p_run_id AND n.kind <> 'digest' AND n.state IN ('pending', 'superseded', 'undeliverable');
    GET DIAGNOSTICS v_removed = ROW_COUNT;
    DELETE FROM certification.cert_expiry_reminders AS r
     WHERE r.run_id = p_run_id AND NOT EXISTS (
        SELECT 1 FROM certification.notices AS n
         WHERE n.mentor_id = r.mentor_id AND n.certification_expiry_date = r.certification_expiry_date
           AND n.kind = 'reminder' AND n.threshold_day = r.threshold_day);
    GET DIAGNOSTICS v_reminders = ROW_COUNT;
    SELECT count(*) INTO v_kept FROM certification.cert_expiry_reminders AS r WHERE r.run_id = p_run_id;
    -- Mentors that were to be reminded once more and whose recheck the run has used up.
    INSERT INTO certification.mentors_to_recheck (step, mentor_id)
    SELECT DISTINCT 'remind', n.mentor_id
      FROM certification.notices AS n
      JOIN certification.run_organisations AS o ON o.run_id = p_run_id AND o.organisation_id = n.organisation_id
     WHERE n.kind = 'reminder' AND n.state = 'superseded' AND n.reason IN ('status_changed', 'renewed');
    UPDATE certification.notices AS d SET state = 'superseded', reason = 'run_undone', settled_at = clock_timestamp()
     WHERE d.run_id = p_run_id AND d.kind = 'digest' AND d.state = 'pending'
       AND NOT EXISTS (
           SELECT 1 FROM certification.cert_expiry_reminders AS r
             JOIN public.peer_mentors AS m ON m.id = r.mentor_id
            WHERE r.run_id = p_run_id AND m.coordinator_id = d.coordinator_id AND r.state <> 'collapsed')
       AND NOT EXISTS (SELECT 1 FROM certification.notices AS n WHERE n.reported_in = d.id);
    GET DIAGNOSTICS v_digests = ROW_COUNT;
    SELECT count(*) FILTER (WHERE n.state = 'sent'), count(*) FILTER (WHERE n.state = 'claimed')
      INTO v_sent, v_outcome_unknown
      FROM certification.notices AS n WHERE n.run_id = p_run_id;
    RETURN jsonb_build_object('reminders_put_back', v_reminders, 'reminders_kept', v_kept,
                              'notices_removed', v_removed + v_digests,
                              'notices_sent', v_sent, 'notices_outcome_unknown', v_outcome_unknown);
END
$$;
COMMENT ON FUNCTION certification.undo_notices_and_reminders IS
    'Take back the notices of a run that have not been sent, and their reminders, so that the next nightly check '
    'claims them again (I1, I2). A notice that was sent, or may have been, stays (I4).';

-- Compare-and-set, as in the nightly check: only a status that is still as the run left it is put back. A person's
-- later change stands.
CREATE OR REPLACE FUNCTION certification.undo_transitions(p_run_id uuid, p_actor text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_all bigint := (SELECT count(*) FROM certification.transitions AS t WHERE t.run_id = p_run_id);
    v_changed uuid[];
BEGIN
    WITH left_as AS (
        SELECT t.mentor_id, t.to_status, t.certification_expiry_date,
               CASE t.to_status WHEN 'active' THEN 'certification_expired' ELSE 'active' END AS was
          FROM certification.transitions AS t
         WHERE t.run_id = p_run_id
           -- A later run may have moved the mentor away and back again.
           AND NOT EXISTS (
               SELECT 1 FROM public.mentor_status_log AS l
                WHERE l.mentor_id = t.mentor_id AND l.occurred_at > (
                    SELECT max(o.occurred_at) FROM public.mentor_status_log AS o
                     WHERE o.mentor_id = t.mentor_id AND o.to_status::text = t.to_status
                       AND o.actor::text = 'system:expiry_check'
                       AND o.certification_expiry_date::date = t.certification_expiry_date))
    ), held AS (
        SELECT m.id, l.to_status, l.was, l.certification_expiry_date
          FROM public.peer_mentors AS m JOIN left_as AS l ON l.mentor_id = m.id
         WHERE certification.is_status(m.status::text, l.to_status)
         ORDER BY m.id FOR NO KEY UPDATE OF m
    ), changed AS (
        UPDATE public.peer_mentors AS m SET status = certification.cast_like(h.was, m.status)
          FROM held AS h
         WHERE m.id = h.id AND certification.is_status(m.status::text, h.to_status)
        RETURNING m.id, h.to_status, h.was, h.certification_expiry_date
    ), log AS (
        INSERT INTO public.mentor_status_log (mentor_id, from_status, to_status, reason, actor,
                                              certification_expiry_date)
        SELECT c.id, certification.cast_like(c.to_status, (l.log).from_status),
               certification.cast_like(c.was, (l.log).to_status),
               certification.cast_like('run_undone', (l.log).reason), certification.cast_like(p_actor, (l.log).actor),
               c.certification_expiry_date
          FROM changed AS c CROSS JOIN (SELECT NULL::public.mentor_status_log AS log) AS l
    )
    SELECT coalesce(array_agg(c.id), '{}') INTO v_changed FROM changed AS c;
    -- If the status stands and the last valid day has truly passed, the transition stays, so that the mentor is not
    -- expired a second time for it (I3). If that day has not come, the transition is deleted, because the expiry must
    -- be possible again.
    DELETE FROM certification.transitions AS t
     WHERE t.run_id = p_run_id
       AND (t.mentor_id = ANY (v_changed) OR t.certification_expiry_date >= certification.today_in('Europe/Oslo'));
    RETURN jsonb_build_object('transitions_put_back', cardinality(v_changed),
                              'transitions_kept', v_all - cardinality(v_changed));
END
$$;
COMMENT ON FUNCTION certification.undo_transitions IS
    'Put the status back by compare-and-set, with a log row, for every mentor that is still as the run left it. A '
    'person''s later change stands (I3, I15).';

-- The website's day goes back to where the run found it, past the days of runs that were undone before, unless a later
-- run has moved it on. Listings that only the day had hidden are raised here; the triggers have raised the others.
CREATE OR REPLACE FUNCTION certification.undo_day(p_organisation_id uuid, p_was date, p_became date) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_day date := p_was;
    v_before date;
    v_zone text := certification.zone_of(p_organisation_id);
BEGIN
    IF NOT EXISTS (SELECT 1 FROM certification.evaluated_days AS e
                    WHERE e.organisation_id = p_organisation_id AND e.day = p_became) THEN
        RETURN false;
    END IF;
    LOOP
        SELECT min(ro.day_was) INTO v_before
          FROM certification.run_organisations AS ro JOIN certification.runs AS r ON r.id = ro.run_id
         WHERE ro.organisation_id = p_organisation_id AND ro.day_became = v_day
        HAVING bool_and(r.undone_at IS NOT NULL);
        EXIT WHEN NOT FOUND;
        v_day := v_before;
    END LOOP;
    IF v_day IS NULL THEN
        DELETE FROM certification.evaluated_days AS e WHERE e.organisation_id = p_organisation_id;
    ELSE
        UPDATE certification.evaluated_days AS e SET day = v_day WHERE e.organisation_id = p_organisation_id;
    END IF;
    PERFORM certification.bump_listing_version(ARRAY(
        SELECT l.mentor_id FROM certification.listings AS l JOIN public.certifications AS c ON c.mentor_id = l.mentor_id
         WHERE l.organisation_id = p_organisation_id AND certification.day_of(c.expires_on, v_zone) < p_became
           AND (v_day IS NULL OR certification.day_of(c.expires_on, v_zone) >= v_day)));
    RETURN true;
END
$$;
COMMENT ON FUNCTION certification.undo_day IS
    'Turn the website''s day back to where the run found it, and raise the listings that only that day had hidden '
    '(I5, I15). Return false if a later run has moved the day on.';

REVOKE ALL ON FUNCTION
    certification.undo_run, certification.add_to, certification.undo_notices_and_reminders,
    certification.undo_transitions, certification.undo_day
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.undo_run
TO certification_operations;
