-- The three set-based steps of the nightly check, and the triggers that say whom to look at.

-- Each trigger notes by its own row alone. Of two transactions at once, one that resumes a mentor and one that renews the
-- same mentor, neither sees the other's new row, and a night may look between their commits.
CREATE OR REPLACE FUNCTION certification.note_mentors() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_ids uuid[];
BEGIN
    IF current_setting('certification.own_transition', true) = 'expire' THEN
        RETURN NULL; -- the night's own expiries: nothing is left to look at
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO certification.look_again (step, mentor_id)
        SELECT s.step, n.id
          FROM new_rows AS n
          JOIN (VALUES ('active', 'remind'), ('active', 'expire'), ('certification_expired', 'reactivate'))
               AS s (status, step) ON s.status = certification.status_of(n.status::text)
         WHERE n.id IS NOT NULL;
    ELSE
        -- A plan is kept for the session. Made for one row, a nested loop would take minutes for ten thousand; a full join
        -- is never one.
        WITH changed AS MATERIALIZED (
            SELECT n.id, certification.status_of(n.status::text) AS status
              FROM new_rows AS n FULL JOIN old_rows AS o ON o.id = n.id
             WHERE ROW(o.status, o.organisation_id)::record *<> ROW(n.status, n.organisation_id)::record
        )
        INSERT INTO certification.look_again (step, mentor_id)
        SELECT s.step, c.id
          FROM changed AS c
          JOIN (VALUES ('active', 'remind'), ('active', 'expire'), ('certification_expired', 'reactivate'))
               AS s (status, step) ON s.status = c.status
         WHERE c.id IS NOT NULL;
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN -- as in note_listings
    BEGIN
        BEGIN
            EXECUTE certification.touched_query(TG_TABLE_NAME, TG_OP) INTO v_ids;
        EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
            NULL; -- nobody knows whom
        END;
        PERFORM certification.note_missed_change(TG_TABLE_NAME, v_ids, SQLSTATE);
    EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
        RAISE WARNING 'certification: a change of % was missed: SQLSTATE %', TG_TABLE_NAME, SQLSTATE;
    END;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION certification.note_certifications() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_ids uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO certification.look_again (step, mentor_id)
        SELECT s.step, n.mentor_id
          FROM new_rows AS n
         CROSS JOIN (VALUES ('remind'), ('expire'), ('reactivate')) AS s (step)
         WHERE n.mentor_id IS NOT NULL;
    ELSE
        WITH changed AS MATERIALIZED (
            SELECT n.mentor_id FROM new_rows AS n FULL JOIN old_rows AS o ON o.mentor_id = n.mentor_id
             WHERE o.expires_on IS DISTINCT FROM n.expires_on
        )
        INSERT INTO certification.look_again (step, mentor_id)
        SELECT s.step, c.mentor_id
          FROM changed AS c CROSS JOIN (VALUES ('remind'), ('expire'), ('reactivate')) AS s (step)
         WHERE c.mentor_id IS NOT NULL;
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN -- as in note_listings
    BEGIN
        BEGIN
            EXECUTE certification.touched_query(TG_TABLE_NAME, TG_OP) INTO v_ids;
        EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
            NULL; -- nobody knows whom
        END;
        PERFORM certification.note_missed_change(TG_TABLE_NAME, v_ids, SQLSTATE);
    EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
        RAISE WARNING 'certification: a change of % was missed: SQLSTATE %', TG_TABLE_NAME, SQLSTATE;
    END;
    RETURN NULL;
END
$$;

