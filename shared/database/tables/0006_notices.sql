-- The outbox of messages to mentors and coordinators.

CREATE TABLE certification.notices (
    id                         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id                     uuid NOT NULL,
    organisation_id            uuid NOT NULL,
    kind                       text NOT NULL
        CONSTRAINT notice_kind_known CHECK (kind = ANY (certification.notice_kind_names())),
    mentor_id                  uuid,
    coordinator_id             uuid,
    threshold_day              smallint,
    certification_expiry_date  date,
    state                      text NOT NULL DEFAULT 'pending'
        CONSTRAINT notice_state_known CHECK (state IN ('pending', 'claimed', 'sent', 'undeliverable', 'superseded')),
    reason                     text,
    locale                     text,
    sender_run_id              uuid,
    attempts                   smallint NOT NULL DEFAULT 0,
    claimed_at                 timestamptz,
    settled_at                 timestamptz,
    message_id                 text,
    reported_in                bigint,
    CONSTRAINT notice_has_one_recipient CHECK (CASE kind WHEN 'digest'
        THEN coordinator_id IS NOT NULL AND mentor_id IS NULL AND certification_expiry_date IS NULL
        ELSE coordinator_id IS NULL AND mentor_id IS NOT NULL AND certification_expiry_date IS NOT NULL END),
    CONSTRAINT notice_settled_has_a_time
        CHECK ((state IN ('sent', 'undeliverable', 'superseded')) = (settled_at IS NOT NULL)),
    CONSTRAINT notice_sent_has_a_message_id CHECK ((state = 'sent') = (message_id IS NOT NULL))
);
COMMENT ON TABLE certification.notices IS
    'The outbox: one message to one person (I4). pending -> claimed -> sent | undeliverable; superseded: no longer '
    'true when its turn came. It holds no name, address or text.';
COMMENT ON COLUMN certification.notices.reported_in IS
    'The digest that reported to the coordinator that this notice was undeliverable.';
CREATE UNIQUE INDEX notice_once ON certification.notices (mentor_id, certification_expiry_date, kind, threshold_day)
    NULLS NOT DISTINCT WHERE mentor_id IS NOT NULL;
CREATE UNIQUE INDEX digest_once ON certification.notices (run_id, coordinator_id) WHERE coordinator_id IS NOT NULL;
CREATE INDEX notices_open ON certification.notices (organisation_id, attempts, id)
    WHERE state IN ('pending', 'claimed');
CREATE INDEX notices_of_sender ON certification.notices (sender_run_id) WHERE sender_run_id IS NOT NULL;
CREATE INDEX notices_unreported ON certification.notices (organisation_id)
    WHERE state = 'undeliverable' AND reported_in IS NULL;
CREATE INDEX notices_claimed ON certification.notices (claimed_at) WHERE state = 'claimed';
