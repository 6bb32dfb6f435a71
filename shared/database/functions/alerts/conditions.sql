-- The conditions that are true now. `current_conditions` is one query, longer than a file should be, so that all
-- conditions describe the same moment.

CREATE OR REPLACE FUNCTION certification.first_ids(p_ids uuid[]) RETURNS uuid[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT array_agg(i.id ORDER BY i.id) FROM (
        SELECT u.id FROM unnest(p_ids) AS u (id) WHERE u.id IS NOT NULL ORDER BY u.id LIMIT 20) AS i), '{}')
$$;
COMMENT ON FUNCTION certification.first_ids IS
    'Return the first twenty ids in id order, without nulls.';

-- Alerts must still be found while the app's tables do not fit the contract. That fault is reported as well, because
-- the run failed with an SQLSTATE.
CREATE OR REPLACE FUNCTION certification.not_to_be_listed(p_mentor_ids uuid[]) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT w.mentor_id FROM certification.wanted_listings(p_mentor_ids) AS w WHERE NOT w.listed;
EXCEPTION WHEN OTHERS THEN
    RETURN;
END
$$;
COMMENT ON FUNCTION certification.not_to_be_listed IS
    'Return those of these mentors that must not be listed; no rows while the app''s tables cannot be read.';

CREATE OR REPLACE FUNCTION certification.held_by_brake(p_kind text, p_organisation_id uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_zone text;
    v_today date := certification.today_in('Europe/Oslo');
    v_thresholds smallint[] := certification.effective_thresholds(p_organisation_id);
BEGIN
    v_zone := certification.zone_of(p_organisation_id);
    RETURN ARRAY(
        SELECT m.id FROM public.peer_mentors AS m JOIN public.certifications AS c ON c.mentor_id = m.id
         CROSS JOIN LATERAL certification.day_of(c.expires_on, v_zone) AS e (day)
         CROSS JOIN LATERAL (SELECT min(x.day) FROM unnest(v_thresholds) AS x (day)
                              WHERE e.day <= v_today + x.day) AS n (threshold) -- the nearest threshold reached
         WHERE m.organisation_id = p_organisation_id AND certification.is_status(m.status::text, 'active')
           AND CASE p_kind WHEN 'expiry' THEN e.day < v_today
                    ELSE e.day >= v_today AND n.threshold IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM certification.cert_expiry_reminders AS r
                         WHERE r.mentor_id = m.id AND r.certification_expiry_date = e.day
                           AND r.threshold_day = n.threshold) END
         ORDER BY m.id LIMIT 20);
EXCEPTION WHEN OTHERS THEN
    RETURN '{}';
END
$$;
COMMENT ON FUNCTION certification.held_by_brake IS
    'Return the first twenty mentors that the brake keeps from being expired or reminded; none while the app''s '
    'tables cannot be read.';