-- The expiry dates of which a threshold was reached since the last night, or null for "all of them". They go into the
-- statement below as constants (custom plans only), so that the planner counts them and joins by hash after a long
-- outage and by index on an ordinary night; of bounds that come from a table it knows nothing and joins by hash always.
CREATE OR REPLACE FUNCTION certification.dates_to_remind(p_organisation_id uuid, p_as_of date, p_thresholds smallint[])
RETURNS date[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH threshold AS (
        SELECT p.through, p_as_of + t.day AS until
          FROM unnest(p_thresholds) AS t (day)
          LEFT JOIN certification.progress AS p
            ON p.organisation_id = p_organisation_id AND p.step = 'remind' AND p.threshold_day = t.day
    )
    SELECT CASE WHEN bool_or(t.through IS NULL OR t.until - t.through > 400) THEN NULL ELSE coalesce((
        SELECT array_agg(DISTINCT r.through + i)
          FROM threshold AS r CROSS JOIN generate_series(1, r.until - r.through) AS i), '{}') END
      FROM threshold AS t
$$;

CREATE OR REPLACE FUNCTION certification.remind_set(
    p_organisation_id uuid, p_as_of date, p_run_id uuid, p_thresholds smallint[], p_again uuid[], p_beyond boolean)
RETURNS void
LANGUAGE plpgsql SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_zone text := certification.zone_of(p_organisation_id);
    v_until date := p_as_of + (SELECT max(t.day) FROM unnest(p_thresholds) AS t (day));
    v_dates date[] := '{}';
    v record;
BEGIN
    IF p_beyond THEN
        v_dates := certification.dates_to_remind(p_organisation_id, p_as_of, p_thresholds);
    END IF;
    FOR v IN
        WITH threshold AS (
            SELECT t.day, lead(t.day) OVER (ORDER BY t.day DESC) AS nearer, coalesce(p.through, '-infinity') AS through
              FROM unnest(p_thresholds) AS t (day)
              LEFT JOIN certification.progress AS p
                ON p.organisation_id = p_organisation_id AND p.step = 'remind' AND p.threshold_day = t.day
        ), candidate AS (
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone) AS expires_on, false AS again
              FROM public.certifications AS c
             WHERE v_dates IS NULL AND certification.day_of(c.expires_on, v_zone) <= v_until AND c.mentor_id <> ALL (p_again)
            UNION ALL
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone), false
              FROM public.certifications AS c
             WHERE certification.day_of(c.expires_on, v_zone) = ANY (v_dates) AND c.mentor_id <> ALL (p_again)
            UNION ALL
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone), true
              FROM public.certifications AS c
             WHERE c.mentor_id = ANY (p_again)
        ), reached AS (
            SELECT c.mentor_id, t.day, c.expires_on, certification.is_status(m.status::text, 'active') AS active, m.coordinator_id, c.again,
                   CASE WHEN c.expires_on < p_as_of THEN 'expired'
                        WHEN c.expires_on <= p_as_of + t.nearer THEN 'nearer_threshold'
                        ELSE certification.mail_problem(m.email::text) END AS reason,
                   c.expires_on >= p_as_of AND (t.nearer IS NULL OR c.expires_on > p_as_of + t.nearer) AS nearest
              FROM candidate AS c
              JOIN public.peer_mentors AS m ON m.id = c.mentor_id
              JOIN threshold AS t ON c.expires_on <= p_as_of + t.day AND (c.again OR c.expires_on > t.through)
             WHERE m.organisation_id = p_organisation_id
               -- Who has expired hears of that: the step that expires uses these thresholds up, so that the brake takes
               -- both back. A date that is none is met here, too, and set aside.
               AND (c.expires_on >= p_as_of OR c.expires_on < '1900-01-01')
        ), claimed AS (
            INSERT INTO certification.cert_expiry_reminders AS r
                (mentor_id, threshold_day, certification_expiry_date, as_of, run_id, state, reason)
            SELECT e.mentor_id, e.day, e.expires_on, p_as_of, p_run_id,
                   CASE WHEN NOT e.nearest THEN 'collapsed' WHEN e.reason IS NULL THEN 'claimed' ELSE 'unreachable' END,
                   e.reason
              FROM reached AS e
             WHERE e.active
             ORDER BY e.mentor_id, e.day
            ON CONFLICT ON CONSTRAINT reminder_once DO NOTHING
            RETURNING r.mentor_id, r.threshold_day, r.certification_expiry_date, r.state
        ), notice AS (
            INSERT INTO certification.notices
                (run_id, organisation_id, kind, mentor_id, threshold_day, certification_expiry_date)
            SELECT p_run_id, p_organisation_id, 'reminder', c.mentor_id, c.threshold_day, c.certification_expiry_date
              FROM claimed AS c
             WHERE c.state = 'claimed'
            RETURNING 1
        ), reopened AS (
            -- Claimed, and then not sent because the mentor was paused or the date was another just then: true again now.
            UPDATE certification.notices AS n SET state = 'pending', reason = NULL, sender_run_id = NULL, settled_at = NULL
              FROM reached AS e
             WHERE e.again AND e.nearest AND e.active
               AND n.mentor_id = e.mentor_id AND n.certification_expiry_date = e.expires_on AND n.threshold_day = e.day
               AND n.kind = 'reminder' AND n.state = 'superseded' AND n.reason IN ('status_changed', 'renewed')
            RETURNING 1
        ), told AS (
            SELECT c.mentor_id, c.state, e.coordinator_id
              FROM claimed AS c
              JOIN reached AS e ON e.mentor_id = c.mentor_id AND e.day = c.threshold_day AND e.nearest
             WHERE c.state <> 'collapsed'
        ), digest AS (
            INSERT INTO certification.notices (run_id, organisation_id, kind, coordinator_id)
            SELECT DISTINCT p_run_id, p_organisation_id, 'digest', t.coordinator_id
              FROM told AS t
             WHERE t.coordinator_id IS NOT NULL
            ON CONFLICT (run_id, coordinator_id) WHERE coordinator_id IS NOT NULL DO NOTHING
            RETURNING 1
        )
        SELECT 'reminders_' || x.outcome AS measure, c.threshold_day::text AS detail, count(*) AS n
          FROM claimed AS c
         CROSS JOIN LATERAL (VALUES ('due'), (c.state)) AS x (outcome)
         GROUP BY 1, 2
        UNION ALL
        SELECT 'reminders_skipped', e.day::text, count(*) FROM reached AS e
         WHERE NOT e.active AND e.expires_on >= p_as_of GROUP BY 2
        UNION ALL
        SELECT 'untold', 'remind', count(DISTINCT t.mentor_id) FROM told AS t
         WHERE t.state = 'unreachable' AND t.coordinator_id IS NULL
        UNION ALL
        SELECT 'notices_written', 'reminder', (SELECT count(*) FROM notice) + (SELECT count(*) FROM reopened)
        UNION ALL
        SELECT 'notices_written', 'digest', count(*) FROM digest
    LOOP
        PERFORM certification.count(p_run_id, p_organisation_id, v.measure, v.detail, v.n);
    END LOOP;
