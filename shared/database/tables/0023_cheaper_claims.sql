-- Both return other columns or rows than they did. A claim of the release before that waits for this migration calls
-- them by name: it fails once, and its message comes again.
DROP FUNCTION IF EXISTS certification.wanted_listings(uuid[]);
DROP FUNCTION IF EXISTS certification.apply_mass_change_limit(uuid[], uuid);
-- Room on each page for the version that a claim writes beside the one that it replaces (a HOT update).
ALTER TABLE certification.listings SET (fillfactor = 80);
-- A claim changes `state`. While an index names that column, every claim writes a new entry into each index of the
-- table. A rejected listing is never synced, so listings_unsynced finds it too. Last, because from here on claims and
-- the app's triggers wait until the migration is committed.
DROP INDEX IF EXISTS certification.listings_rejected;
