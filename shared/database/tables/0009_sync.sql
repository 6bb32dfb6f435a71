-- The state that all workers of the sync share.

CREATE TABLE certification.sync_state (
    only_row        boolean NOT NULL DEFAULT true CONSTRAINT sync_state_has_one_row CHECK (only_row),
    backoff_until    timestamptz,
    backoff_reason   text,
    stopped_since   timestamptz,
    stopped_reason  text,
    secret_ended    boolean NOT NULL DEFAULT false,
    tried_at        timestamptz,
    checked_at      timestamptz,
    check_reason    text,
    healthy_at      timestamptz,
    failing_since   timestamptz,
    secret_ends_on  date,
    pending_secret  text NOT NULL DEFAULT 'none',
    CONSTRAINT sync_state_pkey PRIMARY KEY (only_row),
    CONSTRAINT sync_backoff_has_a_reason CHECK ((backoff_until IS NULL) = (backoff_reason IS NULL)),
    CONSTRAINT sync_stopped_has_a_reason CHECK ((stopped_since IS NULL) = (stopped_reason IS NULL)),
    CONSTRAINT sync_stopped_by_the_secrets_end CHECK (NOT secret_ended OR stopped_since IS NOT NULL)
);
COMMENT ON TABLE certification.sync_state IS
    'The state that all workers share. backoff_until: the end of the Retry-After window that the website gave (I9). '
    'stopped_since: the website refuses our credential; nothing is sent until a check succeeds (I10).';
COMMENT ON COLUMN certification.sync_state.checked_at IS
    'The time at which the credential was last tried.';
COMMENT ON COLUMN certification.sync_state.check_reason IS
    'The code of that check''s result; null: all is well.';
COMMENT ON COLUMN certification.sync_state.failing_since IS
    'The time of the first failure in an unbroken series of failed checks; null after a success.';
COMMENT ON COLUMN certification.sync_state.secret_ends_on IS
    'The last day of the client secret, as the secret itself states.';
COMMENT ON COLUMN certification.sync_state.pending_secret IS
    'The state of the next version of the secret: none | good | the code of its fault.';
COMMENT ON COLUMN certification.sync_state.secret_ended IS
    'True if the stop is because the client secret has ended, as Entra reported.';
INSERT INTO certification.sync_state DEFAULT VALUES;

CREATE TABLE certification.queue_depths (
    queue    text NOT NULL,
    n        bigint NOT NULL CONSTRAINT queue_depth_not_negative CHECK (n >= 0),
    seen_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT queue_depths_pkey PRIMARY KEY (queue)
);
COMMENT ON TABLE certification.queue_depths IS
    'The number of messages that the last sweep saw in each queue.';
