-- The webhook that the database sends after a change. It carries ids and no truth (I7).

CREATE OR REPLACE FUNCTION certification.hmac_sha256(p_key bytea, p_message bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_key bytea := CASE WHEN length(p_key) > 64 THEN sha256(p_key) ELSE p_key END;
    v_inner bytea := decode(repeat('36', 64), 'hex');
    v_outer bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR i IN 0 .. length(v_key) - 1 LOOP
        v_inner := set_byte(v_inner, i, get_byte(v_key, i) # 54);
        v_outer := set_byte(v_outer, i, get_byte(v_key, i) # 92);
    END LOOP;
    RETURN sha256(v_outer || sha256(v_inner || p_message));
END
$$;
COMMENT ON FUNCTION certification.hmac_sha256 IS
    'Return the HMAC-SHA-256 of a message under a key of any length (RFC 2104, RFC 4231): 32 bytes.';

CREATE OR REPLACE FUNCTION certification.notify_webhook(p_mentor_ids uuid[], p_versions bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_url text;
    v_secret text;
    v_function_arn text;
    v_body jsonb;
    v_timestamp text;
    v_signature bytea;
BEGIN
    SELECT d.url, d.secret, d.function_arn INTO v_url, v_secret, v_function_arn
      FROM certification.webhook AS d WHERE d.enabled;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR v_body IN
        SELECT jsonb_build_object('mentors',
                                  jsonb_agg(jsonb_build_object('id', m.id, 'version', m.version) ORDER BY m.n))
          FROM unnest(p_mentor_ids, p_versions) WITH ORDINALITY AS m (id, version, n)
         WHERE m.id IS NOT NULL AND m.version IS NOT NULL
         GROUP BY (m.n - 1) / 100
    LOOP
        IF v_function_arn IS NOT NULL THEN
            PERFORM aws_lambda.invoke(
                function_name := v_function_arn,
                payload := jsonb_build_object(
                    'source', 'certification.app', 'detail-type', 'Listing changed', 'detail', v_body),
                invocation_type := 'Event');
        ELSE
            v_timestamp := floor(extract(epoch FROM clock_timestamp()))::bigint::text;
            v_signature := certification.hmac_sha256(
                convert_to(v_secret, 'UTF8'), convert_to(v_timestamp || '.' || v_body::text, 'UTF8'));
            PERFORM net.http_post(
                url := v_url,
                body := v_body,
                headers := jsonb_build_object(
                    'Content-Type', 'application/json',
                    'X-Certification-Timestamp', v_timestamp,
                    'X-Certification-Signature', 'sha256=' || encode(v_signature, 'hex')),
                timeout_milliseconds := 5000);
        END IF;
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    -- The webhook never holds up a transaction that changes a mentor (I16). The next sweep finds what was not
    -- announced.
    RAISE WARNING 'the webhook was not notified: SQLSTATE %', SQLSTATE;
END
$$;
COMMENT ON FUNCTION certification.notify_webhook IS
    'Notify the webhook of these mentors, each with its desired version at the same position of the second array, at '
    'most 100 per post (I7). Never fail (I16); a WARNING says why a notification was not sent.';

REVOKE ALL ON FUNCTION
    certification.hmac_sha256, certification.notify_webhook
FROM PUBLIC;
