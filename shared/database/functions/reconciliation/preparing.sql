-- The app's side of a full comparison, made ready while the website is read (I14): digests of what the app's own tables
-- said then, and which mentors' rows they no longer say it of.

CREATE OR REPLACE FUNCTION certification.prepared_of(p_comparison_id uuid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
    SELECT encode(sha256(convert_to(coalesce(string_agg(jsonb_build_array(
               s.site, i.id, o.name::text, o.timezone::text, certification.today_in(o.timezone::text))::text, ','
               ORDER BY s.site, i.id), ''), 'UTF8')), 'hex')
      FROM certification.comparison_sites AS s
     CROSS JOIN unnest(s.organisations) AS i (id)
      LEFT JOIN public.organisations AS o ON o.id = i.id
     WHERE s.comparison_id = p_comparison_id
$$;
COMMENT ON FUNCTION certification.prepared_of IS
    'Return a digest of what all listings of an organisation depend on: its name, its time zone and its calendar day.';

-- Rows tell which transaction wrote them in plain tables only, and not what ALTER TABLE made of them. VACUUM and
-- ANALYZE leave the xmin of the catalogue's rows as it is.
CREATE OR REPLACE FUNCTION certification.rows_are_dated(p_oldest integer) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT bool_and(c.relkind = 'r' AND NOT c.relhassubclass AND NOT c.relispartition AND m.amname = 'heap'
                    AND age(c.xmin) > p_oldest
                    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a
                                     WHERE a.attrelid = c.oid AND age(a.xmin) <= p_oldest))
      FROM unnest('{public.peer_mentors,public.certifications,public.organisations,certification.listings}'::regclass[])
           AS t (name)
      JOIN pg_catalog.pg_class AS c ON c.oid = t.name
      LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
$$;
COMMENT ON FUNCTION certification.rows_are_dated IS
    'Return whether the age of a row tells when it was written, in each of the tables that a comparison reads, and '
    'whether none of those tables was altered in the last transactions of this age.';

