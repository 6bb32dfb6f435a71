-- A claim changes `state`. While an index names that column, every claim writes a new entry into each index of the
-- table. Whoever is rejected is not synced, so listings_unsynced finds those too.
DROP INDEX certification.listings_rejected;
-- Room on each page for the version that a claim writes beside the one it replaces (a HOT update).
ALTER TABLE certification.listings SET (fillfactor = 80);
-- It returns a column more.
DROP FUNCTION IF EXISTS certification.wanted_listings(uuid[]);
