-- Changes that none of our triggers has seen: a restore, logical replication, a disabled trigger. The app's tables are
-- the truth (I7, I14).

CREATE OR REPLACE FUNCTION certification.find_past_triggers(p_run_id uuid, p_limit integer)
RETURNS TABLE (mentor_id uuid, version bigint, kind text)
-- row_security is off so that a mentor hidden from us by a policy raises an error. Otherwise the mentor would seem
-- deleted and would be hidden on the website.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off SET lock_timeout = '10s'
    SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_ids uuid[];
    v_kinds text[];
BEGIN
    PERFORM certification.own_run(p_run_id);
    PERFORM certification.remember_places();
    WITH organisation AS MATERIALIZED (
        SELECT o.id, o.timezone::text AS zone, coalesce(e.day, certification.today_in(o.timezone::text)) AS day
          FROM public.organisations AS o
          LEFT JOIN certification.evaluated_days AS e ON e.organisation_id = o.id
    ), mentor AS (
        SELECT m.id, m.organisation_id, x.expires_on, x.willing,
               coalesce(x.willing AND x.expires_on
                            >= greatest(coalesce(o.day, certification.today_in('')), k.forced_day), false) AS listed
          FROM public.peer_mentors AS m
          LEFT JOIN public.certifications AS c ON c.mentor_id = m.id
          LEFT JOIN organisation AS o ON o.id = m.organisation_id
          LEFT JOIN certification.listings AS k ON k.mentor_id = m.id AND k.forced_day IS NOT NULL
         CROSS JOIN LATERAL (SELECT certification.is_status(m.status::text, 'active') AND m.listing_consent AS willing,
                                    certification.day_of(c.expires_on, o.zone) AS expires_on) AS x
         WHERE m.id IS NOT NULL AND m.organisation_id IS NOT NULL
    ), all_found AS (
        SELECT coalesce(m.id, l.mentor_id) AS id,
               CASE WHEN l.mentor_id IS NULL THEN 'unlisted'
                    WHEN l.website IS NOT NULL AND m.listed IS NOT TRUE
                    -- Only the day has turned; the nightly check could not raise this listing.
                    THEN CASE WHEN m.willing AND m.expires_on = l.shown_until THEN 'day' ELSE 'hide' END
                    WHEN l.website IS NULL AND m.listed THEN 'show'
                    ELSE 'moved' END AS kind
          FROM certification.listings AS l
          FULL JOIN mentor AS m ON m.id = l.mentor_id
         WHERE l.mentor_id IS NULL
            OR l.synced_version = l.desired_version
               AND (coalesce(m.listed, false) <> (l.website IS NOT NULL) OR m.organisation_id <> l.organisation_id)
            -- A listing that the brake holds or that was rejected for another reason. If the mentor was paused or
            -- withdrew consent meanwhile, the listing is hidden all the same. A rejected listing is also hidden if the
            -- certification is gone or ends on another day. The turn of the day itself belongs to the nightly check.
            OR l.synced_version < l.desired_version AND l.website IS NOT NULL
               AND (l.reason = 'brake' AND m.willing IS NOT TRUE
                    OR l.state = 'rejected' AND m.listed IS NOT TRUE
                       AND NOT coalesce(m.willing AND m.expires_on = l.shown_until, false)
                       AND NOT EXISTS ( -- hiding was tried and rejected
                           SELECT 1 FROM certification.past_triggers AS p
                            WHERE p.mentor_id = l.mentor_id AND p.version = l.desired_version))
    ), found AS (
        SELECT f.id, f.kind FROM all_found AS f ORDER BY f.kind NOT IN ('hide', 'day'), f.id LIMIT p_limit
    ), held AS (
        SELECT l.mentor_id FROM certification.listings AS l JOIN found AS f ON f.id = l.mentor_id
         WHERE l.synced_version = l.desired_version OR l.reason = 'brake' OR l.state = 'rejected'
         ORDER BY l.mentor_id
           FOR NO KEY UPDATE OF l SKIP LOCKED
    )
    SELECT array_agg(f.id), array_agg(f.kind) INTO v_ids, v_kinds
      FROM found AS f
     WHERE f.kind = 'unlisted' OR EXISTS (SELECT 1 FROM held AS h WHERE h.mentor_id = f.id);
    IF v_ids IS NULL THEN
        RETURN;
    END IF;
    PERFORM certification.bump_listing_version(v_ids, p_notify => false); -- the caller requests the sync itself
    -- The nightly check has not seen these changes either.
    INSERT INTO certification.mentors_to_recheck (step, mentor_id)
    SELECT s.step, m.id
      FROM public.peer_mentors AS m
      JOIN (VALUES ('active', 'remind'), ('active', 'expire'), ('certification_expired', 'reactivate'))
           AS s (status, step)
        ON certification.is_status(m.status::text, s.status)
     WHERE m.id = ANY (v_ids);
    INSERT INTO certification.past_triggers AS p (mentor_id, kind, run_id, version)
    SELECT f.id, f.kind, p_run_id, (SELECT l.desired_version FROM certification.listings AS l WHERE l.mentor_id = f.id)
      FROM unnest(v_ids, v_kinds) AS f (id, kind)
     WHERE f.kind <> 'day'
    ON CONFLICT ON CONSTRAINT past_triggers_pkey DO UPDATE
       SET kind = excluded.kind, run_id = excluded.run_id, version = excluded.version, found_at = excluded.found_at;
    RETURN QUERY
    SELECT f.id, CASE WHEN l.synced_version < l.desired_version THEN l.desired_version END, f.kind
      FROM unnest(v_ids, v_kinds) WITH ORDINALITY AS f (id, kind, place)
      JOIN certification.listings AS l ON l.mentor_id = f.id
     ORDER BY f.place;
