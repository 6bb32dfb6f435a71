-- What a change of settings would do, before it is made. Nothing is written and nothing is locked, because a person
-- reads the result for as long as a person does.

CREATE OR REPLACE FUNCTION certification.settings_per_organisation(p_organisation_id uuid, p_changes jsonb)
RETURNS TABLE (organisation_id uuid, before jsonb, after jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH standard AS MATERIALIZED (
        SELECT s.stored, CASE WHEN p_organisation_id IS NULL THEN s.stored || p_changes ELSE s.stored END AS changed
          FROM (SELECT certification.stored_settings(NULL) AS stored) AS s
    )
    SELECT o.id, certification.settings_in_force(x.stored, d.stored),
           certification.settings_in_force(
               CASE WHEN o.id = p_organisation_id THEN x.stored || p_changes ELSE x.stored END, d.changed)
      FROM public.organisations AS o
     CROSS JOIN standard AS d
     CROSS JOIN LATERAL (SELECT certification.stored_settings(o.id) AS stored) AS x
     WHERE o.id IS NOT NULL
$$;
COMMENT ON FUNCTION certification.settings_per_organisation IS
    'Return what applies to every organisation now, and what would apply after the change.';

CREATE OR REPLACE FUNCTION certification.coming_before_and_after(p_settings jsonb)
RETURNS TABLE (
    organisation_id uuid, reminders bigint, reminders_after bigint, reminders_added bigint, reminders_dropped bigint,
    reactivations_added bigint, reactivations_dropped bigint, expiries bigint, expiries_after bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH changed AS MATERIALIZED (
        SELECT jsonb_object_agg(s.key, s.value -> 'before') AS before,
               jsonb_object_agg(s.key, s.value -> 'after') AS after
          FROM jsonb_each(p_settings) AS s
    ), coming AS (
        SELECT c.*, 'before' AS at FROM changed AS k
         CROSS JOIN LATERAL certification.coming(NULL, 1, k.before) AS c
        UNION ALL
        SELECT c.*, 'after' FROM changed AS k CROSS JOIN LATERAL certification.coming(NULL, 1, k.after) AS c
    ), of_mentor AS (
        SELECT c.organisation_id, c.mentor_id,
               -- Whoever cannot be mailed uses up a reminder too, and the coordinator is told.
               CASE WHEN c.event IN ('reminder', 'unreachable') THEN 'reminder' ELSE c.event END AS event,
               bool_or(c.at = 'before') AS before, bool_or(c.at = 'after') AS after
          FROM coming AS c WHERE c.event <> 'collapsed' GROUP BY 1, 2, 3
    )
    SELECT m.organisation_id, count(*) FILTER (WHERE m.event = 'reminder' AND m.before),
           count(*) FILTER (WHERE m.event = 'reminder' AND m.after),
           count(*) FILTER (WHERE m.event = 'reminder' AND m.after AND NOT m.before),
           count(*) FILTER (WHERE m.event = 'reminder' AND m.before AND NOT m.after),
           count(*) FILTER (WHERE m.event = 'reactivation' AND m.after AND NOT m.before),
           count(*) FILTER (WHERE m.event = 'reactivation' AND m.before AND NOT m.after),
           count(*) FILTER (WHERE m.event = 'expiry' AND m.before),
           count(*) FILTER (WHERE m.event = 'expiry' AND m.after)
      FROM of_mentor AS m GROUP BY m.organisation_id
$$;
COMMENT ON FUNCTION certification.coming_before_and_after IS
    'Return how many mentors the nightly check of tomorrow would remind, reactivate and expire in each of these '
    'organisations, under the settings of now and under others: {"organisation": {"before": …, "after": …}}.';

-- A change of the mapping raises every listing of the organisation. What a worker then sends is decided as in
-- claim_listings (sync/claims.sql), which is the other end of this.
CREATE OR REPLACE FUNCTION certification.writes_of_mapping(p_organisation_id uuid, p_mapping jsonb)
RETURNS TABLE (written bigint, moved bigint, emptied jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH listing AS MATERIALIZED (
        SELECT w.listed, l.website IS NOT NULL AS there,
               l.website IS NOT NULL AND (l.website ->> 'table', l.website ->> 'key')
                                         <> (p_mapping ->> 'table', p_mapping ->> 'key') AS elsewhere,
               l.website ->> 'table' AS place, l.written
          FROM certification.listings AS l
          JOIN certification.wanted_listings(ARRAY(SELECT i.mentor_id FROM certification.listings AS i
                                                    WHERE i.organisation_id = p_organisation_id)) AS w
            ON w.mentor_id = l.mentor_id
         WHERE l.organisation_id = p_organisation_id
    ), emptied AS (
        SELECT c.name, count(*) AS n FROM listing AS l
         CROSS JOIN LATERAL jsonb_array_elements_text(
               coalesce(l.written -> CASE WHEN l.elsewhere THEN l.place ELSE p_mapping ->> 'table' END, '[]'))
               AS c (name)
         WHERE l.elsewhere OR NOT p_mapping -> 'columns' ? c.name
         GROUP BY c.name
    )
    SELECT count(*) FILTER (WHERE l.listed OR l.there
                               OR certification.emptied(coalesce(l.written -> (p_mapping ->> 'table'), '[]'),
                                                        p_mapping -> 'columns') <> ''),
           count(*) FILTER (WHERE l.elsewhere),
           coalesce((SELECT jsonb_object_agg(e.name, e.n) FROM emptied AS e), '{}')
      FROM listing AS l
$$;
COMMENT ON FUNCTION certification.writes_of_mapping IS
    'Return how many listings of the organisation would be written if this mapping were in force, how many of them '
    'would be hidden in another place first, and of each column that would be emptied, in how many rows.';

CREATE OR REPLACE FUNCTION certification.tables_of_ours(p_settings jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(t.name), '{}') FROM (
        SELECT s.value -> 'listing_mapping' ->> 'table' AS name FROM jsonb_each(p_settings) AS s
         GROUP BY 1 HAVING bool_and((s.value -> 'table_is_ours')::boolean)) AS t
$$;
COMMENT ON FUNCTION certification.tables_of_ours IS
    'Return the tables of the website of which every organisation says that all rows come from here, as repairs_of '
    '(reconciliation/repairs.sql) decides it: {"organisation": settings in force}.';

CREATE OR REPLACE FUNCTION certification.preview_settings(p_organisation_id uuid, p_changes jsonb)
RETURNS TABLE (
    organisation_id uuid, reminders_added bigint, reminders_dropped bigint, reactivations_added bigint,
    reactivations_dropped bigint, listings_written bigint, listings_moved bigint, columns_emptied jsonb,
    unknown_rows_hidden bigint, held_now jsonb, held_then jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off
    SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
    v_all jsonb;
    v_before jsonb;
    v_after jsonb;
    v_concerned jsonb;
BEGIN
    IF certification.changed_settings(p_organisation_id, p_changes) IS NULL THEN
        RETURN; -- there is no such organisation
    END IF;
    SELECT jsonb_object_agg(s.organisation_id, jsonb_build_object('before', s.before, 'after', s.after))
               FILTER (WHERE s.before <> s.after),
           jsonb_object_agg(s.organisation_id, s.before), jsonb_object_agg(s.organisation_id, s.after)
      INTO v_concerned, v_before, v_after
      FROM certification.settings_per_organisation(p_organisation_id, p_changes) AS s;
    RETURN QUERY
    WITH concerned AS MATERIALIZED (
        SELECT s.key::uuid AS id, s.value -> 'before' AS before, s.value -> 'after' AS after
          FROM jsonb_each(v_concerned) AS s
    ), coming AS MATERIALIZED (
        SELECT c.* FROM certification.coming_before_and_after(v_concerned) AS c
    ), active AS MATERIALIZED (
        SELECT m.organisation_id AS id, count(*) AS n FROM public.peer_mentors AS m
         WHERE m.organisation_id IN (SELECT k.id FROM concerned AS k)
           AND certification.is_status(m.status::text, 'active')
         GROUP BY 1
    ), change AS (
        SELECT k.id, x.at, x.kind, x.n, x.of_n, x.settings
          FROM concerned AS k
          LEFT JOIN coming AS c ON c.organisation_id = k.id
          LEFT JOIN active AS a ON a.id = k.id
         CROSS JOIN LATERAL (
               VALUES ('before', 'reminder', c.reminders, a.n, k.before),
                      ('before', 'expiry', c.expiries, a.n, k.before),
                      ('after', 'reminder', c.reminders_after, a.n, k.after),
                      ('after', 'expiry', c.expiries_after, a.n, k.after)) AS x (at, kind, n, of_n, settings)
        UNION ALL
        -- What the last comparison would have repaired, if its brake is on.
        SELECT k.id, x.at, b.kind, b.n, b.of_n, x.settings
          FROM concerned AS k
          JOIN certification.brakes AS b ON b.organisation_id = k.id AND b.kind = 'repair' AND b.closed_at IS NULL
         CROSS JOIN LATERAL (VALUES ('before', k.before), ('after', k.after)) AS x (at, settings)
    ), held AS (
        SELECT c.id, jsonb_object_agg(c.kind, c.n) FILTER (WHERE c.at = 'before') AS now,
               jsonb_object_agg(c.kind, c.n) FILTER (WHERE c.at = 'after') AS later
          FROM change AS c
         WHERE certification.exceeds_limit(c.n, c.of_n, (c.settings -> 'brake_count')::integer,
                                           (c.settings -> 'brake_percent')::integer)
         GROUP BY c.id
    )
    SELECT k.id, coalesce(c.reminders_added, 0), coalesce(c.reminders_dropped, 0),
           coalesce(c.reactivations_added, 0), coalesce(c.reactivations_dropped, 0),
           coalesce(w.written, 0), coalesce(w.moved, 0), coalesce(w.emptied, '{}'),
           (SELECT count(*) FROM certification.findings AS f
             WHERE f.closed_at IS NULL AND f.class = 'orphan'
               AND f.website_table = k.after -> 'listing_mapping' ->> 'table'
               AND f.website_table = ANY (certification.tables_of_ours(v_after))
               AND f.website_table <> ALL (certification.tables_of_ours(v_before))),
           coalesce(h.now, '{}'), coalesce(h.later, '{}')
      FROM concerned AS k
      LEFT JOIN coming AS c ON c.organisation_id = k.id
      LEFT JOIN held AS h ON h.id = k.id
      LEFT JOIN LATERAL (
           SELECT m.* FROM certification.writes_of_mapping(k.id, k.after -> 'listing_mapping') AS m
            WHERE k.before -> 'listing_mapping' <> k.after -> 'listing_mapping') AS w ON true
     ORDER BY k.id;
END
$$;
COMMENT ON FUNCTION certification.preview_settings IS
    'Return what a change of settings would do, for each organisation to which other settings would apply: mentors '
    'reminded and reactivated by tomorrow''s check who would not be now, and the reverse; listings written, and of '
    'these first hidden elsewhere; columns emptied, each in how many rows; visible rows of no mentor that would be '
    'hidden; and whom the mass-change limit would hold, by kind. Raise check_violation for what cannot be stored. It '
    'reads only, and locks nothing.';

REVOKE ALL ON FUNCTION
    certification.settings_per_organisation, certification.coming_before_and_after, certification.writes_of_mapping,
    certification.tables_of_ours, certification.preview_settings
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.preview_settings
TO certification_operations;
