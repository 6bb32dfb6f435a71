-- Test alerts: a message to operations that is about nothing, and the word of a person who has read it. What SNS
-- accepts
-- is heard by somebody only if a subscription is confirmed and its messages are read.

CREATE OR REPLACE FUNCTION certification.start_alert_test(p_code text, p_actor text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('test_alert', p_actor, p_reason, jsonb_build_object('code', p_code));
    INSERT INTO certification.alert_tests (code) VALUES (p_code);
END
$$;
COMMENT ON FUNCTION certification.start_alert_test IS
    'Record and audit a test alert before it is published.';

CREATE OR REPLACE FUNCTION certification.settle_alert_test(p_code text)
RETURNS TABLE (started_at timestamptz, published_at timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.alert_tests AS t SET published_at = coalesce(t.published_at, clock_timestamp())
     WHERE t.code = p_code RETURNING t.started_at, t.published_at
$$;
COMMENT ON FUNCTION certification.settle_alert_test IS
    'Record that SNS took a test alert. Return when it began, and when that was.';

CREATE OR REPLACE FUNCTION certification.acknowledge_alert_test(p_code text, p_actor text)
RETURNS TABLE (result text, started_at timestamptz, acknowledgements integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_test certification.alert_tests;
BEGIN
    -- Two persons at once: the second waits, and is counted too.
    SELECT t.* INTO v_test FROM certification.alert_tests AS t WHERE t.code = p_code FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'unknown', NULL::timestamptz, 0;
        RETURN;
    END IF;
    IF EXISTS (SELECT 1 FROM certification.audit AS a
                WHERE a.action = 'acknowledge_test_alert' AND a.facts ->> 'code' = p_code
                  AND lower(btrim(a.actor)) = lower(btrim(p_actor))) THEN
        RETURN QUERY SELECT 'again', v_test.started_at, v_test.acknowledgements;
        RETURN;
    END IF;
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('acknowledge_test_alert', p_actor, 'read the test alert', jsonb_build_object('code', p_code));
    UPDATE certification.alert_tests AS t
       SET acknowledged_at = coalesce(t.acknowledged_at, clock_timestamp()), acknowledgements = t.acknowledgements + 1
     WHERE t.code = p_code RETURNING t.* INTO v_test;
    RETURN QUERY SELECT 'acknowledged', v_test.started_at, v_test.acknowledgements;
END
$$;
COMMENT ON FUNCTION certification.acknowledge_alert_test IS
    'Record and audit that a person has read a test alert. A person counts once. Return acknowledged, again or '
    'unknown.';

REVOKE ALL ON FUNCTION
    certification.start_alert_test, certification.settle_alert_test, certification.acknowledge_alert_test
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.start_alert_test, certification.settle_alert_test, certification.acknowledge_alert_test
TO certification_operations;
GRANT SELECT ON certification.alert_tests TO certification_operations, certification_operations_reader;
