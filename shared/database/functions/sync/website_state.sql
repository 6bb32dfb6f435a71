-- The state that all workers share about the website: Retry-After windows (I9) and the credential (I10).

CREATE OR REPLACE FUNCTION certification.backoff_seconds_left() RETURNS double precision
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(0, coalesce(extract(epoch FROM s.backoff_until - clock_timestamp()), 0))::double precision
      FROM certification.sync_state AS s
$$;
COMMENT ON FUNCTION certification.backoff_seconds_left IS
    'Return the seconds until a request may be sent again; 0 means now (I9).';

CREATE OR REPLACE FUNCTION certification.block_website_for(p_seconds double precision, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.sync_state AS s
       SET backoff_until = greatest(s.backoff_until,
                                   clock_timestamp() + make_interval(secs => least(greatest(p_seconds, 0), 3600))),
           backoff_reason = certification.plain(p_reason, 500)
$$;
COMMENT ON FUNCTION certification.block_website_for IS
    'Block requests for the seconds of a Retry-After, at most an hour: a longer window is tried again after an hour '
    '(I9). A value that is not a number of seconds counts as an hour.';

-- One worker a minute may try the website while it is stopped.
CREATE OR REPLACE FUNCTION certification.website_stopped(OUT reason text, OUT try_now boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT s.stopped_reason INTO reason FROM certification.sync_state AS s;
    try_now := false;
    IF reason IS NOT NULL THEN
        UPDATE certification.sync_state AS s SET tried_at = clock_timestamp()
         WHERE s.stopped_since IS NOT NULL
           AND (s.tried_at IS NULL OR s.tried_at < clock_timestamp() - interval '1 minute');
        try_now := FOUND;
    END IF;
END
$$;
COMMENT ON FUNCTION certification.website_stopped IS
    'Return why the website is stopped (null: it is not), and whether this caller is the one to try it now: one '
    'worker a minute (I10).';

CREATE OR REPLACE FUNCTION certification.stop_website(p_reason text, p_secret_ended boolean DEFAULT false)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.sync_state AS s
       SET stopped_since = coalesce(s.stopped_since, clock_timestamp()),
           stopped_reason = certification.plain(p_reason, 500), secret_ended = p_secret_ended,
           tried_at = clock_timestamp()
$$;
COMMENT ON FUNCTION certification.stop_website IS
    'Stop sending, because the website refuses our credential. Nothing is sent until a check succeeds (I10).';

CREATE OR REPLACE FUNCTION certification.resume_website() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.sync_state AS s
       SET stopped_since = NULL, stopped_reason = NULL, secret_ended = false, tried_at = NULL
     WHERE s.stopped_since IS NOT NULL
$$;
COMMENT ON FUNCTION certification.resume_website IS
    'End the stop after a check has succeeded (I10).';

CREATE OR REPLACE FUNCTION certification.record_check(p_reason text, p_refused boolean, p_secret_ends_on date,
                                                    p_pending text, p_secret_ended boolean DEFAULT false,
                                                    p_pending_version text DEFAULT NULL, p_form text DEFAULT NULL,
                                                    p_pending_findings jsonb DEFAULT '[]')
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_was_stopped boolean;
BEGIN
    SELECT s.stopped_since IS NOT NULL INTO v_was_stopped FROM certification.sync_state AS s FOR NO KEY UPDATE;
    UPDATE certification.sync_state AS s
       SET checked_at = clock_timestamp(),
           check_reason = certification.plain(p_reason, 500),
           healthy_at = CASE WHEN p_reason IS NULL THEN clock_timestamp() ELSE s.healthy_at END,
           failing_since = CASE WHEN p_reason IS NOT NULL THEN coalesce(s.failing_since, clock_timestamp()) END,
           stopped_since = CASE WHEN p_reason IS NULL THEN NULL
                                WHEN p_refused THEN coalesce(s.stopped_since, clock_timestamp())
                                    ELSE s.stopped_since END,
           stopped_reason = CASE WHEN p_reason IS NULL THEN NULL WHEN p_refused THEN certification.plain(p_reason, 500)
                                 ELSE s.stopped_reason END,
           secret_ended = CASE WHEN p_reason IS NULL THEN false WHEN p_refused THEN p_secret_ended
                               ELSE s.secret_ended END,
           tried_at = CASE WHEN p_reason IS NULL THEN NULL ELSE clock_timestamp() END,
           -- If the secret could not be read, the last known end date stands.
           secret_ends_on = CASE WHEN p_reason IS NULL OR p_secret_ends_on IS NOT NULL
                                 THEN CASE WHEN p_secret_ends_on BETWEEN '0002-01-01' AND '9998-12-31'
                                           THEN p_secret_ends_on END
                                 ELSE s.secret_ends_on END,
           -- null: unknown, so the last result stands
           pending_secret = coalesce(certification.plain(p_pending, 500), s.pending_secret),
           pending_version = CASE WHEN p_pending IS NULL THEN s.pending_version
                                  ELSE certification.plain(p_pending_version, 64) END,
           pending_findings = CASE WHEN p_pending IS NULL THEN s.pending_findings
                                   WHEN jsonb_typeof(p_pending_findings) = 'array'
                                    AND length(p_pending_findings::text) <= 8000 THEN p_pending_findings
                                   ELSE '[]' END,
           credential_form = coalesce(p_form, s.credential_form);
    RETURN v_was_stopped AND p_reason IS NULL;
END
$$;
COMMENT ON FUNCTION certification.record_check IS
    'Write the result of a credential check. p_reason null: healthy, and a stop is over. p_refused: nothing is sent '
    'until a check succeeds (I10). p_secret_ended: the website refuses the credential because the secret has ended. '
    'p_pending_version: the version that p_pending is about. p_form: how the version in use signs in; null: unknown. '
    'p_pending_findings: what is wrong with the pending version, for a person; a list that is too long is left out. '
    'Return whether this check ended a stop.';

CREATE OR REPLACE FUNCTION certification.record_queue_depth(p_queue text, p_n bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.queue_depths AS q (queue, n)
    SELECT certification.plain(p_queue, 80), p_n -- there are only a handful of queues
     WHERE (SELECT count(*) FROM certification.queue_depths AS k WHERE k.queue <> p_queue) < 50
    ON CONFLICT ON CONSTRAINT queue_depths_pkey DO UPDATE SET n = excluded.n, seen_at = clock_timestamp()
$$;
COMMENT ON FUNCTION certification.record_queue_depth IS
    'Write how many messages a queue holds, as the last sweep saw it.';

REVOKE ALL ON FUNCTION
    certification.backoff_seconds_left, certification.block_website_for, certification.website_stopped,
    certification.stop_website, certification.resume_website, certification.record_check,
    certification.record_queue_depth
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.backoff_seconds_left, certification.block_website_for
TO certification_dynamics_sync, certification_expiry_check, certification_force_sync, certification_reconciliation,
    certification_break_glass;
GRANT EXECUTE ON FUNCTION
    certification.backoff_seconds_left
TO certification_verify_integration;
GRANT EXECUTE ON FUNCTION
    certification.record_check
TO certification_expiry_check, certification_reconciliation;
GRANT EXECUTE ON FUNCTION
    certification.website_stopped
TO certification_dynamics_sync, certification_force_sync, certification_reconciliation;
GRANT EXECUTE ON FUNCTION
    certification.stop_website, certification.resume_website
TO certification_dynamics_sync, certification_force_sync;
-- Once granted: a database keeps what nothing takes away.
REVOKE EXECUTE ON FUNCTION certification.record_check FROM certification_dynamics_sync;
REVOKE EXECUTE ON FUNCTION
    certification.stop_website, certification.resume_website
FROM certification_reconciliation;
GRANT EXECUTE ON FUNCTION
    certification.record_queue_depth
TO certification_reconciliation;
