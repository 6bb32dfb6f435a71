-- The comparison lives in ordinary tables, page by page in short transactions: nothing is open while the website is waited
-- for (I18), and no function touches a caller's temporary schema. What came past the triggers is remembered, and so is every
-- place of the website that ever was in use.

DROP FUNCTION certification.open_comparison();
DROP FUNCTION certification.compare_website(uuid[], timestamptz);
DROP FUNCTION certification.differences_to_verify(integer);
DROP FUNCTION certification.forget_rows(uuid[]);
DROP FUNCTION certification.forget_repeated_rows();
DROP FUNCTION certification.record_findings(uuid, uuid[], timestamptz);
DROP FUNCTION certification.request_repairs(uuid, boolean);
DROP FUNCTION certification.write_proof(uuid, timestamptz, text, bigint, bigint, bigint, text, text, jsonb);

CREATE UNLOGGED TABLE certification.comparisons (
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    settling  interval NOT NULL,
    used_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    rows      bigint NOT NULL DEFAULT 0,
    CONSTRAINT comparisons_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE certification.comparisons IS 'Comparisons under way. What a run that died has left is removed by the next.';

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
    'One for each mapping in force, and one without organisations for each place that is in force no more.';
COMMENT ON COLUMN certification.comparison_sites.others IS 'Columns that are not published, and that were written there once.';
COMMENT ON COLUMN certification.comparison_sites.is_first IS 'Of the sites of one table and key: looks after rows of nobody.';

CREATE UNLOGGED TABLE certification.comparison_rows (
    comparison_id  uuid NOT NULL,
    site           integer NOT NULL,
    mentor_id      uuid,
    row_id         uuid NOT NULL,
    shown          smallint NOT NULL,
    content        text NOT NULL,
    others         text
);
COMMENT ON COLUMN certification.comparison_rows.shown IS '2: every flag shows it; 0: a flag hides it; 1: neither.';
COMMENT ON COLUMN certification.comparison_rows.others IS 'The values of the site''s other columns; null: all are empty.';

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
COMMENT ON COLUMN certification.comparison_differences.verified IS 'Read once more by its key, or nothing that a page could have got wrong.';
CREATE UNIQUE INDEX comparison_difference_once ON certification.comparison_differences (comparison_id, site, mentor_id)
    WHERE mentor_id IS NOT NULL;
CREATE UNIQUE INDEX comparison_difference_of_a_row_once ON certification.comparison_differences (comparison_id, row_id)
    WHERE mentor_id IS NULL;

CREATE UNLOGGED TABLE certification.comparison_read_again (
    comparison_id  uuid NOT NULL,
    mentor_id      uuid NOT NULL,
    CONSTRAINT comparison_read_again_pkey PRIMARY KEY (comparison_id, mentor_id)
);
COMMENT ON TABLE certification.comparison_read_again IS 'Whose rows were read once more by their keys.';

CREATE UNLOGGED TABLE certification.comparison_equal (
    comparison_id  uuid NOT NULL,
    mentor_id      uuid NOT NULL,
    version        bigint NOT NULL
);
COMMENT ON TABLE certification.comparison_equal IS 'Versions that were read back and found equal.';

CREATE TABLE certification.website_places (
    website_table  text NOT NULL,
    website_key    text NOT NULL,
    show           jsonb NOT NULL,
    hide           jsonb NOT NULL,
    CONSTRAINT website_places_pkey PRIMARY KEY (website_table, website_key)
);
COMMENT ON TABLE certification.website_places IS
    'Every table of the website that listings ever lived in, with its flags. A comparison reads also those of which something was written and that no mapping names now.';

CREATE TABLE certification.past_triggers (
    mentor_id  uuid NOT NULL,
    kind       text NOT NULL CONSTRAINT past_triggers_kind_known CHECK (kind IN ('hide', 'show', 'moved', 'unlisted')),
    version    bigint,
    run_id     uuid NOT NULL,
    found_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT past_triggers_pkey PRIMARY KEY (mentor_id)
);
COMMENT ON TABLE certification.past_triggers IS
    'Changes of the app that no trigger of ours has seen: a restore, logical replication, a trigger that was off. Found by comparing the app''s tables with the listings.';
COMMENT ON COLUMN certification.past_triggers.kind IS
    'hide: shown, and not to be listed; show: the reverse; moved: of another organisation; unlisted: without a listing.';

REVOKE ALL ON certification.comparisons, certification.comparison_sites, certification.comparison_rows,
    certification.comparison_differences, certification.comparison_read_again, certification.comparison_equal,
    certification.website_places, certification.past_triggers FROM PUBLIC;

-- squawk-ignore ban-drop-constraint
ALTER TABLE certification.findings DROP CONSTRAINT finding_class_known, DROP CONSTRAINT finding_cause_known;
ALTER TABLE certification.findings
    -- squawk-ignore constraint-missing-not-valid
    ADD CONSTRAINT finding_class_known
        CHECK (class IN ('listed_but_invalid', 'missing', 'field_drift', 'unpublished_field', 'orphan')),
    -- squawk-ignore constraint-missing-not-valid
    ADD CONSTRAINT finding_cause_known
        CHECK (cause IN ('hand_edit', 'waiting', 'set_aside', 'unknown_mentor', 'brake', 'day', 'past_triggers'));
COMMENT ON COLUMN certification.findings.class IS
    'listed_but_invalid: visitors may see somebody who must not be listed; missing: they do not see somebody who should be; field_drift: they see something else than the app has; unpublished_field: the row, shown or hidden, holds what is published no more; orphan: a visible row of no mentor.';
COMMENT ON COLUMN certification.findings.cause IS
    'hand_edit: our record says synced, but the website differs; waiting: the change has not reached the website yet; set_aside: the website refused it; unknown_mentor; brake: a mass change that nobody has released; day: the check of the calendar day has not come; past_triggers: no trigger saw the change in the app.';

ALTER TABLE certification.proofs ADD COLUMN facts jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN certification.proofs.facts IS
    'brake_since: since when the brake holds what it holds; known_at: when what was in flight will have settled.';
COMMENT ON COLUMN certification.proofs.app_listed IS 'Mentors who are active, certified on the calendar day and consenting, by the app''s own tables.';
COMMENT ON COLUMN certification.proofs.website_listed IS 'Rows that visitors may see.';

-- Two conditions more, whatever others know of.
DO $$
DECLARE
    v_known text := (SELECT pg_get_constraintdef(c.oid) FROM pg_constraint AS c
                      WHERE c.conrelid = 'certification.alerts'::regclass AND c.conname = 'alert_condition_known');
BEGIN
    EXECUTE 'ALTER TABLE certification.alerts DROP CONSTRAINT alert_condition_known, ADD CONSTRAINT alert_condition_known '
            || replace(v_known, 'ARRAY[', 'ARRAY[''past_triggers''::text, ''trigger_off''::text, ');
END
$$;
