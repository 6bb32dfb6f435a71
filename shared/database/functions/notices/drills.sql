-- Drills: mails to the mailbox simulator of SES, whose events come the way that those of notices come. No notice, no
-- count of a run and no rate knows of them.

CREATE OR REPLACE FUNCTION certification.start_mail_drill(
    p_drill uuid, p_mailboxes text[], p_actor text, p_reason text) RETURNS TABLE (id uuid, mailbox text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('mail_drill', p_actor, p_reason, jsonb_build_object('drill', p_drill, 'n', cardinality(p_mailboxes)));
    RETURN QUERY
    INSERT INTO certification.mail_drills AS d (id, drill, mailbox)
    SELECT gen_random_uuid(), p_drill, m.mailbox FROM unnest(p_mailboxes) AS m (mailbox)
    RETURNING d.id, d.mailbox;
END
$$;
COMMENT ON FUNCTION certification.start_mail_drill IS
    'Record and audit a drill before its mails are sent. Return the id of each mail, its tag drill_id.';

CREATE OR REPLACE FUNCTION certification.record_drill_event(
    p_drill_id uuid, p_kind text, p_occurred_at timestamptz, p_code text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_arrivals text[] := '{delivered,bounced,complained}';
    v_new integer := CASE p_kind WHEN 'delivery' THEN 1 WHEN 'bounce' THEN 2 WHEN 'reject' THEN 2
                                 WHEN 'complaint' THEN 3 ELSE 0 END;
BEGIN
    UPDATE certification.mail_drills AS d
       SET received_at = clock_timestamp(),
           arrival = CASE WHEN x.is_stronger THEN v_arrivals[v_new] ELSE d.arrival END,
           arrival_at = CASE WHEN x.is_stronger THEN p_occurred_at ELSE d.arrival_at END,
           arrival_code = CASE WHEN x.is_stronger THEN certification.plain(p_code, 200) ELSE d.arrival_code END
      FROM certification.mail_drills AS o
     CROSS JOIN LATERAL (SELECT v_new > coalesce(array_position(v_arrivals, o.arrival), 0) AS is_stronger) AS x
     WHERE d.id = p_drill_id AND o.id = d.id;
    RETURN CASE WHEN FOUND THEN 'drill' ELSE 'unknown_drill' END;
END
$$;
COMMENT ON FUNCTION certification.record_drill_event IS
    'Record what SES says of a mail of a drill, whatever the order of its events: complained before bounced before '
    'delivered. Recording one again changes nothing but when it was last heard of. Return drill or unknown_drill.';

REVOKE ALL ON FUNCTION
    certification.start_mail_drill, certification.record_drill_event
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.start_mail_drill
TO certification_operations;
GRANT EXECUTE ON FUNCTION
    certification.record_drill_event
TO certification_mail_events;
GRANT SELECT ON certification.mail_drills TO certification_operations;
