-- What was done to the website without this database, by break-glass from a file, as its journal says.

CREATE TABLE certification.break_glass_journals (
    journal_id   uuid NOT NULL,
    line         integer NOT NULL CONSTRAINT journal_line_is_counted CHECK (line > 0),
    mentor_id    uuid NOT NULL,
    outcome      text NOT NULL
        CONSTRAINT journal_outcome_known CHECK (outcome IN ('sent', 'hidden', 'refused', 'not_now')),
    at           timestamptz NOT NULL,
    imported_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT break_glass_journals_pkey PRIMARY KEY (journal_id, line)
);
COMMENT ON TABLE certification.break_glass_journals IS
    'The lines of break-glass journals that were imported, so that a journal which is imported again changes nothing. '
    'sent: a request was sent, and no later line says what became of it.';
REVOKE ALL ON certification.break_glass_journals FROM PUBLIC;
