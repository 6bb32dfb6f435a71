-- The change of the website's credential, step by step (hlf-operations rotate-credential). No secret comes here.

CREATE OR REPLACE FUNCTION certification.begin_rotation(
    p_id uuid, p_form text, p_previous_version text, p_actor text, p_reason text, p_take_over boolean)
RETURNS SETOF certification.credential_rotations
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_open certification.credential_rotations;
BEGIN
    INSERT INTO certification.credential_rotations (id, form, previous_version, actor, reason)
    VALUES (p_id, p_form, p_previous_version, p_actor, p_reason)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        INSERT INTO certification.audit (action, actor, reason, facts)
        VALUES ('rotate_credential', p_actor, p_reason,
                jsonb_build_object('rotation', p_id, 'step', 'begun', 'form', p_form));
    END IF;
    SELECT r.* INTO v_open FROM certification.credential_rotations AS r
     WHERE r.state IN ('begun', 'pending', 'current') FOR UPDATE;
    IF NOT FOUND THEN
        RETURN; -- the open one was closed meanwhile
    END IF;
    RETURN NEXT v_open;
END
$$;
COMMENT ON FUNCTION certification.begin_rotation IS
    'Begin a rotation, or return the one that is open: one at a time, whoever comes first. Write the audit. '
    'p_take_over takes nothing over: it is what an older program passes, which does not say from whom '
    '(take_over_rotation).';

CREATE OR REPLACE FUNCTION certification.take_over_rotation(p_id uuid, p_from text, p_actor text, p_reason text)
RETURNS SETOF certification.credential_rotations
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE certification.credential_rotations AS r
       SET actor = p_actor, reason = p_reason, changed_at = clock_timestamp()
     WHERE r.id = p_id AND r.actor = p_from AND r.actor <> p_actor
       AND r.state IN ('begun', 'pending', 'current', 'done');
    IF FOUND THEN
        INSERT INTO certification.audit (action, actor, reason, facts)
        VALUES ('rotate_credential', p_actor, p_reason, jsonb_build_object('rotation', p_id, 'step', 'taken_over'));
    END IF;
    RETURN QUERY SELECT r.* FROM certification.credential_rotations AS r WHERE r.id = p_id;
END
$$;
COMMENT ON FUNCTION certification.take_over_rotation IS
    'Make the rotation of p_from that of this actor, and write the audit. Return it as it is then: of two persons who '
    'take it over at once the first has it, and the other is told who.';

CREATE OR REPLACE FUNCTION certification.await_verdict(p_id uuid, p_version text, p_actor text) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM certification.credential_rotations AS r
      WHERE r.id = p_id AND r.actor = p_actor AND p_version IN (r.id::text, r.previous_version);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE certification.sync_state AS s
       SET pending_secret = 'none', pending_version = NULL, pending_findings = '[]'
     WHERE s.pending_version = p_version;
    RETURN clock_timestamp();
END
$$;
COMMENT ON FUNCTION certification.await_verdict IS
    'Forget what an earlier check said of this version of the secret, and return the time from which on a verdict '
    'counts: while the website cannot be reached, record_check lets the last one stand. Null, and nothing is '
    'forgotten, if the rotation is another person''s or has no such version.';

CREATE OR REPLACE FUNCTION certification.advance_rotation(
    p_id uuid, p_from text, p_to text, p_actor text, p_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE certification.credential_rotations AS r
       SET state = p_to, changed_at = clock_timestamp(),
           current_at = CASE WHEN p_to = 'current' THEN clock_timestamp() ELSE r.current_at END
     WHERE r.id = p_id AND r.state = p_from AND r.actor = p_actor
       AND (p_from, p_to) IN (('begun', 'pending'), ('begun', 'given_up'), ('pending', 'given_up'),
                              ('pending', 'current'), ('current', 'done'), ('current', 'undone'), ('done', 'undone'));
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('rotate_credential', p_actor, p_reason, jsonb_build_object('rotation', p_id, 'step', p_to));
    RETURN true;
END
$$;
COMMENT ON FUNCTION certification.advance_rotation IS
    'Move a rotation from one state to the next, and write the audit. Return false, and do nothing, if it is in '
    'another state or another person''s: two who rotate at once never do a step twice.';

CREATE OR REPLACE FUNCTION certification.own_rotation(p_id uuid, p_actor text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE certification.credential_rotations AS r
       SET actor = p_actor, reason = p_reason, changed_at = clock_timestamp()
     WHERE r.id = p_id AND (r.state = 'done' OR r.state = 'current' AND r.actor = p_actor)
$$;
COMMENT ON FUNCTION certification.own_rotation IS
    'Make a rotation that is done, or this actor''s own, that of this actor, who undoes it now. The undo itself writes '
    'the audit.';

REVOKE ALL ON FUNCTION
    certification.begin_rotation, certification.take_over_rotation, certification.await_verdict,
    certification.advance_rotation, certification.own_rotation
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.begin_rotation, certification.take_over_rotation, certification.await_verdict,
    certification.advance_rotation, certification.own_rotation
TO certification_operations;
-- Ids, states, and who did it why.
GRANT SELECT ON certification.credential_rotations TO certification_operations;
