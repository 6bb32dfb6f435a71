-- What an organisation has stored, and what applies to it. Settings are JSON here, with the names of the columns: one
-- form for reading, previewing, changing and the audit.

CREATE OR REPLACE FUNCTION certification.default_settings() RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'org_thresholds', false, 'thresholds', certification.standard_thresholds(), 'reactivate_renewed', true,
        'listing_mapping', NULL, 'brake_count', NULL, 'brake_percent', NULL, 'table_is_ours', false,
        'fallback_address', NULL)
$$;
COMMENT ON FUNCTION certification.default_settings IS
    'Return the settings of an organisation that has no row yet, as the first run would store them.';

CREATE OR REPLACE FUNCTION certification.stored_settings(p_organisation_id uuid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN p_organisation_id IS NULL THEN (SELECT to_jsonb(d) - 'only_row' FROM certification.standard AS d)
           ELSE (SELECT coalesce((SELECT to_jsonb(s) - 'organisation_id' FROM certification.organisation_settings AS s
                                   WHERE s.organisation_id = o.id), certification.default_settings())
                   FROM public.organisations AS o WHERE o.id = p_organisation_id) END
$$;
COMMENT ON FUNCTION certification.stored_settings IS
    'Return an organisation''s settings as stored, or the HLF standard''s (null); null for an organisation that is not '
    'there.';

CREATE OR REPLACE FUNCTION certification.settings_in_force(p_stored jsonb, p_standard jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'thresholds', CASE WHEN (p_stored -> 'org_thresholds')::boolean THEN p_stored -> 'thresholds'
                           ELSE p_standard -> 'thresholds' END,
        'reactivate_renewed', p_stored -> 'reactivate_renewed', 'table_is_ours', p_stored -> 'table_is_ours')
        || (SELECT jsonb_object_agg(n.name, coalesce(nullif(p_stored -> n.name, 'null'), p_standard -> n.name))
              FROM unnest('{listing_mapping,brake_count,brake_percent,fallback_address}'::text[]) AS n (name))
$$;
COMMENT ON FUNCTION certification.settings_in_force IS
    'Return what applies to an organisation with these stored settings under this standard. It says what '
    'effective_thresholds, effective_mapping and brake_limits say, of settings that need not be stored.';

CREATE OR REPLACE FUNCTION certification.all_settings()
RETURNS TABLE (organisation_id uuid, stored jsonb, in_force jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH standard AS MATERIALIZED (SELECT certification.stored_settings(NULL) AS stored)
    SELECT NULL::uuid, d.stored, d.stored FROM standard AS d
    UNION ALL
    SELECT o.id, x.stored, certification.settings_in_force(x.stored, d.stored)
      FROM public.organisations AS o
     CROSS JOIN standard AS d
     CROSS JOIN LATERAL (SELECT certification.stored_settings(o.id) AS stored) AS x
     WHERE o.id IS NOT NULL
$$;
COMMENT ON FUNCTION certification.all_settings IS
    'Return the settings of the HLF standard (a null organisation) and of every organisation: as stored, and as they '
    'apply.';

CREATE OR REPLACE FUNCTION certification.coordinator_settings(p_coordinator_id uuid)
RETURNS TABLE (own_thresholds boolean, in_force jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
    SELECT (x.stored -> 'org_thresholds')::boolean,
           certification.settings_in_force(x.stored, certification.stored_settings(NULL))
      FROM public.coordinators AS c
     CROSS JOIN LATERAL (SELECT certification.stored_settings(c.organisation_id) AS stored) AS x
     WHERE c.id = p_coordinator_id AND c.organisation_id IS NOT NULL AND x.stored IS NOT NULL
$$;
COMMENT ON FUNCTION certification.coordinator_settings IS
    'Return the settings that apply to the coordinator''s organisation; no row for anybody who is no coordinator '
    '(I11).';

REVOKE ALL ON FUNCTION
    certification.default_settings, certification.stored_settings, certification.settings_in_force,
    certification.all_settings, certification.coordinator_settings
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.all_settings
TO certification_operations, certification_operations_reader;
GRANT EXECUTE ON FUNCTION
    certification.coordinator_settings
TO certification_force_sync;
