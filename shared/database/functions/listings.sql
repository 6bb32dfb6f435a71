-- What the website should show of each mentor.

-- Every mentor a statement touched. A row that is there is raised whatever the mentor looks like: of two transactions at
-- once, neither sees the other's change, and only the row itself makes one wait for the other. A mentor who is new here
-- and not to be listed has nothing to tell.
CREATE OR REPLACE FUNCTION certification.raise_listings(p_mentor_ids uuid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ids uuid[];
    v_versions bigint[];
BEGIN
    WITH raised AS (
        INSERT INTO certification.listings AS l (mentor_id, organisation_id, state, synced_version)
        SELECT m.id, m.organisation_id,
               CASE WHEN certification.is_status(m.status::text, 'active') AND m.listing_consent THEN 'waiting' ELSE 'hidden' END,
               CASE WHEN certification.is_status(m.status::text, 'active') AND m.listing_consent THEN 0 ELSE 1 END
          FROM public.peer_mentors AS m
         WHERE m.id = ANY (p_mentor_ids) AND m.organisation_id IS NOT NULL
         ORDER BY m.id
        ON CONFLICT ON CONSTRAINT listings_pkey DO UPDATE
           SET desired_version = l.desired_version + 1,
               organisation_id = excluded.organisation_id,
               state = CASE l.state WHEN 'sending' THEN 'sending' ELSE 'waiting' END,
               reason = NULL,
               changed_at = CASE WHEN l.synced_version = l.desired_version THEN clock_timestamp() ELSE l.changed_at END
        RETURNING l.mentor_id, l.desired_version, l.state
    ), gone AS (
        UPDATE certification.listings AS l
           SET desired_version = l.desired_version + 1,
               state = CASE l.state WHEN 'sending' THEN 'sending' ELSE 'waiting' END,
               reason = NULL,
               changed_at = CASE WHEN l.synced_version = l.desired_version THEN clock_timestamp() ELSE l.changed_at END
         WHERE l.mentor_id = ANY (p_mentor_ids)
           AND NOT EXISTS (SELECT 1 FROM public.peer_mentors AS m WHERE m.id = l.mentor_id AND m.organisation_id IS NOT NULL)
        RETURNING l.mentor_id, l.desired_version, l.state
    )
    SELECT array_agg(r.mentor_id), array_agg(r.desired_version) INTO v_ids, v_versions
      FROM (SELECT * FROM raised UNION ALL SELECT * FROM gone) AS r
     WHERE r.state <> 'hidden';
    -- The night asks for the sync of what it changed itself, so that a dead doorbell delays nothing.
    IF v_ids IS NOT NULL AND coalesce(current_setting('certification.own_transition', true), '') = '' THEN
        PERFORM certification.ring(v_ids, v_versions);
    END IF;
END
$$;
COMMENT ON FUNCTION certification.raise_listings IS 'Something of these mentors changed that the website may have to show: raise their desired versions and ring.';

-- A transaction that waits in a lock can be part of a deadlock, and the app's could be the one that is ended. One that
-- looks again cannot: whoever waits for us goes on when we give up.
CREATE OR REPLACE FUNCTION certification.hold_listings(p_mentor_ids uuid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR look IN 1 .. 100 LOOP
        IF (SELECT count(*) FROM certification.listings AS l WHERE l.mentor_id = ANY (p_mentor_ids))
           = (SELECT count(*) FROM (
                  SELECT 1 FROM certification.listings AS l WHERE l.mentor_id = ANY (p_mentor_ids)
                     FOR NO KEY UPDATE SKIP LOCKED) AS held) THEN
            RETURN;
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    RAISE lock_not_available;
END
$$;
COMMENT ON FUNCTION certification.hold_listings IS 'Lock these listings without waiting in a lock. Raises lock_not_available after two seconds.';

-- No trigger of ours refuses the app's statement, whatever is wrong with us, and none waits long: what it could not note is
-- kept as a missed change, and taken up by the next sweep. `query_canceled` is the app's own statement_timeout, which our
-- waiting has used up.
CREATE OR REPLACE FUNCTION certification.note_listings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_ids uuid[];
BEGIN
    IF TG_TABLE_NAME = 'peer_mentors' THEN
        CASE TG_OP
            WHEN 'INSERT' THEN SELECT array_agg(n.id) INTO v_ids FROM new_rows AS n;
            WHEN 'DELETE' THEN SELECT array_agg(o.id) INTO v_ids FROM old_rows AS o;
            ELSE
                -- An id that changed is one mentor gone and another come.
                SELECT array_agg(DISTINCT i.id) INTO v_ids
                  FROM new_rows AS n
                  FULL JOIN old_rows AS o ON o.id = n.id
                 CROSS JOIN LATERAL (VALUES (n.id), (o.id)) AS i (id)
                 WHERE i.id IS NOT NULL
                   -- Octet by octet: whatever the types and collations are.
                   AND ROW(o.status, o.listing_consent, o.organisation_id, o.first_name, o.last_name, o.phone, o.email, o.area)::record
                       *<>
                       ROW(n.status, n.listing_consent, n.organisation_id, n.first_name, n.last_name, n.phone, n.email, n.area)::record;
        END CASE;
    ELSE
        CASE TG_OP
            WHEN 'INSERT' THEN SELECT array_agg(n.mentor_id) INTO v_ids FROM new_rows AS n;
            WHEN 'DELETE' THEN SELECT array_agg(o.mentor_id) INTO v_ids FROM old_rows AS o;
            ELSE
                SELECT array_agg(DISTINCT i.id) INTO v_ids
                  FROM new_rows AS n
                  FULL JOIN old_rows AS o ON o.mentor_id = n.mentor_id
                 CROSS JOIN LATERAL (VALUES (n.mentor_id), (o.mentor_id)) AS i (id)
                 WHERE i.id IS NOT NULL AND o.expires_on IS DISTINCT FROM n.expires_on;
        END CASE;
    END IF;
    IF v_ids IS NOT NULL THEN
        IF TG_OP <> 'INSERT' OR TG_TABLE_NAME <> 'peer_mentors' THEN -- of new mentors nobody has a listing
            PERFORM certification.hold_listings(v_ids);
        END IF;
        PERFORM certification.raise_listings(v_ids);
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    BEGIN
        IF v_ids IS NULL THEN -- not even the comparison worked: everybody the statement touched
            BEGIN
                EXECUTE certification.touched_query(TG_TABLE_NAME, TG_OP) INTO v_ids;
            EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
                NULL; -- nobody knows whom
            END;
        END IF;
        PERFORM certification.note_missed_change(TG_TABLE_NAME, v_ids, SQLSTATE);
    EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
        RAISE WARNING 'certification: a change of % was missed: SQLSTATE %', TG_TABLE_NAME, SQLSTATE;
    END;
    RETURN NULL;
END
$$;

-- What concerns a whole organisation, or everybody.
CREATE OR REPLACE FUNCTION certification.note_listings_of_many() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    v_organisations uuid[];
    v_ids uuid[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        SELECT array_agg(DISTINCT l.organisation_id) INTO v_organisations FROM certification.listings AS l;
    ELSIF TG_TABLE_NAME = 'organisations' THEN
        SELECT array_agg(n.id) INTO v_organisations
          FROM new_rows AS n JOIN old_rows AS o ON o.id = n.id
         WHERE ROW(o.name, o.timezone)::record *<> ROW(n.name, n.timezone)::record;
    ELSIF TG_TABLE_NAME = 'standard' THEN
        SELECT array_agg(DISTINCT l.organisation_id) INTO v_organisations
          FROM certification.listings AS l
         WHERE EXISTS (SELECT 1 FROM new_rows AS n JOIN old_rows AS o ON o.only_row = n.only_row
                        WHERE o.listing_mapping::jsonb <> n.listing_mapping::jsonb);
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(o.organisation_id) INTO v_organisations FROM old_rows AS o WHERE o.listing_mapping IS NOT NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(n.organisation_id) INTO v_organisations FROM new_rows AS n WHERE n.listing_mapping IS NOT NULL;
    ELSE
        SELECT array_agg(n.organisation_id) INTO v_organisations
          FROM new_rows AS n JOIN old_rows AS o ON o.organisation_id = n.organisation_id
         WHERE o.listing_mapping::jsonb IS DISTINCT FROM n.listing_mapping::jsonb;
    END IF;
    IF v_organisations IS NOT NULL THEN
        v_ids := ARRAY(SELECT l.mentor_id FROM certification.listings AS l WHERE l.organisation_id = ANY (v_organisations));
        PERFORM certification.hold_listings(v_ids);
        PERFORM certification.raise_listings(v_ids);
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    BEGIN
        PERFORM certification.note_missed_change(TG_TABLE_NAME, v_ids, SQLSTATE);
    EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
        RAISE WARNING 'certification: a change of % was missed: SQLSTATE %', TG_TABLE_NAME, SQLSTATE;
    END;
    RETURN NULL;
END
$$;

-- The day turns with that day's check. Whoever is shown beyond it then is looked at again: the expired have been raised
-- by their change of status; this finds whom the night could not move.
CREATE OR REPLACE FUNCTION certification.is_overdue(l certification.listings, p_day date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT l.website IS NOT NULL
       AND (l.state = 'set_aside'
            OR l.shown_until < p_day AND (l.synced_version = l.desired_version OR l.sending_version = l.desired_version))
$$;
COMMENT ON FUNCTION certification.is_overdue IS
    'Shown beyond its last day, and nothing is on the way to change that: what waits will be read with the new day, what a worker has was read with the old one. Or set aside while it may be shown: tried again every night, and told again.';

-- What the website should show of each listing now: true if the mentor is active, consents and is certified (I5). The
-- body holds fields of consenting mentors only; whoever is not to be listed comes without any.
CREATE OR REPLACE FUNCTION certification.wanted_listings(p_mentor_ids uuid[])
RETURNS TABLE (mentor_id uuid, listed boolean, expires_on date, target jsonb, show text, hide text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH organisation AS MATERIALIZED (
        SELECT i.id, certification.clean_text(o.name::text) AS name, o.timezone::text AS zone,
               coalesce(e.day, certification.today_in(o.timezone::text)) AS day,
               certification.effective_mapping(i.id) AS mapping
          FROM (SELECT DISTINCT l.organisation_id AS id FROM certification.listings AS l WHERE l.mentor_id = ANY (p_mentor_ids)) AS i
          LEFT JOIN public.organisations AS o ON o.id = i.id
          -- Of an organisation that is gone no check comes any more: the calendar alone counts.
          LEFT JOIN certification.evaluated_days AS e ON e.organisation_id = o.id
    ), mentor AS MATERIALIZED (
        SELECT l.mentor_id, l.organisation_id, certification.day_of(c.expires_on, o.zone) AS expires_on,
               coalesce(certification.is_status(m.status::text, 'active') AND m.listing_consent
                        AND certification.day_of(c.expires_on, o.zone) >= o.day, false) AS listed,
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
               array_agg(array_position('{first_name,last_name,full_name,phone,email,area,organisation}', c.field)) AS place
          FROM organisation AS o CROSS JOIN jsonb_each_text(o.mapping -> 'columns') AS c (name, field)
         GROUP BY o.id
    ), flags AS MATERIALIZED (
        SELECT o.id, substr((o.mapping -> 'show')::text, 2) AS show, (o.mapping -> 'hide')::text AS hide,
               jsonb_build_object('table', o.mapping -> 'table', 'key', o.mapping -> 'key', 'hide', o.mapping -> 'hide',
                   'columns', (SELECT jsonb_agg(k ORDER BY k) FROM jsonb_object_keys(o.mapping -> 'columns') AS k)) AS target
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
COMMENT ON FUNCTION certification.wanted_listings IS 'What the website should show of these listings as things stand now, and the bodies that make it do so.';

REVOKE ALL ON FUNCTION
    certification.raise_listings, certification.hold_listings, certification.note_listings, certification.note_listings_of_many, certification.is_overdue, certification.wanted_listings
FROM PUBLIC;
