-- Each function has a database role of its own that may call what it needs and read no table at all. The roles cannot log
-- in: docs/operations/deploy.md shows how to make a login for each.

DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['certification_expiry_check', 'certification_send_notices'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
        END IF;
    END LOOP;
END
$$;

REVOKE ALL ON SCHEMA certification FROM PUBLIC;
-- Of the functions there are now; a migration that adds one revokes it itself, and a test looks at all of them.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA certification FROM PUBLIC;
GRANT USAGE ON SCHEMA certification TO certification_expiry_check, certification_send_notices;

GRANT EXECUTE ON FUNCTION
    certification.start_run, certification.organisations_to_run, certification.start_organisation,
    certification.finish_organisation, certification.finish_run
TO certification_expiry_check, certification_send_notices;

GRANT EXECUTE ON FUNCTION
    certification.claim_reminders, certification.expire_mentors, certification.reactivate_renewed
TO certification_expiry_check;

GRANT EXECUTE ON FUNCTION
    certification.claim_notice, certification.settle_notice, certification.complete_digests,
    certification.digest_lines, certification.count_sending
TO certification_send_notices;
