-- Trigger functions: a change in the app raises the desired version of the listings that it concerns.

-- None of our triggers refuses the app's statement, whatever fails on our side, and none waits long. A change that a
-- trigger cannot record is kept as a missed change, and the next sweep takes it up. `query_canceled` is the app's own
-- statement_timeout, used up by our waiting.
CREATE OR REPLACE FUNCTION certification.record_changed_listings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_ids uuid[];
BEGIN
    IF TG_TABLE_NAME = 'peer_mentors' THEN
        CASE TG_OP
            WHEN 'INSERT' THEN SELECT array_agg(n.id) INTO v_ids FROM new_rows AS n;
            WHEN 'DELETE' THEN SELECT array_agg(o.id) INTO v_ids FROM old_rows AS o;
            ELSE
                -- A changed id means one mentor deleted and another inserted.
                SELECT array_agg(DISTINCT i.id) INTO v_ids
                  FROM new_rows AS n
                  FULL JOIN old_rows AS o ON o.id = n.id
                 CROSS JOIN LATERAL (VALUES (n.id), (o.id)) AS i (id)
                 WHERE i.id IS NOT NULL
                   -- Compare byte by byte (*<>), which works for every type and collation.
                   AND ROW(o.status, o.listing_consent, o.organisation_id, o.first_name, o.last_name, o.phone,
                           o.email, o.area)::record
                       *<>
                       ROW(n.status, n.listing_consent, n.organisation_id, n.first_name, n.last_name, n.phone,
                           n.email, n.area)::record;
        END CASE;
    ELSE
        CASE TG_OP
            WHEN 'INSERT' THEN SELECT array_agg(n.mentor_id) INTO v_ids FROM new_rows AS n;
            WHEN 'DELETE' THEN SELECT array_agg(o.mentor_id) INTO v_ids FROM old_rows AS o;
            ELSE
                SELECT array_agg(DISTINCT i.id) INTO v_ids
                  FROM new_rows AS n
                  FULL JOIN old_rows AS o ON o.mentor_id = n.mentor_id
                 CROSS JOIN LATERAL (VALUES (n.mentor_id), (o.mentor_id)) AS i (id)
                 WHERE i.id IS NOT NULL AND o.expires_on IS DISTINCT FROM n.expires_on;
        END CASE;
    END IF;
    IF v_ids IS NOT NULL THEN
        IF TG_OP <> 'INSERT' OR TG_TABLE_NAME <> 'peer_mentors' THEN -- a new mentor has no listing yet
            PERFORM certification.hold_listings(v_ids);
        END IF;
        -- transition_set (nightly/transitions.sql) sets own_transition; the nightly check requests the sync itself.
        PERFORM certification.bump_listing_version(
            v_ids, p_notify => coalesce(current_setting('certification.own_transition', true), '') = '');
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    BEGIN
        IF v_ids IS NULL THEN -- the comparison failed as well: take every mentor that the statement touched
            BEGIN
                EXECUTE certification.touched_query(TG_TABLE_NAME, TG_OP) INTO v_ids;
            EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
                NULL; -- the mentors stay unknown
            END;
        END IF;
        PERFORM certification.record_missed_change(TG_TABLE_NAME, v_ids, SQLSTATE);
    EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
        RAISE WARNING 'certification: a change of % was missed: SQLSTATE %', TG_TABLE_NAME, SQLSTATE;
    END;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION certification.record_changed_listings IS
    'Raise the listings of the mentors that a statement of the app touched, in the same transaction (I7). Never '
    'refuse that statement (I16): a change that cannot be recorded is kept as a missed change.';

