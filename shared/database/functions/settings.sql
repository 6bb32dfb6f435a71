-- What an organisation has set, and what applies where it has set nothing; what counts as now.

CREATE OR REPLACE FUNCTION certification.present() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT statement_timestamp() + coalesce((SELECT t.ahead FROM certification.simulated_time AS t), interval '0')
$$;
COMMENT ON FUNCTION certification.present IS
    'The moment whose calendar day counts (I14, I15): the clock, or what the owner has set for a local stack. Leases, windows and ages always go by the clock.';

CREATE OR REPLACE FUNCTION certification.day_in(p_at timestamptz, p_timezone text) RETURNS date
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (p_at AT TIME ZONE coalesce(certification.clean_text(p_timezone), ''))::date;
EXCEPTION WHEN OTHERS THEN
    RETURN (p_at AT TIME ZONE 'Europe/Oslo')::date; -- one organisation's mistake stops no other's sync (I13)
END
$$;
COMMENT ON FUNCTION certification.day_in IS 'The calendar day it is there at that moment; Europe/Oslo''s where the time zone is unknown.';

CREATE OR REPLACE FUNCTION certification.today_in(p_timezone text) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT certification.day_in(certification.present(), p_timezone) $$;
COMMENT ON FUNCTION certification.today_in IS 'The calendar day it is there now; Europe/Oslo''s where the time zone is unknown.';

-- A day that has not come would use up reminders, expire mentors and hide them for good. A schedule is never early: a
-- day and a half leaves room for a clock that is wrong and for a person who evaluates tomorrow.
CREATE OR REPLACE FUNCTION certification.latest_scheduled_time() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT certification.present() + interval '36 hours'
$$;
COMMENT ON FUNCTION certification.latest_scheduled_time IS 'The latest scheduled time that a run may have now.';

CREATE OR REPLACE FUNCTION certification.refuse_day_ahead(p_organisation_id uuid, p_day date) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_latest date := certification.day_in(certification.latest_scheduled_time(), certification.zone_of(p_organisation_id));
BEGIN
    IF p_day > v_latest THEN
        RAISE EXCEPTION '% has not come yet: the latest day that can be evaluated now is %', p_day, v_latest
            USING ERRCODE = 'AHEAD';
    END IF;
END
$$;
COMMENT ON FUNCTION certification.refuse_day_ahead IS
    'Raise SQLSTATE AHEAD if the day is later than the one it is in 36 hours, in the organisation''s time zone.';

CREATE OR REPLACE FUNCTION certification.is_overtaken(p_organisation_id uuid, p_day date) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM certification.evaluated_days AS e WHERE e.organisation_id = p_organisation_id AND e.day > p_day)
$$;
COMMENT ON FUNCTION certification.is_overtaken IS 'Whether a later day was evaluated in the organisation already.';

CREATE OR REPLACE FUNCTION certification.is_descending(p_days smallint[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM generate_subscripts(p_days, 1) AS i
        WHERE i > 1 AND p_days[i] >= p_days[i - 1]
    )
$$;
COMMENT ON FUNCTION certification.is_descending IS 'Whether every day is smaller than the one before: sorted, no duplicates.';

CREATE OR REPLACE FUNCTION certification.standard_thresholds() RETURNS smallint[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT d.thresholds FROM certification.standard AS d $$;

CREATE OR REPLACE FUNCTION certification.effective_thresholds(p_organisation_id uuid) RETURNS smallint[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        (SELECT s.thresholds FROM certification.organisation_settings AS s
          WHERE s.organisation_id = p_organisation_id AND s.org_thresholds),
        certification.standard_thresholds())
$$;
COMMENT ON FUNCTION certification.effective_thresholds IS 'The organisation''s own thresholds if its flag is on, else the HLF standard.';

CREATE OR REPLACE FUNCTION certification.mapping_problem(p_mapping jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
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

CREATE OR REPLACE FUNCTION certification.effective_mapping(p_organisation_id uuid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        (SELECT s.listing_mapping FROM certification.organisation_settings AS s WHERE s.organisation_id = p_organisation_id),
        (SELECT d.listing_mapping FROM certification.standard AS d))::jsonb
$$;
COMMENT ON FUNCTION certification.effective_mapping IS 'The organisation''s own listing mapping, or the standard.';

CREATE OR REPLACE FUNCTION certification.brake_limits(p_organisation_id uuid, OUT count integer, OUT percent integer)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(s.brake_count, d.brake_count), coalesce(s.brake_percent, d.brake_percent)
      FROM certification.standard AS d
      LEFT JOIN certification.organisation_settings AS s ON s.organisation_id = p_organisation_id
$$;
COMMENT ON FUNCTION certification.brake_limits IS 'The limits in force: the organisation''s own, or the standard''s.';

CREATE OR REPLACE FUNCTION certification.organisation_is_known() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.organisations AS o WHERE o.id = NEW.organisation_id) THEN
        RAISE EXCEPTION 'there is no organisation %', NEW.organisation_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'settings_of_an_organisation';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION certification.organisation_is_known IS
    'Settings are of an organisation that is there. Not a foreign key: that would refuse the app a TRUNCATE of organisations.';

-- A row that one flag has hidden is not shown by another. So a flag that was ever used stays in the mapping, as long as
-- the listings stay in their place.
CREATE OR REPLACE FUNCTION certification.keep_flags() RETURNS trigger
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

REVOKE ALL ON FUNCTION
    certification.present, certification.day_in, certification.today_in, certification.latest_scheduled_time,
    certification.refuse_day_ahead, certification.is_overtaken, certification.is_descending, certification.standard_thresholds, certification.effective_thresholds, certification.mapping_problem, certification.effective_mapping, certification.brake_limits, certification.organisation_is_known, certification.keep_flags
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION certification.latest_scheduled_time
TO certification_expiry_check, certification_send_notices, certification_reconciliation;
GRANT EXECUTE ON FUNCTION
    certification.effective_thresholds
TO certification_operations;
