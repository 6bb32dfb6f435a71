-- What the nightly check writes. The large tables refer to mentors by id without a foreign key: they are written only
-- by functions that read the ids from public.peer_mentors in the same statement; a deleted mentor leaves rows that name
-- nobody; and a key costs a look-up per row (docs/decisions/0004).

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
    'That a threshold was reached (I1, I2). claimed: it became a notice; collapsed: a nearer one did, or the '
    'expiry; unreachable: the mentor cannot be mailed.';

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
    'That a mentor was moved, at most once per certification_expiry_date and direction (I3).';

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
    'Mentors a step could not or must not handle, and why (I13): rechecked every night. What a person '
    'decided is told to the coordinator, the first time; the rest is for operations.';
COMMENT ON COLUMN certification.step_failures.reason IS
    'manually_set_active | awaiting_manual_reactivation | manually_set_expired, or the name of the constraint or the '
    'SQLSTATE that stood in the way. Never a message: it could hold personal data.';

-- What a nightly check has to look at, so that a quiet nightly check costs the same with six hundred mentors and with a
-- million.
--
-- `progress` says up to which expires_on everybody has been looked at. A nightly check looks at the dates beyond it,
-- found by an index, and at the mentors in `mentors_to_recheck`, whom something has changed for since. Neither holds
-- any truth: who is reminded or expired is decided on the tables themselves, once only by the constraints. Deleting
-- rows of `progress` makes the next nightly check look at everybody, which is always safe; it happens every Monday
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
    'Everybody whose expires_on is at most `through` has been looked at, per step and threshold.';

CREATE TABLE certification.mentors_to_recheck (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step       text NOT NULL
        CONSTRAINT mentor_to_recheck_step_known CHECK (step = ANY (certification.nightly_step_names())),
    mentor_id  uuid NOT NULL
);
COMMENT ON TABLE certification.mentors_to_recheck IS
    'Mentors to look at again whatever `progress` says. Append-only for the triggers, so that nobody who edits a '
    'mentor waits for a night.';
CREATE INDEX mentors_to_recheck_of_step ON certification.mentors_to_recheck (step);

CREATE INDEX IF NOT EXISTS certifications_expires_on ON public.certifications (expires_on) INCLUDE (mentor_id);
