-- The brake on a mass change of one organisation, what a person did by hand, and the role of reconciliation.

-- Limits -----------------------------------------------------------------------------------------------------------

ALTER TABLE certification.standard
    ADD COLUMN brake_count integer NOT NULL DEFAULT 10 CONSTRAINT brake_count_not_negative CHECK (brake_count >= 0),
    ADD COLUMN brake_percent integer NOT NULL DEFAULT 20
        CONSTRAINT brake_percent_in_range CHECK (brake_percent BETWEEN 0 AND 100);
COMMENT ON COLUMN certification.standard.brake_count IS
    'A change of at most so many mentors at once is never braked, unless the organisation has its own.';
COMMENT ON COLUMN certification.standard.brake_percent IS
    'Nor is one of at most so many per cent of those it could concern; 100 turns the brake off.';
ALTER TABLE certification.organisation_settings
    ADD COLUMN brake_count integer CONSTRAINT brake_count_not_negative CHECK (brake_count >= 0),
    ADD COLUMN brake_percent integer CONSTRAINT brake_percent_in_range CHECK (brake_percent BETWEEN 0 AND 100);
COMMENT ON COLUMN certification.organisation_settings.brake_count IS 'The organisation''s own limit; null means the standard.';
COMMENT ON COLUMN certification.organisation_settings.brake_percent IS 'The organisation''s own limit; null means the standard.';

CREATE FUNCTION certification.brake_limits(p_organisation_id uuid, OUT count integer, OUT percent integer)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(s.brake_count, d.brake_count), coalesce(s.brake_percent, d.brake_percent)
      FROM certification.standard AS d
      LEFT JOIN certification.organisation_settings AS s ON s.organisation_id = p_organisation_id
$$;
COMMENT ON FUNCTION certification.brake_limits IS 'The limits in force: the organisation''s own, or the standard''s.';

-- What a person did by hand ----------------------------------------------------------------------------------------

