-- How a worker takes listings to the website: claim, push, settle (I6, I8). claim_listings locks the rows first and
-- reads them in a second statement with a younger snapshot, so the state that is pushed is never older than its
-- version. It skips a row that a transaction holds at that moment.

-- VOLATILE, as clock_timestamp() is: PostgreSQL inlines no function that claims to be more stable than its body.
CREATE OR REPLACE FUNCTION certification.only_outcome_unknown(l certification.listings) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(l.unknown_outcome_until > clock_timestamp() AND l.accepted_version = l.desired_version, false)
$$;
COMMENT ON FUNCTION certification.only_outcome_unknown IS
    'Return whether the website has accepted the desired version and the listing only waits until an earlier request '
    'can no longer be carried out (I6).';

-- A wrong import of dates would otherwise hide every mentor long before the nightly check. A mentor that is paused,
-- withdrawn, of no organisation or does not consent is hidden in any case. A mentor that only a date hides is held back
-- while there are too many of them, counted since the last nightly check.
CREATE OR REPLACE FUNCTION certification.held_by_mass_change_limit(p_mentor_ids uuid[], p_worker uuid) RETURNS uuid[]
-- It counts an organisation, by dates whose estimate needs the values: no generic plan, as the claim has.
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v record;
    v_limits record;
    v_n bigint;
    v_of bigint;
    v_held uuid[] := '{}';
BEGIN
    FOR v IN
        SELECT x.organisation_id, x.day, array_agg(x.mentor_id) AS ids
          FROM unnest(p_mentor_ids) AS u (id)
         -- One by one through the primary keys: a join might read a whole organisation for every batch.
         CROSS JOIN LATERAL (
               SELECT l.mentor_id, l.organisation_id, d.day
                 FROM certification.listings AS l
                 JOIN public.peer_mentors AS m ON m.id = l.mentor_id
                 JOIN public.certifications AS c ON c.mentor_id = l.mentor_id
                 LEFT JOIN public.organisations AS o ON o.id = l.organisation_id
                 LEFT JOIN certification.evaluated_days AS e ON e.organisation_id = o.id
                CROSS JOIN LATERAL (
                      SELECT coalesce(e.day, certification.today_in(o.timezone::text)) AS day OFFSET 0) AS d
                WHERE l.mentor_id = u.id AND l.website IS NOT NULL
                  AND certification.is_status(m.status::text, 'active') AND m.listing_consent
                  AND certification.day_of(c.expires_on, certification.zone_of(m.organisation_id)) < d.day
                  -- A mentor that a person forced alone passes (coordinators/forcing.sql).
                  AND l.forced_day IS DISTINCT FROM greatest(l.forced_day, d.day)
               OFFSET 0) AS x
         GROUP BY x.organisation_id, x.day
         ORDER BY x.organisation_id
    LOOP
        v_limits := certification.brake_limits(v.organisation_id);
        SELECT count(*) INTO v_n
          FROM public.peer_mentors AS m
          JOIN public.certifications AS c ON c.mentor_id = m.id
         WHERE m.organisation_id = v.organisation_id
           AND certification.is_status(m.status::text, 'active') AND m.listing_consent
           AND certification.day_of(c.expires_on, certification.zone_of(m.organisation_id)) < v.day
           AND NOT EXISTS ( -- a person has set the mentor active again
               SELECT 1 FROM certification.transitions AS t
                WHERE t.mentor_id = m.id AND t.to_status = 'certification_expired'
                  AND t.certification_expiry_date
                      = certification.day_of(c.expires_on, certification.zone_of(m.organisation_id)));
        CONTINUE WHEN v_n <= v_limits.count;
        SELECT count(*) INTO v_of FROM public.peer_mentors AS m
         WHERE m.organisation_id = v.organisation_id AND certification.is_status(m.status::text, 'active');
        CONTINUE WHEN v_n * 100 <= v_limits.percent * v_of OR EXISTS (
            SELECT 1 FROM certification.brakes AS b
             WHERE b.organisation_id = v.organisation_id AND b.kind = 'expiry' AND b.closed_at IS NULL
               AND certification.brake_release_is_in_force(b.released_at));
        -- The nightly check decides again, and uses up a release.
        INSERT INTO certification.brakes AS b (organisation_id, kind, run_id, last_run_id, n, of_n)
        VALUES (v.organisation_id, 'expiry', p_worker, p_worker, v_n, v_of)
        ON CONFLICT (organisation_id, kind) WHERE closed_at IS NULL DO NOTHING;
        v_held := v_held || v.ids;
    END LOOP;
    UPDATE certification.listings AS l SET reason = 'brake' WHERE l.mentor_id = ANY (v_held);
    RETURN v_held;
