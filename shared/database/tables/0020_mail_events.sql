-- What became of each mail that SES accepted (I17), and the addresses that no mail goes to any more.

ALTER TABLE certification.notices
    ADD COLUMN arrival text
        CONSTRAINT notice_arrival_known CHECK (arrival IN ('delivered', 'bounced', 'complained', 'unknown')),
    ADD COLUMN arrival_at timestamptz,
    ADD COLUMN arrival_code text,
    ADD COLUMN address_digest bytea,
    ADD COLUMN fallback_of bigint,
    ADD CONSTRAINT notice_arrived_was_sent CHECK (arrival IS NULL OR state = 'sent') NOT VALID,
    ADD CONSTRAINT notice_arrival_has_a_time CHECK ((arrival IS NULL) = (arrival_at IS NULL)) NOT VALID,
    ADD CONSTRAINT notice_fallback_is_a_digest CHECK (fallback_of IS NULL OR kind = 'digest') NOT VALID;
ALTER TABLE certification.notices VALIDATE CONSTRAINT notice_arrived_was_sent;
ALTER TABLE certification.notices VALIDATE CONSTRAINT notice_arrival_has_a_time;
ALTER TABLE certification.notices VALIDATE CONSTRAINT notice_fallback_is_a_digest;
COMMENT ON COLUMN certification.notices.arrival IS
    'What became of the accepted mail: the strongest that any event said, complained before bounced before delivered. '
    'Unknown: accepted, and no such event within 24 hours. Null: not known yet.';
COMMENT ON COLUMN certification.notices.arrival_at IS
    'When that happened, as SES states it; for unknown, when it was given up.';
COMMENT ON COLUMN certification.notices.arrival_code IS
    'Type and subtype of the event and the status code of the recipient''s server.';
COMMENT ON COLUMN certification.notices.address_digest IS
    'The digest of the address that this was sent to (certification.address_digest), so that a bounce counts for that '
    'address, whatever the app says by then.';
COMMENT ON COLUMN certification.notices.fallback_of IS
    'The digest that bounced, of which this is the copy to the organisation''s fall-back address.';

DROP INDEX certification.digest_once;
CREATE UNIQUE INDEX digest_once ON certification.notices (run_id, coordinator_id)
    WHERE coordinator_id IS NOT NULL AND fallback_of IS NULL;
CREATE UNIQUE INDEX fallback_once ON certification.notices (fallback_of) WHERE fallback_of IS NOT NULL;

CREATE TABLE certification.mail_events (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_key    text NOT NULL CONSTRAINT mail_event_once UNIQUE,
    notice_id    bigint NOT NULL CONSTRAINT mail_event_of_a_notice REFERENCES certification.notices ON DELETE CASCADE,
    kind         text NOT NULL
        CONSTRAINT mail_event_kind_known CHECK (kind IN ('delivery', 'bounce', 'complaint', 'delay', 'reject')),
    message_id   text NOT NULL,
    occurred_at  timestamptz NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    bounce_type  text CONSTRAINT mail_event_bounce_type_known
        CHECK (bounce_type IN ('permanent', 'transient', 'undetermined')),
    code         text,
    status       text,
    waits_until  timestamptz,
    applied_at   timestamptz,
    CONSTRAINT mail_event_bounce_has_a_type CHECK ((kind = 'bounce') = (bounce_type IS NOT NULL)),
    CONSTRAINT mail_event_waits_or_is_applied CHECK ((waits_until IS NULL) = (applied_at IS NOT NULL))
);
COMMENT ON TABLE certification.mail_events IS
    'Each event of SES about a mail of ours, once (I17), in codes and times. It holds no address and no text.';
COMMENT ON COLUMN certification.mail_events.event_key IS
    'What makes SES''s event one: the message id, the kind, and the feedback id or the time of the event.';
COMMENT ON COLUMN certification.mail_events.waits_until IS
    'The sender has claimed the notice and not settled it. Until then its settling applies the event; after that the '
    'sweep does, because the sender is gone (I4).';
CREATE INDEX mail_events_of_notice ON certification.mail_events (notice_id);
CREATE INDEX mail_events_waiting ON certification.mail_events (waits_until) WHERE waits_until IS NOT NULL;
CREATE INDEX mail_events_received ON certification.mail_events (received_at);

CREATE TABLE certification.unusable_addresses (
    address_digest  bytea PRIMARY KEY,
    person_id       uuid NOT NULL,
    notice_id       bigint NOT NULL,
    reason          text CONSTRAINT unusable_address_reason_known
        CHECK (reason IN ('address_bounced', 'address_bounces_repeatedly', 'address_complained')),
    since           timestamptz NOT NULL,
    allowed_at      timestamptz,
    CONSTRAINT unusable_address_has_a_reason CHECK (reason IS NOT NULL OR allowed_at IS NOT NULL)
);
COMMENT ON TABLE certification.unusable_addresses IS
    'The addresses that no mail goes to: a permanent bounce, three transient ones in a row, or a complaint. An address '
    'that is changed in the app has another digest, so it is tried again by itself.';
COMMENT ON COLUMN certification.unusable_addresses.address_digest IS
    'The digest of the address (certification.address_digest). Who has the address finds its row by it.';
COMMENT ON COLUMN certification.unusable_addresses.person_id IS
    'The mentor or coordinator whose mail showed it. Another person may have the same address.';
COMMENT ON COLUMN certification.unusable_addresses.reason IS
    'Why no mail goes there. Null: an operator allowed mail again, and nothing has happened since.';
COMMENT ON COLUMN certification.unusable_addresses.allowed_at IS
    'When an operator last allowed mail to this address again. Bounces before that count no more.';
CREATE INDEX unusable_addresses_of_person ON certification.unusable_addresses (person_id);

-- Open for arrival: what the sweep gives up as unknown after a day; and what no digest has reported yet.
CREATE INDEX notices_not_known ON certification.notices (settled_at) WHERE state = 'sent' AND arrival IS NULL;
CREATE INDEX notices_not_arrived ON certification.notices (organisation_id)
    WHERE arrival IN ('bounced', 'complained') AND reported_in IS NULL;
CREATE INDEX notices_of_address ON certification.notices (address_digest, id) WHERE address_digest IS NOT NULL;
CREATE INDEX notices_reported ON certification.notices (reported_in) WHERE reported_in IS NOT NULL;

COMMENT ON COLUMN certification.notices.reported_in IS
    'The digest that reported to the coordinator that this notice was undeliverable, bounced, or was complained of.';
COMMENT ON COLUMN certification.standard.fallback_address IS
    'A shared mailbox for the digests of a coordinator who cannot be reached by mail, unless the organisation has its '
    'own; null: none.';

-- It returns more columns than before, and PostgreSQL replaces no function by one that returns others.
DROP FUNCTION IF EXISTS certification.claim_notice(uuid, uuid, boolean, date);
