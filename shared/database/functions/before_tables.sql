-- What is applied before the tables: the lists, the functions' roles, and what constraints and defaults call. Nothing
-- here may name a table in its signature. PostgreSQL does not look at older rows again when a check changes: a stricter
-- one needs a migration that puts those rows right.

-- The lists. A constraint reads the names of a list as one constant, so a check costs what a literal does.
-- tests/integration/database/test_lists.py holds them equal to the domain's and to template.yaml.

CREATE OR REPLACE FUNCTION certification.functions()
RETURNS TABLE (function text, run text, longest_silence interval)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('expiry_check', 'expiry_check', interval '26 hours'),
           ('send_notices', 'send_notices', interval '17 hours'),
           ('reconciliation', 'reconciliation_sweep', interval '30 minutes'),
           ('reconciliation', 'reconciliation_full', interval '26 hours'),
           ('dynamics_sync', NULL, NULL),
           ('force_sync', NULL, NULL),
           ('mail_events', NULL, NULL),
           ('verify_integration', NULL, NULL),
           ('operations', NULL, NULL),
           ('operations_reader', NULL, NULL)
$$;
COMMENT ON FUNCTION certification.functions IS
    'The functions that have a login, the runs that each records, and how long a run may be missing before run_missing '
    'opens (I12): its longest pause, plus an hour for clocks and retries.';

CREATE OR REPLACE FUNCTION certification.run_functions() RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(f.run) FROM certification.functions() AS f WHERE f.run IS NOT NULL
$$;
COMMENT ON FUNCTION certification.run_functions IS 'The names under which runs are recorded.';

CREATE OR REPLACE FUNCTION certification.nightly_steps() RETURNS TABLE (step text, measure text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('reactivate', 'reactivations'), ('remind', 'reminders'), ('expire', 'expiries')
$$;
COMMENT ON FUNCTION certification.nightly_steps IS
    'The steps of the nightly check in their order, and how the measures of each begin.';

CREATE OR REPLACE FUNCTION certification.nightly_step_names() RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(s.step) FROM certification.nightly_steps() AS s
$$;
COMMENT ON FUNCTION certification.nightly_step_names IS 'The steps of the nightly check.';

CREATE OR REPLACE FUNCTION certification.notice_kinds()
RETURNS TABLE (kind text, recipient text, status text, steps text[])
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('reminder', 'mentor', 'active', '{remind}'::text[]),
           ('expired', 'mentor', 'certification_expired', '{expire}'),
           ('reactivated', 'mentor', 'active', '{reactivate}'),
           ('digest', 'coordinator', NULL, '{reactivate,remind,expire}')
$$;
COMMENT ON FUNCTION certification.notice_kinds IS
    'The kinds of notices: who gets one, the status without which it is no longer true, and the steps that write it.';

CREATE OR REPLACE FUNCTION certification.notice_kind_names() RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(k.kind) FROM certification.notice_kinds() AS k
$$;
COMMENT ON FUNCTION certification.notice_kind_names IS 'The kinds of notices.';

-- The schema's owner owns all that is in it. Each function has a role of its own that may call what it needs and read
-- no table at all: what it may call is granted beside the functions. What every function that records runs calls is
-- granted to certification_scheduled, which those roles are members of. The two roles of the commands of operations
-- also
-- read some of our tables, and none of the app's; certification_operations_reader may call no function that changes
-- anything, and tests/integration/database/test_reader.py holds it to that. The role of break-glass
-- (functions/break_glass/) is for a person
-- while nothing of AWS runs. The roles cannot log in: docs/operations/deploy.md shows how to make a login for each.
DO $$
DECLARE
    v_role text;
BEGIN
    FOR v_role IN SELECT DISTINCT 'certification_' || f.function FROM certification.functions() AS f
                  UNION ALL VALUES ('certification_scheduled'), ('certification_break_glass') LOOP
        -- Roles are the server's: another database of it may have made them.
        IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA certification TO %I', v_role);
    END LOOP;
    FOR v_role IN SELECT DISTINCT 'certification_' || f.function FROM certification.functions() AS f
                   WHERE f.run IS NOT NULL LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_auth_members AS a
                        WHERE a.roleid = 'certification_scheduled'::regrole AND a.member = v_role::regrole) THEN
            EXECUTE format('GRANT certification_scheduled TO %I', v_role);
        END IF;
    END LOOP;
END
$$;

-- What constraints and defaults call.

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
    certification.functions, certification.run_functions, certification.nightly_steps,
    certification.nightly_step_names, certification.notice_kinds, certification.notice_kind_names,
    certification.is_descending, certification.standard_thresholds, certification.mapping_problem
FROM PUBLIC;