-- Changes that concern a whole organisation, or every organisation.
CREATE OR REPLACE FUNCTION certification.record_changed_listings_of_many() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_organisations uuid[];
    v_ids uuid[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        SELECT array_agg(DISTINCT l.organisation_id) INTO v_organisations FROM certification.listings AS l;
    ELSIF TG_TABLE_NAME = 'organisations' THEN
        SELECT array_agg(n.id) INTO v_organisations
          FROM new_rows AS n JOIN old_rows AS o ON o.id = n.id
         WHERE ROW(o.name, o.timezone)::record *<> ROW(n.name, n.timezone)::record;
    ELSIF TG_TABLE_NAME = 'standard' THEN
        SELECT array_agg(DISTINCT l.organisation_id) INTO v_organisations
          FROM certification.listings AS l
         WHERE EXISTS (SELECT 1 FROM new_rows AS n JOIN old_rows AS o ON o.only_row = n.only_row
                        WHERE o.listing_mapping::jsonb <> n.listing_mapping::jsonb);
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(o.organisation_id) INTO v_organisations FROM old_rows AS o WHERE o.listing_mapping IS NOT NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(n.organisation_id) INTO v_organisations FROM new_rows AS n WHERE n.listing_mapping IS NOT NULL;
    ELSE
        SELECT array_agg(n.organisation_id) INTO v_organisations
          FROM new_rows AS n JOIN old_rows AS o ON o.organisation_id = n.organisation_id
         WHERE o.listing_mapping::jsonb IS DISTINCT FROM n.listing_mapping::jsonb;
    END IF;
    IF v_organisations IS NOT NULL THEN
        v_ids := ARRAY(SELECT l.mentor_id FROM certification.listings AS l
                        WHERE l.organisation_id = ANY (v_organisations));
        PERFORM certification.hold_listings(v_ids);
        PERFORM certification.bump_listing_version(v_ids);
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    BEGIN
        PERFORM certification.record_missed_change(TG_TABLE_NAME, v_ids, SQLSTATE);
    EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
        RAISE WARNING 'certification: a change of % was missed: SQLSTATE %', TG_TABLE_NAME, SQLSTATE;
    END;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION certification.record_changed_listings_of_many IS
    'Raise every listing that a change of an organisation, a change of settings or a TRUNCATE concerns (I7). Never '
    'refuse the app''s statement (I16): a change that cannot be recorded is kept as a missed change.';

CREATE OR REPLACE TRIGGER certification_listing_inserted AFTER INSERT ON public.peer_mentors
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings();
CREATE OR REPLACE TRIGGER certification_listing_updated AFTER UPDATE ON public.peer_mentors
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings();
CREATE OR REPLACE TRIGGER certification_listing_deleted AFTER DELETE ON public.peer_mentors
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings();
CREATE OR REPLACE TRIGGER certification_listing_inserted AFTER INSERT ON public.certifications
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings();
CREATE OR REPLACE TRIGGER certification_listing_updated AFTER UPDATE ON public.certifications
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings();
CREATE OR REPLACE TRIGGER certification_listing_deleted AFTER DELETE ON public.certifications
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings();
CREATE OR REPLACE TRIGGER certification_listing_truncated AFTER TRUNCATE ON public.peer_mentors
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings_of_many();
CREATE OR REPLACE TRIGGER certification_listing_truncated AFTER TRUNCATE ON public.certifications
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings_of_many();
CREATE OR REPLACE TRIGGER certification_listing_updated AFTER UPDATE ON public.organisations
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings_of_many();
CREATE OR REPLACE TRIGGER listing_mapping_changed AFTER UPDATE ON certification.standard
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings_of_many();
CREATE OR REPLACE TRIGGER listing_mapping_inserted AFTER INSERT ON certification.organisation_settings
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings_of_many();
CREATE OR REPLACE TRIGGER listing_mapping_deleted AFTER DELETE ON certification.organisation_settings
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings_of_many();
CREATE OR REPLACE TRIGGER listing_mapping_changed AFTER UPDATE ON certification.organisation_settings
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.record_changed_listings_of_many();

REVOKE ALL ON FUNCTION
    certification.record_changed_listings, certification.record_changed_listings_of_many
FROM PUBLIC;
