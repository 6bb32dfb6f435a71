-- Entries that a log holds more than once although the constraints should prevent it (I1, I3, I4).

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
    'Entries that a log holds more than once, as of the last full comparison. They are reported every day until a '
    'person has reviewed them, again if they grow, and deleted when the rows are gone.';
COMMENT ON COLUMN certification.duplicates.mentor_id IS
    'The mentor concerned; for a digest, which concerns no single mentor, the coordinator.';
COMMENT ON COLUMN certification.duplicates.certification_expiry_date IS
    'The certification concerned; null for a digest.';
COMMENT ON COLUMN certification.duplicates.detail IS
    'transition: the status moved to. reminder: the threshold. notice: the kind, with the threshold of a reminder or '
    'the run of a digest.';
