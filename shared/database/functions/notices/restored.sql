-- After a restore: the nightly checks of the lost days run again, and write their notices again. The mails have been
-- sent, and what says so was lost with the database. Only a person knows when that was.

CREATE OR REPLACE FUNCTION certification.due_since(p_notice certification.notices, p_restored_to timestamptz)
RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE p_notice.kind
        WHEN 'reminder' THEN p_notice.certification_expiry_date - p_notice.threshold_day
        WHEN 'expired' THEN p_notice.certification_expiry_date + 1
        -- The renewal is in the restored tables (changed_since_restore), so the first check after them saw it.
        WHEN 'reactivated' THEN (p_restored_to AT TIME ZONE certification.zone_of(p_notice.organisation_id)
                                 - interval '15 minutes')::date + 1 END
$$;
COMMENT ON FUNCTION certification.due_since IS
    'Return the day whose nightly check wrote this notice first, if every check ran; null for a digest.';

CREATE OR REPLACE FUNCTION certification.plausible_loss(p_restored_to timestamptz, p_lost_at timestamptz)
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_restored_to < p_lost_at AND p_lost_at <= certification.present()
       AND p_restored_to >= certification.present() - interval '35 days'
$$;
COMMENT ON FUNCTION certification.plausible_loss IS
    'Return whether a database can have been restored to the first moment and lost at the second: neither has yet to '
    'come, and no backup is kept for more than 35 days.';

-- What the app changes raises the listing, which stays unsynced because dynamics_sync is stopped after a restore. A
-- listing that waited in the backup already counts as changed too: a second mail does less harm than none.
CREATE OR REPLACE FUNCTION certification.changed_since_restore(
    p_notice certification.notices, p_restored_to timestamptz)
RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM certification.listings AS l, certification.runs AS r
                    WHERE l.mentor_id = p_notice.mentor_id AND r.id = p_notice.run_id
                      -- The check that wrote the notice may have raised the listing itself.
                      AND l.changed_at < r.started_at
                      AND (l.synced_version < l.desired_version OR l.changed_at > p_restored_to))
$$;
COMMENT ON FUNCTION certification.changed_since_restore IS
    'Return whether the app may have changed this mentor between the restore and the check that wrote the notice. Then '
    'nobody was told before what the notice says.';

CREATE OR REPLACE FUNCTION certification.sent_before_restore(p_restored_to timestamptz, p_lost_at timestamptz)
RETURNS TABLE (notice_id bigint, organisation_id uuid, mentor_id uuid, kind text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.id, n.organisation_id, n.mentor_id, n.kind
      FROM certification.notices AS n
     CROSS JOIN LATERAL (SELECT certification.zone_of(n.organisation_id) AS zone OFFSET 0) AS z
     WHERE n.state = 'pending' AND n.mentor_id IS NOT NULL
       AND p_restored_to < p_lost_at
       AND NOT certification.changed_since_restore(n, p_restored_to)
       -- Mails go from nine o'clock, five times until 17:00. Between the two moments there was such an hour, and the
       -- quarter of an hour that a sending may take.
       AND EXISTS (
           SELECT 1 FROM generate_series((p_restored_to AT TIME ZONE z.zone)::date::timestamp + interval '9 hours',
                                         p_lost_at AT TIME ZONE z.zone, interval '1 hour') AS h (at)
            WHERE h.at >= certification.due_since(n, p_restored_to)
              AND h.at + interval '15 minutes' <= p_lost_at AT TIME ZONE z.zone
              AND extract(hour FROM h.at) BETWEEN 9 AND 17 AND extract(hour FROM h.at)::integer % 2 = 1
              AND h.at > p_restored_to AT TIME ZONE z.zone)
     ORDER BY n.id
$$;
COMMENT ON FUNCTION certification.sent_before_restore IS
    'Return the waiting notices to mentors that went out, by all likelihood, before the database was lost: they were '
    'due by a sending that ended between the moment that it was restored to and the moment that it was lost, and the '
    'app has not changed the mentor since (I1, I2, I4).';

CREATE OR REPLACE FUNCTION certification.hold_back_sent(p_restored_to timestamptz, p_lost_at timestamptz,
                                                        p_actor text, p_reason text)
RETURNS TABLE (notice_id bigint, organisation_id uuid, mentor_id uuid, kind text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH held AS (
        UPDATE certification.notices AS n
           SET state = 'superseded', reason = 'sent_before_restore', settled_at = clock_timestamp()
          FROM certification.sent_before_restore(p_restored_to, p_lost_at) AS s
         WHERE n.id = s.notice_id AND n.state = 'pending'
        RETURNING n.id, n.organisation_id, n.mentor_id, n.kind
    ), audited AS (
        INSERT INTO certification.audit (action, actor, reason, facts)
        SELECT 'hold_back_sent', p_actor, p_reason,
               jsonb_build_object('restored_to', p_restored_to, 'lost_at', p_lost_at, 'notices', count(*))
          FROM held AS h HAVING count(*) > 0
    )
    SELECT h.id, h.organisation_id, h.mentor_id, h.kind FROM held AS h ORDER BY h.id;
END
$$;
COMMENT ON FUNCTION certification.hold_back_sent IS
    'Settle the notices of certification.sent_before_restore as superseded, so that nobody gets a mail twice, write '
    'the audit, and return them (I1, I4).';

CREATE OR REPLACE FUNCTION certification.release_held_back(p_actor text, p_reason text)
RETURNS TABLE (notice_id bigint, organisation_id uuid, mentor_id uuid, kind text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH released AS (
        UPDATE certification.notices AS n
           SET state = 'pending', reason = NULL, settled_at = NULL
         WHERE n.state = 'superseded' AND n.reason = 'sent_before_restore'
        RETURNING n.id, n.organisation_id, n.mentor_id, n.kind
    ), audited AS (
        INSERT INTO certification.audit (action, actor, reason, facts)
        SELECT 'release_held_back', p_actor, p_reason, jsonb_build_object('notices', count(*))
          FROM released AS r HAVING count(*) > 0
    )
    SELECT r.id, r.organisation_id, r.mentor_id, r.kind FROM released AS r ORDER BY r.id;
END
$$;
COMMENT ON FUNCTION certification.release_held_back IS
    'Have the notices of certification.hold_back_sent wait again, because they did not go out, write the audit, and '
    'return them (I2). The next sending still leaves out what is no longer true.';

REVOKE ALL ON FUNCTION
    certification.due_since, certification.plausible_loss, certification.changed_since_restore,
    certification.sent_before_restore, certification.hold_back_sent, certification.release_held_back
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.plausible_loss, certification.sent_before_restore, certification.hold_back_sent,
    certification.release_held_back
TO certification_operations;
