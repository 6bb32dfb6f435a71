-- The desired and the synced state of each mentor's listing. The row is the truth (I7); the webhook and every message
-- that follows from it are hints that carry an id and a version.

CREATE TABLE certification.listings (
    mentor_id        uuid NOT NULL,
    organisation_id  uuid NOT NULL,
    state            text NOT NULL DEFAULT 'waiting'
        CONSTRAINT listing_state_known CHECK (state IN ('waiting', 'sending', 'live', 'hidden', 'rejected')),
    reason           text,
    desired_version  bigint NOT NULL DEFAULT 1,
    synced_version   bigint NOT NULL DEFAULT 0,
    changed_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    synced_at        timestamptz,
    attempts         integer NOT NULL DEFAULT 0,
    website          jsonb,
    shown_until      date,
    sending          text CONSTRAINT listing_sending_known CHECK (sending IN ('create', 'publish', 'hide', 'move')),
    sending_version  bigint,
    accepted_version bigint NOT NULL DEFAULT 0,
    unknown_outcome_until   timestamptz,
    unknown_outcome_version bigint,
    claimed_by       uuid,
    claimed_until    timestamptz,
    verified_version bigint NOT NULL DEFAULT 0,
    verified_at      timestamptz,
    written          jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT listing_written_by_table CHECK (jsonb_typeof(written) = 'object'),
    row_version      text CONSTRAINT listing_row_version_is_short CHECK (length(row_version) BETWEEN 1 AND 200),
    CONSTRAINT listings_pkey PRIMARY KEY (mentor_id),
    CONSTRAINT listing_not_synced_ahead CHECK (synced_version <= desired_version),
    CONSTRAINT listing_settled_when_synced CHECK ((state IN ('live', 'hidden')) = (synced_version = desired_version)),
    CONSTRAINT listing_live_is_on_the_website CHECK (state <> 'live' OR website IS NOT NULL),
    CONSTRAINT listing_hidden_is_not CHECK (state <> 'hidden' OR website IS NULL),
    CONSTRAINT listing_claimed_while_sending CHECK (
        (state = 'sending') = (num_nonnulls(claimed_by, claimed_until, sending, sending_version) = 4)
        AND num_nonnulls(claimed_by, claimed_until, sending, sending_version) IN (0, 4)),
    CONSTRAINT listing_unknown_outcome_is_whole 
        CHECK (num_nonnulls(unknown_outcome_until, unknown_outcome_version) IN (0, 2)),
    CONSTRAINT rejected_listing_has_a_reason CHECK (state <> 'rejected' OR reason IS NOT NULL)
);
COMMENT ON TABLE certification.listings IS
    'The desired and the synced state of each listing (I5-I8). waiting -> sending -> live | hidden; rejected: the '
    'website refused it for good. There is no foreign key, because a deleted mentor''s row stays until the website '
    'has hidden it.';
COMMENT ON COLUMN certification.listings.reason IS
    'The code of the last response of Dynamics, which explains why the listing waits or is rejected; or null.';
COMMENT ON COLUMN certification.listings.desired_version IS
    'Every change raises it, in the transaction of the change.';
COMMENT ON COLUMN certification.listings.synced_version IS
    'The desired version that the website was last made to show.';
COMMENT ON COLUMN certification.listings.changed_at IS
    'The time since which the website has needed a sync.';
COMMENT ON COLUMN certification.listings.synced_at IS
    'The time at which the website last accepted a request.';
COMMENT ON COLUMN certification.listings.attempts IS
    'The number of claims since the website last accepted a request.';
COMMENT ON COLUMN certification.listings.website IS
    'The place where the listing is or may be on the website, and how it was published: table, key, hide, and the '
    'columns that hold a value once the last request is carried out. Set before the first publishing is sent, and '
    'null again when a hiding was accepted. Null: it is not shown, so nothing needs hiding.';
COMMENT ON COLUMN certification.listings.shown_until IS
    'expires_on as it was last published. A nightly check rechecks every listing shown past this day.';
COMMENT ON COLUMN certification.listings.sending IS
    'The worker''s action. create: publishing where the listing has no row yet; move: hiding it in its old place, '
    'because the organisation''s mapping names another one.';
COMMENT ON COLUMN certification.listings.accepted_version IS
    'The version that the website accepted last. It equals synced_version, except while an earlier request has an '
    'unknown outcome.';
