-- What is wrong now is a query; an alert is the memory of having sent it. Which conditions there are is said once, in
-- certification.current_conditions(): a new one needs no migration.

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
    'One row for each time something was wrong: opened -> told -> (reminded daily) -> closed -> told that it is '
    'over. Ids, codes and numbers only (I11).';
COMMENT ON COLUMN certification.alerts.subject IS
    'Which function, queue or organisation, where there may be several at a time.';
COMMENT ON COLUMN certification.alerts.since IS 'Since when it has been wrong, which is before a run saw it.';
COMMENT ON COLUMN certification.alerts.mark IS
    'What makes it worth telling again before a day has passed: the days that a secret has left.';
COMMENT ON COLUMN certification.alerts.sending_until IS
    'Until then a run is sending it. If it does not come back the next run sends it: better twice than never.';
COMMENT ON COLUMN certification.alerts.sending_by IS
    'The login that has claimed it. Nobody else can write it down as sent.';
CREATE UNIQUE INDEX alert_open_once ON certification.alerts (condition, subject) WHERE closed_at IS NULL;
CREATE INDEX alerts_unsent ON certification.alerts (id) WHERE closing_sent_at IS NULL;
