-- The check that everything that enforces the rules is still there: our tables, constraints, indexes, triggers and
-- functions.

CREATE OR REPLACE FUNCTION certification.structure()
RETURNS TABLE (kind text, name text, relation text, definition text, damage text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    WITH ours AS MATERIALIZED (
        SELECT c.oid, 'certification.' || c.relname AS name FROM pg_catalog.pg_class AS c
         WHERE c.relnamespace = 'certification'::regnamespace AND c.relkind IN ('r', 'p')
    )
    SELECT 'table', o.name, o.name, '', NULL FROM ours AS o
    UNION ALL
    SELECT 'constraint', o.name || '.' || c.conname, o.name, pg_get_constraintdef(c.oid),
           CASE WHEN NOT c.convalidated OR NOT coalesce(i.indisvalid, true) THEN 'invalid'
                WHEN c.contype = 'f' AND EXISTS ( -- the triggers that enforce a foreign key
                    SELECT 1 FROM pg_catalog.pg_trigger AS t
                     WHERE t.tgconstraint = c.oid AND t.tgenabled NOT IN ('O', 'A')) THEN 'disabled' END
      FROM ours AS o
      JOIN pg_catalog.pg_constraint AS c ON c.conrelid = o.oid AND c.contype IN ('p', 'u', 'c', 'f', 'x')
      LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.conindid AND c.contype <> 'f'
    UNION ALL
    SELECT 'not_null', o.name || '.' || a.attname, o.name, '', NULL
      FROM ours AS o
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = o.oid AND a.attnum > 0 AND a.attnotnull
    UNION ALL
    SELECT 'index', 'certification.' || c.relname, o.name, pg_get_indexdef(i.indexrelid),
           CASE WHEN NOT (i.indisvalid AND i.indisready AND i.indislive) THEN 'invalid' END
      FROM (SELECT o.oid, o.name FROM ours AS o
            UNION ALL
            SELECT to_regclass('public.certifications'), 'public.certifications') AS o
      JOIN pg_catalog.pg_index AS i ON i.indrelid = o.oid
      JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
     WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype <> 'f')
       -- leftovers of REINDEX CONCURRENTLY are not ours
       AND c.relname NOT LIKE '%\_ccnew%' AND c.relname NOT LIKE '%\_ccold%'
       AND (o.name <> 'public.certifications' OR c.relname = 'certifications_expires_on')
    UNION ALL
    SELECT 'trigger', t.tgrelid::regclass || '.' || t.tgname, t.tgrelid::regclass::text, pg_get_triggerdef(t.oid),
           CASE WHEN t.tgenabled NOT IN ('O', 'A') THEN 'disabled' END
      FROM pg_catalog.pg_trigger AS t
      JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
     WHERE p.pronamespace = 'certification'::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, NULL,
           md5(concat_ws(E'\x1f', p.prosrc, p.prosecdef, p.proconfig, p.provolatile, p.prorettype::regtype)), NULL
      FROM pg_catalog.pg_proc AS p
     WHERE p.pronamespace = 'certification'::regnamespace
$$;
COMMENT ON FUNCTION certification.structure IS
    'Return every object of ours that exists, with its definition and, if it does not do its work, the reason: '
    'invalid or disabled.';

