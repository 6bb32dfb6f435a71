-- The addresses that no mail goes to any more (I17). They are known by a digest, so that this schema stores no address.

CREATE OR REPLACE FUNCTION certification.address_digest(p_address text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to(lower(certification.clean_text(p_address)), 'UTF8'))
$$;
COMMENT ON FUNCTION certification.address_digest IS
    'Return the SHA-256 of the address in its published form (clean_text) and in lower case; null without an address. '
    'It is no secret: who has the address finds its digest.';

CREATE OR REPLACE FUNCTION certification.address_problem(p_email text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(certification.mail_problem(p_email),
                    (SELECT u.reason FROM certification.unusable_addresses AS u
                      WHERE u.address_digest = certification.address_digest(p_email)))
$$;
COMMENT ON FUNCTION certification.address_problem IS
    'Return why no mail can go to this address, or null: mail_problem, or what became of the mails sent there '
    '(address_bounced, address_bounces_repeatedly, address_complained).';

CREATE OR REPLACE FUNCTION certification.is_about_the_address(p_reason text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(p_reason IN ('no_email', 'malformed_email', 'reserved_domain', 'unusable_address',
                                 'no_fallback_address', 'address_bounced', 'address_bounces_repeatedly',
                                 'address_complained'), false)
$$;
COMMENT ON FUNCTION certification.is_about_the_address IS
    'Return whether a notice was written off for the address it was to go to, and not because SES takes no mail.';

CREATE OR REPLACE FUNCTION certification.allow_mail(p_id uuid, p_actor text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_kind text;
    v_digest bytea;
    v_outcome text;
BEGIN
    SELECT p.kind, certification.address_digest(p.email) INTO v_kind, v_digest
      FROM (SELECT 'mentor', m.email::text FROM public.peer_mentors AS m WHERE m.id = p_id
            UNION ALL SELECT 'coordinator', k.email::text FROM public.coordinators AS k WHERE k.id = p_id
            UNION ALL SELECT 'organisation', certification.effective_fallback_address(o.id)
                        FROM public.organisations AS o WHERE o.id = p_id) AS p (kind, email);
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF v_kind = 'organisation' AND v_digest IS NULL THEN
        RETURN 'no_fallback_address';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('address ' || encode(v_digest, 'hex'), 0));
    SELECT u.reason INTO v_outcome FROM certification.unusable_addresses AS u WHERE u.address_digest = v_digest;
    IF v_outcome IS NULL THEN
        RETURN 'usable';
    ELSIF v_outcome = 'address_complained' THEN
        RETURN 'complained';
    END IF;
    UPDATE certification.unusable_addresses AS u SET reason = NULL, allowed_at = clock_timestamp()
     WHERE u.address_digest = v_digest;
    INSERT INTO certification.audit (action, actor, reason, mentor_id, organisation_id, facts)
    VALUES ('allow_mail', p_actor, p_reason, CASE v_kind WHEN 'mentor' THEN p_id END,
            CASE v_kind WHEN 'organisation' THEN p_id END,
            jsonb_build_object('before', v_outcome)
            || CASE v_kind WHEN 'organisation' THEN '{}' ELSE jsonb_build_object('person_id', p_id) END);
    RETURN 'allowed';
END
$$;
COMMENT ON FUNCTION certification.allow_mail IS
    'Have mail go again to the address of this mentor or coordinator, or to the fall-back address of this '
    'organisation, and write the audit. Return allowed; usable: nothing kept mail away; complained: a complaint is not '
    'undone; no_fallback_address: neither the organisation nor the standard has one; unknown: the app has no such id. '
    'Bounces of before count no more.';

REVOKE ALL ON FUNCTION
    certification.address_digest, certification.address_problem, certification.is_about_the_address,
    certification.allow_mail
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.allow_mail
TO certification_operations;
