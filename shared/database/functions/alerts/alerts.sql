-- An alert records that a condition was seen and which messages about it were sent.

CREATE OR REPLACE FUNCTION certification.record_alerts() RETURNS TABLE (measure text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    -- Runs take turns here, and each run reads after the previous one has written. So no run closes an alert that
    -- another run has just opened.
    LOCK TABLE certification.alerts IN SHARE ROW EXCLUSIVE MODE;
    RETURN QUERY
    WITH current_condition AS MATERIALIZED (SELECT * FROM certification.current_conditions()),
    recorded AS (
        INSERT INTO certification.alerts AS a (condition, subject, since, n, ids, facts, mark)
        SELECT t.condition, t.subject, coalesce(t.since, clock_timestamp()), t.n, t.ids, t.facts, t.mark
          FROM current_condition AS t
        ON CONFLICT (condition, subject) WHERE closed_at IS NULL DO UPDATE
           SET seen_at = clock_timestamp(), n = excluded.n, ids = excluded.ids,
               facts = excluded.facts, mark = excluded.mark
        RETURNING a.xmax = 0 AS is_new
    ), over AS (
        UPDATE certification.alerts AS a SET closed_at = clock_timestamp()
         WHERE a.closed_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM current_condition AS t
                            WHERE t.condition = a.condition AND t.subject = a.subject)
        RETURNING 1
    )
    SELECT 'alerts_open', (SELECT count(*) FROM recorded)
    UNION ALL SELECT 'alerts_opened', (SELECT count(*) FROM recorded AS o WHERE o.is_new)
    UNION ALL SELECT 'alerts_closed', (SELECT count(*) FROM over);
END
$$;
COMMENT ON FUNCTION certification.record_alerts IS
    'Open an alert for each new condition, and close each alert whose condition is over (I10, I12). Return how many '
    'are open, were opened and were closed.';

CREATE OR REPLACE FUNCTION certification.claim_unsent_alerts()
RETURNS TABLE (
    id bigint, kind text, condition text, subject text, since timestamptz, closed_at timestamptz, n bigint, ids uuid[],
    facts jsonb, mark text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH due AS (
        SELECT a.id FROM certification.alerts AS a
         WHERE a.closing_sent_at IS NULL AND (a.sending_until IS NULL OR a.sending_until < clock_timestamp())
           AND (a.closed_at IS NOT NULL OR a.sent_at IS NULL
                -- The mark of these is the newest id: it falls when that is deleted, or is over, which is no news.
                OR CASE WHEN a.condition IN ('mail_complained', 'coordinator_mail_bounced')
                        THEN nullif(a.mark, '')::bigint > coalesce(nullif(a.sent_mark, '')::bigint, 0)
                        ELSE a.sent_mark <> a.mark END
                OR a.condition NOT IN ('secret_ending', 'secret_without_end_date', 'mail_complained')
                   AND a.sent_at < clock_timestamp() - interval '24 hours')
         ORDER BY a.id
           FOR UPDATE SKIP LOCKED
    )
    UPDATE certification.alerts AS a
       SET sending_until = clock_timestamp() + interval '2 minutes', sending_by = session_user, sending_mark = a.mark,
           sending_kind = CASE WHEN a.closed_at IS NOT NULL THEN 'closed'
                               WHEN a.sent_at IS NULL THEN 'opened' ELSE 'reminder' END
      FROM due AS d WHERE a.id = d.id
    RETURNING a.id, a.sending_kind,
              a.condition, a.subject, a.since, a.closed_at, a.n, a.ids, a.facts, a.mark
$$;
COMMENT ON FUNCTION certification.claim_unsent_alerts IS
    'Claim and return the alerts to send now: the new ones, the ones of which there is news (the mark), the ones open '
    'for another day, and the closed ones. The claim keeps other runs away for two minutes.';

CREATE OR REPLACE FUNCTION certification.mark_alert_sent(p_id bigint, p_kind text, p_mark text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.alerts AS a
       SET sent_at = coalesce(CASE WHEN a.sending_kind = 'closed' THEN a.sent_at END, clock_timestamp()),
           sent_mark = a.sending_mark,
           closing_sent_at = CASE WHEN a.sending_kind = 'closed' THEN clock_timestamp() END,
           sending_until = NULL, sending_by = NULL, sending_kind = NULL, sending_mark = NULL
     WHERE a.id = p_id AND a.sending_by = session_user AND (a.sending_kind, a.sending_mark) = (p_kind, p_mark)
$$;
COMMENT ON FUNCTION certification.mark_alert_sent IS
    'Record that the message claimed by this login was sent. A message with another claim, kind or mark is left as it '
    'is.';

REVOKE ALL ON FUNCTION
    certification.record_alerts, certification.claim_unsent_alerts, certification.mark_alert_sent
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.record_alerts, certification.claim_unsent_alerts, certification.mark_alert_sent
TO certification_scheduled, certification_dynamics_sync, certification_force_sync, certification_mail_events;
