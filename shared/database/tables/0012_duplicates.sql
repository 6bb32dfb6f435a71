-- What stands in a log more than once, although the constraints should prevent it (I1, I3, I4).

CREATE TABLE certification.duplicates (
    kind                       text NOT NULL
        CONSTRAINT duplicate_kind_known CHECK (kind IN ('transition', 'reminder', 'notice')),
    mentor_id                  uuid NOT NULL,
    certification_expiry_date  date,
    detail                     text NOT NULL,
    n                          bigint NOT NULL CONSTRAINT duplicate_is_more_than_one CHECK (n > 1),
    found_in                   uuid NOT NULL,
    found_at                   timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at                    timestamptz NOT NULL DEFAULT clock_timestamp(),
    reviewed_at                timestamptz,
    reviewed_by                text,
    review_reason              text,
    CONSTRAINT duplicate_once UNIQUE NULLS NOT DISTINCT (kind, mentor_id, certification_expiry_date, detail),
    CONSTRAINT duplicate_review_is_whole CHECK (num_nonnulls(reviewed_at, reviewed_by, review_reason) IN (0, 3))
);
COMMENT ON TABLE certification.duplicates IS
    'What stands more than once in a log, as of the last full comparison. Told every day until a person has '
    'reviewed it, again if it grows, and gone when the rows are.';
COMMENT ON COLUMN certification.duplicates.mentor_id IS
    'Whom it concerns: the mentor; of a digest, which is about no one mentor, the coordinator.';
COMMENT ON COLUMN certification.duplicates.certification_expiry_date IS
    'The certification it is about; null for a digest.';
COMMENT ON COLUMN certification.duplicates.detail IS
    'transition: the status moved to. reminder: the threshold. notice: the kind, with the threshold of a reminder '
    'or the run of a digest.';
