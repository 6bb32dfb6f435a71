-- The chain over the audit and the proofs: each link is made by the transaction that writes the record, or, where
-- another transaction is making one at that moment, by the next sweep. Nothing waits (I16).

-- The text is what is hashed, for years. Whoever has to change one of these adds a version beside it and lets the link
-- say which: otherwise every earlier record would seem to be changed.
CREATE OR REPLACE FUNCTION certification.record_text(p_audit certification.audit) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'record', 'audit', 'id', p_audit.id,
        'at', to_char(p_audit.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'action', p_audit.action, 'actor', p_audit.actor, 'reason', p_audit.reason,
        'organisation_id', p_audit.organisation_id, 'mentor_id', p_audit.mentor_id, 'login', p_audit.login,
        -- The outcome of a forced sync comes later, and has a link of its own.
        'facts', CASE p_audit.action WHEN 'force_sync' THEN '{}' ELSE p_audit.facts END)::text
$$;
COMMENT ON FUNCTION certification.record_text(certification.audit) IS
    'Return a row of the audit as the text that the chain covers.';

CREATE OR REPLACE FUNCTION certification.outcome_text(p_audit certification.audit) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('record', 'outcome', 'id', p_audit.id, 'facts', p_audit.facts)::text
$$;
COMMENT ON FUNCTION certification.outcome_text IS
    'Return the outcome of a forced sync as the text that the chain covers.';

CREATE OR REPLACE FUNCTION certification.record_text(p_proof certification.proofs) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'record', 'proof', 'id', p_proof.run_id,
        'at', to_char(p_proof.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'ended_at', to_char(p_proof.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'complete', p_proof.complete, 'reason', p_proof.reason, 'app_listed', p_proof.app_listed,
        'website_listed', p_proof.website_listed, 'equal', p_proof.equal, 'app_hash', p_proof.app_hash,
        'website_hash', p_proof.website_hash, 'counts', p_proof.counts, 'facts', p_proof.facts)::text
$$;
COMMENT ON FUNCTION certification.record_text(certification.proofs) IS
    'Return a proof as the text that the chain covers.';

CREATE OR REPLACE FUNCTION certification.hash_of(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(p_text, 'UTF8')), 'hex')
$$;
COMMENT ON FUNCTION certification.hash_of IS
    'Return the SHA-256 of a text in UTF-8, in hexadecimal.';

CREATE OR REPLACE FUNCTION certification.may_link() RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_try_advisory_xact_lock(hashtextextended('certification.chain', 0))
$$;
COMMENT ON FUNCTION certification.may_link IS
    'Return whether this transaction alone may add links until it ends. It never waits (I16).';

