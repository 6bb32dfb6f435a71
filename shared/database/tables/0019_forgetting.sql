-- A person is to be forgotten: the listing's row in Dynamics is emptied first.

ALTER TABLE certification.listings ADD COLUMN forget_requested_at timestamptz;
COMMENT ON COLUMN certification.listings.forget_requested_at IS
    'The time at which a person asked to forget this mentor. From then on a request that hides the row also empties '
    'every published column. Null: nobody has asked.';