END
$$;

-- A trigger of the app on what the night changes runs with the owner's rights, and may name its tables without a schema.
-- It finds them where nothing and nobody in schema public could put something else in their place.
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
             WHERE n.nspname = 'public' AND a.privilege_type = 'CREATE' AND a.grantee NOT IN (SELECT t.oid FROM trusted AS t))
        AND NOT EXISTS (
            SELECT 1 FROM (
                SELECT p.proowner FROM pg_catalog.pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace
                UNION ALL SELECT o.oprowner FROM pg_catalog.pg_operator AS o WHERE o.oprnamespace = 'public'::regnamespace
                UNION ALL SELECT y.typowner FROM pg_catalog.pg_type AS y WHERE y.typnamespace = 'public'::regnamespace
                UNION ALL SELECT c.relowner FROM pg_catalog.pg_class AS c WHERE c.relnamespace = 'public'::regnamespace) AS x (owner)
             WHERE x.owner NOT IN (SELECT t.oid FROM trusted AS t))
        THEN 'pg_catalog, public, pg_temp' ELSE 'pg_catalog, pg_temp' END
$$;
COMMENT ON FUNCTION certification.path_for_the_app IS
    'The search_path in which a change of status is made: schema public is in it only if the app has triggers there, and everything in it and the right to add to it belong to the owner, the database''s owner or a superuser.';

-- The two transitions differ in whom they look at and what they write; the rest is one.
CREATE OR REPLACE FUNCTION certification.transition_set(
    p_step text, p_organisation_id uuid, p_as_of date, p_run_id uuid, p_again uuid[], p_beyond boolean, p_allowed boolean)
RETURNS void
LANGUAGE plpgsql SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_from text := CASE p_step WHEN 'expire' THEN 'active' ELSE 'certification_expired' END;
    v_to text := CASE p_step WHEN 'expire' THEN 'certification_expired' ELSE 'active' END;
    v_kind text := CASE p_step WHEN 'expire' THEN 'expired' ELSE 'reactivated' END;
    v_zone text := certification.zone_of(p_organisation_id);
    v_measure text := CASE p_step WHEN 'expire' THEN 'expiries' ELSE 'reactivations' END;
    v_thresholds smallint[] := certification.effective_thresholds(p_organisation_id);
    v_above date := CASE WHEN NOT p_beyond THEN 'infinity'::date ELSE coalesce(
        (SELECT p.through FROM certification.progress AS p
          WHERE p.organisation_id = p_organisation_id AND p.step = p_step), '-infinity') END;
    -- A day long past, replayed or caught up with, makes nobody active whose certification has ended since.
    v_valid_on date := greatest(p_as_of, certification.today_in(v_zone));
    v record;