COMMENT ON COLUMN certification.listings.unknown_outcome_until IS
    'Until then the website may still carry out the request of unknown_outcome_version, whose reply never came and '
    'which no row version makes harmless. A newer version that is accepted meanwhile is sent once more afterwards '
    '(I6).';
COMMENT ON COLUMN certification.listings.claimed_by IS
    'The worker (one invocation of dynamics_sync) that holds the claim until claimed_until.';
COMMENT ON COLUMN certification.listings.verified_version IS
    'The version that was last read back from the website and found equal.';
COMMENT ON COLUMN certification.listings.written IS
    'For each table of the website, the columns that may hold a value in this mentor''s row there: {"table": '
    '["column", …]}. The next write empties those that are no longer published.';
COMMENT ON COLUMN certification.listings.row_version IS
    'The version (ETag) at which the last accepted write left the row, also while it is hidden. Null: no row is '
    'known. A request that is carried out late meets another version and does nothing (I6).';
CREATE INDEX listings_unsynced ON certification.listings (mentor_id) WHERE synced_version < desired_version;
CREATE INDEX listings_shown ON certification.listings (organisation_id, shown_until) WHERE website IS NOT NULL;
CREATE INDEX listings_unverified ON certification.listings (synced_at)
    WHERE verified_version < synced_version AND synced_version = desired_version AND synced_at IS NOT NULL;
CREATE INDEX listings_rejected ON certification.listings (mentor_id) WHERE state = 'rejected';

-- The mentors that exist now, as certification.bump_listing_version would record them. Nothing is known of the website
-- yet; the first sync writes every listing that should be shown.
INSERT INTO certification.listings (mentor_id, organisation_id, state, synced_version)
SELECT m.id, m.organisation_id,
       CASE WHEN s.listed THEN 'waiting' ELSE 'hidden' END, CASE WHEN s.listed THEN 0 ELSE 1 END
  FROM public.peer_mentors AS m
 CROSS JOIN LATERAL (
       SELECT lower(btrim(m.status::text COLLATE "C", E' \t\r\n')) = 'active' AND m.listing_consent AS listed) AS s
 WHERE m.id IS NOT NULL AND m.organisation_id IS NOT NULL;

CREATE TABLE certification.evaluated_days (
    organisation_id  uuid NOT NULL,
    day              date NOT NULL,
    CONSTRAINT evaluated_days_pkey PRIMARY KEY (organisation_id)
);
COMMENT ON TABLE certification.evaluated_days IS
    'The last day whose expiries were carried out. For the website a certification is valid while its last day is not '
    'before this day: the day turns with that day''s check (I5).';

-- Changes in the app for which no listing was raised in the same transaction.

CREATE TABLE certification.missed_changes (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    table_name   text NOT NULL,
    mentor_ids   uuid[],
    sqlstate     text NOT NULL,
    missed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_up_at  timestamptz,
    CONSTRAINT missed_changes_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE certification.missed_changes IS
    'Changes in the app that one of our triggers could not record, and why. The next sweep takes them up; they are '
    'kept for two weeks after that.';
COMMENT ON COLUMN certification.missed_changes.mentor_ids IS
    'The mentors that the statement touched; null means that they are unknown, so every mentor is taken up.';
CREATE INDEX missed_changes_open ON certification.missed_changes (id) WHERE taken_up_at IS NULL;
REVOKE ALL ON certification.missed_changes FROM PUBLIC;

CREATE TABLE certification.past_triggers (
    mentor_id  uuid NOT NULL,
    kind       text NOT NULL CONSTRAINT past_triggers_kind_known CHECK (kind IN ('hide', 'show', 'moved', 'unlisted')),
    version    bigint,
    run_id     uuid NOT NULL,
    found_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT past_triggers_pkey PRIMARY KEY (mentor_id)
);
COMMENT ON TABLE certification.past_triggers IS
    'Changes in the app that none of our triggers has seen: a restore, logical replication, a disabled trigger. The '
    'sweep finds them by comparing the app''s tables with the listings.';
COMMENT ON COLUMN certification.past_triggers.kind IS
    'hide: shown, and not to be listed; show: the reverse; moved: to another organisation; unlisted: without a '
    'listing.';
REVOKE ALL ON certification.past_triggers FROM PUBLIC;
