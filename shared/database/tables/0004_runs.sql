-- Every run with its counts (I12), and the simulated time.

CREATE TABLE certification.runs (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    function      text NOT NULL CONSTRAINT run_function_known
        CHECK (function = ANY (certification.run_functions())),
    scheduled_at  timestamptz NOT NULL,
    request_id    text NOT NULL,
    started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at      timestamptz,
    state         text NOT NULL DEFAULT 'running'
        CONSTRAINT run_state_known CHECK (state IN ('running', 'succeeded', 'degraded', 'failed')),
    reason        text,
    website_codes text[] NOT NULL DEFAULT '{}',
    undone_at     timestamptz,
    CONSTRAINT run_ended_when_not_running CHECK ((state = 'running') = (ended_at IS NULL)),
    CONSTRAINT run_has_a_reason_unless_good CHECK ((state IN ('degraded', 'failed')) = (reason IS NOT NULL))
);
COMMENT ON TABLE certification.runs IS
    'Every run. running -> succeeded | degraded (something failed, the rest was done) | failed.';
COMMENT ON COLUMN certification.runs.website_codes IS
    'The codes in reason that say that the website did not respond or did not authorise us.';
COMMENT ON COLUMN certification.runs.undone_at IS
    'The time at which a person undid the run (certification.undo_run). The actor and the reason are in audit.';
CREATE INDEX runs_running ON certification.runs (function) WHERE state = 'running';
CREATE INDEX runs_by_function ON certification.runs (function, started_at DESC);

CREATE TABLE certification.run_organisations (
    run_id           uuid NOT NULL REFERENCES certification.runs (id) ON DELETE CASCADE,
    organisation_id  uuid NOT NULL,
    as_of            date,
    state            text NOT NULL
        CONSTRAINT run_organisation_state_known CHECK (state IN ('running', 'succeeded', 'degraded', 'failed')),
    reason           text,
    day_was          date,
    day_became       date,
    PRIMARY KEY (run_id, organisation_id),
    CONSTRAINT run_organisation_has_a_reason_unless_good
        CHECK ((state IN ('degraded', 'failed')) = (reason IS NOT NULL))
);
COMMENT ON TABLE certification.run_organisations IS
    'The result of a run for one organisation, and the calendar date that it evaluated there.';
COMMENT ON COLUMN certification.run_organisations.day_became IS
    'The day to which this run turned the website''s day (evaluated_days) from day_was; null if it turned nothing.';
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
COMMENT ON TABLE certification.run_counts IS
    'The counts of a run, zeros included (I12), written in the transaction that did the work. detail: a threshold, a '
    'kind or a step.';

CREATE TABLE certification.simulated_time (
    only_row  boolean NOT NULL DEFAULT true CONSTRAINT simulated_time_has_one_row CHECK (only_row),
    ahead     interval NOT NULL,
    CONSTRAINT simulated_time_pkey PRIMARY KEY (only_row)
);
COMMENT ON TABLE certification.simulated_time IS
    'The interval by which the present is ahead of the clock, for the local stack and tests. A deployed system has no '
    'row, so its present is the clock. For its owner only.';
REVOKE ALL ON certification.simulated_time FROM PUBLIC;
