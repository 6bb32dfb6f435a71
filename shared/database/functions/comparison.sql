-- The website compared with the app: differences, findings, repairs, the proof (I14).

CREATE OR REPLACE FUNCTION certification.website_tables() RETURNS TABLE (website_table text, website_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT m.mapping ->> 'table', m.mapping ->> 'key'
      FROM (SELECT certification.effective_mapping(o.id) AS mapping FROM public.organisations AS o
            UNION ALL SELECT d.listing_mapping::jsonb FROM certification.standard AS d
             WHERE NOT EXISTS (SELECT 1 FROM public.organisations)) AS m
     ORDER BY 1, 2
$$;
COMMENT ON FUNCTION certification.website_tables IS 'The tables of the website that listings live in, and their keys.';

CREATE OR REPLACE FUNCTION certification.open_comparison()
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
CREATE OR REPLACE FUNCTION certification.content_expression(p_mapping jsonb, p_columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format('coalesce(%s COLLATE "C", '''') || E''\x1f''', CASE p_mapping -> 'columns' ->> k.name
               WHEN 'first_name' THEN 'certification.clean_text(m.first_name::text)'
               WHEN 'last_name' THEN 'certification.clean_text(m.last_name::text)'
               WHEN 'full_name' THEN 'certification.full_name(m.first_name::text, m.last_name::text)'
               WHEN 'phone' THEN 'certification.clean_text(m.phone::text)'
               WHEN 'email' THEN 'certification.clean_text(m.email::text)'
               WHEN 'area' THEN 'certification.clean_text(m.area::text)'
               WHEN 'organisation' THEN 'certification.clean_text(o.name::text)' END), ' || ' ORDER BY k.place)
      FROM unnest(p_columns) WITH ORDINALITY AS k (name, place)
$$;

CREATE OR REPLACE FUNCTION certification.compare_website(p_mentor_ids uuid[], p_before timestamptz)
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
                SELECT i.id, o.name, o.timezone::text AS zone, coalesce(e.day, certification.today_in(o.timezone::text)) AS day
                  FROM unnest($2) AS i (id)
                  LEFT JOIN public.organisations AS o ON o.id = i.id
                  LEFT JOIN certification.evaluated_days AS e ON e.organisation_id = i.id
            ), app AS (
                SELECT l.mentor_id, l.organisation_id, l.desired_version, l.state, l.verified_version < l.synced_version AS unverified,
                       coalesce(certification.is_status(m.status::text, 'active') AND m.listing_consent
                                AND certification.day_of(c.expires_on, o.zone) >= o.day, false) AS wanted,
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

CREATE OR REPLACE FUNCTION certification.differences_to_verify(p_limit integer) RETURNS TABLE (mentor_id uuid)
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

CREATE OR REPLACE FUNCTION certification.forget_rows(p_mentor_ids uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM website_rows AS w WHERE w.mentor_id = ANY (p_mentor_ids);
END
$$;
COMMENT ON FUNCTION certification.forget_rows IS 'These are about to be read again.';

CREATE OR REPLACE FUNCTION certification.forget_repeated_rows() RETURNS bigint
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

CREATE OR REPLACE FUNCTION certification.record_findings(p_run_id uuid, p_mentor_ids uuid[], p_before timestamptz)
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

CREATE OR REPLACE FUNCTION certification.request_repairs(p_run_id uuid, p_everybody boolean)
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

CREATE OR REPLACE FUNCTION certification.write_proof(
    p_run_id uuid, p_at timestamptz, p_reason text, p_app_listed bigint, p_website_listed bigint, p_equal bigint,
    p_app_hash text, p_website_hash text, p_counts jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.proofs (run_id, at, complete, reason, app_listed, website_listed, equal, app_hash, website_hash, counts)
    VALUES (p_run_id, p_at, p_reason IS NULL, p_reason, p_app_listed, p_website_listed, p_equal, p_app_hash, p_website_hash, p_counts)
$$;

CREATE OR REPLACE FUNCTION certification.note_acceptance(p_run_id uuid, p_actor text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('accept_small_answer', p_actor, p_reason, jsonb_build_object('run_id', p_run_id))
$$;
COMMENT ON FUNCTION certification.note_acceptance IS 'Somebody has taken a suspiciously small answer of the website for true.';

REVOKE ALL ON FUNCTION
    certification.website_tables, certification.open_comparison, certification.content_expression, certification.compare_website, certification.differences_to_verify, certification.forget_rows, certification.forget_repeated_rows, certification.record_findings, certification.request_repairs, certification.write_proof, certification.note_acceptance
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.website_tables
TO certification_dynamics_sync;
GRANT EXECUTE ON FUNCTION
    certification.website_tables
TO certification_expiry_check;
GRANT EXECUTE ON FUNCTION
    certification.website_tables, certification.open_comparison, certification.compare_website, certification.differences_to_verify, certification.forget_rows, certification.forget_repeated_rows, certification.record_findings, certification.request_repairs, certification.write_proof, certification.note_acceptance
TO certification_reconciliation;