END
$$;
COMMENT ON FUNCTION certification.find_past_triggers IS
    'Compare the app''s tables with the listings and raise the listings that no trigger has raised (I7). Mentors that '
    'are shown and must not be come first; then those that have no listing, are not shown or have moved to another '
    'organisation. Return the mentor, the version to sync (null: the website needs no change) and the kind. One pass '
    'over the tables.';

CREATE OR REPLACE FUNCTION certification.expected_triggers() RETURNS TABLE (relation text, name text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.relation, t.name
      FROM (VALUES ('public.peer_mentors',
                    '{certification_recheck_inserted,certification_recheck_updated,certification_listing_inserted,'
                    'certification_listing_updated,certification_listing_deleted,'
                    'certification_listing_truncated}'::text[]),
                   ('public.certifications',
                    '{certification_recheck_inserted,certification_recheck_updated,certification_listing_inserted,'
                    'certification_listing_updated,certification_listing_deleted,certification_listing_truncated}'),
                   ('public.organisations', '{certification_listing_updated}'),
                   ('certification.standard',
                    '{listing_mapping_keeps_its_flags,listing_mapping_changed,settings_audited}'),
                   ('certification.organisation_settings',
                    '{listing_mapping_keeps_its_flags,listing_mapping_inserted,listing_mapping_deleted,'
                    'listing_mapping_changed,settings_of_an_organisation,settings_audited}')
           ) AS x (relation, names)
     CROSS JOIN LATERAL unnest(x.names) AS n (name)
     CROSS JOIN LATERAL (SELECT x.relation, n.name) AS t
$$;
COMMENT ON FUNCTION certification.expected_triggers IS
    'Return our triggers on the app''s tables and on our settings, as listings/changes.sql, nightly/changes.sql and '
    'settings/ create them.';

CREATE OR REPLACE FUNCTION certification.triggers_off() RETURNS TABLE (relation text, name text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.relation, e.name FROM certification.expected_triggers() AS e
     WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS t
                        WHERE t.tgrelid = to_regclass(e.relation) AND t.tgname = e.name AND t.tgenabled IN ('O', 'A'))
$$;
COMMENT ON FUNCTION certification.triggers_off IS
    'Return our triggers that are missing or disabled. Only the next sweep finds the changes that such a trigger '
    'misses (I7).';

REVOKE ALL ON FUNCTION
    certification.find_past_triggers, certification.expected_triggers, certification.triggers_off
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.find_past_triggers
TO certification_reconciliation;
