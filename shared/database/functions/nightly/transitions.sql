-- The two steps that change a status: expire and reactivate (I3).

-- A change of status fires the app's triggers, which then run with the owner's rights and may name tables without a
-- schema. This path lets them find those tables only where no untrusted role could have put another object in their
-- place.
CREATE OR REPLACE FUNCTION certification.path_for_the_app() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH trusted AS MATERIALIZED (
        SELECT r.oid FROM pg_catalog.pg_roles AS r
         WHERE r.rolsuper OR r.rolname IN (current_user, 'pg_database_owner')
            OR r.oid = (SELECT d.datdba FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
    )
    SELECT CASE WHEN
        EXISTS (
            SELECT 1 FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
             WHERE t.tgrelid IN ('public.peer_mentors'::regclass, 'public.mentor_status_log'::regclass)
               AND NOT t.tgisinternal AND p.pronamespace <> 'certification'::regnamespace)
        AND NOT EXISTS (
            SELECT 1 FROM pg_catalog.pg_namespace AS n CROSS JOIN aclexplode(n.nspacl) AS a
             WHERE n.nspname = 'public' AND a.privilege_type = 'CREATE'
               AND a.grantee NOT IN (SELECT t.oid FROM trusted AS t))
        AND NOT EXISTS (
            SELECT 1 FROM (
                SELECT p.proowner FROM pg_catalog.pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace
                UNION ALL SELECT o.oprowner FROM pg_catalog.pg_operator AS o
                           WHERE o.oprnamespace = 'public'::regnamespace
                UNION ALL SELECT y.typowner FROM pg_catalog.pg_type AS y WHERE y.typnamespace = 'public'::regnamespace
                UNION ALL SELECT c.relowner FROM pg_catalog.pg_class AS c
                           WHERE c.relnamespace = 'public'::regnamespace) AS x (owner)
             WHERE x.owner NOT IN (SELECT t.oid FROM trusted AS t))
        THEN 'pg_catalog, public, pg_temp' ELSE 'pg_catalog, pg_temp' END
$$;
COMMENT ON FUNCTION certification.path_for_the_app IS
    'Return the search_path for a change of status. It holds schema public only if the app has triggers on these '
    'tables and everything in public, and the right to create there, belongs to the owner, the database''s owner or a '
    'superuser.';

-- The two transitions differ only in the mentors they select and the values they write.
CREATE OR REPLACE FUNCTION certification.transition_set(
    p_step text, p_organisation_id uuid, p_as_of date, p_run_id uuid, p_again uuid[],
    p_beyond boolean, p_allowed boolean)
RETURNS void
LANGUAGE plpgsql SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_from text := CASE p_step WHEN 'expire' THEN 'active' ELSE 'certification_expired' END;
    v_to text := CASE p_step WHEN 'expire' THEN 'certification_expired' ELSE 'active' END;
    v_kind text := CASE p_step WHEN 'expire' THEN 'expired' ELSE 'reactivated' END;
    v_zone text := certification.zone_of(p_organisation_id);
    v_measure text := (SELECT s.measure FROM certification.nightly_steps() AS s WHERE s.step = p_step);
    v_thresholds smallint[] := certification.effective_thresholds(p_organisation_id);
    v_above date := CASE WHEN NOT p_beyond THEN 'infinity'::date ELSE coalesce(
        (SELECT p.through FROM certification.progress AS p
          WHERE p.organisation_id = p_organisation_id AND p.step = p_step), '-infinity') END;
    -- A replayed or late day must not reactivate a mentor whose certification has ended since.
    v_valid_on date := greatest(p_as_of, certification.today_in(v_zone));
    v record;
BEGIN
    -- Two triggers read own_transition. record_changed_mentors (nightly/changes.sql) leaves the nightly check's own
    -- expiries out. record_changed_listings (listings/changes.sql) does not notify, because the nightly check requests
    -- the sync itself.
    PERFORM set_config('certification.own_transition', p_step, true);
    PERFORM set_config('search_path', certification.path_for_the_app(), true); -- until this function ends
    FOR v IN
        WITH candidate AS (
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone) AS expires_on FROM public.certifications AS c
             WHERE p_step = 'expire' AND certification.day_of(c.expires_on, v_zone) > v_above
               AND certification.day_of(c.expires_on, v_zone) < p_as_of AND c.mentor_id <> ALL (p_again)
            UNION ALL
            -- A renewal is found by the change that it makes. Every expired mentor is scanned only when no progress is
            -- recorded.
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone) FROM public.peer_mentors AS m
              JOIN public.certifications AS c ON c.mentor_id = m.id
             WHERE p_step = 'reactivate' AND v_above = '-infinity' AND p_beyond
               AND certification.is_status(m.status::text, 'certification_expired')
               AND m.organisation_id = p_organisation_id
               AND m.id <> ALL (p_again)
            UNION ALL
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone) FROM public.certifications AS c
             WHERE c.mentor_id = ANY (p_again)
        ), eligible AS (
            SELECT m.id, m.coordinator_id, k.expires_on
              FROM candidate AS k
              JOIN public.peer_mentors AS m ON m.id = k.mentor_id
             WHERE m.organisation_id = p_organisation_id AND certification.is_status(m.status::text, v_from)
               AND CASE p_step WHEN 'expire' THEN k.expires_on < p_as_of
                    -- A mentor expired for this very date is not renewed, even if an earlier p_as_of sees the date in
                    -- the future.
                    ELSE k.expires_on >= v_valid_on AND NOT EXISTS (
                        SELECT 1 FROM certification.transitions AS t
                         WHERE t.mentor_id = k.mentor_id AND t.to_status = 'certification_expired'
                           AND t.certification_expiry_date = k.expires_on) END
        ), held AS (
            -- The compare of the compare-and-set: both rows are locked and read as they are now. A transaction that
            -- holds one of them is changing it, so that mentor is left to the next attempt instead of making the others
            -- wait.
            SELECT m.id, m.coordinator_id, certification.day_of(c.expires_on, v_zone) AS expires_on
              FROM public.peer_mentors AS m
              JOIN public.certifications AS c ON c.mentor_id = m.id
             WHERE p_allowed AND m.id IN (SELECT e.id FROM eligible AS e)
               AND m.organisation_id = p_organisation_id AND certification.is_status(m.status::text, v_from)
               AND CASE p_step WHEN 'expire' THEN certification.day_of(c.expires_on, v_zone) < p_as_of
                    ELSE certification.day_of(c.expires_on, v_zone) >= v_valid_on END
             ORDER BY m.id
               FOR NO KEY UPDATE OF m SKIP LOCKED
               FOR SHARE OF c SKIP LOCKED
        ), collapsed AS (
            INSERT INTO certification.cert_expiry_reminders AS r
                (mentor_id, threshold_day, certification_expiry_date, as_of, run_id, state, reason)
            SELECT e.id, t.day, e.expires_on, p_as_of, p_run_id, 'collapsed', 'expired'
              FROM eligible AS e
             CROSS JOIN unnest(v_thresholds) AS t (day)
             WHERE p_step = 'expire' AND e.expires_on >= '1900-01-01'
             ORDER BY e.id, t.day
            ON CONFLICT ON CONSTRAINT reminder_once DO NOTHING
            RETURNING r.threshold_day
        ), transition AS (
            INSERT INTO certification.transitions AS t (mentor_id, to_status, certification_expiry_date, as_of, run_id)
            SELECT h.id, v_to, h.expires_on, p_as_of, p_run_id FROM held AS h
            ON CONFLICT ON CONSTRAINT transition_once DO NOTHING
            RETURNING t.mentor_id, t.certification_expiry_date
        ), written AS (
            UPDATE public.peer_mentors AS m SET status = certification.cast_like(v_to, m.status)
              FROM transition AS t
             WHERE m.id = t.mentor_id AND certification.is_status(m.status::text, v_from)
            RETURNING m.id, m.coordinator_id, t.certification_expiry_date, m.status::text AS status,
                      certification.mail_problem(m.email::text) IS NULL AS mailable,
                      certification.address_digest(m.email::text) AS address_digest
        ), changed AS (
            -- reachable: as certification.address_problem, for all of them at once.
            SELECT w.id, w.coordinator_id, w.certification_expiry_date, w.mailable AND u.reason IS NULL AS reachable
              FROM written AS w
              LEFT JOIN certification.unusable_addresses AS u ON u.address_digest = w.address_digest
             WHERE certification.is_status(w.status, v_to)
        ), log AS (
            INSERT INTO public.mentor_status_log
                (mentor_id, from_status, to_status, reason, actor, certification_expiry_date)
            SELECT c.id, certification.cast_like(v_from, (l.log).from_status),
                   certification.cast_like(v_to, (l.log).to_status),
                   certification.cast_like(CASE p_step WHEN 'expire' THEN 'certification_expired'
                                           ELSE 'certification_renewed' END, (l.log).reason),
                   certification.cast_like('system:expiry_check', (l.log).actor), c.certification_expiry_date
              FROM changed AS c CROSS JOIN (SELECT NULL::public.mentor_status_log AS log) AS l
        ), notice AS (
            INSERT INTO certification.notices (run_id, organisation_id, kind, mentor_id, certification_expiry_date)
            SELECT p_run_id, p_organisation_id, v_kind, c.id, c.certification_expiry_date
              FROM changed AS c
             WHERE c.reachable
            ON CONFLICT DO NOTHING -- sent before, by a run that was undone
            RETURNING 1
        ), manually_moved AS (
            -- Moved once for this date already, and then moved back by a person: the person wins.
            SELECT h.id, h.coordinator_id, h.expires_on,
                   CASE p_step WHEN 'expire' THEN 'manually_set_active' ELSE 'manually_set_expired' END AS reason
              FROM held AS h
             WHERE NOT EXISTS (SELECT 1 FROM transition AS t WHERE t.mentor_id = h.id)
            UNION ALL
            SELECT e.id, e.coordinator_id, e.expires_on, 'awaiting_manual_reactivation'
              FROM eligible AS e
             WHERE NOT p_allowed
        ), step_failures AS (
            INSERT INTO certification.step_failures AS s (mentor_id, step, certification_expiry_date, organisation_id,
                                                      reason, first_run_id, last_run_id)
            SELECT b.id, p_step, b.expires_on, p_organisation_id, b.reason, p_run_id, p_run_id FROM manually_moved AS b
            ON CONFLICT (mentor_id, step, certification_expiry_date) DO UPDATE
               SET nightly_checks = s.nightly_checks + (s.last_run_id <> excluded.last_run_id)::integer,
                   last_run_id = excluded.last_run_id, reason = excluded.reason
            RETURNING s.mentor_id, s.first_run_id
        ), again AS (
            INSERT INTO certification.mentors_to_recheck (step, mentor_id)
            SELECT p_step, e.id FROM eligible AS e WHERE NOT EXISTS (SELECT 1 FROM changed AS c WHERE c.id = e.id)
            RETURNING mentor_id
        ), notified AS (
            SELECT c.id, c.coordinator_id, c.reachable FROM changed AS c
            UNION ALL
            SELECT b.id, b.coordinator_id, true FROM manually_moved AS b
              JOIN step_failures AS s ON s.mentor_id = b.id AND s.first_run_id = p_run_id
        ), digest AS (
            INSERT INTO certification.notices (run_id, organisation_id, kind, coordinator_id)
            SELECT DISTINCT p_run_id, p_organisation_id, 'digest', t.coordinator_id
              FROM notified AS t
             WHERE t.coordinator_id IS NOT NULL
            ON CONFLICT (run_id, coordinator_id) WHERE coordinator_id IS NOT NULL AND fallback_of IS NULL DO NOTHING
            RETURNING 1
        )
        SELECT v_measure || '_changed' AS measure, '' AS detail, count(*) AS n FROM changed
        UNION ALL
        SELECT 'reminders_' || x.outcome, c.threshold_day::text, count(*)
          FROM collapsed AS c CROSS JOIN unnest('{due,collapsed}'::text[]) AS x (outcome) GROUP BY 1, 2
        UNION ALL
        SELECT v_measure || '_skipped_' || CASE WHEN NOT p_allowed THEN 'setting' ELSE 'manual_edit' END, '', count(*)
          FROM manually_moved
        UNION ALL
        SELECT v_measure || '_skipped_busy', '',
               (SELECT count(*) FROM again) - (SELECT count(*) FROM manually_moved)
        UNION ALL
        SELECT v_measure || '_unreachable', '', count(*) FROM changed AS c WHERE NOT c.reachable
        UNION ALL
        SELECT 'unnotified', p_step, count(*) FROM notified AS t WHERE NOT t.reachable AND t.coordinator_id IS NULL
        UNION ALL
        SELECT 'notices_written', v_kind, count(*) FROM notice
        UNION ALL
        SELECT 'notices_written', 'digest', count(*) FROM digest
        UNION ALL
        -- A trigger of the app kept the old status, or wrote another one.
        SELECT 'kept', '', (SELECT count(DISTINCT t.mentor_id) FROM transition AS t) - (SELECT count(*) FROM changed)
    LOOP
        IF v.measure <> 'kept' THEN
            PERFORM certification.add_count(p_run_id, p_organisation_id, v.measure, v.detail, v.n);
        ELSIF v.n > 0 THEN
            RAISE EXCEPTION 'the app keeps a status' USING ERRCODE = '23000', CONSTRAINT = 'status_kept_by_the_app';
        END IF;
    END LOOP;
    PERFORM set_config('certification.own_transition', '', true);
END
$$;
COMMENT ON FUNCTION certification.transition_set IS
    'Expire or reactivate by compare-and-set on status and expiry date, at most once per expiry date. The log row, '
    'the notices and the raised listings belong to the same transaction. A person''s decision stands and becomes a '
    'step failure (I3).';

REVOKE ALL ON FUNCTION
    certification.path_for_the_app, certification.transition_set
FROM PUBLIC;
