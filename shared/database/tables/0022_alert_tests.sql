-- Test alerts (test-alert): what was published to the topic of operations, and whether a person has read it.

CREATE TABLE certification.alert_tests (
    code              text CONSTRAINT alert_tests_pkey PRIMARY KEY
        CONSTRAINT alert_test_code_readable CHECK (code ~ '^[A-HJ-NP-Z2-9]{6}$'),
    started_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at      timestamptz,
    acknowledged_at   timestamptz,
    acknowledgements  integer NOT NULL DEFAULT 0,
    CONSTRAINT alert_test_acknowledged_by_somebody CHECK ((acknowledgements > 0) = (acknowledged_at IS NOT NULL))
);
COMMENT ON TABLE certification.alert_tests IS
    'One row for each test alert. Who sent it, and who read it, is in certification.audit.';
COMMENT ON COLUMN certification.alert_tests.code IS
    'What a person reads in the message and types: six letters and digits, without those that are easily confused.';
COMMENT ON COLUMN certification.alert_tests.published_at IS
    'When SNS took it. Null: it has not, or the program ended before it knew.';
COMMENT ON COLUMN certification.alert_tests.acknowledged_at IS
    'When the first person said that it was read.';
COMMENT ON COLUMN certification.alert_tests.acknowledgements IS
    'How many different persons have said so.';
CREATE INDEX alert_tests_by_time ON certification.alert_tests (started_at DESC);