CREATE TABLE certification.audit (
    id               bigint GENERATED ALWAYS AS IDENTITY,
    at               timestamptz NOT NULL DEFAULT clock_timestamp(),
    action           text NOT NULL,
    actor            text NOT NULL CONSTRAINT audit_names_an_actor CHECK (btrim(actor) <> ''),
    reason           text NOT NULL CONSTRAINT audit_has_a_reason CHECK (btrim(reason) <> ''),
    organisation_id  uuid,
    mentor_id        uuid,
    facts            jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT audit_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE certification.audit IS 'What a person did past the rules: who, why, when and to whom. Written in the transaction that did it.';

-- The brake --------------------------------------------------------------------------------------------------------

CREATE TABLE certification.brakes (
    id               bigint GENERATED ALWAYS AS IDENTITY,
    organisation_id  uuid NOT NULL,
    kind             text NOT NULL CONSTRAINT brake_kind_known CHECK (kind IN ('expiry', 'repair')),
    tripped_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_id           uuid NOT NULL,
    last_run_id      uuid NOT NULL,
    n                bigint NOT NULL CONSTRAINT brake_stopped_somebody CHECK (n > 0),
    of_n             bigint NOT NULL,
    released_at      timestamptz,
    released_by      text,
    released_reason  text,
    closed_at        timestamptz,
    closed_in        uuid,
    CONSTRAINT brakes_pkey PRIMARY KEY (id),
    CONSTRAINT brake_release_is_whole CHECK (num_nonnulls(released_at, released_by, released_reason) IN (0, 3))
);
COMMENT ON TABLE certification.brakes IS
    'A mass change that was stopped before it started. open (closed_at is null) -> released by a person -> closed: by the run that used the release, or by one that had no more to do than the limits allow. No foreign key: what happened stays, and a website can show mentors of an organisation that is gone.';
COMMENT ON COLUMN certification.brakes.run_id IS 'The run that tripped it; last_run_id is the last one that it stopped.';
COMMENT ON COLUMN certification.brakes.n IS 'How many the last stopped run would have changed, of of_n.';
CREATE UNIQUE INDEX brake_once ON certification.brakes (organisation_id, kind) WHERE closed_at IS NULL;
CREATE INDEX brakes_closed ON certification.brakes (closed_in) WHERE closed_at IS NOT NULL;

CREATE FUNCTION certification.brake_release_is_in_force(p_released_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$ SELECT coalesce(p_released_at > clock_timestamp() - interval '24 hours', false) $$;
COMMENT ON FUNCTION certification.brake_release_is_in_force IS 'A release ends with the run that uses it, or after 24 hours.';

CREATE FUNCTION certification.brake_holds(
    p_organisation_id uuid, p_kind text, p_n bigint, p_of bigint, p_run_id uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_limits record := certification.brake_limits(p_organisation_id);
    v_over boolean := p_n > v_limits.count AND p_n * 100 > v_limits.percent * p_of;
    v_brake certification.brakes;
BEGIN
    SELECT b.* INTO v_brake FROM certification.brakes AS b
     WHERE b.organisation_id = p_organisation_id AND b.kind = p_kind AND b.closed_at IS NULL
       FOR UPDATE;
    IF NOT v_over OR certification.brake_release_is_in_force(v_brake.released_at) THEN
        UPDATE certification.brakes AS b SET closed_at = clock_timestamp(), closed_in = p_run_id WHERE b.id = v_brake.id;
        RETURN false;
    END IF;
    -- The run that used the release looks again at whom it skipped.
    IF EXISTS (SELECT 1 FROM certification.brakes AS b
                WHERE b.closed_in = p_run_id AND b.closed_at IS NOT NULL AND b.released_at IS NOT NULL
                  AND b.organisation_id = p_organisation_id AND b.kind = p_kind) THEN
        RETURN false;
    END IF;
    INSERT INTO certification.brakes AS b (organisation_id, kind, run_id, last_run_id, n, of_n)
    VALUES (p_organisation_id, p_kind, p_run_id, p_run_id, p_n, p_of)
    ON CONFLICT (organisation_id, kind) WHERE closed_at IS NULL DO UPDATE
       SET last_run_id = excluded.last_run_id, n = excluded.n, of_n = excluded.of_n,
           released_at = NULL, released_by = NULL, released_reason = NULL;
    RETURN true;
END
$$;
COMMENT ON FUNCTION certification.brake_holds IS
    'Whether a change of p_n mentors, of p_of, must not be made: it exceeds the count and the percent, and nobody has released it. Call it in the transaction of the change. False closes an open brake and uses its release up; true opens one, or says that it still holds.';

CREATE FUNCTION certification.release_brake(p_organisation_id uuid, p_kind text, p_actor text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30s' AS $$
DECLARE
    v_brake certification.brakes;
BEGIN
    SELECT b.* INTO v_brake FROM certification.brakes AS b
     WHERE b.organisation_id = p_organisation_id AND b.kind = p_kind AND b.closed_at IS NULL
       FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'no_brake';
    ELSIF certification.brake_release_is_in_force(v_brake.released_at) THEN
        RETURN 'already_released';
    END IF;
    UPDATE certification.brakes AS b
       SET released_at = clock_timestamp(), released_by = p_actor, released_reason = p_reason,
           -- No run comes by an organisation that is gone.
           closed_at = CASE WHEN NOT EXISTS (SELECT 1 FROM public.organisations AS o WHERE o.id = p_organisation_id)
                             AND p_kind = 'expiry' THEN clock_timestamp() END
     WHERE b.id = v_brake.id;
    INSERT INTO certification.audit (action, actor, reason, organisation_id, facts)
    VALUES ('release_brake', p_actor, p_reason, p_organisation_id,
            jsonb_build_object('kind', p_kind, 'brake', v_brake.id, 'n', v_brake.n, 'of', v_brake.of_n,
                               'run_id', v_brake.last_run_id));
    RETURN 'released';
END
$$;
COMMENT ON FUNCTION certification.release_brake IS
    'Let the next run within 24 hours make the change that the brake stopped. Answers released, no_brake or already_released.';

-- The night under the brake ----------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION certification.measures(p_step text, p_thresholds smallint[]) RETURNS TABLE (measure text, detail text)
LANGUAGE sql STABLE AS $$
    SELECT 'reminders_' || x.outcome, t.day::text
      FROM unnest(p_thresholds) AS t (day)
     CROSS JOIN unnest('{due,claimed,collapsed,unreachable,already,skipped}'::text[]) AS x (outcome)
     WHERE p_step = 'remind'
    UNION ALL
    SELECT 'expiries_' || x.outcome, ''
      FROM unnest('{due,changed,already,unreachable,skipped_busy,skipped_by_hand,braked}'::text[]) AS x (outcome)
     WHERE p_step = 'expire'
    UNION ALL
    SELECT 'reactivations_' || x.outcome, ''
      FROM unnest('{due,changed,already,unreachable,skipped_busy,skipped_by_hand,skipped_setting}'::text[]) AS x (outcome)
     WHERE p_step = 'reactivate'
    UNION ALL
    SELECT 'notices_written', k.kind
      FROM (VALUES ('remind', 'reminder'), ('remind', 'digest'), ('expire', 'expired'), ('expire', 'digest'),
                   ('reactivate', 'reactivated'), ('reactivate', 'digest')) AS k (step, kind)
     WHERE k.step = p_step
    UNION ALL
    SELECT x.measure, p_step FROM unnest('{set_aside,untold}'::text[]) AS x (measure)
$$;

-- The step is carried out, and taken back whole if it was too much: how many it concerns is then no guess, what would be
-- done after a release is what was tried, and a night that is not braked pays next to nothing.
CREATE OR REPLACE FUNCTION certification.expire_mentors(
    p_organisation_id uuid, p_as_of date, p_run_id uuid, p_everyone boolean DEFAULT false)
RETURNS TABLE (measure text, detail text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off SET lock_timeout = '10s' AS $$
DECLARE
    v record;
    v_day date;
    v_changed bigint;
    v_n bigint;
    v_of bigint := 0;
BEGIN
    -- These two rows stay locked when the step is taken back: of overlapping runs one trips the brake, or uses the release.
    PERFORM 1 FROM certification.organisation_settings AS s WHERE s.organisation_id = p_organisation_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        INSERT INTO certification.organisation_settings AS s (organisation_id) VALUES (p_organisation_id)
        ON CONFLICT (organisation_id) DO UPDATE SET organisation_id = excluded.organisation_id;
    END IF;
    SELECT l.count, l.percent, certification.changed_by_run(p_organisation_id, p_run_id) AS changed,
           (SELECT e.day FROM certification.evaluated_days AS e WHERE e.organisation_id = p_organisation_id) AS day,
           (SELECT b.id FROM certification.brakes AS b
             WHERE b.organisation_id = p_organisation_id AND b.kind = 'expiry' AND b.closed_at IS NULL) AS brake
      INTO v FROM certification.brake_limits(p_organisation_id) AS l;
    IF v.brake IS NOT NULL THEN
        PERFORM 1 FROM certification.brakes AS b WHERE b.id = v.brake FOR UPDATE;
    END IF;
    BEGIN
        PERFORM certification.carry_out('expire', p_organisation_id, p_as_of, p_run_id, p_everyone);
        INSERT INTO certification.evaluated_days AS e (organisation_id, day) VALUES (p_organisation_id, p_as_of)
        ON CONFLICT ON CONSTRAINT evaluated_days_pkey DO UPDATE SET day = greatest(e.day, excluded.day)
        RETURNING e.day INTO v_day;
        -- A run may look again at whom it skipped: what counts is the whole run.
        v_changed := certification.changed_by_run(p_organisation_id, p_run_id);
        v_n := v_changed;
        IF v.day IS NULL OR v.day < v_day THEN
            -- Whom it could not move stays active, and is hidden by the day.
            v_n := v_n + (
                SELECT count(*) FROM certification.listings AS l
                  JOIN public.peer_mentors AS m ON m.id = l.mentor_id
                  JOIN public.certifications AS c ON c.mentor_id = m.id
                 WHERE l.organisation_id = p_organisation_id AND l.website IS NOT NULL AND l.shown_until < v_day
                   AND m.status = 'active' AND m.listing_consent
                   AND c.expires_on < v_day AND (v.day IS NULL OR c.expires_on >= v.day));
        END IF;
        IF v_n > v.count THEN
            -- No more are counted than it takes to be within the percent.
            v_of := v_changed + (
                SELECT count(*) FROM (
                    SELECT 1 FROM public.peer_mentors AS m
                     WHERE m.organisation_id = p_organisation_id AND m.status = 'active'
                     LIMIT v_n * 100 / nullif(v.percent, 0) + 1 - v_changed) AS others);
        END IF;
        IF (v_n > v.count OR v.brake IS NOT NULL)
           AND certification.brake_holds(p_organisation_id, 'expiry', v_n, v_of, p_run_id) THEN
            RAISE EXCEPTION USING ERRCODE = 'BRAKE', MESSAGE = 'brake';
        END IF;
        v_n := v.changed; -- nothing is held back
        PERFORM set_config('certification.own_transition', 'expire', true);
        -- A worker holds a row for milliseconds. Whoever else does is changing it, which raises it too, or rolls back and
        -- leaves it to the run at 01:15.
        FOR look IN 1 .. 5 LOOP
            PERFORM certification.raise_listings(ARRAY(
                SELECT l.mentor_id FROM certification.listings AS l
                 WHERE l.organisation_id = p_organisation_id AND certification.is_overdue(l, v_day)
                   FOR NO KEY UPDATE SKIP LOCKED));
            EXIT WHEN NOT EXISTS (
                SELECT 1 FROM certification.listings AS l
                 WHERE l.organisation_id = p_organisation_id AND certification.is_overdue(l, v_day));
            PERFORM pg_sleep(0.05);
        END LOOP;
        PERFORM set_config('certification.own_transition', '', true);
    EXCEPTION WHEN SQLSTATE 'BRAKE' THEN
        PERFORM certification.brake_holds(p_organisation_id, 'expiry', v_n, v_of, p_run_id); -- the first answer is undone, too
        IF p_everyone THEN
            DELETE FROM certification.progress AS p WHERE p.organisation_id = p_organisation_id AND p.step = 'expire';
        END IF;
        PERFORM certification.complete_counts('expire', p_organisation_id, p_as_of, p_run_id, '{}');
    END;
    IF v.brake IS NOT NULL OR v_n > v.changed THEN
        UPDATE certification.run_counts AS c SET n = v_n - v.changed
         WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id AND c.measure = 'expiries_braked';
    END IF;
    RETURN QUERY
    SELECT c.measure, c.detail, c.n
      FROM certification.run_counts AS c
      JOIN certification.measures('expire', '{}') AS z ON z.measure = c.measure AND z.detail = c.detail
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id
     ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION certification.expire_mentors IS
    'Move to certification_expired who is active and whose last valid day was before p_as_of, and turn the website''s day; or nothing of it, if that were too much at once. Answers due, changed, already, skipped_…, braked.';

CREATE FUNCTION certification.changed_by_run(p_organisation_id uuid, p_run_id uuid) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(c.n), 0)::bigint FROM certification.run_counts AS c
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id AND c.measure = 'expiries_changed'
$$;
COMMENT ON FUNCTION certification.changed_by_run IS 'How many mentors this run has expired in this organisation.';

-- The day under the brake ------------------------------------------------------------------------------------------

-- A wrong import of dates would hide everybody long before the night. Who is paused, withdrawn or does not consent is hidden
-- in any case; whom nothing but a date hides is held back while there are too many of them, counted since the last night.
CREATE OR REPLACE FUNCTION certification.free_to_send(p_mentor_ids uuid[], p_worker uuid) RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    v record;
    v_limits record;
    v_n bigint;
    v_of bigint;
    v_held uuid[] := '{}';
BEGIN
    FOR v IN
        SELECT l.organisation_id, e.day, array_agg(l.mentor_id) AS ids
          FROM certification.listings AS l
          JOIN public.peer_mentors AS m ON m.id = l.mentor_id
          JOIN public.certifications AS c ON c.mentor_id = l.mentor_id
          JOIN certification.evaluated_days AS e ON e.organisation_id = l.organisation_id
         WHERE l.mentor_id = ANY (p_mentor_ids) AND l.website IS NOT NULL
           AND m.status = 'active' AND m.listing_consent AND c.expires_on < e.day
         GROUP BY l.organisation_id, e.day
         ORDER BY l.organisation_id
    LOOP
        v_limits := certification.brake_limits(v.organisation_id);
        SELECT count(*) INTO v_n
          FROM public.peer_mentors AS m
          JOIN public.certifications AS c ON c.mentor_id = m.id
         WHERE m.organisation_id = v.organisation_id AND m.status = 'active' AND m.listing_consent AND c.expires_on < v.day
           AND NOT EXISTS ( -- a person has set the mentor active again
               SELECT 1 FROM certification.transitions AS t
                WHERE t.mentor_id = m.id AND t.to_status = 'certification_expired' AND t.certification_expiry_date = c.expires_on);
        CONTINUE WHEN v_n <= v_limits.count;
        SELECT count(*) INTO v_of FROM public.peer_mentors AS m
         WHERE m.organisation_id = v.organisation_id AND m.status = 'active';
        CONTINUE WHEN v_n * 100 <= v_limits.percent * v_of OR EXISTS (
            SELECT 1 FROM certification.brakes AS b
             WHERE b.organisation_id = v.organisation_id AND b.kind = 'expiry' AND b.closed_at IS NULL
               AND certification.brake_release_is_in_force(b.released_at));
        -- The night decides anew, and uses a release up.
        INSERT INTO certification.brakes AS b (organisation_id, kind, run_id, last_run_id, n, of_n)
        VALUES (v.organisation_id, 'expiry', p_worker, p_worker, v_n, v_of)
        ON CONFLICT (organisation_id, kind) WHERE closed_at IS NULL DO NOTHING;
        v_held := v_held || v.ids;
    END LOOP;
    IF v_held = '{}' THEN
        RETURN p_mentor_ids;
    END IF;
    UPDATE certification.listings AS l SET reason = 'brake' WHERE l.mentor_id = ANY (v_held);
    RETURN ARRAY(SELECT u.id FROM unnest(p_mentor_ids) AS u (id) WHERE NOT u.id = ANY (v_held));
END
$$;

-- Reconciliation ---------------------------------------------------------------------------------------------------

-- squawk-ignore ban-drop-constraint
ALTER TABLE certification.runs DROP CONSTRAINT run_function_known;
-- It knows more than before, and the table has some rows a day.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE certification.runs ADD CONSTRAINT run_function_known
    CHECK (function IN ('expiry_check', 'send_notices', 'reconciliation_sweep', 'reconciliation_full'));

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'certification_reconciliation') THEN
        CREATE ROLE certification_reconciliation NOLOGIN;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA certification TO certification_reconciliation;

REVOKE ALL ON FUNCTION
    certification.brake_limits, certification.brake_release_is_in_force, certification.brake_holds,
    certification.release_brake, certification.changed_by_run
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.start_run, certification.organisations_to_run, certification.start_organisation,
    certification.finish_organisation, certification.finish_run,
    certification.unsynced_listings, certification.website_closed_for, certification.close_website,
    certification.website_stopped, certification.stop_website, certification.resume_website
TO certification_reconciliation;
