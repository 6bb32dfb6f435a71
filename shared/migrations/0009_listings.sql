-- What the website should show of each mentor, and what it was last made to show.
--
-- Whatever changes a listing raises its desired version in the same transaction and rings the doorbell. The row is the
-- truth (I7); the doorbell and every message that follows from it are hints that carry an id and a version.

-- Where a listing lives in Dataverse, and which fields are published ---------------------------------------------

CREATE FUNCTION certification.mapping_problem(p_mapping jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN p_mapping IS NULL THEN NULL
        WHEN jsonb_typeof(p_mapping) <> 'object'
          OR ARRAY(SELECT k FROM jsonb_object_keys(p_mapping) AS k ORDER BY k) <> '{columns,hide,key,show,table}'
          OR jsonb_typeof(p_mapping -> 'columns') <> 'object' OR jsonb_typeof(p_mapping -> 'show') <> 'object'
          OR jsonb_typeof(p_mapping -> 'hide') <> 'object' THEN 'parts'
        WHEN EXISTS (
            SELECT 1 FROM (
                SELECT p_mapping ->> 'table' UNION ALL SELECT p_mapping ->> 'key'
                UNION ALL SELECT jsonb_object_keys(p_mapping -> 'columns')
                UNION ALL SELECT jsonb_object_keys(p_mapping -> 'show')
            ) AS n (name) WHERE n.name IS NULL OR n.name !~ '^[a-z][a-z0-9_]{0,99}$') THEN 'names'
        WHEN p_mapping -> 'columns' = '{}' OR EXISTS (
            SELECT 1 FROM jsonb_each(p_mapping -> 'columns') AS c (name, field)
             WHERE c.field #>> '{}' <> ALL ('{first_name,last_name,full_name,phone,email,area,organisation}'::text[])
                OR jsonb_typeof(c.field) <> 'string') THEN 'fields'
        WHEN p_mapping -> 'show' = '{}'
          OR ARRAY(SELECT k FROM jsonb_object_keys(p_mapping -> 'show') AS k ORDER BY k)
             <> ARRAY(SELECT k FROM jsonb_object_keys(p_mapping -> 'hide') AS k ORDER BY k)
          OR EXISTS (
            SELECT 1 FROM jsonb_each(p_mapping -> 'show') AS s (name, flag)
             WHERE jsonb_typeof(s.flag) NOT IN ('boolean', 'number') OR s.flag = p_mapping -> 'hide' -> s.name
                OR jsonb_typeof(p_mapping -> 'hide' -> s.name) <> jsonb_typeof(s.flag))
          OR (p_mapping -> 'show' ? 'statecode') <> (p_mapping -> 'show' ? 'statuscode') THEN 'flags'
        WHEN p_mapping -> 'columns' ? (p_mapping ->> 'key') OR p_mapping -> 'show' ? (p_mapping ->> 'key')
          OR EXISTS (SELECT 1 FROM jsonb_object_keys(p_mapping -> 'show') AS k WHERE p_mapping -> 'columns' ? k) THEN 'twice'
    END
$$;
COMMENT ON FUNCTION certification.mapping_problem IS 'What is wrong with a listing mapping, or null: parts, names, fields, flags or twice.';

CREATE DOMAIN certification.listing_mapping AS jsonb
    CONSTRAINT mapping_has_its_parts CHECK (certification.mapping_problem(VALUE) IS DISTINCT FROM 'parts')
    CONSTRAINT mapping_names_are_columns CHECK (certification.mapping_problem(VALUE) IS DISTINCT FROM 'names')
    CONSTRAINT mapping_publishes_only_the_whitelist CHECK (certification.mapping_problem(VALUE) IS DISTINCT FROM 'fields')
    CONSTRAINT mapping_flags_show_and_hide CHECK (certification.mapping_problem(VALUE) IS DISTINCT FROM 'flags')
    CONSTRAINT mapping_writes_no_column_twice CHECK (certification.mapping_problem(VALUE) IS DISTINCT FROM 'twice');
COMMENT ON DOMAIN certification.listing_mapping IS
    'table: the entity set; key: the alternate key column that holds the mentor''s id; columns: column -> field, of first_name, last_name, full_name, phone, email, area, organisation and no other; show and hide: the flags that show and hide a row, such as {"statecode": 1, "statuscode": 2} or {"hlf_published": false}.';

ALTER TABLE certification.standard ADD COLUMN listing_mapping certification.listing_mapping NOT NULL DEFAULT '{
    "table": "hlf_peermentors",
    "key": "hlf_mentorid",
    "columns": {"hlf_name": "full_name", "hlf_firstname": "first_name", "hlf_lastname": "last_name", "hlf_phone": "phone",
                "hlf_email": "email", "hlf_area": "area", "hlf_organisation": "organisation"},
    "show": {"statecode": 0, "statuscode": 1},
    "hide": {"statecode": 1, "statuscode": 2}
}';
COMMENT ON COLUMN certification.standard.listing_mapping IS 'Where listings live in Dataverse and what is published, unless the organisation has its own.';
ALTER TABLE certification.organisation_settings ADD COLUMN listing_mapping certification.listing_mapping;
COMMENT ON COLUMN certification.organisation_settings.listing_mapping IS 'The organisation''s own mapping; null means the standard.';

