-- A change of settings, and its audit. Whoever writes to the two tables is audited: by a function here with the actor
-- and the reason, past it with the login alone.

CREATE OR REPLACE FUNCTION certification.settings_for_audit(p_settings jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN p_settings ->> 'fallback_address' IS NULL THEN p_settings
           ELSE jsonb_set(p_settings, '{fallback_address}',
                          to_jsonb('…@' || split_part(p_settings ->> 'fallback_address', '@', 2))) END
$$;
COMMENT ON FUNCTION certification.settings_for_audit IS
    'Return settings as the audit keeps them: of an address only its domain, because the audit is kept for years and '
    'the address may turn out to be a person''s (I11).';

CREATE OR REPLACE FUNCTION certification.record_changed_settings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_before jsonb;
    v_after jsonb;
    v_by jsonb;
BEGIN
    -- certification.change_settings, below, sets it.
    BEGIN
        v_by := nullif(current_setting('certification.settings_changed_by', true), '');
    EXCEPTION WHEN OTHERS THEN
        NULL; -- another program has set something else
    END;
    v_before := CASE TG_OP WHEN 'INSERT' THEN certification.default_settings() ELSE to_jsonb(OLD) END;
    v_after := CASE TG_OP WHEN 'DELETE' THEN certification.default_settings() ELSE to_jsonb(NEW) END;
    SELECT jsonb_object_agg(n.name, v_before -> n.name), jsonb_object_agg(n.name, v_after -> n.name)
      INTO v_before, v_after
      FROM jsonb_object_keys(v_before) AS n (name)
     WHERE v_before -> n.name IS DISTINCT FROM v_after -> n.name AND n.name NOT IN ('organisation_id', 'only_row');
    IF v_before IS NOT NULL THEN
        INSERT INTO certification.audit (action, actor, reason, organisation_id, facts)
        VALUES ('change_settings', coalesce(v_by ->> 'actor', certification.plain('login:' || session_user, 200)),
                coalesce(v_by ->> 'reason', 'written by SQL, without a reason'),
                CASE WHEN TG_TABLE_NAME = 'organisation_settings'
                     THEN (CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END
                           ->> 'organisation_id')::uuid END,
                jsonb_build_object('before', certification.settings_for_audit(v_before),
                                   'after', certification.settings_for_audit(v_after)));
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    IF v_by IS NOT NULL THEN
        RAISE;
    END IF;
    RAISE WARNING 'certification: a change of settings was not audited: SQLSTATE %', SQLSTATE;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION certification.record_changed_settings IS
    'Write the audit of a change of settings, before and after, whoever makes it. Never refuse a statement of the app '
    '(I16); a change through change_settings that cannot be audited is not made.';

CREATE OR REPLACE TRIGGER settings_audited AFTER UPDATE ON certification.standard
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION certification.record_changed_settings();
CREATE OR REPLACE TRIGGER settings_audited AFTER INSERT OR UPDATE OR DELETE ON certification.organisation_settings
    FOR EACH ROW EXECUTE FUNCTION certification.record_changed_settings();

-- No foreign key leads here, so no TRUNCATE of the app comes here by CASCADE (I16).
CREATE OR REPLACE FUNCTION certification.refuse_unaudited_settings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'standard' THEN
        RAISE EXCEPTION 'the one row of certification.standard is changed, never deleted'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'standard_stays';
    END IF;
    RAISE EXCEPTION 'certification.% is emptied by DELETE, which is audited, and not by TRUNCATE', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'settings_are_audited';
END
$$;
COMMENT ON FUNCTION certification.refuse_unaudited_settings IS
    'Refuse what would change settings past their audit, also to the owner: TRUNCATE, which no trigger sees by row, '
    'and the deletion of the standard, without which nothing runs.';

CREATE OR REPLACE TRIGGER not_truncated BEFORE TRUNCATE ON certification.standard
    FOR EACH STATEMENT EXECUTE FUNCTION certification.refuse_unaudited_settings();
CREATE OR REPLACE TRIGGER not_deleted BEFORE DELETE ON certification.standard
    FOR EACH ROW EXECUTE FUNCTION certification.refuse_unaudited_settings();
CREATE OR REPLACE TRIGGER not_truncated BEFORE TRUNCATE ON certification.organisation_settings
    FOR EACH STATEMENT EXECUTE FUNCTION certification.refuse_unaudited_settings();

-- The constraints are read from the catalogue, so that there is one text of each. Only the owner can write it.
CREATE OR REPLACE FUNCTION certification.refuse_impossible_settings(p_organisation_id uuid, p_settings jsonb)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_table regclass := CASE WHEN p_organisation_id IS NULL THEN 'certification.standard'::regclass
                             ELSE 'certification.organisation_settings'::regclass END;
    v_dropped text;
    v record;
    v_kept boolean;
BEGIN
    FOR v IN
        SELECT a.attname AS name FROM pg_catalog.pg_attribute AS a
         WHERE a.attrelid = v_table AND a.attnum > 0 AND a.attnotnull AND p_settings -> a.attname = 'null'
    LOOP
        RAISE EXCEPTION '% has no other value to fall back on', v.name
            USING ERRCODE = 'check_violation', CONSTRAINT = 'setting_has_a_value', COLUMN = v.name;
    END LOOP;
    FOR v IN
        SELECT c.conname AS name, pg_get_expr(c.conbin, c.conrelid) AS expression
          FROM pg_catalog.pg_constraint AS c WHERE c.conrelid = v_table AND c.contype = 'c' ORDER BY c.oid
    LOOP
        EXECUTE format('SELECT (%s) FROM jsonb_populate_record(NULL::%s, $1)', v.expression, v_table)
           INTO v_kept USING p_settings;
        IF NOT v_kept THEN
            RAISE EXCEPTION 'the settings violate %', v.name
                USING ERRCODE = 'check_violation', CONSTRAINT = v.name;
        END IF;
    END LOOP;
    v_dropped := certification.dropped_flags(
        p_organisation_id, certification.stored_settings(p_organisation_id) -> 'listing_mapping',
        p_settings -> 'listing_mapping');
    IF v_dropped IS NOT NULL THEN
        RAISE EXCEPTION 'a flag that has hidden rows must stay in the mapping: %', v_dropped
            USING ERRCODE = 'check_violation', CONSTRAINT = 'mapping_keeps_its_flags';
    END IF;
END
$$;
COMMENT ON FUNCTION certification.refuse_impossible_settings IS
    'Raise check_violation with the name of the constraint that these settings, of an organisation or of the standard '
    '(null), would violate. It writes nothing, so a preview refuses what the change would.';

CREATE OR REPLACE FUNCTION certification.changed_settings(p_organisation_id uuid, p_changes jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_stored jsonb := certification.stored_settings(p_organisation_id);
    v_unknown text;
BEGIN
    SELECT n.name INTO v_unknown FROM jsonb_object_keys(p_changes) AS n (name) WHERE NOT v_stored ? n.name LIMIT 1;
    IF v_unknown IS NOT NULL THEN
        RAISE EXCEPTION 'there is no setting %', left(v_unknown, 63)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'setting_is_known', COLUMN = left(v_unknown, 63);
    END IF;
    PERFORM certification.refuse_impossible_settings(p_organisation_id, v_stored || p_changes);
    RETURN v_stored || p_changes;
END
$$;
COMMENT ON FUNCTION certification.changed_settings IS
    'Return the stored settings with these changes; null for an organisation that is not there. Raise check_violation '
    'for what cannot be stored.';

CREATE OR REPLACE FUNCTION certification.change_settings(
    p_organisation_id uuid, p_changes jsonb, p_shown jsonb, p_actor text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30s' AS $$
DECLARE
    v_changed jsonb;
BEGIN
    IF p_organisation_id IS NULL THEN
        PERFORM 1 FROM certification.standard AS d FOR NO KEY UPDATE;
    ELSIF EXISTS (SELECT 1 FROM public.organisations AS o WHERE o.id = p_organisation_id) THEN
        INSERT INTO certification.organisation_settings (organisation_id) VALUES (p_organisation_id)
        ON CONFLICT DO NOTHING;
        PERFORM 1 FROM certification.organisation_settings AS s
          WHERE s.organisation_id = p_organisation_id FOR NO KEY UPDATE;
    ELSE
        RETURN 'no_organisation';
    END IF;
    IF certification.stored_settings(p_organisation_id) <> p_shown THEN
        RETURN 'changed_meanwhile';
    END IF;
    v_changed := certification.changed_settings(p_organisation_id, p_changes);
    IF v_changed = p_shown THEN
        RETURN 'nothing_to_change';
    END IF;
    -- record_changed_settings, above, reads it.
    PERFORM set_config('certification.settings_changed_by',
                       jsonb_build_object('actor', p_actor, 'reason', p_reason)::text, true);
    IF p_organisation_id IS NULL THEN
        UPDATE certification.standard AS d
           SET (thresholds, listing_mapping, brake_count, brake_percent, fallback_address, keep_sweeps_days,
                keep_runs_days, keep_notices_days, keep_findings_days, keep_audit_days) = (
               SELECT r.thresholds, r.listing_mapping, r.brake_count, r.brake_percent, r.fallback_address,
                      r.keep_sweeps_days, r.keep_runs_days, r.keep_notices_days, r.keep_findings_days,
                      r.keep_audit_days
                 FROM jsonb_populate_record(d, v_changed) AS r);
    ELSE
        UPDATE certification.organisation_settings AS s
           SET (org_thresholds, thresholds, reactivate_renewed, listing_mapping, brake_count, brake_percent,
                table_is_ours, fallback_address) = (
               SELECT r.org_thresholds, r.thresholds, r.reactivate_renewed, r.listing_mapping, r.brake_count,
                      r.brake_percent, r.table_is_ours, r.fallback_address
                 FROM jsonb_populate_record(s, v_changed) AS r)
         WHERE s.organisation_id = p_organisation_id;
    END IF;
    PERFORM set_config('certification.settings_changed_by', '', true);
    RETURN 'changed';
END
$$;
COMMENT ON FUNCTION certification.change_settings IS
    'Change the settings of an organisation or of the HLF standard (null), if they are still as they were shown, and '
    'write the audit with actor, reason, before and after. Return changed, or what was in the way: no_organisation, '
    'changed_meanwhile, nothing_to_change. Raise check_violation for what cannot be stored.';

REVOKE ALL ON FUNCTION
    certification.settings_for_audit, certification.record_changed_settings, certification.refuse_impossible_settings,
    certification.changed_settings, certification.change_settings, certification.refuse_unaudited_settings
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.change_settings
TO certification_operations;
