-- What constraints and defaults of the tables call. The runner applies this file before tables/, so nothing here may
-- name a table in its signature. PostgreSQL does not look at older rows again when a check changes: a stricter one
-- needs a migration that puts those rows right.

CREATE OR REPLACE FUNCTION certification.is_descending(p_days smallint[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM generate_subscripts(p_days, 1) AS i
        WHERE i > 1 AND p_days[i] >= p_days[i - 1]
    )
$$;
COMMENT ON FUNCTION certification.is_descending IS
    'Whether every day is smaller than the one before: sorted, no duplicates.';

CREATE OR REPLACE FUNCTION certification.standard_thresholds() RETURNS smallint[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT d.thresholds FROM certification.standard AS d $$;
COMMENT ON FUNCTION certification.standard_thresholds IS
    'The thresholds of the HLF standard. An organisation''s row begins with them.';

CREATE OR REPLACE FUNCTION certification.mapping_problem(p_mapping jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN p_mapping IS NULL THEN NULL
        WHEN jsonb_typeof(p_mapping) <> 'object'
          OR ARRAY(SELECT k FROM jsonb_object_keys(p_mapping) AS k ORDER BY k) <> '{columns,hide,key,show,table}'
          OR jsonb_typeof(p_mapping -> 'columns') <> 'object' OR jsonb_typeof(p_mapping -> 'show') <> 'object'
          OR jsonb_typeof(p_mapping -> 'hide') <> 'object' THEN 'parts'
        WHEN EXISTS (
            SELECT 1 FROM (
                SELECT p_mapping ->> 'table' UNION ALL SELECT p_mapping ->> 'key'
                UNION ALL SELECT jsonb_object_keys(p_mapping -> 'columns')
                UNION ALL SELECT jsonb_object_keys(p_mapping -> 'show')
            ) AS n (name) WHERE n.name IS NULL OR n.name !~ '^[a-z][a-z0-9_]{0,99}$') THEN 'names'
        WHEN p_mapping -> 'columns' = '{}' OR EXISTS (
            SELECT 1 FROM jsonb_each(p_mapping -> 'columns') AS c (name, field)
             WHERE c.field #>> '{}' <> ALL ('{first_name,last_name,full_name,phone,email,area,organisation}'::text[])
                OR jsonb_typeof(c.field) <> 'string') THEN 'fields'
        WHEN p_mapping -> 'show' = '{}'
          OR ARRAY(SELECT k FROM jsonb_object_keys(p_mapping -> 'show') AS k ORDER BY k)
             <> ARRAY(SELECT k FROM jsonb_object_keys(p_mapping -> 'hide') AS k ORDER BY k)
          OR EXISTS (
            SELECT 1 FROM jsonb_each(p_mapping -> 'show') AS s (name, flag)
             WHERE jsonb_typeof(s.flag) NOT IN ('boolean', 'number') OR s.flag = p_mapping -> 'hide' -> s.name
                OR jsonb_typeof(p_mapping -> 'hide' -> s.name) <> jsonb_typeof(s.flag))
          OR (p_mapping -> 'show' ? 'statecode') <> (p_mapping -> 'show' ? 'statuscode') THEN 'flags'
        WHEN p_mapping -> 'columns' ? (p_mapping ->> 'key') OR p_mapping -> 'show' ? (p_mapping ->> 'key')
          OR EXISTS (SELECT 1 FROM jsonb_object_keys(p_mapping -> 'show') AS k
                      WHERE p_mapping -> 'columns' ? k) THEN 'twice'
    END
$$;
COMMENT ON FUNCTION certification.mapping_problem IS
    'What is wrong with a listing mapping, or null: parts, names, fields, flags or twice.';

REVOKE ALL ON FUNCTION
    certification.is_descending, certification.standard_thresholds, certification.mapping_problem
FROM PUBLIC;
