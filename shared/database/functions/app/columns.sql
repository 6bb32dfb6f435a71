-- The border to the app's tables. The app may use a neighbouring type for a column; these functions return its value in
-- the type and form that our code uses. They refer to no column, so the app may alter its own columns. For the ordinary
-- types they inline to the column. COLLATE is explicit because a column's own collation may not support regular
-- expressions, or may treat Kari and KARI as equal.

CREATE OR REPLACE FUNCTION certification.zone_of(p_organisation_id uuid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.timezone::text FROM public.organisations AS o WHERE o.id = p_organisation_id
$$;
COMMENT ON FUNCTION certification.zone_of IS
    'Return the organisation''s time zone as the app has it.';

CREATE OR REPLACE FUNCTION certification.day_of(p_day date, p_zone text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT p_day $$;
COMMENT ON FUNCTION certification.day_of(date, text) IS
    'Return the calendar day of a date, whatever the time zone. Inlines to the column, so an index on the column is '
    'used and p_zone is not evaluated.';

CREATE OR REPLACE FUNCTION certification.day_of(p_at timestamp, p_zone text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT p_at::date $$;
COMMENT ON FUNCTION certification.day_of(timestamp, text) IS
    'Return the day that a timestamp without time zone shows.';

CREATE OR REPLACE FUNCTION certification.day_of(p_at timestamptz, p_zone text) RETURNS date
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (p_at AT TIME ZONE coalesce(certification.clean_text(p_zone), ''))::date;
EXCEPTION WHEN OTHERS THEN
    RETURN (p_at AT TIME ZONE 'Europe/Oslo')::date;
END
$$;
COMMENT ON FUNCTION certification.day_of(timestamptz, text) IS
    'Return the calendar day in this time zone at that moment; the day in Europe/Oslo where the time zone is unknown '
    '(I13).';

CREATE OR REPLACE FUNCTION certification.status_of(p_status text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_status IN ('active', 'paused', 'certification_expired', 'inactive') THEN p_status
                ELSE lower(btrim(p_status COLLATE "C", E' \t\r\n')) END
$$;
COMMENT ON FUNCTION certification.status_of IS
    'Return the status in lower case, without surrounding white space. Call it with status::text.';

-- Two comparisons, so that the planner can estimate the first from the column's statistics.
CREATE OR REPLACE FUNCTION certification.is_status(p_status text, p_wanted text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p_status = p_wanted OR lower(btrim(p_status COLLATE "C", E' \t\r\n')) = p_wanted
$$;
COMMENT ON FUNCTION certification.is_status IS
    'Return whether status_of(p_status) is p_wanted. Made for conditions: it inlines to a comparison with the column. '
    'Call it with status::text.';

-- Printable ASCII and the Latin letters from U+00C0 to U+017F are already in NFC and hold nothing to remove.
CREATE OR REPLACE FUNCTION certification.is_plain_text(p_text text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p_text COLLATE "C" !~ '[^ -~\u00c0-\u017f]'
$$;
COMMENT ON FUNCTION certification.is_plain_text IS
    'Return whether clean_text only trims this text. One question for all texts of a row, put together, costs less '
    'than one for each.';

CREATE OR REPLACE FUNCTION certification.published_text(p_text text, p_is_plain boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_is_plain THEN nullif(btrim(p_text COLLATE "C", ' '), '')
                ELSE certification.clean_text(p_text) END
$$;
COMMENT ON FUNCTION certification.published_text IS
    'Return clean_text of a text of which is_plain_text is known.';

CREATE OR REPLACE FUNCTION certification.clean_text(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN NOT certification.is_plain_text(p_text) THEN certification.rewritten_text(p_text)
                ELSE nullif(btrim(p_text COLLATE "C", ' '), '') END
$$;
COMMENT ON FUNCTION certification.clean_text IS
    'Return a text of the app in the only form in which it is published: NFC, trimmed, without control, zero-width '
    'and direction characters; null if nothing is left. Runs of spaces inside the text stay.';

CREATE OR REPLACE FUNCTION certification.rewritten_text(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(btrim(normalize(
        regexp_replace(
            -- White space of any kind becomes a space.
            regexp_replace(p_text COLLATE "C",
                '\r\n|[\t-\r\u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]', ' ', 'g'),
            -- Invisible characters: control characters, soft hyphen, joiners, direction marks, tags and noncharacters.
            '[\u0001-\u001f\u007f-\u009f\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f'
            '\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]', '', 'g'),
        NFC), ' '), '')
$$;
COMMENT ON FUNCTION certification.rewritten_text IS
    'Return clean_text of a text that holds more than Latin letters.';

CREATE OR REPLACE FUNCTION certification.full_name(p_first text, p_last text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(certification.clean_text(p_first) || ' ' || certification.clean_text(p_last),
                    certification.clean_text(p_first), certification.clean_text(p_last))
$$;
COMMENT ON FUNCTION certification.full_name IS
    'Return first and last name in their published form; one of them alone where the other is missing.';

CREATE OR REPLACE FUNCTION certification.cast_like(p_text text, p_column anyelement) RETURNS anyelement
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_value p_column%TYPE;
BEGIN
    v_value := p_text;
    RETURN v_value;
END
$$;
COMMENT ON FUNCTION certification.cast_like IS
    'Return a text in the type of a column of the app, such as an enum, so that it can be written there. The column '
    'itself is not read.';

REVOKE ALL ON FUNCTION
    certification.zone_of, certification.day_of(date, text), certification.day_of(timestamp, text),
    certification.day_of(timestamptz, text), certification.status_of, certification.is_status,
    certification.is_plain_text, certification.published_text, certification.clean_text, certification.rewritten_text,
    certification.full_name, certification.cast_like
FROM PUBLIC;
