-- The record of every run, and the check of which login owns it.

-- session_user is the login even inside a function that runs with its owner's rights; there current_user is the owner.
CREATE OR REPLACE FUNCTION certification.may_run(p_function text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_has_role(session_user, current_user, 'MEMBER') OR EXISTS (
        SELECT 1 FROM pg_catalog.pg_roles AS r
         WHERE starts_with(r.rolname, 'certification_') AND NOT r.rolcanlogin
           AND starts_with(p_function || '_', substr(r.rolname, length('certification_') + 1) || '_')
           AND pg_has_role(session_user, r.oid, 'MEMBER'))
$$;
COMMENT ON FUNCTION certification.may_run IS
    'Return whether this login has the role of this function. The role certification_reconciliation runs '
    'reconciliation and reconciliation_…; the owner may run every function.';

CREATE OR REPLACE FUNCTION certification.own_run(p_run_id uuid, p_functions text[] DEFAULT NULL,
                                                 p_running boolean DEFAULT true) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(session_user, current_user, 'MEMBER') AND NOT EXISTS (
        SELECT 1 FROM certification.runs AS r
         WHERE r.id = p_run_id AND (r.state = 'running' OR NOT p_running)
           AND (p_functions IS NULL OR r.function = ANY (p_functions)) AND certification.may_run(r.function)) THEN
        RAISE EXCEPTION 'not a run of this login that is under way'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'run_is_under_way_and_own';
    END IF;
    RETURN p_run_id;
END
$$;
COMMENT ON FUNCTION certification.own_run IS
    'Return this run''s id if the run is under way (or need not be), belongs to one of these functions, and the '
    'caller''s login runs that function. Raise insufficient_privilege otherwise. The owner is not checked.';

CREATE OR REPLACE FUNCTION certification.plain(p_text text, p_length integer) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT left(regexp_replace(p_text, '[^A-Za-z0-9_.:,;/ +=@$#()\[\]-]', '?', 'g'), p_length)
$$;
COMMENT ON FUNCTION certification.plain IS
    'Return a code or id stated by a caller in bounded form: characters that it must not hold become question marks, '
    'and the rest is cut (I11). It is never refused, because its message must not be lost.';

CREATE OR REPLACE FUNCTION certification.readable_time(p_at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT least(greatest(p_at, timestamptz '0002-01-01 00:00+00'), timestamptz '9998-12-31 00:00+00')
$$;
COMMENT ON FUNCTION certification.readable_time IS
    'Return a time stated by a caller within bounds: PostgreSQL knows infinity and the year 20000, and the programs '
    'that show times do not. It is never refused, as in plain.';

CREATE OR REPLACE FUNCTION certification.start_run(p_function text, p_scheduled_at timestamptz,
                                                   p_request_id text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_run uuid;
BEGIN
    IF NOT certification.may_run(p_function) THEN
        RAISE EXCEPTION 'this login does not run this function'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'run_function_of_this_login';
    END IF;
    -- A function is killed at its timeout, 15 minutes at most, and cannot record its own end.
    UPDATE certification.runs SET state = 'failed', reason = 'never_ended', ended_at = clock_timestamp()
     WHERE state = 'running' AND function = p_function AND started_at < clock_timestamp() - interval '20 minutes';
    INSERT INTO certification.runs (function, scheduled_at, request_id)
    VALUES (p_function, certification.readable_time(p_scheduled_at), certification.plain(p_request_id, 200))
    RETURNING id INTO v_run;
    RETURN v_run;
END
$$;
COMMENT ON FUNCTION certification.start_run IS
    'Open a run of the caller''s own function and return its id (I12). Close a run that never ended as failed, '
    'because a killed function cannot record that itself.';

CREATE OR REPLACE FUNCTION certification.organisations_to_run() RETURNS TABLE (
    organisation_id uuid, timezone text, thresholds smallint[], org_thresholds boolean, reactivate_renewed boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.id, certification.clean_text(o.timezone::text), certification.effective_thresholds(o.id),
           coalesce(s.org_thresholds, false), coalesce(s.reactivate_renewed, true)
      FROM public.organisations AS o
      LEFT JOIN certification.organisation_settings AS s ON s.organisation_id = o.id
     WHERE o.id IS NOT NULL -- the column is only unique in the app: a row without an id is not an organisation
     ORDER BY o.id
$$;
COMMENT ON FUNCTION certification.organisations_to_run IS
    'Return every organisation with the settings in force.';

CREATE OR REPLACE FUNCTION certification.start_organisation(p_run_id uuid, p_organisation_id uuid,
                                                            p_as_of date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM certification.refuse_day_ahead(p_organisation_id, p_as_of);
    INSERT INTO certification.run_organisations (run_id, organisation_id, as_of, state)
    VALUES (certification.own_run(p_run_id), p_organisation_id, p_as_of, 'running');
END
$$;
COMMENT ON FUNCTION certification.start_organisation IS
    'Open one organisation''s part of the caller''s run. Raise SQLSTATE AHEAD for a day that has not come (I15).';

CREATE OR REPLACE FUNCTION certification.finish_organisation(
    p_run_id uuid, p_organisation_id uuid, p_state text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.run_organisations SET state = p_state, reason = certification.plain(p_reason, 500)
     WHERE run_id = certification.own_run(p_run_id) AND organisation_id = p_organisation_id
$$;
COMMENT ON FUNCTION certification.finish_organisation IS
    'Close one organisation''s part of the caller''s run, with its state and the codes of what went wrong (I12).';

CREATE OR REPLACE FUNCTION certification.finish_run(p_run_id uuid, p_state text, p_reason text,
                                                    p_website_codes text[] DEFAULT '{}') RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.runs
       SET state = p_state, reason = certification.plain(p_reason, 500), ended_at = clock_timestamp(),
           website_codes = ARRAY(SELECT certification.plain(c.code, 500) FROM unnest(p_website_codes[1:50]) AS c (code)
                                  WHERE c.code IS NOT NULL)
     WHERE id = certification.own_run(p_run_id, p_running => false) AND state = 'running'
$$;
COMMENT ON FUNCTION certification.finish_run IS
    'Close the caller''s run with its state, the codes of what went wrong (I12), and the codes that the website '
    'caused. Only the first of two calls is recorded.';

CREATE OR REPLACE FUNCTION certification.add_count(
    p_run_id uuid, p_organisation_id uuid, p_measure text, p_detail text, p_n bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.run_counts AS c (run_id, organisation_id, measure, detail, n)
    VALUES (p_run_id, p_organisation_id, p_measure, p_detail, p_n)
    ON CONFLICT (run_id, organisation_id, measure, detail) DO UPDATE SET n = c.n + excluded.n
$$;
COMMENT ON FUNCTION certification.add_count IS
    'Add to a count of this run. Calls for the same measure add up.';

REVOKE ALL ON FUNCTION
    certification.may_run, certification.own_run, certification.plain, certification.readable_time,
    certification.start_run, certification.organisations_to_run, certification.start_organisation,
    certification.finish_organisation, certification.finish_run, certification.add_count
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.start_run, certification.organisations_to_run, certification.finish_run
TO certification_scheduled;
GRANT EXECUTE ON FUNCTION
    certification.start_organisation, certification.finish_organisation
TO certification_expiry_check, certification_send_notices;
-- Once granted: a database keeps what nothing takes away.
REVOKE EXECUTE ON FUNCTION
    certification.start_organisation, certification.finish_organisation
FROM certification_scheduled;
