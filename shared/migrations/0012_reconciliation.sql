-- Reconciliation: read the website itself, compare all of it with what should be listed, repair, prove.
--
-- The rows of the website stream into a temporary table of one transaction; the comparison is a statement over that table
-- and the app's. What is being changed meanwhile is left alone and looked at again; a difference is believed only after the
-- row was read once more by its key, so a page that repeats or skips rows raises no alarm.

-- What is remembered ------------------------------------------------------------------------------------------------

CREATE TABLE certification.findings (
    id               bigint GENERATED ALWAYS AS IDENTITY,
    mentor_id        uuid,
    row_id           uuid,
    organisation_id  uuid,
    website_table    text NOT NULL,
    class            text NOT NULL
        CONSTRAINT finding_class_known CHECK (class IN ('listed_but_invalid', 'missing', 'field_drift', 'orphan')),
    cause            text NOT NULL
        CONSTRAINT finding_cause_known CHECK (cause IN ('hand_edit', 'waiting', 'set_aside', 'unknown_mentor')),
    fields           text[] NOT NULL DEFAULT '{}',
    version          bigint,
    opened_in        uuid NOT NULL,
    opened_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_in          uuid NOT NULL,
    seen_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    repairs          integer NOT NULL DEFAULT 0,
    repaired_at      timestamptz,
    closed_at        timestamptz,
    closed_in        uuid,
    outcome          text CONSTRAINT finding_outcome_known CHECK (outcome IN ('confirmed', 'superseded')),
    CONSTRAINT findings_pkey PRIMARY KEY (id),
    CONSTRAINT finding_is_of_something CHECK (num_nonnulls(mentor_id, row_id) > 0),
    CONSTRAINT finding_repaired_has_a_time CHECK ((repairs > 0) = (repaired_at IS NOT NULL)),
    CONSTRAINT finding_closed_is_whole CHECK (num_nonnulls(closed_at, closed_in, outcome) IN (0, 3))
);
COMMENT ON TABLE certification.findings IS
    'Differences between the website as read back and the app. Open until a later run sees that they are gone. outcome: confirmed (repaired, and seen to hold) | superseded (gone without a repair of ours).';
COMMENT ON COLUMN certification.findings.row_id IS 'The row''s own id in Dynamics.';
COMMENT ON COLUMN certification.findings.class IS
    'listed_but_invalid: visitors may see somebody who must not be listed; missing: they do not see somebody who should be; field_drift: they see something else than the app has; orphan: a visible row of no mentor.';
COMMENT ON COLUMN certification.findings.cause IS
    'hand_edit: our record says synced, but the website differs; waiting: the change has not reached the website yet; set_aside: the website refused it; unknown_mentor.';
COMMENT ON COLUMN certification.findings.fields IS 'The columns that differ, by name.';
COMMENT ON COLUMN certification.findings.version IS 'The listing''s desired version that the website was compared with.';
COMMENT ON COLUMN certification.findings.repairs IS 'How many runs have asked for its repair. A difference that is still there after two does not converge.';
CREATE UNIQUE INDEX finding_open_once ON certification.findings (mentor_id, website_table)
    WHERE closed_at IS NULL AND mentor_id IS NOT NULL;
CREATE UNIQUE INDEX finding_of_a_row_open_once ON certification.findings (row_id)
    WHERE closed_at IS NULL AND mentor_id IS NULL;
CREATE INDEX findings_closed ON certification.findings (closed_in) WHERE closed_in IS NOT NULL;

CREATE TABLE certification.proofs (
    run_id          uuid NOT NULL REFERENCES certification.runs (id) ON DELETE CASCADE,
    at              timestamptz NOT NULL,
    ended_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    complete        boolean NOT NULL,
    reason          text,
    app_listed      bigint,
    website_listed  bigint,
    equal           bigint,
    app_hash        text,
    website_hash    text,
    counts          jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT proofs_pkey PRIMARY KEY (run_id),
    CONSTRAINT proof_incomplete_has_a_reason CHECK (complete = (reason IS NULL)),
    CONSTRAINT proof_complete_has_figures CHECK (
        NOT complete OR num_nonnulls(app_listed, website_listed, equal, app_hash, website_hash) = 5)
);
COMMENT ON TABLE certification.proofs IS 'What a full comparison has shown, one row a run, kept for good. No personal data: numbers and hashes.';
COMMENT ON COLUMN certification.proofs.at IS 'When the reading of the website began.';
COMMENT ON COLUMN certification.proofs.app_listed IS 'Mentors who are active, certified and consenting, but for those in flight.';
COMMENT ON COLUMN certification.proofs.website_listed IS 'Rows that visitors may see, but for those in flight.';
COMMENT ON COLUMN certification.proofs.app_hash IS
    'SHA-256 over the SHA-256 of each listing, in the order of the mentors'' ids; of a listing: its mentor''s id and its published columns in the order of their names, each ended by the character 31.';
COMMENT ON COLUMN certification.proofs.counts IS 'Every count of the run, zeros included (I12).';
CREATE INDEX proofs_by_time ON certification.proofs (at DESC);

