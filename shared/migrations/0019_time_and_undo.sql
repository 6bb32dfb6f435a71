-- What a run that is undone has to put back, and a brake on reminders.

ALTER TABLE certification.runs ADD COLUMN undone_at timestamptz;
COMMENT ON COLUMN certification.runs.undone_at IS 'When a person has undone it (certification.undo_run); who and why stands in audit.';

ALTER TABLE certification.run_organisations
    ADD COLUMN day_was date,
    ADD COLUMN day_became date;
COMMENT ON COLUMN certification.run_organisations.day_became IS
    'Where this run turned the website''s day (evaluated_days) to, from day_was; null where it turned nothing.';

-- squawk-ignore ban-drop-constraint
ALTER TABLE certification.brakes DROP CONSTRAINT brake_kind_known;
-- It knows more than before, and the table has some rows a year.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE certification.brakes ADD CONSTRAINT brake_kind_known CHECK (kind IN ('reminder', 'expiry', 'repair'));