-- A row version older than prepared_since was committed before the preparation began, so that the preparation saw it
-- unless it was deleted. age() counts transactions back from now, so that the youngest have the smallest; a row frozen
-- so long ago that its age has wrapped counts as changed, which costs time and hides nothing.
CREATE OR REPLACE FUNCTION certification.prepare_comparison(p_comparison_id uuid, p_mentors integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v certification.comparisons;
    v_site record;
    v_oldest integer;
    v_from uuid;
    v_next uuid;
    v_rows bigint := 0;
    v_inserted bigint;
    v_range text;
BEGIN
    PERFORM certification.use_comparison(p_comparison_id, 0);
    SELECT c.* INTO v FROM certification.comparisons AS c WHERE c.id = p_comparison_id;
    IF v.is_prepared THEN
        RETURN false;
    ELSIF v.prepared_since IS NULL THEN
        v.prepared_since := pg_snapshot_xmin(pg_current_snapshot());
        -- Ids are random, so a range of them is scattered over the tables. In large ones each range reads most pages
        -- again, which costs more than one statement over everything.
        IF (SELECT c.reltuples FROM pg_catalog.pg_class AS c WHERE c.oid = 'public.peer_mentors'::regclass) > 200000
           OR certification.rows_are_dated(age(v.prepared_since::xid)) IS NOT TRUE THEN
            RETURN false;
        END IF;
        v.prepared_of := certification.prepared_of(p_comparison_id);
        v_oldest := age(v.prepared_since::xid);
        -- Counted before any is read: what is deleted in between is missing when it is counted again.
        v.prepared_rows := (SELECT count(*) FROM public.peer_mentors AS m
                            WHERE m.id IS NOT NULL AND age(m.xmin) > v_oldest)
                           + (SELECT count(*) FROM public.certifications AS c
                              WHERE c.mentor_id IS NOT NULL AND age(c.xmin) > v_oldest)
                           + (SELECT count(*) FROM certification.listings AS l WHERE age(l.xmin) > v_oldest);
    END IF;
    v_oldest := age(v.prepared_since::xid);
    v_from := coalesce(v.prepared_next, '00000000-0000-0000-0000-000000000000');
    SELECT m.id INTO v_next FROM public.peer_mentors AS m WHERE m.id > v_from
     ORDER BY m.id OFFSET p_mentors LIMIT 1;
    v_range := format('%%1$I.%%2$I >= %L', v_from)
               || CASE WHEN v_next IS NULL THEN '' ELSE format(' AND %%1$I.%%2$I < %L', v_next) END;
    FOR v_site IN SELECT s.* FROM certification.comparison_sites AS s
                   WHERE s.comparison_id = p_comparison_id AND s.organisations <> '{}' ORDER BY s.site LOOP
        EXECUTE format($query$
            WITH organisation AS MATERIALIZED (
                SELECT i.id, o.name, o.timezone::text AS zone, certification.today_in(o.timezone::text) AS today
                  FROM unnest($3) AS i (id) LEFT JOIN public.organisations AS o ON o.id = i.id
            ), app AS (
                SELECT coalesce(m.id, l.mentor_id) AS mentor_id, coalesce(m.organisation_id, l.organisation_id)
                           AS organisation_id,
                       m.organisation_id IS NOT NULL AND certification.is_status(m.status::text, 'active')
                           AND m.listing_consent AS is_willing,
                       m.first_name, m.last_name, m.phone, m.email, m.area, c.expires_on,
                       m.id IS NOT NULL AS has_mentor, c.mentor_id IS NOT NULL AS has_certification,
                       l.mentor_id IS NOT NULL AS has_listing, l.state = 'live' AS is_live,
                       -- A mentor with a new row, or with more than one of a kind, is compared in full.
                       coalesce(age(m.version) > $4, true) AND coalesce(age(c.version) > $4, true)
                       AND coalesce(age(l.version) > $4, true) AND count(*) OVER (
                           PARTITION BY coalesce(m.id, l.mentor_id)) = 1
                       AND coalesce(l.verified_version >= l.synced_version, true) AS is_plain
                  -- Column by column, because the app may have one that is named as the age is here.
                  FROM (SELECT m.id, m.organisation_id, m.status, m.listing_consent, m.first_name, m.last_name, m.phone,
                               m.email, m.area, m.xmin AS version
                          FROM public.peer_mentors AS m WHERE %2$s) AS m
                  FULL JOIN (SELECT l.mentor_id, l.organisation_id, l.state, l.verified_version, l.synced_version,
                                    l.xmin AS version
                               FROM certification.listings AS l WHERE %3$s) AS l ON l.mentor_id = m.id
                  LEFT JOIN (SELECT c.mentor_id, c.expires_on, c.xmin AS version
                               FROM public.certifications AS c WHERE %4$s) AS c ON c.mentor_id = m.id
            )
            INSERT INTO certification.comparison_prepared
                (comparison_id, site, mentor_id, digest, is_quiet, is_live, has_mentor, has_certification, has_listing)
            SELECT $1, $2, m.mentor_id,
                   CASE WHEN m.is_plain AND x.is_wanted
                        THEN sha256(convert_to(m.mentor_id || E'\x1f' || %1$s, 'UTF8')) END,
                   m.is_plain AND NOT x.is_wanted AND NOT coalesce(m.is_live, false),
                   coalesce(m.is_live, false), m.has_mentor, m.has_certification, m.has_listing
              FROM app AS m
              JOIN organisation AS o ON o.id = m.organisation_id
             CROSS JOIN LATERAL (SELECT coalesce(m.is_willing AND certification.day_of(m.expires_on, o.zone) >= o.today,
                                                 false) AS is_wanted) AS x
             ORDER BY m.mentor_id
            $query$,
            coalesce(certification.content_expression(v_site.mapping, v_site.columns), ''''''),
            format(v_range, 'm', 'id'), format(v_range, 'l', 'mentor_id'), format(v_range, 'c', 'mentor_id'))
        USING p_comparison_id, v_site.site, v_site.organisations, v_oldest;
        GET DIAGNOSTICS v_inserted = ROW_COUNT;
        v_rows := v_rows + v_inserted;
    END LOOP;
    -- In one transaction with the rows, so that a call whose reply was lost is not made good twice.
    UPDATE certification.comparisons AS c
       SET prepared_since = v.prepared_since, prepared_of = v.prepared_of, prepared_rows = v.prepared_rows,
           prepared_next = v_next, is_prepared = v_next IS NULL, rows = c.rows + v_rows
     WHERE c.id = p_comparison_id;
    RETURN v_next IS NOT NULL;
END
$$;
COMMENT ON FUNCTION certification.prepare_comparison IS
    'Make the app''s side of the next so many mentors ready, in the order of their ids. Return whether there are more '
    '(I14).';

CREATE OR REPLACE FUNCTION certification.changed_since_prepared(p_comparison_id uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off SET work_mem = '64MB' AS $$
DECLARE
    v certification.comparisons;
    v_oldest integer;
    v_changed uuid[];
    v_left bigint;
BEGIN
    SELECT c.* INTO v FROM certification.comparisons AS c WHERE c.id = p_comparison_id;
    IF NOT v.is_prepared THEN
        RETURN NULL;
    END IF;
    v_oldest := age(v.prepared_since::xid);
    -- First of all, because what follows reads the ages of rows.
    IF certification.rows_are_dated(v_oldest) IS NOT TRUE THEN
        RETURN NULL;
    END IF;
    IF v.prepared_of <> certification.prepared_of(p_comparison_id)
       OR EXISTS (SELECT 1 FROM public.organisations AS o WHERE age(o.xmin) <= v_oldest) THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(s.id) FILTER (WHERE NOT s.is_old), count(*) FILTER (WHERE s.is_old) INTO v_changed, v_left
      FROM (SELECT m.id, age(m.xmin) > v_oldest AS is_old FROM public.peer_mentors AS m WHERE m.id IS NOT NULL
            UNION ALL
            SELECT c.mentor_id, age(c.xmin) > v_oldest FROM public.certifications AS c WHERE c.mentor_id IS NOT NULL
            UNION ALL
            SELECT l.mentor_id, age(l.xmin) > v_oldest FROM certification.listings AS l) AS s;
    IF v_left > v.prepared_rows THEN
        RETURN NULL; -- the preparation did not see what it should have seen
    ELSIF v_left < v.prepared_rows THEN
        -- A row that the preparation saw is gone or has become another. The new one may be a different mentor's.
        v_changed := coalesce(v_changed, '{}') || ARRAY(
            SELECT p.mentor_id FROM certification.comparison_prepared AS p
             WHERE p.comparison_id = p_comparison_id
               AND (p.has_mentor AND NOT EXISTS (
                        SELECT 1 FROM public.peer_mentors AS m
                         WHERE m.id = p.mentor_id AND age(m.xmin) > v_oldest)
                    OR p.has_certification AND NOT EXISTS (
                        SELECT 1 FROM public.certifications AS c
                         WHERE c.mentor_id = p.mentor_id AND age(c.xmin) > v_oldest)
                    OR p.has_listing AND NOT EXISTS (
                        SELECT 1 FROM certification.listings AS l
                         WHERE l.mentor_id = p.mentor_id AND age(l.xmin) > v_oldest)));
    END IF;
    RETURN ARRAY(SELECT DISTINCT u.id FROM unnest(v_changed) AS u (id));
END
$$;
COMMENT ON FUNCTION certification.changed_since_prepared IS
    'Return the mentors that have a row that is new, changed or gone since the preparation, by the app''s own tables '
    'and past any trigger (I14). Null: nothing was prepared, or it holds no longer for anyone.';

CREATE OR REPLACE FUNCTION certification.mentors_to_compare(p_comparison_id uuid, p_site integer, p_changed uuid[])
RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    v_places integer[];
    v_first boolean;
    v_special uuid[];
    v_pairs bigint;
    v_prepared bigint;
BEGIN
    IF p_changed IS NULL THEN
        RETURN NULL;
    END IF;
    -- The first site of a table sees the rows of its other sites, and leaves them to those.
    SELECT s.is_first, CASE WHEN s.is_first THEN ARRAY(
               SELECT k.site FROM certification.comparison_sites AS k
                WHERE k.comparison_id = p_comparison_id
                  AND (k.website_table, k.website_key) = (s.website_table, s.website_key)) ELSE ARRAY[p_site] END
      INTO v_first, v_places
      FROM certification.comparison_sites AS s WHERE s.comparison_id = p_comparison_id AND s.site = p_site;
    EXECUTE $query$
        SELECT array_agg(k.mentor_id) FILTER (WHERE NOT k.is_settled), count(*) FILTER (WHERE k.is_prepared),
               (SELECT count(*) FROM certification.comparison_prepared AS p
                 WHERE p.comparison_id = $1 AND p.site = ANY ($4))
          FROM (SELECT coalesce(p.mentor_id, r.mentor_id) AS mentor_id, p.mentor_id IS NOT NULL AS is_prepared,
                       CASE WHEN p.mentor_id IS NULL THEN NOT $3
                            WHEN p.site <> $2 THEN true
                            WHEN p.digest IS NOT NULL THEN coalesce(p.digest = r.digest, false)
                            ELSE p.is_quiet AND (r.mentor_id IS NULL OR r.shown = 0 AND r.others IS NULL) END
                           AS is_settled
                  FROM (SELECT p.site, p.mentor_id, p.digest, p.is_quiet FROM certification.comparison_prepared AS p
                         WHERE p.comparison_id = $1 AND p.site = ANY ($4)) AS p
                  FULL JOIN (SELECT w.mentor_id, w.digest, w.shown, w.others FROM certification.comparison_rows AS w
                              WHERE w.comparison_id = $1 AND w.site = $2 AND w.mentor_id IS NOT NULL) AS r
                    ON r.mentor_id = p.mentor_id) AS k
        $query$ INTO v_special, v_pairs, v_prepared USING p_comparison_id, p_site, v_first, v_places;
    v_special := coalesce(v_special, '{}');
    -- A mentor with two rows on the website is counted twice, so everything is compared in full.
    IF v_pairs <> v_prepared OR cardinality(v_special) + cardinality(p_changed) > v_prepared / 2 + 100 THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(SELECT DISTINCT u.id FROM unnest(p_changed || v_special) AS u (id));
END
$$;
COMMENT ON FUNCTION certification.mentors_to_compare IS
    'Return the mentors of a site that must be compared in full: those given, and those that two equal digests do not '
    'settle. Null, also where null is given: all of them.';

REVOKE ALL ON FUNCTION
    certification.prepared_of, certification.rows_are_dated, certification.prepare_comparison,
    certification.changed_since_prepared,
    certification.mentors_to_compare
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.prepare_comparison
TO certification_reconciliation;