CREATE FUNCTION certification.effective_mapping(p_organisation_id uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT s.listing_mapping FROM certification.organisation_settings AS s WHERE s.organisation_id = p_organisation_id),
        (SELECT d.listing_mapping FROM certification.standard AS d))::jsonb
$$;
COMMENT ON FUNCTION certification.effective_mapping IS 'The organisation''s own listing mapping, or the standard.';

-- Listings --------------------------------------------------------------------------------------------------------

CREATE TABLE certification.listings (
    mentor_id        uuid NOT NULL,
    organisation_id  uuid NOT NULL,
    state            text NOT NULL DEFAULT 'waiting'
        CONSTRAINT listing_state_known CHECK (state IN ('waiting', 'sending', 'live', 'hidden', 'set_aside')),
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
    doubtful_until   timestamptz,
    doubtful_version bigint,
    claimed_by       uuid,
    claimed_until    timestamptz,
    CONSTRAINT listings_pkey PRIMARY KEY (mentor_id),
    CONSTRAINT listing_not_synced_ahead CHECK (synced_version <= desired_version),
    CONSTRAINT listing_settled_when_synced CHECK ((state IN ('live', 'hidden')) = (synced_version = desired_version)),
    CONSTRAINT listing_live_is_on_the_website CHECK (state <> 'live' OR website IS NOT NULL),
    CONSTRAINT listing_hidden_is_not CHECK (state <> 'hidden' OR website IS NULL),
    CONSTRAINT listing_claimed_while_sending CHECK (
        (state = 'sending') = (num_nonnulls(claimed_by, claimed_until, sending, sending_version) = 4)
        AND num_nonnulls(claimed_by, claimed_until, sending, sending_version) IN (0, 4)),
    CONSTRAINT listing_doubt_is_whole CHECK (num_nonnulls(doubtful_until, doubtful_version) IN (0, 2)),
    CONSTRAINT listing_set_aside_has_a_reason CHECK (state <> 'set_aside' OR reason IS NOT NULL)
);
COMMENT ON TABLE certification.listings IS
    'What the website should show and was last made to show (I5-I8). waiting -> sending -> live | hidden; set_aside: the website refused it for good. No foreign key: a deleted mentor''s row stays until the website has hidden it.';
COMMENT ON COLUMN certification.listings.reason IS 'Why it waits or is set aside, a code: what Dynamics answered last, or null.';
COMMENT ON COLUMN certification.listings.desired_version IS 'Raised by every change, in its transaction.';
COMMENT ON COLUMN certification.listings.synced_version IS 'The desired version that the website was last made to show.';
COMMENT ON COLUMN certification.listings.changed_at IS 'Since when there is something to tell the website.';
COMMENT ON COLUMN certification.listings.synced_at IS 'When the website last accepted something.';
COMMENT ON COLUMN certification.listings.attempts IS 'Claims since the website last accepted something.';
COMMENT ON COLUMN certification.listings.website IS
    'Where on the website it is or may be, and how it was published: table, key, hide, columns. Written down before the first publishing is sent, null again when a hiding was accepted. Null: nothing of it is there, so nothing needs hiding.';
COMMENT ON COLUMN certification.listings.shown_until IS 'expires_on as it was when it was last published: a night looks again at whatever is shown beyond it.';
COMMENT ON COLUMN certification.listings.sending IS 'What its worker is doing. create: publishing it where nothing of it is yet; move: hiding it where it was, because the organisation''s mapping names another place.';
COMMENT ON COLUMN certification.listings.accepted_version IS
    'The version that the website accepted last. Equal to synced_version, but while an earlier request is in doubt.';
COMMENT ON COLUMN certification.listings.doubtful_until IS
    'Until then the website may still carry out a request whose reply never came, that of doubtful_version. What is newer and is accepted meanwhile is pushed once more afterwards (I6).';
