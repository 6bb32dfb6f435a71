-- The set-up of a stack (hlf-operations setup): its logins, its secrets and the webhook. The owner of the schema calls
-- it, and nobody else. No password and no key comes here.

CREATE OR REPLACE FUNCTION certification.record_setup(p_step text, p_facts jsonb, p_actor text, p_reason text)
RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO certification.audit (action, actor, reason, facts)
    VALUES ('setup', p_actor, p_reason, p_facts || jsonb_build_object('step', p_step))
$$;
COMMENT ON FUNCTION certification.record_setup IS
    'Write to the audit one step of a set-up, in the transaction that takes it: the login and its role, or the '
    'webhook''s way.';

REVOKE ALL ON FUNCTION certification.record_setup FROM PUBLIC;
