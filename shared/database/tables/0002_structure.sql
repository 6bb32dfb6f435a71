-- What the last migrate left in the database.

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
    'What of ours the last migrate left in this database: what is missing, invalid, disabled or different since is '
    'told (structure_damaged).';
COMMENT ON COLUMN certification.expected_structure.name IS
    'With its schema, and for what belongs to a table, its table.';
COMMENT ON COLUMN certification.expected_structure.as_shown IS
    'The major version of PostgreSQL that has written the definition: another one may write the same in other words.';
REVOKE ALL ON certification.expected_structure FROM PUBLIC;
