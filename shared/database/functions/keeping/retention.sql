-- What is deleted when, by itself. A condition stands here once, for the deletion and for the dry run. $1 is the moment
-- before which the rule's period ends.

CREATE OR REPLACE FUNCTION certification.retention_rules()
RETURNS TABLE (name text, relation text, setting text, condition text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    VALUES
    ('sweeps', 'runs', 'keep_sweeps_days', $c$t.function = 'reconciliation_sweep' AND t.started_at < $1$c$),
    -- The last run of a function tells when it was last seen; an undone one, which messages had been sent before; and
    -- with the run of a proof the proof would go.
    ('runs', 'runs', 'keep_runs_days', $c$
        t.function <> 'reconciliation_sweep' AND t.started_at < $1 AND t.state <> 'running' AND t.undone_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM certification.proofs AS p WHERE p.run_id = t.id)
        AND EXISTS (SELECT 1 FROM certification.runs AS r
                     WHERE r.function = t.function AND r.started_at > t.started_at)$c$),
    -- The reminder or the transition prevents a second notice of the same date (I1, I3). After an undo nothing but the
    -- notice does, so those stay. So does a superseded one that may be reopened before its date (I2), and what no
    -- coordinator has been told yet, for as long as there is a mentor to tell of and the date is not past (I17).
    ('notices', 'notices', 'keep_notices_days', $c$
        t.state IN ('sent', 'undeliverable', 'superseded') AND t.settled_at < $1
        AND (t.state <> 'undeliverable' AND coalesce(t.arrival, '') NOT IN ('bounced', 'complained')
             OR certification.is_reported(t) OR t.kind = 'digest'
             OR t.state = 'sent' AND (
                 t.certification_expiry_date < $1::date
                 -- Nobody can report it. An app that loads its tables anew has no mentor for a moment.
                 OR EXISTS (SELECT 1 FROM public.peer_mentors AS m)
                    AND NOT EXISTS (SELECT 1 FROM public.peer_mentors AS m WHERE m.id = t.mentor_id)))
        AND (t.state <> 'superseded' OR t.kind = 'digest' OR t.certification_expiry_date < $1::date)
        AND NOT EXISTS (SELECT 1 FROM certification.runs AS r
                         WHERE r.id = t.run_id
                           AND (r.undone_at IS NOT NULL OR r.function = 'expiry_check' AND r.started_at
                                >= certification.kept_since(certification.stored_settings(NULL), 'keep_runs_days')))
        AND NOT EXISTS (SELECT 1 FROM certification.notices AS d WHERE d.reported_in = t.id)
        AND NOT EXISTS (SELECT 1 FROM public.certifications AS c
                          JOIN public.organisations AS o ON o.id = t.organisation_id
                         WHERE c.mentor_id = t.mentor_id
                           AND certification.day_of(c.expires_on, o.timezone::text) = t.certification_expiry_date)$c$),
    -- As long as the app has the address. An app that loads its tables anew has none for a moment.
    ('unusable_addresses', 'unusable_addresses', 'keep_notices_days', $c$
        greatest(t.since, t.allowed_at) < $1 AND EXISTS (SELECT 1 FROM public.peer_mentors AS m)
        AND NOT EXISTS (SELECT 1 FROM public.peer_mentors AS m
                         WHERE certification.address_digest(m.email::text) = t.address_digest)
        AND NOT EXISTS (SELECT 1 FROM public.coordinators AS k
                         WHERE certification.address_digest(k.email::text) = t.address_digest)
        AND NOT EXISTS (SELECT 1 FROM certification.fallback_addresses() AS f (address)
                         WHERE certification.address_digest(f.address) = t.address_digest)$c$),
    -- Both prevent a second reminder, or a second expiry, of the same date (I1, I3): as long as the app has the mentor,
    -- the date may be entered again, so they are kept. An app that loads its tables anew lacks a mentor for a
    -- moment: the listing, which the deletion raises, says since when.
    ('reminders', 'cert_expiry_reminders', 'keep_notices_days', $c$
        t.as_of < $1 AND NOT EXISTS (SELECT 1 FROM public.peer_mentors AS m WHERE m.id = t.mentor_id)
        AND NOT EXISTS (SELECT 1 FROM certification.listings AS l
                         WHERE l.mentor_id = t.mentor_id AND l.changed_at >= $1)$c$),
    ('transitions', 'transitions', 'keep_notices_days', $c$
        t.as_of < $1 AND NOT EXISTS (SELECT 1 FROM public.peer_mentors AS m WHERE m.id = t.mentor_id)
        AND NOT EXISTS (SELECT 1 FROM certification.listings AS l
                         WHERE l.mentor_id = t.mentor_id AND l.changed_at >= $1)$c$),
    -- A failure is met again every night, which renews its last run.
    ('step_failures', 'step_failures', 'keep_notices_days', $c$
        NOT EXISTS (SELECT 1 FROM certification.runs AS r WHERE r.id = t.last_run_id AND r.started_at >= $1)$c$),
    ('mail_drills', 'mail_drills', 'keep_findings_days', $c$t.started_at < $1$c$),
    ('alert_tests', 'alert_tests', 'keep_findings_days', $c$t.started_at < $1$c$),
    ('findings', 'findings', 'keep_findings_days', $c$t.closed_at < $1$c$),
    ('alerts', 'alerts', 'keep_findings_days', $c$
        t.closed_at < $1 AND (t.closing_sent_at IS NOT NULL OR t.sent_at IS NULL)$c$),
    ('brakes', 'brakes', 'keep_findings_days', $c$t.closed_at < $1$c$),
    ('proofs', 'proofs', 'keep_audit_days', $c$
        t.at < $1 AND EXISTS (SELECT 1 FROM certification.proofs AS p WHERE p.at > t.at)$c$),
    ('audit', 'audit', 'keep_audit_days', $c$t.at < $1$c$),
    -- A line prevents that its journal, imported again, adds to the audit what is there already.
    ('journals', 'break_glass_journals', 'keep_audit_days', $c$t.imported_at < $1$c$),
    -- The latest is what --undo takes back; an open one is gone on with.
    ('rotations', 'credential_rotations', 'keep_audit_days', $c$
        t.state IN ('done', 'undone', 'given_up') AND t.changed_at < $1
        AND EXISTS (SELECT 1 FROM certification.credential_rotations AS r WHERE r.started_at > t.started_at)$c$)
