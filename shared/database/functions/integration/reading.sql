-- What the integration checkpoint reads of ours. The catalogue itself may be read by every role.

CREATE OR REPLACE FUNCTION certification.integration_state()
RETURNS TABLE (owner text, at timestamptz, webhook text, webhook_usable boolean, webhook_function text,
               path_of_app_triggers text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT current_user::text, clock_timestamp(),
           CASE WHEN NOT w.enabled THEN 'disabled' WHEN w.function_arn IS NOT NULL THEN 'aws_lambda'
                WHEN w.url IS NOT NULL THEN 'pg_net' ELSE 'none' END,
           CASE WHEN w.function_arn IS NOT NULL
                THEN to_regnamespace('aws_lambda') IS NOT NULL
                     AND has_schema_privilege(to_regnamespace('aws_lambda'), 'USAGE')
                     AND EXISTS (SELECT 1 FROM pg_catalog.pg_proc AS p
                                  WHERE p.pronamespace = to_regnamespace('aws_lambda') AND p.proname = 'invoke'
                                    AND has_function_privilege(p.oid, 'EXECUTE'))
                WHEN w.url IS NOT NULL
                THEN to_regnamespace('net') IS NOT NULL AND has_schema_privilege(to_regnamespace('net'), 'USAGE')
                     AND EXISTS (SELECT 1 FROM pg_catalog.pg_proc AS p
                                  WHERE p.pronamespace = to_regnamespace('net') AND p.proname = 'http_post'
                                    AND has_function_privilege(p.oid, 'EXECUTE')) END,
           w.function_arn, certification.path_for_the_app()
      FROM (SELECT 1) AS one LEFT JOIN certification.webhook AS w ON true
$$;
COMMENT ON FUNCTION certification.integration_state IS
    'Return who owns the schema, the server''s clock, how the webhook is sent and whether its owner may send it so, '
    'and the path of the app''s triggers in a nightly check. Not the address and not the key.';

CREATE OR REPLACE FUNCTION certification.applied_files() RETURNS TABLE (name text, checksum text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.name, m.checksum FROM certification.migrations AS m
$$;
COMMENT ON FUNCTION certification.applied_files IS
    'Return the files that were applied to this database, with their checksums.';

CREATE OR REPLACE FUNCTION certification.damaged_objects()
RETURNS TABLE (kind text, name text, relation text, damage text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.kind, d.name, d.relation, d.damage FROM certification.structure_damage() AS d
$$;
COMMENT ON FUNCTION certification.damaged_objects IS
    'Return the objects of ours that are missing, invalid, disabled or changed since the last migrate.';

CREATE OR REPLACE FUNCTION certification.mappings_in_force() RETURNS TABLE (mapping jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT certification.effective_mapping(o.id) FROM public.organisations AS o
$$;
COMMENT ON FUNCTION certification.mappings_in_force IS
    'Return each listing mapping that an organisation has, of its own or by the standard.';

CREATE OR REPLACE FUNCTION certification.time_zones_in_use() RETURNS TABLE (name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT z.name FROM public.organisations AS o
      JOIN pg_catalog.pg_timezone_names AS z ON lower(z.name) = lower(certification.clean_text(o.timezone::text))
$$;
COMMENT ON FUNCTION certification.time_zones_in_use IS
    'Return the time zones of the organisations, as PostgreSQL spells them; without those that it does not know.';

REVOKE ALL ON FUNCTION
    certification.integration_state, certification.applied_files, certification.damaged_objects,
    certification.mappings_in_force, certification.time_zones_in_use
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.integration_state, certification.applied_files, certification.damaged_objects,
    certification.time_zones_in_use
TO certification_verify_integration, certification_operations;
GRANT EXECUTE ON FUNCTION
    certification.mappings_in_force
TO certification_verify_integration;
-- Once granted: a database keeps what nothing takes away.
REVOKE EXECUTE ON FUNCTION certification.mappings_in_force FROM certification_operations;
