-- The record of every run.

CREATE OR REPLACE FUNCTION certification.start_run(p_function text, p_scheduled_at timestamptz, p_request_id text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_run uuid;
BEGIN
    -- A function is killed at its timeout, 15 minutes at the most, and cannot say so itself.
    UPDATE certification.runs SET state = 'failed', reason = 'never_ended', ended_at = clock_timestamp()
     WHERE state = 'running' AND function = p_function AND started_at < clock_timestamp() - interval '20 minutes';
    INSERT INTO certification.runs (function, scheduled_at, request_id)
    VALUES (p_function, p_scheduled_at, p_request_id)
    RETURNING id INTO v_run;
    RETURN v_run;
END
$$;

CREATE OR REPLACE FUNCTION certification.organisations_to_run() RETURNS TABLE (
    organisation_id uuid, timezone text, thresholds smallint[], org_thresholds boolean, reactivate_renewed boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.id, btrim(o.timezone::text, E' \t\r\n'), certification.effective_thresholds(o.id),
           coalesce(s.org_thresholds, false), coalesce(s.reactivate_renewed, true)
      FROM public.organisations AS o
      LEFT JOIN certification.organisation_settings AS s ON s.organisation_id = o.id
     ORDER BY o.id
$$;

CREATE OR REPLACE FUNCTION certification.start_organisation(p_run_id uuid, p_organisation_id uuid, p_as_of date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.run_organisations (run_id, organisation_id, as_of, state)
    VALUES (p_run_id, p_organisation_id, p_as_of, 'running')
$$;

CREATE OR REPLACE FUNCTION certification.finish_organisation(
    p_run_id uuid, p_organisation_id uuid, p_state text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.run_organisations SET state = p_state, reason = p_reason
     WHERE run_id = p_run_id AND organisation_id = p_organisation_id
$$;

CREATE OR REPLACE FUNCTION certification.finish_run(p_run_id uuid, p_state text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.runs SET state = p_state, reason = p_reason, ended_at = clock_timestamp()
     WHERE id = p_run_id AND state = 'running'
$$;

CREATE OR REPLACE FUNCTION certification.count(
    p_run_id uuid, p_organisation_id uuid, p_measure text, p_detail text, p_n bigint) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO certification.run_counts AS c (run_id, organisation_id, measure, detail, n)
    VALUES (p_run_id, p_organisation_id, p_measure, p_detail, p_n)
    ON CONFLICT (run_id, organisation_id, measure, detail) DO UPDATE SET n = c.n + excluded.n
$$;
COMMENT ON FUNCTION certification.count IS 'Add to a count of this run; a step that is called twice in a run adds up.';

CREATE OR REPLACE FUNCTION certification.forget_old_sweeps() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM certification.runs AS r
     WHERE r.function = 'reconciliation_sweep' AND r.started_at < clock_timestamp() - interval '14 days'
$$;
COMMENT ON FUNCTION certification.forget_old_sweeps IS 'There are 288 a day; the other runs are kept.';

REVOKE ALL ON FUNCTION
    certification.start_run, certification.organisations_to_run, certification.start_organisation, certification.finish_organisation, certification.finish_run, certification.count, certification.forget_old_sweeps
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.start_run, certification.organisations_to_run, certification.start_organisation, certification.finish_organisation, certification.finish_run
TO certification_expiry_check;
GRANT EXECUTE ON FUNCTION
    certification.start_run, certification.organisations_to_run, certification.start_organisation, certification.finish_organisation, certification.finish_run, certification.forget_old_sweeps
TO certification_reconciliation;
GRANT EXECUTE ON FUNCTION
    certification.start_run, certification.organisations_to_run, certification.start_organisation, certification.finish_organisation, certification.finish_run
TO certification_send_notices;
