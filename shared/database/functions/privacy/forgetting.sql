-- Forget a person: first have the row in Dynamics hidden and emptied, then remove the id from this schema, as
-- privacy/personal_columns.sql says of each column. The app's own tables are the app's to erase.

CREATE OR REPLACE FUNCTION certification.is_forgotten(p_id uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM certification.audit AS a
                    WHERE a.action = 'forget_person' AND a.facts ->> 'person_id' = p_id::text)
$$;
COMMENT ON FUNCTION certification.is_forgotten IS
    'Return whether this person was forgotten, as the audit says.';

-- The row's own id in Dynamics, unless another mentor ever had that row.
CREATE OR REPLACE FUNCTION certification.ids_of_person(p_id uuid) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT p_id UNION SELECT f.row_id FROM certification.findings AS f
                  WHERE f.mentor_id = p_id AND f.row_id IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM certification.findings AS o
                         WHERE o.row_id = f.row_id AND o.mentor_id <> p_id))
$$;
COMMENT ON FUNCTION certification.ids_of_person IS
    'Return the ids under which this schema knows a person: the app''s, and those of the mentor''s rows in Dynamics.';

-- The statements are built from the catalogue, so that a column that is marked is also covered.
CREATE OR REPLACE FUNCTION certification.rows_of_person(p_id uuid, p_remove boolean, p_except text[] DEFAULT '{}')
RETURNS TABLE (relation text, treatment text, n bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v record;
    v_n bigint;
    v_ids uuid[] := certification.ids_of_person(p_id);
BEGIN
    FOR v IN
        SELECT c.relation, c.treatment, min(k.name) AS list,
               string_agg(format(CASE c.treatment
                   WHEN 'row_deleted' THEN 't.%I = ANY ($1)'
                   WHEN 'id_removed' THEN 't.%I && $1'
                   ELSE 't.%I IN (SELECT n.id FROM certification.notices AS n'
                        ' WHERE n.mentor_id = ANY ($1) OR n.coordinator_id = ANY ($1))' END,
                   k.name), ' OR ' ORDER BY k.name) AS matches
          FROM certification.personal_columns() AS c
         CROSS JOIN LATERAL unnest(c.columns) AS k (name)
         WHERE (c.treatment IN ('row_deleted', 'id_removed') OR c.treatment = 'with_notice' AND k.name = 'notice_id')
           AND c.relation <> ALL (p_except)
         GROUP BY c.relation, c.treatment
         ORDER BY c.treatment <> 'with_notice', c.relation -- what a notice takes along is counted before it goes
    LOOP
        relation := v.relation;
        treatment := v.treatment;
        IF NOT p_remove THEN
            EXECUTE format('SELECT count(*) FROM certification.%I AS t WHERE %s', v.relation, v.matches)
               INTO v_n USING v_ids;
        ELSE
            IF v.treatment <> 'id_removed' THEN
                EXECUTE format('DELETE FROM certification.%I AS t WHERE %s', v.relation, v.matches) USING v_ids;
            ELSE
                EXECUTE format('UPDATE certification.%I AS t SET %2$I = ARRAY('
                               'SELECT u.id FROM unnest(t.%2$I) WITH ORDINALITY AS u (id, place)'
                               ' WHERE u.id <> ALL ($1) ORDER BY u.place) WHERE %3$s',
                               v.relation, v.list, v.matches) USING v_ids;
            END IF;
            GET DIAGNOSTICS v_n = ROW_COUNT;
        END IF;
        n := v_n;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION certification.rows_of_person IS
    'Return how many rows of each table name this person; with p_remove, also delete them or take the id out of '
    'their lists, except in the tables of p_except.';

-- A complaint is never undone, so an address that others have stays unusable for them (I17).
CREATE OR REPLACE FUNCTION certification.keep_addresses_of_others(p_id uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- In the order in which the sweep takes them.
    PERFORM 1 FROM certification.unusable_addresses AS u
      WHERE u.person_id = p_id ORDER BY u.address_digest FOR UPDATE;
    UPDATE certification.unusable_addresses AS u
       SET person_id = (
           SELECT h.id FROM (
               SELECT 1 AS place, m.id FROM public.peer_mentors AS m
                WHERE m.id <> p_id AND certification.address_digest(m.email::text) = u.address_digest
               UNION ALL
               SELECT 2, k.id FROM public.coordinators AS k
                WHERE k.id <> p_id AND certification.address_digest(k.email::text) = u.address_digest
               UNION ALL
               SELECT 3, '00000000-0000-0000-0000-000000000000' FROM certification.fallback_addresses() AS f (address)
                WHERE certification.address_digest(f.address) = u.address_digest) AS h
            ORDER BY h.place, h.id LIMIT 1)
     WHERE u.person_id = p_id
       AND u.address_digest IN (
           SELECT certification.address_digest(m.email::text) FROM public.peer_mentors AS m WHERE m.id <> p_id
           UNION ALL
           SELECT certification.address_digest(k.email::text) FROM public.coordinators AS k WHERE k.id <> p_id
           UNION ALL
           SELECT certification.address_digest(f.address) FROM certification.fallback_addresses() AS f (address));
END
$$;
COMMENT ON FUNCTION certification.keep_addresses_of_others IS
    'Have the unusable addresses that this person shares with somebody in the app, or with a fall-back setting, name '
    'that person instead; of a fall-back mailbox nobody, an id of zeros.';

CREATE OR REPLACE FUNCTION certification.person_to_forget(p_id uuid)
RETURNS TABLE (
    kind text, in_app text, status text, mentors bigint, listing text, reason text, website_table text,
    website_key text, columns_left jsonb, is_busy boolean, audit_entries bigint, rows jsonb)
-- row_security is off so that a person hidden from us by a policy raises an error instead of seeming erased.
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
    WITH found AS MATERIALIZED (
        SELECT (SELECT certification.status_of(m.status::text) FROM public.peer_mentors AS m WHERE m.id = p_id)
                   AS status,
               EXISTS (SELECT 1 FROM public.peer_mentors AS m WHERE m.id = p_id) AS is_mentor,
               EXISTS (SELECT 1 FROM public.coordinators AS c WHERE c.id = p_id) AS is_coordinator,
               (SELECT count(*) FROM public.peer_mentors AS m WHERE m.coordinator_id = p_id) AS mentors,
               EXISTS (SELECT 1 FROM certification.notices AS n WHERE n.coordinator_id = p_id)
               OR EXISTS (SELECT 1 FROM certification.audit AS a
                           WHERE a.actor = certification.coordinator_actor(p_id)) AS was_coordinator,
               (SELECT coalesce(jsonb_object_agg(r.relation, r.n) FILTER (WHERE r.n > 0), '{}')
                  FROM certification.rows_of_person(p_id, false) AS r) AS rows,
               (SELECT count(*) FROM certification.audit AS a
                 WHERE a.mentor_id = p_id OR a.actor = certification.coordinator_actor(p_id)
                    OR a.facts ->> 'person_id' = p_id::text) AS audit_entries
    )
    SELECT CASE WHEN f.is_mentor THEN 'mentor'
                WHEN f.is_coordinator OR f.was_coordinator THEN 'coordinator'
                WHEN f.rows <> '{}' THEN 'mentor' END,
           CASE WHEN f.is_mentor AND f.status IS DISTINCT FROM 'inactive' OR f.is_coordinator AND f.mentors > 0
                THEN 'in_use'
                WHEN f.is_mentor OR f.is_coordinator THEN 'kept' ELSE 'gone' END,
           f.status, f.mentors,
           -- A row that visitors may see although our record knows of none, as the last comparison found it.
           CASE WHEN l.mentor_id IS NULL AND v.website_table IS NOT NULL THEN 'orphan'
                WHEN v.website_table IS NULL AND (
                     l.mentor_id IS NULL OR l.written = '{}' AND l.website IS NULL AND l.state <> 'sending') THEN 'none'
                WHEN l.forget_requested_at IS NULL THEN 'to_empty'
                WHEN l.state = 'rejected' THEN 'rejected'
                WHEN l.synced_version < l.desired_version OR l.unknown_outcome_until > clock_timestamp()
                THEN 'in_progress'
                WHEN l.synced_at >= l.forget_requested_at AND l.website IS NULL AND x.columns_left = '{}' THEN 'emptied'
                ELSE 'to_empty' END,
           l.reason, coalesce(p.place ->> 'table', v.website_table), coalesce(p.place ->> 'key', v.website_key),
           coalesce(x.columns_left, '{}'),
           -- A mail that is being sent now is settled within minutes.
           EXISTS (SELECT 1 FROM certification.notices AS n
                    WHERE p_id IN (n.mentor_id, n.coordinator_id) AND n.state = 'claimed'
                      AND n.claimed_at > clock_timestamp() - interval '30 minutes'),
           f.audit_entries, f.rows
      FROM found AS f
      LEFT JOIN certification.listings AS l ON l.mentor_id = p_id
      LEFT JOIN certification.wanted_listings(ARRAY[p_id]) AS w ON w.mentor_id = l.mentor_id
      LEFT JOIN LATERAL (
           SELECT o.website_table, o.website_key FROM certification.findings AS g
             JOIN certification.website_places AS o ON o.website_table = g.website_table
            WHERE g.mentor_id = p_id AND g.closed_at IS NULL AND g.class IN ('orphan', 'listed_but_invalid')
            ORDER BY o.website_table LIMIT 1) AS v ON true
     CROSS JOIN LATERAL (
           SELECT (SELECT coalesce(jsonb_object_agg(t.name, t.columns), '{}') FROM jsonb_each(l.written)
                       AS t (name, columns) WHERE t.columns <> '[]') AS columns_left) AS x
     CROSS JOIN LATERAL (
           -- Where the row is, or else a table of an earlier mapping in which a row still has values.
           SELECT coalesce(l.website, (
               SELECT jsonb_build_object('table', o.website_table, 'key', o.website_key, 'hide', o.hide,
                                         'columns', x.columns_left -> o.website_table)
                 FROM certification.website_places AS o
                WHERE x.columns_left ? o.website_table AND o.website_table <> w.target ->> 'table'
                ORDER BY o.website_table LIMIT 1), w.target) AS place) AS p
$$;
COMMENT ON FUNCTION certification.person_to_forget IS
    'Return what forgetting this person would meet. kind: mentor, coordinator, or null for an unknown id. in_app: '
    'in_use (an active, paused or expired mentor, or a coordinator of mentors), kept (an inactive mentor, or a '
    'coordinator of no mentor) or gone. listing: none (no row of ours in Dynamics), to_empty, in_progress, rejected, '
    'emptied or orphan (visitors may see a row of which no listing is left); with the table and key of that row and '
    'the columns that may still hold a value. rows: how many rows of each table name the person.';

CREATE OR REPLACE FUNCTION certification.request_forgetting(p_id uuid, p_actor text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '10s' AS $$
DECLARE
    v_found record;
    v_listing certification.listings;
    v_hide jsonb;
BEGIN
    PERFORM 1 FROM certification.listings AS l WHERE l.mentor_id = p_id FOR NO KEY UPDATE;
    PERFORM certification.remember_places();
    SELECT t.* INTO v_found FROM certification.person_to_forget(p_id) AS t;
    SELECT l.* INTO v_listing FROM certification.listings AS l WHERE l.mentor_id = p_id;
    IF v_found.kind IS NULL THEN
        RETURN 'unknown';
    ELSIF v_found.in_app = 'in_use' THEN
        RETURN 'in_use';
    ELSIF v_found.listing IN ('none', 'emptied', 'in_progress', 'orphan') THEN
        RETURN v_found.listing;
    ELSIF v_listing.state = 'sending' THEN
        RETURN 'in_progress';
    END IF;
    PERFORM certification.bump_listing_version(ARRAY[p_id]);
    SELECT coalesce((SELECT o.hide FROM certification.website_places AS o
                      WHERE (o.website_table, o.website_key) = (v_found.website_table, v_found.website_key)),
                    w.target -> 'hide')
      INTO v_hide FROM certification.wanted_listings(ARRAY[p_id]) AS w;
    -- A hiding needs a place to send to, even if our record says that the row is hidden already.
    UPDATE certification.listings AS l
       SET forget_requested_at = coalesce(l.forget_requested_at, clock_timestamp()),
           website = coalesce(l.website, jsonb_build_object(
               'table', v_found.website_table, 'key', v_found.website_key, 'hide', v_hide,
               'columns', coalesce(l.written -> v_found.website_table, '[]')))
     WHERE l.mentor_id = p_id;
    IF v_listing.forget_requested_at IS NULL THEN
        INSERT INTO certification.audit (action, actor, reason, organisation_id, mentor_id, facts)
        VALUES ('request_forgetting', p_actor, p_reason, v_listing.organisation_id, p_id,
                jsonb_build_object('person_id', p_id, 'website_table', v_found.website_table));
    END IF;
    RETURN 'requested';
END
$$;
COMMENT ON FUNCTION certification.request_forgetting IS
    'Have the mentor''s row in Dynamics hidden, with every published column emptied, by the next sync, and write the '
    'audit. Return requested; in_progress: a request is on its way; emptied or none: nothing is left to empty; orphan: '
    'no listing is left to sync, so the row has to be deleted in Dynamics; in_use: the app still uses the person, so '
    'nothing was done; unknown.';

CREATE OR REPLACE FUNCTION certification.forget_person(p_id uuid, p_actor text, p_reason text,
                                                       OUT outcome text, OUT removed jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '10s' AS $$
DECLARE
    v_found record;
    v_removed jsonb;
BEGIN
    PERFORM 1 FROM certification.listings AS l WHERE l.mentor_id = p_id FOR UPDATE;
    -- Whatever applies an event holds its notice, and then wants the event and the address.
    PERFORM 1 FROM certification.notices AS n
      WHERE p_id IN (n.mentor_id, n.coordinator_id) ORDER BY n.address_digest, n.id FOR UPDATE;
    SELECT t.* INTO v_found FROM certification.person_to_forget(p_id) AS t;
    outcome := CASE
        WHEN v_found.kind IS NULL THEN 'unknown'
        WHEN v_found.in_app = 'in_use' THEN 'in_use'
        WHEN v_found.listing NOT IN ('none', 'emptied') THEN 'not_emptied'
        WHEN v_found.is_busy THEN 'busy'
        ELSE 'forgotten' END;
    IF outcome <> 'forgotten' THEN
        RETURN;
    END IF;
    PERFORM certification.keep_addresses_of_others(p_id);
    SELECT coalesce(jsonb_object_agg(r.relation, r.n) FILTER (WHERE r.n > 0), '{}') INTO v_removed
      FROM certification.rows_of_person(p_id, true, CASE WHEN v_found.in_app = 'kept'
               THEN '{listings,cert_expiry_reminders,transitions}'::text[] ELSE '{}' END) AS r;
    -- Reminders and transitions prevent a second notice of the same date, should the app use the mentor again (I1, I3).
    -- The sweep would give a mentor that the app still has a listing again, so a bare one stays, which says nothing but
    -- that nothing is shown.
    UPDATE certification.listings AS l
       SET reason = NULL, changed_at = clock_timestamp(), synced_at = NULL, attempts = 0, website = NULL,
           shown_until = NULL, verified_at = NULL, written = '{}', row_version = NULL, forced_day = NULL,
           unknown_outcome_until = NULL, unknown_outcome_version = NULL
     WHERE l.mentor_id = p_id;
    INSERT INTO certification.audit (action, actor, reason, mentor_id, facts)
    VALUES ('forget_person', p_actor, p_reason, CASE v_found.kind WHEN 'mentor' THEN p_id END,
            jsonb_build_object('kind', v_found.kind, 'person_id', p_id, 'removed', v_removed));
    removed := v_removed;
END
$$;
COMMENT ON FUNCTION certification.forget_person IS
    'Remove a person from this schema, as the catalogue of personal columns says, and write the audit with the id. '
    'Return forgotten, with the number of rows by table. Otherwise do nothing and return unknown; in_use: the app '
    'still uses the person; not_emptied: the row in Dynamics may still hold values; busy: a mail is being sent. An '
    'address that others have stays unusable for them (I17).';

REVOKE ALL ON FUNCTION
    certification.is_forgotten, certification.ids_of_person, certification.rows_of_person,
    certification.keep_addresses_of_others, certification.person_to_forget, certification.request_forgetting,
    certification.forget_person
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.person_to_forget, certification.request_forgetting, certification.forget_person
TO certification_operations;
