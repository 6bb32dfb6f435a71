-- The desired state of each listing on the website (I5).

-- A listing is shown if the mentor is active, consents and is certified (I5). The body holds fields of consenting
-- mentors only; a mentor that is not to be listed gets a body without fields. ROWS 10, the planner's estimate for an
-- array, keeps the joins with its result on the primary keys.
CREATE OR REPLACE FUNCTION certification.wanted_listings(p_mentor_ids uuid[])
RETURNS TABLE (
    mentor_id uuid, listed boolean, only_ended boolean, expires_on date, target jsonb, website_table text,
    website_key text, columns jsonb, show text, hide text)
LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
    WITH organisation AS MATERIALIZED (
        SELECT i.id, o.timezone::text AS zone, coalesce(e.day, certification.today_in(o.timezone::text)) AS day,
               f.hide, f.target, f.target ->> 'table' AS website_table, f.target ->> 'key' AS website_key,
               f.target -> 'columns' AS columns, certification.body_template(f.mapping) AS template,
               coalesce(to_json(certification.clean_text(o.name::text))::text, 'null') AS name
          FROM (SELECT DISTINCT l.organisation_id AS id FROM certification.listings AS l
                 WHERE l.mentor_id = ANY (p_mentor_ids)) AS i
         CROSS JOIN LATERAL (
               SELECT s.mapping, (s.mapping -> 'hide')::text AS hide,
                      jsonb_build_object(
                          'table', s.mapping -> 'table', 'key', s.mapping -> 'key', 'hide', s.mapping -> 'hide',
                          'columns', (SELECT jsonb_agg(k ORDER BY k)
                                        FROM jsonb_object_keys(s.mapping -> 'columns') AS k)) AS target
                 FROM (SELECT certification.effective_mapping(i.id) AS mapping OFFSET 0) AS s) AS f
          LEFT JOIN public.organisations AS o ON o.id = i.id
          -- An organisation that is gone gets no more checks, so only the calendar counts.
          LEFT JOIN certification.evaluated_days AS e ON e.organisation_id = o.id
    )
    SELECT l.mentor_id, w.listed, w.only_ended, w.expires_on, o.target, o.website_table, o.website_key, o.columns,
           CASE WHEN w.listed THEN (
               SELECT format(o.template,
                          coalesce(to_json(f.first_name)::text, 'null'), coalesce(to_json(f.last_name)::text, 'null'),
                          coalesce(to_json(f.full_name)::text, 'null'),
                          coalesce(to_json(f.phone)::text, 'null'), coalesce(to_json(f.email)::text, 'null'),
                          coalesce(to_json(f.area)::text, 'null'), o.name)
                 FROM (SELECT p.*, coalesce(p.first_name || ' ' || p.last_name, p.first_name, p.last_name) AS full_name
                         FROM (SELECT certification.published_text(m.first_name::text, t.is_plain) AS first_name,
                                      certification.published_text(m.last_name::text, t.is_plain) AS last_name,
                                      certification.published_text(m.phone::text, t.is_plain) AS phone,
                                      certification.published_text(m.email::text, t.is_plain) AS email,
                                      certification.published_text(m.area::text, t.is_plain) AS area
                                 FROM (SELECT certification.is_plain_text(concat(
                                                  m.first_name::text, m.last_name::text, m.phone::text, m.email::text,
                                                  m.area::text)) AS is_plain OFFSET 0) AS t OFFSET 0) AS p
                       OFFSET 0) AS f) END,
           o.hide
      FROM unnest(p_mentor_ids) AS u (id)
      JOIN certification.listings AS l ON l.mentor_id = u.id
      JOIN organisation AS o ON o.id = l.organisation_id
      LEFT JOIN public.peer_mentors AS m ON m.id = l.mentor_id AND m.organisation_id IS NOT NULL
      LEFT JOIN public.certifications AS c ON c.mentor_id = m.id
     CROSS JOIN LATERAL (
           SELECT x.expires_on, coalesce(x.willing AND x.expires_on >= x.day, false) AS listed,
                  coalesce(x.willing AND x.expires_on < x.day, false) AS only_ended
             FROM (SELECT certification.is_status(m.status::text, 'active') AND m.listing_consent AS willing,
                          certification.day_of(c.expires_on, o.zone) AS expires_on,
                          greatest(o.day, l.forced_day) AS day OFFSET 0) AS x OFFSET 0) AS w
$$;
COMMENT ON FUNCTION certification.wanted_listings IS
    'Return the desired state of these listings as of now, and the request bodies that bring it about (I5). '
    'only_ended: nothing but the day keeps the mentor from being listed. Each id is to be named once.';

CREATE OR REPLACE FUNCTION certification.body_template(p_mapping jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT '{' || string_agg(
               replace(to_json(c.name)::text, '%', '%%') || ':%' || array_position(
                   '{first_name,last_name,full_name,phone,email,area,organisation}', c.field) || '$s',
               ',') || ',' || replace(substr((p_mapping -> 'show')::text, 2), '%', '%%')
      FROM jsonb_each_text(p_mapping -> 'columns') AS c (name, field)
$$;
COMMENT ON FUNCTION certification.body_template IS
    'Return the body that publishes a mentor by this mapping as a template of format(), whose arguments are the JSON '
    'values of the fields in the order given here.';

REVOKE ALL ON FUNCTION
    certification.wanted_listings, certification.body_template
FROM PUBLIC;
