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
    v_arrival text;
BEGIN
    -- Two events at once: the second compares with what the first has left.
    SELECT d.arrival INTO v_arrival FROM certification.mail_drills AS d WHERE d.id = p_drill_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown_drill';
    END IF;
    UPDATE certification.mail_drills AS d SET received_at = clock_timestamp() WHERE d.id = p_drill_id;
    IF v_new > coalesce(array_position(v_arrivals, v_arrival), 0) THEN
        UPDATE certification.mail_drills AS d
           SET arrival = v_arrivals[v_new], arrival_at = p_occurred_at,
               arrival_code = certification.plain(p_code, 200)
         WHERE d.id = p_drill_id;
    END IF;
    RETURN 'drill';
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
