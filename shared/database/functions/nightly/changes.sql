-- Trigger functions: record what changed in the app, so that the next nightly check rechecks it.

-- Each trigger judges by its own row alone. If one transaction resumes a mentor while another renews the same mentor,
-- neither sees the other's new row, and a nightly check may run between their commits.
CREATE OR REPLACE FUNCTION certification.record_changed_mentors() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_ids uuid[];
BEGIN
    -- transition_set (nightly/transitions.sql) sets own_transition. Its own expiries need no recheck.
    IF current_setting('certification.own_transition', true) = 'expire' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO certification.mentors_to_recheck (step, mentor_id)
        SELECT s.step, n.id
          FROM new_rows AS n
          JOIN (VALUES ('active', 'remind'), ('active', 'expire'), ('certification_expired', 'reactivate'))
               AS s (status, step) ON s.status = certification.status_of(n.status::text)
         WHERE n.id IS NOT NULL;
    ELSE
        -- The plan is cached for the session. A nested loop planned for one row would take minutes for ten thousand; a
        -- full join is never planned as one.
        WITH changed AS MATERIALIZED (
            SELECT n.id, certification.status_of(n.status::text) AS status
              FROM new_rows AS n FULL JOIN old_rows AS o ON o.id = n.id
             WHERE ROW(o.status, o.organisation_id)::record *<> ROW(n.status, n.organisation_id)::record
        )
        INSERT INTO certification.mentors_to_recheck (step, mentor_id)
        SELECT s.step, c.id
          FROM changed AS c
          JOIN (VALUES ('active', 'remind'), ('active', 'expire'), ('certification_expired', 'reactivate'))
               AS s (status, step) ON s.status = c.status
         WHERE c.id IS NOT NULL;
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN -- as in record_changed_listings
    BEGIN
        BEGIN
            EXECUTE certification.touched_query(TG_TABLE_NAME, TG_OP) INTO v_ids;
        EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
            NULL; -- the mentors stay unknown
        END;
        PERFORM certification.record_missed_change(TG_TABLE_NAME, v_ids, SQLSTATE);
    EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
        RAISE WARNING 'certification: a change of % was missed: SQLSTATE %', TG_TABLE_NAME, SQLSTATE;
    END;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION certification.record_changed_mentors IS
    'Record for the next nightly check the mentors whose status or organisation changed. Never refuse the app''s '
    'statement (I16): a change that cannot be recorded is kept as a missed change.';

CREATE OR REPLACE FUNCTION certification.record_changed_certifications() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_ids uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO certification.mentors_to_recheck (step, mentor_id)
        SELECT s.step, n.mentor_id
          FROM new_rows AS n
         CROSS JOIN (VALUES ('remind'), ('expire'), ('reactivate')) AS s (step)
         WHERE n.mentor_id IS NOT NULL;
    ELSE
        WITH changed AS MATERIALIZED (
            SELECT n.mentor_id FROM new_rows AS n FULL JOIN old_rows AS o ON o.mentor_id = n.mentor_id
             WHERE o.expires_on IS DISTINCT FROM n.expires_on
        )
        INSERT INTO certification.mentors_to_recheck (step, mentor_id)
        SELECT s.step, c.mentor_id
          FROM changed AS c CROSS JOIN (VALUES ('remind'), ('expire'), ('reactivate')) AS s (step)
         WHERE c.mentor_id IS NOT NULL;
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN -- as in record_changed_listings
    BEGIN
        BEGIN
            EXECUTE certification.touched_query(TG_TABLE_NAME, TG_OP) INTO v_ids;
        EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
            NULL; -- the mentors stay unknown
        END;
        PERFORM certification.record_missed_change(TG_TABLE_NAME, v_ids, SQLSTATE);
    EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
        RAISE WARNING 'certification: a change of % was missed: SQLSTATE %', TG_TABLE_NAME, SQLSTATE;
    END;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION certification.record_changed_certifications IS
    'Record for the next nightly check the mentors whose last valid day changed. Never refuse the app''s statement '
    '(I16): a change that cannot be recorded is kept as a missed change.';

CREATE OR REPLACE TRIGGER certification_recheck_inserted AFTER INSERT ON public.peer_mentors
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_mentors();
CREATE OR REPLACE TRIGGER certification_recheck_updated AFTER UPDATE ON public.peer_mentors
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_mentors();
CREATE OR REPLACE TRIGGER certification_recheck_inserted AFTER INSERT ON public.certifications
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_certifications();
CREATE OR REPLACE TRIGGER certification_recheck_updated AFTER UPDATE ON public.certifications
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_certifications();

REVOKE ALL ON FUNCTION
    certification.record_changed_mentors, certification.record_changed_certifications
FROM PUBLIC;
