-- A stand-in for the extension pg_net (https://github.com/supabase/pg_net); Supabase's databases have the real one.
-- Only net.http_post is here, with the signature and the meaning of versions 0.8 to 0.21.
-- A request is a row of an unlogged table: it is sent only after the commit and not at all after a rollback,
-- and a crash of the server loses it.
-- emulators/pg_net/worker.py is the worker that sends. Never deployed.

CREATE SCHEMA net;
COMMENT ON SCHEMA net IS 'A stand-in for the extension pg_net, for use on one machine.';

CREATE UNLOGGED TABLE net.http_request_queue (
    id                    bigserial,
    method                text NOT NULL,
    url                   text NOT NULL,
    headers               jsonb,
    body                  bytea,
    timeout_milliseconds  int NOT NULL
);
COMMENT ON TABLE net.http_request_queue IS
    'Requests to send. The worker deletes each request that it takes, and sends it once.';

CREATE UNLOGGED TABLE net._http_response (
    id            bigint,
    status_code   integer,
    content_type  text,
    headers       jsonb,
    content       text,
    timed_out     boolean,
    error_msg     text,
    created       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE net._http_response IS
    'The outcome of each request: a status, or the reason why there is none. Kept for some hours.';
CREATE INDEX _http_response_created_idx ON net._http_response (created);

CREATE FUNCTION net._urlencode_string(string varchar) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(
               CASE WHEN chr(o.octet) ~ '[A-Za-z0-9._~-]' THEN chr(o.octet)
                    ELSE '%' || upper(lpad(to_hex(o.octet), 2, '0')) END, '' ORDER BY o.place), '')
      FROM (SELECT i, get_byte(convert_to(string, 'UTF8'), i)
              FROM generate_series(0, octet_length(convert_to(string, 'UTF8')) - 1) AS i) AS o (place, octet)
$$;

CREATE FUNCTION net._encode_url_with_params_array(url text, params_array text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT url || CASE WHEN cardinality(params_array) = 0 THEN '' WHEN position('?' IN url) > 0 THEN '&' ELSE '?' END
               || array_to_string(params_array, '&')
$$;

CREATE FUNCTION net.http_post(
    url text,
    body jsonb DEFAULT '{}'::jsonb,
    params jsonb DEFAULT '{}'::jsonb,
    headers jsonb DEFAULT '{"Content-Type": "application/json"}'::jsonb,
    timeout_milliseconds int DEFAULT 5000
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_type text := (
        SELECT h.value FROM jsonb_each_text(coalesce(headers, '{}')) AS h WHERE lower(h.key) = 'content-type' LIMIT 1);
    v_id bigint;
BEGIN
    IF v_type <> 'application/json' THEN
        RAISE EXCEPTION 'Content-Type header must be "application/json"';
    END IF;
    INSERT INTO net.http_request_queue (method, url, headers, body, timeout_milliseconds)
    VALUES (
        'POST',
        net._encode_url_with_params_array(url, ARRAY(
            SELECT net._urlencode_string(p.key) || '=' || net._urlencode_string(p.value)
              FROM jsonb_each_text(params) AS p)),
        CASE WHEN v_type IS NULL THEN headers || '{"Content-Type": "application/json"}' ELSE headers END,
        convert_to(body::text, 'UTF8'),
        timeout_milliseconds)
    RETURNING id INTO v_id;
    -- The extension sets its worker's latch at the commit; a notification arrives then, too.
    PERFORM pg_notify('pg_net', '');
    RETURN v_id;
END
$$;
COMMENT ON FUNCTION net.http_post IS
    'Queue a POST of JSON, which is sent once, after the commit. Returns the id of its future response.';

-- As in the extension: every role that may call it may queue.
GRANT USAGE ON SCHEMA net TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA net TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA net TO PUBLIC;
