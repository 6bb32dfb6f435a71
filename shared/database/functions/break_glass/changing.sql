-- What break-glass writes: its audit, and the versions of the listings that it is about to sync. The push itself is
-- that of every worker (sync/claims.sql and sync/settling.sql), so the two may run at once. Nothing is ever updated in
-- the audit: a run has a row for its beginning, one for each mentor, and one for its end.

CREATE OR REPLACE FUNCTION certification.begin_break_glass(
    p_actor text, p_reason text, p_mode text, p_measures text[], p_counts bigint[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.audit AS a (action, actor, reason, facts)
    SELECT 'begin_break_glass', p_actor, p_reason,
           jsonb_build_object('mode', certification.plain(p_mode, 40), 'planned', certification.plain_counts(
               p_measures, p_counts))
    RETURNING a.id
$$;
COMMENT ON FUNCTION certification.begin_break_glass IS
    'Write to the audit that a person begins break-glass, and what is planned. Return the id that the run goes by.';

CREATE OR REPLACE FUNCTION certification.plain_counts(p_measures text[], p_counts bigint[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(certification.plain(c.measure, 40), c.n), '{}')
      FROM unnest(p_measures[:40], p_counts[:40]) AS c (measure, n)
     WHERE c.measure IS NOT NULL
$$;
COMMENT ON FUNCTION certification.plain_counts IS
    'Return counts that a caller states as an object, in bounded form.';

CREATE OR REPLACE FUNCTION certification.own_break_glass(p_begun bigint) RETURNS certification.audit
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_begun certification.audit;
BEGIN
    SELECT a.* INTO v_begun FROM certification.audit AS a
     WHERE a.id = p_begun AND a.action = 'begin_break_glass' AND a.login = session_user
       AND a.at > clock_timestamp() - interval '24 hours';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no break-glass of this login has begun with this id' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN v_begun;
END
$$;
COMMENT ON FUNCTION certification.own_break_glass IS
    'Return who has begun this run and why. Raise insufficient_privilege unless this login has, within a day: nothing '
    'is changed without an actor and a reason.';

CREATE OR REPLACE FUNCTION certification.take_listings(
    p_begun bigint, p_mentor_ids uuid[], p_tables text[], p_keys text[], p_hide boolean)
RETURNS TABLE (mentor_id uuid, outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '5s' AS $$
#variable_conflict use_column
DECLARE
    v_begun certification.audit := certification.own_break_glass(p_begun);
    v_free uuid[];
    v_taken uuid[];
BEGIN
    PERFORM certification.remember_places();
    SELECT coalesce(array_agg(f.mentor_id), '{}') INTO v_free FROM (
        SELECT l.mentor_id FROM certification.listings AS l
         WHERE l.mentor_id = ANY (p_mentor_ids)
         ORDER BY l.mentor_id
           FOR NO KEY UPDATE SKIP LOCKED) AS f;
    SELECT v_free || coalesce(array_agg(DISTINCT u.id), '{}') INTO v_free
      FROM unnest(p_mentor_ids) AS u (id)
     WHERE NOT EXISTS (SELECT 1 FROM certification.listings AS l WHERE l.mentor_id = u.id)
       AND EXISTS (SELECT 1 FROM public.peer_mentors AS m WHERE m.id = u.id AND m.organisation_id IS NOT NULL);
    -- The app may have changed since the plan was made: nobody is hidden who is to be listed now, and none published
    -- in a run that only hides.
    SELECT coalesce(array_agg(b.mentor_id), '{}') INTO v_taken
      FROM certification.listings_by_calendar(v_free) AS b WHERE b.listed <> p_hide;
    PERFORM certification.bump_listing_version(ARRAY(
        SELECT u.id FROM unnest(v_taken) AS u (id)
         WHERE NOT EXISTS (
               -- A waiting request reads the state that is set below; a request in a worker's hands does not.
               SELECT 1 FROM certification.listings AS l
                WHERE l.mentor_id = u.id AND l.state = 'waiting' AND l.synced_version < l.desired_version)),
        p_notify => false);
    UPDATE certification.listings AS l
       SET forced_day = greatest(l.forced_day,
                                 certification.today_in(certification.zone_of(l.organisation_id))),
           -- A row that is to be hidden needs a place to send to, even if our record knows of no row there.
           website = CASE WHEN p_hide AND l.state = 'waiting' AND s.website_table IS NOT NULL
                               AND (l.website IS NULL OR (l.website ->> 'table', l.website ->> 'key')
                                                          <> (s.website_table, s.website_key))
                          THEN jsonb_build_object('table', s.website_table, 'key', s.website_key, 'hide', s.hide,
                                                  'columns', coalesce(l.written -> s.website_table, '[]'))
                          ELSE l.website END
      FROM (SELECT t.id, p.website_table, p.website_key, p.hide
              FROM unnest(p_mentor_ids, p_tables, p_keys) AS t (id, website_table, website_key)
              LEFT JOIN certification.website_places AS p
                ON p.website_table = t.website_table AND p.website_key = t.website_key
             WHERE t.id = ANY (v_taken)) AS s
     WHERE l.mentor_id = s.id;
    INSERT INTO certification.audit (action, actor, reason, organisation_id, mentor_id, facts)
    SELECT 'break_glass', v_begun.actor, v_begun.reason, l.organisation_id, l.mentor_id,
           jsonb_build_object('run', p_begun, 'action', CASE WHEN p_hide THEN 'hide' ELSE 'publish' END,
                              'version', l.desired_version)
      FROM certification.listings AS l WHERE l.mentor_id = ANY (v_taken) ORDER BY l.mentor_id;
    RETURN QUERY
    SELECT u.id, CASE WHEN u.id = ANY (v_taken) THEN 'taken'
                      WHEN u.id = ANY (v_free) THEN 'changed'
                      WHEN EXISTS (SELECT 1 FROM certification.listings AS l WHERE l.mentor_id = u.id) THEN 'locked'
                      ELSE 'unknown' END
      FROM (SELECT DISTINCT a.id FROM unnest(p_mentor_ids) AS a (id)) AS u;
END
$$;
COMMENT ON FUNCTION certification.take_listings IS
    'Make these listings ready to be hidden (or published) by this run, and write the audit: the day has turned for '
    'them by the calendar, so the brake does not hold what a person has confirmed (I5), and what is in a worker''s '
    'hands is done again. p_tables and p_keys say where each was seen on the website, or null. Return taken: sync it '
    'now; changed: the app wants something else by now; locked: a transaction is changing it; unknown: no such mentor.';

CREATE OR REPLACE FUNCTION certification.end_break_glass(
    p_begun bigint, p_outcome text, p_measures text[], p_counts bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_begun certification.audit := certification.own_break_glass(p_begun);
BEGIN
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('end_break_glass', v_begun.actor, v_begun.reason, jsonb_build_object(
        'run', p_begun, 'outcome', certification.plain(p_outcome, 40),
        'counts', certification.plain_counts(p_measures, p_counts)));
END
$$;
COMMENT ON FUNCTION certification.end_break_glass IS
    'Write to the audit how break-glass ended, and what was done. A run without this row was killed.';

CREATE OR REPLACE FUNCTION certification.import_break_glass_journal(
    p_journal_id uuid, p_actor text, p_reason text, p_lines integer[], p_mentor_ids uuid[], p_outcomes text[],
    p_at timestamptz[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30s' AS $$
DECLARE
    v_ids uuid[];
    v_n bigint;
BEGIN
    WITH imported AS (
        INSERT INTO certification.break_glass_journals AS j (journal_id, line, mentor_id, outcome, at)
        SELECT p_journal_id, i.line, i.mentor_id, i.outcome, certification.readable_time(i.at)
          FROM unnest(p_lines, p_mentor_ids, p_outcomes, p_at) AS i (line, mentor_id, outcome, at)
         ORDER BY i.line
        ON CONFLICT ON CONSTRAINT break_glass_journals_pkey DO NOTHING
        RETURNING j.line, j.mentor_id, j.outcome, j.at
    ), audited AS (
        INSERT INTO certification.audit (action, actor, reason, mentor_id, facts)
        SELECT 'break_glass', p_actor, p_reason, i.mentor_id,
               jsonb_build_object('journal', p_journal_id, 'line', i.line, 'action', 'hide', 'outcome', i.outcome,
                                  'done_at', i.at)
          FROM imported AS i ORDER BY i.line
    )
    SELECT array_agg(DISTINCT i.mentor_id), count(*) INTO v_ids, v_n FROM imported AS i;
    IF v_ids IS NOT NULL THEN
        -- The website may show something else now than our record says: look at these mentors (I7).
        PERFORM certification.bump_listing_version(v_ids);
    END IF;
    RETURN v_n;
END
$$;
COMMENT ON FUNCTION certification.import_break_glass_journal IS
    'Write to the audit what a journal says was done without this database, and have those mentors synced. A line '
    'that was imported before is passed over. Return how many were new.';

REVOKE ALL ON FUNCTION
    certification.begin_break_glass, certification.plain_counts, certification.own_break_glass,
    certification.take_listings, certification.end_break_glass, certification.import_break_glass_journal
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.begin_break_glass, certification.take_listings, certification.end_break_glass,
    certification.import_break_glass_journal
TO certification_break_glass;
