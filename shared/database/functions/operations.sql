-- The functions for the commands of operations (operations/) that have no subject file of their own. The role of these
-- commands reads no table of the app, and no function here returns a name, an address or a number of a person (I11).
-- Every change is audited with its actor and reason.

CREATE OR REPLACE FUNCTION certification.organisation_names() RETURNS TABLE (id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.id, o.name::text FROM public.organisations AS o
$$;
COMMENT ON FUNCTION certification.organisation_names IS
    'Return every organisation that the app has now.';

CREATE OR REPLACE FUNCTION certification.brakes_on(p_at timestamptz)
RETURNS TABLE (
    organisation_id uuid, kind text, tripped_at timestamptz, n bigint, of_n bigint, run_id uuid,
    released_at timestamptz, released_by text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT b.organisation_id, b.kind, b.tripped_at, b.n, b.of_n, b.last_run_id,
           CASE WHEN certification.brake_release_is_in_force(b.released_at) THEN b.released_at END, b.released_by
      FROM certification.brakes AS b
     WHERE b.tripped_at <= coalesce(p_at, b.tripped_at) AND (b.closed_at IS NULL OR b.closed_at > p_at)
$$;
COMMENT ON FUNCTION certification.brakes_on IS
    'Return the brakes that hold, or that are released and not used yet, at a point in time or now (null).';

CREATE OR REPLACE FUNCTION certification.rejected_listings()
RETURNS TABLE (
    mentor_id uuid, organisation_id uuid, reason text, since timestamptz, attempts integer,
    may_be_shown boolean, should_be_shown boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH rejected AS MATERIALIZED (
        SELECT l.* FROM certification.listings AS l
         WHERE l.synced_version < l.desired_version AND l.state = 'rejected')
    SELECT a.mentor_id, a.organisation_id, a.reason, a.changed_at, a.attempts, a.website IS NOT NULL,
           coalesce(w.listed, false)
      FROM rejected AS a
      LEFT JOIN certification.wanted_listings(ARRAY(SELECT i.mentor_id FROM rejected AS i)) AS w
        ON w.mentor_id = a.mentor_id
$$;
COMMENT ON FUNCTION certification.rejected_listings IS
    'Return the listings that the website refused for good, whether it may still show them, and whether it should '
    '(I5).';

CREATE OR REPLACE FUNCTION certification.find_mentors(p_text text, p_id uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.id FROM public.peer_mentors AS m
     WHERE m.id = p_id
        OR (length(p_text) >= 6 AND starts_with(m.id::text, lower(p_text)))
        OR lower(m.first_name::text || ' ' || m.last_name::text) = lower(p_text)
     ORDER BY m.id LIMIT 100
$$;
COMMENT ON FUNCTION certification.find_mentors IS
    'Return the ids of the mentors that a person may mean: by the id, by its first six characters or more, or by the '
    'whole name.';

CREATE OR REPLACE FUNCTION certification.mentor_to_explain(p_mentor_id uuid)
RETURNS TABLE (
    id uuid, organisation text, status text, expires_on date, impossible_date text, listing_consent boolean,
    mail_problem text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.id, o.name::text, m.status::text,
           CASE WHEN e.day BETWEEN '1900-01-01' AND '9999-12-30' THEN e.day END,
           -- A date out of range, such as infinity, cannot be read by a program. It is reported as the database writes
           -- it.
           CASE WHEN e.day NOT BETWEEN '1900-01-01' AND '9999-12-30' THEN e.day::text END,
           m.listing_consent, certification.address_problem(m.email::text)
      FROM public.peer_mentors AS m
      JOIN public.organisations AS o ON o.id = m.organisation_id
      LEFT JOIN public.certifications AS c ON c.mentor_id = m.id
     CROSS JOIN LATERAL certification.day_of(c.expires_on, o.timezone::text) AS e (day)
     WHERE m.id = p_mentor_id
$$;
COMMENT ON FUNCTION certification.mentor_to_explain IS
    'Return what the reminders of a mentor depend on. The address itself is not returned, only the code of its '
    'problem (I11).';

CREATE OR REPLACE FUNCTION certification.status_log_of(p_mentor_id uuid)
RETURNS TABLE (occurred_at timestamptz, from_status text, to_status text, reason text, actor text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.occurred_at, l.from_status::text, l.to_status::text, l.reason::text, l.actor::text
      FROM public.mentor_status_log AS l WHERE l.mentor_id = p_mentor_id ORDER BY l.occurred_at
$$;
COMMENT ON FUNCTION certification.status_log_of IS
    'Return the app''s status log of one mentor, the oldest entry first.';

CREATE OR REPLACE FUNCTION certification.record_dropped_dead_letter(
    p_queue text, p_message_id text, p_actor text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('drop_dead_letter', p_actor, p_reason,
            jsonb_build_object('queue', left(p_queue, 80), 'message_id', left(p_message_id, 100)))
$$;
COMMENT ON FUNCTION certification.record_dropped_dead_letter IS
    'Write to the audit that a person removed a message that was given up: its id, never its content (I11).';

REVOKE ALL ON FUNCTION
    certification.organisation_names, certification.brakes_on, certification.rejected_listings,
    certification.find_mentors, certification.mentor_to_explain, certification.status_log_of,
    certification.record_dropped_dead_letter
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.organisation_names, certification.brakes_on, certification.rejected_listings,
    certification.find_mentors, certification.mentor_to_explain, certification.status_log_of
TO certification_operations, certification_operations_reader;
GRANT EXECUTE ON FUNCTION certification.record_dropped_dead_letter TO certification_operations;
-- The tables of ours that the screens show. They hold ids and codes.
GRANT SELECT ON
    certification.alerts, certification.audit, certification.duplicates, certification.findings, certification.listings,
    certification.proofs, certification.queue_depths, certification.run_organisations, certification.runs,
    certification.step_failures, certification.sync_state
TO certification_operations, certification_operations_reader;
