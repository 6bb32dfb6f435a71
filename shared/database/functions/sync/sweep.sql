-- The sweep finds changes that were lost on their way and takes them up again (I7).

CREATE OR REPLACE FUNCTION certification.overdue_listings(p_older_than interval, p_limit integer)
RETURNS TABLE (mentor_id uuid, version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.mentor_id, l.desired_version FROM certification.listings AS l
     WHERE l.synced_version < l.desired_version AND l.state <> 'rejected'
       AND (l.claimed_until IS NULL OR l.claimed_until < clock_timestamp())
       AND NOT certification.only_outcome_unknown(l)
       AND l.changed_at < clock_timestamp() - p_older_than
     -- A listing that was tried often must not block one that was not.
     ORDER BY l.reason IS NOT DISTINCT FROM 'brake', l.attempts, l.changed_at, l.mentor_id LIMIT p_limit
$$;
COMMENT ON FUNCTION certification.overdue_listings IS
    'Return the changes that should have reached the website by now and that no worker is sending: a webhook, a '
    'message or a worker was lost (I7).';

CREATE OR REPLACE FUNCTION certification.count_waiting() RETURNS TABLE (measure text, n bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH unsynced AS MATERIALIZED (
        SELECT l.state, l.changed_at, l.claimed_until FROM certification.listings AS l
         WHERE l.synced_version < l.desired_version
    )
    SELECT 'listings_unsynced', count(*) FROM unsynced
    UNION ALL SELECT 'listings_rejected', count(*) FROM unsynced AS u WHERE u.state = 'rejected'
    UNION ALL SELECT 'claims_stuck', count(*) FROM unsynced AS u
               WHERE u.state = 'sending' AND u.claimed_until < clock_timestamp()
    UNION ALL SELECT 'oldest_unsynced_seconds',
        coalesce(floor(extract(epoch FROM clock_timestamp() - min(u.changed_at)))::bigint, 0)
      FROM unsynced AS u WHERE u.state <> 'rejected'
    UNION ALL SELECT 'findings_open', count(*) FROM certification.findings AS f WHERE f.closed_at IS NULL
    UNION ALL SELECT 'proof_yes', coalesce((
        SELECT (p.counts ->> 'proof_yes')::bigint FROM certification.proofs AS p ORDER BY p.at DESC LIMIT 1), 0)
    UNION ALL SELECT 'minutes_since_proved_right', floor(extract(epoch FROM clock_timestamp() - coalesce((
        SELECT p.at FROM certification.proofs AS p WHERE p.counts ->> 'proof_yes' = '1' ORDER BY p.at DESC LIMIT 1), (
        -- A website that was never proved right has not been since the system was installed.
        SELECT min(m.applied_at) FROM certification.migrations AS m))) / 60)::bigint
$$;
COMMENT ON FUNCTION certification.count_waiting IS
    'Return the counts of what the website does not show yet, and how long ago a proof said yes, zeros included (I12).';

-- Retry after one hour, then after two, four and eight, and then every day. A changed column or role in Dynamics is not
-- announced here. A change in the app is tried at once.
CREATE OR REPLACE FUNCTION certification.is_due_again(l certification.listings) RETURNS boolean
LANGUAGE sql VOLATILE AS $$ -- as clock_timestamp() is, so that it inlines
    SELECT l.state = 'rejected' AND l.changed_at < clock_timestamp()
           - interval '1 hour' * (2 ^ least(greatest(l.attempts, 1), 5) - 1)
           - interval '1 day' * greatest(l.attempts - 5, 0)
$$;
COMMENT ON FUNCTION certification.is_due_again IS
    'Return whether a rejected listing is due for another try without a change, because its cause may be gone.';

CREATE OR REPLACE FUNCTION certification.retry_due_rejected(p_limit integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_n bigint;
BEGIN
    WITH due AS (
        SELECT l.mentor_id FROM certification.listings AS l
         WHERE l.synced_version < l.desired_version AND certification.is_due_again(l)
         ORDER BY l.mentor_id LIMIT p_limit
           FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE certification.listings AS l SET state = 'waiting', desired_version = l.desired_version + 1
      FROM due AS d WHERE l.mentor_id = d.mentor_id;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END
$$;
COMMENT ON FUNCTION certification.retry_due_rejected IS
    'Send rejected listings that are due back to waiting, and return how many. changed_at stays the time of the first '
    'failure, so such a listing counts as overdue at once.';

CREATE OR REPLACE FUNCTION certification.retry_rejected(p_mentor_ids uuid[], p_actor text,
                                                         p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ids uuid[];
BEGIN
    SELECT array_agg(d.mentor_id) INTO v_ids FROM (
        SELECT l.mentor_id FROM certification.listings AS l
         WHERE l.synced_version < l.desired_version AND l.state = 'rejected'
           AND (p_mentor_ids IS NULL OR l.mentor_id = ANY (p_mentor_ids))
         ORDER BY l.mentor_id FOR NO KEY UPDATE) AS d;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM certification.bump_listing_version(v_ids);
    INSERT INTO certification.audit (action, actor, reason, mentor_id)
    SELECT 'retry_rejected', p_actor, p_reason, i.id FROM unnest(v_ids) AS i (id);
    RETURN cardinality(v_ids);
END
$$;
COMMENT ON FUNCTION certification.retry_rejected IS
    'Retry rejected listings now because a person asks for it: these, or all (null). Write the audit and return how '
    'many.';

CREATE OR REPLACE FUNCTION certification.listings_to_recheck(p_settling interval, p_limit integer)
RETURNS TABLE (mentor_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    (SELECT DISTINCT f.mentor_id FROM certification.findings AS f
      WHERE f.closed_at IS NULL AND f.mentor_id IS NOT NULL LIMIT p_limit)
    UNION
    (SELECT l.mentor_id FROM certification.listings AS l
      WHERE l.verified_version < l.synced_version AND l.synced_version = l.desired_version
        AND l.synced_at < clock_timestamp() - p_settling
        AND (l.unknown_outcome_until IS NULL OR l.unknown_outcome_until < clock_timestamp())
      ORDER BY l.synced_at LIMIT p_limit)
$$;
COMMENT ON FUNCTION certification.listings_to_recheck IS
    'Return the mentors whose rows to read back: those with open findings, and those that were synced and not read '
    'back since, once no lost request can still arrive. At most the limit of each.';

REVOKE ALL ON FUNCTION
    certification.overdue_listings, certification.count_waiting, certification.is_due_again,
    certification.retry_due_rejected, certification.retry_rejected, certification.listings_to_recheck
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.overdue_listings, certification.count_waiting, certification.retry_due_rejected,
    certification.listings_to_recheck
TO certification_reconciliation;
GRANT EXECUTE ON FUNCTION
    certification.retry_rejected
TO certification_operations;