BEGIN
    PERFORM set_config('certification.own_transition', p_step, true);
    PERFORM set_config('search_path', certification.path_for_the_app(), true); -- ends with this function
    FOR v IN
        WITH candidate AS (
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone) AS expires_on FROM public.certifications AS c
             WHERE p_step = 'expire' AND certification.day_of(c.expires_on, v_zone) > v_above
               AND certification.day_of(c.expires_on, v_zone) < p_as_of AND c.mentor_id <> ALL (p_again)
            UNION ALL
            -- Renewals are found by the change itself; everybody is looked at when there is no progress to build on.
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone) FROM public.peer_mentors AS m
              JOIN public.certifications AS c ON c.mentor_id = m.id
             WHERE p_step = 'reactivate' AND v_above = '-infinity' AND p_beyond
               AND certification.is_status(m.status::text, 'certification_expired') AND m.organisation_id = p_organisation_id
               AND m.id <> ALL (p_again)
            UNION ALL
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone) FROM public.certifications AS c WHERE c.mentor_id = ANY (p_again)
        ), eligible AS (
            SELECT m.id, m.coordinator_id, k.expires_on
              FROM candidate AS k
              JOIN public.peer_mentors AS m ON m.id = k.mentor_id
             WHERE m.organisation_id = p_organisation_id AND certification.is_status(m.status::text, v_from)
               AND CASE p_step WHEN 'expire' THEN k.expires_on < p_as_of
                    -- Who has expired by this very date is not renewed, though an earlier day may see it in the future.
                    ELSE k.expires_on >= v_valid_on AND NOT EXISTS (
                        SELECT 1 FROM certification.transitions AS t
                         WHERE t.mentor_id = k.mentor_id AND t.to_status = 'certification_expired'
                           AND t.certification_expiry_date = k.expires_on) END
        ), held AS (
            -- The compare of the compare-and-set: both rows locked and read as they are now. Whoever holds one of them
            -- is changing it; that mentor is left for the next look rather than keeping everybody waiting.
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
                      certification.mail_problem(m.email::text) IS NULL AS reachable
        ), changed AS (
            SELECT w.* FROM written AS w WHERE certification.is_status(w.status, v_to)
        ), log AS (
            INSERT INTO public.mentor_status_log
                (mentor_id, from_status, to_status, reason, actor, certification_expiry_date)
            SELECT c.id, certification.cast_like(v_from, (l.log).from_status), certification.cast_like(v_to, (l.log).to_status),
                   certification.cast_like(CASE p_step WHEN 'expire' THEN 'certification_expired'
                                           ELSE 'certification_renewed' END, (l.log).reason),
                   certification.cast_like('system:expiry_check', (l.log).actor), c.certification_expiry_date
              FROM changed AS c CROSS JOIN (SELECT NULL::public.mentor_status_log AS log) AS l
        ), notice AS (
            INSERT INTO certification.notices (run_id, organisation_id, kind, mentor_id, certification_expiry_date)
            SELECT p_run_id, p_organisation_id, v_kind, c.id, c.certification_expiry_date
              FROM changed AS c
             WHERE c.reachable
            ON CONFLICT DO NOTHING -- told before, by a run that was undone
            RETURNING 1
        ), by_hand AS (
            -- Moved once for this date already, and a person has moved the mentor back: the person wins.
            SELECT h.id, h.coordinator_id, h.expires_on,
                   CASE p_step WHEN 'expire' THEN 'set_active_by_hand' ELSE 'set_expired_by_hand' END AS reason
              FROM held AS h
             WHERE NOT EXISTS (SELECT 1 FROM transition AS t WHERE t.mentor_id = h.id)
            UNION ALL
            SELECT e.id, e.coordinator_id, e.expires_on, 'awaiting_manual_reactivation'
              FROM eligible AS e
             WHERE NOT p_allowed
        ), set_aside AS (
            INSERT INTO certification.set_aside AS s (mentor_id, step, certification_expiry_date, organisation_id,
                                                      reason, first_run_id, last_run_id)
            SELECT b.id, p_step, b.expires_on, p_organisation_id, b.reason, p_run_id, p_run_id FROM by_hand AS b
            ON CONFLICT (mentor_id, step, certification_expiry_date) DO UPDATE
               SET nights = s.nights + (s.last_run_id <> excluded.last_run_id)::integer,
                   last_run_id = excluded.last_run_id, reason = excluded.reason
            RETURNING s.mentor_id, s.first_run_id
        ), again AS (
            INSERT INTO certification.look_again (step, mentor_id)
            SELECT p_step, e.id FROM eligible AS e WHERE NOT EXISTS (SELECT 1 FROM changed AS c WHERE c.id = e.id)
            RETURNING mentor_id
        ), told AS (
            SELECT c.id, c.coordinator_id, c.reachable FROM changed AS c
            UNION ALL
            SELECT b.id, b.coordinator_id, true FROM by_hand AS b
              JOIN set_aside AS s ON s.mentor_id = b.id AND s.first_run_id = p_run_id
        ), digest AS (
            INSERT INTO certification.notices (run_id, organisation_id, kind, coordinator_id)
            SELECT DISTINCT p_run_id, p_organisation_id, 'digest', t.coordinator_id
              FROM told AS t
             WHERE t.coordinator_id IS NOT NULL
            ON CONFLICT (run_id, coordinator_id) WHERE coordinator_id IS NOT NULL DO NOTHING
            RETURNING 1
        )
        SELECT v_measure || '_changed' AS measure, '' AS detail, count(*) AS n FROM changed
        UNION ALL
        SELECT 'reminders_' || x.outcome, c.threshold_day::text, count(*)
          FROM collapsed AS c CROSS JOIN unnest('{due,collapsed}'::text[]) AS x (outcome) GROUP BY 1, 2
        UNION ALL
        SELECT v_measure || '_skipped_' || CASE WHEN NOT p_allowed THEN 'setting' ELSE 'by_hand' END, '', count(*) FROM by_hand
        UNION ALL
        SELECT v_measure || '_skipped_busy', '',
               (SELECT count(*) FROM again) - (SELECT count(*) FROM by_hand)
        UNION ALL
        SELECT v_measure || '_unreachable', '', count(*) FROM changed AS c WHERE NOT c.reachable
        UNION ALL
        SELECT 'untold', p_step, count(*) FROM told AS t WHERE NOT t.reachable AND t.coordinator_id IS NULL
        UNION ALL
        SELECT 'notices_written', v_kind, count(*) FROM notice
        UNION ALL
        SELECT 'notices_written', 'digest', count(*) FROM digest
        UNION ALL
        -- A trigger of the app has kept the status that was there, or written another.
        SELECT 'kept', '', (SELECT count(DISTINCT t.mentor_id) FROM transition AS t) - (SELECT count(*) FROM changed)
    LOOP
        IF v.measure <> 'kept' THEN
            PERFORM certification.count(p_run_id, p_organisation_id, v.measure, v.detail, v.n);
        ELSIF v.n > 0 THEN
            RAISE EXCEPTION 'the app keeps a status' USING ERRCODE = '23000', CONSTRAINT = 'status_kept_by_the_app';
        END IF;
    END LOOP;
    PERFORM set_config('certification.own_transition', '', true);
