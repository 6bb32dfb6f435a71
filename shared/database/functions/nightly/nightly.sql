-- The entry points of the nightly check: claim reminders, expire, reactivate.

-- Every step begins here. A day that has not come is refused. If a later day was evaluated, that run has done
-- everything this one could do and knew more. So an old event that is delivered again changes nothing and is counted.
CREATE OR REPLACE FUNCTION certification.begin_step(p_step text, p_organisation_id uuid, p_as_of date,
                                                    p_run_id uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM certification.own_run(p_run_id);
    PERFORM certification.refuse_day_ahead(p_organisation_id, p_as_of);
    -- A savepoint rollback of the step keeps this lock, so of overlapping runs only one trips the brake or uses the
    -- release.
    PERFORM 1 FROM certification.organisation_settings AS s
      WHERE s.organisation_id = p_organisation_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        INSERT INTO certification.organisation_settings AS s (organisation_id) VALUES (p_organisation_id)
        ON CONFLICT (organisation_id) DO UPDATE SET organisation_id = excluded.organisation_id;
    END IF;
    IF NOT certification.is_overtaken(p_organisation_id, p_as_of) THEN
        RETURN true;
    END IF;
    PERFORM certification.add_count(p_run_id, p_organisation_id, 'days_overtaken', p_step, 1);
    PERFORM certification.complete_counts(
        p_step, p_organisation_id, p_as_of, p_run_id, certification.effective_thresholds(p_organisation_id));
    RETURN false;
END
$$;
COMMENT ON FUNCTION certification.begin_step IS
    'Return whether to carry the step out; false if a later day was already evaluated, which is counted (I12). Refuse '
    'a day that has not come (I15). Lock the organisation''s settings.';

CREATE OR REPLACE FUNCTION certification.active_mentors(p_organisation_id uuid, p_most bigint) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM (
        SELECT 1 FROM public.peer_mentors AS m
         WHERE m.organisation_id = p_organisation_id AND certification.is_status(m.status::text, 'active')
         LIMIT p_most) AS mentors
$$;
COMMENT ON FUNCTION certification.active_mentors IS
    'Return how many active mentors the organisation has, counting no further than p_most.';

-- The brake watches two steps. Each is carried out first and rolled back whole if it exceeded the limit. So the number
-- of mentors is exact, a release performs exactly what was tried, and a nightly check without a brake costs next to
-- nothing.
CREATE OR REPLACE FUNCTION certification.claim_reminders(
    p_organisation_id uuid, p_as_of date, p_run_id uuid, p_everyone boolean DEFAULT false)
RETURNS TABLE (measure text, detail text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '10s' AS $$
DECLARE
    v record;
    v_n bigint;
    v_of bigint := 0;
BEGIN
    IF certification.begin_step('remind', p_organisation_id, p_as_of, p_run_id) THEN
        SELECT l.count, l.percent, certification.reminded_by_run(p_organisation_id, p_run_id) AS reminded,
               (SELECT b.id FROM certification.brakes AS b
                 WHERE b.organisation_id = p_organisation_id AND b.kind = 'reminder' AND b.closed_at IS NULL) AS brake
          INTO v FROM certification.brake_limits(p_organisation_id) AS l;
        IF v.brake IS NOT NULL THEN
            PERFORM 1 FROM certification.brakes AS b WHERE b.id = v.brake FOR UPDATE;
        END IF;
        BEGIN
            PERFORM certification.run_step('remind', p_organisation_id, p_as_of, p_run_id, p_everyone);
            v_n := certification.reminded_by_run(p_organisation_id, p_run_id);
            IF v_n > v.count THEN
                -- Count only as far as needed to prove that the change is within the percent.
                v_of := certification.active_mentors(p_organisation_id, v_n * 100 / nullif(v.percent, 0) + 1);
            END IF;
            IF (v_n > v.count OR v.brake IS NOT NULL)
               AND certification.brake_holds(p_organisation_id, 'reminder', v_n, v_of, p_run_id) THEN
                RAISE EXCEPTION USING ERRCODE = 'BRAKE', MESSAGE = 'brake';
            END IF;
            v_n := v.reminded; -- nothing is held back
        EXCEPTION WHEN SQLSTATE 'BRAKE' THEN
            -- the rollback has undone the first call as well
            PERFORM certification.brake_holds(p_organisation_id, 'reminder', v_n, v_of, p_run_id);
            IF p_everyone THEN
                DELETE FROM certification.progress AS p
                 WHERE p.organisation_id = p_organisation_id AND p.step = 'remind';
            END IF;
            PERFORM certification.complete_counts(
                'remind', p_organisation_id, p_as_of, p_run_id, certification.effective_thresholds(p_organisation_id));
        END;
        IF v.brake IS NOT NULL OR v_n > v.reminded THEN
            UPDATE certification.run_counts AS c SET n = v_n - v.reminded
             WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id AND c.measure = 'reminders_braked';
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM certification.counts_of('remind', p_organisation_id, p_run_id);
END
$$;
COMMENT ON FUNCTION certification.claim_reminders IS
    'Claim every threshold that was reached and not yet claimed on p_as_of, for the mentors that have not expired; '
    'claim none if that would exceed the mass-change limit (I1, I2). Return due, claimed, collapsed, unreachable, '
    'already and skipped per threshold, and braked (I12).';

CREATE OR REPLACE FUNCTION certification.expire_mentors(
    p_organisation_id uuid, p_as_of date, p_run_id uuid, p_everyone boolean DEFAULT false)
RETURNS TABLE (measure text, detail text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '10s' AS $$
DECLARE
    v record;
    v_zone text := certification.zone_of(p_organisation_id);
    v_day date;
    v_changed bigint;
    v_n bigint;
    v_of bigint := 0;
BEGIN
    IF NOT certification.begin_step('expire', p_organisation_id, p_as_of, p_run_id) THEN
        RETURN QUERY SELECT * FROM certification.counts_of('expire', p_organisation_id, p_run_id);
        RETURN;
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
        PERFORM certification.run_step('expire', p_organisation_id, p_as_of, p_run_id, p_everyone);
        INSERT INTO certification.evaluated_days AS e (organisation_id, day) VALUES (p_organisation_id, p_as_of)
        ON CONFLICT ON CONSTRAINT evaluated_days_pkey DO UPDATE SET day = greatest(e.day, excluded.day)
        RETURNING e.day INTO v_day;
        UPDATE certification.run_organisations AS ro SET day_was = v.day, day_became = v_day
         WHERE ro.run_id = p_run_id AND ro.organisation_id = p_organisation_id AND (v.day IS NULL OR v.day < v_day);
        -- A run may recheck the mentors that it skipped, so the limit applies to the whole run.
        v_changed := certification.changed_by_run(p_organisation_id, p_run_id);
        v_n := v_changed;
        IF v.day IS NULL OR v.day < v_day THEN
            -- A mentor that the step could not move stays active, and the turned day hides the listing.
            v_n := v_n + (
                SELECT count(*) FROM certification.listings AS l
                  JOIN public.peer_mentors AS m ON m.id = l.mentor_id
                  JOIN public.certifications AS c ON c.mentor_id = m.id
                 WHERE l.organisation_id = p_organisation_id AND l.website IS NOT NULL AND l.shown_until < v_day
                   AND certification.is_status(m.status::text, 'active') AND m.listing_consent
                   AND certification.day_of(c.expires_on, v_zone) < v_day
                   AND (v.day IS NULL OR certification.day_of(c.expires_on, v_zone) >= v.day));
        END IF;
        IF v_n > v.count THEN
            -- Count only as far as needed to prove that the change is within the percent.
            v_of := v_changed + certification.active_mentors(
                p_organisation_id, v_n * 100 / nullif(v.percent, 0) + 1 - v_changed);
        END IF;
        IF (v_n > v.count OR v.brake IS NOT NULL)
           AND certification.brake_holds(p_organisation_id, 'expiry', v_n, v_of, p_run_id) THEN
            RAISE EXCEPTION USING ERRCODE = 'BRAKE', MESSAGE = 'brake';
        END IF;
        v_n := v.changed; -- nothing is held back
        -- A worker holds a row for milliseconds. Any other transaction that holds a row is changing it, which raises
        -- the listing too; if it rolls back, the run at 01:15 takes the row.
        FOR attempt IN 1 .. 5 LOOP
            PERFORM certification.bump_listing_version(ARRAY(
                SELECT l.mentor_id FROM certification.listings AS l
                 WHERE l.organisation_id = p_organisation_id AND certification.is_overdue(l, v_day)
                   FOR NO KEY UPDATE SKIP LOCKED), p_notify => false);
            EXIT WHEN NOT EXISTS (
                SELECT 1 FROM certification.listings AS l
                 WHERE l.organisation_id = p_organisation_id AND certification.is_overdue(l, v_day));
            PERFORM pg_sleep(0.05);
        END LOOP;
    EXCEPTION WHEN SQLSTATE 'BRAKE' THEN
        -- the rollback has undone the first call as well
        PERFORM certification.brake_holds(p_organisation_id, 'expiry', v_n, v_of, p_run_id);
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
    SELECT * FROM certification.counts_of('expire', p_organisation_id, p_run_id)
    UNION ALL
    SELECT * FROM certification.counts_of('remind', p_organisation_id, p_run_id); -- collapsed by the expiry
END
$$;
COMMENT ON FUNCTION certification.expire_mentors IS
    'Move every active mentor whose last valid day was before p_as_of to certification_expired, and turn the '
    'website''s day; do neither if that would exceed the mass-change limit (I3, I5). Return due, changed, already, '
    'unreachable, skipped_… and braked (I12).';

CREATE OR REPLACE FUNCTION certification.reactivate_renewed(
    p_organisation_id uuid, p_as_of date, p_run_id uuid, p_everyone boolean DEFAULT false)
RETURNS TABLE (measure text, detail text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
BEGIN
    IF certification.begin_step('reactivate', p_organisation_id, p_as_of, p_run_id) THEN
        PERFORM certification.run_step('reactivate', p_organisation_id, p_as_of, p_run_id, p_everyone);
    END IF;
    RETURN QUERY SELECT * FROM certification.counts_of('reactivate', p_organisation_id, p_run_id);
END
$$;
COMMENT ON FUNCTION certification.reactivate_renewed IS
    'Move every mentor that is certification_expired and holds a certification valid on p_as_of back to active, where '
    'the organisation allows it (I3).';

CREATE OR REPLACE FUNCTION certification.changed_by_run(p_organisation_id uuid, p_run_id uuid) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(c.n), 0)::bigint FROM certification.run_counts AS c
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id AND c.measure = 'expiries_changed'
$$;
COMMENT ON FUNCTION certification.changed_by_run IS
    'Return how many mentors this run has expired in this organisation.';

-- Each mentor has one nearest threshold. It is claimed, or unreachable if the mentor has no usable address.
CREATE OR REPLACE FUNCTION certification.reminded_by_run(p_organisation_id uuid, p_run_id uuid) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(c.n), 0)::bigint FROM certification.run_counts AS c
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id
       AND c.measure IN ('reminders_claimed', 'reminders_unreachable')
$$;
COMMENT ON FUNCTION certification.reminded_by_run IS
    'Return for how many mentors this run has used up a reminder in this organisation.';

REVOKE ALL ON FUNCTION
    certification.begin_step, certification.active_mentors, certification.claim_reminders, certification.expire_mentors,
    certification.reactivate_renewed, certification.changed_by_run, certification.reminded_by_run
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.claim_reminders, certification.expire_mentors, certification.reactivate_renewed
TO certification_expiry_check;