$$;
COMMENT ON FUNCTION certification.retention_rules IS
    'The kinds of records that are deleted by themselves: the table, the setting that has the number of days, and the '
    'condition on a row t. None deletes what a later run needs (I1, I3, I17).';

CREATE OR REPLACE FUNCTION certification.kept_since(p_settings jsonb, p_setting text) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT clock_timestamp() - make_interval(days => (p_settings -> p_setting)::integer)
$$;
COMMENT ON FUNCTION certification.kept_since IS
    'Return the moment before which a period of the settings ends now.';

CREATE OR REPLACE FUNCTION certification.delete_old_records(p_run_id uuid, p_most integer)
RETURNS TABLE (measure text, n bigint)
-- row_security is off so that mentors hidden from us by a policy raise an error instead of counting as gone.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '2s' SET jit = off AS $$
DECLARE
    v_settings jsonb := certification.stored_settings(NULL);
    v record;
BEGIN
    PERFORM certification.own_run(p_run_id, '{reconciliation_full}');
    FOR v IN SELECT r.* FROM certification.retention_rules() AS r LOOP
        measure := 'deleted_' || v.name;
        BEGIN
            EXECUTE format(
                'DELETE FROM certification.%1$I AS d WHERE d.ctid = ANY (ARRAY('
                'SELECT t.ctid FROM certification.%1$I AS t WHERE %2$s LIMIT $2 FOR UPDATE OF t SKIP LOCKED))',
                v.relation, v.condition) USING certification.kept_since(v_settings, v.setting), p_most;
            GET DIAGNOSTICS n = ROW_COUNT;
        EXCEPTION WHEN lock_not_available THEN
            n := 0; -- the next night deletes them
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION certification.delete_old_records IS
    'Delete what is older than it is kept, at most so many rows of each kind; the next night goes on. Return the '
    'number of each kind, zeros included (I12). Rows that another transaction holds are left to the next night.';

CREATE OR REPLACE FUNCTION certification.retention(p_changes jsonb DEFAULT '{}')
RETURNS TABLE (name text, relation text, setting text, days integer, goes bigint, stays bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    v_settings jsonb := certification.changed_settings(NULL, p_changes);
    v record;
    v_goes bigint;
    v_stays bigint;
BEGIN
    FOR v IN SELECT r.* FROM certification.retention_rules() AS r LOOP
        name := v.name;
        relation := v.relation;
        setting := v.setting;
        days := (v_settings -> v.setting)::integer;
        EXECUTE format(
            'SELECT count(*) FILTER (WHERE %1$s), count(*) FILTER (WHERE (%1$s) IS NOT TRUE)'
            '  FROM certification.%2$I AS t WHERE %3$s', v.condition, v.relation,
            CASE v.name WHEN 'sweeps' THEN 't.function = ''reconciliation_sweep'''
                        WHEN 'runs' THEN 't.function <> ''reconciliation_sweep''' ELSE 'true' END)
            INTO v_goes, v_stays USING certification.kept_since(v_settings, v.setting);
        goes := v_goes;
        stays := v_stays;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION certification.retention IS
    'Return for each kind of record how many would be deleted now and how many stay, under the settings as they are or '
    'with changes. It reads only.';

REVOKE ALL ON FUNCTION
    certification.retention_rules, certification.kept_since, certification.delete_old_records, certification.retention
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.delete_old_records
TO certification_reconciliation;
GRANT EXECUTE ON FUNCTION
    certification.retention
TO certification_operations, certification_operations_reader;
