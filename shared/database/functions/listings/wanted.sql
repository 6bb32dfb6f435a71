-- The desired state of each listing on the website (I5).

-- A listing is shown if the mentor is active, consents and is certified (I5). The body holds fields of consenting
-- mentors only; a mentor that is not to be listed gets a body without fields.
CREATE OR REPLACE FUNCTION certification.wanted_listings(p_mentor_ids uuid[])
RETURNS TABLE (mentor_id uuid, listed boolean, expires_on date, target jsonb, show text, hide text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH organisation AS MATERIALIZED (
        SELECT i.id, certification.clean_text(o.name::text) AS name, o.timezone::text AS zone,
               coalesce(e.day, certification.today_in(o.timezone::text)) AS day,
               certification.effective_mapping(i.id) AS mapping
          FROM (SELECT DISTINCT l.organisation_id AS id FROM certification.listings AS l
                 WHERE l.mentor_id = ANY (p_mentor_ids)) AS i
          LEFT JOIN public.organisations AS o ON o.id = i.id
          -- An organisation that is gone gets no more checks, so only the calendar counts.
          LEFT JOIN certification.evaluated_days AS e ON e.organisation_id = o.id
    ), mentor AS MATERIALIZED (
        SELECT l.mentor_id, l.organisation_id, certification.day_of(c.expires_on, o.zone) AS expires_on,
               coalesce(certification.is_status(m.status::text, 'active') AND m.listing_consent
                        AND certification.day_of(c.expires_on, o.zone) >= greatest(o.day, l.forced_day), false)
                   AS listed,
               ARRAY[certification.clean_text(m.first_name::text), certification.clean_text(m.last_name::text),
                     certification.full_name(m.first_name::text, m.last_name::text),
                     certification.clean_text(m.phone::text), certification.clean_text(m.email::text),
                     certification.clean_text(m.area::text), o.name] AS field
          FROM certification.listings AS l
          JOIN organisation AS o ON o.id = l.organisation_id
          LEFT JOIN public.peer_mentors AS m ON m.id = l.mentor_id AND m.organisation_id IS NOT NULL
          LEFT JOIN public.certifications AS c ON c.mentor_id = m.id
         WHERE l.mentor_id = ANY (p_mentor_ids)
    ), published AS MATERIALIZED (
        SELECT o.id, array_agg(to_json(c.name)::text || ':') AS name,
               array_agg(array_position('{first_name,last_name,full_name,phone,email,area,organisation}',
                                        c.field)) AS place
          FROM organisation AS o CROSS JOIN jsonb_each_text(o.mapping -> 'columns') AS c (name, field)
         GROUP BY o.id
    ), flags AS MATERIALIZED (
        SELECT o.id, substr((o.mapping -> 'show')::text, 2) AS show, (o.mapping -> 'hide')::text AS hide,
               jsonb_build_object('table', o.mapping -> 'table', 'key', o.mapping -> 'key', 'hide', o.mapping -> 'hide',
                   'columns', (SELECT jsonb_agg(k ORDER BY k)
                                 FROM jsonb_object_keys(o.mapping -> 'columns') AS k)) AS target
          FROM organisation AS o
    )
    SELECT m.mentor_id, m.listed, m.expires_on, f.target,
           CASE WHEN m.listed THEN (
               SELECT '{' || string_agg(p.name[i]
                          || coalesce(to_json(m.field[p.place[i]])::text, 'null'), ',') || ',' || f.show
                 FROM generate_subscripts(p.name, 1) AS i) END,
           f.hide
      FROM mentor AS m
      JOIN published AS p ON p.id = m.organisation_id
      JOIN flags AS f ON f.id = m.organisation_id
$$;
COMMENT ON FUNCTION certification.wanted_listings IS
    'Return the desired state of these listings as of now, and the request bodies that bring it about (I5).';

REVOKE ALL ON FUNCTION
    certification.wanted_listings
FROM PUBLIC;
