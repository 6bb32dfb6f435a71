-- Reconciliation: what it reads from the website, what it finds, and what it has proved.
--
-- A comparison is kept in ordinary tables and written page by page in short transactions. So nothing is open while the
-- website is waited for (I18), and no function touches a caller's temporary schema. The tables are unlogged: after a
-- crash a comparison begins anew.

CREATE UNLOGGED TABLE certification.comparisons (
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    settling  interval NOT NULL,
    used_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    rows      bigint NOT NULL DEFAULT 0,
    CONSTRAINT comparisons_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE certification.comparisons IS
    'Comparisons under way. The next run removes what a dead run left behind.';
REVOKE ALL ON certification.comparisons FROM PUBLIC;

CREATE UNLOGGED TABLE certification.comparison_sites (
    comparison_id  uuid NOT NULL,
    site           integer NOT NULL,
    website_table  text NOT NULL,
    website_key    text NOT NULL,
    mapping        jsonb NOT NULL,
    organisations  uuid[] NOT NULL,
    columns        text[] NOT NULL,
    others         text[] NOT NULL,
    is_first       boolean NOT NULL,
    CONSTRAINT comparison_sites_pkey PRIMARY KEY (comparison_id, site)
);
COMMENT ON TABLE certification.comparison_sites IS
    'One site for each mapping in force, and one without organisations for each place that is no longer in force.';
COMMENT ON COLUMN certification.comparison_sites.others IS
    'Columns that are not published now but were once written there.';
COMMENT ON COLUMN certification.comparison_sites.is_first IS
    'True for the first site of its table and key, which compares the rows that belong to no mentor.';
REVOKE ALL ON certification.comparison_sites FROM PUBLIC;

CREATE UNLOGGED TABLE certification.comparison_rows (
    comparison_id  uuid NOT NULL,
    site           integer NOT NULL,
    mentor_id      uuid,
    row_id         uuid NOT NULL,
    shown          smallint NOT NULL,
    content        text NOT NULL,
    others         text
);
COMMENT ON COLUMN certification.comparison_rows.shown IS
    '2: every flag shows the row; 0: a flag hides it; 1: neither.';
COMMENT ON COLUMN certification.comparison_rows.others IS
    'The values of the site''s other columns; null: all are empty.';
REVOKE ALL ON certification.comparison_rows FROM PUBLIC;

CREATE UNLOGGED TABLE certification.comparison_differences (
    comparison_id    uuid NOT NULL,
    site             integer NOT NULL,
    mentor_id        uuid,
    row_id           uuid,
    organisation_id  uuid,
    class            text NOT NULL,
    cause            text NOT NULL,
    fields           text[] NOT NULL,
    version          bigint,
    consenting       boolean NOT NULL,
    verified         boolean NOT NULL,
    known_at         timestamptz
);
COMMENT ON COLUMN certification.comparison_differences.verified IS
    'True if the row was read once more by its key, or holds nothing that a page could have got wrong.';
CREATE UNIQUE INDEX comparison_difference_once ON certification.comparison_differences (comparison_id, site, mentor_id)
    WHERE mentor_id IS NOT NULL;
CREATE UNIQUE INDEX comparison_difference_of_a_row_once ON certification.comparison_differences (comparison_id, row_id)
    WHERE mentor_id IS NULL;
REVOKE ALL ON certification.comparison_differences FROM PUBLIC;

CREATE UNLOGGED TABLE certification.comparison_read_again (
    comparison_id  uuid NOT NULL,
    mentor_id      uuid NOT NULL,
    CONSTRAINT comparison_read_again_pkey PRIMARY KEY (comparison_id, mentor_id)
);
COMMENT ON TABLE certification.comparison_read_again IS
    'Mentors whose rows were read once more by their keys.';
REVOKE ALL ON certification.comparison_read_again FROM PUBLIC;

CREATE UNLOGGED TABLE certification.comparison_equal (
    comparison_id  uuid NOT NULL,
    mentor_id      uuid NOT NULL,
    version        bigint NOT NULL
);
COMMENT ON TABLE certification.comparison_equal IS
    'Versions that were read back and found equal.';
REVOKE ALL ON certification.comparison_equal FROM PUBLIC;

CREATE TABLE certification.website_places (
    website_table  text NOT NULL,
    website_key    text NOT NULL,
    show           jsonb NOT NULL,
    hide           jsonb NOT NULL,
    CONSTRAINT website_places_pkey PRIMARY KEY (website_table, website_key)
);
COMMENT ON TABLE certification.website_places IS
    'Every table of the website that ever held listings, with its flags. A comparison also reads the tables that were '
    'written and that no mapping names now.';
REVOKE ALL ON certification.website_places FROM PUBLIC;

CREATE TABLE certification.findings (
    id               bigint GENERATED ALWAYS AS IDENTITY,
    mentor_id        uuid,
    row_id           uuid,
    organisation_id  uuid,
    website_table    text NOT NULL,
    class            text NOT NULL
        CONSTRAINT finding_class_known CHECK (
            class IN ('listed_but_invalid', 'missing', 'field_drift', 'unpublished_field', 'orphan')),
    cause            text NOT NULL
        CONSTRAINT finding_cause_known CHECK (
            cause IN ('manual_edit', 'waiting', 'rejected', 'unknown_mentor', 'brake', 'day', 'past_triggers')),
    fields           text[] NOT NULL DEFAULT '{}',
    version          bigint,
    opened_in        uuid NOT NULL,
    opened_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_in          uuid NOT NULL,
    seen_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    repairs          integer NOT NULL DEFAULT 0,
    repaired_at      timestamptz,
    closed_at        timestamptz,
    closed_in        uuid,
    outcome          text CONSTRAINT finding_outcome_known CHECK (outcome IN ('confirmed', 'superseded')),
    CONSTRAINT findings_pkey PRIMARY KEY (id),
    CONSTRAINT finding_is_of_something CHECK (num_nonnulls(mentor_id, row_id) > 0),
    CONSTRAINT finding_repaired_has_a_time CHECK ((repairs > 0) = (repaired_at IS NOT NULL)),
    CONSTRAINT finding_closed_is_whole CHECK (num_nonnulls(closed_at, closed_in, outcome) IN (0, 3))
);
COMMENT ON TABLE certification.findings IS
    'Differences between the website as read back and the app. A finding is open until a later run sees that the '
    'difference is gone. outcome: confirmed (repaired, and the repair holds) | superseded (gone without a repair of '
    'ours).';
COMMENT ON COLUMN certification.findings.row_id IS
    'The row''s own id in Dynamics.';
COMMENT ON COLUMN certification.findings.class IS
    'listed_but_invalid: visitors may see a mentor that must not be listed; missing: visitors do not see a mentor '
    'that should be listed; field_drift: visitors see other values than the app has; unpublished_field: the row, '
    'shown or hidden, holds a value that is no longer published; orphan: a visible row of no mentor.';
COMMENT ON COLUMN certification.findings.cause IS
    'manual_edit: our record says synced, but the website differs; waiting: the change has not reached the website '
    'yet; rejected: the website refused it; unknown_mentor: no mentor has this id; brake: a mass change that no '
    'person has released; day: the check of the calendar day has not come; past_triggers: no trigger saw the change '
    'in the app.';
COMMENT ON COLUMN certification.findings.fields IS
    'The names of the columns that differ.';
COMMENT ON COLUMN certification.findings.version IS
    'The listing''s desired version that the website was compared with.';
COMMENT ON COLUMN certification.findings.repairs IS
    'The number of runs that have requested a repair. A difference that remains after two does not converge.';
CREATE UNIQUE INDEX finding_open_once ON certification.findings (mentor_id, website_table)
    WHERE closed_at IS NULL AND mentor_id IS NOT NULL;
CREATE UNIQUE INDEX finding_of_a_row_open_once ON certification.findings (row_id)
    WHERE closed_at IS NULL AND mentor_id IS NULL;
CREATE INDEX findings_closed ON certification.findings (closed_in) WHERE closed_in IS NOT NULL;

CREATE TABLE certification.proofs (
    run_id          uuid NOT NULL REFERENCES certification.runs (id) ON DELETE CASCADE,
    at              timestamptz NOT NULL,
    ended_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    complete        boolean NOT NULL,
    reason          text,
    app_listed      bigint,
    website_listed  bigint,
    equal           bigint,
    app_hash        text,
    website_hash    text,
    counts          jsonb NOT NULL DEFAULT '{}',
    facts           jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT proofs_pkey PRIMARY KEY (run_id),
    CONSTRAINT proof_incomplete_has_a_reason CHECK (complete = (reason IS NULL)),
    CONSTRAINT proof_complete_has_figures CHECK (
        NOT complete OR num_nonnulls(app_listed, website_listed, equal, app_hash, website_hash) = 5)
);
COMMENT ON TABLE certification.proofs IS
    'The result of a full comparison, one row per run, kept for good (I14). No personal data: only numbers and hashes.';
COMMENT ON COLUMN certification.proofs.at IS
    'The time at which the reading of the website began.';
COMMENT ON COLUMN certification.proofs.app_listed IS
    'Mentors who are active, certified on the calendar day and consenting, according to the app''s own tables.';
COMMENT ON COLUMN certification.proofs.website_listed IS 'Rows that visitors may see.';
COMMENT ON COLUMN certification.proofs.app_hash IS
    'SHA-256 over the SHA-256 of each listing in the order of the mentors'' ids. The hash of a listing covers its '
    'mentor''s id and its published columns in the order of their names, each followed by the character 31.';
COMMENT ON COLUMN certification.proofs.counts IS 'Every count of the run, zeros included (I12).';
COMMENT ON COLUMN certification.proofs.facts IS
    'brake_since: the time since which the brake has held its differences; known_at: the time at which the '
    'differences in flight will have settled.';
CREATE INDEX proofs_by_time ON certification.proofs (at DESC);