CREATE OR REPLACE FUNCTION certification.current_conditions()
RETURNS TABLE (condition text, subject text, since timestamptz, n bigint, ids uuid[], mark text, facts jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET jit = off SET search_path = pg_catalog, pg_temp AS $$
    WITH state AS MATERIALIZED (SELECT s.* FROM certification.sync_state AS s),
    unsynced AS MATERIALIZED (
        SELECT l.mentor_id, l.state, l.changed_at, l.claimed_until, l.website,
               l.reason IS NOT DISTINCT FROM 'brake' AS braked
          FROM certification.listings AS l
         WHERE l.synced_version < l.desired_version
    ), open AS MATERIALIZED (
        SELECT f.* FROM certification.findings AS f WHERE f.closed_at IS NULL
    ), late AS MATERIALIZED (
        -- Mentors that must not be listed, may still be on the website, and that the sync has not hidden.
        SELECT u.mentor_id, u.changed_at FROM unsynced AS u
          JOIN certification.not_to_be_listed(ARRAY(
              SELECT x.mentor_id FROM unsynced AS x
               WHERE x.website IS NOT NULL AND NOT x.braked
                 AND x.changed_at < clock_timestamp() - interval '10 minutes')) AS w (mentor_id)
            ON w.mentor_id = u.mentor_id
    ), watched AS (
        SELECT f.run AS function, f.longest_silence AS silence FROM certification.functions() AS f
         WHERE f.run IS NOT NULL
    ), last_run AS MATERIALIZED (
        SELECT k.function, r.* FROM watched AS k
         CROSS JOIN LATERAL (
               -- No function may run for twenty minutes. A run that was cut off could not record its own end.
               SELECT r.id, CASE r.state WHEN 'running' THEN 'failed' ELSE r.state END AS state, coalesce(r.reason,
                      CASE r.state WHEN 'running' THEN 'never_ended' END) AS reason, r.website_codes,
                      r.scheduled_at, coalesce(r.ended_at, r.started_at) AS ended_at
                 FROM certification.runs AS r
                WHERE r.function = k.function
                  AND (r.state <> 'running' OR r.started_at < clock_timestamp() - interval '20 minutes')
                ORDER BY r.started_at DESC LIMIT 1) AS r
    ), last_good AS MATERIALIZED (
        SELECT k.function, k.silence, (
               SELECT r.started_at FROM certification.runs AS r
                WHERE r.function = k.function AND r.state IN ('succeeded', 'degraded')
                ORDER BY r.started_at DESC LIMIT 1) AS at,
               (SELECT min(a.applied_at) FROM certification.migrations AS a) AS installed_at
          FROM watched AS k
    ), sent AS MATERIALIZED (
        SELECT coalesce(sum(c.n) FILTER (WHERE c.measure = 'notices_sent'), 0) AS sent,
               coalesce(sum(c.n) FILTER (WHERE c.measure IN ('notices_given_back', 'notices_outcome_unknown')), 0)
               -- What was written off for its address says nothing of SES.
               + (SELECT count(*) FROM last_run AS f JOIN certification.notices AS u ON u.sender_run_id = f.id
                   WHERE f.function = 'send_notices' AND u.state = 'undeliverable'
                     AND NOT certification.is_about_the_address(u.reason))
               -- At night nothing is sent, so waiting is not a fault.
               + coalesce(sum(c.n) FILTER (WHERE c.measure = 'notices_waiting'
                     AND extract(hour FROM r.scheduled_at AT TIME ZONE 'Europe/Oslo') BETWEEN 8 AND 19), 0) AS unsent,
               max(r.ended_at) AS at
          FROM last_run AS r JOIN certification.run_counts AS c ON c.run_id = r.id
         WHERE r.function = 'send_notices'
    ), mail AS MATERIALIZED (
        SELECT o.* FROM certification.mail_outcomes(clock_timestamp() - interval '30 days') AS o
    ), secret AS (
        SELECT s.secret_ends_on - certification.today_in('Europe/Oslo') AS days_left, s.secret_ends_on, s.checked_at,
               s.secret_ended AS is_outage, s.credential_form
          FROM state AS s
    ), still_shown AS (
        -- Mentors that an outage keeps on the website although they must not be listed.
        SELECT u.mentor_id FROM unsynced AS u
          JOIN certification.not_to_be_listed(ARRAY(
              SELECT x.mentor_id FROM unsynced AS x WHERE x.website IS NOT NULL AND NOT x.braked)) AS w (mentor_id)
            ON w.mentor_id = u.mentor_id
    ), outage AS MATERIALIZED (
        SELECT CASE WHEN s.stopped_since IS NOT NULL THEN 'website_refuses_us'
                    ELSE 'website_unreachable' END AS condition,
               coalesce(s.stopped_since, s.failing_since) AS since, coalesce(s.stopped_reason, s.check_reason) AS reason
          FROM state AS s
         WHERE s.stopped_since IS NOT NULL OR s.failing_since < clock_timestamp() - interval '15 minutes'
               -- A run that failed because of the outage needs no alert of its own.
            OR EXISTS (SELECT 1 FROM last_run AS r WHERE r.function <> 'reconciliation_sweep' AND r.state = 'failed'
                          AND r.ended_at >= s.failing_since
                          AND certification.is_about_the_website(r.reason, r.website_codes))
    )
    SELECT o.condition, '', o.since, (SELECT count(*) FROM unsynced AS u WHERE u.state <> 'rejected'),
           certification.first_ids(ARRAY(SELECT x.mentor_id FROM still_shown AS x)), '',
           jsonb_build_object('reason', o.reason, 'still_shown', (SELECT count(*) FROM still_shown))
      FROM outage AS o
    UNION ALL
    SELECT 'secret_ending', '', s.checked_at, s.days_left, '{}'::uuid[],
           CASE WHEN s.days_left > 14 THEN '30' WHEN s.days_left > 7 THEN '14' ELSE s.days_left::text END,
           jsonb_build_object('ends_on', s.secret_ends_on, 'form', s.credential_form)
      FROM secret AS s WHERE s.days_left BETWEEN 0 AND 30
    UNION ALL
    -- Sent when the secret ends, and then daily, as for every outage.
    SELECT 'secret_ended', '', (s.secret_ends_on + 1)::timestamp AT TIME ZONE 'Europe/Oslo', -s.days_left, '{}', '',
           jsonb_build_object('ends_on', s.secret_ends_on, 'form', s.credential_form)
      FROM secret AS s WHERE s.days_left < 0 AND NOT (s.is_outage AND EXISTS (SELECT 1 FROM outage))
    UNION ALL
    SELECT 'secret_without_end_date', '', s.healthy_at, 1, '{}', '', '{}'
      FROM state AS s WHERE s.healthy_at IS NOT NULL AND s.check_reason IS NULL AND s.secret_ends_on IS NULL
       AND s.credential_form IS DISTINCT FROM 'federation' -- it has no end
    UNION ALL
    SELECT 'pending_secret_refused', '', s.checked_at, 1, '{}', '', jsonb_build_object('reason', s.pending_secret)
      FROM state AS s WHERE s.pending_secret NOT IN ('none', 'good')
       -- A person who rotates just now reads it on the screen.
       AND NOT EXISTS (SELECT 1 FROM certification.credential_rotations AS r
                        WHERE s.pending_version IN (r.id::text, r.previous_version)
                          AND r.changed_at > clock_timestamp() - interval '15 minutes')
    UNION ALL
    SELECT 'listed_but_invalid', '', min(x.at), count(DISTINCT x.mentor_id),
           certification.first_ids(array_agg(DISTINCT x.mentor_id)), '', '{}'
      FROM (SELECT f.mentor_id, f.opened_at AS at FROM open AS f
             WHERE f.class = 'listed_but_invalid' AND f.cause <> 'brake' -- the brake's own condition reports it
            UNION ALL SELECT l.mentor_id, l.changed_at FROM late AS l) AS x
    HAVING count(*) > 0
    UNION ALL
    SELECT 'orphan_listed', '', min(f.opened_at), count(*),
           certification.first_ids(array_agg(coalesce(f.row_id, f.mentor_id))), '', '{}'
      FROM open AS f WHERE f.class = 'orphan' HAVING count(*) > 0
    UNION ALL
    SELECT 'not_converging', '', min(f.opened_at), count(*), certification.first_ids(array_agg(f.mentor_id)), '', '{}'
      FROM open AS f WHERE f.repairs >= 2 AND f.seen_at > f.repaired_at HAVING count(*) > 0
    UNION ALL
    SELECT 'listings_rejected', '', min(l.changed_at), count(*),
           certification.first_ids(array_agg(l.mentor_id)), '', '{}'
      FROM certification.listings AS l
     WHERE l.synced_version < l.desired_version AND l.state = 'rejected' HAVING count(*) > 0
    UNION ALL
    SELECT 'claim_stuck', 'notices', min(c.claimed_at), count(*),
           certification.first_ids(array_agg(coalesce(c.mentor_id, c.coordinator_id))), '', '{}'
      FROM certification.notices AS c
     WHERE c.state = 'claimed' AND c.claimed_at < clock_timestamp() - interval '30 minutes' HAVING count(*) > 0
    UNION ALL
    SELECT 'claim_stuck', 'listings', min(u.claimed_until), count(*),
           certification.first_ids(array_agg(u.mentor_id)), '', '{}'
      FROM unsynced AS u
     WHERE u.state = 'sending' AND u.claimed_until < clock_timestamp() - interval '10 minutes' HAVING count(*) > 0
    UNION ALL
    SELECT 'none_sent', '', s.at, s.unsent::bigint, '{}', '', jsonb_build_object('due', s.unsent, 'sent', 0)
      FROM sent AS s WHERE s.sent = 0 AND s.unsent > 0
    UNION ALL
    SELECT 'run_' || r.state, r.function, r.ended_at, 1, ARRAY[r.id], '', jsonb_build_object('reason', y.reason)
      FROM last_run AS r
     CROSS JOIN LATERAL (SELECT CASE r.state WHEN 'degraded' THEN certification.standing_reasons(r.id)
                                     ELSE r.reason END AS reason) AS y
     WHERE (r.state = 'degraded' AND y.reason <> ''
            OR r.state = 'failed'
               AND NOT (certification.is_about_the_website(r.reason, r.website_codes)
                        AND EXISTS (SELECT 1 FROM outage)))
       -- The next sweep comes in five minutes, so only three unsuccessful sweeps in a row are worth a message.
       AND (r.function <> 'reconciliation_sweep' OR NOT EXISTS (
           SELECT 1 FROM (SELECT x.state FROM certification.runs AS x
                           WHERE x.function = r.function AND x.state <> 'running'
                           ORDER BY x.started_at DESC LIMIT 3) AS y
            WHERE y.state = 'succeeded')
           AND (SELECT count(*) FROM (SELECT 1 FROM certification.runs AS x
                                       WHERE x.function = r.function AND x.state <> 'running' LIMIT 3) AS z) = 3)
    UNION ALL
    SELECT 'run_missing', g.function, coalesce(g.at, g.installed_at), 1, '{}', '',
           jsonb_build_object('longest_silence_minutes', round(extract(epoch FROM g.silence) / 60))
      FROM last_good AS g WHERE coalesce(g.at, g.installed_at) < clock_timestamp() - g.silence
    UNION ALL
    SELECT 'unsynced_too_old', '', min(u.changed_at), count(*),
           certification.first_ids(array_agg(u.mentor_id)), '', '{}'
      FROM unsynced AS u
     WHERE u.state <> 'rejected' AND NOT u.braked AND u.changed_at < clock_timestamp() - interval '15 minutes'
       AND NOT EXISTS (SELECT 1 FROM outage) -- the outage alert already says how many wait
    HAVING count(*) > 0
    UNION ALL
    SELECT 'dead_letters', q.queue, q.seen_at, q.n, '{}', '', '{}'
      FROM certification.queue_depths AS q WHERE q.queue IN ('SyncDeadLetters', 'DeadLetters') AND q.n > 0
    UNION ALL
    -- A missed change is taken up within minutes. Operations still hears for a day that it happened.
    SELECT 'changes_missed', '', min(c.missed_at), count(*),
           ARRAY(SELECT DISTINCT u.id FROM certification.missed_changes AS x CROSS JOIN unnest(x.mentor_ids) AS u (id)
                  WHERE x.taken_up_at IS NULL OR x.missed_at > clock_timestamp() - interval '1 day'
                  ORDER BY u.id LIMIT 20),
           '', jsonb_build_object('reason', 'database_' || max(c.sqlstate))
      FROM certification.missed_changes AS c
     WHERE c.taken_up_at IS NULL OR c.missed_at > clock_timestamp() - interval '1 day' HAVING count(*) > 0
    UNION ALL
    SELECT 'duplicates', '', min(d.found_at), count(*),
           certification.first_ids(array_agg(DISTINCT d.mentor_id)), '', '{}'
      FROM certification.duplicates AS d WHERE d.reviewed_at IS NULL HAVING count(*) > 0
    UNION ALL
    SELECT 'brake', b.organisation_id || ':' || b.kind, b.tripped_at, b.n,
           certification.first_ids(CASE b.kind
               WHEN 'expiry' THEN certification.held_by_brake(b.kind, b.organisation_id)
               WHEN 'reminder' THEN certification.held_by_brake(b.kind, b.organisation_id)
               ELSE ARRAY(SELECT f.mentor_id FROM open AS f WHERE f.organisation_id = b.organisation_id
                           ORDER BY f.mentor_id LIMIT 20) END),
           '', jsonb_build_object('of', b.of_n, 'kind', b.kind, 'organisation_id', b.organisation_id)
      FROM certification.brakes AS b
     WHERE b.closed_at IS NULL AND NOT certification.brake_release_is_in_force(b.released_at)
    UNION ALL
    SELECT 'website_result_small', '', p.at, 1, '{}', '', '{}'
      FROM (SELECT q.* FROM certification.proofs AS q ORDER BY q.at DESC LIMIT 1) AS p
     WHERE p.reason = 'website_result_small'
    UNION ALL
    SELECT 'structure_damaged', '',
           coalesce((SELECT a.since FROM certification.alerts AS a
                      WHERE a.condition = 'structure_damaged' AND a.closed_at IS NULL), clock_timestamp()),
           sum(d.n)::bigint, '{}', '',
           jsonb_object_agg(d.damage, CASE WHEN length(d.names) <= 300 THEN d.names
                                            ELSE substring(d.names FROM '^(.{1,290}),') || ',...' END)
      FROM (SELECT x.damage, count(*) AS n,
                   string_agg(regexp_replace(x.name, '^certification\.|\(.*', '', 'g'), ',' ORDER BY x.name) AS names
              FROM certification.structure_damage() AS x
             -- The condition trigger_off reports these.
             WHERE NOT (x.kind = 'trigger' AND x.damage IN ('missing', 'disabled'))
             GROUP BY x.damage) AS d
    HAVING count(*) > 0
    UNION ALL
    SELECT 'past_triggers', '', min(p.found_at), count(*), certification.first_ids(array_agg(p.mentor_id)), '', '{}'
      FROM certification.past_triggers AS p
     WHERE p.found_at > clock_timestamp() - interval '24 hours' HAVING count(*) > 0
    UNION ALL
    -- Every complaint is sent, and none daily: the mark is that of the newest (claim_unsent_alerts).
    SELECT 'mail_complained', '', min(e.received_at), count(*),
           certification.first_ids(array_agg(DISTINCT coalesce(n.mentor_id, n.coordinator_id))), max(e.id)::text,
           -- What operations does about a digest is something else.
           CASE WHEN bool_and(n.kind = 'digest') THEN '{"form": "digest"}'
                WHEN bool_or(n.kind = 'digest') THEN '{"form": "mixed"}' ELSE '{}' END::jsonb
      FROM certification.mail_events AS e JOIN certification.notices AS n ON n.id = e.notice_id
     WHERE e.kind = 'complaint' AND e.received_at > clock_timestamp() - interval '7 days' HAVING count(*) > 0
    UNION ALL
    -- Another digest that came back is sent at once (the mark).
    SELECT 'coordinator_mail_bounced', '', r.since, r.n, r.ids, r.mark, '{}'
      FROM certification.coordinators_not_reached() AS r
    UNION ALL
    SELECT 'fallback_unusable', '', r.since, r.n, r.ids, r.mark, '{}' FROM certification.fallbacks_unusable() AS r
    UNION ALL
    SELECT 'mail_not_reported', '', r.since, r.n, r.ids, r.mark, '{}' FROM certification.mentors_not_reported() AS r
    UNION ALL
    -- In whole numbers, so that a rate of exactly the limit is not above it.
    SELECT r.condition, '',
           coalesce((SELECT a.since FROM certification.alerts AS a
                      WHERE a.condition = r.condition AND a.closed_at IS NULL), clock_timestamp()),
           r.n, '{}', '', jsonb_build_object('sent', m.sent, 'percent', round(100.0 * r.n / m.sent, 2)::text)
      FROM mail AS m
     CROSS JOIN LATERAL (VALUES ('bounce_rate_high', m.bounced, 250), ('complaint_rate_high', m.complained, 5)) AS r
           (condition, n, of_10000)
     WHERE m.sent > 500 AND r.n * 10000 > m.sent * r.of_10000
    UNION ALL
    SELECT 'mail_events_missing', '', min(n.settled_at), count(*), '{}', '', '{}'
      FROM certification.notices AS n
     WHERE n.state = 'sent' AND coalesce(n.arrival, 'unknown') = 'unknown'
       -- A version before tags kept no digest, and no event finds its mails.
       AND n.address_digest IS NOT NULL
       AND n.settled_at > certification.last_sign_of_mail_events()
       AND n.settled_at < clock_timestamp() - interval '24 hours'
       -- An event may be here before the sender has settled.
       AND NOT EXISTS (SELECT 1 FROM certification.mail_events AS e WHERE e.notice_id = n.id)
    HAVING count(*) > 0
    UNION ALL
    -- Events came meanwhile, of other mails: those of deliveries are lost or switched off.
    SELECT 'mail_events_missing', 'partly', min(n.settled_at) FILTER (WHERE x.is_lost),
           count(*) FILTER (WHERE x.is_lost), '{}', '', jsonb_build_object('sent', count(*))
      FROM certification.notices AS n
     CROSS JOIN LATERAL (SELECT coalesce(n.arrival, 'unknown') = 'unknown' AND EXISTS (
           SELECT 1 FROM certification.mail_events AS e
            WHERE e.received_at BETWEEN n.settled_at AND n.settled_at + interval '24 hours') AS is_lost) AS x
     WHERE n.state = 'sent' AND n.address_digest IS NOT NULL
       AND n.settled_at BETWEEN clock_timestamp() - interval '7 days' AND clock_timestamp() - interval '24 hours'
    HAVING count(*) > 20 AND count(*) FILTER (WHERE x.is_lost) * 2 > count(*)
    UNION ALL
    SELECT 'trigger_off', t.relation, clock_timestamp(), count(*), '{}', '',
           jsonb_build_object('triggers', string_agg(t.name, ',' ORDER BY t.name))
      FROM certification.triggers_off() AS t GROUP BY t.relation
$$;
COMMENT ON FUNCTION certification.current_conditions IS
    'Return everything that operations has to know now, one row per condition and subject (I10, I12). Ids, codes and '
    'numbers only (I11).';

REVOKE ALL ON FUNCTION
    certification.first_ids, certification.not_to_be_listed, certification.held_by_brake,
    certification.current_conditions
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.current_conditions
TO certification_operations, certification_operations_reader;
