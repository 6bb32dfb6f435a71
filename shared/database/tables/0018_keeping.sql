-- How long each kind of record is kept, and the chain that shows whether a kept one was changed or taken out.

ALTER TABLE certification.standard
    ADD COLUMN keep_sweeps_days smallint NOT NULL DEFAULT 14
        CONSTRAINT keep_sweeps_in_range CHECK (keep_sweeps_days BETWEEN 2 AND 90),
    ADD COLUMN keep_runs_days smallint NOT NULL DEFAULT 400
        CONSTRAINT keep_runs_in_range CHECK (keep_runs_days BETWEEN 60 AND 3653),
    ADD COLUMN keep_notices_days smallint NOT NULL DEFAULT 400
        CONSTRAINT keep_notices_in_range CHECK (keep_notices_days BETWEEN 60 AND 3653),
    ADD COLUMN keep_findings_days smallint NOT NULL DEFAULT 400
        CONSTRAINT keep_findings_in_range CHECK (keep_findings_days BETWEEN 30 AND 3653),
    ADD COLUMN keep_audit_days smallint NOT NULL DEFAULT 3653
        CONSTRAINT keep_audit_in_range CHECK (keep_audit_days BETWEEN 1827 AND 18263);
COMMENT ON COLUMN certification.standard.keep_sweeps_days IS
    'How long the runs of sweeps are kept, of which there are 288 a day. At least two days, so that a weekend without '
    'anybody can be looked into.';
COMMENT ON COLUMN certification.standard.keep_runs_days IS
    'How long other runs and their counts are kept: a year and a month, so that this month can be held against that of '
    'last year. A run can be undone as long as it is kept. At least 60 days: the coordinators'' page looks back 30.';
COMMENT ON COLUMN certification.standard.keep_notices_days IS
    'How long settled notices are kept, and what the nightly check wrote of a mentor whom the app no longer has. At '
    'least 60 days: a complaint that somebody was not reminded comes weeks later.';
COMMENT ON COLUMN certification.standard.keep_findings_days IS
    'How long closed findings, alerts and brakes are kept. At least 30 days: operations looks back a month.';
COMMENT ON COLUMN certification.standard.keep_audit_days IS
    'How long the audit and the proofs are kept: ten years, at least five, at most fifty. No login can delete a '
    'younger one.';

CREATE TABLE certification.chain (
    position       bigint NOT NULL CONSTRAINT chain_begins_with_one CHECK (position > 0),
    source         text NOT NULL CONSTRAINT chain_source_known CHECK (source IN ('audit', 'outcome', 'proof')),
    record         text NOT NULL,
    content_hash   text NOT NULL CONSTRAINT chain_content_is_sha256 CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    previous_hash  text NOT NULL,
    hash           text NOT NULL CONSTRAINT chain_hash_is_sha256 CHECK (hash ~ '^[0-9a-f]{64}$'),
    linked_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT chain_pkey PRIMARY KEY (position),
    CONSTRAINT chain_links_once UNIQUE (source, record),
    CONSTRAINT chain_first_has_none_before CHECK ((position = 1) = (previous_hash = ''))
);
COMMENT ON TABLE certification.chain IS
    'One link for each row of audit and of proofs, in one chain: hash is the SHA-256 of previous_hash, a line end and '
    'content_hash. A link is kept for good, also when its record is no longer kept.';
COMMENT ON COLUMN certification.chain.source IS
    'audit: a row of audit; outcome: the facts that were written into the row of a forced sync when it ended; proof: a '
    'row of proofs.';
COMMENT ON COLUMN certification.chain.content_hash IS
    'SHA-256 of the record''s text, as certification.record_text returns it, in UTF-8.';
COMMENT ON COLUMN certification.chain.linked_at IS
    'Not part of the hash. The record has its own time.';
REVOKE ALL ON certification.chain FROM PUBLIC;

CREATE INDEX audit_by_time ON certification.audit (at);
CREATE INDEX notices_settled ON certification.notices (settled_at) WHERE settled_at IS NOT NULL;

DROP FUNCTION IF EXISTS certification.forget_old_sweeps();

COMMENT ON TABLE certification.proofs IS
    'The result of a full comparison, one row per run, kept for years (I14) and only added to. No personal data: only '
    'numbers and hashes.';
COMMENT ON TABLE certification.audit IS
    'Actions of a person outside the rules: actor, reason, time and subject. Written in the transaction of the action, '
    'kept for years and only added to.';
