-- A comparison of the website with the app: the rows that were read from the website, page by page.

CREATE OR REPLACE FUNCTION certification.website_tables() RETURNS TABLE (website_table text, website_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT m.mapping ->> 'table', m.mapping ->> 'key'
      FROM (SELECT certification.effective_mapping(o.id) AS mapping FROM public.organisations AS o
            UNION ALL SELECT d.listing_mapping::jsonb FROM certification.standard AS d
             WHERE NOT EXISTS (SELECT 1 FROM public.organisations)) AS m
     ORDER BY 1, 2
$$;
COMMENT ON FUNCTION certification.website_tables IS
    'Return the tables of the website that hold listings, and their keys.';

CREATE OR REPLACE FUNCTION certification.remember_places() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.website_places AS p (website_table, website_key, show, hide)
    SELECT DISTINCT ON (1, 2) m.mapping ->> 'table', m.mapping ->> 'key', m.mapping -> 'show', m.mapping -> 'hide'
      FROM (SELECT certification.effective_mapping(o.id) AS mapping FROM public.organisations AS o
            UNION SELECT d.listing_mapping::jsonb FROM certification.standard AS d) AS m
     ORDER BY 1, 2, m.mapping::text
    ON CONFLICT ON CONSTRAINT website_places_pkey DO UPDATE SET show = excluded.show, hide = excluded.hide
     WHERE (p.show, p.hide) IS DISTINCT FROM (excluded.show, excluded.hide)
$$;
COMMENT ON FUNCTION certification.remember_places IS
    'Write down where listings are kept now, so that the place is known after they have moved.';

CREATE OR REPLACE FUNCTION certification.open_comparison(p_settling interval)
RETURNS TABLE (comparison_id uuid, at timestamptz, site integer, website_table text, website_key text, columns text[],
               others text[], show jsonb, hide jsonb, mapped boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
#variable_conflict use_column
DECLARE
    v_id uuid;
    v_at timestamptz;
    v_dead uuid;
BEGIN
    -- No function lives for sixteen minutes, so the run of such a comparison is dead.
    FOR v_dead IN SELECT c.id FROM certification.comparisons AS c
                   WHERE c.used_at < clock_timestamp() - interval '16 minutes' LOOP
        PERFORM certification.close_comparison(v_dead);
    END LOOP;
    PERFORM certification.remember_places();
    INSERT INTO certification.comparisons AS c (settling) VALUES (p_settling) RETURNING c.id, c.at INTO v_id, v_at;
    INSERT INTO certification.comparison_sites
        (comparison_id, site, website_table, website_key, mapping, organisations, columns, others, is_first)
    WITH mapped AS (
        SELECT m.mapping, m.organisations, m.mapping ->> 'table' AS website_table, m.mapping ->> 'key' AS website_key
          FROM (SELECT certification.effective_mapping(o.id) AS mapping, array_agg(o.id ORDER BY o.id) AS organisations
                  FROM (SELECT l.organisation_id AS id FROM certification.listings AS l GROUP BY l.organisation_id
                        UNION SELECT m.organisation_id FROM public.peer_mentors AS m WHERE m.organisation_id IS NOT NULL
                               GROUP BY m.organisation_id
                        UNION SELECT o.id FROM public.organisations AS o
                        -- An app without organisations must find an empty website.
                        UNION SELECT '00000000-0000-0000-0000-000000000000'
                               WHERE NOT EXISTS (SELECT 1 FROM public.organisations)) AS o
                 GROUP BY certification.effective_mapping(o.id)) AS m
    ), written AS MATERIALIZED (
        SELECT t.name AS website_table, array_remove(array_agg(DISTINCT k.name ORDER BY k.name), NULL) AS columns
          FROM (SELECT DISTINCT l.written FROM certification.listings AS l WHERE l.written <> '{}') AS w
         CROSS JOIN jsonb_each(w.written) AS t (name, columns)
          LEFT JOIN jsonb_array_elements_text(t.columns) AS k (name) ON true
         GROUP BY t.name
    ), place AS (
        SELECT m.mapping, m.organisations, m.website_table, m.website_key FROM mapped AS m
        UNION ALL
        SELECT jsonb_build_object('table', p.website_table, 'key', p.website_key, 'columns', '{}'::jsonb, 'show',
                                  p.show, 'hide', p.hide),
               '{}', p.website_table, p.website_key
          FROM certification.website_places AS p JOIN written AS w ON w.website_table = p.website_table
         WHERE NOT EXISTS (SELECT 1 FROM mapped AS m
                            WHERE (m.website_table, m.website_key) = (p.website_table, p.website_key))
    )
    SELECT v_id, (row_number() OVER (ORDER BY p.website_table, p.website_key, p.mapping::text))::integer,
           p.website_table, p.website_key, p.mapping, p.organisations,
           ARRAY(SELECT k FROM jsonb_object_keys(p.mapping -> 'columns') AS k ORDER BY k COLLATE "C"),
           ARRAY(SELECT k.name FROM unnest(w.columns) AS k (name)
                  WHERE NOT p.mapping -> 'columns' ? k.name AND NOT p.mapping -> 'show' ? k.name
                    AND k.name <> p.website_key
                  ORDER BY k.name COLLATE "C"),
           row_number() OVER (PARTITION BY p.website_table, p.website_key ORDER BY p.mapping::text) = 1
      FROM place AS p LEFT JOIN written AS w ON w.website_table = p.website_table;
    RETURN QUERY
    SELECT v_id, v_at, s.site, s.website_table, s.website_key, s.columns, s.others,
           s.mapping -> 'show', s.mapping -> 'hide',
           s.organisations <> '{}'
      FROM certification.comparison_sites AS s WHERE s.comparison_id = v_id ORDER BY s.site;
END
$$;
COMMENT ON FUNCTION certification.open_comparison IS
    'Begin a comparison and return what to read: the columns in the order in which their values are compared, and '
    'other columns that were once written. Remove what dead runs left behind.';

CREATE OR REPLACE FUNCTION certification.use_comparison(p_comparison_id uuid, p_rows bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE certification.comparisons AS c SET used_at = clock_timestamp(), rows = c.rows + p_rows
     WHERE c.id = p_comparison_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this comparison was removed' USING ERRCODE = 'no_data_found';
    END IF;
END
$$;
COMMENT ON FUNCTION certification.use_comparison IS
    'Mark the comparison as in use. Raise no_data_found if it was removed, because half a comparison would raise '
    'false alarms.';

CREATE OR REPLACE FUNCTION certification.add_website_rows(
    p_comparison_id uuid, p_sites integer[], p_mentor_ids uuid[], p_row_ids uuid[], p_shown smallint[],
    p_contents text[], p_others text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM certification.use_comparison(p_comparison_id, cardinality(p_sites));
    INSERT INTO certification.comparison_rows (comparison_id, site, mentor_id, row_id, shown, content, others, digest)
    SELECT p_comparison_id, r.site, r.mentor_id, r.row_id, r.shown, r.content, r.others,
           CASE WHEN r.shown = 2 AND r.others IS NULL
                THEN sha256(convert_to(r.mentor_id || E'\x1f' || r.content, 'UTF8')) END
      FROM unnest(p_sites, p_mentor_ids, p_row_ids, p_shown, p_contents, p_others)
           AS r (site, mentor_id, row_id, shown, content, others);
END
$$;
COMMENT ON FUNCTION certification.add_website_rows IS
    'Store a page of rows that were read from the website.';

CREATE OR REPLACE FUNCTION certification.forget_others(p_comparison_id uuid, p_site integer,
                                                       p_columns text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.comparison_sites AS s
       SET others = ARRAY(SELECT k.name FROM unnest(s.others) WITH ORDINALITY AS k (name, place)
                           WHERE NOT k.name = ANY (p_columns) ORDER BY k.place)
     WHERE s.comparison_id = p_comparison_id AND s.site = p_site
$$;
COMMENT ON FUNCTION certification.forget_others IS
    'Take these columns out of the comparison: the website no longer has them, so they hold nothing.';

CREATE OR REPLACE FUNCTION certification.left_over(p_columns text[], p_values text, p_written jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(k.name ORDER BY k.place), '{}')
      FROM unnest(p_columns) WITH ORDINALITY AS k (name, place)
     WHERE p_written ? k.name AND (string_to_array(p_values, E'\x1f'))[k.place] <> ''
$$;
COMMENT ON FUNCTION certification.left_over IS
    'Return those of these columns that hold a value that we have written.';

CREATE OR REPLACE FUNCTION certification.close_comparison(p_comparison_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_rows bigint;
BEGIN
    DELETE FROM certification.comparisons AS c WHERE c.id = p_comparison_id RETURNING c.rows INTO v_rows;
    DELETE FROM certification.comparison_sites AS s WHERE s.comparison_id = p_comparison_id;
    -- Deleting a million rows one by one is slow, so truncate them if no other comparison is open.
    IF v_rows > 10000 THEN
        BEGIN
            LOCK TABLE certification.comparison_rows, certification.comparison_prepared,
                certification.comparison_differences, certification.comparison_read_again,
                certification.comparison_equal IN ACCESS EXCLUSIVE MODE NOWAIT;
            IF NOT EXISTS (SELECT 1 FROM certification.comparisons) THEN
                TRUNCATE certification.comparison_rows, certification.comparison_prepared,
                    certification.comparison_differences, certification.comparison_read_again,
                    certification.comparison_equal;
                RETURN;
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            NULL; -- another comparison is using the tables
        END;
    END IF;
    DELETE FROM certification.comparison_rows AS w WHERE w.comparison_id = p_comparison_id;
    DELETE FROM certification.comparison_prepared AS p WHERE p.comparison_id = p_comparison_id;
    DELETE FROM certification.comparison_differences AS d WHERE d.comparison_id = p_comparison_id;
    DELETE FROM certification.comparison_read_again AS g WHERE g.comparison_id = p_comparison_id;
    DELETE FROM certification.comparison_equal AS e WHERE e.comparison_id = p_comparison_id;
END
$$;
COMMENT ON FUNCTION certification.close_comparison IS
    'End a comparison and delete what was read and compared.';

REVOKE ALL ON FUNCTION
    certification.website_tables, certification.remember_places, certification.open_comparison,
    certification.use_comparison, certification.add_website_rows, certification.forget_others, certification.left_over,
    certification.close_comparison
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.website_tables
TO certification_dynamics_sync, certification_expiry_check, certification_force_sync, certification_reconciliation,
    certification_break_glass,
   certification_verify_integration;
GRANT EXECUTE ON FUNCTION
    certification.open_comparison, certification.add_website_rows, certification.forget_others,
    certification.close_comparison
TO certification_reconciliation;
