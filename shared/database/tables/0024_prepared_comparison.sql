-- The app's side of a full comparison, made ready while the website is read: a digest of each mentor, and how to know
-- which of them the app has changed since.

ALTER TABLE certification.comparisons ADD COLUMN prepared_since xid8;
ALTER TABLE certification.comparisons ADD COLUMN is_prepared boolean NOT NULL DEFAULT false;
ALTER TABLE certification.comparisons ADD COLUMN prepared_of text;
ALTER TABLE certification.comparisons ADD COLUMN prepared_rows bigint NOT NULL DEFAULT 0;
ALTER TABLE certification.comparisons ADD COLUMN prepared_next uuid;
COMMENT ON COLUMN certification.comparisons.prepared_since IS
    'Every row of the app whose transaction comes before this one was visible to the whole preparation, unless it was '
    'deleted meanwhile.';
COMMENT ON COLUMN certification.comparisons.is_prepared IS
    'True once every mentor of the organisations that the comparison knows is prepared.';
COMMENT ON COLUMN certification.comparisons.prepared_next IS
    'The id from which the preparation goes on. Null before the first part and after the last.';
COMMENT ON COLUMN certification.comparisons.prepared_of IS
    'A digest of the organisations'' names, time zones and calendar days, which the prepared digests rest on.';
COMMENT ON COLUMN certification.comparisons.prepared_rows IS
    'Rows of mentors, certifications and listings older than prepared_since. The comparison finds fewer if one of them '
    'was changed or deleted meanwhile.';

ALTER TABLE certification.comparison_rows ADD COLUMN digest bytea;
COMMENT ON COLUMN certification.comparison_rows.digest IS
    'The SHA-256 of the listing, as proofs.app_hash describes it; null unless every flag shows the row and its other '
    'columns are empty.';

CREATE UNLOGGED TABLE certification.comparison_prepared (
    comparison_id      uuid NOT NULL,
    site               integer NOT NULL,
    mentor_id          uuid NOT NULL,
    digest             bytea,
    is_quiet           boolean NOT NULL,
    is_live            boolean NOT NULL,
    has_mentor         boolean NOT NULL,
    has_certification  boolean NOT NULL,
    has_listing        boolean NOT NULL
);
COMMENT ON TABLE certification.comparison_prepared IS
    'The app''s side of a comparison, by its own tables (I14). It settles only mentors whose rows have not changed '
    'since; all others are compared in full.';
COMMENT ON COLUMN certification.comparison_prepared.digest IS
    'The SHA-256 of a listing that should be on the website and about which nothing is special.';
COMMENT ON COLUMN certification.comparison_prepared.is_quiet IS
    'True for a mentor that should not be on the website, and about whom nothing is special.';
COMMENT ON COLUMN certification.comparison_prepared.is_live IS
    'Whether the listing was last synced as live.';
REVOKE ALL ON certification.comparison_prepared FROM PUBLIC;