-- Each statement of a volatile function has a snapshot of its own, taken after the lock, so the last link is seen.
-- Where the snapshot is older (REPEATABLE READ), the primary key refuses the position, and the sweep makes the link.
CREATE OR REPLACE FUNCTION certification.add_link(p_source text, p_record text, p_text text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO certification.chain (position, source, record, content_hash, previous_hash, hash)
    SELECT coalesce(l.position, 0) + 1, p_source, p_record, certification.hash_of(p_text), coalesce(l.hash, ''),
           certification.hash_of(coalesce(l.hash, '') || E'\n' || certification.hash_of(p_text))
      FROM (SELECT 1) AS one
      LEFT JOIN (SELECT c.position, c.hash FROM certification.chain AS c ORDER BY c.position DESC LIMIT 1) AS l ON true;
END
$$;
COMMENT ON FUNCTION certification.add_link IS
    'Add a link to the chain. Call it only where may_link has said yes.';

CREATE OR REPLACE FUNCTION certification.link_record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF certification.may_link() THEN
        IF TG_TABLE_NAME = 'proofs' THEN
            PERFORM certification.add_link('proof', NEW.run_id::text, certification.record_text(NEW));
        ELSIF TG_OP = 'INSERT' THEN
            PERFORM certification.add_link('audit', NEW.id::text, certification.record_text(NEW));
        ELSE
            PERFORM certification.add_link('outcome', NEW.id::text, certification.outcome_text(NEW));
        END IF;
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    RETURN NULL; -- the next sweep links it
END
$$;
COMMENT ON FUNCTION certification.link_record IS
    'Link a new record to the chain in its own transaction, if no other transaction is doing that. Never refuse the '
    'statement (I16): link_records links what was left.';

CREATE OR REPLACE FUNCTION certification.unlinked_records(p_since timestamptz)
RETURNS TABLE (source text, record text, at timestamptz, content text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT x.source, x.record, x.at, x.content
      FROM (SELECT 'audit' AS source, a.id::text AS record, a.at, certification.record_text(a) AS content
              FROM certification.audit AS a WHERE a.at >= p_since
            UNION ALL
            SELECT 'outcome', a.id::text, a.at, certification.outcome_text(a)
              FROM certification.audit AS a WHERE a.at >= p_since AND a.action = 'force_sync' AND a.facts <> '{}'
            UNION ALL
            SELECT 'proof', p.run_id::text, p.at, certification.record_text(p)
              FROM certification.proofs AS p WHERE p.at >= p_since) AS x
     WHERE NOT EXISTS (SELECT 1 FROM certification.chain AS c WHERE c.source = x.source AND c.record = x.record)
$$;
COMMENT ON FUNCTION certification.unlinked_records IS
    'Return the records since then that have no link yet.';

CREATE OR REPLACE FUNCTION certification.link_records(p_everything boolean, OUT linked bigint, OUT "position" bigint,
                                                      OUT hash text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v record;
BEGIN
    linked := 0;
    IF certification.may_link() THEN
        FOR v IN
            SELECT u.* FROM certification.unlinked_records(
                CASE WHEN p_everything THEN '-infinity' ELSE clock_timestamp() - interval '2 days' END) AS u
             ORDER BY u.at, u.source, u.record LIMIT 10000
        LOOP
            PERFORM certification.add_link(v.source, v.record, v.content);
            linked := linked + 1;
        END LOOP;
    END IF;
    SELECT c.position, c.hash INTO link_records.position, link_records.hash
      FROM certification.chain AS c ORDER BY c.position DESC LIMIT 1;
END
$$;
COMMENT ON FUNCTION certification.link_records IS
    'Link the records of the last two days, or all, that their own transaction could not link. Return how many, and '
    'the last link: its hash is published in the log, so that a chain that was made anew is found out.';

CREATE OR REPLACE FUNCTION certification.refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_kept_since timestamptz;
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME <> 'chain' THEN
        SELECT clock_timestamp() - make_interval(days => d.keep_audit_days) INTO v_kept_since
          FROM certification.standard AS d;
        IF OLD.at < v_kept_since THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit' THEN
        -- A forced sync is written down before it is tried, and its outcome once, by end_force_sync
        -- (coordinators/forcing.sql).
        IF OLD.action = 'force_sync' AND OLD.facts = '{}' AND to_jsonb(OLD) - 'facts' = to_jsonb(NEW) - 'facts' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'certification.% is only added to', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'records_are_only_added';
END
$$;
COMMENT ON FUNCTION certification.refuse_rewriting IS
    'Refuse every change and deletion of the audit, the proofs and the chain, also to the owner: except the outcome of '
    'a forced sync, once, and the deletion of a record that is older than it is kept.';

CREATE OR REPLACE TRIGGER record_linked AFTER INSERT OR UPDATE ON certification.audit
    FOR EACH ROW EXECUTE FUNCTION certification.link_record();
CREATE OR REPLACE TRIGGER record_linked AFTER INSERT ON certification.proofs
    FOR EACH ROW EXECUTE FUNCTION certification.link_record();
CREATE OR REPLACE TRIGGER only_added BEFORE UPDATE OR DELETE ON certification.audit
    FOR EACH ROW EXECUTE FUNCTION certification.refuse_rewriting();
CREATE OR REPLACE TRIGGER only_added BEFORE UPDATE OR DELETE ON certification.proofs
    FOR EACH ROW EXECUTE FUNCTION certification.refuse_rewriting();
CREATE OR REPLACE TRIGGER only_added BEFORE UPDATE OR DELETE ON certification.chain
    FOR EACH ROW EXECUTE FUNCTION certification.refuse_rewriting();
CREATE OR REPLACE TRIGGER not_truncated BEFORE TRUNCATE ON certification.audit
    FOR EACH STATEMENT EXECUTE FUNCTION certification.refuse_rewriting();
CREATE OR REPLACE TRIGGER not_truncated BEFORE TRUNCATE ON certification.proofs
    FOR EACH STATEMENT EXECUTE FUNCTION certification.refuse_rewriting();
CREATE OR REPLACE TRIGGER not_truncated BEFORE TRUNCATE ON certification.chain
    FOR EACH STATEMENT EXECUTE FUNCTION certification.refuse_rewriting();

CREATE OR REPLACE FUNCTION certification.export_chain(p_from timestamptz, p_to timestamptz)
RETURNS TABLE ("position" bigint, source text, record text, at timestamptz, content text, content_hash text,
               previous_hash text, hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH kept AS MATERIALIZED (
        SELECT 'audit' AS source, a.id::text AS record, a.at, certification.record_text(a) AS content
          FROM certification.audit AS a
        UNION ALL
        SELECT 'outcome', a.id::text, a.at, certification.outcome_text(a)
          FROM certification.audit AS a WHERE a.action = 'force_sync' AND a.facts <> '{}'
        UNION ALL
        SELECT 'proof', p.run_id::text, p.at, certification.record_text(p) FROM certification.proofs AS p
    ), joined AS MATERIALIZED (
        SELECT c.position, coalesce(c.source, k.source) AS source, coalesce(c.record, k.record) AS record,
               coalesce(k.at, c.linked_at) AS at, k.content, c.content_hash, c.previous_hash, c.hash
          FROM certification.chain AS c
          FULL JOIN kept AS k ON k.source = c.source AND k.record = c.record
    ), bounds AS (
        -- Whole: from the first link to the last of the time asked for, with all between.
        SELECT min(j.position) AS first, max(j.position) AS last FROM joined AS j WHERE j.at >= p_from AND j.at < p_to
    )
    SELECT j.* FROM joined AS j CROSS JOIN bounds AS b
     WHERE j.position BETWEEN b.first AND b.last OR j.position IS NULL AND j.at >= p_from AND j.at < p_to
     ORDER BY j.position NULLS LAST, j.at
$$;
COMMENT ON FUNCTION certification.export_chain IS
    'Return the links from the first to the last of a time, each with its record''s text as it is now (null: the '
    'record is not there), and the records of that time that have no link (position is null).';

REVOKE ALL ON FUNCTION
    certification.record_text(certification.audit), certification.outcome_text,
    certification.record_text(certification.proofs), certification.hash_of, certification.may_link,
    certification.add_link, certification.link_record, certification.unlinked_records, certification.link_records,
    certification.refuse_rewriting, certification.export_chain
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.link_records
TO certification_reconciliation;
GRANT EXECUTE ON FUNCTION
    certification.export_chain
TO certification_operations, certification_operations_reader;
GRANT SELECT ON certification.chain TO certification_operations, certification_operations_reader;
