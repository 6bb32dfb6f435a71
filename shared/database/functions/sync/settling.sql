-- The outcome of what was sent to the website.

-- Dynamics ends a request after two minutes; until then a request whose reply never came may still be carried out. A
-- request that names a row version does nothing once the row has another version. So an accepted write that reports the
-- version it left ends every unknown outcome.
CREATE OR REPLACE FUNCTION certification.settle_listings(
    p_worker uuid, p_mentor_ids uuid[], p_outcomes text[], p_reasons text[], p_outcome_unknown boolean[],
    p_row_versions text[] DEFAULT NULL)
RETURNS TABLE (mentor_id uuid, outcome text, version bigint)
-- One generic plan, as for claim_listings.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    -- Lock in id order and skip locked rows, so that a writer never blocks behind a blocked worker.
    WITH held AS MATERIALIZED (
        SELECT l.mentor_id, l.sending, s.reason, s.row_version,
               -- A move hides the listing in its old table. If that table is gone, nothing of the listing is left
               -- there.
               CASE WHEN s.outcome <> 'no_such_table' THEN s.outcome
                    WHEN l.sending = 'move' THEN 'accepted' ELSE 'refused' END AS outcome,
               s.row_version IS NULL
                   AND coalesce(l.unknown_outcome_version < l.sending_version, false) AS may_be_undone,
               CASE WHEN s.row_version IS NOT NULL THEN NULL
                    WHEN s.outcome_unknown THEN clock_timestamp() + interval '3 minutes'
                        ELSE l.unknown_outcome_until END AS unknown_outcome_until,
               CASE WHEN s.row_version IS NOT NULL THEN NULL
                    WHEN s.outcome_unknown THEN least(l.unknown_outcome_version, l.sending_version)
                        ELSE l.unknown_outcome_version END AS unknown_outcome_version
          FROM (SELECT * FROM unnest(p_mentor_ids, p_outcomes, p_reasons, p_outcome_unknown,
                                     coalesce(p_row_versions, array_fill(NULL::text, ARRAY[cardinality(p_mentor_ids)])))
                    AS a (mentor_id, outcome, reason, outcome_unknown, row_version)
                 ORDER BY a.mentor_id) AS s
         -- One by one through the primary key: the statistics say that no row is claimed, so a join would scan.
         CROSS JOIN LATERAL (
               SELECT k.mentor_id, k.sending, k.sending_version, k.unknown_outcome_until, k.unknown_outcome_version
                 FROM certification.listings AS k
                WHERE k.mentor_id = s.mentor_id AND k.claimed_by = p_worker
                  FOR NO KEY UPDATE SKIP LOCKED) AS l
    ), meant AS (
        SELECT h.mentor_id, h.outcome, h.reason, h.row_version, h.may_be_undone,
               h.unknown_outcome_until, h.unknown_outcome_version,
               h.outcome = 'accepted' AND NOT h.may_be_undone AND h.sending <> 'move' AS synced,
               h.outcome = 'accepted' AND NOT h.may_be_undone AND h.reason IS DISTINCT FROM 'not_emptied' AS emptied,
               h.outcome = 'accepted' AND NOT h.may_be_undone AND h.sending IN ('hide', 'move')
                   -- An earlier attempt of the same claim may still create the row.
                   OR h.outcome = 'refused' AND h.sending = 'create' AND h.unknown_outcome_until IS NULL
                   AS leaves_nothing
          FROM held AS h
    ), settled AS (
        UPDATE certification.listings AS l
           SET state = CASE
                   WHEN s.synced AND l.sending_version = l.desired_version
                       THEN CASE WHEN l.sending IN ('create', 'publish') THEN 'live' ELSE 'hidden' END
                   WHEN s.outcome = 'refused' AND l.sending_version = l.desired_version THEN 'rejected'
                   ELSE 'waiting' END,
               reason = CASE WHEN s.outcome <> 'accepted' THEN certification.plain(s.reason, 500)
                             WHEN s.may_be_undone THEN 'outcome_unknown' END,
               synced_version = CASE WHEN s.synced THEN l.sending_version ELSE l.synced_version END,
               accepted_version = CASE WHEN s.outcome = 'accepted' AND l.sending <> 'move' THEN l.sending_version
                                       ELSE l.accepted_version END,
               -- After a move the listing has a row of its own elsewhere, or none.
               row_version = CASE WHEN s.outcome <> 'accepted' THEN l.row_version
                                  WHEN l.sending <> 'move' THEN s.row_version END,
               written = CASE -- A PATCH is carried out whole or not at all.
                              WHEN s.outcome = 'refused' AND s.unknown_outcome_until IS NOT NULL THEN l.written
                              WHEN s.outcome = 'refused' AND l.website ? 'before' AND l.website -> 'before' = '[]'
                                  THEN l.written - (l.website ->> 'table')
                              WHEN s.outcome = 'refused' AND l.website ? 'before'
                                  THEN jsonb_set(l.written, ARRAY[l.website ->> 'table'], l.website -> 'before')
                              WHEN NOT s.emptied OR l.written -> (l.website ->> 'table') = l.website -> 'columns'
                                  THEN l.written
                              -- An empty list if every column was emptied: the row still exists, and a comparison reads
                              -- it.
                              ELSE jsonb_set(l.written, ARRAY[l.website ->> 'table'], l.website -> 'columns') END,
               unknown_outcome_until = s.unknown_outcome_until,
               unknown_outcome_version = s.unknown_outcome_version,
               synced_at = CASE WHEN s.outcome = 'accepted' THEN clock_timestamp() ELSE l.synced_at END,
               attempts = CASE WHEN s.outcome = 'accepted' THEN 0 ELSE l.attempts END,
               website = CASE WHEN s.leaves_nothing THEN NULL
                              WHEN l.website ? 'before' THEN l.website - 'before' ELSE l.website END,
               shown_until = CASE WHEN s.leaves_nothing THEN NULL ELSE l.shown_until END,
               changed_at = CASE WHEN s.outcome = 'accepted' AND l.sending_version < l.desired_version
                                 THEN clock_timestamp()
                                 ELSE l.changed_at END,
               sending = NULL, sending_version = NULL, claimed_by = NULL, claimed_until = NULL
          FROM meant AS s
         WHERE l.mentor_id = s.mentor_id
        RETURNING l.mentor_id, l.desired_version, l.state, s.outcome,
                  certification.only_outcome_unknown(l) AS only_outcome_unknown
    )
    SELECT s.mentor_id, CASE WHEN s.only_outcome_unknown THEN 'outcome_unknown' ELSE 'again' END, s.desired_version
      FROM settled AS s
     WHERE s.state = 'waiting' AND s.outcome IN ('accepted', 'refused')
    UNION ALL
    SELECT l.mentor_id, 'locked', l.desired_version FROM certification.listings AS l
     WHERE (SELECT count(*) FROM held AS h) < cardinality(p_mentor_ids)
       AND l.mentor_id = ANY (p_mentor_ids) AND l.claimed_by = p_worker
       AND l.mentor_id NOT IN (SELECT h.mentor_id FROM held AS h); -- hashed; NOT EXISTS compares each pair
END
$$;
COMMENT ON FUNCTION certification.settle_listings IS
    'Write the outcomes of claimed listings and return those that are left to do (I6). An outcome is accepted (with '
    'the reason not_emptied: only hidden), refused (rejected for good), no_such_table (refused, except that a move '
    'finds nothing left to hide) or not_now. outcome_unknown says that a request of this claim may still be carried '
    'out and that no row version makes it harmless. A row version is the one that an accepted write left. Returned '
    'are again: it changed meanwhile; locked: not written, because a transaction holds it; outcome_unknown: to be '
    'sent once more in three minutes. A listing that another worker has claimed since is left alone.';

REVOKE ALL ON FUNCTION
    certification.settle_listings
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.settle_listings
TO certification_dynamics_sync, certification_force_sync, certification_break_glass;