CREATE TABLE certification.queue_depths (
    queue    text NOT NULL,
    n        bigint NOT NULL CONSTRAINT queue_depth_not_negative CHECK (n >= 0),
    seen_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT queue_depths_pkey PRIMARY KEY (queue)
);
COMMENT ON TABLE certification.queue_depths IS 'How many messages the last sweep saw in each queue.';

ALTER TABLE certification.sync_state
    ADD COLUMN checked_at timestamptz,
    ADD COLUMN check_reason text,
    ADD COLUMN healthy_at timestamptz,
    ADD COLUMN failing_since timestamptz,
    ADD COLUMN secret_ends_on date,
    ADD COLUMN pending_secret text NOT NULL DEFAULT 'none';
COMMENT ON COLUMN certification.sync_state.checked_at IS 'When the credential was last tried.';
COMMENT ON COLUMN certification.sync_state.check_reason IS 'What that try came to, a code; null: all is well.';
COMMENT ON COLUMN certification.sync_state.failing_since IS 'Since when no try has succeeded.';
COMMENT ON COLUMN certification.sync_state.secret_ends_on IS 'The last day of the client secret, as the secret itself says.';
COMMENT ON COLUMN certification.sync_state.pending_secret IS 'The next version of the secret: none | good | the code of what is wrong with it.';

ALTER TABLE certification.organisation_settings ADD COLUMN table_is_ours boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN certification.organisation_settings.table_is_ours IS
    'Whether every row of the organisation''s listing table comes from here: then a visible row of no mentor is hidden. Only if all organisations of that table say so.';

ALTER TABLE certification.listings ADD COLUMN verified_version bigint NOT NULL DEFAULT 0, ADD COLUMN verified_at timestamptz;
COMMENT ON COLUMN certification.listings.verified_version IS 'The version that was last read back from the website and found equal.';
CREATE INDEX listings_unverified ON certification.listings (synced_at)
    WHERE verified_version < synced_version AND synced_version = desired_version AND synced_at IS NOT NULL;

-- Observations --------------------------------------------------------------------------------------------------------

