-- The schema, which the runner has made. Its roles are in functions/before_tables.sql.

COMMENT ON SCHEMA certification IS
    'Certification expiry, reminders and website sync. All writes go through its functions.';

REVOKE ALL ON SCHEMA certification FROM PUBLIC;
