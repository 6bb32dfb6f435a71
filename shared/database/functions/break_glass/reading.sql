-- What break-glass compares: every mentor by the calendar, and the places of the website where listings may be.
-- Break-glass is for the time when nothing else runs. So the day turns with the calendar here, and not with a check of
-- that day that never came (I5).

CREATE OR REPLACE FUNCTION certification.listings_by_calendar(p_mentor_ids uuid[])
RETURNS TABLE (
    mentor_id uuid, organisation_id uuid, listed boolean, cause text, last_valid_day date, synced boolean,
    may_be_shown boolean, mapping jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH mentor AS MATERIALIZED (
        SELECT coalesce(m.id, l.mentor_id) AS id, coalesce(m.organisation_id, l.organisation_id) AS organisation_id,
               m.id IS NOT NULL AS there, certification.is_status(m.status::text, 'active') AS active,
               certification.is_status(m.status::text, 'certification_expired') AS expired,
               coalesce(m.listing_consent, false) AS consent, c.expires_on,
               coalesce(l.synced_version = l.desired_version, false) AS synced,
               l.website IS NOT NULL AS may_be_shown
          FROM (SELECT p.id, p.organisation_id, p.status, p.listing_consent FROM public.peer_mentors AS p
                 WHERE p.id IS NOT NULL AND p.organisation_id IS NOT NULL
                   AND (p_mentor_ids IS NULL OR p.id = ANY (p_mentor_ids))) AS m
          FULL JOIN (SELECT s.* FROM certification.listings AS s
                      WHERE p_mentor_ids IS NULL OR s.mentor_id = ANY (p_mentor_ids)) AS l ON l.mentor_id = m.id
          LEFT JOIN public.certifications AS c ON c.mentor_id = m.id
    ), organisation AS MATERIALIZED (
        SELECT i.id, certification.zone_of(i.id) AS zone, certification.effective_mapping(i.id) AS mapping,
               greatest(e.day, certification.today_in(certification.zone_of(i.id))) AS day
          FROM (SELECT DISTINCT n.organisation_id AS id FROM mentor AS n) AS i
          LEFT JOIN certification.evaluated_days AS e ON e.organisation_id = i.id
    )
    SELECT m.id, m.organisation_id, w.listed,
           CASE WHEN w.listed THEN NULL
                WHEN NOT m.there THEN 'deleted'
                WHEN NOT m.consent THEN 'withdrawn'
                WHEN m.active OR m.expired THEN 'expired'
                ELSE 'not_active' END,
           CASE WHEN v.day BETWEEN '1900-01-01' AND '9999-12-30' THEN v.day END,
           m.synced, m.may_be_shown, o.mapping
      FROM mentor AS m
      JOIN organisation AS o ON o.id = m.organisation_id
     CROSS JOIN LATERAL certification.day_of(m.expires_on, o.zone) AS v (day)
     CROSS JOIN LATERAL (
           SELECT coalesce(m.there AND m.active AND m.consent AND v.day >= o.day, false) AS listed) AS w
$$;
COMMENT ON FUNCTION certification.listings_by_calendar IS
    'Return whether each of these mentors, or every one (null), is to be listed today by the calendar, and why not: '
    'expired, withdrawn (no consent), not_active or deleted (I5).';

CREATE OR REPLACE FUNCTION certification.break_glass_listings()
RETURNS TABLE (
    mentor_id uuid, organisation_id uuid, listed boolean, cause text, synced boolean, may_be_shown boolean)
-- row_security is off for the reason that claim_listings gives: a hidden mentor would seem deleted.
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
    SELECT b.mentor_id, b.organisation_id, b.listed, b.cause, b.synced, b.may_be_shown
      FROM certification.listings_by_calendar(NULL) AS b
$$;
COMMENT ON FUNCTION certification.break_glass_listings IS
    'Return every mentor: to be listed today or not and why, whether the website has the newest version, and whether '
    'our record says that it may show the mentor. Ids and codes only (I11).';

CREATE OR REPLACE FUNCTION certification.break_glass_organisations()
RETURNS TABLE (organisation_id uuid, name text, brake_count integer, brake_percent integer, active bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
    SELECT i.id, o.name::text, b.count, b.percent, (
               SELECT count(*) FROM public.peer_mentors AS m
                WHERE m.organisation_id = i.id AND certification.is_status(m.status::text, 'active'))
      FROM (SELECT l.organisation_id AS id FROM certification.listings AS l
            UNION SELECT m.organisation_id FROM public.peer_mentors AS m WHERE m.organisation_id IS NOT NULL) AS i
      LEFT JOIN public.organisations AS o ON o.id = i.id
     CROSS JOIN LATERAL certification.brake_limits(i.id) AS b
$$;
COMMENT ON FUNCTION certification.break_glass_organisations IS
    'Return each organisation with its mass-change limits and its number of active mentors.';

CREATE OR REPLACE FUNCTION certification.break_glass_places()
RETURNS TABLE (website_table text, website_key text, show jsonb, hide jsonb, mapped boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH mapped AS (
        SELECT DISTINCT m.mapping FROM (
            SELECT certification.effective_mapping(i.id) AS mapping
              FROM (SELECT l.organisation_id AS id FROM certification.listings AS l
                    UNION SELECT o.id FROM public.organisations AS o) AS i
            UNION ALL SELECT d.listing_mapping::jsonb FROM certification.standard AS d
             WHERE NOT EXISTS (SELECT 1 FROM public.organisations)) AS m
    )
    SELECT m.mapping ->> 'table', m.mapping ->> 'key', m.mapping -> 'show', m.mapping -> 'hide', true FROM mapped AS m
    UNION ALL
    SELECT p.website_table, p.website_key, p.show, p.hide, false
      FROM certification.website_places AS p
     WHERE NOT EXISTS (SELECT 1 FROM mapped AS m
                        WHERE (m.mapping ->> 'table', m.mapping ->> 'key') = (p.website_table, p.website_key))
       AND EXISTS (SELECT 1 FROM certification.listings AS l WHERE l.written ? p.website_table)
$$;
COMMENT ON FUNCTION certification.break_glass_places IS
    'Return the tables of the website to read, with the flags that show and hide a row. Not mapped: no organisation '
    'publishes there now, and listings of ours may still be there.';

CREATE OR REPLACE FUNCTION certification.break_glass_export()
RETURNS TABLE (
    mentor_id uuid, organisation_id uuid, listed boolean, why text, last_valid_day date, timezone text,
    website_table text, website_key text, show text, hide text, exported_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
    SELECT b.mentor_id, b.organisation_id, b.listed, coalesce(b.cause, ''), b.last_valid_day,
           coalesce(certification.zone_of(b.organisation_id), 'Europe/Oslo'),
           b.mapping ->> 'table', b.mapping ->> 'key', (b.mapping -> 'show')::text, (b.mapping -> 'hide')::text,
           certification.present()
      FROM certification.listings_by_calendar(NULL) AS b
     ORDER BY b.mentor_id
$$;
COMMENT ON FUNCTION certification.break_glass_export IS
    'Return what break-glass needs to hide mentors without this database: ids, days and codes, no name or address '
    '(I11). last_valid_day is left out where it is no day that a program can read.';

REVOKE ALL ON FUNCTION
    certification.listings_by_calendar, certification.break_glass_listings, certification.break_glass_organisations,
    certification.break_glass_places, certification.break_glass_export
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.break_glass_listings, certification.break_glass_organisations, certification.break_glass_places
TO certification_break_glass;
GRANT EXECUTE ON FUNCTION
    certification.break_glass_export
TO certification_break_glass, certification_operations, certification_operations_reader;
