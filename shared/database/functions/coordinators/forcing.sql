-- A forced sync: a coordinator has one mentor's listing pushed now and read back (shared/use_cases/force_sync.py). The
-- push itself is that of every worker: sync/claims.sql and sync/settling.sql.

CREATE OR REPLACE FUNCTION certification.coordinator_actor(p_coordinator_id uuid) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT 'coordinator:' || p_coordinator_id $$;
COMMENT ON FUNCTION certification.coordinator_actor IS 'Return the actor that the audit names for a coordinator.';

CREATE OR REPLACE FUNCTION certification.is_coordinator_of(p_coordinator_id uuid, p_mentor_id uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM public.coordinators AS c JOIN public.peer_mentors AS m
                              ON m.organisation_id = c.organisation_id
                    WHERE c.id = p_coordinator_id AND m.id = p_mentor_id)
$$;
COMMENT ON FUNCTION certification.is_coordinator_of IS
    'Return whether the mentor is in the coordinator''s organisation.';

-- The k-th newest row decides: while it is younger than a minute, k were begun within it.
CREATE OR REPLACE FUNCTION certification.force_sync_wait(
    p_coordinator_id uuid, p_mentor_id uuid, p_per_mentor integer, p_per_coordinator integer) RETURNS double precision
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT extract(epoch FROM max(x.at) + interval '1 minute' - clock_timestamp())::double precision
      FROM ((SELECT a.at FROM certification.audit AS a
              WHERE a.action = 'force_sync' AND a.mentor_id = p_mentor_id
              ORDER BY a.at DESC OFFSET p_per_mentor - 1 LIMIT 1)
            UNION ALL
            (SELECT a.at FROM certification.audit AS a
              WHERE a.action = 'force_sync' AND a.actor = certification.coordinator_actor(p_coordinator_id)
              ORDER BY a.at DESC OFFSET p_per_coordinator - 1 LIMIT 1)) AS x
$$;
COMMENT ON FUNCTION certification.force_sync_wait IS
    'Return the seconds until this coordinator may force this mentor; 0 or less, or null, means now.';

