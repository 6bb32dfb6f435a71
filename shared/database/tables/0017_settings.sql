-- The fall-back address, and one way to change settings instead of one for thresholds alone.

ALTER TABLE certification.standard ADD COLUMN fallback_address text
    CONSTRAINT fallback_address_is_an_address CHECK (
        length(fallback_address) <= 254 AND fallback_address COLLATE "C"
        ~ ('^[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+)*'
           '@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$'))
    -- As certification.mail_problem has them: no mail server can be there.
    CONSTRAINT fallback_address_can_be_reached CHECK (
        fallback_address COLLATE "C" !~* '\.(alt|arpa|example|internal|invalid|local|localhost|onion|test)$');
COMMENT ON COLUMN certification.standard.fallback_address IS
    'A shared mailbox for messages to a coordinator who cannot be reached, unless the organisation has its own; null: '
    'none. Stored and shown; the digests do not use it yet.';

ALTER TABLE certification.organisation_settings ADD COLUMN fallback_address text
    CONSTRAINT fallback_address_is_an_address CHECK (
        length(fallback_address) <= 254 AND fallback_address COLLATE "C"
        ~ ('^[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+)*'
           '@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$'))
    CONSTRAINT fallback_address_can_be_reached CHECK (
        fallback_address COLLATE "C" !~* '\.(alt|arpa|example|internal|invalid|local|localhost|onion|test)$');
COMMENT ON COLUMN certification.organisation_settings.fallback_address IS
    'The organisation''s own mailbox for messages to a coordinator who cannot be reached; null means the standard''s.';

CREATE INDEX audit_changes_of_settings ON certification.audit (organisation_id, at) WHERE action = 'change_settings';

-- certification.change_settings has taken their place.
DROP FUNCTION IF EXISTS certification.thresholds_of(uuid);
DROP FUNCTION IF EXISTS certification.change_thresholds(uuid, smallint[], boolean, text, text);
