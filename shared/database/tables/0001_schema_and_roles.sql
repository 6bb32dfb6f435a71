-- The schema's owner owns all that is in it. Each function has a role of its own that may call what it needs and read
-- no table at all: what it may call is granted beside the functions (database/functions). The role of the commands of
-- operations also reads some of our tables, and none of the app's. The roles cannot log in:
-- docs/operations/deploy.md shows how to make a login for each.

COMMENT ON SCHEMA certification IS
    'Certification expiry, reminders and website sync. All writes go through its functions.';

DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['certification_expiry_check', 'certification_send_notices',
                                  'certification_dynamics_sync', 'certification_reconciliation',
                                  'certification_operations'] LOOP
        -- Roles are the server's: another database of it may have made them.
        IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
        END IF;
    END LOOP;
END
$$;

REVOKE ALL ON SCHEMA certification FROM PUBLIC;
GRANT USAGE ON SCHEMA certification TO
    certification_expiry_check, certification_send_notices, certification_dynamics_sync, certification_reconciliation,
    certification_operations;
