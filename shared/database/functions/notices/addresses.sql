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

REVOKE ALL ON FUNCTION
    certification.address_digest, certification.address_problem, certification.is_about_the_address
FROM PUBLIC;