END
$$;

CREATE OR REPLACE FUNCTION certification.apply_step(
    p_step text, p_organisation_id uuid, p_as_of date, p_run_id uuid, p_thresholds smallint[], p_again uuid[], p_beyond boolean)
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

-- The slow path, when one record stands in the way of all: one by one, so that only it is set aside (I13).
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
                OR p_step = 'expire' AND certification.is_status(m.status::text, 'active') AND certification.day_of(c.expires_on, v_zone) < p_as_of
                OR p_step = 'reactivate' AND certification.is_status(m.status::text, 'certification_expired'))
         ORDER BY m.id
    LOOP
        BEGIN
            PERFORM certification.apply_step(p_step, p_organisation_id, p_as_of, p_run_id, p_thresholds, ARRAY[v_mentor], false);
        EXCEPTION WHEN OTHERS OR assert_failure THEN
            GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_constraint = CONSTRAINT_NAME;
            IF NOT certification.is_a_records_fault(v_state) THEN
                RAISE;
            END IF;
            INSERT INTO certification.set_aside AS s (mentor_id, step, certification_expiry_date, organisation_id,
                                                      reason, first_run_id, last_run_id)
            SELECT c.mentor_id, p_step, certification.day_of(c.expires_on, v_zone), p_organisation_id,
                   coalesce(nullif(v_constraint, ''), v_state), p_run_id, p_run_id
              FROM public.certifications AS c WHERE c.mentor_id = v_mentor
            ON CONFLICT (mentor_id, step, certification_expiry_date) DO UPDATE
               SET nights = s.nights + (s.last_run_id <> excluded.last_run_id)::integer,
                   last_run_id = excluded.last_run_id, reason = excluded.reason;
            INSERT INTO certification.look_again (step, mentor_id) VALUES (p_step, v_mentor);
            PERFORM certification.count(p_run_id, p_organisation_id, 'set_aside', p_step, 1);
        END;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION certification.is_a_records_fault(p_sqlstate text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ 
    SELECT left(p_sqlstate, 2) NOT IN ('08', '25', '40', '53', '55', '57', '58', 'XX')
$$;
COMMENT ON FUNCTION certification.is_a_records_fault IS
    'Anything but what befalls a whole transaction: rollback, resources, locks, an operator, the system, the connection.';

CREATE OR REPLACE FUNCTION certification.carry_out(
    p_step text, p_organisation_id uuid, p_as_of date, p_run_id uuid, p_everyone boolean)
RETURNS TABLE (measure text, detail text, n bigint)
-- lock_timeout: somebody who holds the settings, or the app's log, must not hold the whole night (the run tries again).
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
DECLARE
    v_thresholds smallint[];
    v_again uuid[];
BEGIN
    PERFORM certification.own_run(p_run_id);
    SET CONSTRAINTS ALL IMMEDIATE; -- a deferred rule of the app would otherwise refuse one mentor at commit, and so everybody
    INSERT INTO certification.organisation_settings AS s (organisation_id) VALUES (p_organisation_id)
    ON CONFLICT (organisation_id) DO NOTHING;
    PERFORM 1 FROM certification.organisation_settings AS s
      WHERE s.organisation_id = p_organisation_id FOR NO KEY UPDATE;
    v_thresholds := certification.effective_thresholds(p_organisation_id); -- read once: the HLF standard is not locked

    -- A run may look again at whom it skipped, and meets them again: what counts is how it ended.
    UPDATE certification.run_counts AS c SET n = 0
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id
       AND (c.measure, c.detail) IN (
           SELECT z.measure, z.detail FROM certification.measures(p_step, v_thresholds) AS z
            WHERE z.measure = 'set_aside' OR z.measure LIKE '%\_skipped\_%');
    DELETE FROM certification.progress AS p
     WHERE p.organisation_id = p_organisation_id AND p.step = p_step
       AND (p_everyone OR p_step = 'remind' AND p.threshold_day <> ALL (v_thresholds)
            -- A later day has come as far as this and was then braked, or broke off: it does not count.
            OR p.through > p_as_of + CASE p_step WHEN 'remind' THEN p.threshold_day ELSE -1 END);
    WITH gone AS (
        DELETE FROM certification.look_again AS a
         USING certification.look_again AS b LEFT JOIN public.peer_mentors AS m ON m.id = b.mentor_id
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
        PERFORM certification.apply_step_one_by_one(p_step, p_organisation_id, p_as_of, p_run_id, v_thresholds, v_again);
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

-- Zeros are counts too (I12); `due` is what was done and what was skipped; `already` is what earlier runs did for the day.
CREATE OR REPLACE FUNCTION certification.complete_counts(
    p_step text, p_organisation_id uuid, p_as_of date, p_run_id uuid, p_thresholds smallint[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_prefix text := CASE p_step WHEN 'remind' THEN 'reminders' WHEN 'expire' THEN 'expiries' ELSE 'reactivations' END;
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

REVOKE ALL ON FUNCTION
    certification.note_mentors, certification.note_certifications, certification.path_for_the_app, certification.dates_to_remind, certification.remind_set, certification.transition_set, certification.apply_step, certification.apply_step_one_by_one, certification.is_a_records_fault, certification.carry_out, certification.complete_counts
FROM PUBLIC;
