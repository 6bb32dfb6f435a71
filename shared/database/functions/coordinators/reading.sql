-- What a coordinator may read: the mentors of the coordinator's own organisation, and how their listings are. Each
-- function finds the organisation by the coordinator's id, the `sub` of the sign-in token, and reads no other (I11).

-- `listed` is what the app says on the calendar day; `website_shown` is what the website was last seen to show, and our
-- own records count only where nothing newer was read (I14).
CREATE OR REPLACE FUNCTION certification.mentors_of_coordinator(p_coordinator_id uuid, p_mentor_id uuid)
RETURNS TABLE (
    id uuid, name text, mine boolean, status text, valid_to date, consent boolean, listed boolean, state text,
    website_shown boolean, website_seen_at timestamptz, website_differs text[], verified_at timestamptz, why text,
    code text, since timestamptz, version bigint, synced_at timestamptz, attempts integer, phone text, email text,
    area text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH caller AS MATERIALIZED (
        SELECT c.organisation_id, o.timezone::text AS zone, certification.today_in(o.timezone::text) AS today,
               certification.effective_mapping(c.organisation_id) -> 'columns' AS columns,
               (SELECT max(p.at) FROM certification.proofs AS p WHERE p.complete) AS proven_at,
               (SELECT min(b.tripped_at) FROM certification.brakes AS b
                 WHERE b.organisation_id = c.organisation_id AND b.kind = 'expiry' AND b.closed_at IS NULL) AS braked_at
          FROM public.coordinators AS c
          JOIN public.organisations AS o ON o.id = c.organisation_id
         WHERE c.id = p_coordinator_id
    ), website AS MATERIALIZED (
        SELECT s.stopped_since IS NOT NULL AS stopped, coalesce(s.backoff_until > clock_timestamp(), false) AS blocked
          FROM certification.sync_state AS s
    ), open AS MATERIALIZED (
        SELECT DISTINCT ON (f.mentor_id) f.mentor_id, f.class, f.cause, f.fields, f.opened_at, f.seen_at,
               f.repairs >= 2 AND f.seen_at > f.repaired_at AS not_converging
          FROM certification.findings AS f
         WHERE f.closed_at IS NULL AND f.mentor_id IS NOT NULL
           AND f.organisation_id = (SELECT k.organisation_id FROM caller AS k)
         -- Where one mentor has several, the one that is a danger comes first.
         ORDER BY f.mentor_id, f.class NOT IN ('listed_but_invalid', 'orphan'), f.seen_at DESC
    ), mentor AS (
        SELECT m.id, certification.full_name(m.first_name::text, m.last_name::text) AS name,
               m.coordinator_id IS NOT DISTINCT FROM p_coordinator_id AS mine,
               certification.status_of(m.status::text) AS status,
               certification.day_of(c.expires_on, k.zone) AS valid_to, m.listing_consent AS consent,
               coalesce(certification.is_status(m.status::text, 'active') AND m.listing_consent
                        AND certification.day_of(c.expires_on, k.zone) >= k.today, false) AS listed,
               m.phone::text AS phone, m.email::text AS email, m.area::text AS area,
               l.state AS recorded, l.reason, l.desired_version, l.synced_version, l.changed_at, l.synced_at,
               l.attempts, l.website IS NOT NULL AS may_be_shown, k.columns, k.braked_at,
               l.synced_version = l.desired_version AS synced,
               certification.only_outcome_unknown(l) AS only_outcome_unknown,
               -- A full comparison reads every row, so a listing that was verified before it was verified again.
               CASE WHEN l.verified_version = l.synced_version
                    THEN greatest(l.verified_at, CASE WHEN k.proven_at > l.verified_at THEN k.proven_at END) END
                   AS verified_at,
               f.class, f.cause, f.fields, f.opened_at, f.seen_at, f.not_converging
          FROM caller AS k
          JOIN public.peer_mentors AS m ON m.organisation_id = k.organisation_id
          LEFT JOIN public.certifications AS c ON c.mentor_id = m.id
          LEFT JOIN certification.listings AS l ON l.mentor_id = m.id
          LEFT JOIN open AS f ON f.mentor_id = m.id AND (l.verified_at IS NULL OR f.seen_at > l.verified_at)
         WHERE p_mentor_id IS NULL OR m.id = p_mentor_id
    ), judged AS (
        SELECT m.*,
               CASE WHEN m.recorded IS NULL THEN 'unverified'
                    WHEN m.recorded = 'rejected' THEN 'rejected'
                    WHEN NOT m.synced THEN 'waiting'
                    -- The website was read and differs; or it is as the app was on the last day that was checked.
                    WHEN m.class IS NOT NULL OR m.listed <> m.may_be_shown THEN 'differs'
                    WHEN m.verified_at IS NULL THEN 'unverified'
                    ELSE 'verified' END AS state
          FROM mentor AS m
    )
    SELECT j.id, j.name, j.mine, j.status,
           CASE WHEN j.valid_to BETWEEN '0002-01-01' AND '9998-12-31' THEN j.valid_to END, j.consent, j.listed,
           j.state,
           CASE WHEN j.class IN ('listed_but_invalid', 'orphan', 'field_drift') THEN true
                WHEN j.class = 'missing' THEN false
                WHEN NOT j.may_be_shown THEN false
                -- A first publishing that was tried may or may not have got through.
                WHEN j.synced OR j.attempts = 0 OR NOT j.listed THEN true END,
           coalesce(j.seen_at, j.verified_at, CASE WHEN j.synced THEN j.synced_at END),
           CASE WHEN j.class IN ('field_drift', 'unpublished_field')
                THEN ARRAY(SELECT DISTINCT coalesce(j.columns ->> u.name, u.name) FROM unnest(j.fields) AS u (name)
                            ORDER BY 1)
                ELSE '{}' END,
           CASE WHEN j.state IN ('verified', 'differs') THEN j.verified_at END,
           CASE j.state
                WHEN 'rejected' THEN 'rejected'
                WHEN 'waiting' THEN CASE WHEN j.reason = 'brake' THEN 'brake'
                                         WHEN w.stopped THEN 'stopped'
                                         WHEN w.blocked THEN 'throttled'
                                         WHEN j.only_outcome_unknown THEN 'outcome_unknown'
                                         WHEN j.reason IS NOT NULL THEN 'failed_attempt'
                                         ELSE 'on_its_way' END
                WHEN 'differs' THEN CASE WHEN j.class IS NULL AND j.braked_at IS NOT NULL THEN 'brake'
                                         WHEN j.class IS NULL THEN 'day_not_checked'
                                         WHEN j.not_converging THEN 'not_converging'
                                         WHEN j.cause = 'day' THEN 'day_not_checked'
                                         WHEN j.cause = 'waiting' THEN 'on_its_way'
                                         ELSE j.cause END END,
           CASE WHEN j.state IN ('rejected', 'waiting') THEN nullif(j.reason, 'brake') END,
           CASE WHEN j.state IN ('rejected', 'waiting') THEN j.changed_at
                WHEN j.state = 'differs' THEN coalesce(j.opened_at, j.braked_at) END,
           coalesce(j.desired_version, 0), j.synced_at, coalesce(j.attempts, 0), j.phone, j.email, j.area
      FROM judged AS j CROSS JOIN website AS w
$$;
COMMENT ON FUNCTION certification.mentors_of_coordinator IS
    'Return the mentors of the coordinator''s organisation, or one of them, with what the app says, what the website '
    'was last seen to show, since when that is verified, and why it differs or waits (I14). No rows for anybody who is '
    'no coordinator.';

CREATE OR REPLACE FUNCTION certification.coordinator_mentors(
    p_coordinator_id uuid, p_state text, p_after uuid, p_limit integer)
RETURNS TABLE (
    id uuid, name text, mine boolean, status text, valid_to date, consent boolean, listed boolean, state text,
    website_shown boolean, website_seen_at timestamptz, website_differs text[], verified_at timestamptz, why text,
    code text, since timestamptz, version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
    SELECT m.id, m.name, m.mine, m.status, m.valid_to, m.consent, m.listed, m.state, m.website_shown,
           m.website_seen_at, m.website_differs, m.verified_at, m.why, m.code, m.since, m.version
      FROM certification.mentors_of_coordinator(p_coordinator_id, NULL) AS m
     WHERE (p_state IS NULL OR m.state = p_state) AND (p_after IS NULL OR m.id > p_after)
     ORDER BY m.id LIMIT least(p_limit, 1000)
$$;
COMMENT ON FUNCTION certification.coordinator_mentors IS
    'Return a page of the mentors of the coordinator''s organisation, of one state or of all (null), in the order of '
    'their ids.';

CREATE OR REPLACE FUNCTION certification.coordinator_email_problem(p_coordinator_id uuid, p_mentor_id uuid)
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
    SELECT certification.address_problem(m.email::text)
      FROM public.coordinators AS k JOIN public.peer_mentors AS m ON m.organisation_id = k.organisation_id
     WHERE k.id = p_coordinator_id AND m.id = p_mentor_id AND certification.clean_text(m.email::text) IS NOT NULL
$$;
COMMENT ON FUNCTION certification.coordinator_email_problem IS
    'Return why no mail goes to the address that the app has of a mentor of the coordinator''s organisation (I17); '
    'null where nothing is against it, and where there is none.';

CREATE OR REPLACE FUNCTION certification.coordinator_mentor(p_coordinator_id uuid, p_mentor_id uuid)
RETURNS TABLE (
    id uuid, name text, mine boolean, status text, valid_to date, consent boolean, listed boolean, state text,
    website_shown boolean, website_seen_at timestamptz, website_differs text[], verified_at timestamptz, why text,
    code text, since timestamptz, version bigint, synced_at timestamptz, attempts integer, phone text, email text,
    area text, wait_seconds double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
    SELECT m.*, CASE WHEN m.why = 'throttled' THEN certification.backoff_seconds_left() END
      FROM certification.mentors_of_coordinator(p_coordinator_id, p_mentor_id) AS m
     WHERE p_mentor_id IS NOT NULL
$$;
COMMENT ON FUNCTION certification.coordinator_mentor IS
    'Return one mentor of the coordinator''s organisation, with the phone number and addresses of the app; no row for '
    'anybody else''s.';

CREATE OR REPLACE FUNCTION certification.coordinator_counts(p_coordinator_id uuid)
RETURNS TABLE (mine boolean, state text, n bigint, listed bigint, verified_since timestamptz, unverified bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
    SELECT m.mine, m.state, count(m.id), count(m.id) FILTER (WHERE m.listed), min(m.verified_at),
           count(m.id) FILTER (WHERE m.verified_at IS NULL)
      FROM (SELECT 1 FROM public.coordinators AS c WHERE c.id = p_coordinator_id) AS caller
      LEFT JOIN certification.mentors_of_coordinator(p_coordinator_id, NULL) AS m ON true
     GROUP BY m.mine, m.state
$$;
COMMENT ON FUNCTION certification.coordinator_counts IS
    'Return how many mentors of the coordinator''s organisation have each state, the coordinator''s own apart: how '
    'many of them are to be listed, the oldest verification, and how many have none. One row of nulls for an '
    'organisation without mentors; no row for anybody who is no coordinator.';

CREATE OR REPLACE FUNCTION certification.coordinator_overview(p_coordinator_id uuid)
RETURNS TABLE (
    organisation_id uuid, organisation text, coordinator text, now timestamptz, today date, nightly_check jsonb,
    proof jsonb, expiries jsonb, alerts jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
    WITH caller AS MATERIALIZED (
        SELECT c.organisation_id, certification.clean_text(o.name::text) AS organisation,
               certification.clean_text(c.full_name::text) AS coordinator, o.timezone::text AS zone,
               certification.today_in(o.timezone::text) AS today
          FROM public.coordinators AS c
          JOIN public.organisations AS o ON o.id = c.organisation_id
         WHERE c.id = p_coordinator_id
    ), nightly AS MATERIALIZED (
        SELECT n.run_id, n.as_of, n.state, r.ended_at, r.started_at, max(n.as_of) OVER () AS last_day
          FROM certification.run_organisations AS n
          JOIN certification.runs AS r ON r.id = n.run_id AND r.function = 'expiry_check' AND r.undone_at IS NULL
          JOIN caller AS k ON k.organisation_id = n.organisation_id
         WHERE n.as_of > k.today - 30
    ), of_mentors AS (
        SELECT f.class AS condition, min(f.opened_at) AS since, count(DISTINCT f.mentor_id) AS n
          FROM certification.findings AS f JOIN caller AS k ON k.organisation_id = f.organisation_id
         WHERE f.closed_at IS NULL AND f.class = 'listed_but_invalid' AND f.cause <> 'brake'
         GROUP BY f.class
        UNION ALL
        SELECT 'listings_rejected', min(l.changed_at), count(*)
          FROM certification.listings AS l JOIN caller AS k ON k.organisation_id = l.organisation_id
         WHERE l.synced_version < l.desired_version AND l.state = 'rejected'
        HAVING count(*) > 0
    ), standing AS (
        SELECT CASE a.condition WHEN 'brake' THEN 'brake_' || (a.facts ->> 'kind') ELSE a.condition END AS kind,
               a.since, a.n
          FROM certification.alerts AS a CROSS JOIN caller AS k
         WHERE a.closed_at IS NULL
           AND (a.condition = 'brake' AND a.facts ->> 'organisation_id' = k.organisation_id::text
                OR a.condition IN ('website_refuses_us', 'website_unreachable', 'website_result_small', 'trigger_off',
                                   'changes_missed')
                OR a.condition IN ('run_missing', 'run_failed')
                   AND a.subject IN ('expiry_check', 'reconciliation_full', 'reconciliation_sweep'))
        UNION ALL
        SELECT m.condition, m.since, m.n FROM of_mentors AS m
    )
    SELECT k.organisation_id, k.organisation, k.coordinator, clock_timestamp(), k.today,
           (SELECT jsonb_build_object(
                       'day', g.as_of, 'state', g.state, 'ended_at', g.ended_at,
                       'reminders', coalesce(sum(c.n) FILTER (WHERE c.measure = 'reminders_claimed'), 0),
                       'expired', coalesce(sum(c.n) FILTER (WHERE c.measure = 'expiries_changed'), 0),
                       'reactivated', coalesce(sum(c.n) FILTER (WHERE c.measure = 'reactivations_changed'), 0))
              FROM (SELECT n.* FROM nightly AS n WHERE n.as_of = n.last_day ORDER BY n.started_at DESC LIMIT 1) AS g
              LEFT JOIN nightly AS same ON same.as_of = g.as_of
              LEFT JOIN certification.run_counts AS c
                ON c.run_id = same.run_id AND c.organisation_id = k.organisation_id
             GROUP BY g.as_of, g.state, g.ended_at),
           (SELECT jsonb_build_object('at', p.at, 'complete', p.complete, 'differences', (
                       SELECT count(*) FROM certification.findings AS f
                        WHERE f.organisation_id = k.organisation_id AND f.closed_at IS NULL))
              FROM certification.proofs AS p ORDER BY p.at DESC LIMIT 1),
           (SELECT coalesce(jsonb_agg(jsonb_build_object('date', d.day, 'count', d.n) ORDER BY d.day), '[]')
              FROM (SELECT certification.day_of(c.expires_on, k.zone) AS day, count(*) AS n
                      FROM public.peer_mentors AS m JOIN public.certifications AS c ON c.mentor_id = m.id
                     WHERE m.organisation_id = k.organisation_id
                       AND certification.is_status(m.status::text, 'active')
                     GROUP BY 1) AS d
             WHERE d.day BETWEEN k.today AND k.today + 60),
           (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', s.kind, 'since', s.since, 'count', s.n)
                                      ORDER BY s.since, s.kind), '[]') FROM standing AS s)
      FROM caller AS k
$$;
COMMENT ON FUNCTION certification.coordinator_overview IS
    'Return the coordinator''s organisation: the last nightly check (the sum of its runs of that day), the last proof, '
    'the active mentors'' expiries of the next 60 days, and the open alerts that concern it. No row for anybody who is '
    'no coordinator.';

REVOKE ALL ON FUNCTION
    certification.mentors_of_coordinator, certification.coordinator_mentors, certification.coordinator_mentor,
    certification.coordinator_email_problem,
    certification.coordinator_counts, certification.coordinator_overview
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.coordinator_mentors, certification.coordinator_mentor, certification.coordinator_email_problem,
    certification.coordinator_counts,
    certification.coordinator_overview
TO certification_force_sync;
