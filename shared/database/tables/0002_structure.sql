-- The structure that the last migrate left in the database.

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
    'Our objects as the last migrate left them in this database. An object that is missing, invalid, disabled or '
    'different since is reported (structure_damaged).';
COMMENT ON COLUMN certification.expected_structure.name IS
    'Qualified by the schema and, for an object of a table, by the table.';
COMMENT ON COLUMN certification.expected_structure.as_shown IS
    'The major version of PostgreSQL that wrote the definition. Another version may word the same definition '
    'differently.';
REVOKE ALL ON certification.expected_structure FROM PUBLIC;
