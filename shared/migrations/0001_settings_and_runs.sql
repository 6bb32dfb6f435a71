-- The configuration repository, and the record of every run.

CREATE SCHEMA IF NOT EXISTS certification; -- the runner has made it, to write down what it applies
COMMENT ON SCHEMA certification IS 'Certification expiry, reminders and website sync. All writes go through its functions.';

-- Thresholds ---------------------------------------------------------------------------------------------------

CREATE FUNCTION certification.is_descending(p_days smallint[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM generate_subscripts(p_days, 1) AS i
        WHERE i > 1 AND p_days[i] >= p_days[i - 1]
    )
$$;
COMMENT ON FUNCTION certification.is_descending IS 'Whether every day is smaller than the one before: sorted, no duplicates.';

CREATE TABLE certification.standard (
    only_row    boolean PRIMARY KEY DEFAULT true CONSTRAINT standard_has_one_row CHECK (only_row),
    thresholds  smallint[] NOT NULL
        CONSTRAINT thresholds_not_empty CHECK (coalesce(array_ndims(thresholds), 0) = 1)
        CONSTRAINT thresholds_in_range CHECK (0 <= ALL (thresholds) AND 365 >= ALL (thresholds))
        CONSTRAINT thresholds_descending CHECK (certification.is_descending(thresholds))
        CONSTRAINT thresholds_without_null CHECK (array_position(thresholds, NULL) IS NULL)
);
COMMENT ON TABLE certification.standard IS 'The HLF standard: what applies where an organisation has nothing of its own.';
INSERT INTO certification.standard (thresholds) VALUES ('{30,14,7}');

CREATE FUNCTION certification.standard_thresholds() RETURNS smallint[]
LANGUAGE sql STABLE AS $$ SELECT d.thresholds FROM certification.standard AS d $$;

CREATE TABLE certification.organisation_settings (
    organisation_id     uuid PRIMARY KEY REFERENCES public.organisations (id) ON DELETE CASCADE,
    org_thresholds      boolean NOT NULL DEFAULT false,
    thresholds          smallint[] NOT NULL DEFAULT certification.standard_thresholds()
        CONSTRAINT thresholds_not_empty CHECK (coalesce(array_ndims(thresholds), 0) = 1)
        CONSTRAINT thresholds_in_range CHECK (0 <= ALL (thresholds) AND 365 >= ALL (thresholds))
        CONSTRAINT thresholds_descending CHECK (certification.is_descending(thresholds))
        CONSTRAINT thresholds_without_null CHECK (array_position(thresholds, NULL) IS NULL),
    reactivate_renewed  boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE certification.organisation_settings IS 'The configuration repository, one row per organisation; made with the defaults by the first run.';
COMMENT ON COLUMN certification.organisation_settings.org_thresholds IS 'Feature flag: off means the HLF standard applies.';
COMMENT ON COLUMN certification.organisation_settings.thresholds IS 'Days before expires_on at which a reminder is due, descending, 0 to 365.';
COMMENT ON COLUMN certification.organisation_settings.reactivate_renewed IS 'Whether a renewed mentor becomes active again by itself.';

CREATE FUNCTION certification.effective_thresholds(p_organisation_id uuid) RETURNS smallint[]
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT s.thresholds FROM certification.organisation_settings AS s
          WHERE s.organisation_id = p_organisation_id AND s.org_thresholds),
        certification.standard_thresholds())
$$;
COMMENT ON FUNCTION certification.effective_thresholds IS 'The organisation''s own thresholds if its flag is on, else the HLF standard.';

-- Runs ---------------------------------------------------------------------------------------------------------

