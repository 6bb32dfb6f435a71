-- Which columns of a mentor's row on the website may hold something, whatever is published now and wherever the listing lives now.

ALTER TABLE certification.listings ADD COLUMN written jsonb NOT NULL DEFAULT '{}'
    CONSTRAINT listing_written_by_table CHECK (jsonb_typeof(written) = 'object');
COMMENT ON COLUMN certification.listings.written IS
    'For each table of the website, the columns that may hold something on this mentor''s row there: {"table": ["column", …]}. What is not published now is emptied with the next write.';
UPDATE certification.listings AS l
   SET written = jsonb_build_object(l.website ->> 'table', l.website -> 'columns')
 WHERE l.website IS NOT NULL;
