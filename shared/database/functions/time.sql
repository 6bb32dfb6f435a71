-- The present, and the days that may be evaluated (I15).

CREATE OR REPLACE FUNCTION certification.present() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT statement_timestamp() + coalesce((SELECT t.ahead FROM certification.simulated_time AS t), interval '0')
$$;
COMMENT ON FUNCTION certification.present IS
    'Return the moment whose calendar day counts (I14, I15): the clock, or the time that the owner has set on a local '
    'stack. Leases, windows and ages always go by the clock.';

CREATE OR REPLACE FUNCTION certification.day_in(p_at timestamptz, p_timezone text) RETURNS date
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (p_at AT TIME ZONE coalesce(certification.clean_text(p_timezone), ''))::date;
EXCEPTION WHEN OTHERS THEN
    RETURN (p_at AT TIME ZONE 'Europe/Oslo')::date; -- one organisation's mistake must not stop another's sync (I13)
END
$$;
COMMENT ON FUNCTION certification.day_in IS
    'Return the calendar day in this time zone at that moment; the day in Europe/Oslo where the time zone is unknown '
    '(I13).';

CREATE OR REPLACE FUNCTION certification.today_in(p_timezone text) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT certification.day_in(certification.present(), p_timezone)
$$;
COMMENT ON FUNCTION certification.today_in IS
    'Return the calendar day in this time zone now; the day in Europe/Oslo where the time zone is unknown (I13).';

-- A day that has not come would use up reminders, expire mentors and hide them for good. A schedule is never early. A
-- day and a half leaves room for a wrong clock and for a person who evaluates tomorrow.
CREATE OR REPLACE FUNCTION certification.latest_scheduled_time(p_by_the_clock_too boolean DEFAULT false)
RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(certification.present(), CASE WHEN p_by_the_clock_too THEN statement_timestamp() END)
           + interval '36 hours'
$$;
COMMENT ON FUNCTION certification.latest_scheduled_time IS
    'Return the latest scheduled time that a run may have now (I15): 36 hours after the present. A run that evaluates '
    'no day may go by the clock too, because a local stack may simulate a day long past.';

CREATE OR REPLACE FUNCTION certification.refuse_day_ahead(p_organisation_id uuid, p_day date) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_latest date := certification.day_in(certification.latest_scheduled_time(),
                                          certification.zone_of(p_organisation_id));
BEGIN
    IF p_day > v_latest THEN
        RAISE EXCEPTION '% has not come yet: the latest day that can be evaluated now is %', p_day, v_latest
            USING ERRCODE = 'AHEAD';
    END IF;
END
$$;
COMMENT ON FUNCTION certification.refuse_day_ahead IS
    'Raise SQLSTATE AHEAD if the day is later than the calendar day 36 hours from now in the organisation''s time '
    'zone (I15).';

CREATE OR REPLACE FUNCTION certification.is_overtaken(p_organisation_id uuid, p_day date) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM certification.evaluated_days AS e
                    WHERE e.organisation_id = p_organisation_id AND e.day > p_day)
$$;
COMMENT ON FUNCTION certification.is_overtaken IS
    'Return whether a later day was already evaluated in the organisation.';

REVOKE ALL ON FUNCTION
    certification.present, certification.day_in, certification.today_in, certification.latest_scheduled_time,
    certification.refuse_day_ahead, certification.is_overtaken
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.latest_scheduled_time
TO certification_scheduled;
