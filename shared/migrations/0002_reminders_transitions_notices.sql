-- What the night writes. The large tables refer to mentors by id without a foreign key: they are written only by the
-- functions that follow, which read the ids from public.peer_mentors in the same statement; a deleted mentor leaves
-- rows that name nobody; and a key costs a look-up per row (docs/decisions/0004).

CREATE TABLE certification.cert_expiry_reminders (
    mentor_id                  uuid NOT NULL,
    threshold_day              smallint NOT NULL CONSTRAINT reminder_threshold_in_range CHECK (threshold_day BETWEEN 0 AND 365),
    certification_expiry_date  date NOT NULL
        CONSTRAINT reminder_expiry_plausible CHECK (certification_expiry_date BETWEEN '1900-01-01' AND '9999-12-30'),
    as_of                      date NOT NULL,
    run_id                     uuid NOT NULL,
    state                      text NOT NULL
        CONSTRAINT reminder_state_known CHECK (state IN ('claimed', 'collapsed', 'unreachable')),
    reason                     text,
    CONSTRAINT reminder_once PRIMARY KEY (mentor_id, threshold_day, certification_expiry_date),
    CONSTRAINT reminder_has_a_reason_unless_claimed CHECK ((state = 'claimed') = (reason IS NULL))
);
COMMENT ON TABLE certification.cert_expiry_reminders IS
    'That a threshold was reached (I1, I2). claimed: it became a notice; collapsed: a nearer one did, or the expiry; unreachable: the mentor cannot be mailed.';

CREATE TABLE certification.transitions (
    mentor_id                  uuid NOT NULL,
    to_status                  text NOT NULL
        CONSTRAINT transition_status_known CHECK (to_status IN ('certification_expired', 'active')),
    certification_expiry_date  date NOT NULL
        CONSTRAINT transition_expiry_plausible CHECK (certification_expiry_date BETWEEN '1900-01-01' AND '9999-12-30'),
    as_of                      date NOT NULL,
    run_id                     uuid NOT NULL,
    CONSTRAINT transition_once PRIMARY KEY (mentor_id, to_status, certification_expiry_date)
);
COMMENT ON TABLE certification.transitions IS 'That a mentor was moved, at most once per certification_expiry_date and direction (I3).';

CREATE TABLE certification.notices (
    id                         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id                     uuid NOT NULL,
    organisation_id            uuid NOT NULL,
    kind                       text NOT NULL
        CONSTRAINT notice_kind_known CHECK (kind IN ('reminder', 'expired', 'reactivated', 'digest')),
    mentor_id                  uuid,
    coordinator_id             uuid,
    threshold_day              smallint,
    certification_expiry_date  date,
    state                      text NOT NULL DEFAULT 'pending'
        CONSTRAINT notice_state_known CHECK (state IN ('pending', 'claimed', 'sent', 'undeliverable', 'superseded')),
    reason                     text,
    locale                     text,
    sender_run_id              uuid,
    attempts                   smallint NOT NULL DEFAULT 0,
    claimed_at                 timestamptz,
    settled_at                 timestamptz,
    message_id                 text,
    reported_in                bigint,
    CONSTRAINT notice_has_one_recipient CHECK (CASE kind WHEN 'digest'
        THEN coordinator_id IS NOT NULL AND mentor_id IS NULL AND certification_expiry_date IS NULL
        ELSE coordinator_id IS NULL AND mentor_id IS NOT NULL AND certification_expiry_date IS NOT NULL END),
    CONSTRAINT notice_settled_has_a_time CHECK ((state IN ('sent', 'undeliverable', 'superseded')) = (settled_at IS NOT NULL)),
    CONSTRAINT notice_sent_has_a_message_id CHECK ((state = 'sent') = (message_id IS NOT NULL))
);
COMMENT ON TABLE certification.notices IS
    'The outbox: one message to one person (I4). pending -> claimed -> sent | undeliverable; superseded: no longer true when its turn came. It holds no name, address or text.';
COMMENT ON COLUMN certification.notices.reported_in IS 'The digest that told the coordinator that this notice was undeliverable.';
CREATE UNIQUE INDEX notice_once ON certification.notices (mentor_id, certification_expiry_date, kind, threshold_day)
    NULLS NOT DISTINCT WHERE mentor_id IS NOT NULL;
CREATE UNIQUE INDEX digest_once ON certification.notices (run_id, coordinator_id) WHERE coordinator_id IS NOT NULL;
CREATE INDEX notices_open ON certification.notices (organisation_id, attempts, id) WHERE state IN ('pending', 'claimed');
CREATE INDEX notices_of_sender ON certification.notices (sender_run_id) WHERE sender_run_id IS NOT NULL;
CREATE INDEX notices_unreported ON certification.notices (organisation_id) WHERE state = 'undeliverable' AND reported_in IS NULL;

CREATE TABLE certification.set_aside (
    mentor_id                  uuid NOT NULL,
    step                       text NOT NULL CONSTRAINT set_aside_step_known CHECK (step IN ('remind', 'expire', 'reactivate')),
    certification_expiry_date  date NOT NULL,
    organisation_id            uuid NOT NULL,
    reason                     text NOT NULL,
    first_run_id               uuid NOT NULL,
    last_run_id                uuid NOT NULL,
    nights                     integer NOT NULL DEFAULT 1,
    PRIMARY KEY (mentor_id, step, certification_expiry_date)
);
COMMENT ON TABLE certification.set_aside IS
    'Mentors a step could not or must not handle, and why (I13): looked at again every night. What a person decided is told to the coordinator, the first time; the rest is for operations.';
COMMENT ON COLUMN certification.set_aside.reason IS
    'set_active_by_hand | awaiting_manual_reactivation | set_expired_by_hand, or the name of the constraint or the SQLSTATE that stood in the way. Never a message: it could hold personal data.';

CREATE FUNCTION certification.mail_problem(p_email text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN p_email IS NULL OR btrim(p_email) = '' THEN 'no_email'
        WHEN p_email !~ '^[^@[:space:],;<>"]+@[^@[:space:],;<>"]+\.[^@[:space:],;<>".]+$' THEN 'malformed_email'
    END
$$;
COMMENT ON FUNCTION certification.mail_problem IS 'Why this address cannot be mailed, or null.';

CREATE FUNCTION certification.usable_locale(p_locale text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE WHEN p_locale IN ('nb', 'nn', 'en') THEN p_locale ELSE 'nb' END $$;
COMMENT ON FUNCTION certification.usable_locale IS 'The recipient''s language, bokmål where there is none of ours.';