CREATE OR REPLACE FUNCTION certification.forced_listing(p_mentor_id uuid)
RETURNS TABLE (version bigint, listed boolean, wanted jsonb, places jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.desired_version, w.listed, w.show::jsonb,
           jsonb_build_array(p.mapping) || coalesce((
               -- The place where the listing may be as well, if the mapping has moved since.
               SELECT jsonb_agg(jsonb_build_object('table', o.website_table, 'key', o.website_key, 'show', o.show,
                                                   'hide', o.hide, 'columns', '{}'::jsonb))
                 FROM certification.website_places AS o
                WHERE (o.website_table, o.website_key) = (l.website ->> 'table', l.website ->> 'key')
                  AND (o.website_table, o.website_key) <> (p.mapping ->> 'table', p.mapping ->> 'key')), '[]')
      FROM certification.listings AS l
      JOIN certification.wanted_listings(ARRAY[p_mentor_id]) AS w ON w.mentor_id = l.mentor_id
     CROSS JOIN LATERAL certification.effective_mapping(l.organisation_id) AS p (mapping)
     WHERE l.mentor_id = p_mentor_id
$$;
COMMENT ON FUNCTION certification.forced_listing IS
    'Return the desired version of a listing, whether it is to be shown, the row that the website should then have, '
    'and the places on the website to read: the mapping in force, and an earlier one if a row may still be there.';

CREATE OR REPLACE FUNCTION certification.begin_force_sync(
    p_coordinator_id uuid, p_mentor_id uuid, p_reason text, p_per_mentor integer, p_per_coordinator integer)
RETURNS TABLE (
    outcome text, wait_seconds double precision, audit_id bigint, stopped boolean, version bigint, listed boolean,
    wanted jsonb, places jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '5s' AS $$
#variable_conflict use_column
DECLARE
    v_audit_id bigint;
    v_outcome text := 'begun';
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.coordinators AS c WHERE c.id = p_coordinator_id) THEN
        outcome := 'not_a_coordinator';
        RETURN NEXT;
        RETURN;
    ELSIF NOT certification.is_coordinator_of(p_coordinator_id, p_mentor_id) THEN
        outcome := 'no_such_mentor';
        RETURN NEXT;
        RETURN;
    END IF;
    -- Those who count wait for each other, a coordinator's first, then a mentor's: in one order, so without a deadlock.
    PERFORM pg_advisory_xact_lock(hashtextextended('force_sync coordinator ' || p_coordinator_id, 0));
    PERFORM pg_advisory_xact_lock(hashtextextended('force_sync mentor ' || p_mentor_id, 0));
    wait_seconds := certification.force_sync_wait(p_coordinator_id, p_mentor_id, p_per_mentor, p_per_coordinator);
    IF wait_seconds > 0 THEN
        outcome := 'limited';
        RETURN NEXT;
        RETURN;
    END IF;
    INSERT INTO certification.audit AS a (action, actor, reason, organisation_id, mentor_id)
    SELECT 'force_sync', certification.coordinator_actor(c.id), p_reason, c.organisation_id, p_mentor_id
      FROM public.coordinators AS c WHERE c.id = p_coordinator_id
    RETURNING a.id INTO v_audit_id;
    BEGIN
        PERFORM certification.hold_listings(ARRAY[p_mentor_id]);
        PERFORM certification.remember_places();
        PERFORM certification.bump_listing_version(ARRAY[p_mentor_id], p_notify => false);
        UPDATE certification.listings AS l
           SET forced_day = greatest(l.forced_day,
                                     certification.today_in(certification.zone_of(l.organisation_id)))
         WHERE l.mentor_id = p_mentor_id;
        -- A row that is to be hidden needs a place to send to, even if our record knows of no row there.
        UPDATE certification.listings AS l SET website = w.target
          FROM certification.wanted_listings(ARRAY[p_mentor_id]) AS w
         WHERE l.mentor_id = p_mentor_id AND w.mentor_id = l.mentor_id AND NOT w.listed
           AND l.website IS NULL AND l.state = 'waiting';
    EXCEPTION WHEN lock_not_available THEN
        v_outcome := 'locked';
    END;
    RETURN QUERY
    SELECT v_outcome, NULL::float8, v_audit_id, s.stopped_since IS NOT NULL, f.version, f.listed, f.wanted, f.places
      FROM certification.sync_state AS s LEFT JOIN certification.forced_listing(p_mentor_id) AS f ON true;
END
$$;
COMMENT ON FUNCTION certification.begin_force_sync IS
    'Write the audit of a forced sync and raise the listing''s version, in one transaction, if the coordinator may '
    'force this mentor now. Return begun; locked: a transaction is changing the mentor, so the version was not '
    'raised; limited, with the seconds to wait, when this mentor or coordinator has had the number of a minute; '
    'no_such_mentor: none in the coordinator''s organisation; not_a_coordinator. The limits hold across all '
    'instances. The mentor''s day turns to the calendar''s, so the brake does not hold it (I5).';

CREATE OR REPLACE FUNCTION certification.read_forced_listing(p_coordinator_id uuid, p_mentor_id uuid)
RETURNS TABLE (version bigint, listed boolean, wanted jsonb, places jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
    SELECT f.* FROM certification.forced_listing(p_mentor_id) AS f
     WHERE certification.is_coordinator_of(p_coordinator_id, p_mentor_id)
$$;
COMMENT ON FUNCTION certification.read_forced_listing IS
    'Return the listing of a mentor of the coordinator''s organisation as forced_listing does, because it changed '
    'after begin_force_sync.';

CREATE OR REPLACE FUNCTION certification.end_force_sync(
    p_audit_id bigint, p_mentor_id uuid, p_version bigint, p_outcome text, p_before text, p_after text,
    p_equal boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM certification.audit AS a
      WHERE a.id = p_audit_id AND a.action = 'force_sync' AND a.mentor_id = p_mentor_id
        AND a.login = session_user -- no login rewrites what another one did
        AND a.facts = '{}' -- the outcome is written once (keeping/chain.sql)
        AND a.at > clock_timestamp() - interval '15 minutes'; -- no function lives for longer
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE certification.listings AS l
       SET (verified_version, verified_at) = (
           SELECT p_version, clock_timestamp()
            -- A column that is no longer published was not read; the sweep reads it.
            WHERE NOT EXISTS (
                SELECT 1 FROM jsonb_each(l.written) AS t (name, columns)
                 CROSS JOIN jsonb_array_elements_text(t.columns) AS k (name)
                 WHERE NOT certification.effective_mapping(l.organisation_id) -> 'columns' ? k.name)
           UNION ALL SELECT l.verified_version, l.verified_at LIMIT 1)
     WHERE p_equal AND l.mentor_id = p_mentor_id AND l.synced_version = p_version AND l.desired_version = p_version;
    IF p_equal AND NOT FOUND THEN
        RETURN false; -- it was changed meanwhile, and is not at its end
    END IF;
    UPDATE certification.audit AS a
       SET facts = jsonb_build_object(
               'outcome', certification.plain(p_outcome, 40), 'version', p_version,
               'before', certification.plain(p_before, 40), 'after', certification.plain(p_after, 40))
     WHERE a.id = p_audit_id;
    RETURN p_equal;
END
$$;
COMMENT ON FUNCTION certification.end_force_sync IS
    'Write the outcome of a forced sync into its audit, once, and record the listing as read back if the website was '
    'found equal to the app at this version (I14). Return whether the listing still has this version and was equal; '
    'where it was equal and has another version by now, nothing is written.';

REVOKE ALL ON FUNCTION
    certification.coordinator_actor, certification.is_coordinator_of, certification.force_sync_wait,
    certification.forced_listing, certification.begin_force_sync, certification.read_forced_listing,
    certification.end_force_sync
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.begin_force_sync, certification.read_forced_listing, certification.end_force_sync
TO certification_force_sync;
