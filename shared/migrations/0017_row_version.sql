-- Which version of its row on the website a listing was last seen to have: what is written next is written on that version only.

ALTER TABLE certification.listings ADD COLUMN row_version text
    CONSTRAINT listing_row_version_is_short CHECK (length(row_version) BETWEEN 1 AND 200);
COMMENT ON COLUMN certification.listings.row_version IS
    'The version (ETag) that the last accepted write left its row with, also while it is hidden. Null: no row is known. A request that is carried out late meets another version and does nothing (I6).';
COMMENT ON COLUMN certification.listings.website IS
    'Where on the website it is or may be, and how it was published: table, key, hide, and the columns that hold something once what was last sent is carried out. Written down before the first publishing is sent, null again when a hiding was accepted. Null: it is not shown, so nothing needs hiding.';
COMMENT ON COLUMN certification.listings.doubtful_until IS
    'Until then the website may still carry out a request whose reply never came and that no row version makes harmless: that of doubtful_version. What is newer and is accepted meanwhile is sent once more afterwards (I6).';
UPDATE certification.listings AS l SET website = l.website - 'now' - 'before' WHERE l.website ? 'now';

DROP FUNCTION certification.claim_listings;
DROP FUNCTION certification.settle_listings;
