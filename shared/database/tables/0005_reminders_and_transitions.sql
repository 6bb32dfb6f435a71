-- The tables that the nightly check writes. The large ones refer to mentors by id without a foreign key. Only functions
-- that read the ids from public.peer_mentors in the same statement write them, the rows of a deleted mentor name no
-- person, and a key costs a look-up per row (docs/decisions/0004).

CREATE TABLE certification.cert_expiry_reminders (
    mentor_id                  uuid NOT NULL,
    threshold_day              smallint NOT NULL
        CONSTRAINT reminder_threshold_in_range CHECK (threshold_day BETWEEN 0 AND 365),
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
    'The thresholds that were reached (I1, I2). claimed: it became a notice; collapsed: a nearer threshold or the '
    'expiry took its place; unreachable: the mentor cannot be mailed.';

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
COMMENT ON TABLE certification.transitions IS
    'The mentors that were moved, at most once per certification_expiry_date and direction (I3).';

CREATE TABLE certification.step_failures (
    mentor_id                  uuid NOT NULL,
    step                       text NOT NULL
        CONSTRAINT step_failure_step_known CHECK (step = ANY (certification.nightly_step_names())),
    certification_expiry_date  date NOT NULL,
    organisation_id            uuid NOT NULL,
    reason                     text NOT NULL,
    first_run_id               uuid NOT NULL,
    last_run_id                uuid NOT NULL,
    nightly_checks                     integer NOT NULL DEFAULT 1,
    PRIMARY KEY (mentor_id, step, certification_expiry_date)
);
COMMENT ON TABLE certification.step_failures IS
    'Mentors that a step could not or must not handle, with the reason (I13). They are rechecked every night. The '
    'coordinator is notified once of what a person decided; the other failures are for operations.';
COMMENT ON COLUMN certification.step_failures.reason IS
    'manually_set_active | awaiting_manual_reactivation | manually_set_expired, or the name of the constraint or the '
    'SQLSTATE of the failure. Never a message, because that could hold personal data (I11).';

-- What a nightly check has to scan. These tables make a quiet nightly check cost the same with six hundred mentors and
-- with a million.
--
-- `progress` says up to which expires_on every mentor has been scanned. A nightly check scans the dates beyond it,
-- which an index finds, and the mentors in `mentors_to_recheck`, which have changed since. Neither table holds any
-- truth: the tables themselves decide who is reminded or expired, and the constraints allow it only once. Deleting rows
-- of `progress` makes the next nightly check scan every mentor, which is always safe. It happens every Monday
-- (`p_everyone`).

CREATE TABLE certification.progress (
    organisation_id  uuid NOT NULL,
    step             text NOT NULL
        CONSTRAINT progress_step_known CHECK (step = ANY (certification.nightly_step_names())),
    threshold_day    smallint NOT NULL DEFAULT 0,
    through          date NOT NULL,
    PRIMARY KEY (organisation_id, step, threshold_day)
);
COMMENT ON TABLE certification.progress IS
    'Every mentor whose expires_on is at most `through` has been scanned, per step and threshold.';

CREATE TABLE certification.mentors_to_recheck (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step       text NOT NULL
        CONSTRAINT mentor_to_recheck_step_known CHECK (step = ANY (certification.nightly_step_names())),
    mentor_id  uuid NOT NULL
);
COMMENT ON TABLE certification.mentors_to_recheck IS
    'Mentors to scan again whatever `progress` says. The triggers only append, so an edit of a mentor never waits for '
    'a nightly check.';
CREATE INDEX mentors_to_recheck_of_step ON certification.mentors_to_recheck (step);

CREATE INDEX IF NOT EXISTS certifications_expires_on ON public.certifications (expires_on) INCLUDE (mentor_id);
