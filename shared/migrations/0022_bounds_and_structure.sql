-- Who did it as the database knows it, bounds for what callers state, and the structure that must be there.

-- The default is set afterwards, so that old rows do not name whoever applies this.
ALTER TABLE certification.audit ADD COLUMN login text;
ALTER TABLE certification.audit ALTER COLUMN login SET DEFAULT session_user;
COMMENT ON COLUMN certification.audit.login IS
    'The database login that did it (session_user), whatever name was stated as the actor. Null: written before this was recorded.';

-- What is there already is evidence and stays as it is.
DO $$
DECLARE
    v record;
BEGIN
    FOR v IN VALUES
        ('audit_actor_is_plain', 'actor', 'length(actor) <= 200 AND actor !~ ''[[:cntrl:]\u200b-\u200f\u202a-\u202e\u2066-\u2069]'''),
        ('audit_reason_is_plain', 'reason', 'length(reason) <= 2000 AND reason !~ ''[\u0001-\u0008\u000b-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2066-\u2069]''')
    LOOP
        EXECUTE format('ALTER TABLE certification.audit ADD CONSTRAINT %I CHECK (%s) NOT VALID', v.column1, v.column3);
        BEGIN
            EXECUTE format('ALTER TABLE certification.audit VALIDATE CONSTRAINT %I', v.column1);
        EXCEPTION WHEN check_violation THEN
            RAISE NOTICE 'certification.audit has older rows that % would refuse; they stay', v.column1;
        END;
    END LOOP;
END
$$;

-- Who is sending an alert, and which of its messages with which mark: only that can be written down as sent.
ALTER TABLE certification.alerts
    ADD COLUMN telling_by text,
    ADD COLUMN telling_kind text,
    ADD COLUMN telling_mark text;
COMMENT ON COLUMN certification.alerts.telling_by IS 'The login that has claimed it. Nobody else can write it down as sent.';

-- One condition more, whatever others know of.
DO $$
DECLARE
    v_known text := (SELECT pg_get_constraintdef(c.oid) FROM pg_constraint AS c
                      WHERE c.conrelid = 'certification.alerts'::regclass AND c.conname = 'alert_condition_known');
BEGIN
    EXECUTE 'ALTER TABLE certification.alerts DROP CONSTRAINT alert_condition_known, ADD CONSTRAINT alert_condition_known '
            || replace(v_known, 'ARRAY[', 'ARRAY[''structure_damaged''::text, ');
END
$$;

CREATE TABLE certification.expected_structure (
    kind        text NOT NULL,
    name        text NOT NULL,
    relation    text,
    definition  text NOT NULL,
    as_shown    integer NOT NULL,
    CONSTRAINT expected_structure_pkey PRIMARY KEY (kind, name),
    CONSTRAINT expected_kind_known CHECK (kind IN ('table', 'constraint', 'not_null', 'index', 'trigger', 'function'))
);
COMMENT ON TABLE certification.expected_structure IS
    'What of ours the last migrate left in this database: what is missing, invalid, disabled or different since is told (structure_damaged).';
COMMENT ON COLUMN certification.expected_structure.name IS 'With its schema, and for what belongs to a table, its table.';
COMMENT ON COLUMN certification.expected_structure.as_shown IS
    'The major version of PostgreSQL that has written the definition: another one may write the same in other words.';
REVOKE ALL ON certification.expected_structure FROM PUBLIC;
