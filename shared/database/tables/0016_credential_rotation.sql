-- The change of the website's credential, and which version of the secret a check has tried.

ALTER TABLE certification.sync_state ADD COLUMN pending_version text;
COMMENT ON COLUMN certification.sync_state.pending_version IS
    'The version of the secret, as Secrets Manager names it, that pending_secret is about; null: none was tried yet.';

ALTER TABLE certification.sync_state ADD COLUMN pending_findings jsonb NOT NULL DEFAULT '[]'
    CONSTRAINT sync_pending_findings_is_a_list CHECK (jsonb_typeof(pending_findings) = 'array');
COMMENT ON COLUMN certification.sync_state.pending_findings IS
    'What is wrong with the next version of the secret: faults, codes, names of tables and columns, and privileges.';

ALTER TABLE certification.sync_state ADD COLUMN credential_form text
    CONSTRAINT sync_credential_form_known CHECK (credential_form IN ('secret', 'federation', 'certificate'));
COMMENT ON COLUMN certification.sync_state.credential_form IS
    'How the version in use signs in: a client secret, a certificate, or federation, which nothing can end. Null: not '
    'known yet.';

-- The parameters that follow are new.
DROP FUNCTION IF EXISTS certification.record_check(text, boolean, date, text, boolean);

CREATE TABLE certification.credential_rotations (
    id                uuid NOT NULL,
    state             text NOT NULL DEFAULT 'begun'
        CONSTRAINT rotation_state_known
            CHECK (state IN ('begun', 'pending', 'current', 'done', 'undone', 'given_up')),
    form              text NOT NULL
        CONSTRAINT rotation_form_known CHECK (form IN ('secret', 'federation', 'certificate')),
    previous_version  text NOT NULL CONSTRAINT rotation_previous_is_short CHECK (length(previous_version) <= 64),
    actor             text NOT NULL,
    reason            text NOT NULL,
    started_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    current_at        timestamptz,
    CONSTRAINT credential_rotations_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE certification.credential_rotations IS
    'Changes of the website''s credential by hlf-operations rotate-credential. begun -> pending: the new version is '
    'stored beside the one in use -> current: it is in use -> done: the system works with it; or given_up before it '
    'was in use, or undone after. One at a time is open. It holds no secret. Every step is in certification.audit.';
COMMENT ON COLUMN certification.credential_rotations.id IS
    'Also the id of the new version in Secrets Manager, so that a step that is repeated makes no second version.';
COMMENT ON COLUMN certification.credential_rotations.previous_version IS
    'The version that was in use when the rotation began: an undo returns to it.';
CREATE UNIQUE INDEX rotation_one_at_a_time ON certification.credential_rotations ((true))
    WHERE state IN ('begun', 'pending', 'current');
