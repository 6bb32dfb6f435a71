-- The comparison: the app's own tables against the rows that were read from the website (I14). `compare_website` is one
-- statement per place on the website, longer than a file should be, so that both sides describe the same moment. The
-- mentors that preparing.sql settles are as they were when compare_website began.

-- The expression yields the value of each published column as the app has it, each followed by the character 31. Each
-- field is put into its published form once, because a full name has two of them in it.
CREATE OR REPLACE FUNCTION certification.content_expression(p_mapping jsonb, p_columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format($expression$(
        SELECT %s FROM (
            SELECT f.*, coalesce(f.first_name || ' ' || f.last_name, f.first_name, f.last_name) AS full_name
              FROM (SELECT certification.published_text(m.first_name::text, t.is_plain) AS first_name,
                           certification.published_text(m.last_name::text, t.is_plain) AS last_name,
                           certification.published_text(m.phone::text, t.is_plain) AS phone,
                           certification.published_text(m.email::text, t.is_plain) AS email,
                           certification.published_text(m.area::text, t.is_plain) AS area,
                           certification.published_text(o.name::text, t.is_plain) AS organisation
                      FROM (SELECT certification.is_plain_text(concat(
                                       m.first_name::text, m.last_name::text, m.phone::text, m.email::text,
                                       m.area::text, o.name::text)) AS is_plain OFFSET 0) AS t OFFSET 0) AS f
            OFFSET 0) AS f)$expression$,
        string_agg(format('coalesce(f.%I COLLATE "C", '''') || E''\x1f''', p_mapping -> 'columns' ->> k.name),
                   ' || ' ORDER BY k.place))
      FROM unnest(p_columns) WITH ORDINALITY AS k (name, place)
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION certification.content_expression IS
    'Return the SQL expression for the published content of a mentor: each column''s value followed by the character '
    '31. It is built from the whitelist of fields alone.';

-- The app's side is the app's tables and the calendar; the website's side is every row that was read (I14). Our own
-- records only give a difference its cause; they never hide one. A mentor that preparing.sql found plain, whose rows
-- the app has not changed since, and whose digest is that of the website's only row, is equal; all others are compared
-- here.
CREATE OR REPLACE FUNCTION certification.compare_website(p_comparison_id uuid, p_mentor_ids uuid[])
RETURNS TABLE (measure text, n bigint, digest text)
-- row_security is off so that a mentor hidden from us by a policy raises an error instead of seeming deleted.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_site record;
    v record;
    v_comparison certification.comparisons;
    v_changed uuid[];
    v_mentors uuid[];
    v_limited text;
    v_analysed boolean := false;
    v_counts bigint[] := '{0,0,0,0,0}';
    v_repeated bigint := 0;
    v_small bigint := 0;
    v_app bytea := '';
    v_website bytea := '';
BEGIN
    PERFORM certification.use_comparison(p_comparison_id, 0);
    SELECT c.* INTO v_comparison FROM certification.comparisons AS c WHERE c.id = p_comparison_id;
    IF p_mentor_ids IS NULL THEN
        DELETE FROM certification.comparison_differences AS d WHERE d.comparison_id = p_comparison_id;
        DELETE FROM certification.comparison_equal AS e WHERE e.comparison_id = p_comparison_id;
        v_changed := certification.changed_since_prepared(p_comparison_id);
    ELSE
        DELETE FROM certification.comparison_differences AS d
         WHERE d.comparison_id = p_comparison_id AND d.mentor_id = ANY (p_mentor_ids);
        INSERT INTO certification.comparison_read_again (comparison_id, mentor_id)
        SELECT p_comparison_id, u.id FROM (SELECT DISTINCT u.id FROM unnest(p_mentor_ids) AS u (id)) AS u
        ON CONFLICT DO NOTHING;
    END IF;
    FOR v_site IN SELECT s.* FROM certification.comparison_sites AS s
                   WHERE s.comparison_id = p_comparison_id ORDER BY s.site LOOP
        v_mentors := coalesce(p_mentor_ids,
                              certification.mentors_to_compare(p_comparison_id, v_site.site, v_changed));
        v_limited := CASE WHEN v_mentors IS NULL THEN 'true' ELSE '%I.%I = ANY ($13)' END;
        IF v_mentors IS NULL AND NOT v_analysed THEN
            ANALYZE certification.comparison_rows;
            v_analysed := true;
        END IF;
        EXECUTE format($query$
            WITH clock AS MATERIALIZED (
                -- A change younger than two minutes is not late, because the sync has two minutes for it.
                SELECT $3 - $12 AS settled, least($3 - $12, clock_timestamp() - interval '2 minutes') AS young,
                       clock_timestamp() AS now,
                       -- The day's check comes at 00:15 and has been as late as 01:15.
                       (certification.today_in('Europe/Oslo')::timestamp AT TIME ZONE 'Europe/Oslo') + interval '1 hour'
                       - certification.present() AS until_checked
            ), organisation AS MATERIALIZED (
                SELECT i.id, o.name, o.timezone::text AS zone, t.today, coalesce(e.day, t.today) AS day,
                       e.day = t.today - 1 AS is_next,
                       EXISTS (SELECT 1 FROM certification.brakes AS b
                                WHERE b.organisation_id = i.id AND b.kind = 'expiry' AND b.closed_at IS NULL) AS braked
                  FROM unnest($2) AS i (id)
                  LEFT JOIN public.organisations AS o ON o.id = i.id
                  LEFT JOIN certification.evaluated_days AS e ON e.organisation_id = o.id
                 CROSS JOIN LATERAL (SELECT certification.today_in(o.timezone::text) AS today OFFSET 0) AS t
            ), app AS (
                SELECT coalesce(m.id, l.mentor_id) AS mentor_id, o.id AS organisation_id, o.braked, o.is_next,
                       l.desired_version, l.state, l.verified_version < l.synced_version AS unverified, l.written,
                       l.synced_version = l.desired_version AS synced,
                       l.synced_version < l.desired_version AND l.reason = 'brake' AS held,
                       coalesce(m.organisation_id IS NOT NULL AND x.willing AND x.last_day >= o.today, false) AS wanted,
                       coalesce(m.organisation_id IS NOT NULL AND x.willing
                                AND x.last_day >= greatest(o.day, l.forced_day), false) AS published,
                       coalesce(x.willing AND x.last_day < o.today, false) AS only_ended,
                       coalesce(m.listing_consent, false) AS consenting,
                       -- Until when a recent change may explain a difference. The time is bounded, whichever worker has
                       -- the claim.
                       CASE WHEN l.state = 'rejected' THEN NULL
                            WHEN l.synced_version = l.desired_version
                            THEN CASE WHEN greatest(l.changed_at, l.synced_at) >= k.settled
                                      THEN greatest(l.changed_at, l.synced_at) + $12 END
                            WHEN l.changed_at >= k.young THEN l.changed_at + greatest($12, interval '2 minutes')
                            WHEN l.changed_at >= k.now - interval '15 minutes' AND (l.claimed_until >= k.now
                                 OR l.unknown_outcome_until > k.now AND l.accepted_version = l.desired_version)
                            THEN greatest(l.claimed_until, l.unknown_outcome_until) END AS known_at,
                       %1$s AS content
                  FROM (SELECT m.* FROM public.peer_mentors AS m WHERE %2$s) AS m
                  FULL JOIN (SELECT l.* FROM certification.listings AS l WHERE %3$s) AS l ON l.mentor_id = m.id
                  JOIN organisation AS o ON o.id = coalesce(m.organisation_id, l.organisation_id)
                  LEFT JOIN public.certifications AS c ON c.mentor_id = m.id
                 CROSS JOIN LATERAL (SELECT certification.is_status(m.status::text, 'active') AND m.listing_consent
                                                AS willing,
                                            certification.day_of(c.expires_on, o.zone) AS last_day) AS x
                 CROSS JOIN clock AS k
            ), paired AS (
                SELECT coalesce(a.mentor_id, r.mentor_id) AS mentor_id,
                       coalesce(a.mentor_id, r.mentor_id, r.row_id) AS place, r.row_id,
                       a.organisation_id, a.desired_version, a.state, a.consenting, a.synced, a.unverified,
                       a.held, a.only_ended,
                       a.published, a.braked, a.is_next, a.known_at,
                       coalesce(a.wanted, false) AS wanted, a.content, r.content AS seen,
                       coalesce(r.shown, 0) AS shown, r.others,
                       CASE WHEN r.others IS NOT NULL AND a.mentor_id IS NOT NULL
                            THEN certification.left_over($11, r.others, a.written -> $5) ELSE '{}' END AS left_over,
                       -- The row belongs to an organisation that another site or place compares, or to no organisation.
                       CASE WHEN a.mentor_id IS NOT NULL THEN 'ours' WHEN NOT $7 THEN 'elsewhere'
                            ELSE coalesce((
                                SELECT CASE WHEN (s.website_table, s.website_key) = ($5, $6)
                                            THEN 'elsewhere' ELSE 'astray' END
                                  FROM (SELECT coalesce((SELECT m.organisation_id FROM public.peer_mentors AS m
                                                          WHERE m.id = r.mentor_id),
                                                        (SELECT l.organisation_id FROM certification.listings AS l
                                                          WHERE l.mentor_id = r.mentor_id)) AS id) AS h
                                  JOIN certification.comparison_sites AS s
                                    ON s.comparison_id = $10 AND h.id = ANY (s.organisations)),
                                CASE WHEN $2 = '{}' THEN 'elsewhere' ELSE 'nobody' END) END AS whose
                  FROM app AS a
                  FULL JOIN (SELECT w.* FROM certification.comparison_rows AS w
                              WHERE w.comparison_id = $10 AND w.site = $4 AND %4$s) AS r ON r.mentor_id = a.mentor_id
            ), judged AS MATERIALIZED (
                SELECT p.mentor_id, p.place, p.row_id, p.organisation_id, p.desired_version, p.state,
                       p.consenting, p.synced, p.whose,
                       p.wanted, p.shown, p.unverified, p.known_at, p.left_over, p.others,
                       CASE WHEN NOT p.wanted AND p.shown > 0
                            THEN CASE p.whose WHEN 'nobody' THEN 'orphan' ELSE 'listed_but_invalid' END
                            WHEN p.wanted AND p.shown = 0 THEN 'missing'
                            WHEN p.wanted AND (p.shown = 1 OR p.content <> p.seen) THEN 'field_drift'
                            WHEN p.left_over <> '{}' THEN 'unpublished_field' END AS class,
                       CASE WHEN p.shown > 0 AND NOT p.wanted AND p.only_ended AND (p.held OR p.braked) THEN 'brake'
                            WHEN p.state = 'rejected' THEN 'rejected'
                            WHEN p.wanted <> p.published
                            THEN CASE WHEN p.is_next AND k.until_checked > interval '0' THEN 'day_turns' ELSE 'day' END
                            END AS known_cause,
                       CASE WHEN p.whose = 'astray' OR p.wanted AND p.shown > 0 AND p.content <> p.seen
                            THEN p.content END AS content,
                       CASE WHEN p.whose = 'astray' OR p.wanted AND p.shown > 0 AND p.content <> p.seen
                            THEN p.seen END AS seen,
                       CASE WHEN p.wanted THEN sha256(convert_to(p.mentor_id || E'\x1f' || p.content, 'UTF8')) END
                           AS app_digest,
                       CASE WHEN p.shown > 0 AND (NOT p.wanted OR p.content <> p.seen)
                            THEN sha256(convert_to(p.place || E'\x1f' || p.seen, 'UTF8')) END AS website_digest
                  FROM paired AS p CROSS JOIN clock AS k
                 WHERE p.whose <> 'elsewhere'
                   AND (p.wanted OR p.shown > 0 OR p.state = 'live' OR p.unverified OR p.left_over <> '{}'
                        OR p.whose = 'astray')
            ), astray AS (
                -- Rows in a place where the mentor does not belong.
                SELECT j.mentor_id, j.row_id, l.organisation_id, l.desired_version, l.state,
                       l.synced_version = l.desired_version AS synced,
                       coalesce((SELECT m.listing_consent FROM public.peer_mentors AS m WHERE m.id = j.mentor_id),
                                false) AS consenting,
                       CASE WHEN j.shown > 0 THEN 'listed_but_invalid'
                            ELSE 'unpublished_field' END AS class,
                       CASE WHEN j.shown > 0 THEN '{}' ELSE f.left_over END AS fields,
                       CASE WHEN l.state <> 'rejected' AND greatest(l.changed_at, l.synced_at)
                                 >= CASE WHEN l.synced_version = l.desired_version THEN k.settled ELSE k.young END
                            THEN greatest(l.changed_at, l.synced_at) + greatest($12, interval '2 minutes') END
                           AS known_at
                  FROM judged AS j CROSS JOIN clock AS k
                  LEFT JOIN certification.listings AS l ON l.mentor_id = j.mentor_id
                 CROSS JOIN LATERAL (
                       SELECT certification.left_over($8 || $11, j.seen || coalesce(j.others, ''),
                                                      l.written -> $5) AS left_over) AS f
                 WHERE j.whose = 'astray' AND (j.shown > 0 OR f.left_over <> '{}')
            ), found AS (
                SELECT j.mentor_id, j.row_id,
                       coalesce(j.organisation_id, CASE WHEN j.class = 'orphan' THEN ($2)[1] END) AS organisation_id,
                       j.desired_version, j.synced, j.state, coalesce(j.consenting, false) AS consenting, j.class,
                       j.known_cause, j.known_at,
                       CASE j.class WHEN 'field_drift' THEN
                           ARRAY(SELECT k.name FROM unnest($8) WITH ORDINALITY AS k (name, place)
                                  WHERE (string_to_array(j.content, E'\x1f'))[k.place]
                                        IS DISTINCT FROM (string_to_array(j.seen, E'\x1f'))[k.place]
                                  ORDER BY k.place) || CASE WHEN j.shown = 1 THEN $9 ELSE '{}' END
                           WHEN 'unpublished_field' THEN j.left_over ELSE '{}' END AS fields
                  FROM judged AS j WHERE j.whose <> 'astray' AND j.class IS NOT NULL
                UNION ALL
                SELECT a.mentor_id, a.row_id, a.organisation_id, a.desired_version, a.synced, a.state,
                       a.consenting, a.class,
                       CASE WHEN a.state = 'rejected' THEN 'rejected' END, a.known_at, a.fields
                  FROM astray AS a
            ), caused AS (
                SELECT f.*, CASE WHEN f.class = 'orphan' THEN 'unknown_mentor'
                                 WHEN f.known_cause IS NOT NULL THEN f.known_cause
                                 WHEN f.desired_version IS NULL OR NOT f.synced AND p.version = f.desired_version
                                 THEN 'past_triggers'
                                 WHEN f.known_at IS NOT NULL THEN 'in_flight'
                                 WHEN NOT f.synced THEN 'waiting' ELSE 'manual_edit' END AS cause,
                       k.now + k.until_checked AS checked_at
                  FROM found AS f CROSS JOIN clock AS k
                  LEFT JOIN certification.past_triggers AS p ON p.mentor_id = f.mentor_id
            ), recorded AS (
                INSERT INTO certification.comparison_differences AS d
                    (comparison_id, site, mentor_id, row_id, organisation_id, class, cause, fields, version,
                     consenting, verified, known_at)
                SELECT $10, $4, f.mentor_id, f.row_id, f.organisation_id, f.class, f.cause, f.fields,
                       f.desired_version, f.consenting,
                       $1 IS NOT NULL OR f.mentor_id IS NULL OR f.cause IN ('brake', 'day', 'day_turns')
                       OR EXISTS (SELECT 1 FROM certification.comparison_read_again AS g
                                   WHERE g.comparison_id = $10 AND g.mentor_id = f.mentor_id),
                       CASE f.cause WHEN 'in_flight' THEN f.known_at WHEN 'day_turns' THEN f.checked_at END
                  FROM caused AS f
                ON CONFLICT DO NOTHING
            ), verified AS (
                INSERT INTO certification.comparison_equal (comparison_id, mentor_id, version)
                SELECT $10, j.mentor_id, j.desired_version FROM judged AS j
                 WHERE j.unverified AND j.synced AND j.known_at IS NULL AND j.class IS NULL AND j.whose = 'ours'
            ), outcome AS (
                SELECT j.place, j.app_digest, CASE WHEN j.shown > 0 THEN coalesce(j.website_digest, j.app_digest) END
                           AS website_digest,
                       j.wanted, j.shown > 0 AS is_shown, j.wanted AND j.class IS NULL AS is_equal,
                       j.whose = 'ours' AS is_ours, coalesce(j.whose = 'ours' AND j.state = 'live', false) AS is_live,
                       j.row_id IS NOT NULL AS is_found
                  FROM judged AS j
                UNION ALL
                -- Settled by two equal digests.
                SELECT p.mentor_id, p.digest, p.digest, true, true, true, true, p.is_live, true
                  FROM certification.comparison_prepared AS p
                 WHERE $14 AND p.comparison_id = $10 AND p.site = $4 AND p.digest IS NOT NULL
                   AND p.mentor_id <> ALL ($13)
            )
            SELECT ARRAY[count(*) FILTER (WHERE u.wanted),
                         count(*) FILTER (WHERE u.is_shown),
                         count(*) FILTER (WHERE u.is_equal),
                         count(*) FILTER (WHERE u.is_live),
                         count(*) FILTER (WHERE u.is_live AND u.is_found)] AS counts,
                   -- One sort serves all three aggregates.
                   count(*) FILTER (WHERE u.is_ours) - count(DISTINCT u.place) FILTER (WHERE u.is_ours) AS repeated,
                   sha256(coalesce(string_agg(u.app_digest, '' ORDER BY u.place), '')) AS app,
                   sha256(coalesce(string_agg(u.website_digest, '' ORDER BY u.place), '')) AS website
              FROM outcome AS u
            $query$,
            coalesce(certification.content_expression(v_site.mapping, v_site.columns), ''''''),
            format(v_limited, 'm', 'id'), format(v_limited, 'l', 'mentor_id'),
            format(CASE WHEN p_mentor_ids IS NULL THEN '(w.mentor_id IS NULL OR ' || v_limited || ')'
                        ELSE v_limited END, 'w', 'mentor_id'))
        INTO v
        USING p_mentor_ids, v_site.organisations, v_comparison.at, v_site.site,
              v_site.website_table, v_site.website_key,
              v_site.is_first, v_site.columns,
              ARRAY(SELECT jsonb_object_keys(v_site.mapping -> 'show')), p_comparison_id,
              v_site.others, v_comparison.settling, v_mentors, p_mentor_ids IS NULL AND v_mentors IS NOT NULL;
        v_counts := ARRAY(SELECT a.n + b.n FROM unnest(v_counts) WITH ORDINALITY AS a (n, i)
                            JOIN unnest(v.counts) WITH ORDINALITY AS b (n, i) USING (i) ORDER BY i);
        v_repeated := v_repeated + v.repeated;
        -- The website returned less than half of the listings that were last synced as live.
        v_small := v_small + (v.counts[4] >= 3 AND v.counts[5] * 2 < v.counts[4])::integer;
        -- A place that is no longer used and lists nothing stays out of the hashes of both sides.
        CONTINUE WHEN v_site.organisations = '{}' AND v.counts[2] = 0;
        v_app := v_app || v.app;
        v_website := v_website || v.website;
    END LOOP;
    RETURN QUERY
    SELECT m.measure, v_counts[m.i], NULL
      FROM unnest('{app_listed,website_listed,equal,live_recorded,live_found}'::text[]) WITH ORDINALITY
           AS m (measure, i)
    UNION ALL
    SELECT 'rows_repeated', v_repeated, NULL
    UNION ALL
    SELECT 'sites_small', v_small, NULL
    UNION ALL
    SELECT 'listings_rejected', count(*), NULL FROM certification.listings AS l
     WHERE l.synced_version < l.desired_version AND l.state = 'rejected'
    UNION ALL
    SELECT * FROM certification.count_differences(p_comparison_id)
    UNION ALL
    SELECT 'app_hash', 0, encode(sha256(v_app), 'hex')
    UNION ALL
    SELECT 'website_hash', 0, encode(sha256(v_website), 'hex');
END
$$;
COMMENT ON FUNCTION certification.compare_website IS
    'Compare the rows that were read with the mentors that should be listed on the calendar day: all of them (null) '
    'or only these (I14). Record every difference with its class and cause. Return every count, zeros included, and '
    'the hashes of both sides.';

CREATE OR REPLACE FUNCTION certification.count_differences(p_comparison_id uuid)
RETURNS TABLE (measure text, n bigint, digest text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH found AS MATERIALIZED (
        SELECT d.class, d.cause, d.verified, d.known_at, d.organisation_id
          FROM certification.comparison_differences AS d
         WHERE d.comparison_id = p_comparison_id
    )
    SELECT c.class, count(f.class), NULL::text
      FROM unnest('{listed_but_invalid,missing,field_drift,unpublished_field,orphan}'::text[]) AS c (class)
      LEFT JOIN found AS f ON f.class = c.class GROUP BY c.class
    UNION ALL
    SELECT c.measure, count(f.cause), NULL
      FROM (VALUES ('manual_edit', 'manual_edit'), ('waiting', 'waiting'), ('in_flight', 'in_flight'),
            ('day_turns', 'day_turns'),
                   ('day_not_checked', 'day'), ('held_by_brake', 'brake'), ('rejected', 'rejected'),
                   ('came_past_triggers', 'past_triggers')) AS c (measure, cause)
      LEFT JOIN found AS f ON f.cause = c.cause GROUP BY c.measure
    UNION ALL
    SELECT c.class || '_in_flight', count(f.class), NULL
      FROM unnest('{listed_but_invalid,missing,field_drift,unpublished_field}'::text[]) AS c (class)
      LEFT JOIN found AS f ON f.class = c.class AND f.cause IN ('in_flight', 'day_turns') GROUP BY c.class
    UNION ALL
    SELECT 'differences_unverified', count(*), NULL FROM found AS f WHERE NOT f.verified AND f.cause <> 'in_flight'
    UNION ALL
    SELECT 'known_at', 0, max(f.known_at)::text FROM found AS f HAVING max(f.known_at) IS NOT NULL
    UNION ALL
    SELECT 'brake_since', 0, min(b.tripped_at)::text FROM certification.brakes AS b
     WHERE b.kind = 'expiry' AND b.closed_at IS NULL
       AND b.organisation_id IN (SELECT f.organisation_id FROM found AS f WHERE f.cause = 'brake')
    HAVING min(b.tripped_at) IS NOT NULL
$$;
COMMENT ON FUNCTION certification.count_differences IS
    'Return how many differences there are of each class and each cause, since when the brake holds some of them, and '
    'when those in flight will have settled.';

REVOKE ALL ON FUNCTION
    certification.content_expression, certification.compare_website, certification.count_differences
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.compare_website
TO certification_reconciliation;