CREATE OR REPLACE FUNCTION certification.structure_damage()
RETURNS TABLE (kind text, name text, relation text, definition text, damage text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    WITH found AS MATERIALIZED (SELECT s.* FROM certification.structure() AS s),
    judged AS (
        SELECT e.kind, e.name, e.relation, e.definition,
               CASE WHEN f.name IS NULL THEN 'missing'
                    -- A constraint that was added NOT VALID is expected to be invalid.
                    WHEN f.damage IS NOT NULL AND NOT (f.damage = 'invalid' AND e.definition LIKE '% NOT VALID')
                    THEN f.damage
                    WHEN f.definition <> e.definition
                         AND e.as_shown = current_setting('server_version_num')::integer / 10000
                    THEN 'changed' END AS damage
          FROM certification.expected_structure AS e
          LEFT JOIN found AS f ON f.kind = e.kind AND f.name = e.name
    )
    SELECT j.kind, j.name, j.relation, j.definition, j.damage FROM judged AS j
     WHERE j.damage IS NOT NULL
       -- If a table is missing, everything on it is missing too; only the table is reported.
       AND (j.kind = 'table' OR NOT EXISTS (
           SELECT 1 FROM judged AS t WHERE t.kind = 'table' AND t.name = j.relation AND t.damage = 'missing'))
     ORDER BY j.kind, j.name
$$;
COMMENT ON FUNCTION certification.structure_damage IS
    'Return the objects that the last migrate left and that are missing, invalid, disabled or changed since; no rows '
    'if all are intact.';

CREATE OR REPLACE FUNCTION certification.rows_against(p_kind text, p_relation text, p_name text,
                                                      p_definition text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v text[];
    v_query text;
    v_n bigint;
BEGIN
    IF p_kind = 'not_null' THEN
        v_query := format('SELECT count(*) FROM %s WHERE %I IS NULL', p_relation, split_part(p_name, '.', 3));
    ELSIF p_definition ~ '^(UNIQUE|PRIMARY KEY|CREATE UNIQUE INDEX)' THEN
        v := regexp_match(p_definition,
            '^(?:UNIQUE|PRIMARY KEY|CREATE UNIQUE INDEX .* USING btree)[A-Z ]*\(([^)]*)\)[^W]*(?:WHERE (.*))?$');
        v_query := format('SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM %s'
                          ' WHERE num_nulls(%s) = 0 AND (%s)'
                          ' GROUP BY %s HAVING count(*) > 1) AS twice', p_relation, v[1], coalesce(v[2], 'true'), v[1]);
    ELSIF p_definition LIKE 'CHECK %' THEN
        v_query := format('SELECT count(*) FROM %s WHERE NOT %s', p_relation,
                          regexp_replace(p_definition, '^CHECK | NOT VALID$', '', 'g'));
    ELSIF p_definition LIKE 'FOREIGN KEY %' THEN
        v := regexp_match(p_definition, '^FOREIGN KEY \(([^)]*)\) REFERENCES ([^(]+)\(([^)]*)\)');
        v_query := format('SELECT count(*) FROM %s WHERE num_nulls(%s) = 0 AND (%2$s) NOT IN (SELECT %s FROM %s)',
                          p_relation, v[1], v[3], v[2]);
    END IF;
    EXECUTE v_query INTO v_n;
    RETURN v_n;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL; -- no number of rows is then reported
END
$$;
COMMENT ON FUNCTION certification.rows_against IS
    'Return how many rows violate a constraint or an index; null if that cannot be counted.';

-- The statements here are built from the catalogue and from our own table, which only the owner can write.
CREATE OR REPLACE FUNCTION certification.mend_structure() RETURNS TABLE (said text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v record;
    v_called text;
    v_bare text;
    v_n bigint;
BEGIN
    -- Foreign keys come last, because they need the keys that they refer to.
    FOR v IN SELECT d.* FROM certification.structure_damage() AS d WHERE d.kind <> 'function'
              ORDER BY d.definition LIKE 'FOREIGN KEY %', d.kind, d.name LOOP
        v_bare := regexp_replace(v.name, '^.*\.', '');
        v_called := replace(v.kind, '_', ' ') || ' ' || v.name;
        BEGIN
            CONTINUE WHEN v.kind = 'trigger' AND v.damage <> 'disabled'; -- the runner applies its file again
            IF v.kind = 'trigger' THEN
                EXECUTE format('ALTER TABLE %s ENABLE TRIGGER %I', v.relation, v_bare);
            ELSIF v.kind = 'not_null' THEN
                EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', v.relation, v_bare);
            ELSIF v.kind = 'index' THEN
                EXECUTE format('DROP INDEX IF EXISTS %s.%I', split_part(v.relation, '.', 1), v_bare);
                EXECUTE v.definition;
            ELSIF v.kind = 'constraint' THEN
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', v.relation, v_bare);
                EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', v.relation, v_bare, v.definition);
            ELSE
                said := v_called || ' is missing with all its rows: restore it from a backup.';
                RETURN NEXT;
                CONTINUE;
            END IF;
            said := v_called || ' was ' || v.damage || ' and is as it should be again.';
        EXCEPTION WHEN OTHERS THEN
            v_n := certification.rows_against(v.kind, v.relation, v.name, v.definition);
            said := format('%s is %s and cannot be put back: %s. ', v_called, v.damage,
                           CASE v_n WHEN 1 THEN '1 row is against it'
                                ELSE coalesce(nullif(v_n, 0) || ' rows are against it', SQLSTATE) END)
                    || 'Put that right, then migrate again.';
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION certification.mend_structure IS
    'Restore constraints, indexes and triggers that are missing, invalid, disabled or changed, and return one '
    'sentence for each.';

CREATE OR REPLACE FUNCTION certification.write_structure(p_still_expected text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM certification.expected_structure AS e WHERE (e.kind || ' ' || e.name) <> ALL (p_still_expected);
    INSERT INTO certification.expected_structure (kind, name, relation, definition, as_shown)
    SELECT s.kind, s.name, s.relation, s.definition, current_setting('server_version_num')::integer / 10000
      FROM certification.structure() AS s
    ON CONFLICT ON CONSTRAINT expected_structure_pkey DO NOTHING
$$;
COMMENT ON FUNCTION certification.write_structure IS
    'Record the structure that exists as the expected one, except for these objects, which could not be restored and '
    'stay expected as they were.';

-- A role that can make temporary tables can give one any name. PostgreSQL grants this to PUBLIC; the app's own roles
-- keep it.
CREATE OR REPLACE FUNCTION certification.revoke_temporary() RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_role name;
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_database AS d
         CROSS JOIN aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
         WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'TEMPORARY') THEN
        RETURN NULL;
    ELSIF NOT pg_has_role((SELECT d.datdba FROM pg_catalog.pg_database AS d
                            WHERE d.datname = current_database()), 'USAGE') THEN
        RETURN format('Everybody may make temporary tables in this database, and this login may not change that.'
                      ' Have its owner run: REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
    FOR v_role IN
        SELECT r.rolname FROM pg_catalog.pg_roles AS r
         WHERE NOT r.rolsuper AND r.rolname NOT LIKE 'pg\_%'
           AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles AS o
                            WHERE o.rolname LIKE 'certification\_%' AND NOT o.rolcanlogin
                              AND pg_has_role(r.oid, o.oid, 'USAGE'))
    LOOP
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), v_role);
    END LOOP;
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION certification.revoke_temporary IS
    'Revoke the right to make temporary tables from PUBLIC, and grant it to the roles that are not ours. Return why '
    'that was not possible, or null.';

REVOKE ALL ON FUNCTION
    certification.structure, certification.structure_damage, certification.rows_against, certification.mend_structure,
    certification.write_structure, certification.revoke_temporary
FROM PUBLIC;
