-- The settings of an organisation, and the standard where it has none of its own.

CREATE OR REPLACE FUNCTION certification.effective_thresholds(p_organisation_id uuid) RETURNS smallint[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        (SELECT s.thresholds FROM certification.organisation_settings AS s
          WHERE s.organisation_id = p_organisation_id AND s.org_thresholds),
        certification.standard_thresholds())
$$;
COMMENT ON FUNCTION certification.effective_thresholds IS
    'Return the organisation''s own thresholds if its flag is on, otherwise the HLF standard.';

CREATE OR REPLACE FUNCTION certification.effective_mapping(p_organisation_id uuid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        (SELECT s.listing_mapping FROM certification.organisation_settings AS s
          WHERE s.organisation_id = p_organisation_id),
        (SELECT d.listing_mapping FROM certification.standard AS d))::jsonb
$$;
COMMENT ON FUNCTION certification.effective_mapping IS
    'Return the organisation''s own listing mapping, or the standard.';

CREATE OR REPLACE FUNCTION certification.brake_limits(p_organisation_id uuid, OUT count integer, OUT percent integer)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(s.brake_count, d.brake_count), coalesce(s.brake_percent, d.brake_percent)
      FROM certification.standard AS d
      LEFT JOIN certification.organisation_settings AS s ON s.organisation_id = p_organisation_id
$$;
COMMENT ON FUNCTION certification.brake_limits IS
    'Return the limits in force: the organisation''s own, or the standard''s.';

CREATE OR REPLACE FUNCTION certification.effective_fallback_address(p_organisation_id uuid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        (SELECT s.fallback_address FROM certification.organisation_settings AS s
          WHERE s.organisation_id = p_organisation_id),
        (SELECT d.fallback_address FROM certification.standard AS d))
$$;
COMMENT ON FUNCTION certification.effective_fallback_address IS
    'Return the organisation''s own mailbox for a coordinator who cannot be reached, or the standard''s; null: none.';

CREATE OR REPLACE FUNCTION certification.fallback_addresses() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.fallback_address FROM certification.organisation_settings AS s WHERE s.fallback_address IS NOT NULL
    UNION SELECT d.fallback_address FROM certification.standard AS d WHERE d.fallback_address IS NOT NULL
$$;
COMMENT ON FUNCTION certification.fallback_addresses IS
    'Return every mailbox for a coordinator who cannot be reached.';

CREATE OR REPLACE FUNCTION certification.organisation_is_known() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.organisations AS o WHERE o.id = NEW.organisation_id) THEN
        RAISE EXCEPTION 'there is no organisation %', NEW.organisation_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'settings_of_an_organisation';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION certification.organisation_is_known IS
    'Refuse settings of an unknown organisation. A foreign key would do the same, but would also refuse the app a '
    'TRUNCATE of organisations (I16).';

-- A row hidden by one flag is not shown by another. So a flag that was ever used stays in the mapping as long as the
-- listings stay in the same table.
CREATE OR REPLACE FUNCTION certification.dropped_flags(p_organisation_id uuid, p_own_was jsonb, p_own_is jsonb)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_to_string(ARRAY(SELECT jsonb_object_keys(m.was -> 'show')
                                 EXCEPT SELECT jsonb_object_keys(m.is -> 'show') ORDER BY 1), ', ')
      FROM (SELECT coalesce(nullif(p_own_was, 'null'), d.listing_mapping::jsonb) AS was,
                   coalesce(nullif(p_own_is, 'null'), d.listing_mapping::jsonb) AS is
              FROM certification.standard AS d) AS m
     WHERE (m.was ->> 'table', m.was ->> 'key') = (m.is ->> 'table', m.is ->> 'key')
       AND NOT (m.is -> 'show') ?& ARRAY(SELECT jsonb_object_keys(m.was -> 'show'))
       AND EXISTS (
           SELECT 1 FROM certification.listings AS l
            WHERE (l.synced_at IS NOT NULL OR l.website IS NOT NULL)
              AND CASE WHEN p_organisation_id IS NOT NULL THEN l.organisation_id = p_organisation_id
                  ELSE NOT EXISTS (SELECT 1 FROM certification.organisation_settings AS s
                                    WHERE s.organisation_id = l.organisation_id
                                      AND s.listing_mapping IS NOT NULL) END)
$$;
COMMENT ON FUNCTION certification.dropped_flags IS
    'Return the flags that may have hidden a row of the organisation, or under the HLF standard (null), and that the '
    'new mapping would drop; null if there are none. A mapping of null is the standard''s.';

CREATE OR REPLACE FUNCTION certification.keep_flags() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_organisation uuid;
    v_own_was jsonb;
    v_own_is jsonb;
    v_dropped text;
BEGIN
    IF TG_TABLE_NAME = 'standard' THEN
        v_own_was := OLD.listing_mapping;
        v_own_is := NEW.listing_mapping;
    ELSE
        IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM public.organisations AS o
                                             WHERE o.id = OLD.organisation_id) THEN
            RETURN OLD; -- the organisation itself is deleted
        END IF;
        IF TG_OP <> 'INSERT' THEN
            v_own_was := OLD.listing_mapping;
            v_organisation := OLD.organisation_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            v_own_is := NEW.listing_mapping;
            v_organisation := NEW.organisation_id;
        END IF;
    END IF;
    v_dropped := certification.dropped_flags(v_organisation, v_own_was, v_own_is);
    IF v_dropped IS NOT NULL THEN
        RAISE EXCEPTION 'a flag that has hidden rows must stay in the mapping: %', v_dropped
            USING ERRCODE = 'check_violation', CONSTRAINT = 'mapping_keeps_its_flags';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
COMMENT ON FUNCTION certification.keep_flags IS
    'Refuse a listing mapping that drops a flag which may have hidden a row, because another flag alone would not '
    'show the row again.';

CREATE OR REPLACE TRIGGER settings_of_an_organisation BEFORE INSERT OR UPDATE OF organisation_id
    ON certification.organisation_settings
    FOR EACH ROW EXECUTE FUNCTION certification.organisation_is_known();
CREATE OR REPLACE TRIGGER listing_mapping_keeps_its_flags BEFORE UPDATE ON certification.standard
    FOR EACH ROW EXECUTE FUNCTION certification.keep_flags();
CREATE OR REPLACE TRIGGER listing_mapping_keeps_its_flags BEFORE INSERT OR UPDATE OR DELETE
    ON certification.organisation_settings
    FOR EACH ROW EXECUTE FUNCTION certification.keep_flags();

REVOKE ALL ON FUNCTION
    certification.effective_thresholds, certification.effective_mapping, certification.brake_limits,
    certification.effective_fallback_address, certification.fallback_addresses, certification.organisation_is_known,
    certification.dropped_flags, certification.keep_flags
FROM PUBLIC;