COMMENT ON COLUMN certification.listings.claimed_by IS 'The worker, one invocation of dynamics_sync, that has it until claimed_until.';
CREATE INDEX listings_unsynced ON certification.listings (mentor_id) WHERE synced_version < desired_version;
CREATE INDEX listings_shown ON certification.listings (organisation_id, shown_until) WHERE website IS NOT NULL;

CREATE TABLE certification.evaluated_days (
    organisation_id  uuid NOT NULL,
    day              date NOT NULL,
    CONSTRAINT evaluated_days_pkey PRIMARY KEY (organisation_id)
);
COMMENT ON TABLE certification.evaluated_days IS
    'The last day whose expiries were carried out. A certification is valid for the website while its last day is not before it: the day turns with that day''s check (I5).';

-- Raising ---------------------------------------------------------------------------------------------------------

-- Every mentor a statement touched. A row that is there is raised whatever the mentor looks like: of two transactions at
-- once, neither sees the other's change, and only the row itself makes one wait for the other. A mentor who is new here
-- and not to be listed has nothing to tell.
CREATE FUNCTION certification.raise_listings(p_mentor_ids uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_ids uuid[];
    v_versions bigint[];
BEGIN
    WITH raised AS (
        INSERT INTO certification.listings AS l (mentor_id, organisation_id, state, synced_version)
        SELECT m.id, m.organisation_id,
               CASE WHEN m.status = 'active' AND m.listing_consent THEN 'waiting' ELSE 'hidden' END,
               CASE WHEN m.status = 'active' AND m.listing_consent THEN 0 ELSE 1 END
          FROM public.peer_mentors AS m
         WHERE m.id = ANY (p_mentor_ids) AND m.organisation_id IS NOT NULL
         ORDER BY m.id
        ON CONFLICT ON CONSTRAINT listings_pkey DO UPDATE
           SET desired_version = l.desired_version + 1,
               organisation_id = excluded.organisation_id,
               state = CASE l.state WHEN 'sending' THEN 'sending' ELSE 'waiting' END,
               reason = NULL,
               changed_at = CASE WHEN l.synced_version = l.desired_version THEN clock_timestamp() ELSE l.changed_at END
        RETURNING l.mentor_id, l.desired_version, l.state
    ), gone AS (
        UPDATE certification.listings AS l
           SET desired_version = l.desired_version + 1,
               state = CASE l.state WHEN 'sending' THEN 'sending' ELSE 'waiting' END,
               reason = NULL,
               changed_at = CASE WHEN l.synced_version = l.desired_version THEN clock_timestamp() ELSE l.changed_at END
         WHERE l.mentor_id = ANY (p_mentor_ids)
           AND NOT EXISTS (SELECT 1 FROM public.peer_mentors AS m WHERE m.id = l.mentor_id AND m.organisation_id IS NOT NULL)
        RETURNING l.mentor_id, l.desired_version, l.state
    )
    SELECT array_agg(r.mentor_id), array_agg(r.desired_version) INTO v_ids, v_versions
      FROM (SELECT * FROM raised UNION ALL SELECT * FROM gone) AS r
     WHERE r.state <> 'hidden';
    -- The night asks for the sync of what it changed itself, so that a dead doorbell delays nothing.
    IF v_ids IS NOT NULL AND coalesce(current_setting('certification.own_transition', true), '') = '' THEN
        PERFORM certification.ring(v_ids, v_versions);
    END IF;
END
$$;
COMMENT ON FUNCTION certification.raise_listings IS 'Something of these mentors changed that the website may have to show: raise their desired versions and ring.';

CREATE FUNCTION certification.note_listings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ids uuid[];
BEGIN
    IF TG_TABLE_NAME = 'peer_mentors' THEN
        CASE TG_OP
            WHEN 'INSERT' THEN SELECT array_agg(n.id) INTO v_ids FROM new_rows AS n;
            WHEN 'DELETE' THEN SELECT array_agg(o.id) INTO v_ids FROM old_rows AS o;
            ELSE
                -- An id that changed is one mentor gone and another come.
                SELECT array_agg(DISTINCT i.id) INTO v_ids
                  FROM new_rows AS n
                  FULL JOIN old_rows AS o ON o.id = n.id
                 CROSS JOIN LATERAL (VALUES (n.id), (o.id)) AS i (id)
                 WHERE i.id IS NOT NULL
                   AND (o.status, o.listing_consent, o.organisation_id, o.first_name, o.last_name, o.phone, o.email, o.area)
                       IS DISTINCT FROM
                       (n.status, n.listing_consent, n.organisation_id, n.first_name, n.last_name, n.phone, n.email, n.area);
        END CASE;
    ELSE
        CASE TG_OP
            WHEN 'INSERT' THEN SELECT array_agg(n.mentor_id) INTO v_ids FROM new_rows AS n;
            WHEN 'DELETE' THEN SELECT array_agg(o.mentor_id) INTO v_ids FROM old_rows AS o;
            ELSE
                SELECT array_agg(DISTINCT i.id) INTO v_ids
                  FROM new_rows AS n
                  FULL JOIN old_rows AS o ON o.mentor_id = n.mentor_id
                 CROSS JOIN LATERAL (VALUES (n.mentor_id), (o.mentor_id)) AS i (id)
                 WHERE i.id IS NOT NULL AND o.expires_on IS DISTINCT FROM n.expires_on;
        END CASE;
    END IF;
    IF v_ids IS NOT NULL THEN
        PERFORM certification.raise_listings(v_ids);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER certification_listing_inserted AFTER INSERT ON public.peer_mentors
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE TRIGGER certification_listing_updated AFTER UPDATE ON public.peer_mentors
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE TRIGGER certification_listing_deleted AFTER DELETE ON public.peer_mentors
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE TRIGGER certification_listing_inserted AFTER INSERT ON public.certifications
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE TRIGGER certification_listing_updated AFTER UPDATE ON public.certifications
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE TRIGGER certification_listing_deleted AFTER DELETE ON public.certifications
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();

-- What concerns a whole organisation, or everybody.
CREATE FUNCTION certification.note_listings_of_many() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_organisations uuid[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        SELECT array_agg(DISTINCT l.organisation_id) INTO v_organisations FROM certification.listings AS l;
    ELSIF TG_TABLE_NAME = 'organisations' THEN
        SELECT array_agg(n.id) INTO v_organisations
          FROM new_rows AS n JOIN old_rows AS o ON o.id = n.id WHERE o.name IS DISTINCT FROM n.name;
    ELSIF TG_TABLE_NAME = 'standard' THEN
        SELECT array_agg(DISTINCT l.organisation_id) INTO v_organisations
          FROM certification.listings AS l
         WHERE EXISTS (SELECT 1 FROM new_rows AS n JOIN old_rows AS o ON o.only_row = n.only_row
                        WHERE o.listing_mapping::jsonb <> n.listing_mapping::jsonb);
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(o.organisation_id) INTO v_organisations FROM old_rows AS o WHERE o.listing_mapping IS NOT NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(n.organisation_id) INTO v_organisations FROM new_rows AS n WHERE n.listing_mapping IS NOT NULL;
    ELSE
        SELECT array_agg(n.organisation_id) INTO v_organisations
          FROM new_rows AS n JOIN old_rows AS o ON o.organisation_id = n.organisation_id
         WHERE o.listing_mapping::jsonb IS DISTINCT FROM n.listing_mapping::jsonb;
    END IF;
    IF v_organisations IS NOT NULL THEN
        PERFORM certification.raise_listings(ARRAY(
            SELECT l.mentor_id FROM certification.listings AS l WHERE l.organisation_id = ANY (v_organisations)));
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER certification_listing_truncated AFTER TRUNCATE ON public.peer_mentors
    FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE TRIGGER certification_listing_truncated AFTER TRUNCATE ON public.certifications
    FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE TRIGGER certification_listing_updated AFTER UPDATE ON public.organisations
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
-- A row that one flag has hidden is not shown by another. So a flag that was ever used stays in the mapping, as long as
-- the listings stay in their place.
CREATE FUNCTION certification.keep_flags() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_organisation uuid;
    v_own_was jsonb;
    v_own_is jsonb;
    v_was jsonb;
    v_is jsonb;
BEGIN
    IF TG_TABLE_NAME = 'standard' THEN
        v_was := OLD.listing_mapping;
        v_is := NEW.listing_mapping;
    ELSE
        IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM public.organisations AS o WHERE o.id = OLD.organisation_id) THEN
            RETURN OLD; -- the organisation itself is deleted
        END IF;
        IF TG_OP <> 'INSERT' THEN
            v_own_was := OLD.listing_mapping;
            v_organisation := OLD.organisation_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            v_own_is := NEW.listing_mapping;
            v_organisation := NEW.organisation_id;
        END IF;
        SELECT coalesce(v_own_was, d.listing_mapping::jsonb), coalesce(v_own_is, d.listing_mapping::jsonb) INTO v_was, v_is
          FROM certification.standard AS d;
    END IF;
    IF (v_was ->> 'table', v_was ->> 'key') = (v_is ->> 'table', v_is ->> 'key')
       AND NOT (v_is -> 'show') ?& ARRAY(SELECT jsonb_object_keys(v_was -> 'show'))
       AND EXISTS (
           SELECT 1 FROM certification.listings AS l
            WHERE (l.synced_at IS NOT NULL OR l.website IS NOT NULL)
              AND CASE WHEN v_organisation IS NOT NULL THEN l.organisation_id = v_organisation
                  ELSE NOT EXISTS (SELECT 1 FROM certification.organisation_settings AS s
                                    WHERE s.organisation_id = l.organisation_id AND s.listing_mapping IS NOT NULL) END) THEN
        RAISE EXCEPTION 'a flag that has hidden rows must stay in the mapping: %',
            array_to_string(ARRAY(SELECT jsonb_object_keys(v_was -> 'show') EXCEPT SELECT jsonb_object_keys(v_is -> 'show')), ', ')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'mapping_keeps_its_flags';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER listing_mapping_keeps_its_flags BEFORE UPDATE ON certification.standard
    FOR EACH ROW EXECUTE FUNCTION certification.keep_flags();
CREATE TRIGGER listing_mapping_keeps_its_flags BEFORE INSERT OR UPDATE OR DELETE ON certification.organisation_settings
    FOR EACH ROW EXECUTE FUNCTION certification.keep_flags();

CREATE TRIGGER listing_mapping_changed AFTER UPDATE ON certification.standard
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE TRIGGER listing_mapping_inserted AFTER INSERT ON certification.organisation_settings
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE TRIGGER listing_mapping_deleted AFTER DELETE ON certification.organisation_settings
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE TRIGGER listing_mapping_changed AFTER UPDATE ON certification.organisation_settings
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();

-- The day turns with that day's check. Whoever is shown beyond it then is looked at again: the expired have been raised
-- by their change of status; this finds whom the night could not move.
CREATE FUNCTION certification.is_overdue(l certification.listings, p_day date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT l.website IS NOT NULL
       AND (l.state = 'set_aside'
            OR l.shown_until < p_day AND (l.synced_version = l.desired_version OR l.sending_version = l.desired_version))
$$;
COMMENT ON FUNCTION certification.is_overdue IS
    'Shown beyond its last day, and nothing is on the way to change that: what waits will be read with the new day, what a worker has was read with the old one. Or set aside while it may be shown: tried again every night, and told again.';

CREATE OR REPLACE FUNCTION certification.expire_mentors(
    p_organisation_id uuid, p_as_of date, p_run_id uuid, p_everyone boolean DEFAULT false)
RETURNS TABLE (measure text, detail text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
    v_day date;
BEGIN
    RETURN QUERY SELECT * FROM certification.carry_out('expire', p_organisation_id, p_as_of, p_run_id, p_everyone);
    INSERT INTO certification.evaluated_days AS e (organisation_id, day) VALUES (p_organisation_id, p_as_of)
    ON CONFLICT ON CONSTRAINT evaluated_days_pkey DO UPDATE SET day = greatest(e.day, excluded.day)
    RETURNING e.day INTO v_day;
    PERFORM set_config('certification.own_transition', 'expire', true);
    -- A worker holds a row for milliseconds. Whoever else does is changing it, which raises it too, or rolls back and leaves
    -- it to the run at 01:15.
    FOR look IN 1 .. 5 LOOP
        PERFORM certification.raise_listings(ARRAY(
            SELECT l.mentor_id FROM certification.listings AS l
             WHERE l.organisation_id = p_organisation_id AND certification.is_overdue(l, v_day)
               FOR NO KEY UPDATE SKIP LOCKED));
        EXIT WHEN NOT EXISTS (
            SELECT 1 FROM certification.listings AS l
             WHERE l.organisation_id = p_organisation_id AND certification.is_overdue(l, v_day));
        PERFORM pg_sleep(0.05);
    END LOOP;
    PERFORM set_config('certification.own_transition', '', true);
END
$$;

INSERT INTO certification.evaluated_days (organisation_id, day)
SELECT o.organisation_id, max(o.as_of) FROM certification.run_organisations AS o
  JOIN certification.runs AS r ON r.id = o.run_id
 WHERE r.function = 'expiry_check' AND o.state IN ('succeeded', 'degraded') AND o.as_of IS NOT NULL
 GROUP BY o.organisation_id;

-- The mentors there are. Nothing is known of the website yet; the first sync after this writes what should be listed.
SELECT certification.raise_listings(ARRAY(SELECT m.id FROM public.peer_mentors AS m));

REVOKE ALL ON FUNCTION
    certification.mapping_problem, certification.effective_mapping, certification.raise_listings,
    certification.is_overdue, certification.note_listings, certification.note_listings_of_many,
    certification.keep_flags
FROM PUBLIC;
