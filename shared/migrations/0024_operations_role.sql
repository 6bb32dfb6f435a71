-- The role of the commands of operations. It reads our tables, which hold ids and codes, and none of the app's; it writes
-- through functions only. What it may call is granted beside the functions.

DO $$
BEGIN
    -- Roles are the server's: another database of it may have made this one.
    IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'certification_operations') THEN
        CREATE ROLE certification_operations NOLOGIN;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA certification TO certification_operations;
GRANT SELECT ON
    certification.alerts, certification.audit, certification.duplicates, certification.findings, certification.listings,
    certification.organisation_settings, certification.proofs, certification.queue_depths, certification.run_organisations,
    certification.runs, certification.set_aside, certification.standard, certification.sync_state
TO certification_operations;
