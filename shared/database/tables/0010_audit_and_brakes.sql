-- Actions of a person outside the rules, and the brake on a mass change of one organisation.

CREATE TABLE certification.audit (
    id               bigint GENERATED ALWAYS AS IDENTITY,
    at               timestamptz NOT NULL DEFAULT clock_timestamp(),
    action           text NOT NULL,
    actor            text NOT NULL CONSTRAINT audit_names_an_actor CHECK (btrim(actor) <> '')
        CONSTRAINT audit_actor_is_plain CHECK (
            length(actor) <= 200 AND actor !~ '[[:cntrl:]\u200b-\u200f\u202a-\u202e\u2066-\u2069]'),
    reason           text NOT NULL CONSTRAINT audit_has_a_reason CHECK (btrim(reason) <> '')
        CONSTRAINT audit_reason_is_plain CHECK (
            length(reason) <= 2000
            AND reason !~ '[\u0001-\u0008\u000b-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2066-\u2069]'),
    organisation_id  uuid,
    mentor_id        uuid,
    facts            jsonb NOT NULL DEFAULT '{}',
    login            text DEFAULT session_user,
    CONSTRAINT audit_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE certification.audit IS
    'Actions of a person outside the rules: actor, reason, time and subject. Written in the transaction of the action.';
COMMENT ON COLUMN certification.audit.login IS
    'The database login that did it (session_user), whatever name was stated as the actor. Null: written before this '
    'was recorded.';

CREATE TABLE certification.brakes (
    id               bigint GENERATED ALWAYS AS IDENTITY,
    organisation_id  uuid NOT NULL,
    kind             text NOT NULL CONSTRAINT brake_kind_known CHECK (kind IN ('reminder', 'expiry', 'repair')),
    tripped_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_id           uuid NOT NULL,
    last_run_id      uuid NOT NULL,
    n                bigint NOT NULL CONSTRAINT brake_stopped_somebody CHECK (n > 0),
    of_n             bigint NOT NULL,
    released_at      timestamptz,
    released_by      text,
    released_reason  text,
    closed_at        timestamptz,
    closed_in        uuid,
    CONSTRAINT brakes_pkey PRIMARY KEY (id),
    CONSTRAINT brake_release_is_whole CHECK (num_nonnulls(released_at, released_by, released_reason) IN (0, 3))
);
COMMENT ON TABLE certification.brakes IS
    'A mass change that was stopped before it started. open (closed_at is null) -> released by a person -> closed: by '
    'the run that used the release, or by a run that stayed within the limits. There is no foreign key: the history '
    'stays, and a website can show mentors of an organisation that is gone.';
COMMENT ON COLUMN certification.brakes.run_id IS
    'The run that tripped the brake; last_run_id is the last run that it stopped.';
COMMENT ON COLUMN certification.brakes.n IS
    'The number of mentors that the last stopped run would have changed, out of of_n.';
CREATE UNIQUE INDEX brake_once ON certification.brakes (organisation_id, kind) WHERE closed_at IS NULL;
CREATE INDEX brakes_closed ON certification.brakes (closed_in) WHERE closed_at IS NOT NULL;
