-- The step that claims reminders (I1, I2).

-- The dates go into the statement below as constants (custom plans only), so that the planner can estimate them. It
-- then joins by hash after a long outage, and by index in an ordinary nightly check. It cannot estimate bounds that
-- come from a table, and would always join by hash.
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
COMMENT ON FUNCTION certification.dates_to_remind IS
    'Return the expiry dates that have reached a threshold since the last nightly check (I2); null if every date has '
    'to be scanned.';

CREATE OR REPLACE FUNCTION certification.remind_set(
    p_organisation_id uuid, p_as_of date, p_run_id uuid, p_thresholds smallint[], p_again uuid[], p_beyond boolean)
RETURNS void
LANGUAGE plpgsql SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan
    SET search_path = pg_catalog, pg_temp AS $$
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
             WHERE v_dates IS NULL AND certification.day_of(c.expires_on, v_zone) <= v_until
               AND c.mentor_id <> ALL (p_again)
            UNION ALL
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone), false
              FROM public.certifications AS c
             WHERE certification.day_of(c.expires_on, v_zone) = ANY (v_dates) AND c.mentor_id <> ALL (p_again)
            UNION ALL
            SELECT c.mentor_id, certification.day_of(c.expires_on, v_zone), true
              FROM public.certifications AS c
             WHERE c.mentor_id = ANY (p_again)
        ), reached AS (
            SELECT c.mentor_id, t.day, c.expires_on, certification.is_status(m.status::text, 'active') AS active,
                   m.coordinator_id, c.again,
                   CASE WHEN c.expires_on < p_as_of THEN 'expired'
                        WHEN c.expires_on <= p_as_of + t.nearer THEN 'nearer_threshold'
                        ELSE coalesce(certification.mail_problem(m.email::text), u.reason) END AS reason,
                   c.expires_on >= p_as_of AND (t.nearer IS NULL OR c.expires_on > p_as_of + t.nearer) AS nearest
              FROM candidate AS c
              JOIN public.peer_mentors AS m ON m.id = c.mentor_id
              JOIN threshold AS t ON c.expires_on <= p_as_of + t.day AND (c.again OR c.expires_on > t.through)
              -- As certification.address_problem, for all of them at once.
              LEFT JOIN certification.unusable_addresses AS u
                ON u.address_digest = certification.address_digest(m.email::text)
             WHERE m.organisation_id = p_organisation_id
               -- An expired mentor is notified of the expiry instead. The step that expires collapses these thresholds,
               -- so that the brake rolls both back together. An impossible date is caught here too and becomes a step
               -- failure.
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
            -- This notice was claimed but not sent, because the mentor was paused or had another date at that moment.
            -- It is due again now.
            UPDATE certification.notices AS n
               SET state = 'pending', reason = NULL, sender_run_id = NULL, settled_at = NULL
              FROM reached AS e
             WHERE e.again AND e.nearest AND e.active
               AND n.mentor_id = e.mentor_id AND n.certification_expiry_date = e.expires_on AND n.threshold_day = e.day
               AND n.kind = 'reminder' AND n.state = 'superseded' AND n.reason IN ('status_changed', 'renewed')
            RETURNING 1
        ), notified AS (
            SELECT c.mentor_id, c.state, e.coordinator_id
              FROM claimed AS c
              JOIN reached AS e ON e.mentor_id = c.mentor_id AND e.day = c.threshold_day AND e.nearest
             WHERE c.state <> 'collapsed'
        ), digest AS (
            INSERT INTO certification.notices (run_id, organisation_id, kind, coordinator_id)
            SELECT DISTINCT p_run_id, p_organisation_id, 'digest', t.coordinator_id
              FROM notified AS t
             WHERE t.coordinator_id IS NOT NULL
            ON CONFLICT (run_id, coordinator_id) WHERE coordinator_id IS NOT NULL AND fallback_of IS NULL DO NOTHING
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
        SELECT 'unnotified', 'remind', count(DISTINCT t.mentor_id) FROM notified AS t
         WHERE t.state = 'unreachable' AND t.coordinator_id IS NULL
        UNION ALL
        SELECT 'notices_written', 'reminder', (SELECT count(*) FROM notice) + (SELECT count(*) FROM reopened)
        UNION ALL
        SELECT 'notices_written', 'digest', count(*) FROM digest
    LOOP
        PERFORM certification.add_count(p_run_id, p_organisation_id, v.measure, v.detail, v.n);
    END LOOP;
END
$$;
COMMENT ON FUNCTION certification.remind_set IS
    'Claim every threshold that was reached and not yet claimed, once per mentor, threshold and expiry date (I1). The '
    'nearest becomes a notice and the others are collapsed, so an outage of any length loses none (I2).';

REVOKE ALL ON FUNCTION
    certification.dates_to_remind, certification.remind_set
FROM PUBLIC;
