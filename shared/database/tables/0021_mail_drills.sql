-- What operations sees of the mail: drills to the mailbox simulator of SES, and the indexes of what is asked every few
-- minutes.

CREATE TABLE certification.mail_drills (
    id           uuid CONSTRAINT mail_drills_pkey PRIMARY KEY,
    drill        uuid NOT NULL,
    mailbox      text NOT NULL CONSTRAINT mail_drill_mailbox_known
        CHECK (mailbox IN ('success', 'bounce', 'complaint', 'suppressionlist')),
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    arrival      text CONSTRAINT mail_drill_arrival_known CHECK (arrival IN ('delivered', 'bounced', 'complained')),
    arrival_at   timestamptz,
    arrival_code text,
    received_at  timestamptz,
    CONSTRAINT mail_drill_arrival_has_times
        CHECK ((arrival IS NULL) = (arrival_at IS NULL) AND (arrival IS NULL OR received_at IS NOT NULL))
);
COMMENT ON TABLE certification.mail_drills IS
    'One row for each mail of a drill (mail-drill). These mails go to the mailbox simulator of SES and to no person; '
    'they are no notices, so no rate counts them.';
COMMENT ON COLUMN certification.mail_drills.id IS
    'The message tag drill_id of the mail, by which its events find the row.';
COMMENT ON COLUMN certification.mail_drills.arrival IS
    'The strongest that any event said: complained before bounced before delivered. Null: no such event yet.';
COMMENT ON COLUMN certification.mail_drills.arrival_at IS
    'When that happened, as SES states it.';
COMMENT ON COLUMN certification.mail_drills.received_at IS
    'When the last event of the mail came here, a delay too.';
CREATE INDEX mail_drills_of_a_drill ON certification.mail_drills (drill);
CREATE INDEX mail_drills_received ON certification.mail_drills (received_at) WHERE received_at IS NOT NULL;

-- The rates of the last 30 days; what came back in that time; and the complaints of the last days.
CREATE INDEX notices_sent_lately ON certification.notices (settled_at) INCLUDE (arrival) WHERE state = 'sent';
CREATE INDEX notices_came_back ON certification.notices (arrival_at) WHERE arrival IN ('bounced', 'complained');
CREATE INDEX mail_events_complaints ON certification.mail_events (received_at) WHERE kind = 'complaint';
