-- A coordinator's forced sync of one mentor.

ALTER TABLE certification.listings ADD COLUMN forced_day date;
COMMENT ON COLUMN certification.listings.forced_day IS
    'The calendar day on which a person last forced a sync of this mentor. The day has turned for this listing at '
    'least up to it: the brake holds mass changes, not a mentor that a person asked for alone (I5).';

-- The limits count these rows, so that all instances see the same.
CREATE INDEX audit_force_syncs_of_mentor ON certification.audit (mentor_id, at) WHERE action = 'force_sync';
CREATE INDEX audit_force_syncs_of_actor ON certification.audit (actor, at) WHERE action = 'force_sync';