CREATE TABLE certification.runs (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    function      text NOT NULL CONSTRAINT run_function_known CHECK (function IN ('expiry_check', 'send_notices')),
    scheduled_at  timestamptz NOT NULL,
    request_id    text NOT NULL,
    started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at      timestamptz,
    state         text NOT NULL DEFAULT 'running'
        CONSTRAINT run_state_known CHECK (state IN ('running', 'succeeded', 'degraded', 'failed')),
    reason        text,
    CONSTRAINT run_ended_when_not_running CHECK ((state = 'running') = (ended_at IS NULL)),
    CONSTRAINT run_trouble_has_a_reason CHECK ((state IN ('degraded', 'failed')) = (reason IS NOT NULL))
);
COMMENT ON TABLE certification.runs IS 'Every run. running -> succeeded | degraded (something was set aside) | failed.';
CREATE INDEX runs_running ON certification.runs (function) WHERE state = 'running';

CREATE TABLE certification.run_organisations (
    run_id           uuid NOT NULL REFERENCES certification.runs (id) ON DELETE CASCADE,
    organisation_id  uuid NOT NULL,
    as_of            date,
    state            text NOT NULL
        CONSTRAINT run_organisation_state_known CHECK (state IN ('running', 'succeeded', 'degraded', 'failed')),
    reason           text,
    PRIMARY KEY (run_id, organisation_id),
    CONSTRAINT run_organisation_trouble_has_a_reason CHECK ((state IN ('degraded', 'failed')) = (reason IS NOT NULL))
);
COMMENT ON TABLE certification.run_organisations IS 'How a run went for one organisation, and the calendar date it evaluated there.';
CREATE INDEX run_organisations_day ON certification.run_organisations (organisation_id, as_of);

CREATE TABLE certification.run_counts (
    run_id           uuid NOT NULL,
    organisation_id  uuid NOT NULL,
    measure          text NOT NULL,
    detail           text NOT NULL DEFAULT '',
    n                bigint NOT NULL CONSTRAINT count_not_negative CHECK (n >= 0),
    PRIMARY KEY (run_id, organisation_id, measure, detail),
    CONSTRAINT count_of_a_run FOREIGN KEY (run_id, organisation_id)
        REFERENCES certification.run_organisations (run_id, organisation_id) ON DELETE CASCADE
);
COMMENT ON TABLE certification.run_counts IS 'What a run did, zeros included (I12), written in the transaction that did it. detail: a threshold, a kind or a step.';

CREATE FUNCTION certification.start_run(p_function text, p_scheduled_at timestamptz, p_request_id text) RETURNS uuid
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

CREATE FUNCTION certification.organisations_to_run() RETURNS TABLE (
    organisation_id uuid, timezone text, thresholds smallint[], org_thresholds boolean, reactivate_renewed boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.id, o.timezone, certification.effective_thresholds(o.id),
           coalesce(s.org_thresholds, false), coalesce(s.reactivate_renewed, true)
      FROM public.organisations AS o
      LEFT JOIN certification.organisation_settings AS s ON s.organisation_id = o.id
     ORDER BY o.id
$$;

CREATE FUNCTION certification.start_organisation(p_run_id uuid, p_organisation_id uuid, p_as_of date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.run_organisations (run_id, organisation_id, as_of, state)
    VALUES (p_run_id, p_organisation_id, p_as_of, 'running')
$$;

CREATE FUNCTION certification.finish_organisation(
    p_run_id uuid, p_organisation_id uuid, p_state text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.run_organisations SET state = p_state, reason = p_reason
     WHERE run_id = p_run_id AND organisation_id = p_organisation_id
$$;

CREATE FUNCTION certification.finish_run(p_run_id uuid, p_state text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.runs SET state = p_state, reason = p_reason, ended_at = clock_timestamp()
     WHERE id = p_run_id AND state = 'running'
$$;

CREATE FUNCTION certification.count(
    p_run_id uuid, p_organisation_id uuid, p_measure text, p_detail text, p_n bigint) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO certification.run_counts AS c (run_id, organisation_id, measure, detail, n)
    VALUES (p_run_id, p_organisation_id, p_measure, p_detail, p_n)
    ON CONFLICT (run_id, organisation_id, measure, detail) DO UPDATE SET n = c.n + excluded.n
$$;
COMMENT ON FUNCTION certification.count IS 'Add to a count of this run; a step that is called twice in a run adds up.';
