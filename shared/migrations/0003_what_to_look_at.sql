-- What a night has to look at, so that a quiet night costs the same with six hundred mentors and with a million.
--
-- `progress` says up to which expires_on everybody has been looked at. A night looks at the dates beyond it, found by an
-- index, and at the mentors in `look_again`, whom something has changed for since. Neither holds any truth: who is
-- reminded or expired is decided on the tables themselves, once only by the constraints. Deleting rows of `progress`
-- makes the next night look at everybody, which is always safe; it happens every Monday (`p_everyone`).

CREATE TABLE certification.progress (
    organisation_id  uuid NOT NULL,
    step             text NOT NULL CONSTRAINT progress_step_known CHECK (step IN ('remind', 'expire', 'reactivate')),
    threshold_day    smallint NOT NULL DEFAULT 0,
    through          date NOT NULL,
    PRIMARY KEY (organisation_id, step, threshold_day)
);
COMMENT ON TABLE certification.progress IS 'Everybody whose expires_on is at most `through` has been looked at, per step and threshold.';

CREATE TABLE certification.look_again (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step       text NOT NULL CONSTRAINT look_again_step_known CHECK (step IN ('remind', 'expire', 'reactivate')),
    mentor_id  uuid NOT NULL
);
COMMENT ON TABLE certification.look_again IS
    'Mentors to look at again whatever `progress` says. Append-only for the triggers, so that nobody who edits a mentor waits for a night.';
CREATE INDEX look_again_turn ON certification.look_again (step);

CREATE INDEX IF NOT EXISTS certifications_expires_on ON public.certifications (expires_on) INCLUDE (mentor_id);

-- Each trigger notes by its own row alone. Of two transactions at once, one that resumes a mentor and one that renews the
-- same mentor, neither sees the other's new row, and a night may look between their commits.

CREATE FUNCTION certification.note_mentors() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('certification.own_transition', true) = 'expire' THEN
        RETURN NULL; -- the night's own expiries: nothing is left to look at
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO certification.look_again (step, mentor_id)
        SELECT s.step, n.id
          FROM new_rows AS n
          JOIN (VALUES ('active', 'remind'), ('active', 'expire'), ('certification_expired', 'reactivate'))
               AS s (status, step) ON s.status = n.status;
    ELSE
        INSERT INTO certification.look_again (step, mentor_id)
        SELECT s.step, n.id
          FROM new_rows AS n
          JOIN old_rows AS o ON o.id = n.id
          JOIN (VALUES ('active', 'remind'), ('active', 'expire'), ('certification_expired', 'reactivate'))
               AS s (status, step) ON s.status = n.status
         WHERE (o.status, o.organisation_id) IS DISTINCT FROM (n.status, n.organisation_id);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION certification.note_certifications() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO certification.look_again (step, mentor_id)
        SELECT s.step, n.mentor_id
          FROM new_rows AS n
         CROSS JOIN (VALUES ('remind'), ('expire'), ('reactivate')) AS s (step);
    ELSE
        INSERT INTO certification.look_again (step, mentor_id)
        SELECT s.step, n.mentor_id
          FROM new_rows AS n
          LEFT JOIN old_rows AS o ON o.mentor_id = n.mentor_id
         CROSS JOIN (VALUES ('remind'), ('expire'), ('reactivate')) AS s (step)
         WHERE o.expires_on IS DISTINCT FROM n.expires_on;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER certification_note_inserted AFTER INSERT ON public.peer_mentors
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_mentors();
CREATE TRIGGER certification_note_updated AFTER UPDATE ON public.peer_mentors
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_mentors();
CREATE TRIGGER certification_note_inserted AFTER INSERT ON public.certifications
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_certifications();
CREATE TRIGGER certification_note_updated AFTER UPDATE ON public.certifications
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_certifications();
