-- The desired version of each listing. Every change raises it.

-- Takes every mentor that a statement touched. An existing row is raised whatever the mentor's state is: of two
-- concurrent transactions neither sees the other's change, and only a write to the row makes one wait for the other. A
-- new mentor that is not to be listed needs no sync.
CREATE OR REPLACE FUNCTION certification.bump_listing_version(p_mentor_ids uuid[], p_notify boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ids uuid[];
    v_versions bigint[];
BEGIN
    WITH raised AS (
        INSERT INTO certification.listings AS l (mentor_id, organisation_id, state, synced_version)
        SELECT m.id, m.organisation_id,
               CASE WHEN certification.is_status(m.status::text, 'active') AND m.listing_consent
                    THEN 'waiting' ELSE 'hidden' END,
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
           AND NOT EXISTS (SELECT 1 FROM public.peer_mentors AS m
                            WHERE m.id = l.mentor_id AND m.organisation_id IS NOT NULL)
        RETURNING l.mentor_id, l.desired_version, l.state
    )
    SELECT array_agg(r.mentor_id), array_agg(r.desired_version) INTO v_ids, v_versions
      FROM (SELECT * FROM raised UNION ALL SELECT * FROM gone) AS r
     WHERE r.state <> 'hidden';
    IF p_notify AND v_ids IS NOT NULL THEN
        PERFORM certification.notify_webhook(v_ids, v_versions);
    END IF;
END
$$;
COMMENT ON FUNCTION certification.bump_listing_version IS
    'Raise the desired versions of these mentors (I7), because the website may have to show a change, and notify the '
    'webhook. A caller that requests the sync itself does not notify, so a dead webhook delays nothing.';

-- A transaction that waits for a lock can be part of a deadlock, and PostgreSQL might abort the app's transaction. This
-- one polls instead: a transaction that waits for us continues when we give up.
CREATE OR REPLACE FUNCTION certification.hold_listings(p_mentor_ids uuid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR attempt IN 1 .. 100 LOOP
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
COMMENT ON FUNCTION certification.hold_listings IS
    'Lock these listings by polling, without ever waiting in a lock (I16). Raise lock_not_available after two seconds.';

-- The day turns with that day's check, which then rechecks every listing still shown past its last day. A change of
-- status has already raised the expired mentors; this function finds those that the nightly check could not move.
CREATE OR REPLACE FUNCTION certification.is_overdue(l certification.listings, p_day date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT l.website IS NOT NULL
       AND (l.state = 'rejected'
            OR l.shown_until < p_day
               AND (l.synced_version = l.desired_version OR l.sending_version = l.desired_version))
$$;
COMMENT ON FUNCTION certification.is_overdue IS
    'Return whether the listing needs another sync on p_day (I5). It does if it is shown past its last day and no '
    'sync that will see the new day is on its way: a waiting request will read the new day, a request in a worker''s '
    'hands was read with the old one. It also does if it was rejected while it may be shown: it is tried and reported '
    'again every night.';

REVOKE ALL ON FUNCTION
    certification.bump_listing_version, certification.hold_listings, certification.is_overdue
FROM PUBLIC;
