-- The conditions that are true now are a query; an alert records what was sent about one of them.
-- certification.current_conditions() is the only list of conditions, so a new one needs no migration.

CREATE TABLE certification.alerts (
    id              bigint GENERATED ALWAYS AS IDENTITY,
    condition       text NOT NULL
        CONSTRAINT alert_condition_is_a_name CHECK (condition ~ '^[a-z][a-z_]{1,62}$'),
    subject         text NOT NULL DEFAULT '',
    since           timestamptz NOT NULL,
    opened_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    n               bigint NOT NULL,
    ids             uuid[] NOT NULL DEFAULT '{}' CONSTRAINT alert_ids_few CHECK (cardinality(ids) <= 20),
    facts           jsonb NOT NULL DEFAULT '{}',
    mark            text NOT NULL DEFAULT '',
    sent_at         timestamptz,
    sent_mark       text,
    sending_until   timestamptz,
    closed_at       timestamptz,
    closing_sent_at  timestamptz,
    sending_by      text,
    sending_kind    text,
    sending_mark    text,
    CONSTRAINT alerts_pkey PRIMARY KEY (id),
    CONSTRAINT alert_sent_with_its_mark CHECK ((sent_at IS NULL) = (sent_mark IS NULL)),
    CONSTRAINT alert_closed_before_that_is_sent CHECK (closed_at IS NOT NULL OR closing_sent_at IS NULL)
);
COMMENT ON TABLE certification.alerts IS
    'One row for each time a condition was true: opened -> sent -> (reminded daily) -> closed -> closing sent. Ids, '
    'codes and numbers only (I11).';
COMMENT ON COLUMN certification.alerts.subject IS
    'The function, queue or organisation concerned, for a condition that can be true of several at a time.';
COMMENT ON COLUMN certification.alerts.since IS
    'Since when the condition has been true, which is before a run saw it.';
COMMENT ON COLUMN certification.alerts.mark IS
    'A change of the mark makes the alert worth sending again before a day has passed: the days that a secret has '
    'left.';
COMMENT ON COLUMN certification.alerts.sending_until IS
    'Until then a run is sending the alert. If that run does not come back, the next one sends it: twice is better '
    'than never.';
COMMENT ON COLUMN certification.alerts.sending_by IS
    'The login that holds the claim. No other login can record the alert as sent.';
CREATE UNIQUE INDEX alert_open_once ON certification.alerts (condition, subject) WHERE closed_at IS NULL;
CREATE INDEX alerts_unsent ON certification.alerts (id) WHERE closing_sent_at IS NULL;