CREATE FUNCTION certification.website_tables() RETURNS TABLE (website_table text, website_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT m.mapping ->> 'table', m.mapping ->> 'key'
      FROM (SELECT certification.effective_mapping(o.id) AS mapping FROM public.organisations AS o
            UNION ALL SELECT d.listing_mapping::jsonb FROM certification.standard AS d
             WHERE NOT EXISTS (SELECT 1 FROM public.organisations)) AS m
     ORDER BY 1, 2
$$;
COMMENT ON FUNCTION certification.website_tables IS 'The tables of the website that listings live in, and their keys.';

CREATE FUNCTION certification.note_check(p_reason text, p_refused boolean, p_secret_ends_on date, p_pending text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_was_stopped boolean;
BEGIN
    SELECT s.stopped_since IS NOT NULL INTO v_was_stopped FROM certification.sync_state AS s FOR NO KEY UPDATE;
    UPDATE certification.sync_state AS s
       SET checked_at = clock_timestamp(),
           check_reason = p_reason,
           healthy_at = CASE WHEN p_reason IS NULL THEN clock_timestamp() ELSE s.healthy_at END,
           failing_since = CASE WHEN p_reason IS NOT NULL THEN coalesce(s.failing_since, clock_timestamp()) END,
           stopped_since = CASE WHEN p_reason IS NULL THEN NULL
                                WHEN p_refused THEN coalesce(s.stopped_since, clock_timestamp()) ELSE s.stopped_since END,
           stopped_reason = CASE WHEN p_reason IS NULL THEN NULL WHEN p_refused THEN p_reason ELSE s.stopped_reason END,
           tried_at = CASE WHEN p_reason IS NULL THEN NULL ELSE clock_timestamp() END,
           -- Where the secret could not even be read, what it said last stands.
           secret_ends_on = CASE WHEN p_reason IS NULL THEN p_secret_ends_on ELSE coalesce(p_secret_ends_on, s.secret_ends_on) END,
           pending_secret = coalesce(p_pending, s.pending_secret); -- null: it could not be told
    RETURN v_was_stopped AND p_reason IS NULL;
END
$$;
COMMENT ON FUNCTION certification.note_check IS
    'Write down what trying the credential came to. p_reason null: healthy, and a stop is over; p_refused: nothing is sent until a check succeeds (I10). Answers whether a stop has ended by this.';

CREATE FUNCTION certification.note_queue_depth(p_queue text, p_n bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.queue_depths AS q (queue, n) VALUES (p_queue, p_n)
    ON CONFLICT ON CONSTRAINT queue_depths_pkey DO UPDATE SET n = excluded.n, seen_at = clock_timestamp()
$$;

-- The comparison -------------------------------------------------------------------------------------------------------

CREATE FUNCTION certification.open_comparison()
RETURNS TABLE (site integer, website_table text, website_key text, columns text[], show jsonb, hide jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- One site for each mapping that is in force; organisations that publish alike share one.
    CREATE TEMPORARY TABLE sites ON COMMIT DROP AS
        SELECT (row_number() OVER (ORDER BY m.mapping ->> 'table', m.mapping ->> 'key', m.mapping::text))::integer AS site,
               m.mapping, m.organisations,
               ARRAY(SELECT k FROM jsonb_object_keys(m.mapping -> 'columns') AS k ORDER BY k COLLATE "C") AS columns
          FROM (SELECT certification.effective_mapping(o.id) AS mapping, array_agg(o.id ORDER BY o.id) AS organisations
                  FROM (SELECT l.organisation_id AS id FROM certification.listings AS l GROUP BY l.organisation_id
                        UNION SELECT o.id FROM public.organisations AS o) AS o
                 GROUP BY certification.effective_mapping(o.id)) AS m;
    CREATE TEMPORARY TABLE website_rows (
        site       integer NOT NULL,
        mentor_id  uuid,
        row_id     uuid NOT NULL,
        shown      smallint NOT NULL, -- 2: every flag shows it; 0: a flag hides it; 1: neither
        content    text NOT NULL
    ) ON COMMIT DROP;
    GRANT INSERT ON website_rows TO certification_reconciliation;
    CREATE TEMPORARY TABLE differences (
        site             integer NOT NULL,
        mentor_id        uuid,
        row_id           uuid,
        organisation_id  uuid,
        class            text NOT NULL,
        cause            text NOT NULL,
        fields           text[] NOT NULL,
        version          bigint,
        consenting       boolean NOT NULL,
        verified         boolean NOT NULL -- read once more by its key, or of no key
    ) ON COMMIT DROP;
    CREATE UNIQUE INDEX ON differences (site, mentor_id) WHERE mentor_id IS NOT NULL;
    CREATE UNIQUE INDEX ON differences (row_id) WHERE mentor_id IS NULL;
    CREATE TEMPORARY TABLE seen_equal (mentor_id uuid NOT NULL, version bigint NOT NULL) ON COMMIT DROP;
    RETURN QUERY
    SELECT s.site, s.mapping ->> 'table', s.mapping ->> 'key', s.columns, s.mapping -> 'show', s.mapping -> 'hide'
      FROM sites AS s ORDER BY s.site;
END
$$;
COMMENT ON FUNCTION certification.open_comparison IS
    'Make the temporary tables of a comparison, which end with the transaction, and answer what is to be read: the columns in the order in which their values are compared.';

-- The value of each published column as the app has it, each ended by the character 31. Built from the whitelist only.
CREATE FUNCTION certification.content_expression(p_mapping jsonb, p_columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format('coalesce(btrim(%s, E'' \t\r\n''), '''') || E''\x1f''', CASE p_mapping -> 'columns' ->> k.name
               WHEN 'first_name' THEN 'm.first_name' WHEN 'last_name' THEN 'm.last_name'
               WHEN 'full_name' THEN 'concat_ws('' '', m.first_name, m.last_name)'
               WHEN 'phone' THEN 'm.phone' WHEN 'email' THEN 'm.email' WHEN 'area' THEN 'm.area'
               WHEN 'organisation' THEN 'o.name' END), ' || ' ORDER BY k.place)
      FROM unnest(p_columns) WITH ORDINALITY AS k (name, place)
$$;

CREATE FUNCTION certification.compare_website(p_mentor_ids uuid[], p_before timestamptz)
RETURNS TABLE (measure text, n bigint, digest text)
-- row_security: a mentor whom a policy hides from us must be an error, not a mentor who is gone.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    v_site record;
    v record;
    v_counts bigint[] := '{0,0,0,0,0,0}';
    v_repeated bigint := 0;
    v_small bigint := 0;
    v_app bytea := '';
    v_website bytea := '';
BEGIN
    IF p_mentor_ids IS NULL THEN
        DELETE FROM differences AS d WHERE NOT d.verified;
        TRUNCATE seen_equal;
        ANALYZE website_rows;
    ELSE
        DELETE FROM differences AS d WHERE d.mentor_id = ANY (p_mentor_ids);
    END IF;
    FOR v_site IN SELECT s.*, min(s.site) OVER (PARTITION BY s.mapping ->> 'table', s.mapping ->> 'key') AS first FROM sites AS s ORDER BY s.site LOOP
        EXECUTE format($query$
            WITH organisation AS MATERIALIZED (
                SELECT i.id, o.name, coalesce(e.day, certification.today_in(coalesce(o.timezone, ''))) AS day
                  FROM unnest($2) AS i (id)
                  LEFT JOIN public.organisations AS o ON o.id = i.id
                  LEFT JOIN certification.evaluated_days AS e ON e.organisation_id = i.id
            ), app AS (
                SELECT l.mentor_id, l.organisation_id, l.desired_version, l.state, l.verified_version < l.synced_version AS unverified,
                       coalesce(m.status = 'active' AND m.listing_consent AND c.expires_on >= o.day, false) AS wanted,
                       coalesce(m.listing_consent, false) AS consenting,
                       l.synced_version = l.desired_version AS synced,
                       l.changed_at < $3 AND CASE WHEN l.synced_version = l.desired_version THEN l.synced_at IS NULL OR l.synced_at < $3
                           ELSE l.reason IS DISTINCT FROM 'brake' AND (l.claimed_until IS NULL OR l.claimed_until < statement_timestamp()) AND NOT certification.only_doubtful(l) END AS settled,
                       %1$s AS content
                  FROM certification.listings AS l
                  JOIN organisation AS o ON o.id = l.organisation_id
                  LEFT JOIN public.peer_mentors AS m ON m.id = l.mentor_id AND m.organisation_id IS NOT NULL
                  LEFT JOIN public.certifications AS c ON c.mentor_id = m.id
                 WHERE $1 IS NULL OR l.mentor_id = ANY ($1)
            ), paired AS (
                SELECT coalesce(a.mentor_id, r.mentor_id) AS mentor_id, coalesce(a.mentor_id, r.mentor_id, r.row_id) AS place,
                       a.mentor_id IS NOT NULL AS known, r.row_id,
                       a.organisation_id, a.desired_version, a.state, a.consenting, a.synced, a.unverified,
                       coalesce(a.wanted, false) AS wanted, a.content, r.content AS seen, coalesce(r.shown, 0) AS shown,
                       -- Another organisation's, which another site looks after; or nobody's.
                       CASE WHEN a.mentor_id IS NOT NULL THEN CASE WHEN a.settled THEN 'judge' ELSE 'in_flight' END
                            ELSE coalesce((
                                SELECT CASE WHEN (s.mapping ->> 'table', s.mapping ->> 'key') = ($5, $6) THEN 'elsewhere'
                                            WHEN l.changed_at < $3 AND (l.synced_at IS NULL OR l.synced_at < $3) THEN 'judge' ELSE 'in_flight' END
                                  FROM certification.listings AS l JOIN sites AS s ON l.organisation_id = ANY (s.organisations)
                                 WHERE l.mentor_id = r.mentor_id), CASE WHEN $4 = $7 THEN 'judge' ELSE 'elsewhere' END) END AS turn
                  FROM app AS a
                  FULL JOIN (SELECT w.* FROM website_rows AS w
                              WHERE w.site = $4 AND ($1 IS NULL OR w.mentor_id = ANY ($1))) AS r ON r.mentor_id = a.mentor_id
            ), judged AS MATERIALIZED (
                SELECT p.mentor_id, p.place, p.known, p.row_id, p.organisation_id, p.desired_version, p.state, p.consenting, p.synced, p.turn,
                       p.wanted, p.shown, p.unverified,
                       CASE WHEN p.turn <> 'judge' THEN NULL
                            WHEN NOT p.wanted THEN CASE WHEN p.shown = 0 THEN NULL WHEN p.known
                                OR EXISTS (SELECT 1 FROM certification.listings AS l WHERE l.mentor_id = p.mentor_id)
                                THEN 'listed_but_invalid' ELSE 'orphan' END
                            WHEN p.shown = 0 THEN 'missing'
                            WHEN p.shown = 1 OR p.content <> p.seen THEN 'field_drift' END AS class,
                       CASE WHEN p.wanted AND p.shown > 0 AND p.content <> p.seen THEN p.content END AS content,
                       CASE WHEN p.wanted AND p.shown > 0 AND p.content <> p.seen THEN p.seen END AS seen,
                       CASE WHEN p.turn = 'judge' AND p.wanted THEN sha256(convert_to(p.mentor_id || E'\x1f' || p.content, 'UTF8')) END AS app_digest,
                       CASE WHEN p.turn = 'judge' AND p.shown > 0 AND (NOT p.wanted OR p.content <> p.seen)
                            THEN sha256(convert_to(p.place || E'\x1f' || p.seen, 'UTF8')) END AS website_digest
                  FROM paired AS p
                 WHERE p.turn <> 'elsewhere' AND (p.wanted OR p.shown > 0 OR p.state = 'live' OR p.unverified)
            ), noted AS (
                INSERT INTO differences AS d (site, mentor_id, row_id, organisation_id, class, cause, fields, version, consenting, verified)
                SELECT $4, j.mentor_id, j.row_id, coalesce(j.organisation_id, CASE WHEN j.class = 'orphan' THEN ($2)[1] END), j.class,
                       CASE WHEN j.class = 'orphan' THEN 'unknown_mentor' WHEN j.state = 'set_aside' THEN 'set_aside'
                            WHEN NOT j.synced THEN 'waiting' ELSE 'hand_edit' END,
                       CASE WHEN j.class = 'field_drift' THEN
                           ARRAY(SELECT k.name FROM unnest($8) WITH ORDINALITY AS k (name, place)
                                  WHERE (string_to_array(j.content, E'\x1f'))[k.place] IS DISTINCT FROM (string_to_array(j.seen, E'\x1f'))[k.place]
                                  ORDER BY k.place) || CASE WHEN j.shown = 1 THEN $9 ELSE '{}' END
                           ELSE '{}' END,
                       j.desired_version, coalesce(j.consenting, false),
                       $1 IS NOT NULL OR j.mentor_id IS NULL
                  FROM judged AS j WHERE j.class IS NOT NULL
                ON CONFLICT DO NOTHING
            ), verified AS (
                INSERT INTO seen_equal (mentor_id, version)
                SELECT j.mentor_id, j.desired_version FROM judged AS j
                 WHERE j.unverified AND j.synced AND j.turn = 'judge' AND j.class IS NULL
            )
            SELECT ARRAY[count(*) FILTER (WHERE j.turn = 'judge' AND j.wanted),
                         count(*) FILTER (WHERE j.turn = 'judge' AND j.shown > 0),
                         count(*) FILTER (WHERE j.turn = 'judge' AND j.wanted AND j.class IS NULL),
                         count(*) FILTER (WHERE j.turn = 'in_flight'),
                         count(*) FILTER (WHERE j.known AND j.state = 'live'),
                         count(*) FILTER (WHERE j.known AND j.state = 'live' AND j.row_id IS NOT NULL)] AS counts,
                   -- One sort for all three.
                   count(*) FILTER (WHERE j.known) - count(DISTINCT j.place) FILTER (WHERE j.known) AS repeated,
                   sha256(coalesce(string_agg(j.app_digest, '' ORDER BY j.place), '')) AS app,
                   sha256(coalesce(string_agg(coalesce(j.website_digest, j.app_digest), '' ORDER BY j.place)
                          FILTER (WHERE j.turn = 'judge' AND j.shown > 0), '')) AS website
              FROM judged AS j
            $query$, certification.content_expression(v_site.mapping, v_site.columns))
        INTO v
        USING p_mentor_ids, v_site.organisations, p_before, v_site.site, v_site.mapping ->> 'table', v_site.mapping ->> 'key',
              v_site.first, v_site.columns, ARRAY(SELECT jsonb_object_keys(v_site.mapping -> 'show'));
        v_counts := ARRAY(SELECT a.n + b.n FROM unnest(v_counts) WITH ORDINALITY AS a (n, i)
                            JOIN unnest(v.counts) WITH ORDINALITY AS b (n, i) USING (i) ORDER BY i);
        v_repeated := v_repeated + v.repeated;
        -- Most of what the website was last made to show is not in its answer.
        v_small := v_small + (v.counts[5] >= 3 AND v.counts[6] * 2 < v.counts[5])::integer;
        v_app := v_app || v.app;
        v_website := v_website || v.website;
    END LOOP;
    RETURN QUERY
    SELECT m.measure, v_counts[m.i], NULL
      FROM unnest('{app_listed,website_listed,equal,in_flight,live_recorded,live_found}'::text[]) WITH ORDINALITY AS m (measure, i)
    UNION ALL
    SELECT 'rows_repeated', v_repeated, NULL
    UNION ALL
    SELECT 'sites_small', v_small, NULL
    UNION ALL
    SELECT c.class, count(d.class), NULL FROM unnest('{listed_but_invalid,missing,field_drift,orphan}'::text[]) AS c (class)
      LEFT JOIN differences AS d ON d.class = c.class GROUP BY c.class
    UNION ALL
    SELECT 'differences_unverified', count(*), NULL FROM differences AS d WHERE NOT d.verified
    UNION ALL
    SELECT 'hand_edit', count(*), NULL FROM differences AS d WHERE d.cause = 'hand_edit'
    UNION ALL
    SELECT 'waiting', count(*), NULL FROM differences AS d WHERE d.cause = 'waiting'
    UNION ALL
    SELECT 'set_aside', count(*), NULL FROM certification.listings AS l WHERE l.state = 'set_aside'
    UNION ALL
    SELECT 'app_hash', 0, encode(sha256(v_app), 'hex')
    UNION ALL
    SELECT 'website_hash', 0, encode(sha256(v_website), 'hex');
END
$$;
COMMENT ON FUNCTION certification.compare_website IS
    'Compare the rows that were read with what should be listed, all of it (null) or these mentors. What changed after p_before, or is on its way, is left alone (in_flight). Fills `differences` and answers every count, zeros included, and the hashes of both sides.';

CREATE FUNCTION certification.differences_to_verify(p_limit integer) RETURNS TABLE (mentor_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT d.mentor_id FROM differences AS d
     WHERE NOT d.verified
     GROUP BY d.mentor_id
     ORDER BY bool_and(d.class <> 'listed_but_invalid'), bool_and(d.class <> 'orphan'), d.mentor_id
     LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION certification.differences_to_verify IS 'Whom to read once more by key, those that must not be listed first.';

CREATE FUNCTION certification.forget_rows(p_mentor_ids uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM website_rows AS w WHERE w.mentor_id = ANY (p_mentor_ids);
END
$$;
COMMENT ON FUNCTION certification.forget_rows IS 'These are about to be read again.';

CREATE FUNCTION certification.forget_repeated_rows() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_n bigint;
BEGIN
    DELETE FROM website_rows AS w USING website_rows AS other
     WHERE other.site = w.site AND other.row_id = w.row_id AND other.ctid < w.ctid;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END
$$;
COMMENT ON FUNCTION certification.forget_repeated_rows IS 'Paging may give a row twice when rows come and go meanwhile.';

CREATE FUNCTION certification.record_findings(p_run_id uuid, p_mentor_ids uuid[], p_before timestamptz)
RETURNS TABLE (measure text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Two runs at once would lock the same findings in different orders. From here to the end of the transaction is moments.
    LOCK TABLE certification.findings IN SHARE ROW EXCLUSIVE MODE;
    RETURN QUERY
    WITH believed AS MATERIALIZED (
        SELECT d.mentor_id, d.row_id, d.organisation_id, s.mapping ->> 'table' AS website_table, d.class, d.cause, d.fields, d.version
          FROM differences AS d JOIN sites AS s ON s.site = d.site
         WHERE d.verified AND NOT EXISTS ( -- changed since it was compared
               SELECT 1 FROM certification.listings AS l
                WHERE l.mentor_id = d.mentor_id
                  AND (l.desired_version <> d.version OR l.changed_at >= p_before OR l.synced_at >= p_before OR l.state = 'sending'))
         ORDER BY d.mentor_id, d.row_id
    ), again AS (
        UPDATE certification.findings AS f
           SET class = b.class, cause = b.cause, fields = b.fields, version = b.version, row_id = b.row_id,
               organisation_id = b.organisation_id, seen_in = p_run_id, seen_at = clock_timestamp()
          FROM believed AS b
         WHERE f.closed_at IS NULL AND (f.mentor_id = b.mentor_id AND f.website_table = b.website_table
                                        OR f.mentor_id IS NULL AND b.mentor_id IS NULL AND f.row_id = b.row_id)
        RETURNING f.id
    ), fresh AS (
        INSERT INTO certification.findings AS f
            (mentor_id, row_id, organisation_id, website_table, class, cause, fields, version, opened_in, seen_in)
        SELECT b.mentor_id, b.row_id, b.organisation_id, b.website_table, b.class, b.cause, b.fields, b.version, p_run_id, p_run_id
          FROM believed AS b
        ON CONFLICT DO NOTHING -- open already
        RETURNING f.id
    ), over AS (
        UPDATE certification.findings AS f
           SET closed_at = clock_timestamp(), closed_in = p_run_id,
               outcome = CASE WHEN f.repairs > 0 THEN 'confirmed' ELSE 'superseded' END
         WHERE f.closed_at IS NULL AND (p_mentor_ids IS NULL OR f.mentor_id = ANY (p_mentor_ids))
           AND NOT EXISTS (SELECT 1 FROM differences AS d
                            WHERE d.mentor_id = f.mentor_id OR d.mentor_id IS NULL AND f.mentor_id IS NULL AND d.row_id = f.row_id)
           -- A repair that is on its way, or has just arrived, is looked at again later.
           AND NOT EXISTS (SELECT 1 FROM certification.listings AS l
                            WHERE l.mentor_id = f.mentor_id
                              AND (l.synced_version < l.desired_version OR l.changed_at >= p_before OR l.synced_at >= p_before))
        RETURNING f.outcome
    ), seen AS (
        UPDATE certification.listings AS l SET verified_version = e.version, verified_at = clock_timestamp()
          FROM (SELECT k.mentor_id, q.version FROM seen_equal AS q
                  JOIN certification.listings AS k ON k.mentor_id = q.mentor_id AND k.synced_version = q.version
                   FOR NO KEY UPDATE OF k SKIP LOCKED) AS e
         WHERE l.mentor_id = e.mentor_id
        RETURNING 1
    )
    SELECT 'findings_opened', (SELECT count(*) FROM fresh)
    UNION ALL SELECT 'findings_seen_again', (SELECT count(*) FROM again)
    UNION ALL SELECT 'findings_confirmed', (SELECT count(*) FROM over AS o WHERE o.outcome = 'confirmed')
    UNION ALL SELECT 'findings_superseded', (SELECT count(*) FROM over AS o WHERE o.outcome = 'superseded')
    UNION ALL SELECT 'listings_verified', (SELECT count(*) FROM seen);
END
$$;
COMMENT ON FUNCTION certification.record_findings IS
    'Write down the differences that were read twice, and close what is over: of everybody (null), or of these mentors.';

CREATE FUNCTION certification.request_repairs(p_run_id uuid, p_everybody boolean)
RETURNS TABLE (mentor_id uuid, version bigint, braked bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v record;
    v_held uuid[] := '{}';
    v_braked bigint := 0;
BEGIN
    CREATE TEMPORARY TABLE repairs ON COMMIT DROP AS
        SELECT d.mentor_id, d.row_id, d.organisation_id, d.class, d.version, s.mapping,
               jsonb_build_object('table', s.mapping -> 'table', 'key', s.mapping -> 'key', 'hide', s.mapping -> 'hide',
                                  'columns', to_jsonb(s.columns)) AS target,
               -- Who does not consent is hidden also while the brake is on (I5).
               d.class = 'listed_but_invalid' AND NOT d.consenting AS at_once
          FROM differences AS d
          JOIN sites AS s ON s.site = d.site
         WHERE d.verified AND d.mentor_id IS NOT NULL
           AND CASE d.cause WHEN 'hand_edit' THEN true
                WHEN 'unknown_mentor' THEN NOT EXISTS ( -- the table is ours only if everybody who uses it says so
                    SELECT 1 FROM sites AS t CROSS JOIN unnest(t.organisations) AS u (id)
                      LEFT JOIN certification.organisation_settings AS g ON g.organisation_id = u.id
                     WHERE t.mapping ->> 'table' = s.mapping ->> 'table' AND NOT coalesce(g.table_is_ours, false))
                ELSE false END
           -- What two repairs did not cure is for a person; the night tries again, and what must not be listed is tried always.
           AND (p_everybody OR d.class = 'listed_but_invalid' OR NOT EXISTS (
               SELECT 1 FROM certification.findings AS f
                WHERE f.mentor_id = d.mentor_id AND f.closed_at IS NULL AND f.repairs >= 2));
    FOR v IN
        SELECT o.id, (SELECT count(*) FROM repairs AS r WHERE r.organisation_id = o.id AND NOT r.at_once) AS n
          FROM (SELECT DISTINCT u.id FROM sites AS s CROSS JOIN unnest(s.organisations) AS u (id)) AS o
         ORDER BY o.id
    LOOP
        IF NOT p_everybody AND EXISTS (SELECT 1 FROM certification.brakes AS b
                                        WHERE b.organisation_id = v.id AND b.kind = 'repair' AND b.closed_at IS NULL) THEN
            v_held := v_held || v.id; -- the next full comparison decides
        ELSIF (p_everybody OR v.n > 0) AND certification.brake_holds(v.id, 'repair', v.n, CASE WHEN v.n = 0 THEN 0 ELSE greatest(v.n, (
                SELECT count(*) FROM certification.listings AS l WHERE l.organisation_id = v.id AND l.state = 'live')) END, p_run_id) THEN
            v_held := v_held || v.id;
            v_braked := v_braked + v.n;
        END IF;
    END LOOP;
    RETURN QUERY
    WITH held AS (
        SELECT l.mentor_id, r.class, r.target
          FROM repairs AS r
          JOIN certification.listings AS l ON l.mentor_id = r.mentor_id
         WHERE l.synced_version = l.desired_version AND (l.desired_version = r.version OR r.version IS NULL)
           AND (r.at_once OR NOT r.organisation_id = ANY (v_held))
         ORDER BY l.mentor_id
           FOR NO KEY UPDATE OF l SKIP LOCKED
    ), raised AS (
        UPDATE certification.listings AS l
           SET desired_version = l.desired_version + 1, state = 'waiting', reason = NULL, changed_at = clock_timestamp(),
               -- Where it is to be hidden, if our record knows of nothing there.
               website = CASE WHEN h.class IN ('listed_but_invalid', 'orphan') AND (l.website IS NULL
                                   OR (l.website ->> 'table', l.website ->> 'key') <> (h.target ->> 'table', h.target ->> 'key'))
                              THEN h.target ELSE l.website END
          FROM held AS h
         WHERE l.mentor_id = h.mentor_id
        RETURNING l.mentor_id, l.desired_version
    ), taken_over AS (
        INSERT INTO certification.listings AS l (mentor_id, organisation_id, state, website)
        SELECT r.mentor_id, r.organisation_id, 'waiting', r.target
          FROM repairs AS r
         WHERE r.class = 'orphan' AND NOT r.organisation_id = ANY (v_held)
         ORDER BY r.mentor_id
        ON CONFLICT ON CONSTRAINT listings_pkey DO NOTHING
        RETURNING l.mentor_id, l.desired_version
    ), asked AS (
        SELECT * FROM raised UNION ALL SELECT * FROM taken_over
    ), counted AS (
        UPDATE certification.findings AS f SET repairs = f.repairs + 1, repaired_at = clock_timestamp()
          FROM asked AS a
         WHERE f.mentor_id = a.mentor_id AND f.closed_at IS NULL
    )
    SELECT a.mentor_id, a.desired_version, NULL::bigint FROM asked AS a
    UNION ALL
    SELECT NULL, NULL, v_braked;
END
$$;
COMMENT ON FUNCTION certification.request_repairs IS
    'Raise the listings of the differences that were found, but for organisations whose brake holds, and answer whom to sync; one row more says how many the brake holds back.';

CREATE FUNCTION certification.write_proof(
    p_run_id uuid, p_at timestamptz, p_reason text, p_app_listed bigint, p_website_listed bigint, p_equal bigint,
    p_app_hash text, p_website_hash text, p_counts jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.proofs (run_id, at, complete, reason, app_listed, website_listed, equal, app_hash, website_hash, counts)
    VALUES (p_run_id, p_at, p_reason IS NULL, p_reason, p_app_listed, p_website_listed, p_equal, p_app_hash, p_website_hash, p_counts)
$$;

CREATE FUNCTION certification.note_acceptance(p_run_id uuid, p_actor text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('accept_small_answer', p_actor, p_reason, jsonb_build_object('run_id', p_run_id))
$$;
COMMENT ON FUNCTION certification.note_acceptance IS 'Somebody has taken a suspiciously small answer of the website for true.';

-- The sweep ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION certification.overdue_listings(p_older_than interval, p_limit integer)
RETURNS TABLE (mentor_id uuid, version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.mentor_id, l.desired_version FROM certification.listings AS l
     WHERE l.synced_version < l.desired_version AND l.state <> 'set_aside'
       AND (l.claimed_until IS NULL OR l.claimed_until < clock_timestamp()) AND NOT certification.only_doubtful(l)
       AND l.changed_at < clock_timestamp() - p_older_than
     -- What was tried often does not stand in the way of what was not.
     ORDER BY l.attempts, l.changed_at, l.mentor_id LIMIT p_limit
$$;
COMMENT ON FUNCTION certification.overdue_listings IS
    'Changes that should have reached the website by now and that nobody is sending: a doorbell, a message or a worker was lost (I7).';

CREATE FUNCTION certification.count_waiting() RETURNS TABLE (measure text, n bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH unsynced AS MATERIALIZED (
        SELECT l.state, l.changed_at, l.claimed_until FROM certification.listings AS l WHERE l.synced_version < l.desired_version
    )
    SELECT 'listings_unsynced', count(*) FROM unsynced
    UNION ALL SELECT 'listings_set_aside', count(*) FROM unsynced AS u WHERE u.state = 'set_aside'
    UNION ALL SELECT 'claims_stuck', count(*) FROM unsynced AS u WHERE u.state = 'sending' AND u.claimed_until < clock_timestamp()
    UNION ALL SELECT 'oldest_unsynced_seconds',
        coalesce(floor(extract(epoch FROM clock_timestamp() - min(u.changed_at)))::bigint, 0) FROM unsynced AS u WHERE u.state <> 'set_aside'
    UNION ALL SELECT 'findings_open', count(*) FROM certification.findings AS f WHERE f.closed_at IS NULL
$$;
COMMENT ON FUNCTION certification.count_waiting IS 'What the website does not show yet, zeros included.';

-- After an hour, then after two, four, eight, and then every day: whoever changed a column or a role in Dynamics tells
-- nobody here. What changes in the app is tried at once.
CREATE FUNCTION certification.is_due_again(l certification.listings) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT l.state = 'set_aside' AND l.changed_at < clock_timestamp()
           - interval '1 hour' * (2 ^ least(greatest(l.attempts, 1), 5) - 1) - interval '1 day' * greatest(l.attempts - 5, 0)
$$;
COMMENT ON FUNCTION certification.is_due_again IS 'Whether a listing that was set aside is to be tried again by itself: its cause may be gone.';

CREATE FUNCTION certification.retry_due_set_aside(p_limit integer) RETURNS bigint
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
COMMENT ON FUNCTION certification.retry_due_set_aside IS 'Take up again what was set aside and may go now. Its first failing stays its time of change, so it counts as overdue at once.';

CREATE FUNCTION certification.retry_set_aside(p_mentor_ids uuid[], p_actor text, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ids uuid[];
BEGIN
    SELECT array_agg(d.mentor_id) INTO v_ids FROM (
        SELECT l.mentor_id FROM certification.listings AS l
         WHERE l.state = 'set_aside' AND (p_mentor_ids IS NULL OR l.mentor_id = ANY (p_mentor_ids))
         ORDER BY l.mentor_id FOR NO KEY UPDATE) AS d;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM certification.raise_listings(v_ids);
    INSERT INTO certification.audit (action, actor, reason, mentor_id)
    SELECT 'retry_set_aside', p_actor, p_reason, i.id FROM unnest(v_ids) AS i (id);
    RETURN cardinality(v_ids);
END
$$;
COMMENT ON FUNCTION certification.retry_set_aside IS 'A person has listings that were set aside tried again now: these, or all (null).';

CREATE FUNCTION certification.listings_to_recheck(p_settling interval, p_limit integer) RETURNS TABLE (mentor_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    (SELECT DISTINCT f.mentor_id FROM certification.findings AS f
      WHERE f.closed_at IS NULL AND f.mentor_id IS NOT NULL LIMIT p_limit)
    UNION
    (SELECT l.mentor_id FROM certification.listings AS l
      WHERE l.verified_version < l.synced_version AND l.synced_version = l.desired_version
        AND l.synced_at < clock_timestamp() - p_settling
      ORDER BY l.synced_at LIMIT p_limit)
$$;
COMMENT ON FUNCTION certification.listings_to_recheck IS
    'Whose rows to read back: open findings, and whatever was synced and has not been read back since. At most the limit of each.';

CREATE FUNCTION certification.forget_old_sweeps() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM certification.runs AS r
     WHERE r.function = 'reconciliation_sweep' AND r.started_at < clock_timestamp() - interval '14 days'
$$;
COMMENT ON FUNCTION certification.forget_old_sweeps IS 'There are 288 a day; the other runs are kept.';

REVOKE ALL ON FUNCTION
    certification.website_tables, certification.note_check, certification.note_queue_depth, certification.open_comparison,
    certification.content_expression, certification.compare_website, certification.differences_to_verify,
    certification.forget_rows, certification.forget_repeated_rows, certification.record_findings,
    certification.request_repairs, certification.write_proof, certification.note_acceptance, certification.overdue_listings,
    certification.count_waiting, certification.is_due_again, certification.retry_due_set_aside, certification.retry_set_aside,
    certification.listings_to_recheck, certification.forget_old_sweeps
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.website_tables, certification.note_check, certification.note_queue_depth, certification.open_comparison,
    certification.compare_website, certification.differences_to_verify, certification.forget_rows,
    certification.forget_repeated_rows, certification.record_findings, certification.request_repairs,
    certification.write_proof, certification.note_acceptance, certification.overdue_listings, certification.count_waiting,
    certification.retry_due_set_aside, certification.listings_to_recheck, certification.forget_old_sweeps
TO certification_reconciliation;
GRANT EXECUTE ON FUNCTION certification.website_tables, certification.note_check TO certification_expiry_check, certification_dynamics_sync;
GRANT EXECUTE ON FUNCTION certification.website_closed_for, certification.close_website TO certification_expiry_check;