END
$$;
COMMENT ON FUNCTION certification.held_by_mass_change_limit IS
    'Return those of these mentors, whom only a date hides and whose listings the caller has locked, that must not be '
    'sent now (I5). They get the reason brake.';

CREATE OR REPLACE FUNCTION certification.emptied(p_columns jsonb, p_kept jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(string_agg(', ' || to_json(c.name)::text || ': null', '' ORDER BY c.name), '')
      FROM jsonb_array_elements_text(p_columns) AS c (name)
     WHERE NOT p_kept ? c.name
$$;
COMMENT ON FUNCTION certification.emptied IS
    'Return the JSON members that empty every column not among those to keep, each after a comma.';

CREATE OR REPLACE FUNCTION certification.all_columns(p_columns jsonb, p_more jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_agg(DISTINCT c.name ORDER BY c.name)
      FROM jsonb_array_elements(p_columns || coalesce(p_more, '[]')) AS c (name)
$$;
COMMENT ON FUNCTION certification.all_columns IS
    'Return the names of both lists, each once and in order.';

CREATE OR REPLACE FUNCTION certification.claim_listings(p_mentor_ids uuid[], p_worker uuid, p_lease interval)
RETURNS TABLE (
    mentor_id uuid, outcome text, version bigint, action text, website_table text, website_key text, body text,
    bare_body text, row_version text)
-- row_security is off so that a mentor hidden from us by a policy raises an error. Otherwise the mentor would seem
-- deleted and would be hidden on the website. One generic plan is kept for the life of the connection: the statement
-- costs more to plan than to run, and it goes by primary keys whatever the ids are.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_free uuid[];
BEGIN
    SELECT coalesce(array_agg(f.mentor_id), '{}') INTO v_free FROM (
        SELECT l.mentor_id FROM certification.listings AS l
         WHERE l.mentor_id = ANY (p_mentor_ids)
           AND l.synced_version < l.desired_version AND l.state <> 'rejected'
           AND (l.claimed_until IS NULL OR l.claimed_until < clock_timestamp())
           AND NOT certification.only_outcome_unknown(l)
         ORDER BY l.mentor_id
           FOR NO KEY UPDATE SKIP LOCKED) AS f;
    RETURN QUERY
    WITH placed AS MATERIALIZED (
        SELECT w.mentor_id, w.listed, w.only_ended, w.expires_on, w.target, w.columns, w.show, x.elsewhere,
               l.website IS NOT NULL AS there,
               CASE WHEN x.elsewhere THEN l.website ->> 'table' ELSE w.website_table END AS website_table,
               CASE WHEN x.elsewhere THEN l.website ->> 'key' ELSE w.website_key END AS website_key,
               CASE WHEN x.elsewhere THEN (l.website -> 'hide')::text ELSE w.hide END AS flags,
               -- The columns that may hold a value there.
               l.written -> CASE WHEN x.elsewhere THEN l.website ->> 'table' ELSE w.website_table END AS written,
               -- A person asked to forget the mentor (privacy/forgetting.sql), so hiding empties every column.
               l.forget_requested_at IS NOT NULL AND NOT w.listed AS forgotten
          FROM certification.wanted_listings(v_free) AS w
          JOIN certification.listings AS l ON l.mentor_id = w.mentor_id
         CROSS JOIN LATERAL (
               -- Another place than the one where the organisation publishes now.
               SELECT coalesce(l.website <> w.target AND (l.website ->> 'table', l.website ->> 'key')
                                                         <> (w.website_table, w.website_key), false) AS elsewhere
               OFFSET 0) AS x
    ), braked AS MATERIALIZED (
        -- Only where a date hides a mentor that is shown. Most claims do not ask.
        SELECT u.id FROM unnest((
            SELECT certification.held_by_mass_change_limit(array_agg(p.mentor_id), p_worker)
              FROM placed AS p WHERE p.only_ended AND p.there HAVING count(*) > 0)) AS u (id)
    ), claimed AS (
        UPDATE certification.listings AS l
           SET state = CASE WHEN w.action IS NULL THEN 'hidden' ELSE 'sending' END,
               synced_version = CASE WHEN w.action IS NULL THEN l.desired_version ELSE l.synced_version END,
               attempts = l.attempts + CASE WHEN w.action IS NULL THEN 0 ELSE 1 END,
               website = CASE WHEN w.action IS NULL THEN l.website
                              WHEN w.action NOT IN ('create', 'publish')
                                  THEN jsonb_set(coalesce(l.website, w.target), '{columns}', w.kept)
                              WHEN w.is_as_written THEN w.target
                              ELSE w.target || jsonb_build_object('before', coalesce(w.written, '[]')) END,
               -- Until this write is accepted, both the old and the new columns may hold values there.
               written = CASE WHEN w.action IN ('create', 'publish') AND NOT w.is_as_written
                              THEN jsonb_set(l.written, ARRAY[w.website_table],
                                             certification.all_columns(w.columns, w.written))
                              ELSE l.written END,
               shown_until = CASE WHEN w.action IN ('create', 'publish') THEN w.expires_on ELSE l.shown_until END,
               reason = CASE WHEN w.action IS NULL THEN NULL ELSE l.reason END,
               -- A request sent from now on comes after every request of unknown outcome.
               unknown_outcome_until =
                   CASE WHEN l.unknown_outcome_until > clock_timestamp() THEN l.unknown_outcome_until END,
               unknown_outcome_version =
                   CASE WHEN l.unknown_outcome_until > clock_timestamp() THEN l.unknown_outcome_version END,
               sending = w.action,
               sending_version = CASE WHEN w.action IS NOT NULL THEN l.desired_version END,
               claimed_by = CASE WHEN w.action IS NOT NULL THEN p_worker END,
               claimed_until = CASE WHEN w.action IS NOT NULL
                                    THEN clock_timestamp() + least(p_lease, interval '15 minutes') END
          FROM (SELECT p.mentor_id, p.expires_on, p.target, p.website_table, p.website_key, p.columns, p.written,
                       p.show, p.flags, h.is_as_written, h.emptied,
                       CASE WHEN p.elsewhere OR p.forgotten THEN '[]'
                            WHEN h.emptied = '' THEN coalesce(p.written, '[]')
                            ELSE (SELECT coalesce(jsonb_agg(c.name ORDER BY c.name), '[]')
                                    FROM jsonb_array_elements_text(coalesce(p.written, '[]')) AS c (name)
                                   WHERE p.columns ? c.name) END AS kept,
                       CASE WHEN p.elsewhere THEN CASE WHEN p.listed THEN 'move' ELSE 'hide' END
                            WHEN p.listed AND NOT p.there THEN 'create'
                            WHEN p.listed THEN 'publish'
                            WHEN p.there OR h.emptied <> '' THEN 'hide' END AS action
                  FROM placed AS p
                 CROSS JOIN LATERAL (
                       SELECT x.is_as_written,
                              -- A column that was once written there and is no longer published is emptied by the
                              -- next write.
                              CASE WHEN p.elsewhere THEN certification.emptied(coalesce(p.written, '[]'), '[]')
                                   WHEN p.forgotten
                                   THEN certification.emptied(certification.all_columns(p.columns, p.written), '[]')
                                   WHEN x.is_as_written THEN ''
                                   ELSE certification.emptied(coalesce(p.written, '[]'), p.columns) END AS emptied
                         FROM (SELECT coalesce(p.written = p.columns, false) AS is_as_written OFFSET 0) AS x
                       OFFSET 0) AS h
                 WHERE p.mentor_id NOT IN (SELECT b.id FROM braked AS b)
                OFFSET 0) AS w
         WHERE l.mentor_id = w.mentor_id
        RETURNING l.mentor_id, w.action, l.desired_version, w.website_table, w.website_key, w.show, w.flags, w.emptied,
                  l.row_version
    )
    SELECT c.mentor_id, CASE WHEN c.action IS NULL THEN 'nothing_to_show' ELSE 'send' END, c.desired_version,
           CASE c.action WHEN 'move' THEN 'hide' WHEN 'create' THEN 'publish' ELSE c.action END,
           CASE WHEN c.action IS NOT NULL THEN c.website_table END,
           CASE WHEN c.action IS NOT NULL THEN c.website_key END,
           CASE WHEN c.action IN ('create', 'publish')
                THEN CASE WHEN c.emptied = '' THEN c.show ELSE rtrim(c.show, '}') || c.emptied || '}' END
                WHEN c.action IN ('hide', 'move') THEN rtrim(c.flags, '}') || c.emptied || '}' END,
           CASE WHEN c.action IN ('hide', 'move') THEN c.flags END, c.row_version
      FROM claimed AS c
    UNION ALL
    SELECT b.id, 'braked', l.desired_version, NULL, NULL, NULL, NULL, NULL, NULL
      FROM braked AS b JOIN certification.listings AS l ON l.mentor_id = b.id;
    IF cardinality(v_free) = cardinality(p_mentor_ids) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT l.mentor_id,
           CASE WHEN l.synced_version = l.desired_version THEN 'already'
                WHEN l.state = 'rejected' THEN 'rejected'
                WHEN l.claimed_until >= clock_timestamp() THEN 'busy'
                WHEN certification.only_outcome_unknown(l) THEN 'outcome_unknown'
                WHEN l.reason = 'brake' THEN 'braked'
                ELSE 'locked' END,
           l.desired_version, NULL, NULL, NULL, NULL, NULL, NULL
      FROM certification.listings AS l
     WHERE l.mentor_id = ANY (p_mentor_ids) AND l.mentor_id NOT IN (SELECT u.id FROM unnest(v_free) AS u (id))
    UNION ALL
    SELECT u.id, 'unknown', 0, NULL, NULL, NULL, NULL, NULL, NULL
      FROM (SELECT DISTINCT a.id FROM unnest(p_mentor_ids) AS a (id)) AS u
     WHERE NOT EXISTS (SELECT 1 FROM certification.listings AS l WHERE l.mentor_id = u.id);
END
$$;
COMMENT ON FUNCTION certification.claim_listings IS
    'Claim these listings for one worker and return what to do with each (I6). send: write `body`, or at least '
    '`bare_body` to hide, on this version of the row. nothing_to_show: settled without a request. already: nothing to '
    'do. busy: another worker has it and claims again when it is done. locked: being changed just now. '
    'outcome_unknown: accepted, and to be sent once more when no earlier request can come after it. braked: part of a '
    'mass change that no person has released. rejected: the website refused it for good. unknown: there is no such '
    'listing.';

CREATE OR REPLACE FUNCTION certification.unsynced_listings(p_after uuid, p_limit integer)
RETURNS TABLE (mentor_id uuid, version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.mentor_id, l.desired_version FROM certification.listings AS l
     WHERE l.synced_version < l.desired_version AND l.state <> 'rejected'
       AND (l.claimed_until IS NULL OR l.claimed_until < clock_timestamp())
       AND NOT certification.only_outcome_unknown(l)
       AND (p_after IS NULL OR l.mentor_id > p_after)
     ORDER BY l.mentor_id LIMIT p_limit
$$;
COMMENT ON FUNCTION certification.unsynced_listings IS
    'Return the listings that need a sync and that no worker is sending, a page at a time by mentor_id.';

REVOKE ALL ON FUNCTION
    certification.only_outcome_unknown, certification.held_by_mass_change_limit, certification.emptied,
    certification.all_columns,
    certification.claim_listings, certification.unsynced_listings
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.claim_listings
TO certification_dynamics_sync, certification_force_sync, certification_break_glass;
GRANT EXECUTE ON FUNCTION
    certification.unsynced_listings
TO certification_expiry_check;
-- Once granted: a database keeps what nothing takes away.
REVOKE EXECUTE ON FUNCTION
    certification.unsynced_listings
FROM certification_dynamics_sync, certification_reconciliation;
